/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/transmit.h"

#include "quic/path.h"
#include "quic/schedule.h"

#include <assert.h>

/* Pieces of a stream offered to ngtcp2 at a time; a datagram rarely takes more than two. */
#define PIECES_MAX 8

/* ---- turns */

static void push(struct dtt_qconn *c, struct dtt_qstream *s)
{
    if (!s->is_blocked && !s->is_stopped && dtt_qsendbuf_has_next(&s->out)) {
        dtt_list_push(&c->tx, &s->tx);
    }
}

/* ---- the user's side */

int dtt_qtransmit_open(struct dtt_qconn *c, int64_t *ret_stream)
{
    int64_t id;
    if (!c->ng) {
        return DTT_ECLOSED;
    }
    if (c->state != DTT_QCONN_OPEN || c->own_streams == DTT_QCONN_OWN_STREAMS_MAX ||
        ngtcp2_conn_get_streams_uni_left(c->ng) == 0) {
        c->wants_stream = true;
        return DTT_EAGAIN;
    }
    struct dtt_qstream *s = dtt_qstream_new(&c->streams, c, 0, true);
    if (!s) {
        return DTT_ENOMEM;
    }
    int rv = ngtcp2_conn_open_uni_stream(c->ng, &id, s);
    if (rv != 0) {
        dtt_qstream_free(s);
        return rv == NGTCP2_ERR_NOMEM ? DTT_ENOMEM : DTT_EAGAIN;
    }
    s->id = id;
    c->own_streams++;
    *ret_stream = id;
    return DTT_OK;
}

int dtt_qtransmit_write(struct dtt_qconn *c, int64_t stream, struct dtt_slice data, bool fin)
{
    size_t max = c->sh->stream_buffer_max;
    struct dtt_qstream *s = dtt_qstream_find(&c->streams, stream);
    if (!c->ng || !s || !s->is_local || s->is_stopped || s->out.fin) {
        return DTT_ECLOSED;
    }
    if (data.len > max) {
        return DTT_ETOOBIG;
    }
    if (dtt_qsendbuf_unacked(&s->out) + data.len > max) {
        DTT_COUNT(c->sh->ctx, QUIC_WRITES_REFUSED);
        s->refused = data.len;
        return DTT_EAGAIN;
    }
    int err = dtt_qsendbuf_append(&s->out, data);
    if (err) {
        return err;
    }
    s->out.fin = fin;
    s->refused = 0;
    c->unacked += data.len;
    push(c, s);
    dtt_qschedule_wake(c);
    return DTT_OK;
}

/* ---- what the peer says */

void dtt_qtransmit_acked(struct dtt_qconn *c, struct dtt_qstream *s, uint64_t end)
{
    size_t before = dtt_qsendbuf_unacked(&s->out);
    dtt_qsendbuf_acked(&s->out, end);
    dtt_qmtu_acked(s, c->sh->now_ns);
    size_t after = dtt_qsendbuf_unacked(&s->out);
    assert(c->unacked >= before - after);
    c->unacked -= before - after;
    if (s->refused && after + s->refused <= c->sh->stream_buffer_max) {
        s->refused = 0;
        dtt_list_push(&c->sh->events, &s->writable.link);
    }
}

void dtt_qtransmit_unblock(struct dtt_qconn *c, struct dtt_qstream *s)
{
    s->is_blocked = false;
    push(c, s);
}

/*
 * The peer wants no more of the stream (STOP_SENDING). ngtcp2 answers by itself, and reports it
 * when we write on or when the stream is closed.
 */
static void stop(struct dtt_qconn *c, struct dtt_qstream *s)
{
    dtt_list_remove(&s->tx);
    if (s->is_stopped) {
        return;
    }
    s->is_stopped = true;
    dtt_list_remove(&s->writable.link);
    dtt_list_push(&c->sh->events, &s->reset.link);
}

void dtt_qtransmit_forget(struct dtt_qconn *c, struct dtt_qstream *s)
{
    if (!s->out.fin_sent || dtt_qsendbuf_unacked(&s->out) > 0) {
        stop(c, s);
    }
    dtt_list_remove(&s->tx);
    dtt_list_remove(&s->writable.link);
    assert(c->own_streams > 0 && c->unacked >= dtt_qsendbuf_unacked(&s->out));
    c->unacked -= dtt_qsendbuf_unacked(&s->out);
    dtt_qsendbuf_drop(&s->out);
    c->own_streams--;
    if (c->wants_stream && ngtcp2_conn_get_streams_uni_left(c->ng) > 0) {
        c->wants_stream = false;
        dtt_list_push(&c->sh->events, &c->openable.link);
    }
}

/* ---- datagrams */

