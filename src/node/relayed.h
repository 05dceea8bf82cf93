/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Links by relays (relays.h). The way by a relay takes part in each race for a peer, beside the
 * direct ones. It is nearly always there, and never as good: so the search for a direct way goes on
 * once a peer is connected by a relay, from both ends, and a direct connection takes its place.
 *
 *     relayed --- a direct dial connects ----------------------------------> direct
 *        ^                                                                     |
 *        +--- nothing is heard: a connection that we dialled migrates, --------+
 *             one that the peer dialled is made anew over the relay
 */
#ifndef DTT_NODE_RELAYED_H
#define DTT_NODE_RELAYED_H

#include "node/relay_way.h"

/** A direct way that carries nothing is left when words of ours wait for so long ... */
#define DTT_RELAYED_SILENT_NS (2 * DTT_S)
/** ... and the next attempt to leave it comes so much later. */
#define DTT_RELAYED_AGAIN_NS (10 * DTT_S)
/** The search for a direct way pauses so long after a race that was lost, then twice as long ... */
#define DTT_RELAYED_PAUSE_NS (10 * DTT_S)
#define DTT_RELAYED_PAUSE_MAX_NS (640 * DTT_S) /**< ... up to this. */

/** A relay is up: the races under way have one more way, and the peers that are reached by one are
 * to say something. */
void dtt_relayed_up(struct dtt_links *p, struct dtt_now now);
/**
 * Connection k is silent. Those by relays have longer than others before they end, since a relay
 * may be restarted; a peer whose relay serves has no longer than others.
 */
void dtt_relayed_silent(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k);
/** The search goes on where it is time. */
void dtt_relayed_tick(struct dtt_links *p, struct dtt_now now);
/**
 * The peer owes answers: back to the relay, if it has been silent for too long. If it is reached by
 * a relay, that is doubted.
 */
void dtt_relayed_fall_back(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);

#endif
