/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/start.h"

#include "quic/callbacks.h"
#include "quic/params.h"
#include "quic/path.h"
#include "quic/schedule.h"

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

static int start_dial(struct dtt_qconn *c)
{
    struct dtt_qshared *sh = c->sh;
    ngtcp2_cid scid;
    ngtcp2_cid dcid;
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    ngtcp2_path_storage ps;
    dtt_qcid_generate(&sh->cids, DTT_QCID_LEN, &scid);
    dtt_qcid_generate(&sh->cids, NGTCP2_MIN_INITIAL_DCIDLEN, &dcid);
    int err = dtt_qcid_add(&sh->cids, &c->cids, &scid, c);
    if (err) {
        return err;
    }
    dtt_qparams_settings(sh, &settings);
    dtt_qparams_transport(sh, &params);
    dtt_qpath_init(&ps, &c->local, &c->remote);
    int rv = ngtcp2_conn_client_new(&c->ng, &dcid, &scid, &ps.path, NGTCP2_PROTO_VER_V1,
                                    &dtt_qcallbacks, &settings, &params, &c->memory.mem, c);
    return start_tls(c, rv, &c->peer);
}

int dtt_qstart_dial(struct dtt_qconn **ret, struct dtt_qshared *sh, dtt_quic_conn handle,
                    const struct dtt_id *peer, const struct dtt_addr *local,
                    const struct dtt_addr *remote)
{
    struct dtt_qconn *c = dtt_qconn_new(sh, handle, true, local, remote);
    if (!c) {
        return DTT_ENOMEM;
    }
    c->peer = *peer;
    int err = start_dial(c);
    if (err) {
        dtt_qconn_free(c);
        return err;
    }
    *ret = c;
    return DTT_OK;
}

static int start_accept(struct dtt_qconn *c, const ngtcp2_pkt_hd *hd,
                        const ngtcp2_cid *original_dcid)
{
    struct dtt_qshared *sh = c->sh;
    ngtcp2_cid scid;
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    ngtcp2_path_storage ps;
    dtt_qparams_settings(sh, &settings);
    dtt_qparams_transport(sh, &params);
    dtt_qcid_generate(&sh->cids, DTT_QCID_LEN, &scid);
    int err = dtt_qcid_reset_token(&sh->cids, &scid, params.stateless_reset_token);
    if (err == 0) {
        err = dtt_qcid_add(&sh->cids, &c->cids, &scid, c);
    }
    if (err == 0) {
        /*
         * The client uses this one until our first answer reached it. It stays as long as the
         * connection, so that a late copy of the first packet does not look like a new client.
         */
        err = dtt_qcid_add(&sh->cids, &c->cids, &hd->dcid, c);
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

int dtt_qstart_accept(struct dtt_qconn **ret, struct dtt_qshared *sh, dtt_quic_conn handle,
                      const ngtcp2_pkt_hd *hd, const ngtcp2_cid *original_dcid,
                      const struct dtt_addr *local, const struct dtt_addr *remote)
{
    struct dtt_qconn *c = dtt_qconn_new(sh, handle, false, local, remote);
    if (!c) {
        return DTT_ENOMEM;
    }
    int err = start_accept(c, hd, original_dcid);
    if (err) {
        dtt_qconn_free(c);
        return err;
    }
    *ret = c;
    return DTT_OK;
}
