/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/plain.h"

#include "base/map.h"
#include "base/ring.h"
#include "base/timerq.h"
#include "crypto/ed25519.h"

#include <stdlib.h>

#define PACKET_MAX   1200 /* bytes of a datagram, as QUIC before it knows the path better */
#define CONNS_MAX    256
#define STREAM_MAX   (256 * 1024) /* unacknowledged bytes a connection */
#define OOO_MAX      256          /* packets held that came too early */
#define CONTROL_MAX  4096         /* small datagrams waiting to be sent */
#define RTO_MIN_NS   (50 * DTT_MS)
#define RTO_MAX_NS   (3 * DTT_S)
#define HELLO_RTO_NS DTT_S /* RFC 9002: three times the initial round trip of 333 ms */

/* First bytes of datagrams; none is a 'd'. */
enum packet_type {
    HELLO = 0xc0, /* our cid, our id, their id; padded */
    WELCOME,      /* their cid, our cid, our id; padded */
    FINISH,       /* all the rest begin with the cid of the one who receives it */
    DONE,
    DATA, /* seq, ack, frames */
    ACK,  /* ack */
    PING,
    PONG,
    CLOSE,
    REFUSE,
    RESET
};

#define CID_BYTES     8
#define HEAD_BYTES    (1 + CID_BYTES)
#define DATA_HEAD     (HEAD_BYTES + 8)
#define FRAME_HEAD    6 /* stream 4, length and fin 2 */
#define FRAME_FIN     0x8000u
#define HELLO_BYTES   (HEAD_BYTES + 2 * DTT_ID_BYTES)
#define WELCOME_BYTES (HEAD_BYTES + CID_BYTES + DTT_ID_BYTES)

enum conn_state { DIALING, FINISHING, ACCEPTING, OPEN };

/* Frames of one datagram, sent and not acknowledged, or received too early. */
struct chunk {
    struct chunk *next;
    uint32_t seq;
    uint64_t sent_ns; /* 0: not yet */
    bool is_repeated;
    size_t len;
    uint8_t data[PACKET_MAX - DATA_HEAD];
};

struct conn {
    dtt_quic_conn cid; /* ours, and the handle */
    uint64_t remote_cid;
    enum conn_state state;
    bool is_dialed, is_dirty, owes_ack, is_blocked;
    struct dtt_id peer;
    struct dtt_addr remote;
    struct dtt_timer timer;
    uint64_t opened_ns, heard_ns, active_ns;
    uint64_t srtt_ns, hello_ns;
    unsigned hellos, backoff;
    uint32_t next_stream;
    struct chunk *out, *out_last, *unsent; /* in order of seq */
    uint32_t next_seq;
    size_t unacked;
    struct chunk *early; /* in order of seq */
    size_t n_early;
    uint32_t expected;
};

struct control {
    struct dtt_addr to;
    size_t len;
    uint8_t data[HELLO_BYTES];
};

struct queued_event {
    struct dtt_quic_event ev;
    uint8_t *data;
};

struct plain {
    struct dtt_ctx *ctx;
    struct dtt_id id;
    struct dtt_rng rng;
    uint64_t idle_ns, keep_alive_ns, handshake_ns;
    struct dtt_map conns; /* cid -> struct conn */
    size_t n_accepted;
    struct dtt_timerq timers;
    struct dtt_ring control; /* struct control */
    struct dtt_ring dirty;   /* cids of connections with something to send */
    struct dtt_ring events;  /* struct queued_event */
    uint8_t *handed_out;     /* data of the event taken last */
    uint8_t packet[PACKET_MAX];
};

/* ---------------------------------------------------------------- helpers */

static struct conn *conn_find(const struct plain *p, dtt_quic_conn cid)
{
    return dtt_map_get(&p->conns, &cid);
}

static void control(struct plain *p, const struct dtt_addr *to, enum packet_type type, uint64_t cid,
                    const void *more, size_t len)
{
    struct control *c = dtt_ring_push(&p->control);
    if (c) {
        c->to = *to;
        c->len = HEAD_BYTES + len;
        c->data[0] = (uint8_t)type;
        dtt_put_le64(c->data + 1, cid);
        if (len) {
            memcpy(c->data + HEAD_BYTES, more, len);
        }
    }
}

