/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a node keeps between two lives, its id and nodes it knew: a bencoded dictionary (id, nodes,
 * nodes6, version) and its CRC-32C, so that a damaged file is never half believed.
 */
#ifndef DTT_DHT_STATE_H
#define DTT_DHT_STATE_H

#include "dht/dht.h"

#define DTT_DHT_STATE_NODES 200
#define DTT_DHT_STATE_MAX 8192 /**< bytes, encoded */

struct dtt_dht_state {
    uint8_t id[20];
    size_t n;
    struct dtt_dht_known {
        uint8_t id[20];
        struct dtt_addr addr;
    } nodes[DTT_DHT_STATE_NODES];
};

/** Length written, or DTT_ETOOBIG (never with DTT_DHT_STATE_MAX bytes of room). */
int dtt_dht_state_encode(const struct dtt_dht_state *state, uint8_t *buf, size_t cap);
/** DTT_EPROTO for anything but a whole undamaged state. Unusable addresses are left out. */
int dtt_dht_state_decode(struct dtt_slice in, struct dtt_dht_state *ret);

/** The id and the nodes that answer, some of each distance first. */
void dtt_dht_state_collect(const struct dtt_dht *d, struct dtt_dht_state *ret);
/**
 * To be called right after new: takes the id over and asks the nodes whether they are still there,
 * 32 at a time until enough are. Operations wait for them as they do for contacts to start from.
 * DTT_ENOMEM.
 */
int dtt_dht_state_restore(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_state *state);

#endif
