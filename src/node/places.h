/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Places for accepted connections: the ranks of their holders, of which base/shares.h chooses the
 * one that makes room.
 */
#ifndef DTT_NODE_PLACES_H
#define DTT_NODE_PLACES_H

#include "node/links.h"

#define DTT_PLACES_ACCEPTED 192         /**< connections that peers made; then some make room */
#define DTT_PLACES_STRANGERS 40         /**< of these, neither needed nor proven */
#define DTT_PLACES_GRACE_NS (5 * DTT_S) /**< a peer that connected has this long to speak */

enum dtt_place_rank {
    DTT_PLACE_SILENT, /**< it had time to speak of a topic of ours, and has not */
    DTT_PLACE_STRANGER,
    DTT_PLACE_PROVEN, /**< it holds the secret of a topic of ours */
    DTT_PLACE_NEEDED  /**< a neighbour, or a peer that we asked to be one */
};

struct dtt_link;

/** STRANGER at least. */
enum dtt_place_rank dtt_places_rank(const struct dtt_links *p, struct dtt_now now,
                                    const struct dtt_link *link);
/** Closes an accepted connection when there is one, or one of a stranger, too many. */
void dtt_places_make_room(struct dtt_links *p, struct dtt_now now);

#endif
