/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/links.h"

#include "node/inflow.h"
#include "node/outflow.h"
#include "node/places.h"
#include "node/race.h"

#include <assert.h>
#include <stdlib.h>

struct live {
    dtt_quic_conn conn;
    struct dtt_addr addr;
    struct dtt_link_proofs proofs;
    uint64_t opened_ns;
    uint64_t heard_ns; /* when the peer last said on it what gossip understands; 0 never */
    bool is_dialled;   /* by us */
    bool is_held;      /* nothing of its streams is taken */
    bool is_worn;      /* it will end before long: another one takes its place */
    bool is_closing;   /* we closed it */
    bool is_slow;      /* because it was slow */
};

enum link_state { NEW, LOCATING, DIALLING, LIVE, LINGERING };

struct dtt_link {
    struct dtt_id id;
    enum link_state state;
    struct dtt_timer timer;             /* DIALLING: the next address; LINGERING: the end */
    struct live conns[DTT_LINKS_CONNS]; /* the first one carries what we send */
    size_t n_conns;
    struct dtt_id via;    /* who named it, if race.is_hearsay */
    struct dtt_race race; /* goes on for a while when the peer has connected to us meanwhile */

    struct dtt_outflow out;
    struct dtt_backlog backlog;
    struct dtt_inflow in;
    int neighbor_of; /* topics in whose active view it is */
};

void dtt_links_init(struct dtt_links *p, struct dtt_ctx *ctx, const struct dtt_transport *transport,
                    struct dtt_gossip *gossip, const struct dtt_prover *prover,
                    const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(p, 0, sizeof(*p));
    p->ctx = ctx;
    p->transport = *transport;
    p->gossip = gossip;
    p->prover = *prover;
    dtt_book_init(&p->book, hash_key);
    dtt_destinations_init(&p->destinations, hash_key);
    p->nearest = DTT_SCOPE_PRIVATE;
    dtt_map_init(&p->peers, sizeof(struct dtt_id), DTT_LINKS_MAX, hash_key);
    dtt_timerq_init(&p->timers);
    dtt_ring_init(&p->failures, sizeof(struct dtt_dial_failure), DTT_LINKS_MAX);
    dtt_ring_init(&p->wanted, sizeof(struct dtt_id), DTT_LINKS_MAX);
    dtt_ring_init(&p->named, sizeof(struct dtt_id), DTT_LINKS_MAX);
}

static void link_free(struct dtt_links *p, struct dtt_link *link)
{
    dtt_timerq_cancel(&p->timers, &link->timer);
    for (size_t k = 0; k < link->n_conns; k++) {
        dtt_link_proofs_fini(&link->conns[k].proofs);
    }
    dtt_outflow_fini(&link->out);
    dtt_inflow_fini(&link->in, &p->streams_in);
    free(link);
}

void dtt_links_fini(struct dtt_links *p)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        link_free(p, dtt_map_value_at(&p->peers, i));
    }
    dtt_map_fini(&p->peers);
    dtt_book_fini(&p->book);
    dtt_destinations_fini(&p->destinations);
    dtt_timerq_fini(&p->timers);
    dtt_ring_fini(&p->failures);
    dtt_ring_fini(&p->wanted);
    dtt_ring_fini(&p->named);
}

static struct dtt_link *link_find(const struct dtt_links *p, const struct dtt_id *id)
{
    return dtt_map_get(&p->peers, id);
}

static struct dtt_link *link_make(struct dtt_links *p, const struct dtt_id *id)
{
    struct dtt_link *link = link_find(p, id);
    if (link) {
        return link;
    }
    link = calloc(1, sizeof(*link));
    if (!link || dtt_map_put(&p->peers, id, link) != DTT_OK) {
        free(link);
        DTT_COUNT(p->ctx, NODE_PEERS_REFUSED);
        return NULL;
    }
    link->id = *id;
    dtt_outflow_init(&link->out);
    return link;
}

static void link_drop(struct dtt_links *p, struct dtt_link *link)
{
    dtt_map_take(&p->peers, &link->id);
    link_free(p, link);
}

