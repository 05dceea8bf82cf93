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
/** So long after its goodbye a peer that ends the connection, too, may take. */
#define DTT_FLIGHT_PART_NS (50 * DTT_MS)

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
/**
 * The peer has left the topic of the stream. What it acknowledges from now on it may have passed
 * by, or read before: that counts when the connection ends within DTT_FLIGHT_PART_NS, for who
 * ends it hears nothing after leaving. dtt_flight_over then lets go of the rest; true while there
 * are some to wait for.
 */
void dtt_flight_part(struct dtt_flight *f, struct dtt_now now, int64_t stream);
bool dtt_flight_over(struct dtt_flight *f, struct dtt_now now);
/** The connection has ended: lets go of all that were acknowledged before. */
void dtt_flight_end(struct dtt_flight *f, const struct dtt_transport *t, dtt_quic_conn conn);

#endif
