/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/conn.h"

#include "quic/migrate.h"
#include "quic/move.h"
#include "quic/path.h"
#include "quic/schedule.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

/*
 * RFC 9000, section 10.2 asks for three PTO, which is next to nothing on a fast path: the second
 * CONNECTION_CLOSE of iroh comes later and would look like a new client.
 */
#define LINGER_MIN_NS (100 * DTT_MS)
/* A suspected peer has this time to answer, or three PTO if that is longer. */
#define SUSPECT_MIN_NS DTT_S
#define REASON_MAX 100
/* Two WORN events are this part of a peer's memory apart. */
#define WEAR_STEP 16
/* What a trusted peer may send and open beyond what a stranger may. */
#define MORE_BYTES (DTT_QCONN_WINDOW - DTT_QCONN_STRANGER_WINDOW)
#define MORE_STREAMS (DTT_QCONN_PEER_STREAMS_MAX - DTT_QCONN_STRANGER_STREAMS_MAX)
/* RFC 9000, section 20.1 */
#define APPLICATION_ERROR 0xc
#define CRYPTO_ERROR 0x100

/* ---- states */

static bool is_half_open(const struct dtt_qconn *c)
{
    return c->state == DTT_QCONN_HANDSHAKE && !c->is_dialed;
}

static bool is_stranger(const struct dtt_qconn *c)
{
    return !c->is_dialed && c->state <= DTT_QCONN_OPEN && c->memory.pool == &c->sh->strangers;
}

/* Open, or closed and the user has not heard of it yet. */
static bool is_live(const struct dtt_qconn *c)
{
    return c->ng || c->closed.link.list;
}

static void end_life(struct dtt_qconn *c)
{
    assert(c->sh->live > 0);
    c->sh->live--;
    if (c->was_open && !c->is_dialed) {
        assert(c->sh->accepted > 0);
        c->sh->accepted--;
    }
}

/* The only place where the state changes, and the counters that depend on it alone. */
static void set_state(struct dtt_qconn *c, enum dtt_qconn_state state, uint64_t until_ns)
{
    struct dtt_qshared *sh = c->sh;
    bool was_stranger = is_stranger(c);
    assert(state > c->state);
    if (is_half_open(c)) {
        assert(sh->half_open > 0);
        sh->half_open--;
    }
    if (c->state == DTT_QCONN_LINGERING) {
        assert(sh->lingering > 0);
        sh->lingering--;
    }
    if (state == DTT_QCONN_LINGERING) {
        sh->lingering++;
    } else if (state == DTT_QCONN_OVER) {
        dtt_qcid_clear(&sh->cids, &c->cids);
    }
    if (state == DTT_QCONN_OPEN) {
        c->was_open = true;
        sh->accepted += !c->is_dialed;
    }
    c->state = state;
    c->until_ns = until_ns;
    assert(sh->n_strangers >= was_stranger);
    sh->n_strangers -= was_stranger && !is_stranger(c);
}

struct dtt_qconn *dtt_qconn_new(struct dtt_qshared *sh, dtt_quic_conn handle, bool is_dialed,
                                const struct dtt_addr *local, const struct dtt_addr *remote)
{
    struct dtt_qconn *c = calloc(1, sizeof(*c));
    if (!c) {
        return NULL;
    }
    c->sh = sh;
    c->handle = handle;
    c->is_dialed = is_dialed;
    c->cids.conn = c;
    c->local = *local;
    c->remote = *remote;
    c->until_ns = dtt_add_ns(sh->now_ns, sh->handshake_timeout_ns);
    c->reason = DTT_REASON_PROTOCOL_ERROR;
    c->unheard_max = UINT_MAX;
    dtt_qmtu_init(&c->mtu);
    dtt_qmemory_init(&c->memory, &sh->strangers, DTT_QCONN_STRANGER_MEMORY);
    c->connected = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_CONNECTED};
    c->closed = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_CLOSED};
    c->migrated = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_MIGRATED};
    c->unmoved = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_NOT_MIGRATED};
    c->openable = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_WRITABLE};
    c->worn = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_WORN};
    c->stranded = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_STRANDED};
    c->silent = (struct dtt_qevent){.conn = c, .type = DTT_QUIC_SILENT};
    c->heard_ns = sh->now_ns;
    dtt_qmove_init(c);
    if (dtt_timerq_set(&sh->timers, &c->timer, DTT_NEVER) != 0) {
        free(c);
        return NULL;
    }
    sh->live++;
    sh->half_open += is_half_open(c);
    sh->n_strangers += is_stranger(c);
    return c;
}

