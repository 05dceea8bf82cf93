/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Tells of ends: the end of a query to its sender, the end of a walk to its users, and what an
 * answer teaches (the node is alive, how it sees our address) to the tables.
 */
#ifndef DTT_DHT_ANSWERS_H
#define DTT_DHT_ANSWERS_H

#include "dht/dht.h"
#include "dht/krpc.h"

/** A reply or an error has come. */
void dtt_answers_take(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                      const struct dtt_krpc *answer);
/** Nobody listens at `to`. */
void dtt_answers_unreachable(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to);
/** Queries that have waited too long. */
void dtt_answers_tick(struct dtt_dht *d, struct dtt_now now);
/** Tells of the walks that have ended. */
void dtt_answers_walks(struct dtt_dht *d, struct dtt_now now);

#endif
