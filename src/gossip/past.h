/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What is remembered of topics that have been left: the ids of their messages, as long as those
 * count. Neighbours announce to a member that joins again what was said a while ago; by these ids
 * it knows what it has heard or said before it left.
 */
#ifndef DTT_GOSSIP_PAST_H
#define DTT_GOSSIP_PAST_H

#include "gossip/gossip.h"
#include "gossip/recall.h"

#define DTT_GOSSIP_PAST_TOPICS 8 /**< the one that was left first makes room */

struct dtt_gossip_past_topic {
    bool is_used;
    uint64_t left_ns;
    struct dtt_gossip_topic_id id;
    struct dtt_gossip_recall recall;
};

struct dtt_gossip_past {
    struct dtt_gossip_past_topic topics[DTT_GOSSIP_PAST_TOPICS];
};

/** Takes the ids over. Zero the struct to initialise. */
void dtt_gossip_past_keep(struct dtt_gossip_past *p, struct dtt_now now,
                          const struct dtt_gossip_topic_id *id, struct dtt_gossip_recall *recall);
/** The ids of a topic, for the caller to take over; or NULL. */
struct dtt_gossip_recall *dtt_gossip_past_take(struct dtt_gossip_past *p,
                                               const struct dtt_gossip_topic_id *id);
void dtt_gossip_past_fini(struct dtt_gossip_past *p);

uint64_t dtt_gossip_past_deadline(const struct dtt_gossip_past *p);
void dtt_gossip_past_tick(struct dtt_gossip_past *p, struct dtt_now now);

#endif
