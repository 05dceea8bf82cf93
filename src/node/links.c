/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/links.h"

#include "gossip/stream.h"

#include <stdlib.h>

/* Application close codes; iroh-gossip uses 0 for every close. */
#define CLOSE_CODE 0

struct out_stream {
    struct dtt_gossip_topic_id topic;
    int64_t stream;
};

struct in_stream {
    dtt_quic_conn conn;
    int64_t stream;
    struct dtt_gossip_stream frames;
};

struct queued {
    struct dtt_gossip_topic_id topic;
    uint8_t *payload;
    size_t len;
    bool last;
};

struct live {
    dtt_quic_conn conn;
    uint64_t heard_ns; /* when the peer last sent gossip on it; 0 never */
    bool is_slow;      /* so we close it */
};

struct dial {
    dtt_quic_conn conn;
    struct dtt_addr addr;
};

struct dtt_link {
    struct dtt_id id;
    struct live conns[DTT_LINKS_CONNS]; /* the first one carries what we send */
    size_t n_conns;

    struct dial dials[DTT_LINKS_DIALS];
    size_t n_dials;
    struct dtt_addr todo[DTT_BOOK_ADDRS]; /* addresses not tried yet in this race */
    size_t n_todo;
    bool is_wanted;                  /* no address is known, one is being looked for */
    struct dtt_dial_failure failure; /* what became of the last address */

    struct dtt_ring queue; /* struct queued */
    size_t queued_bytes;
    struct out_stream *out;
    size_t n_out;
    struct in_stream *in;
    size_t n_in;

    int neighbor_of;        /* topics in whose active view it is */
    struct dtt_timer timer; /* dialling: next address; else: letting go of the connection */
};

void dtt_links_init(struct dtt_links *p, struct dtt_ctx *ctx, const struct dtt_transport *transport,
                    struct dtt_gossip *gossip, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(p, 0, sizeof(*p));
    p->ctx = ctx;
    p->transport = *transport;
    p->gossip = gossip;
    dtt_book_init(&p->book, hash_key);
    dtt_map_init(&p->peers, sizeof(struct dtt_id), DTT_LINKS_MAX, hash_key);
    dtt_timerq_init(&p->timers);
    dtt_ring_init(&p->failures, sizeof(struct dtt_dial_failure), DTT_LINKS_MAX);
    dtt_ring_init(&p->wanted, sizeof(struct dtt_id), DTT_LINKS_MAX);
}

static void queue_pop(struct dtt_link *peer)
{
    struct queued *m = dtt_ring_front(&peer->queue);
    peer->queued_bytes -= m->len;
    free(m->payload);
    dtt_ring_pop(&peer->queue);
}

static void queue_clear(struct dtt_link *peer)
{
    while (peer->queue.count > 0) {
        queue_pop(peer);
    }
}

static void in_drop(struct dtt_links *p, struct dtt_link *peer, size_t i)
{
    dtt_gossip_stream_fini(&peer->in[i].frames);
    peer->in[i] = peer->in[--peer->n_in];
    p->streams_in--;
}

static void peer_free(struct dtt_links *p, struct dtt_link *peer)
{
    dtt_timerq_cancel(&p->timers, &peer->timer);
    queue_clear(peer);
    dtt_ring_fini(&peer->queue);
    while (peer->n_in > 0) {
        in_drop(p, peer, peer->n_in - 1);
    }
    free(peer->in);
    free(peer->out);
    free(peer);
}

void dtt_links_fini(struct dtt_links *p)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        peer_free(p, dtt_map_value_at(&p->peers, i));
    }
    dtt_map_fini(&p->peers);
    dtt_book_fini(&p->book);
    dtt_timerq_fini(&p->timers);
    dtt_ring_fini(&p->failures);
    dtt_ring_fini(&p->wanted);
}

