/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How a connection starts: by our dial, or by a client's Initial packet. */
#ifndef DTT_QUIC_START_H
#define DTT_QUIC_START_H

#include "quic/conn.h"

/** DTT_ENOMEM, DTT_ECRYPTO */
int dtt_qstart_dial(struct dtt_qconn **ret, struct dtt_qshared *sh, dtt_quic_conn handle,
                    const struct dtt_id *peer, const struct dtt_addr *local,
                    const struct dtt_addr *remote);
/**
 * Answers the Initial packet with header `hd`; give the packet to dtt_qconn_recv next.
 * `original_dcid` is NULL unless a Retry validated the client's address.
 */
int dtt_qstart_accept(struct dtt_qconn **ret, struct dtt_qshared *sh, dtt_quic_conn handle,
                      const ngtcp2_pkt_hd *hd, const ngtcp2_cid *original_dcid,
                      const struct dtt_addr *local, const struct dtt_addr *remote);

#endif
