/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The inside of a core, shared by the files that make it up: core.c (life cycle, driver, routing),
 * ops.c and its like (DHT operations and who waits for them: ops.h), topic.c (topics).
 */
#ifndef DTT_NODE_INSIDE_H
#define DTT_NODE_INSIDE_H

#include "node/core_topic.h"
#include "node/links.h"
#include "node/once.h"
#include "node/publish.h"
#include "node/self.h"

struct dtt_core {
    struct dtt_ctx *ctx;
    struct dtt_core_config cfg;
    struct dtt_id id;
    struct dtt_dht *dht;
    struct dtt_transport transport; /* none for a plain DHT node */
    struct dtt_gossip *gossip;      /* NULL likewise */
    struct dtt_links links;
    struct dtt_events events;
    struct dtt_topic *topics[DTT_CORE_TOPICS];
    size_t n_topics;
    uint32_t last_topic; /* number of the newest */
    struct dtt_map ops;  /* dtt_dht_op -> struct dtt_op, see ops.h */
    size_t n_app_ops;
    size_t n_addr_gets;
    struct dtt_announce announce;
    uint32_t next_lookup; /* lookups and publications are numbered apart from DHT operations */
    unsigned resolving;
    struct dtt_addr host_addrs[DTT_CORE_ADDRS]; /* of the host's interfaces */
    size_t n_host_addrs;
    struct dtt_addr external[2]; /* as the DHT sees us, IPv4 and IPv6 */
    struct dtt_dht_packet dht_packet;
    bool is_shut;
};

void dtt_core_tell(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                   struct dtt_event *ev);
/** What we tell others of where we are: how the DHT sees us, then the interfaces. */
size_t dtt_core_own_addrs(const struct dtt_core *c, struct dtt_addr ret[DTT_CORE_ADDRS]);
/** Hands on what modules have to say until all are silent. */
void dtt_core_route(struct dtt_core *c, struct dtt_now now);

/* ---- ops.c, ops_addr.c */

/* Peers whose addresses are looked for at a time: the DHT has 64 operations for everybody. */
#define DTT_OPS_ADDR_GETS 16
/*
 * Slot reads and writes of 64 topics, two minutes each, the application's operations (a lookup has
 * as many), addresses of others and our own.
 */
#define DTT_OPS_SLOTS (2 * DTT_SLOT_KINDS)
#define DTT_OPS_MAX \
    (2 * DTT_OPS_SLOTS * DTT_CORE_TOPICS + DTT_OPS_SLOTS * DTT_CORE_OPS + DTT_OPS_ADDR_GETS + 1)

/**
 * Reads or writes a slot for a topic, which is told through its tracker. A write ends one of the
 * same slot still under way, untold. DTT_E...
 */
int dtt_ops_topic_get(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                      const struct dtt_tracker_action *a);
int dtt_ops_topic_put(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                      const struct dtt_tracker_action *a);
/** Looks for the addresses of a wanted peer; links are told. */
void dtt_ops_addr_get(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id);
/** Puts our own addresses under our id when that is due. */
void dtt_ops_announce(struct dtt_core *c, struct dtt_now now);
void dtt_ops_on_event(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev);
/** The topic is about to be freed: its operations go on without anybody waiting. */
void dtt_ops_forget_topic(struct dtt_core *c, const struct dtt_topic *t);
void dtt_ops_free(struct dtt_core *c);

/* ---- topic.c */

void dtt_topic_free(struct dtt_core *c, struct dtt_topic *t);
void dtt_topic_on_tracker(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                          const struct dtt_tracker_action *a);
void dtt_topic_on_gossip(struct dtt_core *c, struct dtt_now now, const struct dtt_gossip_action *a);
void dtt_topic_on_dial_failure(struct dtt_core *c, struct dtt_now now,
                               const struct dtt_dial_failure *f);
/** Tells those topics of it whose send was refused and would be accepted now. */
void dtt_topic_tell_writable(struct dtt_core *c, struct dtt_now now);

#endif