/* The only place where the state changes and the timer is set. */
static void enter(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                  enum link_state state)
{
    uint64_t at = DTT_NEVER;
    assert(state != NEW && (state != LOCATING || link->state == NEW));
    assert((state == LIVE || state == LINGERING) == (link->n_conns > 0));
    assert(state != DIALLING || link->race.n_dials > 0 || link->race.n_todo > 0);
    assert(state != LIVE || link->neighbor_of > 0);
    if (state == DIALLING) {
        at = dtt_race_deadline(&link->race, now);
    } else if (state == LINGERING) {
        at = now.mono_ns + DTT_LINKS_LINGER_NS;
    }
    link->state = state;
    if (at == DTT_NEVER) {
        dtt_timerq_cancel(&p->timers, &link->timer);
    } else {
        /* Out of memory: the next address, or the end, waits for the next event of this link. */
        dtt_timerq_set(&p->timers, &link->timer, at);
    }
}

/* It has a connection. One that no topic needs stays a while: either side may have more to say. */
static void enter_connected(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    enter(p, now, link, link->neighbor_of > 0 ? LIVE : LINGERING);
}

/* ------------------------------------------------------------- dialling */

static const char *stage_of(enum dtt_reason reason)
{
    switch (reason) {
    case DTT_REASON_NO_ADDRESS: return "address";
    case DTT_REASON_LIMIT:
    case DTT_REASON_BUDGET:
    case DTT_REASON_SELF:
    case DTT_REASON_LOCAL:
    case DTT_REASON_TIMEOUT:
    case DTT_REASON_UNREACHABLE: return "connect";
    default: return "handshake";
    }
}

/* The race is lost: tells of it and frees the link. */
static void lose(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_dial_failure f = {.peer = link->id,
                                 .addr = link->race.failed,
                                 .stage = stage_of(link->race.reason),
                                 .reason = link->race.reason};
    struct dtt_dial_failure *told = dtt_ring_push(&p->failures);
    if (told) {
        *told = f;
    }
    DTT_TRACE(p->ctx, NODE_DIAL_FAILED, dtt_tv_id(&f.peer), dtt_tv_addr(&f.addr),
              dtt_tv_text(f.stage), dtt_tv_text(dtt_reason_word((int)f.reason)));
    link_drop(p, link);
    dtt_gossip_peer_gone(p->gossip, now, &f.peer, f.reason);
}

struct dial_count {
    size_t all, hearsay, via;
};

static struct dial_count count_dials(const struct dtt_links *p, const struct dtt_id *via)
{
    struct dial_count n = {0};
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        const struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        size_t dials = link->race.n_dials;
        n.all += dials;
        if (link->race.is_hearsay) {
            n.hearsay += dials;
            n.via += memcmp(&link->via, via, sizeof(*via)) == 0 ? dials : 0;
        }
    }
    return n;
}

/* Ends a dial on hearsay in favour of another one. */
static void end_hearsay(struct dtt_links *p, struct dtt_now now)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        if (link->race.is_hearsay && link->race.n_dials > 0) {
            dtt_race_stop(&link->race, &p->transport, now);
            link->race.reason = DTT_REASON_BUDGET;
            if (link->state == DIALLING) {
                lose(p, now, link);
            }
            return;
        }
    }
}

/* Whether one more dial may be made for the link. */
static bool may_dial(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link)
{
    struct dial_count n = count_dials(p, &link->via);
    if (link->race.is_hearsay) {
        return n.all < DTT_LINKS_DIALS && n.hearsay < DTT_LINKS_HEARSAY && n.via < DTT_LINKS_VIA;
    }
    if (n.all >= DTT_LINKS_DIALS && n.hearsay > 0) {
        end_hearsay(p, now);
        n.all--;
    }
    return n.all < DTT_LINKS_DIALS;
}

/* Tries the next address. When the race is lost, tells of it and frees the link. */
static void dial(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    if (dtt_race_next(&link->race, p->ctx, &p->transport, &p->destinations, now, &link->id,
                      may_dial(p, now, link))) {
        enter(p, now, link, DIALLING);
    } else {
        lose(p, now, link);
    }
}

static void dial_first(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    struct dtt_id *wanted = NULL;
    if (!dtt_race_start(&link->race, &p->book, &link->id)) {
        wanted = dtt_ring_push(link->race.is_hearsay ? &p->named : &p->wanted);
    }
    if (wanted) {
        *wanted = link->id;
        enter(p, now, link, LOCATING);
    } else {
        dial(p, now, link);
    }
}

