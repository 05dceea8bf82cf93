/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What we store for others (BEP 44). A mutable target keeps a small set of siblings: values with
 * different bytes and the same, highest sequence number. Readers get them in turn, so that many
 * publishers under one key stay visible; a newer sequence number replaces them all. Each network
 * (IPv4 /24, IPv6 /48) has a share and replaces its own oldest value beyond it; when the store is
 * full, the network that holds most gives up its oldest to one that holds less.
 */
#ifndef DTT_DHT_STORAGE_H
#define DTT_DHT_STORAGE_H

#include "base/addr.h"
#include "base/map.h"
#include "base/time.h"
#include "dht/krpc_wire.h"

#define DTT_STORAGE_TARGETS 2048
#define DTT_STORAGE_VALUES 4096
#define DTT_STORAGE_BYTES (4u << 20)
#define DTT_STORAGE_SIBLINGS 32
#define DTT_STORAGE_SIBLING_BYTES (24u << 10)
#define DTT_STORAGE_RANKS 8
#define DTT_STORAGE_NETWORK_VALUES 64
#define DTT_STORAGE_NETWORK_BYTES (64u << 10)
#define DTT_STORAGE_LIFETIME_NS (7200 * DTT_S)

struct dtt_stored;

struct dtt_storage {
    struct dtt_map targets;
    struct dtt_map networks;
    struct dtt_stored *oldest; /**< all values by time of their last put */
    struct dtt_stored *newest;
    size_t values;
    size_t bytes;
};

/** What a put carries, checked by the caller except for seq and cas; and what a get finds. */
struct dtt_storage_item {
    const uint8_t *target;
    bool is_mutable;
    const uint8_t *k;   /**< mutable */
    const uint8_t *sig; /**< mutable */
    int64_t seq;
    size_t siblings; /**< found: values under this target, itself included */
    struct dtt_slice v;
};

/** Allocates nothing yet. */
void dtt_storage_init(struct dtt_storage *storage, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_storage_fini(struct dtt_storage *storage);

/** What a mutable put is refused for, if anything: DTT_KRPC_E_CAS, DTT_KRPC_E_SEQ. */
enum dtt_krpc_error dtt_storage_check(const struct dtt_storage *storage,
                                      const uint8_t target[DTT_NODE_ID_BYTES], int64_t seq,
                                      bool has_cas, int64_t cas);

/** Exactly this item, signature included, is stored: it has been verified before. */
bool dtt_storage_holds(const struct dtt_storage *storage, const struct dtt_storage_item *put);

/** Stores or renews. `from` NULL: our own, never evicted by others. DTT_ENOMEM, DTT_EFULL. */
int dtt_storage_put(struct dtt_storage *storage, struct dtt_now now, const struct dtt_addr *from,
                    const struct dtt_storage_item *put);

/**
 * The value whose turn it is; false when there is none. Slices live until the next change. `rank`:
 * how many of the DTT_STORAGE_RANKS closest nodes are closer than we are. Each starts its turns at
 * another sibling, so that a reader that asks all of them sees as many as possible.
 */
bool dtt_storage_get(struct dtt_storage *storage, const uint8_t target[DTT_NODE_ID_BYTES],
                     size_t rank, struct dtt_storage_item *ret);
/** The value got last was not sent: its turn comes again. */
void dtt_storage_put_back(struct dtt_storage *storage, const uint8_t target[DTT_NODE_ID_BYTES]);
/** Value number i of a target, false beyond the last: for our own lookups. */
bool dtt_storage_at(const struct dtt_storage *storage, const uint8_t target[DTT_NODE_ID_BYTES],
                    size_t i, struct dtt_storage_item *ret);

/** When the next value expires, or DTT_NEVER. */
uint64_t dtt_storage_deadline(const struct dtt_storage *storage);
void dtt_storage_tick(struct dtt_storage *storage, struct dtt_now now);

#endif