static void mark_dirty(struct plain *p, struct conn *c)
{
    uint64_t *slot = c->is_dirty ? NULL : dtt_ring_push(&p->dirty);
    if (slot) {
        *slot = c->cid;
        c->is_dirty = true;
    }
}

static struct queued_event *push_event(struct plain *p, const struct conn *c,
                                       enum dtt_quic_event_type type)
{
    struct queued_event *e = dtt_ring_push(&p->events);
    if (e) {
        *e = (struct queued_event){.ev = {.type = type,
                                          .conn = c->cid,
                                          .peer = c->peer,
                                          .addr = c->remote,
                                          .dialed = c->is_dialed,
                                          .stream = -1}};
    }
    return e;
}

static void chunks_free(struct chunk *list)
{
    while (list) {
        struct chunk *next = list->next;
        free(list);
        list = next;
    }
}

static void conn_free(struct plain *p, struct conn *c)
{
    dtt_timerq_cancel(&p->timers, &c->timer);
    dtt_map_take(&p->conns, &c->cid);
    p->n_accepted -= !c->is_dialed;
    chunks_free(c->out);
    chunks_free(c->early);
    free(c);
}

/* Tells what has to be told and forgets the connection. */
static void conn_end(struct plain *p, struct conn *c, enum dtt_reason reason)
{
    if (c->is_dialed || c->state == OPEN) {
        struct queued_event *e = push_event(p, c, DTT_QUIC_CLOSED);
        if (e) {
            e->ev.was_connected = c->state == OPEN;
            e->ev.reason = reason;
        }
    }
    if (c->state == OPEN) {
        DTT_COUNT(p->ctx, QUIC_CLOSED);
    } else if (c->is_dialed) {
        DTT_COUNT(p->ctx, QUIC_DIAL_FAILED);
    } else {
        DTT_COUNT(p->ctx, QUIC_ACCEPT_FAILED);
    }
    conn_free(p, c);
}

static struct conn *conn_new(struct plain *p, struct dtt_now now, const struct dtt_addr *remote)
{
    struct conn *c = calloc(1, sizeof(*c));
    if (!c) {
        return NULL;
    }
    c->cid = dtt_rng_u64(&p->rng) | 1; /* never 0 */
    c->remote = *remote;
    c->opened_ns = c->heard_ns = c->active_ns = now.mono_ns;
    if (dtt_map_put(&p->conns, &c->cid, c) != DTT_OK) {
        free(c);
        return NULL;
    }
    return c;
}

static uint64_t rto(const struct conn *c)
{
    uint64_t ns = c->srtt_ns + c->srtt_ns / 2 + 30 * DTT_MS;
    ns = (ns < RTO_MIN_NS ? RTO_MIN_NS : ns) << (c->backoff < 6 ? c->backoff : 6);
    return ns < RTO_MAX_NS ? ns : RTO_MAX_NS;
}

static void arm(struct plain *p, struct conn *c)
{
    uint64_t t;
    if (c->state == OPEN) {
        t = dtt_min_ns(c->heard_ns + p->idle_ns, c->active_ns + p->keep_alive_ns);
        if (c->out && c->out->sent_ns) {
            t = dtt_min_ns(t, c->out->sent_ns + rto(c));
        }
    } else {
        t = c->opened_ns + p->handshake_ns;
        if (c->state != ACCEPTING) {
            t = dtt_min_ns(t, c->hello_ns + (HELLO_RTO_NS << (c->hellos - 1)));
        }
    }
    dtt_timerq_set(&p->timers, &c->timer, t);
}

static void sample_rtt(struct conn *c, uint64_t rtt_ns)
{
    c->srtt_ns = c->srtt_ns ? (7 * c->srtt_ns + rtt_ns) / 8 : rtt_ns;
}

/* -------------------------------------------------------------- handshake */

static void send_hello(struct plain *p, struct dtt_now now, struct conn *c)
{
    uint8_t ids[2 * DTT_ID_BYTES];
    c->hello_ns = now.mono_ns;
    c->hellos++;
    if (c->state == DIALING) {
        memcpy(ids, p->id.bytes, DTT_ID_BYTES);
        memcpy(ids + DTT_ID_BYTES, c->peer.bytes, DTT_ID_BYTES);
        control(p, &c->remote, HELLO, c->cid, ids, sizeof(ids));
    } else {
        control(p, &c->remote, FINISH, c->remote_cid, NULL, 0);
    }
}

