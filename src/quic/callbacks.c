/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/callbacks.h"

#include "quic/frames.h"
#include "quic/migrate.h"
#include "quic/path.h"
#include "quic/transmit.h"

/* ngtcp2 says what its callbacks are given. */
#pragma GCC diagnostic ignored "-Wunused-parameter"

static int on_decrypt(uint8_t *dest, const ngtcp2_crypto_aead *aead,
                      const ngtcp2_crypto_aead_ctx *aead_ctx, const uint8_t *ciphertext,
                      size_t ciphertext_len, const uint8_t *nonce, size_t nonce_len,
                      const uint8_t *aad, size_t aad_len)
{
    int rv = ngtcp2_crypto_decrypt_cb(dest, aead, aead_ctx, ciphertext, ciphertext_len, nonce,
                                      nonce_len, aad, aad_len);
    if (rv == 0 && DTT_NG_NEEDS_FRAME_GUARD) {
        dtt_qframes_retire_nothing(dest, ciphertext_len - aead->max_overhead);
    }
    return rv;
}

static void on_rand(uint8_t *dest, size_t len, const ngtcp2_rand_ctx *rand_ctx)
{
    dtt_rng_bytes(rand_ctx->native_handle, dest, len);
}

static int on_path_challenge_data(ngtcp2_conn *ng, uint8_t *data, void *user)
{
    struct dtt_qconn *c = user;
    dtt_rng_bytes(&c->sh->rng, data, NGTCP2_PATH_CHALLENGE_DATALEN);
    return 0;
}

