/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What HyParView sends: each message made from the state, which stays as it is. */
#ifndef DTT_GOSSIP_HYPARVIEW_SEND_H
#define DTT_GOSSIP_HYPARVIEW_SEND_H

#include "gossip/hyparview.h"

/**
 * `via`: the neighbour that named `to`, where nothing else speaks for it, or NULL. False when the
 * outbox is full.
 */
bool dtt_hyparview_send_neighbor(struct dtt_hyparview *h, const struct dtt_id *to,
                                 enum dtt_gossip_priority priority, const struct dtt_id *via);
/** False when the outbox is full. */
bool dtt_hyparview_send_join(struct dtt_hyparview *h, const struct dtt_id *to);
void dtt_hyparview_send_forward_join(struct dtt_hyparview *h, const struct dtt_id *to,
                                     const struct dtt_gossip_node *peer, uint16_t ttl);
/** Some peers of both views to a random neighbour. */
void dtt_hyparview_send_shuffle(struct dtt_hyparview *h);
/** The Shuffle `m` of a third peer. */
void dtt_hyparview_send_forward_shuffle(struct dtt_hyparview *h, const struct dtt_id *to,
                                        const struct dtt_gossip_message *m, uint16_t ttl);
/** A Shuffle without nodes that goes no further: the peer answers it with a ShuffleReply. */
void dtt_hyparview_send_question(struct dtt_hyparview *h, const struct dtt_id *to);
/**
 * Sends Neighbor to each neighbour. A goodbye can be lost (iroh-gossip drops it with the queue of a
 * peer that it is dialling), and a link that only we know would stay for ever. A peer that does not
 * know the link makes us a neighbour or says goodbye again. neighbor_sent_ns is left alone, so that
 * a Neighbor sent in reply is answered in turn: iroh-gossip needs that answer to clear its pending
 * request.
 */
void dtt_hyparview_send_confirmations(struct dtt_hyparview *h);
/** Up to `count` peers. `via` as in dtt_hyparview_send_neighbor. */
void dtt_hyparview_send_shuffle_reply(struct dtt_hyparview *h, const struct dtt_id *to,
                                      size_t count, const struct dtt_id *via);
/** Disconnect, and before it some other peers for the view of `to`. */
void dtt_hyparview_send_goodbye(struct dtt_hyparview *h, const struct dtt_id *to, bool alive);

#endif
