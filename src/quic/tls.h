/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * TLS 1.3 with Ed25519 raw public keys on both sides (RFC 7250), as iroh 1.x speaks it. The only
 * file that knows GnuTLS.
 */
#ifndef DTT_QUIC_TLS_H
#define DTT_QUIC_TLS_H

#include "quic/ngtcp2_compat.h"

#include <dtt/types.h>

#define DTT_QTLS_ALPN_MAX 255
/* A TLS alert (RFC 8446, section 6) that we tell from others. */
#define DTT_QTLS_ALERT_NO_APPLICATION_PROTOCOL 120

/** Our key and parameters, shared by all sessions of an endpoint. */
struct dtt_qtls;

/** DTT_EINVAL (ALPN not 1..255 bytes long), DTT_ENOMEM, DTT_ECRYPTO. */
int dtt_qtls_new(struct dtt_qtls **ret, const uint8_t seed[32], const char *alpn);
void dtt_qtls_free(struct dtt_qtls *t);
const struct dtt_id *dtt_qtls_id(const struct dtt_qtls *t);

/** One handshake. Must not move while it lives. */
struct dtt_qtls_session {
    ngtcp2_crypto_conn_ref ref; /**< by which ngtcp2's helper finds the connection */
    const struct dtt_qtls *tls;
    void *native; /**< for ngtcp2_conn_set_tls_native_handle; NULL when ended */
    struct dtt_id peer;
    bool is_client;
    bool is_verified; /**< the peer proved to own `peer` */
    bool is_wrong_key;
};

/**
 * A client demands that the server is `expect`; a server (NULL) takes any key. `ref` is copied.
 * DTT_ECRYPTO.
 */
int dtt_qtls_start(struct dtt_qtls_session *s, const struct dtt_qtls *t,
                   const ngtcp2_crypto_conn_ref *ref, const struct dtt_id *expect);
/** Frees the session, which QUIC does not need after the handshake; the result stays readable. */
void dtt_qtls_end(struct dtt_qtls_session *s);
/** After the handshake: keying material of this connection (RFC 8446, section 7.5). */
bool dtt_qtls_export(const struct dtt_qtls_session *s, const char *label, uint8_t *ret, size_t len);
/** To be called when the handshake has completed: whether the peer speaks our protocol. */
bool dtt_qtls_is_alpn_agreed(const struct dtt_qtls_session *s);

#endif