static int on_new_cid(ngtcp2_conn *ng, ngtcp2_cid *cid, uint8_t *token, size_t len, void *user)
{
    struct dtt_qconn *c = user;
    struct dtt_qcid_table *t = &c->sh->cids;
    dtt_qcid_generate(t, len, cid);
    if (dtt_qcid_reset_token(t, cid, token) != 0 ||
        dtt_qcid_add(t, &c->cids, dtt_qcid_key(cid->data, cid->datalen)) != 0) {
        DTT_COUNT(c->sh->ctx, QUIC_CONN_IDS_REFUSED);
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    return 0;
}

static int on_remove_cid(ngtcp2_conn *ng, const ngtcp2_cid *cid, void *user)
{
    struct dtt_qconn *c = user;
    dtt_qcid_remove(&c->sh->cids, &c->cids, dtt_qcid_key(cid->data, cid->datalen));
    return 0;
}

/*
 * We now send to another id of the peer. A client's first id has no token (RFC 9000, section 10.3);
 * a token too many for the table is forgotten.
 */
static int on_dcid_status(ngtcp2_conn *ng, dtt_ng_cid_status type, uint64_t seq,
                          const ngtcp2_cid *cid, const uint8_t *token, void *user)
{
    struct dtt_qconn *c = user;
    if (token && type == NGTCP2_CONNECTION_ID_STATUS_TYPE_ACTIVATE) {
        (void)dtt_qcid_add(&c->sh->cids, &c->cids, dtt_qcid_token_key(token));
    } else if (token) {
        dtt_qcid_remove(&c->sh->cids, &c->cids, dtt_qcid_token_key(token));
    }
    return 0;
}

/* Nothing of TLS is of use after the handshake: we asked for no tickets. */
static int on_crypto_data(ngtcp2_conn *ng, ngtcp2_encryption_level level, uint64_t offset,
                          const uint8_t *data, size_t len, void *user)
{
    struct dtt_qconn *c = user;
    if (!c->tls.native) {
        return 0;
    }
    return ngtcp2_crypto_recv_crypto_data_cb(ng, level, offset, data, len, user);
}

/* The client's last flight proves its key to the server; the client itself waits for confirmation.
 */
static int on_handshake_completed(ngtcp2_conn *ng, void *user)
{
    struct dtt_qconn *c = user;
    if (!dtt_qtls_is_alpn_agreed(&c->tls)) {
        c->reason = DTT_REASON_WRONG_ALPN;
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    if (!c->tls.is_verified) {
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    if (!c->is_dialed) {
        dtt_qconn_opened(c);
    }
    return 0;
}

static int on_handshake_confirmed(ngtcp2_conn *ng, void *user)
{
    struct dtt_qconn *c = user;
    if (c->is_dialed && c->state == DTT_QCONN_HANDSHAKE) {
        dtt_qconn_opened(c);
    }
    return 0;
}

static int on_stream_open(ngtcp2_conn *ng, int64_t id, void *user)
{
    struct dtt_qconn *c = user;
    if (ngtcp2_is_bidi_stream(id)) {
        DTT_COUNT(c->sh->ctx, QUIC_BIDI_STREAMS_REFUSED);
        return ngtcp2_conn_shutdown_stream(ng, 0, id, 0) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
    }
    struct dtt_qstream *s = dtt_qstream_new(&c->streams, c, id, false);
    if (!s) {
        DTT_COUNT(c->sh->ctx, QUIC_NO_MEMORY);
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    return ngtcp2_conn_set_stream_user_data(ng, id, s);
}

static int on_stream_data(ngtcp2_conn *ng, uint32_t flags, int64_t id, uint64_t offset,
                          const uint8_t *data, size_t len, void *user, void *stream_user)
{
    struct dtt_qconn *c = user;
    struct dtt_qstream *s = stream_user;
    c->is_heard = true;
    if (!s) {
        return 0;
    }
    bool fin = (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
    if (dtt_qstream_receive(s, dtt_qconn_inbox(c), dtt_slice(data, len), fin) != 0) {
        DTT_COUNT(c->sh->ctx, QUIC_NO_MEMORY);
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    s->is_closed = fin;
    return 0;
}

static int on_stream_acked(ngtcp2_conn *ng, int64_t id, uint64_t offset, uint64_t len, void *user,
                           void *stream_user)
{
    struct dtt_qconn *c = user;
    c->is_heard = true;
    c->move.acked_ns = c->sh->now_ns;
    if (stream_user) {
        dtt_qtransmit_acked(c, stream_user, offset + len);
    }
    return 0;
}

static int on_stream_reset(ngtcp2_conn *ng, int64_t id, uint64_t final_size, uint64_t code,
                           void *user, void *stream_user)
{
    struct dtt_qconn *c = user;
    struct dtt_qstream *s = stream_user;
    if (s) {
        s->is_closed = true;
        dtt_list_push(dtt_qconn_inbox(c), &s->reset.link);
    }
    return 0;
}

static int on_stream_close(ngtcp2_conn *ng, uint32_t flags, int64_t id, uint64_t code, void *user,
                           void *stream_user)
{
    struct dtt_qconn *c = user;
    if (stream_user) {
        struct dtt_qstream *s = stream_user;
        if (s->is_local) {
            dtt_qtransmit_forget(c, s);
        }
        dtt_qconn_stream_closed(c, s);
    } else if (ngtcp2_is_bidi_stream(id)) {
        ngtcp2_conn_extend_max_streams_bidi(ng, 1);
    }
    return 0;
}

static int on_stream_window(ngtcp2_conn *ng, int64_t id, uint64_t max_data, void *user,
                            void *stream_user)
{
    if (stream_user) {
        dtt_qtransmit_unblock(user, stream_user);
    }
    return 0;
}

static int on_streams_allowed(ngtcp2_conn *ng, uint64_t max_streams, void *user)
{
    struct dtt_qconn *c = user;
    if (c->wants_stream && c->state == DTT_QCONN_OPEN) {
        c->wants_stream = false;
        dtt_list_push(&c->sh->events, &c->openable.link);
    }
    return 0;
}

static int on_stateless_reset(ngtcp2_conn *ng, const ngtcp2_pkt_stateless_reset *sr, void *user)
{
    struct dtt_qconn *c = user;
    c->reason = DTT_REASON_RESET;
    return 0;
}

static int on_path_validation(ngtcp2_conn *ng, uint32_t flags, const ngtcp2_path *path,
                              DTT_NG_OLD_PATH ngtcp2_path_validation_result result, void *user)
{
    struct dtt_qconn *c = user;
    struct dtt_addr remote;
    bool is_valid = result == NGTCP2_PATH_VALIDATION_RESULT_SUCCESS;
    dtt_qpath_addr(&path->remote, &remote);
    dtt_qmigrate_validated(c, &remote, is_valid);
    if (is_valid) {
        dtt_qmtu_reset(&c->mtu);
        dtt_qconn_set_remote(c, &remote);
    }
    return 0;
}

const ngtcp2_callbacks dtt_qcallbacks = {
    .client_initial = ngtcp2_crypto_client_initial_cb,
    .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
    .recv_retry = ngtcp2_crypto_recv_retry_cb,
    .recv_crypto_data = on_crypto_data,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = on_decrypt,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .update_key = ngtcp2_crypto_update_key_cb,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
    .rand = on_rand,
    .get_path_challenge_data = on_path_challenge_data,
    .get_new_connection_id = on_new_cid,
    .remove_connection_id = on_remove_cid,
    .dcid_status = on_dcid_status,
    .handshake_completed = on_handshake_completed,
    .handshake_confirmed = on_handshake_confirmed,
    .stream_open = on_stream_open,
    .recv_stream_data = on_stream_data,
    .acked_stream_data_offset = on_stream_acked,
    .stream_reset = on_stream_reset,
    .stream_close = on_stream_close,
    .extend_max_stream_data = on_stream_window,
    .extend_max_local_streams_uni = on_streams_allowed,
    .recv_stateless_reset = on_stateless_reset,
    .path_validation = on_path_validation,
};
