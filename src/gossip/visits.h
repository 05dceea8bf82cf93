/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When peers came into the active view and left it again: coming often costs. A Join counts once in
 * a while for each connection; a peer that comes and goes at once waits longer each time; a
 * neighbour that was of no use is not taken back for long.
 */
#ifndef DTT_GOSSIP_VISITS_H
#define DTT_GOSSIP_VISITS_H

#include "base/time.h"
#include "gossip/message.h"

#define DTT_VISITS_MAX 64 /* the oldest is forgotten */
/* Joins that count: one in 10 s over time, for where many join at once a peer is replaced soon and
 * honestly tries again; besides any that comes a second later over another connection: the peer was
 * restarted. */
#define DTT_VISITS_JOIN_NS (10 * DTT_S)
#define DTT_VISITS_JOIN_BURST 3
#define DTT_VISITS_RECONNECT_NS (1 * DTT_S)
/* Before the second return over the same connection, doubled each time. The first is free. */
#define DTT_VISITS_RETURN_NS (1 * DTT_S)
#define DTT_VISITS_RETURN_MAX_NS (64 * DTT_S)
/* A useless neighbour is shut out, twice as long each time. */
#define DTT_VISITS_USELESS_NS (30 * DTT_S)
#define DTT_VISITS_USELESS_MAX_NS (960 * DTT_S)
#define DTT_VISITS_FORGET_NS (600 * DTT_S) /* after the last one the count begins anew */

struct dtt_visit {
    bool is_used;
    struct dtt_id id;
    uint64_t connection;
    uint64_t joined_ns;         /**< the last Join that counted; 0: none */
    uint64_t joins_paid_ns;     /**< by then those that counted are made up for */
    uint64_t left_ns;           /**< the last Disconnect; 0: none */
    uint64_t return_ns;         /**< not taken back before, after it left */
    uint64_t ended_on;          /**< the connection on which it said that it ends; 0: it did not */
    uint64_t shut_out_until_ns; /**< not taken back before, for it was of no use; 0: not at all */
    uint32_t departures;
    uint32_t dismissals;
};

struct dtt_visits {
    size_t next; /**< the slot that the next new peer takes */
    struct dtt_visit peers[DTT_VISITS_MAX];
};

/** A Join, or a Neighbor of high priority, is taken: the next one counts later. */
void dtt_visits_joined(struct dtt_visits *v, struct dtt_now now,
                       const struct dtt_gossip_source *source);
/** Its last connection ended: a Join over another one counts. */
void dtt_visits_parted(struct dtt_visits *v, const struct dtt_id *peer);
/** A neighbour said Disconnect. `ended_on`: its connection, when it ends; 0: it goes on. */
void dtt_visits_left(struct dtt_visits *v, struct dtt_now now, const struct dtt_id *peer,
                     uint64_t ended_on);
/** A neighbour was of no use. */
void dtt_visits_dismissed(struct dtt_visits *v, struct dtt_now now, const struct dtt_id *peer);

/** Whether it may be a neighbour now, whoever asks. */
bool dtt_visits_may_return(const struct dtt_visits *v, struct dtt_now now,
                           const struct dtt_id *peer);
/** Whether it may be a neighbour now that it asks: one that ended before it was started again may.
 */
bool dtt_visits_may_come(const struct dtt_visits *v, struct dtt_now now,
                         const struct dtt_gossip_source *source);
/** Whether a Join of it counts, as far as earlier ones go. */
bool dtt_visits_may_join(const struct dtt_visits *v, struct dtt_now now,
                         const struct dtt_gossip_source *source);

#endif