bool dtt_links_next_wanted(struct dtt_links *p, bool is_hearsay, struct dtt_id *ret)
{
    struct dtt_ring *ring = is_hearsay ? &p->named : &p->wanted;
    const struct dtt_id *id = dtt_ring_front(ring);
    if (!id) {
        return false;
    }
    *ret = *id;
    dtt_ring_pop(ring);
    return true;
}

void dtt_links_unneeded(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id)
{
    struct dtt_link *link = link_find(p, id);
    if (link && link->race.is_hearsay && (link->state == LOCATING || link->state == DIALLING)) {
        dtt_race_stop(&link->race, &p->transport, now);
        link_drop(p, link);
    }
}

void dtt_links_learn(struct dtt_links *p, const struct dtt_id *id, const struct dtt_addr *addrs,
                     size_t n)
{
    struct dtt_addr allowed[DTT_BOOK_ADDRS];
    size_t k = 0;
    for (size_t i = 0; i < n && k < DTT_BOOK_ADDRS; i++) {
        if (dtt_addr_may_be_named(&addrs[i], p->nearest)) {
            allowed[k++] = addrs[i];
        }
    }
    dtt_book_add(&p->book, id, allowed, k);
}

void dtt_links_located(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                       bool is_over)
{
    struct dtt_link *link = link_find(p, id);
    if (link && link->state == LOCATING && (dtt_race_start(&link->race, &p->book, id) || is_over)) {
        dial(p, now, link);
    }
}

/* ---------------------------------------------------------------- places */

static void close_live(struct dtt_links *p, struct dtt_now now, struct live *c, const char *words)
{
    if (!c->is_closing && !c->is_dialled) {
        assert(p->n_accepted > 0);
        p->n_accepted--;
    }
    c->is_closing = true;
    dtt_transport_close(&p->transport, now, c->conn, words);
}

static void close_slow(struct dtt_links *p, struct dtt_now now, struct live *c)
{
    DTT_COUNT(p->ctx, NODE_PEERS_SLOW);
    c->is_slow = true;
    close_live(p, now, c, "too slow");
}

static enum dtt_place_rank rank_of(const struct dtt_links *p, struct dtt_now now,
                                   const struct dtt_link *link)
{
    if (link->neighbor_of > 0 || dtt_gossip_needs(p->gossip, &link->id)) {
        return DTT_PLACE_NEEDED;
    }
    return dtt_gossip_standing(p->gossip, now, &link->id) == DTT_STANDING_PROVEN
               ? DTT_PLACE_PROVEN
               : DTT_PLACE_STRANGER;
}

static struct dtt_place place_of(const struct dtt_links *p, struct dtt_now now,
                                 const struct dtt_link *link, const struct live *c)
{
    bool is_silent = c->heard_ns == 0 && now.mono_ns - c->opened_ns >= DTT_LINKS_GRACE_NS;
    enum dtt_place_rank rank = rank_of(p, now, link);
    return (struct dtt_place){.rank =
                                  is_silent && rank == DTT_PLACE_STRANGER ? DTT_PLACE_SILENT : rank,
                              .host = dtt_addr_host(&c->addr),
                              .network = dtt_addr_network(&c->addr),
                              .used_ns = c->heard_ns ? c->heard_ns : c->opened_ns};
}

/* One accepted connection, or stranger among them, may be too many: perhaps the newest one goes. */
static void make_room(struct dtt_links *p, struct dtt_now now)
{
    struct dtt_place places[DTT_LINKS_ACCEPTED + 1];
    struct live *lives[DTT_LINKS_ACCEPTED + 1];
    size_t n = 0;
    size_t strangers = 0;
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        for (size_t k = 0; k < link->n_conns; k++) {
            if (!link->conns[k].is_dialled && !link->conns[k].is_closing) {
                assert(n <= DTT_LINKS_ACCEPTED);
                places[n] = place_of(p, now, link, &link->conns[k]);
                strangers += places[n].rank <= DTT_PLACE_STRANGER;
                lives[n++] = &link->conns[k];
            }
        }
    }
    assert(n == p->n_accepted);
    if (n > DTT_LINKS_ACCEPTED || strangers > DTT_LINKS_STRANGERS) {
        DTT_COUNT(p->ctx, NODE_PLACES_MADE);
        close_live(p, now, lives[dtt_places_victim(places, n)], "no place");
    }
}