/* ---- its end */

static void drop_events(struct dtt_qconn *c)
{
    struct dtt_qevent *next;
    dtt_qconn_hold(c, false);
    for (struct dtt_qevent *e = dtt_qevent_of(c->sh->events.head); e; e = next) {
        next = dtt_qevent_of(e->link.next);
        if (e->conn != c || e == &c->connected) {
            continue;
        }
        dtt_list_remove(&e->link);
        if (e->type == DTT_QUIC_DATA) {
            struct dtt_qdata *block = (struct dtt_qdata *)e;
            dtt_qstream_taken(e->stream, block);
            free(block);
        }
    }
}

/*
 * Nothing more is sent without ngtcp2; received bytes still wait for the user, and our own streams
 * can still be asked how far they came.
 */
static void close_streams(struct dtt_qconn *c)
{
    struct dtt_qstream *next;
    for (struct dtt_qstream *s = dtt_qstream_of(c->streams.head); s; s = next) {
        next = dtt_qstream_of(s->link.next);
        s->is_closed = true;
        dtt_list_remove(&s->tx);
        dtt_qsendbuf_drop(&s->out);
        dtt_list_remove(&s->writable.link);
        if (!s->is_local && dtt_qstream_is_done(s)) {
            dtt_qstream_free(s);
        }
    }
    c->unacked = 0;
    c->own_streams = 0;
}

/* Clients whose handshake failed share a quarter of the places to linger. */
static bool may_linger(const struct dtt_qconn *c)
{
    size_t max = c->sh->linger_max;
    return c->sh->lingering < (c->is_dialed || c->was_open ? max : max / 4);
}

/* The count tells the driver when giving memory back to the system is worth while. */
static void free_ngtcp2(struct dtt_qconn *c)
{
    c->sh->ctx->counters[DTT_COUNTER_QUIC_MEMORY_FREED] += c->memory.used;
    ngtcp2_conn_del(c->ng);
    c->ng = NULL;
    assert(c->memory.used == 0);
}

void dtt_qconn_free(struct dtt_qconn *c)
{
    dtt_qschedule_sleep(c);
    /* A connection that never got as far as ngtcp2 is live too. */
    if (is_live(c) || c->state == DTT_QCONN_HANDSHAKE) {
        end_life(c);
    }
    free_ngtcp2(c);
    dtt_qtls_end(&c->tls);
    if (c->state != DTT_QCONN_OVER) {
        set_state(c, DTT_QCONN_OVER, DTT_NEVER);
    }
    free(c->close_packet);
    free(c->last_ack);
    drop_events(c);
    dtt_list_remove(&c->connected.link);
    close_streams(c);
    while (c->streams.head) {
        dtt_qstream_free(dtt_qstream_of(c->streams.head));
    }
    dtt_timerq_cancel(&c->sh->timers, &c->timer);
    free(c);
}

bool dtt_qconn_is_done(const struct dtt_qconn *c)
{
    return c->state == DTT_QCONN_OVER && !c->closed.link.list && !c->is_close_due && !c->is_parting;
}

static void trace_closed(struct dtt_qconn *c)
{
    const char *word = dtt_reason_word((int)c->reason);
    if (c->was_open) {
        DTT_COUNT(c->sh->ctx, QUIC_CLOSED);
        DTT_TRACE(c->sh->ctx, QUIC_CLOSED, dtt_tv_id(&c->peer), dtt_tv_addr(&c->remote),
                  dtt_tv_text(word));
    } else if (c->is_dialed) {
        DTT_COUNT(c->sh->ctx, QUIC_DIALS_FAILED);
        DTT_TRACE(c->sh->ctx, QUIC_DIAL_FAILED, dtt_tv_id(&c->peer), dtt_tv_addr(&c->remote),
                  dtt_tv_text(word));
    } else {
        DTT_COUNT(c->sh->ctx, QUIC_ACCEPTS_FAILED);
        DTT_TRACE(c->sh->ctx, QUIC_ACCEPT_FAILED, dtt_tv_addr(&c->remote), dtt_tv_text(word));
    }
}

