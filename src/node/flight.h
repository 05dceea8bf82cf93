/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Broadcasts of our own that are under way on one connection, in the order in which they were
 * written. Each is held until the peer has acknowledged it, or the connection ends. The bytes lie
 * in gossip's blob, which the message memory keeps for 30 s anyway, so a message costs a mark here.
 */
#ifndef DTT_NODE_FLIGHT_H
#define DTT_NODE_FLIGHT_H

#include "base/ring.h"
#include "gossip/blob.h"
#include "node/transport.h"

/**
 * Marks a connection. A neighbour with 192 KiB that it has not acknowledged gets announcements
 * instead (backlog.h), and a frame has 40 bytes at least: room for all.
 */
#define DTT_FLIGHT_MAX 8192

struct dtt_flight {
    struct dtt_ring marks;
};

void dtt_flight_init(struct dtt_flight *f);
/** Lets go of all. True when some had not been acknowledged. */
bool dtt_flight_fini(struct dtt_flight *f);
/** `blob` is what was written to the stream last. DTT_EFULL, DTT_ENOMEM: it is not followed. */
int dtt_flight_add(struct dtt_flight *f, const struct dtt_transport *t, dtt_quic_conn conn,
                   int64_t stream, struct dtt_gossip_blob *blob);
/** Lets go of those that have been acknowledged. */
void dtt_flight_settle(struct dtt_flight *f, const struct dtt_transport *t, dtt_quic_conn conn);
/** The peer wants no more of the stream. */
void dtt_flight_stop(struct dtt_flight *f, int64_t stream);

#endif