/* --------------------------------------------------------------- sending */

/*
 * Makes connection k the sending one. Two connections with one peer are normal (both dialled at
 * once, or two addresses answered), and either side may be about to close one of them. What keeps
 * messages from being lost is to answer where the peer speaks.
 */
static void promote(struct dtt_links *p, struct dtt_link *link, size_t k)
{
    struct live chosen = link->conns[k];
    dtt_outflow_end(&link->out, &p->transport, link->conns[0].conn);
    memmove(link->conns + 1, link->conns, k * sizeof(chosen));
    link->conns[0] = chosen;
}

static bool is_fresh(const struct live *c, struct dtt_now now)
{
    return c->heard_ns != 0 && now.mono_ns - c->heard_ns < DTT_LINKS_FRESH_NS;
}

static size_t unacked(const struct dtt_links *p, const struct dtt_link *link)
{
    size_t n = link->out.queued_bytes;
    for (size_t i = 0; i < link->n_conns; i++) {
        n += dtt_transport_unacked(&p->transport, link->conns[i].conn);
    }
    return n;
}

static void tell_slow(struct dtt_links *p, const struct dtt_link *link, bool was_slow)
{
    bool is_slow = link->backlog.slow_ns != 0;
    if (is_slow != was_slow) {
        DTT_TRACE(p->ctx, NODE_SLOW, dtt_tv_id(&link->id), dtt_tv_int(is_slow));
        dtt_gossip_set_slow(p->gossip, &link->id, is_slow);
    }
}

/* Something was written; `before`: the bytes that waited before that. */
static void on_written(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                       size_t before)
{
    bool was_slow = link->backlog.slow_ns != 0;
    size_t waiting = unacked(p, link);
    dtt_backlog_add(&link->backlog, now, before, waiting);
    tell_slow(p, link, was_slow);
    if (waiting > 0 && !dtt_timer_is_armed(&p->look)) {
        /* Out of memory: the next message tries again. */
        dtt_timerq_set(&p->timers, &p->look, now.mono_ns + DTT_BACKLOG_LOOK_NS);
    }
}

/*
 * `err`: why a frame could not be sent, mostly because the peer has stopped reading and its send
 * buffer is full. Leaving out one frame would corrupt the stream, so the connection is closed; one
 * slow peer must not hold up the rest.
 */
static void on_sent(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, int err)
{
    struct live *c = &link->conns[0];
    if (err == DTT_OK) {
        return;
    }
    if (err == DTT_EAGAIN) {
        close_slow(p, now, c);
    } else {
        close_live(p, now, c, "cannot send");
    }
}

/*
 * A peer that reads proofs gets one before it hears of a topic. It goes where we speak: an answer
 * on a connection that we have left would keep the peer there.
 */
static void prove(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                  const struct dtt_gossip_topic_id *topic)
{
    if (dtt_book_is_marked(&p->book, &link->id)) {
        dtt_link_proofs_tell(&link->conns[0].proofs, p->ctx, &p->prover, &p->transport, now, topic);
    }
}

void dtt_links_send(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice payload, bool last,
                    const struct dtt_id *via)
{
    struct dtt_link *link = link_find(p, id);
    if (!link && last) {
        return; /* A goodbye is no reason to dial. */
    }
    link = link_make(p, id);
    if (!link) {
        dtt_gossip_peer_gone(p->gossip, now, id, DTT_REASON_LIMIT);
        return;
    }
    if (link->n_conns > 0) {
        size_t before = unacked(p, link);
        if (!last) {
            prove(p, now, link, topic);
        }
        int err =
            dtt_outflow_send(&link->out, &p->transport, link->conns[0].conn, topic, payload, last);
        on_written(p, now, link, before);
        on_sent(p, now, link, err);
        enter_connected(p, now, link);
        return;
    }
    if (dtt_outflow_queue(&link->out, topic, payload, last) != DTT_OK) {
        DTT_COUNT(p->ctx, NODE_MESSAGES_DROPPED);
    }
    if (!via) {
        link->race.is_hearsay = false;
    }
    if (link->state == NEW) {
        link->race.is_hearsay = via != NULL;
        link->via = via ? *via : link->via;
        dial_first(p, now, link);
    }
}