void dtt_links_set_local(struct dtt_links *p, const struct dtt_addr *addr)
{
    *(addr->family == DTT_FAMILY_V4 ? &p->local_v4 : &p->local_v6) = *addr;
}

static struct dtt_link *peer_find(const struct dtt_links *p, const struct dtt_id *id)
{
    return dtt_map_get(&p->peers, id);
}

static struct dtt_link *peer_make(struct dtt_links *p, const struct dtt_id *id)
{
    struct dtt_link *peer = peer_find(p, id);
    if (peer) {
        return peer;
    }
    peer = calloc(1, sizeof(*peer));
    if (!peer || dtt_map_put(&p->peers, id, peer) != DTT_OK) {
        free(peer);
        DTT_COUNT(p->ctx, NODE_PEERS_REFUSED);
        return NULL;
    }
    peer->id = *id;
    dtt_ring_init(&peer->queue, sizeof(struct queued), DTT_LINKS_QUEUE);
    return peer;
}

static void peer_drop(struct dtt_links *p, struct dtt_link *peer)
{
    dtt_map_take(&p->peers, &peer->id);
    peer_free(p, peer);
}

/* A connection nobody needs stays a while: its peer may have more to say, or we. */
static void linger(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer)
{
    if (peer->neighbor_of > 0) {
        dtt_timerq_cancel(&p->timers, &peer->timer);
    } else {
        dtt_timerq_set(&p->timers, &peer->timer, now.mono_ns + DTT_LINKS_LINGER_NS);
    }
}

/* ------------------------------------------------------------- dialling */

static const struct dtt_addr *local_for(const struct dtt_links *p, const struct dtt_addr *remote)
{
    const struct dtt_addr *local = remote->family == DTT_FAMILY_V4 ? &p->local_v4 : &p->local_v6;
    return local->family == DTT_FAMILY_NONE ? NULL : local;
}

/* Nothing is left to try: whoever waits for this peer is told. */
static void dial_give_up(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer)
{
    struct dtt_dial_failure *f = dtt_ring_push(&p->failures);
    if (f) {
        *f = peer->failure;
    }
    DTT_TRACE(p->ctx, NODE_DIAL_FAILED, dtt_tv_id(&peer->id), dtt_tv_addr(&peer->failure.addr),
              dtt_tv_text(peer->failure.stage), dtt_tv_text(dtt_reason_word(peer->failure.reason)));
    struct dtt_id id = peer->id;
    enum dtt_reason reason = peer->failure.reason;
    peer_drop(p, peer);
    dtt_gossip_peer_gone(p->gossip, now, &id, reason);
}

static enum dtt_reason reason_of_error(int err)
{
    switch (err) {
    case DTT_EFULL: return DTT_REASON_LIMIT;
    case DTT_EINVAL: return DTT_REASON_SELF;
    default: return DTT_REASON_LOCAL;
    }
}

/* Tries the next address. With none left and none under way, gives up (and frees the peer). */
static void dial_next(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer)
{
    while (peer->n_todo > 0 && peer->n_dials < DTT_LINKS_DIALS) {
        struct dtt_addr addr = peer->todo[0];
        memmove(peer->todo, peer->todo + 1, --peer->n_todo * sizeof(addr));
        const struct dtt_addr *local = local_for(p, &addr);
        dtt_quic_conn conn;
        int err =
            local ? p->transport.ops->dial(p->transport.self, now, &peer->id, local, &addr, &conn)
                  : DTT_EADDRNOTAVAIL;
        if (err == DTT_OK) {
            DTT_TRACE(p->ctx, NODE_DIAL, dtt_tv_id(&peer->id), dtt_tv_addr(&addr));
            peer->dials[peer->n_dials++] = (struct dial){.conn = conn, .addr = addr};
            break;
        }
        peer->failure.addr = addr;
        peer->failure.stage = "connect";
        peer->failure.reason = reason_of_error(err);
    }
    if (peer->n_dials == 0) {
        dial_give_up(p, now, peer);
        return;
    }
    if (peer->n_todo > 0) {
        dtt_timerq_set(&p->timers, &peer->timer, now.mono_ns + DTT_LINKS_STAGGER_NS);
    } else {
        dtt_timerq_cancel(&p->timers, &peer->timer);
    }
}

