/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/plain.h"

#include "base/ring.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "sim/conn.h"

#include <assert.h>
#include <stdlib.h>

#define PACKET_MAX 1200  /* bytes of a datagram, as QUIC before it knows the path better */
#define CONTROL_MAX 4096 /* small datagrams waiting to be sent */

/* First bytes of datagrams; none is a 'd'. */
enum packet_type {
    HELLO = 0xc0, /* our cid, our id, their id; padded */
    WELCOME,      /* their cid, our cid, our id; padded */
    FINISH,       /* this and the rest begin with the receiver's cid */
    DONE,
    DATA, /* a packet of the channel with frames */
    ACK,  /* and one without */
    PING,
    PONG,
    CLOSE,
    REFUSE,
    RESET
};

#define CID_BYTES 8
#define HEAD_BYTES (1 + CID_BYTES)
#define HELLO_BYTES (HEAD_BYTES + 2 * DTT_ID_BYTES)
#define WELCOME_BYTES (HEAD_BYTES + CID_BYTES + DTT_ID_BYTES)

_Static_assert(HEAD_BYTES + DTT_SIM_CHANNEL_BYTES == PACKET_MAX, "packets are full");

struct control {
    struct dtt_addr to;
    size_t len;
    uint8_t data[HELLO_BYTES];
};

/* An event with the bytes that belong to it. */
struct queued_event {
    struct dtt_quic_event ev;
    uint8_t *data;
};

struct plain {
    struct dtt_ctx *ctx;
    struct dtt_id id;
    struct dtt_rng rng;
    struct dtt_sim_conns conns;
    struct dtt_ring control; /* struct control */
    struct dtt_ring dirty;   /* cids of connections with something to send */
    struct dtt_ring events;  /* struct queued_event */
    struct dtt_ring held;    /* those of held connections */
    uint8_t *taken;          /* data of the event taken last */
    uint8_t packet[PACKET_MAX];
};

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

static void mark_dirty(struct plain *p, struct dtt_sim_conn *c)
{
    uint64_t *slot = c->is_dirty ? NULL : dtt_ring_push(&p->dirty);
    if (slot) {
        *slot = c->cid;
        c->is_dirty = true;
    }
}

static struct dtt_quic_event event(const struct dtt_sim_conn *c, enum dtt_quic_event_type type)
{
    return (struct dtt_quic_event){.type = type,
                                   .conn = c->cid,
                                   .peer = c->peer,
                                   .addr = c->remote,
                                   .dialed = c->is_dialed,
                                   .stream = -1};
}

/* Without memory the event is lost. */
static void push(struct dtt_ring *queue, struct dtt_quic_event ev)
{
    uint8_t *data = ev.data.len ? malloc(ev.data.len) : NULL;
    struct queued_event *e = data || !ev.data.len ? dtt_ring_push(queue) : NULL;
    if (!e) {
        free(data);
        return;
    }
    if (data) {
        memcpy(data, ev.data.data, ev.data.len);
    }
    ev.data.data = data;
    *e = (struct queued_event){.ev = ev, .data = data};
}

/* Moves the data of a connection aside, or what lies there of it to the end of the queue. */
static void hold(struct plain *p, struct dtt_sim_conn *c, bool is_held)
{
    struct dtt_ring *from = is_held ? &p->events : &p->held;
    size_t n = c->is_held == is_held ? 0 : from->count;
    c->is_held = is_held;
    for (; n > 0; n--) {
        struct queued_event e = *(struct queued_event *)dtt_ring_front(from);
        bool is_its = e.ev.conn == c->cid && e.ev.type == DTT_QUIC_DATA;
        struct dtt_ring *to = !is_its ? from : is_held ? &p->held : &p->events;
        dtt_ring_pop(from);
        struct queued_event *kept = dtt_ring_push(to);
        if (kept) {
            *kept = e;
        } else {
            free(e.data);
        }
    }
}