/* ------------------------------------------------------------- receiving */

/* The number of a connection; n_conns when it is none of the link any more. */
static size_t find_conn(const struct dtt_link *link, dtt_quic_conn conn)
{
    size_t k = 0;
    while (k < link->n_conns && link->conns[k].conn != conn) {
        k++;
    }
    return k;
}

/*
 * Worn connections that the peer has left too: it has ended its streams there, and speaks on
 * another one. (If it does not, the connection ends by itself, and nothing is lost with it.)
 */
static void close_worn(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    for (size_t k = 1; k < link->n_conns; k++) {
        struct live *c = &link->conns[k];
        if (c->is_worn && !c->is_closing && !is_fresh(c, now) &&
            !dtt_inflow_has(&link->in, c->conn) &&
            dtt_transport_unacked(&p->transport, c->conn) == 0) {
            close_live(p, now, c, "worn");
        }
    }
}

/* The peer has spoken of a topic of ours on connection k. */
static void heard_on(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k)
{
    link->conns[k].heard_ns = now.mono_ns;
    if (rank_of(p, now, link) > DTT_PLACE_STRANGER) {
        dtt_transport_trust(&p->transport, link->conns[k].conn);
    }
    if (k > 0 && !link->conns[k].is_worn && !is_fresh(&link->conns[0], now)) {
        promote(p, link, k);
    }
    close_worn(p, now, link);
    enter_connected(p, now, link);
}

/* What a frame is for: DTT_OK when it was of use, DTT_EPROTO when it is none. */
static int on_frame(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice frame)
{
    const struct live *c = &link->conns[k];
    struct dtt_gossip_source source = {.id = link->id,
                                       .connection = c->conn,
                                       .host = dtt_addr_host(&c->addr),
                                       .network = dtt_addr_network(&c->addr)};
    struct dtt_gossip_topic_id proven;
    if (!dtt_link_proofs_is_stream(topic)) {
        return dtt_gossip_recv(p->gossip, now, &source, topic, frame);
    }
    if (!dtt_link_proofs_recv(&link->conns[k].proofs, p->ctx, &p->prover, &p->transport, now, frame,
                              &proven)) {
        return DTT_ESTATE;
    }
    dtt_book_mark(&p->book, &link->id);
    dtt_gossip_prove(p->gossip, now, &proven, &link->id);
    prove(p, now, link, &proven);
    return DTT_OK;
}

static void on_data(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                    const struct dtt_quic_event *ev)
{
    size_t k = find_conn(link, ev->conn);
    if (k == link->n_conns) {
        return;
    }
    struct dtt_gossip_stream *frames =
        dtt_inflow_get(&link->in, &p->streams_in, ev->conn, ev->stream);
    struct dtt_slice rest = ev->data;
    struct dtt_slice payload;
    bool is_heard = false;
    int got = frames ? 1 : DTT_EFULL;
    while (got == 1) {
        got = dtt_gossip_stream_feed(frames, &rest, &payload);
        if (got == 1) {
            int err = on_frame(p, now, link, k, &frames->topic, payload);
            is_heard |= err == DTT_OK;
            got = err == DTT_EPROTO ? err : got;
        }
    }
    if (got == 0 && ev->fin) {
        got = dtt_gossip_stream_end(frames);
    }
    if (got < 0) {
        DTT_COUNT(p->ctx, NODE_STREAMS_MALFORMED);
        close_live(p, now, &link->conns[k], "bad gossip stream");
    } else if (ev->fin) {
        dtt_inflow_end(&link->in, &p->streams_in, ev->conn, ev->stream);
    }
    if (is_heard) {
        heard_on(p, now, link, k);
    }
}