static void dial_start(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer)
{
    peer->n_todo = dtt_book_get(&p->book, &peer->id, peer->todo);
    peer->failure = (struct dtt_dial_failure){
        .peer = peer->id, .stage = "address", .reason = DTT_REASON_NO_ADDRESS};
    struct dtt_id *wanted = peer->n_todo == 0 ? dtt_ring_push(&p->wanted) : NULL;
    if (wanted) {
        *wanted = peer->id;
        peer->is_wanted = true;
    } else {
        dial_next(p, now, peer);
    }
}

bool dtt_links_next_wanted(struct dtt_links *p, struct dtt_id *ret)
{
    const struct dtt_id *id = dtt_ring_front(&p->wanted);
    if (!id) {
        return false;
    }
    *ret = *id;
    dtt_ring_pop(&p->wanted);
    return true;
}

void dtt_links_located(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                       bool is_over)
{
    struct dtt_link *peer = peer_find(p, id);
    if (!peer || !peer->is_wanted) {
        return;
    }
    peer->n_todo = dtt_book_get(&p->book, id, peer->todo);
    if (peer->n_todo > 0 || is_over) {
        peer->is_wanted = false;
        dial_next(p, now, peer);
    }
}

/* Takes a dial out of the race; false when `conn` is none. */
static bool dial_take(struct dtt_link *peer, dtt_quic_conn conn, struct dtt_addr *ret_addr)
{
    for (size_t i = 0; i < peer->n_dials; i++) {
        if (peer->dials[i].conn == conn) {
            *ret_addr = peer->dials[i].addr;
            peer->dials[i] = peer->dials[--peer->n_dials];
            return true;
        }
    }
    return false;
}

static void race_end(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer)
{
    while (peer->n_dials > 0) {
        p->transport.ops->close(p->transport.self, now, peer->dials[--peer->n_dials].conn,
                                CLOSE_CODE, "");
    }
    peer->n_todo = 0;
}

/* --------------------------------------------------------------- sending */

/*
 * Makes connection k the sending one. Two connections with one peer are normal (both dialled at
 * once, or two addresses answered), and either side may be about to close one of them. What keeps
 * messages from being lost is to answer where the peer speaks.
 */
static void promote(struct dtt_links *p, struct dtt_link *peer, size_t k)
{
    struct live chosen = peer->conns[k];
    for (size_t i = 0; i < peer->n_out; i++) {
        p->transport.ops->write(p->transport.self, peer->conns[0].conn, peer->out[i].stream,
                                dtt_slice(NULL, 0), true);
    }
    peer->n_out = 0;
    memmove(peer->conns + 1, peer->conns, k * sizeof(chosen));
    peer->conns[0] = chosen;
}

static bool is_fresh(const struct live *c, struct dtt_now now)
{
    return c->heard_ns != 0 && now.mono_ns - c->heard_ns < DTT_LINKS_FRESH_NS;
}

/* Our stream of `topic` on the sending connection, opened when needed. */
static int out_stream(struct dtt_links *p, struct dtt_link *peer,
                      const struct dtt_gossip_topic_id *topic, int64_t *ret)
{
    for (size_t i = 0; i < peer->n_out; i++) {
        if (memcmp(&peer->out[i].topic, topic, sizeof(*topic)) == 0) {
            *ret = peer->out[i].stream;
            return DTT_OK;
        }
    }
    struct out_stream *grown = realloc(peer->out, (peer->n_out + 1) * sizeof(*grown));
    if (!grown) {
        return DTT_ENOMEM;
    }
    peer->out = grown;
    int err = p->transport.ops->open_uni(p->transport.self, peer->conns[0].conn, ret);
    if (err) {
        return err;
    }
    peer->out[peer->n_out++] = (struct out_stream){.topic = *topic, .stream = *ret};
    uint8_t header[DTT_GOSSIP_HEADER_FRAME];
    dtt_gossip_stream_header(header, topic);
    return p->transport.ops->write(p->transport.self, peer->conns[0].conn, *ret,
                                   dtt_slice(header, sizeof(header)), false);
}

