/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Our own end of a connection's path when the host's addresses or routes change. The address that
 * we are reached at belongs to the path: what is sent leaves from it as long as the host has it,
 * else from the one the kernel chooses. After a change each connection is asked for a sign that it
 * is still heard. If none comes in time, a connection that we dialled leaves the choice to the
 * kernel: to the server that is a client behind a NAT with a new address. A client listens to one
 * address of its server only, so an accepted connection is lost: the user is told, and may dial the
 * client.
 */
#ifndef DTT_QUIC_MOVE_H
#define DTT_QUIC_MOVE_H

#include "quic/conn.h"

/** A sign is waited for three PTO, but so long at least and at most. */
#define DTT_QMOVE_MIN_NS (250 * DTT_MS)
#define DTT_QMOVE_MAX_NS DTT_S

/** A datagram came to `local`, which ngtcp2 must know before it reads it. */
void dtt_qmove_learn(struct dtt_qconn *c, const struct dtt_addr *local,
                     const struct dtt_addr *remote);
/** The host's addresses or routes have changed. */
void dtt_qmove_start(struct dtt_qconn *c);
/** The time for a sign (c->move.until_ns) is over. */
void dtt_qmove_tick(struct dtt_qconn *c);

#endif
