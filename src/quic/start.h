/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a connection starts: by our dial, or by a client's Initial packet. */
#ifndef DTT_QUIC_START_H
#define DTT_QUIC_START_H

#include "quic/conn.h"

/*
 * Both take a connection fresh from dtt_qconn_new, which the caller frees when they fail. Errors:
 * DTT_ENOMEM, DTT_ECRYPTO, DTT_EFULL.
 */

/** Prepares the first packet to `peer`. */
int dtt_qstart_dial(struct dtt_qconn *c, const struct dtt_id *peer);
/**
 * Answers the Initial packet with header `hd`; give the packet to dtt_qconn_recv next.
 * `original_dcid` is NULL unless a Retry validated the client's address.
 */
int dtt_qstart_accept(struct dtt_qconn *c, const ngtcp2_pkt_hd *hd,
                      const ngtcp2_cid *original_dcid);

#endif