/* Tells what has to be told and forgets the connection. */
static void conn_end(struct plain *p, struct dtt_sim_conn *c, enum dtt_reason reason)
{
    hold(p, c, false);
    if (c->is_dialed || c->state == DTT_SIM_CONN_OPEN) {
        struct dtt_quic_event ev = event(c, DTT_QUIC_CLOSED);
        ev.was_connected = c->state == DTT_SIM_CONN_OPEN;
        ev.reason = reason;
        push(&p->events, ev);
    }
    p->ctx->counters[c->state == DTT_SIM_CONN_OPEN ? DTT_COUNTER_QUIC_CLOSED
                     : c->is_dialed                ? DTT_COUNTER_QUIC_DIALS_FAILED
                                                   : DTT_COUNTER_QUIC_ACCEPTS_FAILED]++;
    dtt_sim_conn_free(&p->conns, c);
}

/* -------------------------------------------------------------- handshake */

static void send_hello(struct plain *p, struct dtt_now now, struct dtt_sim_conn *c)
{
    uint8_t ids[2 * DTT_ID_BYTES];
    c->hello_ns = now.mono_ns;
    c->hellos++;
    if (c->state == DTT_SIM_CONN_DIALING) {
        memcpy(ids, p->id.bytes, DTT_ID_BYTES);
        memcpy(ids + DTT_ID_BYTES, c->peer.bytes, DTT_ID_BYTES);
        control(p, &c->remote, HELLO, c->cid, ids, sizeof(ids));
    } else {
        control(p, &c->remote, FINISH, c->remote_cid, NULL, 0);
    }
}

static void send_welcome(struct plain *p, const struct dtt_sim_conn *c)
{
    uint8_t rest[CID_BYTES + DTT_ID_BYTES];
    dtt_put_le64(rest, c->cid);
    memcpy(rest + CID_BYTES, p->id.bytes, DTT_ID_BYTES);
    control(p, &c->remote, WELCOME, c->remote_cid, rest, sizeof(rest));
}

static void on_hello(struct plain *p, struct dtt_now now, const struct dtt_addr *from,
                     uint64_t their_cid, struct dtt_slice ids)
{
    struct dtt_id peer;
    if (ids.len < 2 * DTT_ID_BYTES) {
        return;
    }
    struct dtt_sim_conn *c = dtt_sim_conn_find_remote(&p->conns, from, their_cid);
    if (c) {
        send_welcome(p, c);
        return;
    }
    memcpy(peer.bytes, ids.data, DTT_ID_BYTES);
    if (p->conns.n_accepted < DTT_SIM_CONNS_ACCEPT && memcmp(&peer, &p->id, sizeof(peer)) != 0) {
        c = dtt_sim_conn_new(&p->conns, &p->rng, now.mono_ns, DTT_SIM_CONN_ACCEPTING, &peer, from);
    }
    if (!c) {
        DTT_COUNT(p->ctx, QUIC_CLIENTS_REFUSED);
        control(p, from, REFUSE, their_cid, NULL, 0);
        return;
    }
    c->remote_cid = their_cid;
    send_welcome(p, c);
    dtt_sim_conn_arm(&p->conns, c);
}

static void on_welcome(struct plain *p, struct dtt_now now, struct dtt_sim_conn *c,
                       struct dtt_slice rest)
{
    if (rest.len < CID_BYTES + DTT_ID_BYTES || c->state != DTT_SIM_CONN_DIALING) {
        return;
    }
    if (memcmp(rest.data + CID_BYTES, c->peer.bytes, DTT_ID_BYTES) != 0) {
        control(p, &c->remote, CLOSE, dtt_get_le64(rest.data), NULL, 0);
        conn_end(p, c, DTT_REASON_WRONG_KEY);
        return;
    }
    c->remote_cid = dtt_get_le64(rest.data);
    if (c->hellos == 1) {
        dtt_sim_channel_sample_rtt(&c->channel, now.mono_ns - c->hello_ns);
    }
    dtt_sim_conn_enter(c, DTT_SIM_CONN_FINISHING);
    send_hello(p, now, c);
    dtt_sim_conn_arm(&p->conns, c);
}

static void on_open(struct plain *p, struct dtt_sim_conn *c)
{
    dtt_sim_conn_enter(c, DTT_SIM_CONN_OPEN);
    DTT_COUNT(p->ctx, QUIC_CONNECTED);
    push(&p->events, event(c, DTT_QUIC_CONNECTED));
    dtt_sim_conn_arm(&p->conns, c);
}

/* ------------------------------------------------------------------- data */

static void on_ack(struct plain *p, struct dtt_now now, struct dtt_sim_conn *c, uint32_t ack)
{
    if (dtt_sim_channel_acknowledge(&c->channel, now.mono_ns, ack)) {
        push(&p->events, event(c, DTT_QUIC_WRITABLE));
    }
}

