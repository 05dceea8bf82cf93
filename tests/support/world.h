/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A few whole nodes on a network in memory, in virtual time: real DHT, tracker, gossip and QUIC,
 * no socket and no clock. Deterministic by seed but for GnuTLS's own randomness.
 */
#ifndef TESTS_SUPPORT_WORLD_H
#define TESTS_SUPPORT_WORLD_H

#include "node/core.h"

#define WORLD_NODES   64
#define WORLD_PACKETS 65536

struct world_node {
    struct dtt_ctx ctx;
    struct dtt_core *core; /* NULL: not there (any more) */
    struct dtt_addr addr;
};

struct world_packet {
    uint64_t due_ns;
    uint64_t seq;
    struct dtt_addr from, to;
    uint8_t *data;
    size_t len;
};

struct world {
    struct dtt_now now;
    struct dtt_rng rng;
    struct world_node nodes[WORLD_NODES];
    size_t n_nodes;
    struct world_packet *packets; /* unordered; the next one is searched */
    size_t n_packets;
    uint64_t seq;
    uint64_t delay_ns; /* one way */
    unsigned loss_percent;
    uint64_t sent;
};

/** Starts at a given unix second. */
void world_init(struct world *w, uint64_t seed, uint64_t unix_s);
void world_fini(struct world *w);
/** Adds a node at 10.0.0.(n+1):6881 that starts from node 0; returns its number. */
size_t world_add(struct world *w, bool dht_only);
/** Takes a node away without a goodbye. */
void world_kill(struct world *w, size_t i);
/** Lets a node say goodbye, delivers that to the network, and frees it. */
void world_close(struct world *w, size_t i);
/** Sends what nodes have ready; call after talking to a core directly. */
void world_flush(struct world *w);
/** Runs until `done` says so or `limit_ns` of virtual time has passed; whether it was done. */
bool world_run(struct world *w, uint64_t limit_ns, bool (*done)(struct world *w, void *user),
               void *user);

#endif
