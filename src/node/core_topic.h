/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A joined topic: its tracker, its gossip topic, what the application asks of it and is told.
 * Semantics and errors of the application's side as in <dtt/dtt.h>.
 */
#ifndef DTT_NODE_CORE_TOPIC_H
#define DTT_NODE_CORE_TOPIC_H

#include "gossip/gossip.h"
#include "node/core.h"
#include "node/links.h"
#include "tracker/tracker.h"

/** A send is accepted while no neighbour has more than this unacknowledged. */
#define DTT_TOPIC_SEND_MAX (128 * 1024)

struct dtt_topic {
    struct dtt_core *core;
    void *driver; /**< whoever runs the core */
    struct dtt_gossip_topic_id id;
    uint32_t number; /**< of all topics that the core ever had, from 1 */
    struct dtt_tracker *tracker;
    void *user;
    uint64_t join_ns;
    uint32_t n_neighbors; /**< as the application was told: UP less DOWN */
    bool is_joined;       /**< JOINED was told */
    bool wants_writable;  /**< a send was refused, WRITABLE is owed */
};

/** `driver` is kept for dtt_core_topic_driver and not looked at. */
int dtt_core_topic_join(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                        void *driver, struct dtt_topic **ret);
/** Says goodbye to the neighbours and frees the topic. */
void dtt_core_topic_leave(struct dtt_topic *t, struct dtt_now now);
/** Frees the topic in silence. */
void dtt_core_topic_free(struct dtt_topic *t);
void *dtt_core_topic_driver(const struct dtt_topic *t);
uint32_t dtt_core_topic_number(const struct dtt_topic *t);
void *dtt_core_topic_user(const struct dtt_topic *t);
const uint8_t *dtt_core_topic_hash(const struct dtt_topic *t);
int dtt_core_topic_send(struct dtt_topic *t, struct dtt_now now, struct dtt_slice data,
                        unsigned flags);
size_t dtt_core_topic_unsent(const struct dtt_topic *t);
size_t dtt_core_topic_neighbors(const struct dtt_topic *t, struct dtt_id *ret, size_t cap);
void dtt_core_topic_add_peer(struct dtt_topic *t, struct dtt_now now,
                             const struct dtt_peer_addr *peer);
void dtt_core_topic_why(const struct dtt_topic *t, struct dtt_now now, struct dtt_why *ret);

/* ---- what modules have to say */

void dtt_core_topic_on_tracker(struct dtt_topic *t, struct dtt_now now,
                               const struct dtt_tracker_action *a);
void dtt_core_topic_on_gossip(struct dtt_core *c, struct dtt_now now,
                              const struct dtt_gossip_action *a);
void dtt_core_topic_on_dial_failure(struct dtt_core *c, struct dtt_now now,
                                    const struct dtt_dial_failure *f);
/** Tells those topics of it whose send was refused and would be accepted now. */
void dtt_core_topic_tell_writable(struct dtt_core *c, struct dtt_now now);
/** Asserts what holds between calls. */
void dtt_core_topic_check(const struct dtt_topic *t);

#endif
