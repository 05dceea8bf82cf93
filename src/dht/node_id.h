/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Node ids: XOR distance (Kademlia) and ids tied to an address (BEP 42). */
#ifndef DTT_DHT_NODE_ID_H
#define DTT_DHT_NODE_ID_H

#include "base/addr.h"
#include "base/rng.h"
#include "dht/krpc_wire.h"

#define DTT_NODE_ID_BITS 160

/** Leading bits that a and b have in common, 0..160. */
unsigned dtt_node_id_common(const uint8_t a[DTT_NODE_ID_BYTES], const uint8_t b[DTT_NODE_ID_BYTES]);

/** Negative, 0 or positive: a is closer to `target` than b, equal, or farther. */
int dtt_node_id_cmp(const uint8_t target[DTT_NODE_ID_BYTES], const uint8_t a[DTT_NODE_ID_BYTES],
                    const uint8_t b[DTT_NODE_ID_BYTES]);

/**
 * A random id that shares exactly `common` leading bits with `id` (common < 160); with 160, `id`
 * itself.
 */
void dtt_node_id_random_in(struct dtt_rng *rng, const uint8_t id[DTT_NODE_ID_BYTES],
                           unsigned common, uint8_t ret[DTT_NODE_ID_BYTES]);

/** BEP 42: a random id that belongs to the address. */
void dtt_node_id_for_addr(struct dtt_rng *rng, const struct dtt_addr *addr,
                          uint8_t ret[DTT_NODE_ID_BYTES]);

/** BEP 42: the id belongs to the address. True for every id of an address that is not global. */
bool dtt_node_id_is_secure(const uint8_t id[DTT_NODE_ID_BYTES], const struct dtt_addr *addr);

#endif