static void send_welcome(struct plain *p, const struct conn *c)
{
    uint8_t rest[CID_BYTES + DTT_ID_BYTES];
    dtt_put_le64(rest, c->cid);
    memcpy(rest + CID_BYTES, p->id.bytes, DTT_ID_BYTES);
    control(p, &c->remote, WELCOME, c->remote_cid, rest, sizeof(rest));
}

static void on_hello(struct plain *p, struct dtt_now now, const struct dtt_addr *from,
                     uint64_t their_cid, struct dtt_slice ids)
{
    if (ids.len < 2 * DTT_ID_BYTES) {
        return;
    }
    for (size_t i = 0; i < dtt_map_count(&p->conns); i++) {
        struct conn *c = dtt_map_value_at(&p->conns, i);
        if (!c->is_dialed && c->remote_cid == their_cid && dtt_addr_eq(&c->remote, from)) {
            send_welcome(p, c);
            return;
        }
    }
    struct conn *c =
        p->n_accepted < CONNS_MAX / 4 * 3 && memcmp(ids.data, p->id.bytes, DTT_ID_BYTES) != 0
            ? conn_new(p, now, from)
            : NULL;
    if (!c) {
        DTT_COUNT(p->ctx, QUIC_CONN_REFUSED);
        control(p, from, REFUSE, their_cid, NULL, 0);
        return;
    }
    p->n_accepted++;
    c->state = ACCEPTING;
    c->remote_cid = their_cid;
    memcpy(c->peer.bytes, ids.data, DTT_ID_BYTES);
    send_welcome(p, c);
    arm(p, c);
}

static void on_welcome(struct plain *p, struct dtt_now now, struct conn *c, struct dtt_slice rest)
{
    if (rest.len < CID_BYTES + DTT_ID_BYTES || c->state != DIALING) {
        return;
    }
    if (memcmp(rest.data + CID_BYTES, c->peer.bytes, DTT_ID_BYTES) != 0) {
        control(p, &c->remote, CLOSE, dtt_get_le64(rest.data), NULL, 0);
        conn_end(p, c, DTT_REASON_WRONG_KEY);
        return;
    }
    c->remote_cid = dtt_get_le64(rest.data);
    c->state = FINISHING;
    if (c->hellos == 1) {
        sample_rtt(c, now.mono_ns - c->hello_ns);
    }
    c->hellos = 0;
    send_hello(p, now, c);
    arm(p, c);
}

static void on_open(struct plain *p, struct conn *c)
{
    c->state = OPEN;
    DTT_COUNT(p->ctx, QUIC_CONNECTED);
    push_event(p, c, DTT_QUIC_CONNECTED);
    if (c->unsent) {
        mark_dirty(p, c);
    }
    arm(p, c);
}

/* ------------------------------------------------------------------- data */

static void deliver(struct plain *p, const struct conn *c, struct dtt_slice frames)
{
    struct dtt_reader r = dtt_reader(frames);
    while (dtt_reader_left(&r) > 0) {
        struct dtt_slice head = dtt_read(&r, FRAME_HEAD);
        if (r.failed) {
            return;
        }
        unsigned len = dtt_get_be16(head.data + 4);
        struct dtt_slice data = dtt_read(&r, len & ~FRAME_FIN);
        if (r.failed) {
            return;
        }
        uint8_t *copy = malloc(data.len ? data.len : 1);
        struct queued_event *e = copy ? push_event(p, c, DTT_QUIC_DATA) : NULL;
        if (!e) {
            free(copy);
            return;
        }
        if (data.len) {
            memcpy(copy, data.data, data.len);
        }
        e->data = copy;
        e->ev.stream = dtt_get_be32(head.data);
        e->ev.fin = (len & FRAME_FIN) != 0;
        e->ev.data = dtt_slice(copy, data.len);
    }
}

