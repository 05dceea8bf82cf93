/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A connection's path when the addresses or routes of a host change. Our own end: the address that
 * we are reached at belongs to the path. What is sent leaves from it as long as the host has it,
 * else from the one the kernel chooses. After a change each connection is asked for a sign that it
 * is still heard. If none comes in time, a connection that we dialled leaves the choice to the
 * kernel: to the server that is a client behind a NAT with a new address. A client need not listen
 * to more than one address of its server, so an accepted connection counts as lost: the user is
 * told, and may dial the client.
 *
 * The other end: ngtcp2 validates the new path of a client. What comes from a new address of a
 * server it drops (RFC 9000, section 9). Only clients migrate, so we do, on this sign: to the path
 * that leads there, as soon as it is validated. Anybody on the way may copy a datagram to us from
 * an address of his choice, so that costs little: the server must be silent elsewhere, and there
 * are few trials.
 */
#ifndef DTT_QUIC_MOVE_H
#define DTT_QUIC_MOVE_H

#include "quic/conn.h"

/** A sign is waited for three PTO, but so long at least and at most. */
#define DTT_QMOVE_MIN_NS (250 * DTT_MS)
#define DTT_QMOVE_MAX_NS DTT_S
/** Trials of a server's new address: so many at once, and seconds for one more. */
#define DTT_QMOVE_TRIALS 3
#define DTT_QMOVE_TRIAL_S 10

/**
 * So long at least nothing is read from the address that a client has left: ngtcp2 0.12.1 may still
 * probe the length of datagrams on the new path, and an assertion fails if the client goes back.
 */
#define DTT_QMOVE_LEFT_NS (4 * DTT_S)

/** The times and trials of a new connection. */
void dtt_qmove_init(struct dtt_qconn *c);
/** A datagram came to `local`, which ngtcp2 must know before it reads it. */
void dtt_qmove_learn(struct dtt_qconn *c, const struct dtt_addr *local,
                     const struct dtt_addr *remote);
/** A datagram came from `remote`, which may be where the server is now. */
void dtt_qmove_follow(struct dtt_qconn *c, const struct dtt_addr *local,
                      const struct dtt_addr *remote);
/** The peer is about to be taken for moved from `remote`. */
void dtt_qmove_left(struct dtt_qconn *c);
/** What comes from there is not to be read. */
bool dtt_qmove_is_left(const struct dtt_qconn *c, const struct dtt_addr *remote);
/** The host's addresses or routes have changed. */
void dtt_qmove_start(struct dtt_qconn *c);
/** The time for a sign (c->move.until_ns) is over. */
void dtt_qmove_tick(struct dtt_qconn *c);

#endif