bool dtt_qconn_may_send(const struct dtt_qconn *c)
{
    return c->state != DTT_QCONN_HANDSHAKE || c->is_heard || c->unheard_max > 0;
}

/* Ends the connection but for the closing packet, if there is one, and the CLOSED event. */
static void finish(struct dtt_qconn *c, enum dtt_reason reason, bool linger)
{
    struct dtt_qshared *sh = c->sh;
    uint64_t wait = 3 * ngtcp2_conn_get_pto(c->ng);
    free_ngtcp2(c);
    dtt_qtls_end(&c->tls);
    c->reason = reason;
    trace_closed(c);
    close_streams(c);
    dtt_list_remove(&c->openable.link);
    dtt_list_remove(&c->worn.link);
    dtt_list_remove(&c->stranded.link);
    dtt_list_remove(&c->unmoved.link);
    dtt_list_remove(&c->silent.link);
    dtt_qconn_hold(c, false);
    if (c->is_dialed || c->was_open) {
        dtt_list_push(&sh->events, &c->closed.link);
    } else {
        end_life(c);
    }
    if (linger && may_linger(c)) {
        set_state(c, DTT_QCONN_LINGERING,
                  dtt_add_ns(sh->now_ns, wait > LINGER_MIN_NS ? wait : LINGER_MIN_NS));
    } else {
        set_state(c, DTT_QCONN_OVER, DTT_NEVER);
    }
    if (c->is_close_due) {
        dtt_qschedule_wake(c);
    } else {
        dtt_qschedule_sleep(c);
    }
    dtt_qschedule_arm(c);
}

static uint8_t *copy_of(struct dtt_qconn *c, const uint8_t *packet, ngtcp2_ssize len)
{
    uint8_t *copy = len > 0 ? malloc((size_t)len) : NULL;
    if (copy) {
        memcpy(copy, packet, (size_t)len);
    } else if (len > 0) {
        DTT_COUNT(c->sh->ctx, QUIC_NO_MEMORY);
    }
    return copy;
}

/*
 * ngtcp2 puts no acknowledgement beside CONNECTION_CLOSE, and none into any packet before it is
 * due: the last words of the peer would count as lost although they were read. So what is due soon
 * is written as if it were due now; the connection lives no longer than that instant.
 */
static void prepare_last_ack(struct dtt_qconn *c, uint64_t soon_ns)
{
    uint8_t buf[DTT_QMTU_MIN];
    ngtcp2_path_storage ps;
    ngtcp2_pkt_info pi = {0};
    ngtcp2_path_storage_zero(&ps);
    ngtcp2_ssize n = ngtcp2_conn_write_pkt(c->ng, &ps.path, &pi, buf, sizeof(buf), soon_ns);
    c->last_ack = copy_of(c, buf, n);
    c->last_ack_len = c->last_ack ? (size_t)n : 0;
}

/* Without memory or keys for the packet the peer must find out by itself. */
static void prepare_close_packet(struct dtt_qconn *c, const ngtcp2_ccerr *err, uint64_t now_ns)
{
    uint8_t buf[DTT_QMTU_MAX];
    ngtcp2_path_storage ps;
    ngtcp2_pkt_info pi = {0};
    ngtcp2_path_storage_zero(&ps);
    ngtcp2_ssize n =
        ngtcp2_conn_write_connection_close(c->ng, &ps.path, &pi, buf, sizeof(buf), err, now_ns);
    c->close_packet = copy_of(c, buf, n);
    if (!c->close_packet) {
        return;
    }
    c->close_len = (size_t)n;
    c->close_route.ecn = pi.ecn;
    dtt_qpath_addr(&ps.path.local, &c->close_route.local);
    dtt_qpath_addr(&ps.path.remote, &c->close_route.remote);
    c->is_close_due = true;
}