static void keep_early(struct conn *c, uint32_t seq, struct dtt_slice frames)
{
    struct chunk **at = &c->early;
    while (*at && (*at)->seq < seq) {
        at = &(*at)->next;
    }
    if ((*at && (*at)->seq == seq) || c->n_early == OOO_MAX) {
        return;
    }
    struct chunk *k = malloc(sizeof(*k));
    if (k) {
        *k = (struct chunk){.next = *at, .seq = seq, .len = frames.len};
        memcpy(k->data, frames.data, frames.len);
        *at = k;
        c->n_early++;
    }
}

static void on_ack(struct plain *p, struct dtt_now now, struct conn *c, uint32_t ack)
{
    while (c->out && c->out->seq < ack && c->out->sent_ns) {
        struct chunk *k = c->out;
        if (!k->is_repeated) {
            sample_rtt(c, now.mono_ns - k->sent_ns);
        }
        c->out = k->next;
        if (c->unsent == k) {
            c->unsent = k->next;
        }
        c->unacked -= k->len;
        c->backoff = 0;
        free(k);
    }
    if (!c->out) {
        c->out_last = NULL;
    }
    if (c->is_blocked && c->unacked < STREAM_MAX / 2) {
        c->is_blocked = false;
        push_event(p, c, DTT_QUIC_WRITABLE);
    }
}

static void on_data(struct plain *p, struct conn *c, uint32_t seq, struct dtt_slice frames)
{
    c->owes_ack = true;
    mark_dirty(p, c);
    if (seq > c->expected) {
        keep_early(c, seq, frames);
        return;
    }
    if (seq < c->expected) {
        return;
    }
    deliver(p, c, frames);
    c->expected++;
    while (c->early && c->early->seq == c->expected) {
        struct chunk *k = c->early;
        deliver(p, c, dtt_slice(k->data, k->len));
        c->expected++;
        c->early = k->next;
        c->n_early--;
        free(k);
    }
}

static void on_packet(struct plain *p, struct dtt_now now, struct conn *c,
                      const struct dtt_addr *from, enum packet_type type, struct dtt_slice rest)
{
    c->heard_ns = c->active_ns = now.mono_ns;
    if (!dtt_addr_eq(&c->remote, from)) {
        c->remote = *from;
        if (c->state == OPEN) {
            push_event(p, c, DTT_QUIC_MIGRATED);
        }
    }
    /* DONE may be lost: whatever the acceptor sends after FINISH says the same. */
    if (c->state == FINISHING && (type == DONE || type == DATA || type == ACK || type == PING)) {
        on_open(p, c);
    }
    switch (type) {
    case WELCOME: on_welcome(p, now, c, rest); return; /* c may be gone */
    case FINISH:
        control(p, &c->remote, DONE, c->remote_cid, NULL, 0);
        if (c->state == ACCEPTING) {
            on_open(p, c);
        }
        break;
    case DATA:
        if (rest.len >= 8 && c->state == OPEN) {
            on_ack(p, now, c, dtt_get_be32(rest.data + 4));
            on_data(p, c, dtt_get_be32(rest.data), dtt_slice(rest.data + 8, rest.len - 8));
        }
        break;
    case ACK:
        if (rest.len >= 4) {
            on_ack(p, now, c, dtt_get_be32(rest.data));
        }
        break;
    case PING: control(p, &c->remote, PONG, c->remote_cid, NULL, 0); break;
    case CLOSE: conn_end(p, c, DTT_REASON_CLOSED_BY_PEER); return;
    case REFUSE: conn_end(p, c, DTT_REASON_REFUSED); return;
    default: break;
    }
    arm(p, c);
}

/* A packet for a connection that is not here: its sender should know. */
static void on_stray(struct plain *p, const struct dtt_addr *from, enum packet_type type,
                     uint64_t cid)
{
    if (type == RESET) {
        for (size_t i = 0; i < dtt_map_count(&p->conns); i++) {
            struct conn *c = dtt_map_value_at(&p->conns, i);
            if (c->remote_cid == cid && c->state != DIALING && dtt_addr_eq(&c->remote, from)) {
                conn_end(p, c, DTT_REASON_RESET);
                return;
            }
        }
    } else if (type != CLOSE && type != REFUSE) {
        control(p, from, RESET, cid, NULL, 0);
    }
}

/* -------------------------------------------------------------- interface */

