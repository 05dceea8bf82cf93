/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* When a connection has its turn: the queue of connections that may send, and the timer of each. */
#ifndef DTT_QUIC_SCHEDULE_H
#define DTT_QUIC_SCHEDULE_H

#include "quic/conn.h"

/** There may be something to send. */
void dtt_qschedule_wake(struct dtt_qconn *c);
/** A PING, which the peer must acknowledge, is to be sent at once. */
void dtt_qschedule_ping(struct dtt_qconn *c);
void dtt_qschedule_sleep(struct dtt_qconn *c);
/** Sets the timer to the next instant at which something is due. */
void dtt_qschedule_arm(struct dtt_qconn *c);

#endif