static enum dtt_reason reason_of_alert(const struct dtt_qconn *c, uint64_t alert)
{
    if (c->tls.is_wrong_key) {
        return DTT_REASON_WRONG_KEY;
    }
    return alert == DTT_QTLS_ALERT_NO_APPLICATION_PROTOCOL ? DTT_REASON_WRONG_ALPN
                                                           : DTT_REASON_PROTOCOL_ERROR;
}

/* The peer sent CONNECTION_CLOSE or a stateless reset. */
static enum dtt_reason reason_of_peer(const struct dtt_qconn *c)
{
    ngtcp2_ccerr err;
    if (c->reason == DTT_REASON_RESET) {
        return DTT_REASON_RESET;
    }
    dtt_ng_peer_error(c->ng, &err);
    if (!c->was_open) {
        return err.error_code == CRYPTO_ERROR + DTT_QTLS_ALERT_NO_APPLICATION_PROTOCOL
                   ? DTT_REASON_WRONG_ALPN
                   : DTT_REASON_REFUSED;
    }
    /* An application that closes while handshake packets are due is heard as APPLICATION_ERROR. */
    return err.type == NGTCP2_CCERR_TYPE_APPLICATION || err.error_code == NGTCP2_NO_ERROR ||
                   err.error_code == APPLICATION_ERROR
               ? DTT_REASON_CLOSED_BY_PEER
               : DTT_REASON_PROTOCOL_ERROR;
}

void dtt_qconn_fail(struct dtt_qconn *c, int rv)
{
    ngtcp2_ccerr err;
    switch (rv) {
    case NGTCP2_ERR_DRAINING: finish(c, reason_of_peer(c), true); return;
    case NGTCP2_ERR_IDLE_CLOSE: finish(c, DTT_REASON_TIMEOUT, false); return;
    case NGTCP2_ERR_NO_VIABLE_PATH: finish(c, DTT_REASON_UNREACHABLE, false); return;
    case NGTCP2_ERR_DROP_CONN:
    case NGTCP2_ERR_RETRY:
    case NGTCP2_ERR_RECV_VERSION_NEGOTIATION: finish(c, DTT_REASON_PROTOCOL_ERROR, false); return;
    default: break;
    }
    enum dtt_reason reason = c->reason;
    if (c->memory.is_refused) {
        DTT_COUNT(c->sh->ctx, QUIC_MEMORY_REFUSED);
    }
    ngtcp2_ccerr_default(&err);
    if (rv == NGTCP2_ERR_CRYPTO) {
        uint8_t alert = ngtcp2_conn_get_tls_alert(c->ng);
        reason = reason_of_alert(c, alert);
        ngtcp2_ccerr_set_tls_alert(&err, alert, NULL, 0);
    } else {
        ngtcp2_ccerr_set_liberr(&err, rv, NULL, 0);
    }
    prepare_close_packet(c, &err, c->sh->now_ns);
    finish(c, reason, true);
}

void dtt_qconn_close(struct dtt_qconn *c, uint64_t code, const char *reason)
{
    ngtcp2_ccerr err;
    size_t len = reason ? strlen(reason) : 0;
    if (!c->ng) {
        return;
    }
    ngtcp2_ccerr_default(&err);
    ngtcp2_ccerr_set_application_error(&err, code, (const uint8_t *)reason,
                                       len < REASON_MAX ? len : REASON_MAX);
    if (dtt_qconn_may_send(c)) {
        uint64_t soon_ns = c->sh->now_ns + NGTCP2_DEFAULT_MAX_ACK_DELAY;
        if (c->state == DTT_QCONN_OPEN) {
            prepare_last_ack(c, soon_ns);
        }
        prepare_close_packet(c, &err, soon_ns);
    }
    /* A user that closes wants nothing more from the connection. */
    drop_events(c);
    finish(c, DTT_REASON_CLOSED_BY_US, c->close_packet != NULL);
}

/* ---- input */

