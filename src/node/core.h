/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A whole node without I/O: DHT, QUIC, gossip and one tracker per topic, and the routing of what
 * they ask of each other. Sockets, clocks and names are the driver's business (src/io, simulator):
 *
 *     recv* -> run -> next_packet until false -> wait until deadline -> run ...
 */
#ifndef DTT_NODE_CORE_H
#define DTT_NODE_CORE_H

#include "base/ctx.h"
#include "dht/dht.h"
#include "node/events.h"

#include <dtt/dht.h>

#define DTT_CORE_TOPICS 64 /**< topics a node */
#define DTT_CORE_OPS    64 /**< DHT operations and lookups of the application at a time */
#define DTT_CORE_ADDRS  DTT_RECORD_ADDRS /**< own addresses told to others */

struct dtt_core;
struct dtt_transport_ops;

struct dtt_core_config {
    struct dtt_ctx *ctx;   /**< with seed and trace set; outlives the core */
    uint8_t node_seed[32]; /**< Ed25519 secret */
    bool dht_only;
    bool read_only;
    struct dtt_addr bound[2]; /**< our sockets, at most one a family; family none: no socket */
    const struct dtt_transport_ops *transport; /**< NULL: QUIC; outlives the core */
};

int dtt_core_new(struct dtt_core **ret, const struct dtt_core_config *cfg, struct dtt_now now);
/**
 * Frees at once. For a goodbye: dtt_core_shutdown, send its packets, dtt_core_hang_up, send its
 * packets, then free.
 */
void dtt_core_free(struct dtt_core *c);
/** Leaves all topics, which says goodbye to their neighbours. */
void dtt_core_shutdown(struct dtt_core *c, struct dtt_now now);
/** Closes all connections; what was not sent before is lost. */
void dtt_core_hang_up(struct dtt_core *c, struct dtt_now now);

const struct dtt_id *dtt_core_id(const struct dtt_core *c);

/* ---- driver side */

void dtt_core_recv(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *local,
                   const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram);
/** ICMP: nobody listens at `remote`. */
void dtt_core_unreachable(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *remote);
void dtt_core_add_bootstrap(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr);
/** How many bootstrap names are being looked up: operations wait for them, dtt_why tells. */
void dtt_core_set_resolving(struct dtt_core *c, struct dtt_now now, unsigned names);
/** Addresses of this host's interfaces with our port, best first, when bound to all of them. */
void dtt_core_set_local_addrs(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addrs,
                              size_t n);
/** Runs what is due and routes until nothing moves. Call after receiving and at the deadline. */
void dtt_core_run(struct dtt_core *c, struct dtt_now now);
uint64_t dtt_core_deadline(const struct dtt_core *c);

struct dtt_core_packet {
    struct dtt_addr remote; /**< its family names the socket */
    unsigned ecn;
    size_t segment;        /**< bytes per datagram; data may hold several */
    struct dtt_slice data; /**< valid until the next call into c */
};
bool dtt_core_next_packet(struct dtt_core *c, struct dtt_now now, struct dtt_core_packet *ret);

/* ---- application side; semantics and errors as in <dtt/dtt.h> and <dtt/dht.h> */

struct dtt_events *dtt_core_events(struct dtt_core *c);
/** `driver` is kept for dtt_core_topic_driver and not looked at. */
int dtt_core_join(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                  void *driver, struct dtt_topic **ret);
void dtt_core_leave(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t);
int dtt_core_lookup(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                    uint32_t *ret_op);
int dtt_core_publish(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                     struct dtt_slice content, uint32_t *ret_op);
int dtt_core_dht_get(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_get *get,
                     uint32_t *ret_op);
int dtt_core_dht_put(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_put *put,
                     uint32_t *ret_op);
int dtt_core_dht_find(struct dtt_core *c, struct dtt_now now, const uint8_t target[20],
                      uint32_t *ret_op);
int dtt_core_dht_ping(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr,
                      uint32_t *ret_op);
int dtt_core_dht_get_peers(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                           uint32_t *ret_op);
int dtt_core_dht_announce(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                          uint16_t port, uint32_t *ret_op);
/** What is worth saving: bytes written (DTT_DHT_STATE_MAX is room enough), 0 while it is nothing.
 */
int dtt_core_dht_state(const struct dtt_core *c, uint8_t *buf, size_t cap);
/** Right after new: takes up what was saved. Nodes known from it, DTT_EPROTO, DTT_ENOMEM. */
int dtt_core_dht_restore(struct dtt_core *c, struct dtt_now now, struct dtt_slice bytes);
void dtt_core_dht_stats(const struct dtt_core *c, struct dtt_dht_stats *ret);
void dtt_core_dht_cancel(struct dtt_core *c, struct dtt_now now, uint32_t op);

void *dtt_core_topic_driver(const struct dtt_topic *t);
uint32_t dtt_core_topic_number(const struct dtt_topic *t);
void *dtt_core_topic_user(const struct dtt_topic *t);
const uint8_t *dtt_core_topic_hash(const struct dtt_topic *t);
int dtt_core_send(struct dtt_topic *t, struct dtt_now now, struct dtt_slice data, unsigned flags);
size_t dtt_core_unsent(const struct dtt_topic *t);
size_t dtt_core_neighbors(const struct dtt_topic *t, struct dtt_id *ret, size_t cap);
void dtt_core_add_peer(struct dtt_topic *t, struct dtt_now now, const struct dtt_peer_addr *peer);
/** The word for an enum dtt_stage. */
const char *dtt_core_stage_word(int stage);
void dtt_core_why(const struct dtt_topic *t, struct dtt_now now, struct dtt_why *ret);

#endif