static int plain_open(void **ret, struct dtt_ctx *ctx, const struct dtt_quic_config *cfg,
                      struct dtt_now now)
{
    struct plain *p = calloc(1, sizeof(*p));
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    (void)now;
    if (!p) {
        return DTT_ENOMEM;
    }
    p->ctx = ctx;
    p->idle_ns = cfg->idle_timeout_ns ? cfg->idle_timeout_ns : 30 * DTT_S;
    p->keep_alive_ns = cfg->keep_alive_ns ? cfg->keep_alive_ns : 5 * DTT_S;
    p->handshake_ns = cfg->handshake_timeout_ns ? cfg->handshake_timeout_ns : 10 * DTT_S;
    dtt_ed25519_public_key(p->id.bytes, cfg->seed);
    dtt_rng_init(&p->rng, ctx->seed, "sim.plain");
    dtt_rng_bytes(&p->rng, hash_key, sizeof(hash_key));
    dtt_map_init(&p->conns, sizeof(dtt_quic_conn), CONNS_MAX, hash_key);
    dtt_timerq_init(&p->timers);
    dtt_ring_init(&p->control, sizeof(struct control), CONTROL_MAX);
    dtt_ring_init(&p->dirty, sizeof(uint64_t), 2 * CONNS_MAX);
    dtt_ring_init(&p->events, sizeof(struct queued_event), SIZE_MAX / sizeof(struct queued_event));
    *ret = p;
    return DTT_OK;
}

static void plain_free(void *t)
{
    struct plain *p = t;
    struct queued_event *e;
    if (!p) {
        return;
    }
    while (dtt_map_count(&p->conns) > 0) {
        conn_free(p, dtt_map_value_at(&p->conns, dtt_map_count(&p->conns) - 1));
    }
    while ((e = dtt_ring_front(&p->events)) != NULL) {
        free(e->data);
        dtt_ring_pop(&p->events);
    }
    free(p->handed_out);
    dtt_ring_fini(&p->events);
    dtt_ring_fini(&p->dirty);
    dtt_ring_fini(&p->control);
    dtt_timerq_fini(&p->timers);
    dtt_map_fini(&p->conns);
    dtt_rng_fini(&p->rng);
    free(p);
}

static void plain_recv(void *t, struct dtt_now now, const struct dtt_addr *local,
                       const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram)
{
    struct plain *p = t;
    (void)local;
    (void)ecn;
    if (datagram.len < HEAD_BYTES || datagram.data[0] < HELLO || datagram.data[0] > RESET) {
        DTT_COUNT(p->ctx, QUIC_RX_DROPPED);
        return;
    }
    enum packet_type type = datagram.data[0];
    uint64_t cid = dtt_get_le64(datagram.data + 1);
    struct dtt_slice rest = dtt_slice(datagram.data + HEAD_BYTES, datagram.len - HEAD_BYTES);
    struct conn *c = type == HELLO || type == RESET ? NULL : conn_find(p, cid);
    if (type == HELLO) {
        on_hello(p, now, remote, cid, rest);
    } else if (c) {
        on_packet(p, now, c, remote, type, rest);
    } else {
        on_stray(p, remote, type, cid);
    }
}

static void plain_unreachable(void *t, struct dtt_now now, const struct dtt_addr *remote)
{
    struct plain *p = t;
    (void)now;
    for (size_t i = dtt_map_count(&p->conns); i-- > 0;) {
        struct conn *c = dtt_map_value_at(&p->conns, i);
        if (c->state == DIALING && dtt_addr_eq(&c->remote, remote)) {
            conn_end(p, c, DTT_REASON_UNREACHABLE);
        }
    }
}

static int plain_dial(void *t, struct dtt_now now, const struct dtt_id *peer,
                      const struct dtt_addr *local, const struct dtt_addr *remote,
                      dtt_quic_conn *ret)
{
    struct plain *p = t;
    (void)local;
    if (memcmp(peer, &p->id, sizeof(*peer)) == 0) {
        return DTT_EINVAL;
    }
    if (dtt_map_count(&p->conns) == CONNS_MAX) {
        DTT_COUNT(p->ctx, QUIC_DIAL_REFUSED);
        return DTT_EFULL;
    }
    struct conn *c = conn_new(p, now, remote);
    if (!c) {
        return DTT_ENOMEM;
    }
    c->is_dialed = true;
    c->peer = *peer;
    c->state = DIALING;
    send_hello(p, now, c);
    arm(p, c);
    *ret = c->cid;
    return DTT_OK;
}

