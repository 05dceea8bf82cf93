/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Connections that will end before long, as old ngtcp2 keeps what it had of each stream of the
 * peer's (DTT_QUIC_WORN): another one takes the place of each, and the two sides move over to it.
 */
#ifndef DTT_NODE_WORN_H
#define DTT_NODE_WORN_H

#include "node/links.h"

struct dtt_link;

/**
 * Connection k is worn out. We dial `addr` once more, unless we have left that connection already.
 */
void dtt_worn_replace(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k,
                      const struct dtt_addr *addr);
/** Closes the worn connections that both sides have left. */
void dtt_worn_close(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);

#endif
