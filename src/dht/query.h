/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Queries of ours: sends them, matches replies, and sets the soft timeout, after which its sender
 * may retransmit (dht.c), from the round trips so far.
 *
 *     sent -> ANSWERED, or SLOW (soft timeout) and then ANSWERED after all or forgotten, or DEAD
 */
#ifndef DTT_DHT_QUERY_H
#define DTT_DHT_QUERY_H

#include "dht/dht.h"
#include "dht/krpc.h"
#include "dht/txn.h"

/** What is known of round trips: each node has its own, and these are of all together. */
struct dtt_query_rtt {
    uint64_t mean_ns, deviation_ns; /**< RFC 6298 over all answers; 0: no sample yet */
    uint64_t node_error_ns;         /**< usual error of what is known of a node; 0: no sample yet */
};

/** What has become of a query. */
enum dtt_query_outcome {
    DTT_QUERY_ANSWERED, /**< by a reply or an error */
    DTT_QUERY_SLOW,     /**< its soft timeout has passed; an answer may still come */
    DTT_QUERY_DEAD      /**< nobody listens there, or a probe has waited long enough */
};

/** The end of a query, or its first timeout, as its sender is told. */
struct dtt_query_end {
    enum dtt_query_outcome outcome;
    struct dtt_txn txn;
    const struct dtt_krpc *answer; /**< DTT_QUERY_ANSWERED, else NULL */
    uint64_t rtt_ns;               /**< DTT_QUERY_ANSWERED */
};

/** Sends a query; `q` has its method and arguments, the rest is filled in. Errors: as
 * dtt_outq_send. */
int dtt_query_send(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                   enum dtt_txn_purpose purpose, uint32_t owner, struct dtt_krpc *query);
/** The query that `answer` belongs to, now over; false when there is none. */
bool dtt_query_match(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                     const struct dtt_krpc *answer, struct dtt_query_end *ret);
/** Nobody listens at `to`: its queries are due at time 0, as DEAD. */
void dtt_query_unreachable(struct dtt_dht *d, const struct dtt_addr *to);
/** The next query that has waited too long at `until_ns`, or false. */
bool dtt_query_next_timeout(struct dtt_dht *d, uint64_t until_ns, struct dtt_query_end *ret);
/** The host slept: what is in flight gets its time anew instead of counting as silent. */
void dtt_query_woke(struct dtt_dht *d, struct dtt_now now);
/** What always holds, for assertions: each transaction has its timer, each probe is counted. */
bool dtt_query_is_sound(const struct dtt_dht *d);

#endif
