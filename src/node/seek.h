/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Neighbours behind NATs that are not heard any more. Some carriers give a home another outside
 * port after a minute, however busy the old one is: the router before the peer then drops what we
 * send, or the one before us what the peer does. A neighbour of both hears both and can tell each
 * where the other one is now (meet.h). Where there is none, the slots of its topics tell: their
 * readers learn from the answers how they are seen, and publish that.
 *
 * An old connection is kept: it may come back when one of us knocks or dials. A new one takes its
 * place when it is made.
 */
#ifndef DTT_NODE_SEEK_H
#define DTT_NODE_SEEK_H

#include "node/link.h"

#define DTT_SEEK_AGAIN_NS (2 * DTT_S) /**< between two attempts */

/** Looks for the peer of a link if it is a neighbour behind a NAT that is not heard. */
void dtt_seek(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/** Addresses of a peer have become known: if it is sought, it is dialled at a new one. */
void dtt_seek_learnt(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id);
/** A peer has knocked from an address: if it is sought, it is dialled there. */
void dtt_seek_met(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                  const struct dtt_addr *addr);
/** The next peer that slots are to be read for, or false. */
bool dtt_seek_next(struct dtt_links *p, struct dtt_id *ret);

#endif
