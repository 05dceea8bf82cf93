/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* PeerData: what peers say about themselves, mostly their addresses, and what passes it on. */
#ifndef DTT_GOSSIP_PEER_DATA_H
#define DTT_GOSSIP_PEER_DATA_H

#include "gossip/outbox.h"
#include "gossip/view.h"

/** Keeps what a peer says about itself at *slot, and tells it when it is news. */
void dtt_peer_data_learn(const struct dtt_gossip_port *port, struct dtt_gossip_blob **slot,
                         const struct dtt_id *id, const struct dtt_gossip_peer_data *data);
/** The same from a third peer: what a neighbour said itself is not overruled. */
void dtt_peer_data_learn_hearsay(const struct dtt_gossip_port *port,
                                 struct dtt_gossip_peer *neighbor,
                                 const struct dtt_gossip_peer_data *data);
/** What is known of a peer, as it is sent. */
struct dtt_gossip_peer_data dtt_peer_data_of(const struct dtt_gossip_peer *p);

#endif
