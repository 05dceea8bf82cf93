/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/conn.h"

#include "quic/callbacks.h"
#include "quic/path.h"
#include "quic/transmit.h"

#include <stdlib.h>

/*
 * RFC 9000, section 10.2 asks for three PTO, which are next to nothing on a fast path; iroh's
 * second CONNECTION_CLOSE comes later than that and would look like a new client.
 */
#define LINGER_MIN_NS (100 * DTT_MS)
/* Time for a peer to prove that it lives, and three PTO at least. */
#define SUSPECT_MIN_NS DTT_S
#define REASON_MAX     100
/* RFC 9000, section 20.1 */
#define APPLICATION_ERROR 0xc
#define CRYPTO_ERROR      0x100

static uint64_t later(uint64_t t, uint64_t ns)
{
    return t > DTT_NEVER - ns ? DTT_NEVER : t + ns;
}

/* ---- when */

void dtt_qconn_wake(struct dtt_qconn *c)
{
    struct dtt_qshared *sh = c->sh;
    if (c->is_ready) {
        return;
    }
    c->is_ready = true;
    c->ready_next = NULL;
    c->ready_prev = sh->ready_tail;
    if (sh->ready_tail) {
        sh->ready_tail->ready_next = c;
    } else {
        sh->ready_head = c;
    }
    sh->ready_tail = c;
}

void dtt_qconn_sleep(struct dtt_qconn *c)
{
    struct dtt_qshared *sh = c->sh;
    if (!c->is_ready) {
        return;
    }
    if (c->ready_prev) {
        c->ready_prev->ready_next = c->ready_next;
    } else {
        sh->ready_head = c->ready_next;
    }
    if (c->ready_next) {
        c->ready_next->ready_prev = c->ready_prev;
    } else {
        sh->ready_tail = c->ready_prev;
    }
    c->is_ready = false;
}

void dtt_qconn_arm(struct dtt_qconn *c)
{
    uint64_t t = DTT_NEVER;
    if (c->is_closed) {
        t = c->linger_until ? c->linger_until : DTT_NEVER;
    } else {
        t = ngtcp2_conn_get_expiry(c->ng);
        if (t <= c->sh->now_ns && c->is_ready) {
            /* Writing settles it; until the driver can write there is nothing to wake up for. */
            t = DTT_NEVER;
        }
        if (!c->is_connected) {
            t = dtt_min_ns(t, c->handshake_until);
        }
        if (c->suspect_until) {
            t = dtt_min_ns(t, c->suspect_until);
        }
    }
    (void)dtt_timerq_set(&c->sh->timers, &c->timer, t);
}

/* ---- birth */

static struct dtt_qconn *new_conn(struct dtt_qshared *sh, dtt_quic_conn handle,
                                  const struct dtt_addr *local, const struct dtt_addr *remote)
{
    struct dtt_qconn *c = calloc(1, sizeof(*c));
    if (!c) {
        return NULL;
    }
    c->sh = sh;
    c->handle = handle;
    c->local = *local;
    c->remote = *remote;
    c->handshake_until = later(sh->now_ns, sh->handshake_timeout_ns);
    c->connected = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_CONNECTED};
    c->closed = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_CLOSED};
    c->migrated = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_MIGRATED};
    c->openable = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_WRITABLE};
    if (dtt_timerq_set(&sh->timers, &c->timer, DTT_NEVER) != 0) {
        free(c);
        return NULL;
    }
    c->is_live = true;
    sh->live++;
    return c;
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
        dtt_qconn_wake(c);
        dtt_qconn_arm(c);
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
    dtt_qcallbacks_settings(sh, &settings);
    dtt_qcallbacks_params(sh, &params);
    dtt_qpath_init(&ps, &c->local, &c->remote);
    int rv = ngtcp2_conn_client_new(&c->ng, &dcid, &scid, &ps.path, NGTCP2_PROTO_VER_V1,
                                    &dtt_qcallbacks, &settings, &params, NULL, c);
    return start_tls(c, rv, &c->peer);
}

int dtt_qconn_dial(struct dtt_qconn **ret, struct dtt_qshared *sh, dtt_quic_conn handle,
                   const struct dtt_id *peer, const struct dtt_addr *local,
                   const struct dtt_addr *remote)
{
    struct dtt_qconn *c = new_conn(sh, handle, local, remote);
    if (!c) {
        return DTT_ENOMEM;
    }
    c->is_dialed = true;
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
    dtt_qcallbacks_settings(sh, &settings);
    dtt_qcallbacks_params(sh, &params);
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
                                    &dtt_qcallbacks, &settings, &params, NULL, c);
    return start_tls(c, rv, NULL);
}