static int plain_open_uni(void *t, dtt_quic_conn conn, int64_t *ret_stream)
{
    struct conn *c = conn_find(t, conn);
    if (!c) {
        return DTT_ECLOSED;
    }
    if (c->state != OPEN) {
        return DTT_EAGAIN;
    }
    *ret_stream = c->next_stream++;
    return DTT_OK;
}

/* The last packet when it is still to be sent and has room, or a new one. */
static struct chunk *chunk_with_room(struct conn *c)
{
    struct chunk *k = c->out_last;
    if (k && !k->sent_ns && k->len + FRAME_HEAD < sizeof(k->data)) {
        return k;
    }
    k = malloc(sizeof(*k));
    if (!k) {
        return NULL;
    }
    k->next = NULL;
    k->seq = c->next_seq++;
    k->sent_ns = 0;
    k->is_repeated = false;
    k->len = 0;
    *(c->out_last ? &c->out_last->next : &c->out) = k;
    c->out_last = k;
    if (!c->unsent) {
        c->unsent = k;
    }
    return k;
}

static int plain_write(void *t, dtt_quic_conn conn, int64_t stream, struct dtt_slice data, bool fin)
{
    struct plain *p = t;
    struct conn *c = conn_find(p, conn);
    if (!c || c->state != OPEN) {
        return DTT_ECLOSED;
    }
    if (data.len > STREAM_MAX) {
        return DTT_ETOOBIG;
    }
    if (c->unacked + data.len > STREAM_MAX) {
        c->is_blocked = true;
        return DTT_EAGAIN;
    }
    do {
        struct chunk *k = chunk_with_room(c);
        if (!k) {
            return DTT_ENOMEM;
        }
        size_t room = sizeof(k->data) - k->len - FRAME_HEAD;
        size_t n = data.len < room ? data.len : room;
        uint8_t *at = k->data + k->len;
        dtt_put_be32(at, (uint32_t)stream);
        dtt_put_be16(at + 4, (uint16_t)(n | (fin && n == data.len ? FRAME_FIN : 0)));
        if (n) {
            memcpy(at + FRAME_HEAD, data.data, n);
        }
        k->len += FRAME_HEAD + n;
        c->unacked += FRAME_HEAD + n;
        data = dtt_slice(n ? data.data + n : data.data, data.len - n);
    } while (data.len > 0);
    mark_dirty(p, c);
    return DTT_OK;
}

static size_t plain_unacked(const void *t, dtt_quic_conn conn)
{
    const struct conn *c = conn_find(t, conn);
    return c ? c->unacked : 0;
}

static void plain_close(void *t, struct dtt_now now, dtt_quic_conn conn, uint64_t code,
                        const char *reason)
{
    struct plain *p = t;
    struct conn *c = conn_find(p, conn);
    (void)now;
    (void)code;
    (void)reason;
    if (c) {
        if (c->remote_cid) {
            control(p, &c->remote, CLOSE, c->remote_cid, NULL, 0);
        }
        for (size_t i = 0; i < p->events.count; i++) {
            struct queued_event *e = dtt_ring_at(&p->events, i);
            if (e->ev.conn == conn) {
                e->ev.conn = 0; /* who closes wants nothing more */
            }
        }
        conn_end(p, c, DTT_REASON_CLOSED_BY_US);
    }
}

static struct dtt_quic_packet packet_to(const struct plain *p, const struct dtt_addr *to,
                                        size_t len)
{
    return (struct dtt_quic_packet){
        .remote = *to, .segment = len, .data = dtt_slice(p->packet, len)};
}

