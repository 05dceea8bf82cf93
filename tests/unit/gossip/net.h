/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A network of dtt_gossip instances in virtual time: a fixed latency for each pair of nodes,
 * reliable ordered messages, connections that end when one side lets go.
 */
#ifndef TESTS_UNIT_GOSSIP_NET_H
#define TESTS_UNIT_GOSSIP_NET_H

#include "support/vectors.h"

#include "base/map.h"
#include "gossip/gossip.h"

#define NET_NODES_MAX 128
#define NET_TOPICS_MAX 2

struct net_node {
    struct dtt_gossip *gossip;
    struct dtt_ctx ctx;
    struct dtt_id id;
    bool is_up;
    uint64_t tick_ns; /* of the tick event that is queued */
    /* What the application saw. */
    size_t received;
    size_t disconnects;
    size_t ups, downs;
};

struct net_event;

/* What one round of broadcasts cost. */
struct net_stats {
    size_t payloads; /* Gossip messages delivered */
    size_t control;  /* other PlumTree messages delivered */
    size_t received; /* contents given to applications */
    unsigned last_hop;
};

struct net {
    struct dtt_rng rng;
    uint64_t now_ns;
    uint64_t seq;
    struct net_event **heap;
    size_t events, cap;
    size_t n;
    struct net_node nodes[NET_NODES_MAX];
    struct dtt_map by_id; /* id -> struct net_node */
    uint32_t latency_us[NET_NODES_MAX][NET_NODES_MAX];
    bool connected[NET_NODES_MAX][NET_NODES_MAX];
    struct dtt_gossip_window window; /* of topics that are joined from now on; 0: none */
    int island[NET_NODES_MAX];       /* messages between islands are lost, connections break */
    struct net_stats stats;
    /* received[i]: bit per node that had message i delivered, twice in `repeated` */
    size_t repeated;
    uint8_t (*seen)[NET_NODES_MAX];
    size_t seen_cap;
};

extern const struct dtt_gossip_topic_id net_topics[NET_TOPICS_MAX];

/* `lo` and `hi` in milliseconds bound the latency of a pair. Nodes are subscribed to topic 0. */
void net_open(struct net *net, size_t n, uint64_t seed, uint32_t lo_ms, uint32_t hi_ms);
void net_close(struct net *net);
struct dtt_now net_now(const struct net *net);
void net_add_node(struct net *net, uint32_t lo_ms, uint32_t hi_ms);
void net_run(struct net *net, uint64_t duration_ns);
/* Runs until `received` of the stats reaches `want`, or for the duration. */
void net_run_until(struct net *net, size_t want, uint64_t duration_ns);
void net_join(struct net *net, size_t topic, size_t from, size_t to);
/* Message `number` (below 65536) from a node. */
void net_say(struct net *net, size_t topic, size_t from, uint32_t number);
bool net_has(const struct net *net, size_t node, uint32_t number);
void net_subscribe(struct net *net, size_t topic, size_t node);
void net_quit(struct net *net, size_t topic, size_t node);
/* The node is gone without a word; others learn it as their connections end. */
void net_kill(struct net *net, size_t node);
void net_set_island(struct net *net, size_t node, int island);
size_t net_degree(const struct net *net, size_t topic, size_t node);
/* Number of nodes that can be reached from a node over neighbours, itself included. */
size_t net_reach(const struct net *net, size_t topic, size_t node);

#endif
