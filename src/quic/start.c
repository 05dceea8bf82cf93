/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/start.h"

#include "quic/callbacks.h"
#include "quic/path.h"
#include "quic/schedule.h"

/* The largest UDP payload a peer may send: that of iroh (noq). */
#define MAX_UDP_PAYLOAD 1472
/* As many ids as iroh offers: enough for a peer that changes its path. */
#define ACTIVE_CID_LIMIT 7

static void init_settings(struct dtt_qshared *sh, ngtcp2_settings *ret)
{
    ngtcp2_settings_default(ret);
    ret->initial_ts = sh->now_ns;
    ret->rand_ctx.native_handle = &sh->rng;
    /* The connection keeps this time itself, because a client waits for confirmation too. */
    ret->handshake_timeout = UINT64_MAX;
    ret->max_tx_udp_payload_size = DTT_QMTU_MAX;
}

/* RFC 9000, section 18. */
static void init_params(const struct dtt_qconn *c, ngtcp2_transport_params *ret)
{
    const struct dtt_qshared *sh = c->sh;
    bool is_relayed = dtt_addr_is_invented(&c->remote);
    ngtcp2_transport_params_default(ret);
    ret->initial_max_streams_uni = DTT_QCONN_STRANGER_STREAMS_MAX;
    ret->initial_max_streams_bidi = DTT_QCONN_BIDI_MAX;
    ret->initial_max_stream_data_uni = DTT_QCONN_STREAM_WINDOW;
    ret->initial_max_stream_data_bidi_remote = DTT_QCONN_BIDI_WINDOW;
    ret->initial_max_data = DTT_QCONN_STRANGER_WINDOW;
    ret->max_idle_timeout = is_relayed ? sh->relayed_idle_ns : sh->idle_timeout_ns;
    ret->max_udp_payload_size = MAX_UDP_PAYLOAD;
    ret->active_connection_id_limit = ACTIVE_CID_LIMIT;
}

static ngtcp2_conn *ref_conn(ngtcp2_crypto_conn_ref *ref)
{
    return ((struct dtt_qconn *)ref->user_data)->ng;
}

/* The common end of dialling and accepting: `rv` is what ngtcp2_conn_*_new said. */
static int start_tls(struct dtt_qconn *c, int rv, const struct dtt_id *expect)
{
    ngtcp2_crypto_conn_ref ref = {.get_conn = ref_conn, .user_data = c};
    if (rv != 0) {
        c->ng = NULL;
        return rv == NGTCP2_ERR_NOMEM ? DTT_ENOMEM : DTT_ECRYPTO;
    }
    int err = dtt_qtls_start(&c->tls, c->sh->tls, &ref, expect);
    if (err == 0) {
        ngtcp2_conn_set_tls_native_handle(c->ng, c->tls.native);
        dtt_qschedule_wake(c);
        dtt_qschedule_arm(c);
    }
    return err;
}

int dtt_qstart_dial(struct dtt_qconn *c, const struct dtt_id *peer)
{
    struct dtt_qshared *sh = c->sh;
    ngtcp2_cid scid;
    ngtcp2_cid dcid;
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    ngtcp2_path_storage ps;
    c->peer = *peer;
    dtt_qcid_generate(&sh->cids, DTT_QCID_LEN, &scid);
    dtt_qcid_generate(&sh->cids, NGTCP2_MIN_INITIAL_DCIDLEN, &dcid);
    int err = dtt_qcid_add(&sh->cids, &c->cids, dtt_qcid_key(scid.data, scid.datalen));
    if (err) {
        return err;
    }
    init_settings(sh, &settings);
    init_params(c, &params);
    dtt_qpath_init(&ps, &c->local, &c->remote);
    int rv = ngtcp2_conn_client_new(&c->ng, &dcid, &scid, &ps.path, NGTCP2_PROTO_VER_V1,
                                    &dtt_qcallbacks, &settings, &params, &c->memory.mem, c);
    return start_tls(c, rv, peer);
}

int dtt_qstart_accept(struct dtt_qconn *c, const ngtcp2_pkt_hd *hd, const ngtcp2_cid *original_dcid)
{
    struct dtt_qshared *sh = c->sh;
    ngtcp2_cid scid;
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    ngtcp2_path_storage ps;
    init_settings(sh, &settings);
    init_params(c, &params);
    dtt_qcid_generate(&sh->cids, DTT_QCID_LEN, &scid);
    int err = dtt_qcid_reset_token(&sh->cids, &scid, params.stateless_reset_token);
    if (err == 0) {
        err = dtt_qcid_add(&sh->cids, &c->cids, dtt_qcid_key(scid.data, scid.datalen));
    }
    if (err == 0) {
        /*
         * The client uses this id until our first answer has reached it. The id stays as long as
         * the connection, so that a late copy of the first packet does not look like a new client.
         */
        err = dtt_qcid_add(&sh->cids, &c->cids, dtt_qcid_key(hd->dcid.data, hd->dcid.datalen));
    }
    if (err) {
        return err;
    }
    params.stateless_reset_token_present = 1;
    dtt_ng_set_original_dcid(&params, original_dcid ? original_dcid : &hd->dcid);
    if (original_dcid) {
        dtt_ng_set_token(&settings, hd);
        params.retry_scid = hd->dcid;
        params.retry_scid_present = 1;
    }
    dtt_qpath_init(&ps, &c->local, &c->remote);
    int rv = ngtcp2_conn_server_new(&c->ng, &hd->scid, &scid, &ps.path, hd->version,
                                    &dtt_qcallbacks, &settings, &params, &c->memory.mem, c);
    return start_tls(c, rv, NULL);
}
