/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Lazy push: announcements (IHave) wait in a queue of each neighbour and go out together, a
 * dispatch period after the first of them. A new neighbour is announced all that we keep of the
 * last 30 s, and what is older once it asks.
 */
#ifndef DTT_GOSSIP_PLUMTREE_LAZY_H
#define DTT_GOSSIP_PLUMTREE_LAZY_H

#include "gossip/plumtree.h"

/** Announces a message to a neighbour, soon. */
void dtt_plumtree_lazy_push(struct dtt_plumtree *p, struct dtt_now now,
                            struct dtt_plumtree_peer *peer, const struct dtt_gossip_message_id *id,
                            uint16_t round);
/** Announces the contents that we keep of the last 30 s to a neighbour, soon. */
void dtt_plumtree_lazy_catch_up(struct dtt_plumtree *p, struct dtt_now now,
                                struct dtt_plumtree_peer *peer);
/** The neighbour asks for messages up to that age. It is told of them once. */
void dtt_plumtree_lazy_asked(struct dtt_plumtree *p, struct dtt_now now,
                             struct dtt_plumtree_peer *peer, uint64_t age_ns);
/** Has the announcements for `peer` sent soon, or at once when no timer can be had. */
void dtt_plumtree_lazy_soon(struct dtt_plumtree *p, struct dtt_now now,
                            struct dtt_plumtree_peer *peer);
/** The dispatch timer fired: sends all announcements that wait. */
void dtt_plumtree_lazy_dispatch_all(struct dtt_plumtree *p, struct dtt_now now);

#endif
