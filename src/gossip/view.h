/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A view of HyParView: a bounded set of peers and what is known of them. Order depends only on the
 * calls made: new peers come last, a removal moves the last one into the gap.
 */
#ifndef DTT_GOSSIP_VIEW_H
#define DTT_GOSSIP_VIEW_H

#include "base/bucket.h"
#include "base/rng.h"
#include "gossip/blob.h"
#include "gossip/message.h"

#define DTT_GOSSIP_ACTIVE_MAX 16 /* bounds of what a configuration may ask for */
#define DTT_GOSSIP_PASSIVE_MAX 64

struct dtt_gossip_peer {
    struct dtt_id id;
    struct dtt_gossip_blob *data; /**< its PeerData, or NULL */
    uint64_t came_ns;             /**< active view */
    uint64_t neighbor_sent_ns;    /**< active view: when we last sent it Neighbor */
    uint64_t heard_ns;            /**< active view: when it last said anything */
    bool is_asked;                /**< active view: it was asked whether it is there, since then */
    uint64_t connection;          /**< active view: on which it came, or came anew */
    uint64_t host, network;       /**< active view: see struct dtt_gossip_source */
    bool is_proven;               /**< known to hold the secret, when it came or since */
    bool is_useful;               /**< active view: brings messages first */
    bool is_silent;               /**< active view: passes nothing on */
    uint8_t names_unanswered;     /**< active view: peers that it named, in a row */
    uint64_t unheeded_until_ns;   /**< active view: what it names is not taken */
    struct dtt_bucket walks; /**< active view: walks (Shuffle, ForwardJoin) that it may pass on */
    bool is_hearsay;         /**< passive view: it was named by others, and that is all */
    struct dtt_id via;       /**< hearsay: the neighbour that named it; zero: a stranger */
    bool is_polite;          /**< passive view: its connection ends in good order, so that is
                                  no reason to forget it */
};

struct dtt_gossip_view {
    size_t n;
    size_t max;
    struct dtt_gossip_peer *peers; /**< room for `max` */
};

/** Frees what is known of the peers. */
void dtt_gossip_view_fini(struct dtt_gossip_view *v);
/** The peer, or NULL. Valid until the view changes. */
struct dtt_gossip_peer *dtt_gossip_view_find(const struct dtt_gossip_view *v,
                                             const struct dtt_id *id);
/** Adds a peer that is not there, to a view that is not full. */
struct dtt_gossip_peer *dtt_gossip_view_add(struct dtt_gossip_view *v, const struct dtt_id *id);
/** Removes a peer; its data belongs to the caller. */
struct dtt_gossip_peer dtt_gossip_view_take(struct dtt_gossip_view *v, struct dtt_gossip_peer *p);
/** Removes a peer and frees its data. */
void dtt_gossip_view_drop(struct dtt_gossip_view *v, struct dtt_gossip_peer *p);
/** How many are proven. */
size_t dtt_gossip_view_proven(const struct dtt_gossip_view *v);
/** A random peer, or NULL. */
struct dtt_gossip_peer *dtt_gossip_view_pick(const struct dtt_gossip_view *v, struct dtt_rng *rng);

#endif