static void out_forget(struct dtt_link *peer, int64_t stream)
{
    for (size_t i = 0; i < peer->n_out; i++) {
        if (peer->out[i].stream == stream) {
            peer->out[i] = peer->out[--peer->n_out];
            return;
        }
    }
}

static int send_now(struct dtt_links *p, struct dtt_link *peer,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice payload, bool last)
{
    uint8_t frame[4 + DTT_GOSSIP_PAYLOAD_MAX];
    struct dtt_writer w = dtt_writer(frame, sizeof(frame));
    int64_t stream;
    uint8_t len[4];
    dtt_put_be32(len, (uint32_t)payload.len);
    dtt_write(&w, len, sizeof(len));
    dtt_write_slice(&w, payload);
    if (w.failed) {
        return DTT_ETOOBIG;
    }
    int err = out_stream(p, peer, topic, &stream);
    if (err) {
        return err;
    }
    err = p->transport.ops->write(p->transport.self, peer->conns[0].conn, stream,
                                  dtt_slice(frame, w.len), last);
    if (!err && last) {
        out_forget(peer, stream);
    }
    return err;
}

/*
 * A frame could not be sent, mostly because the peer has stopped reading and its send buffer is
 * full. Leaving out one frame would corrupt the stream, so the connection is closed; one slow peer
 * must not hold up the rest.
 */
static void give_up_sending(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer, int err)
{
    struct live *c = &peer->conns[0];
    if (err == DTT_EAGAIN) {
        DTT_COUNT(p->ctx, NODE_PEERS_SLOW);
        c->is_slow = true;
    }
    p->transport.ops->close(p->transport.self, now, c->conn, CLOSE_CODE,
                            c->is_slow ? "too slow" : "cannot send");
}

static void flush_queue(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer)
{
    while (peer->queue.count > 0) {
        struct queued *m = dtt_ring_front(&peer->queue);
        int err = send_now(p, peer, &m->topic, dtt_slice(m->payload, m->len), m->last);
        queue_pop(peer);
        if (err) {
            give_up_sending(p, now, peer, err);
            return;
        }
    }
}

static bool enqueue(struct dtt_link *peer, const struct dtt_gossip_topic_id *topic,
                    struct dtt_slice payload, bool last)
{
    uint8_t *copy = malloc(payload.len ? payload.len : 1);
    struct queued *m = copy ? dtt_ring_push(&peer->queue) : NULL;
    if (!m) {
        free(copy);
        return false;
    }
    if (payload.len) {
        memcpy(copy, payload.data, payload.len);
    }
    *m = (struct queued){.topic = *topic, .payload = copy, .len = payload.len, .last = last};
    peer->queued_bytes += payload.len;
    return true;
}

void dtt_links_send(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice payload, bool last)
{
    struct dtt_link *peer = peer_find(p, id);
    bool is_new = !peer || (peer->n_conns == 0 && peer->n_dials == 0 && !peer->is_wanted);
    if (is_new && last) {
        return; /* A goodbye is no reason to dial. */
    }
    peer = peer_make(p, id);
    if (!peer) {
        dtt_gossip_peer_gone(p->gossip, now, id, DTT_REASON_LIMIT);
        return;
    }
    if (peer->n_conns > 0) {
        int err = send_now(p, peer, topic, payload, last);
        if (err) {
            give_up_sending(p, now, peer, err);
        }
        linger(p, now, peer);
        return;
    }
    if (!enqueue(peer, topic, payload, last)) {
        DTT_COUNT(p->ctx, NODE_PEERS_QUEUE_FULL);
    }
    if (is_new) {
        dial_start(p, now, peer);
    }
}