int dtt_qconn_accept(struct dtt_qconn **ret, struct dtt_qshared *sh, dtt_quic_conn handle,
                     const ngtcp2_pkt_hd *hd, const ngtcp2_cid *original_dcid,
                     const struct dtt_addr *local, const struct dtt_addr *remote)
{
    struct dtt_qconn *c = new_conn(sh, handle, local, remote);
    if (!c) {
        return DTT_ENOMEM;
    }
    c->is_half_open = true;
    sh->half_open++;
    int err = start_accept(c, hd, original_dcid);
    if (err) {
        dtt_qconn_free(c);
        return err;
    }
    *ret = c;
    return DTT_OK;
}

/* ---- death */

static void drop_events(struct dtt_qconn *c)
{
    struct dtt_qevents *q = &c->sh->events;
    struct dtt_qevent *next;
    for (struct dtt_qevent *e = q->head; e; e = next) {
        next = e->next;
        if (e->conn != c || e == &c->connected) {
            continue;
        }
        dtt_qevents_remove(q, e);
        if (e->type == DTT_QUIC_DATA) {
            struct dtt_qdata *block = (struct dtt_qdata *)e;
            dtt_qstream_taken(e->stream, block);
            free(block);
        }
    }
}

/* Without ngtcp2 nothing is sent any more; received bytes still wait for the user. */
static void close_streams(struct dtt_qconn *c)
{
    struct dtt_qstream *next;
    for (struct dtt_qstream *s = c->streams.head; s; s = next) {
        next = s->next;
        s->is_closed = true;
        s->is_tx_queued = false;
        dtt_qsendbuf_fini(&s->out);
        dtt_qevents_remove(&c->sh->events, &s->writable);
        if (dtt_qstream_is_done(s)) {
            dtt_qstream_free(&c->streams, &c->sh->events, s);
        }
    }
    c->tx_head = NULL;
    c->tx_tail = NULL;
    c->unacked = 0;
    c->own_streams = 0;
}

static void set_not_half_open(struct dtt_qconn *c)
{
    if (c->is_half_open) {
        c->is_half_open = false;
        c->sh->half_open--;
    }
}

static void set_not_live(struct dtt_qconn *c)
{
    if (c->is_live) {
        c->is_live = false;
        c->sh->live--;
    }
}

/* Strangers whose handshake fails get a quarter of the places, so that they cannot take all. */
static void begin_linger(struct dtt_qconn *c, uint64_t ns)
{
    struct dtt_qshared *sh = c->sh;
    size_t max = c->is_dialed || c->is_connected ? sh->linger_max : sh->linger_max / 4;
    if (sh->lingering < max) {
        sh->lingering++;
        c->linger_until = later(sh->now_ns, ns > LINGER_MIN_NS ? ns : LINGER_MIN_NS);
    } else {
        dtt_qcid_clear(&sh->cids, &c->cids);
    }
}

static void end_linger(struct dtt_qconn *c)
{
    if (c->linger_until) {
        c->linger_until = 0;
        c->sh->lingering--;
    }
    dtt_qcid_clear(&c->sh->cids, &c->cids);
}

void dtt_qconn_free(struct dtt_qconn *c)
{
    dtt_qconn_sleep(c);
    set_not_half_open(c);
    set_not_live(c);
    if (c->ng) {
        ngtcp2_conn_del(c->ng);
    }
    dtt_qtls_end(&c->tls);
    end_linger(c);
    free(c->close_packet);
    drop_events(c);
    dtt_qevents_remove(&c->sh->events, &c->connected);
    close_streams(c);
    dtt_timerq_cancel(&c->sh->timers, &c->timer);
    free(c);
}

bool dtt_qconn_is_done(const struct dtt_qconn *c)
{
    return c->is_closed && !c->linger_until && !c->is_live && !c->is_close_due;
}

static void trace_closed(struct dtt_qconn *c)
{
    const char *word = dtt_quic_reason_word(c->reason);
    if (c->is_connected) {
        DTT_COUNT(c->sh->ctx, QUIC_CLOSED);
        DTT_TRACE(c->sh->ctx, QUIC_CLOSED, dtt_tv_id(&c->peer), dtt_tv_addr(&c->remote),
                  dtt_tv_text(word));
    } else if (c->is_dialed) {
        DTT_COUNT(c->sh->ctx, QUIC_DIAL_FAILED);
        DTT_TRACE(c->sh->ctx, QUIC_DIAL_FAILED, dtt_tv_id(&c->peer), dtt_tv_addr(&c->remote),
                  dtt_tv_text(word));
    } else {
        DTT_COUNT(c->sh->ctx, QUIC_ACCEPT_FAILED);
        DTT_TRACE(c->sh->ctx, QUIC_ACCEPT_FAILED, dtt_tv_addr(&c->remote), dtt_tv_text(word));
    }
}

