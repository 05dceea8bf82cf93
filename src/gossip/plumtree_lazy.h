/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Lazy push: announcements (IHave) wait in a queue of each neighbour and go out together, a
 * dispatch period after the first of them. A new neighbour is announced all that we keep.
 */
#ifndef DTT_GOSSIP_PLUMTREE_LAZY_H
#define DTT_GOSSIP_PLUMTREE_LAZY_H

#include "gossip/plumtree.h"

/** Announces a message to a neighbour, soon. */
void dtt_plumtree_lazy_push(struct dtt_plumtree *p, struct dtt_now now,
                            struct dtt_plumtree_peer *peer, const struct dtt_gossip_message_id *id,
                            uint16_t round);
/** Announces the contents that we keep to a neighbour, soon. */
void dtt_plumtree_lazy_catch_up(struct dtt_plumtree *p, struct dtt_now now,
                                struct dtt_plumtree_peer *peer);
/** The round of a catch-up announcement for a content that ends at `until_ns` (not yet over). */
uint16_t dtt_plumtree_lazy_round(uint64_t until_ns, uint64_t now_ns);
/** Has the announcements for `peer` sent soon, or at once when no timer can be had. */
void dtt_plumtree_lazy_soon(struct dtt_plumtree *p, struct dtt_now now,
                            struct dtt_plumtree_peer *peer);
/** The dispatch timer fired: sends all announcements that wait. */
void dtt_plumtree_lazy_dispatch_all(struct dtt_plumtree *p, struct dtt_now now);

#endif