static void on_connected(struct dtt_links *p, struct dtt_now now, const struct dtt_quic_event *ev)
{
    struct dtt_link *link = link_make(p, &ev->peer);
    if (!link) {
        dtt_transport_close(&p->transport, now, ev->conn, "too many peers");
        return;
    }
    DTT_TRACE(p->ctx, NODE_CONNECTED, dtt_tv_id(&ev->peer), dtt_tv_addr(&ev->addr),
              dtt_tv_text(ev->dialed ? "dialed" : "accepted"));
    link->race.n_todo = 0;
    if (ev->dialed) {
        /* Our own other dials lost. But a dial must not be ended for an accepted connection: the
         * peer may be doing the same, and then both would go. */
        dtt_race_take(&link->race, ev->conn, DTT_REASON_NONE);
        dtt_destinations_answered(&p->destinations, &ev->addr);
        dtt_race_stop(&link->race, &p->transport, now);
        dtt_book_add(&p->book, &ev->peer, &ev->addr, 1);
    }
    if (link->n_conns == DTT_LINKS_CONNS) {
        close_live(p, now, &link->conns[--link->n_conns], "replaced");
        dtt_link_proofs_fini(&link->conns[link->n_conns].proofs);
    }
    link->conns[link->n_conns++] = (struct live){
        .conn = ev->conn, .addr = ev->addr, .opened_ns = now.mono_ns, .is_dialled = ev->dialed};
    dtt_link_proofs_init(&link->conns[link->n_conns - 1].proofs, ev->conn, &ev->peer, ev->dialed);
    p->n_accepted += !ev->dialed;
    p->turns--; /* it may have to be held */
    if (link->n_conns == 1 || link->conns[0].is_worn || !is_fresh(&link->conns[0], now)) {
        promote(p, link, link->n_conns - 1);
    }
    enter_connected(p, now, link);
    size_t before = unacked(p, link) - link->out.queued_bytes;
    for (size_t i = 0; i < link->out.queue.count; i++) {
        prove(p, now, link, dtt_outflow_topic(&link->out, i));
    }
    int err = dtt_outflow_flush(&link->out, &p->transport, link->conns[0].conn);
    on_written(p, now, link, before);
    on_sent(p, now, link, err);
    if (p->n_accepted > DTT_LINKS_STRANGERS) {
        make_room(p, now);
    }
}

static void on_closed(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                      const struct dtt_quic_event *ev)
{
    if (dtt_race_take(&link->race, ev->conn, ev->reason)) {
        if (ev->reason == DTT_REASON_REFUSED || ev->reason == DTT_REASON_WRONG_KEY) {
            dtt_destinations_answered(&p->destinations, &ev->addr);
        }
        if (link->state == DIALLING) {
            dial(p, now, link);
        }
        return;
    }
    dtt_inflow_end(&link->in, &p->streams_in, ev->conn, -1);
    size_t k = find_conn(link, ev->conn);
    if (k == link->n_conns) {
        return; /* a dial that lost its race, or a connection too many */
    }
    struct live gone = link->conns[k];
    p->n_accepted -= !gone.is_dialled && !gone.is_closing;
    dtt_link_proofs_fini(&gone.proofs);
    memmove(link->conns + k, link->conns + k + 1, (--link->n_conns - k) * sizeof(gone));
    if (k == 0) {
        dtt_outflow_forget(&link->out);
    }
    if (link->n_conns > 0) {
        return;
    }
    if (link->race.n_dials > 0) {
        enter(p, now, link, DIALLING);
        return;
    }
    struct dtt_id id = link->id;
    enum dtt_reason reason =
        gone.is_slow && ev->reason == DTT_REASON_CLOSED_BY_US ? DTT_REASON_TOO_SLOW : ev->reason;
    DTT_TRACE(p->ctx, NODE_DISCONNECTED, dtt_tv_id(&id), dtt_tv_text(dtt_reason_word((int)reason)));
    link_drop(p, link);
    dtt_gossip_peer_gone(p->gossip, now, &id, reason);
}

static void on_migrated(struct dtt_links *p, struct dtt_link *link, const struct dtt_quic_event *ev)
{
    size_t k = find_conn(link, ev->conn);
    dtt_book_add(&p->book, &ev->peer, &ev->addr, 1);
    if (k < link->n_conns) {
        link->conns[k].addr = ev->addr;
    }
}

