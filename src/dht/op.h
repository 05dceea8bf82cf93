/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Operations and their events, which are not queued: each operation remembers how far it has told
 * of its walk's values and nodes, so none is lost and none costs memory.
 */
#ifndef DTT_DHT_OP_H
#define DTT_DHT_OP_H

#include "dht/dht.h"
#include "dht/put.h"
#include "dht/query.h"
#include "dht/walk.h"

enum dtt_op_type { DTT_OP_GET, DTT_OP_FIND, DTT_OP_PING, DTT_OP_PUT, DTT_OP_PEERS };

/** An operation on a walk. `put` (DTT_OP_PUT, else NULL) is its own from now on, or freed. */
int dtt_op_start(struct dtt_dht *d, struct dtt_now now, enum dtt_op_type type,
                 const struct dtt_goal *goal, const struct dtt_walk_wish *wish, struct dtt_put *put,
                 dtt_dht_op *ret);
int dtt_op_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                dtt_dht_op *ret);
void dtt_op_cancel(struct dtt_dht *d, struct dtt_now now, dtt_dht_op op);

/** The operations that wait for the walk go on. */
void dtt_op_walk_ended(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *walk);
/** A query of a ping or put was answered, is slow, or dead. */
void dtt_op_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end);
void dtt_op_free_all(struct dtt_dht *d);
/** How many operations wait for the walk or read from it. */
size_t dtt_op_users(const struct dtt_dht *d, const struct dtt_walk *walk);

#endif
