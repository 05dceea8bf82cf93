/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The peers that HyParView asks, and what follows when no answer comes. */
#ifndef DTT_GOSSIP_HYPARVIEW_ASK_H
#define DTT_GOSSIP_HYPARVIEW_ASK_H

#include "gossip/hyparview.h"

/**
 * Remembers for a while that the peer was sent something. `via`: the neighbour that named it, where
 * nothing else speaks for it, or NULL. False when there is no room.
 */
bool dtt_hyparview_ask_add(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *id,
                           enum dtt_request_kind kind, const struct dtt_id *via);
/** Sends Neighbor to a peer outside the active view, unless it was asked. `data` may be NULL. */
void dtt_hyparview_ask(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *id,
                       enum dtt_gossip_priority priority, const struct dtt_gossip_peer_data *data,
                       const struct dtt_id *via);
/**
 * When fewer neighbours are there or asked for than wanted, asks one more: a random passive peer,
 * not `skip` (or NULL). With strangers among the neighbours it is a proven one, as long as fewer of
 * them are there than wanted; otherwise those few that are known would be asked by all. Each
 * request that fails leads here again, so one at a time is enough.
 */
void dtt_hyparview_ask_next(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *skip);
/**
 * A neighbour made room for `skip`. While none has brought anything, all may have come to keep us
 * from the swarm: now and then a proven peer is asked that did not come by itself.
 */
void dtt_hyparview_ask_out(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *skip);
/** A peer that was asked is there, or is not: the neighbour that named it is judged by that. */
void dtt_hyparview_ask_judge(struct dtt_hyparview *h, struct dtt_now now,
                             const struct dtt_request *r, bool is_there);
/** The time of a request, whose timer was just taken out, is over. */
void dtt_hyparview_ask_over(struct dtt_hyparview *h, struct dtt_now now, struct dtt_request *r);

#endif