void dtt_qconn_opened(struct dtt_qconn *c)
{
    struct dtt_qshared *sh = c->sh;
    set_state(c, DTT_QCONN_OPEN, DTT_NEVER);
    c->wants_stream = false;
    c->peer = c->tls.peer;
    c->has_exporter =
        sh->exporter && dtt_qtls_export(&c->tls, sh->exporter, c->exporter, sizeof(c->exporter));
    ngtcp2_conn_set_keep_alive_timeout(c->ng, sh->keep_alive_ns);
    dtt_list_push(&sh->events, &c->connected.link);
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
    dtt_qmove_left(c);
    c->remote = *remote;
    if (c->was_open) {
        dtt_list_push(&c->sh->events, &c->migrated.link);
    }
}

static void settle(struct dtt_qconn *c, int rv)
{
    if (rv != 0) {
        dtt_qconn_fail(c, rv);
        return;
    }
    if (c->was_open && c->tls.native) {
        /* Key updates need no TLS (RFC 9001, section 6): the memory of the session is freed. */
        ngtcp2_conn_set_tls_native_handle(c->ng, NULL);
        dtt_qtls_end(&c->tls);
    }
    dtt_qschedule_wake(c);
    dtt_qschedule_arm(c);
}

/* RFC 9000, section 10.2.1: answers get rarer and rarer. */
static void recv_closed(struct dtt_qconn *c)
{
    c->close_triggers++;
    if (c->close_packet && (c->close_triggers & (c->close_triggers - 1)) == 0) {
        c->is_close_due = true;
        dtt_qschedule_wake(c);
    }
}

bool dtt_qconn_recv(struct dtt_qconn *c, const struct dtt_addr *local,
                    const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram)
{
    ngtcp2_path_storage ps;
    ngtcp2_pkt_info pi = {.ecn = (uint8_t)(ecn & NGTCP2_ECN_MASK)};
    if (!c->ng) {
        recv_closed(c);
        return true;
    }
    if (dtt_qmove_is_left(c, remote)) {
        DTT_COUNT(c->sh->ctx, QUIC_RX_DROPPED);
        return true;
    }
    dtt_qmove_learn(c, local, remote);
    dtt_qmove_follow(c, local, remote);
    dtt_qpath_init(&ps, dtt_qmigrate_local(c, local, remote), remote);
    int rv = ngtcp2_conn_read_pkt(c->ng, &ps.path, &pi, datagram.data, datagram.len, c->sh->now_ns);
    c->is_heard |= c->state == DTT_QCONN_HANDSHAKE;
    c->mtu.is_heard = true;
    if (rv == 0 && dtt_addr_eq(&c->remote, remote)) {
        c->heard_ns = c->sh->now_ns;
    }
    settle(c, rv);
    return rv != NGTCP2_ERR_RETRY;
}

void dtt_qconn_unreachable(struct dtt_qconn *c)
{
    if (c->state == DTT_QCONN_HANDSHAKE) {
        finish(c, DTT_REASON_UNREACHABLE, false);
    } else {
        dtt_qconn_suspect(c, DTT_REASON_UNREACHABLE);
    }
}

void dtt_qconn_trust(struct dtt_qconn *c, bool is_trusted)
{
    if (c->state != DTT_QCONN_OPEN || is_trusted == (c->memory.pool == &c->sh->trusted)) {
        return;
    }
    size_t max = c->sh->peer_memory_max;
    assert(c->sh->n_strangers >= is_stranger(c));
    c->sh->n_strangers -= is_stranger(c);
    if (is_trusted) {
        dtt_qmemory_move(&c->memory, &c->sh->trusted, max);
        /* Both ends wear a connection out: the dialling end acts first, so that they make one. */
        c->worn_bytes = max / 2 + (c->is_dialed ? 0 : max / WEAR_STEP);
        ngtcp2_conn_extend_max_offset(c->ng, MORE_BYTES - c->owed_bytes);
        ngtcp2_conn_extend_max_streams_uni(c->ng, MORE_STREAMS - c->owed_streams);
        dtt_qschedule_wake(c);
    } else {
        dtt_qmemory_move(&c->memory, &c->sh->strangers, DTT_QCONN_STRANGER_MEMORY);
    }
    c->owed_bytes = is_trusted ? 0 : MORE_BYTES;
    c->owed_streams = is_trusted ? 0 : MORE_STREAMS;
    c->sh->n_strangers += is_stranger(c);
}

struct dtt_list *dtt_qconn_inbox(struct dtt_qconn *c)
{
    return c->is_held ? &c->held : &c->sh->events;
}

