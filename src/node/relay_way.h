/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The way by a relay (relays.h) to the peer of a link. How links use it is told in relayed.h. */
#ifndef DTT_NODE_RELAY_WAY_H
#define DTT_NODE_RELAY_WAY_H

#include "node/link.h"

/** A race without any other way waits so long for a relay to which there is no connection yet. */
#define DTT_RELAY_WAY_PATIENCE_NS (3 * DTT_S)

/** The connection that carries what we say goes by a relay. */
bool dtt_relay_way_is(const struct dtt_link *link);
/** "relay" or "direct". Static. */
const char *dtt_relay_way_word(const struct dtt_link *link);
/** After each change of the connections: tells the log, and of a neighbour the core, if the peer is
 * reached in another way now. */
void dtt_relay_way_tell(struct dtt_links *p, struct dtt_link *link);
/** It does, and a direct way is looked for: the peer is a neighbour; others stay for seconds only.
 */
bool dtt_relay_way_is_left(const struct dtt_link *link);
/** It is, or the peer is dialled: a direct dial is welcome. */
bool dtt_relay_way_wants_direct(const struct dtt_link *link);
/** And a race for a direct way is on. */
bool dtt_relay_way_is_sought(const struct dtt_link *link);
/** The address by which the peer is reached over a relay; false: by none now. */
bool dtt_relay_way_to(const struct dtt_links *p, const struct dtt_link *link, struct dtt_addr *ret);
/** The peer is reached by a relay that is away, or was so a moment ago: its silence means nothing.
 */
bool dtt_relay_way_is_away(const struct dtt_links *p, struct dtt_now now,
                           const struct dtt_link *link);
/** The peer's relay is known: a foreign one is connected to, where a direct way is not to be hoped
 * for, and what is said first goes there. */
void dtt_relay_way_named(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link);
/** The peer could not be reached: the next time its relay is there, if that is foreign. */
void dtt_relay_way_missed(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link);
/** A race begins: the way by a relay takes part. False: there is none, or not yet. */
bool dtt_relay_way_join(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);

/** The search for a direct way goes on then. */
void dtt_relay_way_set_due(struct dtt_links *p, struct dtt_link *link, uint64_t at);
/** If the link is relayed, a direct way is looked for after `delay_ns`. */
void dtt_relay_way_leave(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                         uint64_t delay_ns);
/** There is news for the search, if it is on: a dial has failed, say. */
void dtt_relay_way_go_on(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/** Addresses of the peer have become known. */
void dtt_relay_way_learnt(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                          const struct dtt_addr *addrs, size_t n);

#endif
