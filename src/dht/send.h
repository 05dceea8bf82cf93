/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The one way out of the node: what politeness allows is queued, the rest is counted. */
#ifndef DTT_DHT_SEND_H
#define DTT_DHT_SEND_H

#include "dht/dht.h"
#include "dht/polite.h"

/**
 * DTT_EAGAIN: the budget of all datagrams is used up until polite_ready. DTT_EREFUSED: not to this
 * address now. DTT_EFULL: the queue is full.
 */
int dtt_send_datagram(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                      enum dtt_polite_kind kind, struct dtt_slice data);

#endif