/* From here on only the closing packet (if there is one) and the CLOSED event are left. */
static void finish(struct dtt_qconn *c, enum dtt_quic_reason reason, bool linger)
{
    struct dtt_qshared *sh = c->sh;
    uint64_t wait = 3 * ngtcp2_conn_get_pto(c->ng);
    ngtcp2_conn_del(c->ng);
    c->ng = NULL;
    dtt_qtls_end(&c->tls);
    c->is_closed = true;
    c->reason = reason;
    c->suspect_until = 0;
    trace_closed(c);
    close_streams(c);
    dtt_qevents_remove(&sh->events, &c->openable);
    set_not_half_open(c);
    if (c->is_dialed || c->is_connected) {
        dtt_qevents_push(&sh->events, &c->closed);
    } else {
        set_not_live(c);
    }
    if (linger) {
        begin_linger(c, wait);
    } else {
        dtt_qcid_clear(&sh->cids, &c->cids);
    }
    if (c->is_close_due) {
        dtt_qconn_wake(c);
    } else {
        dtt_qconn_sleep(c);
    }
    dtt_qconn_arm(c);
}

/* Without memory or keys to write it with, the peer must find out by itself. */
static void prepare_close_packet(struct dtt_qconn *c, const ngtcp2_ccerr *err)
{
    uint8_t buf[DTT_QCONN_DATAGRAM_MAX];
    ngtcp2_path_storage ps;
    ngtcp2_pkt_info pi = {0};
    ngtcp2_path_storage_zero(&ps);
    ngtcp2_ssize n = ngtcp2_conn_write_connection_close(c->ng, &ps.path, &pi, buf, sizeof(buf), err,
                                                        c->sh->now_ns);
    if (n <= 0) {
        return;
    }
    c->close_packet = malloc((size_t)n);
    if (!c->close_packet) {
        DTT_COUNT(c->sh->ctx, QUIC_NO_MEMORY);
        return;
    }
    memcpy(c->close_packet, buf, (size_t)n);
    c->close_len = (size_t)n;
    c->close_route.ecn = pi.ecn;
    dtt_qpath_addr(&ps.path.local, &c->close_route.local);
    dtt_qpath_addr(&ps.path.remote, &c->close_route.remote);
    c->is_close_due = true;
}

static enum dtt_quic_reason reason_of_alert(const struct dtt_qconn *c, uint64_t alert)
{
    if (c->tls.is_wrong_key) {
        return DTT_QUIC_WRONG_KEY;
    }
    return alert == DTT_QTLS_ALERT_NO_APPLICATION_PROTOCOL ? DTT_QUIC_WRONG_ALPN
                                                           : DTT_QUIC_PROTOCOL;
}

/* The peer sent CONNECTION_CLOSE or a stateless reset. */
static enum dtt_quic_reason reason_of_peer(const struct dtt_qconn *c)
{
    ngtcp2_ccerr err;
    if (c->is_reset) {
        return DTT_QUIC_RESET;
    }
    dtt_ng_peer_error(c->ng, &err);
    if (!c->is_connected) {
        return err.error_code == CRYPTO_ERROR + DTT_QTLS_ALERT_NO_APPLICATION_PROTOCOL
                   ? DTT_QUIC_WRONG_ALPN
                   : DTT_QUIC_REFUSED;
    }
    /* An application that closes while handshake packets are still due says APPLICATION_ERROR. */
    return err.type == NGTCP2_CCERR_TYPE_APPLICATION || err.error_code == NGTCP2_NO_ERROR ||
                   err.error_code == APPLICATION_ERROR
               ? DTT_QUIC_BY_PEER
               : DTT_QUIC_PROTOCOL;
}