/* ------------------------------------------------------------- receiving */

static struct in_stream *in_find(struct dtt_links *p, struct dtt_link *peer, dtt_quic_conn conn,
                                 int64_t stream)
{
    for (size_t i = 0; i < peer->n_in; i++) {
        if (peer->in[i].conn == conn && peer->in[i].stream == stream) {
            return &peer->in[i];
        }
    }
    if (peer->n_in == DTT_LINKS_STREAMS_IN || p->streams_in == DTT_LINKS_STREAMS_ALL) {
        return NULL;
    }
    struct in_stream *grown = realloc(peer->in, (peer->n_in + 1) * sizeof(*grown));
    if (!grown) {
        return NULL;
    }
    peer->in = grown;
    peer->in[peer->n_in] = (struct in_stream){.conn = conn, .stream = stream};
    dtt_gossip_stream_init(&peer->in[peer->n_in].frames);
    p->streams_in++;
    return &peer->in[peer->n_in++];
}

static void in_end(struct dtt_links *p, struct dtt_link *peer, dtt_quic_conn conn, int64_t stream)
{
    for (size_t i = peer->n_in; i > 0; i--) {
        if (peer->in[i - 1].conn == conn && (stream < 0 || peer->in[i - 1].stream == stream)) {
            in_drop(p, peer, i - 1);
        }
    }
}

static void heard_on(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer,
                     dtt_quic_conn conn)
{
    for (size_t k = 0; k < peer->n_conns; k++) {
        if (peer->conns[k].conn == conn) {
            peer->conns[k].heard_ns = now.mono_ns;
            if (k > 0 && !is_fresh(&peer->conns[0], now)) {
                promote(p, peer, k);
            }
            return;
        }
    }
}

static void on_data(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer,
                    const struct dtt_quic_event *ev)
{
    heard_on(p, now, peer, ev->conn);
    struct in_stream *in = in_find(p, peer, ev->conn, ev->stream);
    struct dtt_slice rest = ev->data;
    struct dtt_slice payload;
    int got = in ? 1 : DTT_EFULL;
    while (got == 1) {
        got = dtt_gossip_stream_feed(&in->frames, &rest, &payload);
        if (got == 1) {
            int err = dtt_gossip_recv(p->gossip, now, &peer->id, &in->frames.topic, payload);
            if (err == DTT_OK) {
                p->transport.ops->trust(p->transport.self, ev->conn);
            }
            got = err == DTT_EPROTO ? err : got;
        }
    }
    if (got == 0 && ev->fin) {
        got = dtt_gossip_stream_end(&in->frames);
    }
    if (got < 0) {
        DTT_COUNT(p->ctx, NODE_PEERS_BAD_STREAM);
        p->transport.ops->close(p->transport.self, now, ev->conn, CLOSE_CODE, "bad gossip stream");
    } else if (ev->fin) {
        in_end(p, peer, ev->conn, ev->stream);
    }
    linger(p, now, peer);
}

