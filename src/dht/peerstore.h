/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Peers announced to us (BEP 5), by info hash. The peer announced longest ago makes room. */
#ifndef DTT_DHT_PEERSTORE_H
#define DTT_DHT_PEERSTORE_H

#include "base/addr.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/time.h"
#include "dht/krpc_wire.h"

#define DTT_PEERSTORE_HASHES 512
#define DTT_PEERSTORE_PER_HASH 128
#define DTT_PEERSTORE_MAX 8192
#define DTT_PEERSTORE_PER_NETWORK 64 /**< places of one /24 or /48 */
#define DTT_PEERSTORE_LIFETIME_NS (1800 * DTT_S)
#define DTT_PEERSTORE_REPLY 50 /**< handed out at a time */

struct dtt_peerstore {
    struct dtt_map swarms;
    struct dtt_map networks;
    size_t count;
    uint64_t next_ns; /**< no peer expires before; DTT_NEVER while empty */
};

/** Allocates nothing yet. */
void dtt_peerstore_init(struct dtt_peerstore *store,
                        const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_peerstore_fini(struct dtt_peerstore *store);

/** Adds or renews. DTT_EFULL when its network has its share, DTT_ENOMEM. */
int dtt_peerstore_announce(struct dtt_peerstore *store, struct dtt_now now,
                           const uint8_t info_hash[DTT_NODE_ID_BYTES], const struct dtt_addr *peer);

/** Writes up to `max` peers of one family as the content of KRPC `values`; a random run of them. */
void dtt_peerstore_write(const struct dtt_peerstore *store,
                         const uint8_t info_hash[DTT_NODE_ID_BYTES], uint8_t family, size_t max,
                         struct dtt_rng *rng, struct dtt_writer *writer);

uint64_t dtt_peerstore_deadline(const struct dtt_peerstore *store);
void dtt_peerstore_tick(struct dtt_peerstore *store, struct dtt_now now);

#endif