void dtt_qconn_hold(struct dtt_qconn *c, bool is_held)
{
    struct dtt_qevent *next;
    c->is_held = is_held && c->ng;
    struct dtt_list *from = c->is_held ? &c->sh->events : &c->held;
    for (struct dtt_qevent *e = dtt_qevent_of(from->head); e; e = next) {
        next = dtt_qevent_of(e->link.next);
        if (e->conn == c && (e->type == DTT_QUIC_DATA ||
                             (e->type == DTT_QUIC_STREAM_RESET && !e->stream->is_local))) {
            dtt_list_remove(&e->link);
            dtt_list_push(dtt_qconn_inbox(c), &e->link);
        }
    }
}

void dtt_qconn_suspect(struct dtt_qconn *c, enum dtt_reason reason)
{
    if (c->state != DTT_QCONN_OPEN || c->until_ns != DTT_NEVER) {
        return;
    }
    uint64_t wait = 3 * ngtcp2_conn_get_pto(c->ng);
    c->until_ns = dtt_add_ns(c->sh->now_ns, wait > SUSPECT_MIN_NS ? wait : SUSPECT_MIN_NS);
    c->suspect_reason = reason;
    c->is_heard = false;
    dtt_qschedule_ping(c);
    dtt_qschedule_arm(c);
}

/* ---- time */

/* A path that does not even carry the smallest datagrams of QUIC: the peer hears of it in a small
 * one. */
static void give_up_path(struct dtt_qconn *c)
{
    static const char words[] = "the path does not carry datagrams of 1200 bytes";
    ngtcp2_ccerr err;
    ngtcp2_ccerr_default(&err);
    ngtcp2_ccerr_set_application_error(&err, 0, (const uint8_t *)words, sizeof(words) - 1);
    prepare_close_packet(c, &err, c->sh->now_ns);
    finish(c, DTT_REASON_TIMEOUT, true);
}

/* Looks for a black hole; true: the connection has ended. */
static bool is_ended_by_path(struct dtt_qconn *c)
{
    size_t path_max = ngtcp2_conn_get_path_max_tx_udp_payload_size(c->ng);
    switch (dtt_qmtu_look(&c->mtu, &c->streams, c->sh->now_ns, ngtcp2_conn_get_pto(c->ng),
                          c->sh->idle_timeout_ns, path_max)) {
    case DTT_QMTU_FINE: break;
    case DTT_QMTU_ASK: dtt_qschedule_ping(c); break;
    case DTT_QMTU_LOWERED:
        DTT_COUNT(c->sh->ctx, QUIC_BLACK_HOLES);
        DTT_TRACE(c->sh->ctx, QUIC_BLACK_HOLE, dtt_tv_id(&c->peer), dtt_tv_addr(&c->remote),
                  dtt_tv_int((int64_t)path_max));
        dtt_qschedule_ping(c); /* its acknowledgement shows what is lost */
        break;
    case DTT_QMTU_STUCK: give_up_path(c); return true;
    }
    return false;
}

/* Acts on the end of the state's time; true: the connection has ended. */
static bool is_ended_by_time(struct dtt_qconn *c)
{
    switch (c->state) {
    case DTT_QCONN_HANDSHAKE: finish(c, DTT_REASON_TIMEOUT, false); return true;
    case DTT_QCONN_OPEN:
        c->until_ns = DTT_NEVER;
        if (c->is_heard || dtt_ng_info(c->ng).bytes_in_flight == 0) {
            return false;
        }
        finish(c, c->suspect_reason, false);
        return true;
    case DTT_QCONN_LINGERING: set_state(c, DTT_QCONN_OVER, DTT_NEVER); return true;
    default: return true;
    }
}

/* Where an answer is due, the time has come to repeat what asks for it. */
static void tell_silence(struct dtt_qconn *c)
{
    if (c->state == DTT_QCONN_OPEN && c->sh->now_ns - c->heard_ns >= DTT_QUIC_SILENT_NS &&
        dtt_ng_info(c->ng).bytes_in_flight > 0) {
        dtt_list_push(&c->sh->events, &c->silent.link);
    }
}