static void on_connected(struct dtt_links *p, struct dtt_now now, const struct dtt_quic_event *ev)
{
    struct dtt_link *peer = peer_make(p, &ev->peer);
    struct dtt_addr addr;
    if (!peer) {
        p->transport.ops->close(p->transport.self, now, ev->conn, CLOSE_CODE, "too many peers");
        return;
    }
    DTT_TRACE(p->ctx, NODE_CONNECTED, dtt_tv_id(&ev->peer), dtt_tv_addr(&ev->addr),
              dtt_tv_text(ev->dialed ? "dialed" : "accepted"));
    peer->n_todo = 0;
    peer->is_wanted = false;
    if (ev->dialed) {
        /* Our own other dials lost. But a dial must not be ended for an accepted connection: the
         * peer may be doing the same, and then both would go. */
        dial_take(peer, ev->conn, &addr);
        race_end(p, now, peer);
        dtt_book_add(&p->book, &ev->peer, &ev->addr, 1);
    }
    if (peer->n_conns == DTT_LINKS_CONNS) {
        p->transport.ops->close(p->transport.self, now, peer->conns[--peer->n_conns].conn,
                                CLOSE_CODE, "replaced");
    }
    peer->conns[peer->n_conns++] = (struct live){.conn = ev->conn};
    if (peer->n_conns == 1 || !is_fresh(&peer->conns[0], now)) {
        promote(p, peer, peer->n_conns - 1);
    }
    linger(p, now, peer);
    flush_queue(p, now, peer);
}

static void on_closed(struct dtt_links *p, struct dtt_now now, struct dtt_link *peer,
                      const struct dtt_quic_event *ev)
{
    struct dtt_addr addr;
    if (dial_take(peer, ev->conn, &addr)) {
        peer->failure.addr = addr;
        peer->failure.stage =
            ev->reason == DTT_REASON_TIMEOUT || ev->reason == DTT_REASON_UNREACHABLE ? "connect"
                                                                                     : "handshake";
        peer->failure.reason = ev->reason;
        if (peer->n_conns == 0) {
            dial_next(p, now, peer);
        }
        return;
    }
    enum dtt_reason reason = ev->reason;
    in_end(p, peer, ev->conn, -1);
    for (size_t i = 0; i < peer->n_conns; i++) {
        if (peer->conns[i].conn != ev->conn) {
            continue;
        }
        if (i == 0) {
            peer->n_out = 0;
        }
        if (peer->conns[i].is_slow && reason == DTT_REASON_CLOSED_BY_US) {
            reason = DTT_REASON_TOO_SLOW;
        }
        memmove(peer->conns + i, peer->conns + i + 1,
                (--peer->n_conns - i) * sizeof(peer->conns[0]));
        break;
    }
    if (peer->n_conns == 0 && peer->n_dials == 0) {
        struct dtt_id id = peer->id;
        DTT_TRACE(p->ctx, NODE_DISCONNECTED, dtt_tv_id(&id), dtt_tv_text(dtt_reason_word(reason)));
        peer_drop(p, peer);
        dtt_gossip_peer_gone(p->gossip, now, &id, reason);
    }
}

void dtt_links_quic_event(struct dtt_links *p, struct dtt_now now, const struct dtt_quic_event *ev)
{
    if (ev->type == DTT_QUIC_CONNECTED) {
        on_connected(p, now, ev);
        return;
    }
    struct dtt_link *peer = peer_find(p, &ev->peer);
    if (!peer) {
        return;
    }
    switch (ev->type) {
    case DTT_QUIC_DATA: on_data(p, now, peer, ev); break;
    case DTT_QUIC_STREAM_RESET: in_end(p, peer, ev->conn, ev->stream); break;
    case DTT_QUIC_CLOSED: on_closed(p, now, peer, ev); break;
    case DTT_QUIC_MIGRATED: dtt_book_add(&p->book, &ev->peer, &ev->addr, 1); break;
    default: break; /* WRITABLE: dtt_links_unacked is asked anew after each input. */
    }
}

void dtt_links_neighbor(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                        int change)
{
    struct dtt_link *peer = peer_find(p, id);
    if (peer) {
        peer->neighbor_of += change;
        if (peer->n_conns > 0) {
            linger(p, now, peer);
        }
    }
}

size_t dtt_links_unacked(const struct dtt_links *p, const struct dtt_id *id)
{
    const struct dtt_link *peer = peer_find(p, id);
    size_t n = 0;
    if (peer) {
        n = peer->queued_bytes;
        for (size_t i = 0; i < peer->n_conns; i++) {
            n += p->transport.ops->unacked(p->transport.self, peer->conns[i].conn);
        }
    }
    return n;
}

