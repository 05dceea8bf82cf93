/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The gossip swarm of iroh-gossip 0.101 as a state machine: HyParView membership and PlumTree
 * broadcast for several topics over shared peers. Knows no QUIC: it asks for messages to be sent
 * to peers by id, and learns from outside when a peer's connection ended.
 */
#ifndef DTT_GOSSIP_GOSSIP_H
#define DTT_GOSSIP_GOSSIP_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/time.h"
#include "codec/json.h"

#include <dtt/types.h>

#define DTT_GOSSIP_ALPN "/iroh-gossip/1"
#define DTT_GOSSIP_PAYLOAD_MAX 4095 /**< largest frame payload written; 4096 is read */
#define DTT_GOSSIP_CONTENT_MAX 4057 /**< largest broadcast content, swarm scope */
#define DTT_GOSSIP_PEER_DATA_MAX 512

struct dtt_gossip;

struct dtt_gossip_topic_id {
    uint8_t bytes[32];
};

/** The sender of a frame. Opaque numbers; 0: unknown. */
struct dtt_gossip_source {
    struct dtt_id id;
    uint64_t connection;
    uint64_t host;    /**< its IPv4 address or IPv6 /64 */
    uint64_t network; /**< its IPv4 /24 or IPv6 /48 */
};

/** What a topic's neighbours are worth. */
struct dtt_gossip_facts {
    size_t neighbors;
    size_t proven; /**< of them: known to hold the secret */
    size_t silent; /**< of them: pass nothing on */
    size_t slow;   /**< of them: read slowly */
};

enum dtt_gossip_scope { DTT_GOSSIP_SWARM, DTT_GOSSIP_NEIGHBORS };

/** What a topic keeps for members that were away, besides the messages of the last 30 s. */
struct dtt_gossip_window {
    uint64_t ns;       /**< messages go at this age; 30 s at least, 540 s at most */
    uint32_t messages; /**< older ones than 30 s stay while all are no more than this */
    uint32_t bytes;    /**< and their contents together no larger than this */
};

/** Zero in a field means iroh-gossip's default. */
struct dtt_gossip_config {
    struct dtt_id me;
    uint32_t active_view;  /**< 5 */
    uint32_t passive_view; /**< 30 */
    uint64_t shuffle_ns;   /**< 60 s */
    uint32_t max_topics;   /**< 64 */
};

int dtt_gossip_new(struct dtt_gossip **ret, struct dtt_ctx *ctx,
                   const struct dtt_gossip_config *cfg);
void dtt_gossip_free(struct dtt_gossip *g);

/* ---- input */

/** Starts a topic with no peers. DTT_ESTATE when it exists, DTT_EFULL, DTT_ENOMEM. */
int dtt_gossip_subscribe(struct dtt_gossip *g, struct dtt_now now,
                         const struct dtt_gossip_topic_id *topic);
/** Before the topic has peers. Without it nothing older than 30 s is kept. */
void dtt_gossip_set_window(struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic,
                           const struct dtt_gossip_window *window);
/** Says goodbye to the topic's neighbours and drops its state. Gives no NEIGHBOR_DOWN. */
void dtt_gossip_quit(struct dtt_gossip *g, struct dtt_now now,
                     const struct dtt_gossip_topic_id *topic);
/**
 * Sends HyParView Join to a peer (the caller makes the connection); nothing when it is a neighbour
 * already. `was_neighbor`: it was one until it fell silent, which its former neighbours need not be
 * told. Nobody answers for sure: ask again later. DTT_ESTATE, DTT_EINVAL (self), DTT_ENOMEM.
 */
int dtt_gossip_join_peer(struct dtt_gossip *g, struct dtt_now now,
                         const struct dtt_gossip_topic_id *topic, const struct dtt_id *peer,
                         bool was_neighbor);
/**
 * DTT_ETOOBIG, DTT_ESTATE (topic unknown), DTT_ENOMEM. To the swarm, a content whose id
 * is known is not sent again (peers would drop it): DTT_OK, counted.
 */
int dtt_gossip_broadcast(struct dtt_gossip *g, struct dtt_now now,
                         const struct dtt_gossip_topic_id *topic, enum dtt_gossip_scope scope,
                         struct dtt_slice content);
/**
 * One frame payload from a peer. DTT_EPROTO when it does not parse: the caller closes the
 * connection (never stops a single stream: that blocks a Rust peer). DTT_ESTATE for a topic that
 * we are not in, counted.
 */
int dtt_gossip_recv(struct dtt_gossip *g, struct dtt_now now, const struct dtt_gossip_source *from,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice payload);
/**
 * The peer cannot be reached any more: its connection ended, or dialling it failed.
 */
void dtt_gossip_peer_gone(struct dtt_gossip *g, struct dtt_now now, const struct dtt_id *peer,
                          enum dtt_reason reason);