void dtt_qconn_fail(struct dtt_qconn *c, int rv)
{
    ngtcp2_ccerr err;
    switch (rv) {
    case NGTCP2_ERR_DRAINING: finish(c, reason_of_peer(c), true); return;
    case NGTCP2_ERR_IDLE_CLOSE:
        finish(c, c->is_connected ? DTT_QUIC_IDLE : DTT_QUIC_HANDSHAKE_TIMEOUT, false);
        return;
    case NGTCP2_ERR_NO_VIABLE_PATH: finish(c, DTT_QUIC_UNREACHABLE, false); return;
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION: finish(c, DTT_QUIC_PROTOCOL, false); return;
    default: break;
    }
    enum dtt_quic_reason reason = c->is_wrong_alpn ? DTT_QUIC_WRONG_ALPN : DTT_QUIC_PROTOCOL;
    ngtcp2_ccerr_default(&err);
    if (rv == NGTCP2_ERR_CRYPTO) {
        uint8_t alert = ngtcp2_conn_get_tls_alert(c->ng);
        reason = reason_of_alert(c, alert);
        ngtcp2_ccerr_set_tls_alert(&err, alert, NULL, 0);
    } else {
        ngtcp2_ccerr_set_liberr(&err, rv, NULL, 0);
    }
    prepare_close_packet(c, &err);
    finish(c, reason, true);
}

void dtt_qconn_close(struct dtt_qconn *c, uint64_t code, const char *reason)
{
    ngtcp2_ccerr err;
    size_t len = reason ? strlen(reason) : 0;
    if (c->is_closed) {
        return;
    }
    ngtcp2_ccerr_default(&err);
    ngtcp2_ccerr_set_application_error(&err, code, (const uint8_t *)reason,
                                       len < REASON_MAX ? len : REASON_MAX);
    prepare_close_packet(c, &err);
    /* Who closes wants nothing more of it. */
    drop_events(c);
    finish(c, DTT_QUIC_BY_US, c->close_packet != NULL);
}

/* ---- input */

void dtt_qconn_set_connected(struct dtt_qconn *c)
{
    struct dtt_qshared *sh = c->sh;
    c->is_connected = true;
    c->wants_stream = false;
    c->peer = c->tls.peer;
    set_not_half_open(c);
    ngtcp2_conn_set_keep_alive_timeout(c->ng, sh->keep_alive_ns);
    dtt_qevents_push(&sh->events, &c->connected);
    DTT_COUNT(sh->ctx, QUIC_CONNECTED);
    DTT_TRACE(sh->ctx, QUIC_CONNECTED, dtt_tv_id(&c->peer), dtt_tv_addr(&c->remote),
              dtt_tv_text(c->is_dialed ? "dialed" : "accepted"));
}

void dtt_qconn_set_remote(struct dtt_qconn *c, const struct dtt_addr *remote)
{
    if (dtt_addr_eq(&c->remote, remote)) {
        return;
    }
    DTT_TRACE(c->sh->ctx, QUIC_MIGRATED, dtt_tv_id(&c->peer), dtt_tv_addr(&c->remote),
              dtt_tv_addr(remote));
    c->remote = *remote;
    if (c->is_connected) {
        dtt_qevents_push(&c->sh->events, &c->migrated);
    }
}

static void settle(struct dtt_qconn *c, int rv)
{
    if (rv != 0) {
        dtt_qconn_fail(c, rv);
        return;
    }
    if (c->is_connected && c->tls.native) {
        /* Key updates need no TLS (RFC 9001, section 6): the session's memory goes now. */
        ngtcp2_conn_set_tls_native_handle(c->ng, NULL);
        dtt_qtls_end(&c->tls);
    }
    dtt_qconn_wake(c);
    dtt_qconn_arm(c);
}

static bool is_wildcard(const struct dtt_addr *a)
{
    static const uint8_t any[16] = {0};
    return memcmp(a->ip, any, sizeof(any)) == 0;
}

/*
 * One socket may be named by its wildcard address or by the address a packet was sent to. For
 * ngtcp2 these would be two paths.
 */
static const struct dtt_addr *same_socket(const struct dtt_qconn *c, const struct dtt_addr *local)
{
    bool is_same = c->local.family == local->family && c->local.port == local->port &&
                   (is_wildcard(&c->local) || is_wildcard(local));
    return is_same ? &c->local : local;
}

/* RFC 9000, section 10.2.1: answer more and more rarely. */
static void recv_closed(struct dtt_qconn *c)
{
    c->close_triggers++;
    if (c->close_packet && (c->close_triggers & (c->close_triggers - 1)) == 0) {
        c->is_close_due = true;
        dtt_qconn_wake(c);
    }
}

bool dtt_qconn_recv(struct dtt_qconn *c, const struct dtt_addr *local,
                    const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram)
{
    ngtcp2_path_storage ps;
    ngtcp2_pkt_info pi = {.ecn = (uint8_t)(ecn & NGTCP2_ECN_MASK)};
    if (c->is_closed) {
        recv_closed(c);
        return true;
    }
    dtt_qpath_init(&ps, same_socket(c, local), remote);
    int rv = ngtcp2_conn_read_pkt(c->ng, &ps.path, &pi, datagram.data, datagram.len, c->sh->now_ns);
    settle(c, rv);
    return rv != NGTCP2_ERR_RETRY;
}