static size_t next_close(struct dtt_qconn *c, uint8_t *dest, struct dtt_qroute *ret)
{
    if (!c->is_close_due) {
        dtt_qschedule_sleep(c);
        return 0;
    }
    *ret = c->close_route;
    if (c->last_ack_len > 0) {
        size_t len = c->last_ack_len;
        memcpy(dest, c->last_ack, len);
        c->last_ack_len = 0;
        return len;
    }
    c->is_close_due = false;
    memcpy(dest, c->close_packet, c->close_len);
    return c->close_len;
}

/* The stream whose turn it is, or NULL. */
static struct dtt_qstream *next_stream(const struct dtt_qconn *c)
{
    return c->tx.head && ngtcp2_conn_get_max_data_left(c->ng) > 0
               ? DTT_LIST_OWNER(c->tx.head, struct dtt_qstream, tx)
               : NULL;
}

/*
 * Fills one datagram with frames of the streams, in turn, and with those of ngtcp2 itself. Every
 * frame moves its stream to the end of the queue.
 */
static ngtcp2_ssize fill(struct dtt_qconn *c, uint8_t *dest, ngtcp2_path *path, ngtcp2_pkt_info *pi)
{
    size_t max = dtt_qmtu_limit(&c->mtu, c->sh->now_ns);
    for (;;) {
        struct dtt_qstream *s = next_stream(c);
        ngtcp2_vec pieces[PIECES_MAX];
        size_t count = 0;
        bool fin = false;
        uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
        ngtcp2_ssize taken = -1;
        if (s) {
            count = dtt_qsendbuf_next(&s->out, pieces, PIECES_MAX, &fin);
            flags = NGTCP2_WRITE_STREAM_FLAG_MORE | (fin ? NGTCP2_WRITE_STREAM_FLAG_FIN : 0);
        }
        ngtcp2_ssize n = ngtcp2_conn_writev_stream(c->ng, path, pi, dest, max, &taken, flags,
                                                   s ? s->id : -1, pieces, count, c->sh->now_ns);
        if (s && taken >= 0) {
            dtt_qmtu_sent(&c->mtu, s, c->sh->now_ns);
            dtt_qsendbuf_sent(&s->out, (size_t)taken, fin);
            dtt_list_remove(&s->tx);
            push(c, s);
        }
        if (s && n == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
            s->is_blocked = true;
            dtt_list_remove(&s->tx);
        } else if (s && (n == NGTCP2_ERR_STREAM_SHUT_WR || n == NGTCP2_ERR_STREAM_NOT_FOUND)) {
            stop(c, s);
        } else if (n != NGTCP2_ERR_WRITE_MORE) {
            return n;
        }
    }
}

static void restore_keep_alive(struct dtt_qconn *c)
{
    if (c->is_pinging) {
        c->is_pinging = false;
        ngtcp2_conn_set_keep_alive_timeout(c->ng, c->sh->keep_alive_ns);
    }
}

size_t dtt_qtransmit_next(struct dtt_qconn *c, uint8_t *dest, struct dtt_qroute *ret)
{
    ngtcp2_path_storage ps;
    ngtcp2_pkt_info pi = {0};
    ngtcp2_ssize n = 0;
    if (!c->ng) {
        return next_close(c, dest, ret);
    }
    ngtcp2_path_storage_zero(&ps);
    if (c->burst < ngtcp2_conn_get_send_quantum(c->ng)) {
        n = fill(c, dest, &ps.path, &pi);
    }
    if (n > 0 && !dtt_qconn_may_send(c)) {
        n = 0; /* as if lost on the way */
    } else if (n > 0 && c->state == DTT_QCONN_HANDSHAKE && !c->is_heard) {
        c->unheard_max--;
    }
    if (n < 0) {
        dtt_qconn_fail(c, (int)n);
        return next_close(c, dest, ret);
    }
    if (n == 0) {
        if (c->state == DTT_QCONN_OPEN) {
            /* Before that ngtcp2 0.12.1 would pace by a guessed RTT of 333 ms. */
            ngtcp2_conn_update_pkt_tx_time(c->ng, c->sh->now_ns);
        }
        c->burst = 0;
        dtt_qschedule_sleep(c);
        dtt_qschedule_arm(c);
        return 0;
    }
    restore_keep_alive(c);
    c->burst += (size_t)n;
    ret->ecn = pi.ecn;
    ret->is_probe = (size_t)n > ngtcp2_conn_get_path_max_tx_udp_payload_size(c->ng);
    dtt_qpath_addr(&ps.path.local, &ret->local);
    dtt_qpath_addr(&ps.path.remote, &ret->remote);
    return (size_t)n;
}