/** Not all that was sent to the peer has arrived: it hears once more of what is kept. */
void dtt_gossip_remind(struct dtt_gossip *g, struct dtt_now now, const struct dtt_id *peer);
/** The peer acknowledges nothing, or does again: what it owes is not asked for until it does. */
void dtt_gossip_set_silent(struct dtt_gossip *g, const struct dtt_id *peer, bool is_silent);
/** The peer reads slowly: it gets announcements instead of messages until it does not any more. */
void dtt_gossip_set_slow(struct dtt_gossip *g, struct dtt_now now, const struct dtt_id *peer,
                         bool is_slow);
/** The peer is known to hold the topic's secret. Unknown topics are ignored. */
void dtt_gossip_prove(struct dtt_gossip *g, struct dtt_now now,
                      const struct dtt_gossip_topic_id *topic, const struct dtt_id *peer);
/**
 * Own PeerData (encoded AddrInfo), sent with Join and Neighbor from now on. DTT_ETOOBIG,
 * DTT_ENOMEM; the old one stays then.
 */
int dtt_gossip_set_peer_data(struct dtt_gossip *g, struct dtt_slice data);
/** All neighbours are told our PeerData at once, not only by and by. */
void dtt_gossip_confirm(struct dtt_gossip *g, struct dtt_now now);
/**
 * A message to be sent has waited: if it carries our own PeerData, it is written anew with that of
 * now. False: it stays as it is.
 */
bool dtt_gossip_renew(const struct dtt_gossip *g, struct dtt_slice payload, struct dtt_writer *w);

/* ---- output */

enum dtt_gossip_action_type {
    DTT_GOSSIP_SEND,       /**< payload to peer, on our stream of the topic; dial when needed */
    DTT_GOSSIP_DISCONNECT, /**< no topic needs the peer any more: the connection may go */
    DTT_GOSSIP_MUTE, /**< a neighbour says nothing though asked: its connection may be at fault */
    DTT_GOSSIP_REFUSED,   /**< a peer that was to be joined is not taken now, or does not take us,
                               and there is no neighbour */
    DTT_GOSSIP_PEER_DATA, /**< AddrInfo of `peer` was learnt: data */
    DTT_GOSSIP_NEIGHBOR_UP,
    DTT_GOSSIP_NEIGHBOR_DOWN, /**< reason is set */
    DTT_GOSSIP_RECEIVED       /**< content in data, from = peer */
};

struct dtt_gossip_action {
    enum dtt_gossip_action_type type;
    struct dtt_gossip_topic_id topic;
    struct dtt_id peer;
    bool last;                   /**< SEND: a Disconnect; finish the stream after it */
    bool is_hearsay;             /**< SEND: only `via` vouches for the peer */
    struct dtt_id via;           /**< SEND on hearsay: the peer that named this one */
    enum dtt_reason reason;      /**< NEIGHBOR_DOWN: DISCONNECT, REPLACED or peer_gone's */
    enum dtt_gossip_scope scope; /**< RECEIVED */
    uint8_t hash[32];            /**< RECEIVED: SHA-512(content)[..32], what records advertise */
    struct dtt_slice data;       /**< SEND, PEER_DATA, RECEIVED; valid until the next call into g */
    struct dtt_gossip_blob *own; /**< SEND: `data` is a broadcast of our own that nobody is known to
                                    have, or NULL. Who carries it holds a reference until then */
};

/** Next action in order, or false. The caller drains it after each input and tick. */
bool dtt_gossip_next(struct dtt_gossip *g, struct dtt_gossip_action *ret);

/** Own broadcasts on the topic that nobody is known to have. */
struct dtt_gossip_open {
    size_t messages;
    size_t bytes;
};
struct dtt_gossip_open dtt_gossip_open(const struct dtt_gossip *g,
                                       const struct dtt_gossip_topic_id *topic);
/** Own broadcasts on the topic that were lost since this was last asked. */
uint64_t dtt_gossip_take_lost(struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic);

/** The peer is known to hold the secret of a topic that we are in. */
bool dtt_gossip_is_proven(const struct dtt_gossip *g, struct dtt_now now,
                          const struct dtt_id *peer);
/** A topic needs the peer: as a neighbour, or because an answer of it is awaited. */
bool dtt_gossip_needs(const struct dtt_gossip *g, const struct dtt_id *peer);
/** Adds the topic's views to the open object, see dtt_swarm_snapshot. */
void dtt_gossip_snapshot(struct dtt_json *j, const struct dtt_gossip *g,
                         const struct dtt_gossip_topic_id *topic);
struct dtt_gossip_facts dtt_gossip_facts(const struct dtt_gossip *g,
                                         const struct dtt_gossip_topic_id *topic);
bool dtt_gossip_is_neighbor(const struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic,
                            const struct dtt_id *peer);
/** Writes up to cap ids of the active view; returns how many there are. */
size_t dtt_gossip_neighbors(const struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic,
                            struct dtt_id *ret, size_t cap);

/* ---- time */
uint64_t dtt_gossip_deadline(const struct dtt_gossip *g);
void dtt_gossip_tick(struct dtt_gossip *g, struct dtt_now now);

#endif