void dtt_qconn_unreachable(struct dtt_qconn *c)
{
    if (!c->is_closed && !c->is_connected) {
        finish(c, DTT_QUIC_UNREACHABLE, false);
    } else {
        dtt_qconn_suspect(c, DTT_QUIC_UNREACHABLE);
    }
}

/* A keep-alive that is due at once makes ngtcp2 send a PING, which asks for an acknowledgement. */
void dtt_qconn_suspect(struct dtt_qconn *c, enum dtt_quic_reason reason)
{
    if (!c->is_connected || c->is_closed || c->suspect_until) {
        return;
    }
    uint64_t wait = 3 * ngtcp2_conn_get_pto(c->ng);
    c->suspect_until = later(c->sh->now_ns, wait > SUSPECT_MIN_NS ? wait : SUSPECT_MIN_NS);
    c->suspect_reason = reason;
    c->is_heard = false;
    c->is_pinging = true;
    ngtcp2_conn_set_keep_alive_timeout(c->ng, 1);
    dtt_qconn_wake(c);
    dtt_qconn_arm(c);
}

/* ---- time */

static bool is_suspicion_confirmed(struct dtt_qconn *c)
{
    if (!c->suspect_until || c->sh->now_ns < c->suspect_until) {
        return false;
    }
    c->suspect_until = 0;
    return !c->is_heard && dtt_ng_bytes_in_flight(c->ng) > 0;
}

void dtt_qconn_tick(struct dtt_qconn *c)
{
    uint64_t now = c->sh->now_ns;
    if (c->is_closed) {
        if (c->linger_until && now >= c->linger_until) {
            end_linger(c);
        }
        dtt_qconn_arm(c);
    } else if (!c->is_connected && now >= c->handshake_until) {
        finish(c, DTT_QUIC_HANDSHAKE_TIMEOUT, false);
    } else if (is_suspicion_confirmed(c)) {
        finish(c, c->suspect_reason, false);
    } else if (ngtcp2_conn_get_expiry(c->ng) <= now) {
        settle(c, ngtcp2_conn_handle_expiry(c->ng, now));
    } else {
        dtt_qconn_arm(c);
    }
}

/* ---- streams and events that are through */

/* The peer may open another stream only now: its closed streams must not pile up here. */
static void return_stream(struct dtt_qconn *c)
{
    if (c->leaked_streams == DTT_QCONN_LEAKED_STREAMS_MAX) {
        dtt_qconn_close(c, 0, "too many streams");
        return;
    }
    ngtcp2_conn_extend_max_streams_uni(c->ng, 1);
    dtt_qconn_wake(c);
}

static void release_stream(struct dtt_qconn *c, struct dtt_qstream *s)
{
    if (!dtt_qstream_is_done(s)) {
        return;
    }
    bool is_peers = !s->is_local;
    if (is_peers && c->ng && !s->is_forgotten) {
        (void)ngtcp2_conn_set_stream_user_data(c->ng, s->id, NULL);
        c->leaked_streams++;
    }
    dtt_qstream_free(&c->streams, &c->sh->events, s);
    if (is_peers && c->ng) {
        return_stream(c);
    }
}

void dtt_qconn_stream_closed(struct dtt_qconn *c, struct dtt_qstream *s)
{
    s->is_closed = true;
    s->is_forgotten = true;
    if (s->is_local) {
        dtt_qtransmit_forget(c, s);
        dtt_qevents_remove(&c->sh->events, &s->writable);
    }
    release_stream(c, s);
}

static void taken_data(struct dtt_qconn *c, struct dtt_qdata *block)
{
    struct dtt_qstream *s = block->event.stream;
    dtt_qstream_taken(s, block);
    if (c->ng && block->len) {
        (void)ngtcp2_conn_extend_max_stream_offset(c->ng, s->id, block->len);
        ngtcp2_conn_extend_max_offset(c->ng, block->len);
        dtt_qconn_wake(c);
    }
    release_stream(c, s);
}

void dtt_qconn_taken(struct dtt_qconn *c, struct dtt_qevent *e)
{
    switch (e->type) {
    case DTT_QUIC_DATA: taken_data(c, (struct dtt_qdata *)e); break;
    case DTT_QUIC_STREAM_RESET: release_stream(c, e->stream); break;
    case DTT_QUIC_CLOSED: set_not_live(c); break;
    default: break;
    }
}
