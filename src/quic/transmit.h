/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The sending half of a connection: our streams take turns and fill datagrams. */
#ifndef DTT_QUIC_TRANSMIT_H
#define DTT_QUIC_TRANSMIT_H

#include "quic/conn.h"

/** As dtt_quic_open_uni and dtt_quic_write. */
int dtt_qtransmit_open(struct dtt_qconn *c, int64_t *ret_stream);
int dtt_qtransmit_write(struct dtt_qconn *c, int64_t stream, struct dtt_slice data, bool fin);

/**
 * Writes the next datagram into `dest` (DTT_QMTU_MAX bytes) and returns its length; 0
 * when there is nothing to send now, and the connection sleeps.
 */
size_t dtt_qtransmit_next(struct dtt_qconn *c, uint8_t *dest, struct dtt_qroute *ret);

/* For callbacks.c: */
void dtt_qtransmit_acked(struct dtt_qconn *c, struct dtt_qstream *s, uint64_t end);
/** The peer raised its window for the stream. */
void dtt_qtransmit_unblock(struct dtt_qconn *c, struct dtt_qstream *s);
/** ngtcp2 has closed one of our streams. */
void dtt_qtransmit_forget(struct dtt_qconn *c, struct dtt_qstream *s);

#endif