static void on_data(struct plain *p, struct dtt_sim_conn *c, uint32_t seq, struct dtt_slice frames)
{
    struct dtt_sim_frame frame;
    mark_dirty(p, c);
    if (c->untaken >= DTT_SIM_CHANNEL_WINDOW) {
        c->channel.owes_ack = true; /* flow control: of what came before, so that it comes again */
        return;
    }
    dtt_sim_channel_receive(&c->channel, seq, frames);
    while (dtt_sim_channel_read(&c->channel, &frame)) {
        struct dtt_quic_event ev = event(c, DTT_QUIC_DATA);
        ev.stream = frame.stream;
        ev.fin = frame.is_last;
        ev.data = frame.data;
        c->untaken += frame.data.len;
        push(c->is_held ? &p->held : &p->events, ev);
    }
}

static void on_packet(struct plain *p, struct dtt_now now, struct dtt_sim_conn *c,
                      const struct dtt_addr *from, enum packet_type type, struct dtt_slice rest)
{
    c->heard_ns = c->active_ns = now.mono_ns;
    if (!dtt_addr_eq(&c->remote, from)) {
        c->remote = *from;
        if (c->state == DTT_SIM_CONN_OPEN) {
            push(&p->events, event(c, DTT_QUIC_MIGRATED));
        }
    }
    /* DONE may be lost: whatever the acceptor sends after FINISH says the same. */
    if (c->state == DTT_SIM_CONN_FINISHING &&
        (type == DONE || type == DATA || type == ACK || type == PING)) {
        on_open(p, c);
    }
    switch (type) {
    case WELCOME: on_welcome(p, now, c, rest); return; /* c may be gone */
    case FINISH:
        control(p, &c->remote, DONE, c->remote_cid, NULL, 0);
        if (c->state == DTT_SIM_CONN_ACCEPTING) {
            on_open(p, c);
        }
        break;
    case DATA:
        if (rest.len >= 8 && c->state == DTT_SIM_CONN_OPEN) {
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
    case HELLO:
    case DONE:
    case PONG:
    case RESET: break;
    }
    dtt_sim_conn_arm(&p->conns, c);
}

/* A packet for a connection that is not here: its sender should know. */
static void on_stray(struct plain *p, const struct dtt_addr *from, enum packet_type type,
                     uint64_t cid)
{
    if (type == RESET) {
        struct dtt_sim_conn *c = dtt_sim_conn_find_remote(&p->conns, from, cid);
        if (c) {
            conn_end(p, c, DTT_REASON_RESET);
        }
    } else if (type != CLOSE && type != REFUSE) {
        control(p, from, RESET, cid, NULL, 0);
    }
}

/* -------------------------------------------------------------- interface */

static int plain_open(struct dtt_quic **ret, struct dtt_ctx *ctx, const struct dtt_quic_config *cfg,
                      struct dtt_now now)
{
    struct plain *p = calloc(1, sizeof(*p));
    (void)now;
    if (!p) {
        return DTT_ENOMEM;
    }
    p->ctx = ctx;
    dtt_ed25519_public_key(p->id.bytes, cfg->seed);
    dtt_rng_init(&p->rng, ctx->seed, "sim.plain");
    dtt_sim_conns_init(&p->conns, cfg, &p->rng);
    dtt_ring_init(&p->control, sizeof(struct control), CONTROL_MAX);
    dtt_ring_init(&p->dirty, sizeof(uint64_t), 2 * DTT_SIM_CONNS_MAX);
    dtt_ring_init(&p->events, sizeof(struct queued_event), SIZE_MAX / sizeof(struct queued_event));
    dtt_ring_init(&p->held, sizeof(struct queued_event), SIZE_MAX / sizeof(struct queued_event));
    *ret = (void *)p;
    return DTT_OK;
}

static void free_events(struct dtt_ring *queue)
{
    const struct queued_event *e;
    while ((e = dtt_ring_front(queue)) != NULL) {
        free(e->data);
        dtt_ring_pop(queue);
    }
    dtt_ring_fini(queue);
}

static void plain_free(struct dtt_quic *t)
{
    struct plain *p = (void *)t;
    if (!p) {
        return;
    }
    dtt_sim_conns_fini(&p->conns);
    free_events(&p->events);
    free_events(&p->held);
    free(p->taken);
    dtt_ring_fini(&p->dirty);
    dtt_ring_fini(&p->control);
    dtt_rng_fini(&p->rng);
    free(p);
}

static void plain_recv(struct dtt_quic *t, struct dtt_now now, const struct dtt_addr *local,
                       const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram)
{
    struct plain *p = (void *)t;
    (void)local;
    (void)ecn;
    if (datagram.len < HEAD_BYTES || datagram.data[0] < HELLO || datagram.data[0] > RESET) {
        DTT_COUNT(p->ctx, QUIC_RX_DROPPED);
        return;
    }
    enum packet_type type = datagram.data[0];
    uint64_t cid = dtt_get_le64(datagram.data + 1);
    struct dtt_slice rest = dtt_slice(datagram.data + HEAD_BYTES, datagram.len - HEAD_BYTES);
    struct dtt_sim_conn *c =
        type == HELLO || type == RESET ? NULL : dtt_sim_conn_find(&p->conns, cid);
    if (type == HELLO) {
        on_hello(p, now, remote, cid, rest);
    } else if (c) {
        on_packet(p, now, c, remote, type, rest);
    } else {
        on_stray(p, remote, type, cid);
    }
}

static void plain_unreachable(struct dtt_quic *t, struct dtt_now now, const struct dtt_addr *remote)
{
    struct plain *p = (void *)t;
    (void)now;
    for (size_t i = dtt_map_count(&p->conns.by_cid); i-- > 0;) {
        struct dtt_sim_conn *c = dtt_map_value_at(&p->conns.by_cid, i);
        if (c->state == DTT_SIM_CONN_DIALING && dtt_addr_eq(&c->remote, remote)) {
            conn_end(p, c, DTT_REASON_UNREACHABLE);
        }
    }
}

/* A host that moves keeps its connections: a peer answers where it last heard us. */
static void plain_moved(struct dtt_quic *t, struct dtt_now now)
{
    (void)t;
    (void)now;
}

static int plain_dial(struct dtt_quic *t, struct dtt_now now, const struct dtt_id *peer,
                      const struct dtt_addr *local, const struct dtt_addr *remote,
                      dtt_quic_conn *ret)
{
    struct plain *p = (void *)t;
    (void)local;
    if (memcmp(peer, &p->id, sizeof(*peer)) == 0) {
        return DTT_EINVAL;
    }
    if (dtt_map_count(&p->conns.by_cid) == DTT_SIM_CONNS_MAX) {
        DTT_COUNT(p->ctx, QUIC_DIALS_REFUSED);
        return DTT_EFULL;
    }
    struct dtt_sim_conn *c =
        dtt_sim_conn_new(&p->conns, &p->rng, now.mono_ns, DTT_SIM_CONN_DIALING, peer, remote);
    if (!c) {
        return DTT_ENOMEM;
    }
    send_hello(p, now, c);
    dtt_sim_conn_arm(&p->conns, c);
    *ret = c->cid;
    return DTT_OK;
}

/* A large swarm has no twins. */
static int plain_dial_twin(struct dtt_quic *t, struct dtt_now now, const struct dtt_addr *local,
                           const struct dtt_addr *remote, dtt_quic_conn *ret)
{
    const struct plain *p = (void *)t;
    return plain_dial(t, now, &p->id, local, remote, ret); /* EINVAL: our own id */
}

static void plain_limit_dial(struct dtt_quic *t, dtt_quic_conn conn, unsigned datagrams)
{
    struct plain *p = (void *)t;
    struct dtt_sim_conn *c = dtt_sim_conn_find(&p->conns, conn);
    if (c) {
        c->hellos_max = datagrams;
        dtt_sim_conn_arm(&p->conns, c);
    }
}

static const struct dtt_sim_conns *conns_of(const struct dtt_quic *t)
{
    return &((const struct plain *)(const void *)t)->conns;
}

static int plain_open_uni(struct dtt_quic *t, dtt_quic_conn conn, int64_t *ret_stream)
{
    struct dtt_sim_conn *c = dtt_sim_conn_find(conns_of(t), conn);
    if (!c || c->state != DTT_SIM_CONN_OPEN) {
        return c ? DTT_EAGAIN : DTT_ECLOSED;
    }
    *ret_stream = c->next_stream++;
    return DTT_OK;
}

static int plain_write(struct dtt_quic *t, dtt_quic_conn conn, int64_t stream,
                       struct dtt_slice data, bool fin)
{
    struct plain *p = (void *)t;
    struct dtt_sim_conn *c = dtt_sim_conn_find(&p->conns, conn);
    if (!c || c->state != DTT_SIM_CONN_OPEN) {
        return DTT_ECLOSED;
    }
    int err = dtt_sim_channel_write(&c->channel, stream, data, fin);
    if (!err) {
        mark_dirty(p, c);
    }
    return err;
}

static size_t plain_unacked(const struct dtt_quic *t, dtt_quic_conn conn)
{
    const struct dtt_sim_conn *c = dtt_sim_conn_find(conns_of(t), conn);
    return c ? c->channel.unacked : 0;
}

/* In packets, which is what is acknowledged here. */
static bool plain_progress(const struct dtt_quic *t, dtt_quic_conn conn, int64_t stream,
                           uint64_t *ret_written, uint64_t *ret_acked)
{
    const struct dtt_sim_conn *c = dtt_sim_conn_find(conns_of(t), conn);
    (void)stream;
    if (c) {
        *ret_written = c->channel.next_seq;
        *ret_acked = dtt_sim_channel_acked(&c->channel);
    }
    return c != NULL;
}

static bool plain_info(const struct dtt_quic *t, dtt_quic_conn conn, struct dtt_quic_info *ret)
{
    const struct dtt_sim_conn *c = dtt_sim_conn_find(conns_of(t), conn);
    if (c) {
        *ret = (struct dtt_quic_info){.remote = c->remote,
                                      .is_dialed = c->is_dialed,
                                      .is_open = c->state == DTT_SIM_CONN_OPEN,
                                      .heard_ns = c->heard_ns};
    }
    return c != NULL;
}

/* What both ends know; here others could too. */
static bool plain_exporter(const struct dtt_quic *t, dtt_quic_conn conn,
                           uint8_t ret[DTT_QUIC_EXPORTER_BYTES])
{
    const struct plain *p = (const void *)t;
    const struct dtt_sim_conn *c = dtt_sim_conn_find(&p->conns, conn);
    uint8_t cids[2 * CID_BYTES];
    if (!c || c->state != DTT_SIM_CONN_OPEN) {
        return false;
    }
    dtt_put_le64(cids, c->is_dialed ? c->cid : c->remote_cid);
    dtt_put_le64(cids + CID_BYTES, c->is_dialed ? c->remote_cid : c->cid);
    const struct dtt_slice parts[] = {
        dtt_slice(cids, sizeof(cids)),
        dtt_slice((c->is_dialed ? &p->id : &c->peer)->bytes, DTT_ID_BYTES),
        dtt_slice((c->is_dialed ? &c->peer : &p->id)->bytes, DTT_ID_BYTES)};
    dtt_sha512_32(ret, parts, sizeof(parts) / sizeof(parts[0]));
    return true;
}

/* Nobody is a stranger here. */
static void plain_trust(struct dtt_quic *t, dtt_quic_conn conn, bool is_trusted)
{
    (void)t, (void)conn, (void)is_trusted;
}

static void plain_hold(struct dtt_quic *t, dtt_quic_conn conn, bool is_held)
{
    struct plain *p = (void *)t;
    struct dtt_sim_conn *c = dtt_sim_conn_find(&p->conns, conn);
    if (c) {
        hold(p, c, is_held);
    }
}

static void plain_close(struct dtt_quic *t, struct dtt_now now, dtt_quic_conn conn, uint64_t code,
                        const char *reason)
{
    struct plain *p = (void *)t;
    struct dtt_sim_conn *c = dtt_sim_conn_find(&p->conns, conn);
    (void)now;
    (void)code;
    (void)reason;
    if (c) {
        if (c->remote_cid) {
            control(p, &c->remote, CLOSE, c->remote_cid, NULL, 0);
        }
        hold(p, c, false);
        for (size_t i = 0; i < p->events.count; i++) {
            struct queued_event *e = dtt_ring_at(&p->events, i);
            if (e->ev.conn == conn) {
                e->ev.conn = 0; /* plain_next_event passes it over */
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
static bool conn_packet(struct plain *p, struct dtt_now now, struct dtt_sim_conn *c,
                        struct dtt_quic_packet *ret)
{
    bool has_frames;
    size_t len =
        dtt_sim_channel_send(&c->channel, now.mono_ns, p->packet + HEAD_BYTES, &has_frames);
    if (len == 0) {
        return false;
    }
    p->packet[0] = has_frames ? DATA : ACK;
    dtt_put_le64(p->packet + 1, c->remote_cid);
    c->active_ns = now.mono_ns;
    dtt_sim_conn_arm(&p->conns, c);
    *ret = packet_to(p, &c->remote, HEAD_BYTES + len);
    return true;
}

static bool plain_next_packet(struct dtt_quic *t, struct dtt_now now, struct dtt_quic_packet *ret)
{
    struct plain *p = (void *)t;
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
        struct dtt_sim_conn *c = dtt_sim_conn_find(&p->conns, *cid);
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

static bool plain_next_event(struct dtt_quic *t, struct dtt_quic_event *ret)
{
    struct plain *p = (void *)t;
    const struct queued_event *e;
    do {
        free(p->taken);
        p->taken = NULL;
        e = dtt_ring_front(&p->events);
        if (!e) {
            return false;
        }
        *ret = e->ev;
        p->taken = e->data;
        dtt_ring_pop(&p->events);
    } while (ret->conn == 0);
    struct dtt_sim_conn *c =
        ret->type == DTT_QUIC_DATA ? dtt_sim_conn_find(&p->conns, ret->conn) : NULL;
    if (c) {
        assert(c->untaken >= ret->data.len);
        c->untaken -= ret->data.len;
    }
    return true;
}

static uint64_t plain_deadline(const struct dtt_quic *t)
{
    const struct plain *p = (const void *)t;
    return dtt_timerq_deadline(&p->conns.timers);
}

static void on_timer(struct plain *p, struct dtt_now now, struct dtt_sim_conn *c)
{
    if (now.mono_ns >= dtt_sim_conn_end_ns(&p->conns, c)) {
        conn_end(p, c, DTT_REASON_TIMEOUT);
        return;
    }
    if (c->state == DTT_SIM_CONN_OPEN && now.mono_ns - c->heard_ns >= DTT_QUIC_SILENT_NS) {
        push(&p->events, event(c, DTT_QUIC_SILENT));
    }
    if (c->state == DTT_SIM_CONN_DIALING || c->state == DTT_SIM_CONN_FINISHING) {
        send_hello(p, now, c);
    } else if (c->state == DTT_SIM_CONN_OPEN &&
               now.mono_ns >= dtt_sim_channel_deadline(&c->channel)) {
        dtt_sim_channel_repeat(&c->channel);
        mark_dirty(p, c);
        return; /* armed when it has been sent */
    } else if (c->state == DTT_SIM_CONN_OPEN &&
               now.mono_ns >= c->active_ns + p->conns.keep_alive_ns) {
        control(p, &c->remote, PING, c->remote_cid, NULL, 0);
        c->active_ns = now.mono_ns;
    }
    dtt_sim_conn_arm(&p->conns, c);
}

static void plain_tick(struct dtt_quic *t, struct dtt_now now)
{
    struct plain *p = (void *)t;
    struct dtt_timer *timer;
    while ((timer = dtt_timerq_pop(&p->conns.timers, now.mono_ns)) != NULL) {
        on_timer(p, now, DTT_TIMER_OWNER(timer, struct dtt_sim_conn, timer));
    }
}

const struct dtt_transport_ops dtt_sim_plain = {
    .open = plain_open,
    .free = plain_free,
    .recv = plain_recv,
    .unreachable = plain_unreachable,
    .moved = plain_moved,
    .dial = plain_dial,
    .dial_twin = plain_dial_twin,
    .limit_dial = plain_limit_dial,
    .open_uni = plain_open_uni,
    .write = plain_write,
    .unacked = plain_unacked,
    .progress = plain_progress,
    .info = plain_info,
    .exporter = plain_exporter,
    .trust = plain_trust,
    .hold = plain_hold,
    .close = plain_close,
    .next_packet = plain_next_packet,
    .next_event = plain_next_event,
    .deadline = plain_deadline,
    .tick = plain_tick,
};
