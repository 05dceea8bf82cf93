/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A joined topic: its tracker, its gossip topic and what the application was told of it. Internal
 * to the node; the application sees the handle only.
 */
#ifndef DTT_NODE_CORE_TOPIC_H
#define DTT_NODE_CORE_TOPIC_H

#include "gossip/gossip.h"
#include "node/core.h"
#include "tracker/tracker.h"

/** dtt_topic_send accepts while no neighbour has more than this unacknowledged. */
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

/** Says in an event that it is of this topic. */
void dtt_topic_sign(struct dtt_topic *t, struct dtt_event *ev);

/** Fills the tracker's secret and topic hash from a config; DTT_EINVAL. */
int dtt_topic_read_config(const struct dtt_topic_config *cfg, uint8_t ret_topic[32],
                          struct dtt_secret *ret_secret);

/** Fills `ret` for a topic in the given surroundings, its sentence included. */
void dtt_topic_explain(const struct dtt_topic *t, struct dtt_now now, unsigned resolving,
                       const struct dtt_dht_stats *dht, struct dtt_why *ret);

#endif
