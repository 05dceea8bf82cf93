/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A joined topic: its tracker and its gossip topic, the application's calls and events. Semantics
 * and errors of the calls are as in <dtt/dtt.h>.
 */
#ifndef DTT_NODE_CORE_TOPIC_H
#define DTT_NODE_CORE_TOPIC_H

#include "gossip/gossip.h"
#include "node/core.h"
#include "node/dials.h"
#include "node/pace.h"
#include "node/talk.h"
#include "tracker/tracker.h"

/** A neighbour with no more than this unacknowledged is ready for a message (pace.h). */
#define DTT_TOPIC_SEND_MAX (128 * 1024)

/** Members that the local network has brought, remembered as told. */
#define DTT_TOPIC_NEAR 32

struct dtt_topic {
    struct dtt_core *core;
    void *driver; /**< whoever runs the core */
    struct dtt_gossip_topic_id id;
    uint32_t number; /**< of all topics that the core ever had, from 1 */
    struct dtt_tracker *tracker;
    void *user;
    uint64_t join_ns;
    struct dtt_dial_failure failure; /**< the last one; no tries: none yet */
    struct dtt_pace pace;
    struct dtt_talk talk;
    bool is_joined;      /**< JOINED was told */
    bool wants_writable; /**< a send was refused, WRITABLE is owed */
    uint64_t n_near;     /**< members of the local network that were ever told */
    struct dtt_id near[DTT_TOPIC_NEAR];
};

/** `driver` is kept in the topic and not looked at. */
int dtt_core_topic_join(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                        void *driver, struct dtt_topic **ret);
/** Says goodbye to the neighbours and frees the topic. */
void dtt_core_topic_leave(struct dtt_topic *t, struct dtt_now now);
/** Frees the topic in silence. */
void dtt_core_topic_free(struct dtt_topic *t);
int dtt_core_topic_send(struct dtt_topic *t, struct dtt_now now, struct dtt_slice data,
                        unsigned flags);
/** DTT_EINVAL, DTT_ETOOBIG; length 0: no name any more. */
int dtt_core_topic_set_name(struct dtt_topic *t, struct dtt_now now, struct dtt_slice name);
/** Writes up to cap members, the one heard last first; returns how many there are. */
size_t dtt_core_topic_members(const struct dtt_topic *t, const struct dtt_author **ret, size_t cap);
size_t dtt_core_topic_unsent(const struct dtt_topic *t, struct dtt_now now);
size_t dtt_core_topic_neighbors(const struct dtt_topic *t, struct dtt_id *ret, size_t cap);
void dtt_core_topic_add_peer(struct dtt_topic *t, struct dtt_now now,
                             const struct dtt_peer_addr *peer);
void dtt_core_topic_why(const struct dtt_topic *t, struct dtt_now now, struct dtt_why *ret);

/** The `seed` of struct dtt_prover; `core`: a struct dtt_core. */
bool dtt_core_topic_seed(void *core, const struct dtt_gossip_topic_id *topic, uint64_t minute,
                         uint8_t ret_seed[32]);

/** The `clock` of struct dtt_prover; `core`: a struct dtt_core. */
void dtt_core_topic_clock(void *core, struct dtt_now now, const struct dtt_gossip_topic_id *topic,
                          const struct dtt_id *peer, uint64_t minute);

/* ---- outputs of the modules */

void dtt_core_topic_on_tracker(struct dtt_topic *t, struct dtt_now now,
                               const struct dtt_tracker_action *a);
void dtt_core_topic_on_gossip(struct dtt_core *c, struct dtt_now now,
                              const struct dtt_gossip_action *a);
void dtt_core_topic_on_dial_failure(struct dtt_core *c, struct dtt_now now,
                                    const struct dtt_dial_failure *f);
/** A neighbour is reached in another way. */
void dtt_core_topic_on_way(struct dtt_core *c, struct dtt_now now, const struct dtt_id *peer);
/** A neighbour behind a NAT is not heard: the topics in which it is one look for it. */
void dtt_core_topic_on_silence(struct dtt_core *c, struct dtt_now now, const struct dtt_id *peer);
/** Says our name where it is due, and who has not been heard for long. */
void dtt_core_topic_tick(struct dtt_topic *t, struct dtt_now now);
/** Tells each topic how many of its messages were lost. */
void dtt_core_topic_tell_lost(struct dtt_core *c, struct dtt_now now);
/** Tells each topic whose send was refused and would now be accepted. */
void dtt_core_topic_tell_writable(struct dtt_core *c, struct dtt_now now);

#endif
