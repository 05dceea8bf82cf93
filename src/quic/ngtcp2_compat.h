/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The code is written against the ngtcp2 1.x API; this header gives 0.12.1 (Debian 12) the same
 * names, and hides the few differences that are more than a name behind dtt_ng_* functions.
 *
 * Never set settings.qlog_write: CVE-2026-40170 (stack overflow in the qlog of transport
 * parameters) is open in some of the 1.x packages.
 */
#ifndef DTT_QUIC_NGTCP2_COMPAT_H
#define DTT_QUIC_NGTCP2_COMPAT_H

#include "base/bytes.h"

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

/** It frees nothing of a stream that the peer has ended. */
#define DTT_NG_KEEPS_STREAMS (NGTCP2_VERSION_NUM < 0x000d00)
/** See frames.h. */
#define DTT_NG_NEEDS_FRAME_GUARD (NGTCP2_VERSION_NUM < 0x010500)

#if NGTCP2_VERSION_NUM < 0x010000

/* clang-format off */
#    define ngtcp2_ccerr                        ngtcp2_connection_close_error
#    define ngtcp2_ccerr_default                ngtcp2_connection_close_error_default
#    define ngtcp2_ccerr_set_application_error  ngtcp2_connection_close_error_set_application_error
#    define ngtcp2_ccerr_set_liberr \
         ngtcp2_connection_close_error_set_transport_error_liberr
#    define ngtcp2_ccerr_set_tls_alert \
         ngtcp2_connection_close_error_set_transport_error_tls_alert
#    define NGTCP2_CCERR_TYPE_APPLICATION       NGTCP2_CONNECTION_CLOSE_ERROR_CODE_TYPE_APPLICATION
#    define NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN2   NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN
#    define NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY2    NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY
#    define ngtcp2_crypto_generate_retry_token2 ngtcp2_crypto_generate_retry_token
#    define ngtcp2_crypto_verify_retry_token2   ngtcp2_crypto_verify_retry_token
#    define ngtcp2_encryption_level             ngtcp2_crypto_level
#    define ngtcp2_conn_info                    ngtcp2_conn_stat
#    define ngtcp2_conn_get_conn_info           ngtcp2_conn_get_conn_stat
#    define ngtcp2_conn_shutdown_stream(conn, flags, stream, code) \
         ngtcp2_conn_shutdown_stream(conn, stream, code)
/* clang-format on */

/* What ngtcp2 allocates for a connection before its peer opens a stream. */
#    define DTT_NG_CONN_BYTES ((size_t)66 * 1024)

/* Type of the second parameter of an ngtcp2_connection_id_status callback. */
typedef int dtt_ng_cid_status;

static inline void dtt_ng_peer_error(ngtcp2_conn *conn, ngtcp2_ccerr *ret)
{
    ngtcp2_conn_get_connection_close_error(conn, ret);
}

static inline struct dtt_slice dtt_ng_token(const ngtcp2_pkt_hd *hd)
{
    return dtt_slice(hd->token.base, hd->token.len);
}

/** The address was validated by the Retry token in `hd`. */
static inline void dtt_ng_set_token(ngtcp2_settings *settings, const ngtcp2_pkt_hd *hd)
{
    settings->token = hd->token;
}

static inline void dtt_ng_set_original_dcid(ngtcp2_transport_params *params, const ngtcp2_cid *cid)
{
    params->original_dcid = *cid;
}

/* A parameter of an ngtcp2_path_validation callback. */
#    define DTT_NG_OLD_PATH

#else

/* What ngtcp2 allocates for a connection before its peer opens a stream. */
#    define DTT_NG_CONN_BYTES ((size_t)34 * 1024)

/* Type of the second parameter of an ngtcp2_connection_id_status callback. */
typedef ngtcp2_connection_id_status_type dtt_ng_cid_status;

static inline void dtt_ng_peer_error(ngtcp2_conn *conn, ngtcp2_ccerr *ret)
{
    *ret = *ngtcp2_conn_get_ccerr(conn);
}

static inline struct dtt_slice dtt_ng_token(const ngtcp2_pkt_hd *hd)
{
    return dtt_slice(hd->token, hd->tokenlen);
}

/** The address was validated by the Retry token in `hd`. */
static inline void dtt_ng_set_token(ngtcp2_settings *settings, const ngtcp2_pkt_hd *hd)
{
    settings->token = hd->token;
    settings->tokenlen = hd->tokenlen;
    settings->token_type = NGTCP2_TOKEN_TYPE_RETRY;
}

static inline void dtt_ng_set_original_dcid(ngtcp2_transport_params *params, const ngtcp2_cid *cid)
{
    params->original_dcid = *cid;
    params->original_dcid_present = 1;
}

/* A parameter of an ngtcp2_path_validation callback. */
#    define DTT_NG_OLD_PATH const ngtcp2_path *old_path,

#endif

/** Bytes on the way and not yet acknowledged, round trip time: what changes all the time. */
static inline ngtcp2_conn_info dtt_ng_info(ngtcp2_conn *conn)
{
    ngtcp2_conn_info info;
    ngtcp2_conn_get_conn_info(conn, &info);
    return info;
}

#endif