void dtt_links_close_all(struct dtt_links *p, struct dtt_now now)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *peer = dtt_map_value_at(&p->peers, i);
        race_end(p, now, peer);
        for (size_t k = 0; k < peer->n_conns; k++) {
            p->transport.ops->close(p->transport.self, now, peer->conns[k].conn, CLOSE_CODE,
                                    "close from disconnect");
        }
    }
}

bool dtt_links_next_failure(struct dtt_links *p, struct dtt_dial_failure *ret)
{
    const struct dtt_dial_failure *f = dtt_ring_front(&p->failures);
    if (!f) {
        return false;
    }
    *ret = *f;
    dtt_ring_pop(&p->failures);
    return true;
}

/* ------------------------------------------------------------- snapshot */

static void put_conn(struct dtt_json *j, const struct dtt_links *p, dtt_quic_conn conn)
{
    struct dtt_quic_info info;
    if (!p->transport.ops->info(p->transport.self, conn, &info)) {
        return;
    }
    dtt_json_object(j, NULL);
    dtt_json_addr(j, "addr", &info.remote);
    dtt_json_bool(j, "dialled", info.is_dialed);
    if (info.rtt_us > 0) {
        dtt_json_u64(j, "rtt_us", info.rtt_us);
    }
    dtt_json_u64(j, "unacked", p->transport.ops->unacked(p->transport.self, conn));
    dtt_json_end(j);
}

static void put_link(struct dtt_json *j, const struct dtt_links *p, const struct dtt_link *peer)
{
    const char *state = peer->n_conns > 0 ? peer->neighbor_of > 0 ? "neighbor" : "lingering"
                        : peer->is_wanted ? "locating"
                                          : "dialling";
    dtt_json_object(j, NULL);
    dtt_json_id(j, "peer", &peer->id);
    dtt_json_text(j, "state", state);
    dtt_json_u64(j, "topics", (uint64_t)peer->neighbor_of);
    dtt_json_array(j, "connections");
    for (size_t i = 0; i < peer->n_conns; i++) {
        put_conn(j, p, peer->conns[i].conn);
    }
    dtt_json_end(j);
    dtt_json_array(j, "dials");
    for (size_t i = 0; i < peer->n_dials; i++) {
        dtt_json_addr(j, NULL, &peer->dials[i].addr);
    }
    dtt_json_end(j);
    dtt_json_array(j, "untried");
    for (size_t i = 0; i < peer->n_todo; i++) {
        dtt_json_addr(j, NULL, &peer->todo[i]);
    }
    dtt_json_end(j);
    dtt_json_u64(j, "queued", peer->queued_bytes);
    dtt_json_u64(j, "streams_out", peer->n_out);
    dtt_json_u64(j, "streams_in", peer->n_in);
    dtt_json_end(j);
}

void dtt_links_snapshot(struct dtt_json *j, const struct dtt_links *p)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        put_link(j, p, dtt_map_value_at(&p->peers, i));
    }
}

uint64_t dtt_links_deadline(const struct dtt_links *p)
{
    return dtt_timerq_deadline(&p->timers);
}

void dtt_links_tick(struct dtt_links *p, struct dtt_now now)
{
    struct dtt_timer *t;
    while ((t = dtt_timerq_pop(&p->timers, now.mono_ns)) != NULL) {
        struct dtt_link *peer = DTT_TIMER_OWNER(t, struct dtt_link, timer);
        if (peer->n_conns == 0) {
            dial_next(p, now, peer);
            continue;
        }
        /* Both sides agreed long ago that they are no neighbours: nothing is lost. */
        for (size_t k = 0; k < peer->n_conns; k++) {
            p->transport.ops->close(p->transport.self, now, peer->conns[k].conn, CLOSE_CODE,
                                    "close from disconnect");
        }
    }
}
