/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/params.h"

/* A peer's UDP payloads may be as large as iroh's (noq) are at most. */
#define MAX_UDP_PAYLOAD 1472
/* As iroh offers ids: enough for a peer that changes its path. */
#define ACTIVE_CID_LIMIT 7

void dtt_qparams_settings(struct dtt_qshared *sh, ngtcp2_settings *ret)
{
    ngtcp2_settings_default(ret);
    ret->initial_ts = sh->now_ns;
    ret->rand_ctx.native_handle = &sh->rng;
    /* The connection keeps this one itself: a client has to wait for confirmation too. */
    ret->handshake_timeout = UINT64_MAX;
    ret->max_tx_udp_payload_size = DTT_QCONN_DATAGRAM_MAX;
}

void dtt_qparams_transport(const struct dtt_qshared *sh, ngtcp2_transport_params *ret)
{
    ngtcp2_transport_params_default(ret);
    ret->initial_max_streams_uni = DTT_QCONN_STRANGER_STREAMS_MAX;
    ret->initial_max_streams_bidi = DTT_QCONN_BIDI_MAX;
    ret->initial_max_stream_data_uni = DTT_QCONN_STREAM_WINDOW;
    ret->initial_max_stream_data_bidi_remote = DTT_QCONN_BIDI_WINDOW;
    ret->initial_max_data = DTT_QCONN_STRANGER_WINDOW;
    ret->max_idle_timeout = sh->idle_timeout_ns;
    ret->max_udp_payload_size = MAX_UDP_PAYLOAD;
    ret->active_connection_id_limit = ACTIVE_CID_LIMIT;
}
