/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A network of DHT nodes in one process: virtual time, a stable delay per pair of nodes, seeded
 * loss. Addresses without a node swallow what is sent there. Hostile nodes are scripts: a function
 * gets each datagram for them and may answer.
 */
#ifndef TESTS_UNIT_DHT_NET_H
#define TESTS_UNIT_DHT_NET_H

#include "base/rng.h"
#include "dht/dht.h"

#define NET_NODES 256

struct net;

/* What a scripted node does with a datagram; answers with net_send. */
typedef void (*net_script)(struct net *net, size_t self, const struct dtt_addr *from,
                           struct dtt_slice datagram);

struct net_node {
    struct dtt_dht *dht; /* NULL: scripted or dead */
    struct dtt_ctx ctx;
    struct dtt_addr addr;
    net_script script;
    bool is_dead;
    uint64_t sent, received; /* datagrams */
    uint64_t sent_bytes;
};

struct net_packet {
    uint64_t at;
    uint64_t seq;
    struct dtt_addr from, to;
    size_t len;
    uint8_t *data;
};

struct net {
    struct dtt_now now;
    struct dtt_rng rng;
    struct net_node nodes[NET_NODES];
    size_t n;
    struct net_packet *queue; /* heap by (at, seq) */
    size_t queued, cap;
    uint64_t seq;
    unsigned loss_permille;
    uint64_t delay_min_ns, delay_max_ns; /* one way, log-uniform by pair */
    uint16_t *log; /* datagrams by [sender][receiver][second], of the first 12 nodes; NULL: none */
    size_t log_seconds;
    size_t ghost; /* a scripted node that receives what is for no node, at that address; 0 none */
    void *user;
};

void net_init(struct net *net, uint64_t seed);
void net_fini(struct net *net);
/** A node on loopback with its own port; its number. */
size_t net_add(struct net *net, bool read_only);
size_t net_add_at(struct net *net, const struct dtt_addr *addr, bool read_only);
size_t net_add_script(struct net *net, const struct dtt_addr *addr, net_script script);
/** n more nodes, each starting from node 0. */
void net_grow(struct net *net, size_t n);
void net_bootstrap(struct net *net, size_t node, size_t contact);
/** Puts a datagram on the wire. */
void net_send(struct net *net, const struct dtt_addr *from, const struct dtt_addr *to,
              struct dtt_slice data);
/** Moves what node i wants to send to the wire. */
void net_flush(struct net *net, size_t i);
/** One datagram or timer; false when nothing is left before `limit_ns`. */
bool net_step(struct net *net, uint64_t limit_ns);
void net_run(struct net *net, uint64_t duration_ns);

/* What an operation brought. */
#define NET_VALUES 64
struct net_result {
    struct dtt_dht_event last; /* DONE or PUT_DONE */
    size_t n_values;
    struct dtt_slice values[NET_VALUES]; /* on the heap */
    int64_t seqs[NET_VALUES];
    uint64_t first_value_ns; /* since the start of the wait */
    size_t n_peers;
    struct dtt_addr peers[NET_VALUES];
    size_t n_found;
    uint8_t found[16][20];
};

/** Runs until operation `op` of node i has ended or `limit_ns` passed (then fails the test). */
void net_wait(struct net *net, size_t i, dtt_dht_op op, uint64_t limit_ns, struct net_result *ret);
void net_result_free(struct net_result *r);

/* A mutable item of key number `n` with salt "slot" and a string value. */
struct net_item {
    struct dtt_dht_put_args put;
    struct dtt_dht_get_args get;
    uint8_t target[20];
    uint8_t v[1000];
};
void net_item(struct net_item *ret, uint8_t key, int64_t seq, const char *text);

/* Puts and gets; the caller frees the result of a get. */
struct dtt_dht_event net_put(struct net *net, size_t i, const struct net_item *item);
void net_get(struct net *net, size_t i, const struct net_item *item, struct net_result *ret);
bool net_result_has(const struct net_result *r, const struct net_item *item);
/* Nodes whose storage holds the item's value. */
size_t net_holders(const struct net *net, const struct net_item *item);

#endif
