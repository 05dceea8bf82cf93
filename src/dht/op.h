/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Operations and their events. Events are not queued: each operation remembers how far it has told
 * of its walk's values and nodes, so none is lost and none costs memory before it is asked for.
 */
#ifndef DTT_DHT_OP_H
#define DTT_DHT_OP_H

#include "dht/dht.h"
#include "dht/query.h"
#include "dht/walks.h"

/* The commands of dht.h. */
int dtt_op_get(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_get_args *args,
               dtt_dht_op *ret);
int dtt_op_put(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_put_args *args,
               dtt_dht_op *ret);
int dtt_op_find(struct dtt_dht *d, struct dtt_now now, const uint8_t target[20], dtt_dht_op *ret);
int dtt_op_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                dtt_dht_op *ret);
int dtt_op_get_peers(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                     dtt_dht_op *ret);
int dtt_op_announce(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                    uint16_t port, dtt_dht_op *ret);
void dtt_op_cancel(struct dtt_dht *d, struct dtt_now now, dtt_dht_op op);

/** Those who wait for the walk go on. */
void dtt_op_walk_ended(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *walk);
/** A query of a ping or put was answered, is slow, or dead. */
void dtt_op_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end);
bool dtt_op_next_event(struct dtt_dht *d, struct dtt_dht_event *ret);
void dtt_op_free_all(struct dtt_dht *d);
/** How many operations wait for the walk or read from it. */
size_t dtt_op_users(const struct dtt_dht *d, const struct dtt_walk *walk);

#endif
