/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The NATs between us and a peer that is dialled, and what opens the way through them
 * (docs/protocol/dialling.md): doors (door.h), guesses (pair.h), and neighbours that tell the peer
 * of us (meet.h).
 */
#ifndef DTT_NODE_NATS_H
#define DTT_NODE_NATS_H

#include "node/link.h"

/**
 * The peer with these addresses is behind a NAT. A member tells of the addresses of its interfaces,
 * too: without a private one there is no NAT, whose port a packet of ours could spoil.
 */
bool dtt_nats_has_one(const struct dtt_addr *addrs, size_t n);
/** The peer is seen from outside at an address of ours: it sits behind the same router. */
bool dtt_nats_is_home(const struct dtt_links *p, const struct dtt_race *r);
/** Before a peer is dialled whose record was read: who of the two knocks first, and who dials. */
void dtt_nats_open(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/**
 * A peer of Rust behind a NAT, newer than we are: it dials us, as all newcomers do, and gets in
 * where a dial of ours has opened the way. The one that we make over a relay would stay there.
 */
bool dtt_nats_is_courteous(const struct dtt_links *p, struct dtt_now now,
                           const struct dtt_link *link);
/** A race for it is lost: a dial that came too early may be the reason (door.h). */
void dtt_nats_failed(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link);
/**
 * False: the peer is on hearsay and behind a NAT, and there are as many meetings as there may be.
 * To dial it without one would let a neighbour that names many peers aim at whom it likes.
 */
bool dtt_nats_has_room(struct dtt_links *p, const struct dtt_link *link);
/**
 * Asks neighbours who may know the way through the peer's NAT. A dial on hearsay waits for that: a
 * packet that comes too early can close the way.
 */
void dtt_nats_ask(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/** The same for one that is relayed: it is asked itself, when it has proven itself. */
void dtt_nats_wait(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/**
 * A neighbour has told a peer on hearsay of us: it is not dialled before it has knocked. Where our
 * own router gives us another port for each peer no knock would come in, so silence tells nothing.
 */
void dtt_nats_hold(struct dtt_links *p, struct dtt_link *link);
/** There is a neighbour more: it may help with the dials that are under way. */
void dtt_nats_ask_all(struct dtt_links *p, struct dtt_now now);
/** Knocks at the doors at which it is time. */
void dtt_nats_knock(struct dtt_links *p, struct dtt_now now);

#endif
