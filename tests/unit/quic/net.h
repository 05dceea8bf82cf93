/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Endpoints in one process over a network in memory with virtual time: latency, loss, reordering
 * and duplication by seed. Events of each endpoint are written down; received bytes are kept by
 * stream.
 */
#ifndef TESTS_UNIT_QUIC_NET_H
#define TESTS_UNIT_QUIC_NET_H

#include "base/ctx.h"
#include "quic/quic.h"

#define NET_NODES_MAX 112
#define NET_EVENTS_MAX 256

struct net_bytes {
    struct net_bytes *next;
    dtt_quic_conn conn;
    int64_t stream;
    bool fin;
    size_t len;
    size_t cap;
    uint8_t *data;
};

struct net_node {
    struct dtt_ctx ctx;
    struct dtt_quic *q; /**< NULL: nobody lives there */
    struct dtt_quic_config cfg;
    struct dtt_addr addr;    /**< its socket */
    struct dtt_addr relayed; /**< stands for it where it is reached by a relay */
    struct dtt_addr mapped;  /**< how the others see it (NAT); family 0 = as `addr` */
    struct dtt_addr dead;    /**< another one of its own, where nothing passes; family 0: none */
    bool is_deaf;            /**< packets to it vanish */
    bool is_lazy;            /**< its events are not taken */
    bool is_attacked;        /**< it may have to refuse memory to a peer */
    size_t event_count;
    struct dtt_quic_event events[NET_EVENTS_MAX]; /**< `data` dangles */
    struct net_bytes *bytes;
    uint64_t dials;
    uint64_t sent_packets;
    uint64_t sent_batches;
};

struct net_packet {
    uint64_t at;
    uint64_t seq;
    struct dtt_addr from;
    struct dtt_addr to;
    unsigned ecn;
    size_t len;
    uint8_t data[2048];
};

struct net {
    struct dtt_now now;
    uint64_t latency_ns; /**< one way */
    uint64_t jitter_ns;  /**< up to so much more */
    unsigned loss;       /**< per mille */
    unsigned dup;        /**< per mille */
    struct dtt_rng rng;
    uint64_t seq;
    struct net_packet **packets; /**< heap by (at, seq) */
    size_t packet_count;
    size_t packet_cap;
    /** Sees every datagram sent; false drops it. May change it. */
    bool (*filter)(void *user, struct net_packet *p);
    void *user;
    struct net_node *nodes[NET_NODES_MAX];
    size_t node_count;
};

void net_init(struct net *n, uint64_t seed);
void net_fini(struct net *n);
/** A node at 10.0.0.x:4433 with a key of its own; `cfg` may be NULL. */
struct net_node *net_add(struct net *n, const struct dtt_quic_config *cfg);
/** Ends the node's endpoint without goodbye. */
void net_kill(struct net *n, struct net_node *node);
/** Starts it (again) with the same key and another seed of randomness. */
void net_start(struct net *n, struct net_node *node);
dtt_quic_conn net_dial(struct net *n, struct net_node *from, const struct net_node *to);
/** The end of all ways by a relay on each node. */
struct dtt_addr net_relay_local(void);
void net_dial_by_relay(struct net *n, struct net_node *from, const struct net_node *to,
                       dtt_quic_conn *ret);
/** Runs for `ns` of virtual time. */
void net_run(struct net *n, uint64_t ns);
/** Runs until no packet is under way and no timer is due within `ns`. */
void net_settle(struct net *n, uint64_t ns);
/** A datagram out of nowhere. */
void net_inject(struct net *n, const struct dtt_addr *from, const struct dtt_addr *to,
                struct dtt_slice data);
/** Takes what waits: packets and events. net_run does it all the time. */
void net_drain(struct net *n, struct net_node *node);

/** The first event of that type (of that connection unless 0), or NULL. */
const struct dtt_quic_event *net_event(const struct net_node *node, enum dtt_quic_event_type type,
                                       dtt_quic_conn conn);
size_t net_count(const struct net_node *node, enum dtt_quic_event_type type);
void net_forget(struct net_node *node);
struct net_bytes *net_stream(const struct net_node *node, dtt_quic_conn conn, int64_t stream);
/**
 * Dials, runs until both sides are connected and trust each other, forgets the events; returns both
 * handles.
 */
void net_connect(struct net *n, struct net_node *from, struct net_node *to, dtt_quic_conn *ret_from,
                 dtt_quic_conn *ret_to);

/** Connections that were begun, by dials of net_dial or clients, and have not ended. */
size_t net_live(const struct net_node *node);

/** Sends a text on a stream of its own. */
void net_say(struct net *n, struct net_node *node, dtt_quic_conn c, const char *text);
/** That text has come on a stream of its own. */
void net_assert_heard(const struct net_node *node, dtt_quic_conn c, const char *text);
/** The connection's end was told once, for that reason. */
void net_assert_closed(const struct net_node *node, dtt_quic_conn c, enum dtt_reason reason,
                       bool was_connected);

#endif