/* One datagram of a connection: data with an acknowledgement, or that alone. */
static bool conn_packet(struct plain *p, struct dtt_now now, struct conn *c,
                        struct dtt_quic_packet *ret)
{
    struct chunk *k = c->unsent;
    size_t len = HEAD_BYTES;
    if (!k && !c->owes_ack) {
        return false;
    }
    p->packet[0] = k ? DATA : ACK;
    dtt_put_le64(p->packet + 1, c->remote_cid);
    if (k) {
        dtt_put_be32(p->packet + len, k->seq);
        len += 4;
    }
    dtt_put_be32(p->packet + len, c->expected);
    len += 4;
    if (k) {
        memcpy(p->packet + len, k->data, k->len);
        len += k->len;
        k->sent_ns = now.mono_ns;
        c->unsent = k->next;
    }
    c->owes_ack = false;
    c->active_ns = now.mono_ns;
    arm(p, c);
    *ret = packet_to(p, &c->remote, len);
    return true;
}

static bool plain_next_packet(void *t, struct dtt_now now, struct dtt_quic_packet *ret)
{
    struct plain *p = t;
    const struct control *k = dtt_ring_front(&p->control);
    const uint64_t *cid;
    if (k) {
        size_t len = k->len;
        memcpy(p->packet, k->data, len);
        if (k->data[0] == HELLO || k->data[0] == WELCOME) {
            memset(p->packet + len, 0, PACKET_MAX - len);
            len = PACKET_MAX;
        }
        *ret = packet_to(p, &k->to, len);
        dtt_ring_pop(&p->control);
        return true;
    }
    while ((cid = dtt_ring_front(&p->dirty)) != NULL) {
        struct conn *c = conn_find(p, *cid);
        if (c && conn_packet(p, now, c, ret)) {
            return true;
        }
        if (c) {
            c->is_dirty = false;
        }
        dtt_ring_pop(&p->dirty);
    }
    return false;
}

static bool plain_next_event(void *t, struct dtt_quic_event *ret)
{
    struct plain *p = t;
    const struct queued_event *e;
    do {
        free(p->handed_out);
        p->handed_out = NULL;
        e = dtt_ring_front(&p->events);
        if (!e) {
            return false;
        }
        *ret = e->ev;
        p->handed_out = e->data;
        dtt_ring_pop(&p->events);
    } while (ret->conn == 0);
    return true;
}

static uint64_t plain_deadline(const void *t)
{
    const struct plain *p = t;
    return dtt_timerq_deadline(&p->timers);
}

/* The oldest packet was not acknowledged in time. */
static void repeat(struct plain *p, struct conn *c)
{
    struct chunk *k = c->out;
    /* It goes out again as the first of those not sent; the others of the flight follow it. */
    c->backoff++;
    for (struct chunk *i = k; i && i != c->unsent; i = i->next) {
        i->is_repeated = true;
    }
    c->unsent = k;
    mark_dirty(p, c);
}

static void plain_tick(void *t, struct dtt_now now)
{
    struct plain *p = t;
    struct dtt_timer *timer;
    while ((timer = dtt_timerq_pop(&p->timers, now.mono_ns)) != NULL) {
        struct conn *c = DTT_TIMER_OWNER(timer, struct conn, timer);
        if (c->state != OPEN && now.mono_ns >= c->opened_ns + p->handshake_ns) {
            conn_end(p, c, DTT_REASON_TIMEOUT);
            continue;
        }
        if (c->state == OPEN && now.mono_ns >= c->heard_ns + p->idle_ns) {
            conn_end(p, c, DTT_REASON_TIMEOUT);
            continue;
        }
        if (c->state == DIALING || c->state == FINISHING) {
            send_hello(p, now, c);
        } else if (c->state == OPEN) {
            if (c->out && c->out->sent_ns && now.mono_ns >= c->out->sent_ns + rto(c)) {
                repeat(p, c);
                continue; /* armed when it has been sent */
            }
            if (now.mono_ns >= c->active_ns + p->keep_alive_ns) {
                control(p, &c->remote, PING, c->remote_cid, NULL, 0);
                c->active_ns = now.mono_ns;
            }
        }
        arm(p, c);
    }
}

const struct dtt_transport_ops dtt_sim_plain = {
    .open = plain_open,
    .free = plain_free,
    .recv = plain_recv,
    .unreachable = plain_unreachable,
    .dial = plain_dial,
    .open_uni = plain_open_uni,
    .write = plain_write,
    .unacked = plain_unacked,
    .close = plain_close,
    .next_packet = plain_next_packet,
    .next_event = plain_next_event,
    .deadline = plain_deadline,
    .tick = plain_tick,
};
