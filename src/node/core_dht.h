/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The application's own DHT operations, and the state that it keeps for the DHT node. Semantics and
 * errors as in <dtt/dht.h>.
 */
#ifndef DTT_NODE_CORE_DHT_H
#define DTT_NODE_CORE_DHT_H

#include "dht/dht.h"
#include "node/core.h"

#include <dtt/dht.h>

struct dtt_wait;

int dtt_core_dht_get(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_get *get,
                     uint32_t *ret_op);
int dtt_core_dht_put(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_put *put,
                     uint32_t *ret_op);
int dtt_core_dht_find(struct dtt_core *c, struct dtt_now now, const uint8_t target[20],
                      uint32_t *ret_op);
int dtt_core_dht_ping(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr,
                      uint32_t *ret_op);
int dtt_core_dht_get_peers(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                           uint32_t *ret_op);
int dtt_core_dht_announce(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                          uint16_t port, uint32_t *ret_op);
void dtt_core_dht_cancel(struct dtt_core *c, struct dtt_now now, uint32_t op);

/** Gives the application's events for what the DHT says of such an operation. */
void dtt_core_dht_event(struct dtt_core *c, struct dtt_now now, const struct dtt_wait *wait,
                        const struct dtt_dht_event *ev);

/** What is worth saving: bytes written (DTT_DHT_STATE_MAX is room enough), 0: nothing yet. */
int dtt_core_dht_state(const struct dtt_core *c, uint8_t *buf, size_t cap);
/** Right after new: takes up what was saved. Nodes known from it, DTT_EPROTO, DTT_ENOMEM. */
int dtt_core_dht_restore(struct dtt_core *c, struct dtt_now now, struct dtt_slice bytes);

#endif