/* We speak there, and the peer does so too, or has not had the time to follow us. */
static bool is_shared(const struct live *c, struct dtt_now now)
{
    uint64_t since = c->heard_ns ? c->heard_ns : c->opened_ns;
    return !c->is_worn && now.mono_ns - since < 2 * DTT_LINKS_FRESH_NS;
}

/*
 * We dial once more, unless we have left that connection already. Where both had dialled at once,
 * each may speak on the other's.
 */
static void on_worn(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                    const struct dtt_quic_event *ev)
{
    size_t k = find_conn(link, ev->conn);
    if (k == link->n_conns) {
        return;
    }
    link->conns[k].is_worn = true;
    if (!is_shared(&link->conns[0], now) && link->state == LIVE && link->race.n_dials == 0) {
        link->race = (struct dtt_race){.todo = {ev->addr}, .n_todo = 1};
        dtt_race_next(&link->race, p->ctx, &p->transport, &p->destinations, now, &link->id,
                      may_dial(p, now, link));
    }
}

void dtt_links_quic_event(struct dtt_links *p, struct dtt_now now, const struct dtt_quic_event *ev)
{
    if (ev->type == DTT_QUIC_CONNECTED) {
        on_connected(p, now, ev);
        return;
    }
    struct dtt_link *link = link_find(p, &ev->peer);
    if (!link) {
        return;
    }
    switch (ev->type) {
    case DTT_QUIC_DATA: on_data(p, now, link, ev); break;
    case DTT_QUIC_STREAM_RESET:
        dtt_inflow_end(&link->in, &p->streams_in, ev->conn, ev->stream);
        break;
    case DTT_QUIC_CLOSED: on_closed(p, now, link, ev); break;
    case DTT_QUIC_MIGRATED: on_migrated(p, link, ev); break;
    case DTT_QUIC_WORN: on_worn(p, now, link, ev); break;
    default: break; /* WRITABLE: dtt_links_unacked is asked anew after each input. */
    }
}

void dtt_links_neighbor(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                        int change)
{
    struct dtt_link *link = link_find(p, id);
    if (link) {
        assert(link->neighbor_of + change >= 0);
        link->neighbor_of += change;
        tell_slow(p, link, false);
        if (link->n_conns > 0) {
            enter_connected(p, now, link);
        }
    }
}

size_t dtt_links_unacked(const struct dtt_links *p, const struct dtt_id *id)
{
    const struct dtt_link *link = link_find(p, id);
    return link ? unacked(p, link) : 0;
}

bool dtt_links_is_late(const struct dtt_links *p, struct dtt_now now, const struct dtt_id *id)
{
    const struct dtt_link *link = link_find(p, id);
    return link && dtt_backlog_is_late(&link->backlog, now);
}

bool dtt_links_lag(const struct dtt_links *p, const struct dtt_events *events)
{
    return p->turns != events->turns;
}

void dtt_links_follow(struct dtt_links *p, const struct dtt_events *events)
{
    if (!dtt_links_lag(p, events)) {
        return;
    }
    p->turns = events->turns;
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        bool is_held = dtt_events_holds(events, &link->id);
        for (size_t k = 0; k < link->n_conns; k++) {
            if (link->conns[k].is_held != is_held) {
                link->conns[k].is_held = is_held;
                dtt_transport_hold(&p->transport, link->conns[k].conn, is_held);
            }
        }
    }
}

static void close_conns(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    for (size_t k = 0; k < link->n_conns; k++) {
        close_live(p, now, &link->conns[k], "close from disconnect");
    }
}