void dtt_qconn_tick(struct dtt_qconn *c)
{
    uint64_t now = c->sh->now_ns;
    bool is_ended = (now >= c->until_ns && is_ended_by_time(c)) ||
                    (c->ng && now >= c->mtu.look_ns && is_ended_by_path(c));
    if (!is_ended && c->ng && now >= c->move.until_ns) {
        dtt_qmove_tick(c);
    }
    if (!is_ended && c->ng && ngtcp2_conn_get_expiry(c->ng) <= now) {
        tell_silence(c);
        settle(c, ngtcp2_conn_handle_expiry(c->ng, now));
    } else {
        dtt_qschedule_arm(c);
    }
}

/* ---- ended streams and taken events */

/* Only now may the peer open another stream: its closed streams must not pile up here. */
static void return_stream(struct dtt_qconn *c)
{
    if (c->owed_streams > 0) {
        c->owed_streams--;
        return;
    }
    ngtcp2_conn_extend_max_streams_uni(c->ng, 1);
    dtt_qschedule_wake(c);
}

/* Old ngtcp2 never frees the peer's streams; WORN is due when they hold most of the memory. */
static void tell_wear(struct dtt_qconn *c)
{
    if (c->memory.pool == &c->sh->trusted && c->memory.used >= c->worn_bytes &&
        c->kept_streams > c->streams.count) {
        c->worn_bytes = c->memory.used + c->memory.max / WEAR_STEP;
        DTT_COUNT(c->sh->ctx, QUIC_WORN);
        dtt_list_push(&c->sh->events, &c->worn.link);
    }
}

static void release_stream(struct dtt_qconn *c, struct dtt_qstream *s)
{
    if (!dtt_qstream_is_done(s)) {
        return;
    }
    bool is_peers = !s->is_local;
    if (is_peers && c->ng && !s->is_forgotten) {
        (void)ngtcp2_conn_set_stream_user_data(c->ng, s->id, NULL);
        c->kept_streams++;
    }
    dtt_qstream_free(s);
    if (is_peers && c->ng) {
        return_stream(c);
        tell_wear(c);
    }
}

void dtt_qconn_stream_closed(struct dtt_qconn *c, struct dtt_qstream *s)
{
    s->is_closed = true;
    s->is_forgotten = true;
    release_stream(c, s);
}

static void taken_data(struct dtt_qconn *c, struct dtt_qdata *block)
{
    struct dtt_qstream *s = block->event.stream;
    dtt_qstream_taken(s, block);
    if (c->ng && block->len) {
        (void)ngtcp2_conn_extend_max_stream_offset(c->ng, s->id, block->len);
        size_t owed = block->len < c->owed_bytes ? block->len : c->owed_bytes;
        c->owed_bytes -= owed;
        ngtcp2_conn_extend_max_offset(c->ng, block->len - owed);
        dtt_qschedule_wake(c);
    }
    release_stream(c, s);
}

void dtt_qconn_taken(struct dtt_qconn *c, struct dtt_qevent *e)
{
    switch (e->type) {
    case DTT_QUIC_DATA: taken_data(c, (struct dtt_qdata *)e); break;
    case DTT_QUIC_STREAM_RESET: release_stream(c, e->stream); break;
    case DTT_QUIC_CLOSED: end_life(c); break;
    default: break;
    }
}

/* ---- invariants */

void dtt_qconn_check(const struct dtt_qconn *c)
{
    size_t unacked = 0;
    size_t own = 0;
    for (const struct dtt_qstream *s = dtt_qstream_of(c->streams.head); s;
         s = dtt_qstream_of(s->link.next)) {
        assert(s->conn == c && s->link.list == &c->streams);
        unacked += s->is_local && !s->is_closed ? dtt_qsendbuf_unacked(&s->out) : 0;
        own += s->is_local && !s->is_closed;
    }
    assert((c->ng != NULL) == (c->state <= DTT_QCONN_OPEN));
    assert(c->unacked == unacked && c->own_streams == own);
    assert(c->cids.count == 0 || c->state != DTT_QCONN_OVER);
    assert(!c->is_close_due || (c->close_packet && c->ready.list));
    (void)unacked;
    (void)own;
}