void dtt_links_close_all(struct dtt_links *p, struct dtt_now now)
{
    for (size_t i = dtt_map_count(&p->peers); i > 0; i--) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i - 1);
        dtt_race_stop(&link->race, &p->transport, now);
        if (link->n_conns > 0) {
            close_conns(p, now, link);
        } else {
            link_drop(p, link);
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

void dtt_links_stats(const struct dtt_links *p, struct dtt_links_stats *ret)
{
    *ret = (struct dtt_links_stats){.links = dtt_map_count(&p->peers)};
    for (size_t i = 0; i < ret->links; i++) {
        const struct dtt_link *peer = dtt_map_value_at(&p->peers, i);
        ret->neighbors += peer->neighbor_of > 0;
        ret->connections += peer->n_conns;
        ret->dials += peer->race.n_dials;
    }
}

static void put_conn(struct dtt_json *j, const struct dtt_links *p, dtt_quic_conn conn)
{
    struct dtt_quic_info info;
    if (!dtt_transport_info(&p->transport, conn, &info)) {
        return;
    }
    dtt_json_object(j, NULL);
    dtt_json_addr(j, "addr", &info.remote);
    dtt_json_bool(j, "dialled", info.is_dialed);
    if (info.rtt_us > 0) {
        dtt_json_u64(j, "rtt_us", info.rtt_us);
    }
    dtt_json_u64(j, "unacked", dtt_transport_unacked(&p->transport, conn));
    dtt_json_end(j);
}

static void put_link(struct dtt_json *j, const struct dtt_links *p, const struct dtt_link *link)
{
    static const char *const words[] = {[LOCATING] = "locating",
                                        [DIALLING] = "dialling",
                                        [LIVE] = "neighbor",
                                        [LINGERING] = "lingering"};
    dtt_json_object(j, NULL);
    dtt_json_id(j, "peer", &link->id);
    dtt_json_text(j, "state", words[link->state]);
    dtt_json_u64(j, "topics", (uint64_t)link->neighbor_of);
    dtt_json_array(j, "connections");
    for (size_t i = 0; i < link->n_conns; i++) {
        put_conn(j, p, link->conns[i].conn);
    }
    dtt_json_end(j);
    dtt_json_array(j, "dials");
    for (size_t i = 0; i < link->race.n_dials; i++) {
        dtt_json_addr(j, NULL, &link->race.dials[i].addr);
    }
    dtt_json_end(j);
    dtt_json_array(j, "untried");
    for (size_t i = 0; i < link->race.n_todo; i++) {
        dtt_json_addr(j, NULL, &link->race.todo[i]);
    }
    dtt_json_end(j);
    dtt_json_bool(j, "slow", link->backlog.slow_ns != 0);
    dtt_json_u64(j, "queued", link->out.queued_bytes);
    dtt_json_u64(j, "streams_out", link->out.n);
    dtt_json_u64(j, "streams_in", link->in.n);
    dtt_json_end(j);
}

void dtt_links_snapshot(struct dtt_json *j, const struct dtt_links *p)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        put_link(j, p, dtt_map_value_at(&p->peers, i));
    }
}

/* ------------------------------------------------------------------ time */

/* All that was sent on its connections is acknowledged, and more waits. */
static bool is_blocked(const struct dtt_links *p, const struct dtt_link *link)
{
    struct dtt_quic_info info;
    for (size_t k = 0; k < link->n_conns; k++) {
        if (dtt_transport_info(&p->transport, link->conns[k].conn, &info) && info.is_blocked) {
            return true;
        }
    }
    return false;
}

/* Finds the slow ones, and lets those go that have stopped. True while bytes wait. */
static bool look(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    size_t waiting = link->n_conns > 0 ? unacked(p, link) : 0;
    bool was_slow = link->backlog.slow_ns != 0;
    dtt_backlog_look(&link->backlog, now, waiting);
    tell_slow(p, link, was_slow);
    if (dtt_backlog_is_stalled(&link->backlog, now, is_blocked(p, link))) {
        for (size_t k = 0; k < link->n_conns; k++) {
            close_slow(p, now, &link->conns[k]);
        }
    }
    return waiting > 0;
}

static void look_at_all(struct dtt_links *p, struct dtt_now now)
{
    bool is_any = false;
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        is_any |= look(p, now, dtt_map_value_at(&p->peers, i));
    }
    if (is_any) {
        dtt_timerq_set(&p->timers, &p->look, now.mono_ns + DTT_BACKLOG_LOOK_NS);
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
        if (t == &p->look) {
            look_at_all(p, now);
            continue;
        }
        struct dtt_link *link = DTT_TIMER_OWNER(t, struct dtt_link, timer);
        assert(link->state == DIALLING || link->state == LINGERING);
        if (link->state == DIALLING) {
            dial(p, now, link);
        } else {
            /* Both sides agreed long ago that they are no neighbours: nothing is lost. */
            close_conns(p, now, link);
        }
    }
}
