/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/links.h"

#include "node/dials.h"
#include "node/knock.h"
#include "node/limits.h"
#include "node/link.h"
#include "node/meet.h"
#include "node/nats.h"
#include "node/pair.h"
#include "node/places.h"
#include "node/relayed.h"
#include "node/seek.h"
#include "node/worn.h"

#include <assert.h>

void dtt_links_init(struct dtt_links *p, struct dtt_ctx *ctx, const struct dtt_transport *transport,
                    struct dtt_gossip *gossip, const struct dtt_prover *prover,
                    const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(p, 0, sizeof(*p));
    p->ctx = ctx;
    p->transport = *transport;
    p->gossip = gossip;
    p->prover = *prover;
    dtt_book_init(&p->book, hash_key, &p->peers);
    dtt_destinations_init(&p->destinations, hash_key);
    p->nearest = DTT_SCOPE_PRIVATE;
    dtt_rng_init(&p->birthday.rng, ctx->seed, "node.birthday");
    dtt_map_init(&p->peers, sizeof(struct dtt_id), DTT_LINKS_MAX, hash_key);
    dtt_timerq_init(&p->timers);
    dtt_ring_init(&p->failures, sizeof(struct dtt_dial_failure), DTT_LINKS_MAX);
    dtt_ring_init(&p->knocks, sizeof(struct dtt_knock), DTT_LINKS_KNOCKS);
    dtt_ring_init(&p->meet_packets, sizeof(struct dtt_meet_packet), DTT_LINKS_MEETS);
    dtt_ring_init(&p->meet_ends, sizeof(struct dtt_meet_end), DTT_MEETINGS_MAX);
    dtt_meetings_init(&p->meetings);
    dtt_rng_init(&p->rng, ctx->seed, "node.meet");
    dtt_ring_init(&p->wanted, sizeof(struct dtt_id), DTT_LINKS_MAX);
    dtt_ring_init(&p->sought, sizeof(struct dtt_id), DTT_LINKS_SOUGHT);
    dtt_ring_init(&p->rerouted, sizeof(struct dtt_id), DTT_LINKS_MAX);
    dtt_ring_init(&p->named, sizeof(struct dtt_id), DTT_LINKS_MAX);
}

void dtt_links_fini(struct dtt_links *p)
{
    while (dtt_map_count(&p->peers) > 0) {
        dtt_link_drop(p, dtt_map_value_at(&p->peers, dtt_map_count(&p->peers) - 1));
    }
    dtt_map_fini(&p->peers);
    dtt_book_fini(&p->book);
    dtt_destinations_fini(&p->destinations);
    dtt_rng_fini(&p->birthday.rng);
    dtt_timerq_fini(&p->timers);
    dtt_ring_fini(&p->failures);
    dtt_ring_fini(&p->knocks);
    dtt_ring_fini(&p->meet_packets);
    dtt_ring_fini(&p->meet_ends);
    dtt_rng_fini(&p->rng);
    dtt_ring_fini(&p->wanted);
    dtt_ring_fini(&p->sought);
    dtt_ring_fini(&p->rerouted);
    dtt_ring_fini(&p->named);
}

/* --------------------------------------------------------------- sending */

/*
 * Makes connection k the sending one. Two connections with one peer are normal (both dialled at
 * once, or two addresses answered), and either side may be about to close one of them. What keeps
 * messages from being lost is to answer where the peer speaks.
 */
static void promote(struct dtt_links *p, struct dtt_link *link, size_t k)
{
    struct dtt_link_conn chosen = link->conns[k];
    dtt_outflow_end(&link->out, &p->transport, link->conns[0].conn);
    memmove(link->conns + 1, link->conns, k * sizeof(chosen));
    link->conns[0] = chosen;
    dtt_relay_way_tell(p, link);
}

static size_t unacked(const struct dtt_links *p, const struct dtt_link *link)
{
    size_t n = link->out.queued_bytes;
    for (size_t i = 0; i < link->n_conns; i++) {
        n += p->transport.ops->unacked(p->transport.self, link->conns[i].conn);
    }
    return n;
}

static void tell_slow(struct dtt_links *p, struct dtt_now now, const struct dtt_link *link,
                      bool was_slow)
{
    bool is_slow = link->backlog.slow_ns != 0;
    if (is_slow != was_slow) {
        DTT_TRACE(p->ctx, NODE_SLOW, dtt_tv_id(&link->id), dtt_tv_int(is_slow));
        dtt_gossip_set_slow(p->gossip, now, &link->id, is_slow);
    }
}

static void tell_silent(struct dtt_links *p, const struct dtt_link *link, bool was_silent)
{
    if (link->backlog.is_silent != was_silent) {
        dtt_gossip_set_silent(p->gossip, &link->id, link->backlog.is_silent);
    }
}

static void on_written(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t n)
{
    if (dtt_backlog_add(&link->backlog, now, n)) {
        dtt_backlog_count(&link->backlog, now, unacked(p, link));
        tell_slow(p, now, link, false);
    }
    if (n > 0 && !dtt_timer_is_armed(&p->look)) {
        /* Out of memory: the next message tries again. */
        dtt_timerq_set(&p->timers, &p->look, now.mono_ns + DTT_BACKLOG_LOOK_NS);
    }
}

static void close_slow(struct dtt_links *p, struct dtt_now now, struct dtt_link_conn *c)
{
    DTT_COUNT(p->ctx, NODE_PEERS_SLOW);
    c->closed_for = DTT_REASON_TOO_SLOW;
    dtt_link_close(p, now, c, "too slow");
}

/*
 * `err`: why a frame could not be sent, mostly because the peer has stopped reading and its send
 * buffer is full. Leaving out one frame would corrupt the stream, so the connection is closed; one
 * slow peer must not hold up the rest.
 */
static void on_sent(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, int err)
{
    struct dtt_link_conn *c = &link->conns[0];
    if (err == DTT_OK) {
        return;
    }
    if (err == DTT_EAGAIN) {
        close_slow(p, now, c);
    } else {
        dtt_link_close(p, now, c, "cannot send");
    }
}

/*
 * A peer that reads proofs gets one before it hears of a topic. It goes where we speak: an answer
 * on a connection that we have left would keep the peer there.
 */
static void prove(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                  const struct dtt_gossip_topic_id *topic)
{
    if (!dtt_link_proofs_is_told(&link->conns[0].proofs, topic) &&
        dtt_book_is_marked(&p->book, &link->id)) {
        dtt_link_proofs_tell(p, now, link, &link->conns[0], topic);
    }
}

void dtt_links_send(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                    const struct dtt_outflow_message *m, const struct dtt_id *via)
{
    struct dtt_link *link = dtt_link_find(p, id);
    if (!link && m->last) {
        return; /* A goodbye is no reason to dial. */
    }
    link = link ? link : dtt_link_make(p, id);
    if (!link) {
        dtt_gossip_peer_gone(p->gossip, now, id, DTT_REASON_LIMIT);
        return;
    }
    if (link->n_conns > 0) {
        if (!m->last) {
            prove(p, now, link, m->topic);
        }
        int err = dtt_outflow_send(&link->out, &p->transport, link->conns[0].conn,
                                   &link->conns[0].flight, m);
        on_written(p, now, link, 4 + m->payload.len); /* its length goes before it */
        on_sent(p, now, link, err);
        dtt_link_enter_connected(p, now, link);
        return;
    }
    if (dtt_outflow_queue(&link->out, m) != DTT_OK) {
        DTT_COUNT(p->ctx, NODE_MESSAGES_DROPPED);
    }
    if (!via) {
        link->race.is_hearsay = false;
    }
    if (link->state == DTT_LINK_NEW) {
        link->race.is_hearsay = via != NULL;
        link->via = via ? *via : link->via;
        link->topic = *m->topic;
        dtt_dials_start(p, now, link);
    }
}

/* ------------------------------------------------------------- receiving */

/*
 * The peer speaks on connection k, and no more on the one we send on: for long, or ever since this
 * one was made. A restarted peer does so, whose first life cannot answer any more.
 */
static bool is_left(const struct dtt_link *link, size_t k, struct dtt_now now)
{
    return !dtt_link_is_fresh(&link->conns[0], now) ||
           link->conns[0].heard_ns < link->conns[k].opened_ns;
}

/* The peer has spoken of a topic of ours on connection k. */
static void heard_on(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k)
{
    link->conns[k].heard_ns = now.mono_ns;
    p->transport.ops->trust(p->transport.self, link->conns[k].conn,
                            dtt_places_rank(p, now, link) > DTT_PLACE_STRANGER);
    if (k > 0 && !link->conns[k].is_worn && is_left(link, k, now)) {
        size_t left = p->transport.ops->unacked(p->transport.self, link->conns[0].conn);
        promote(p, link, k);
        if (left > 0) {
            /* The peer may never hear it there, and the end of that connection may be far. */
            dtt_gossip_remind(p->gossip, now, &link->id);
        }
    }
    dtt_worn_close(p, now, link);
    dtt_link_enter_connected(p, now, link);
}

/* What a frame is for: DTT_OK when it was of use, DTT_EPROTO when it is none. */
static int on_frame(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice frame)
{
    const struct dtt_link_conn *c = &link->conns[k];
    struct dtt_gossip_source source = {.id = link->id,
                                       .connection = c->conn,
                                       .host = dtt_addr_host(&c->addr),
                                       .network = dtt_addr_network(&c->addr)};
    struct dtt_gossip_topic_id proven;
    if (!dtt_link_proofs_is_stream(topic)) {
        return dtt_gossip_recv(p->gossip, now, &source, topic, frame);
    }
    if (!dtt_link_proofs_recv(p, now, link, &link->conns[k], frame, &proven)) {
        return DTT_ESTATE;
    }
    dtt_book_mark(&p->book, now, &link->id);
    dtt_gossip_prove(p->gossip, now, &proven, &link->id);
    if (link->neighbor_of > 0) {
        dtt_nats_ask_all(p, now);
    }
    prove(p, now, link, &proven);
    return DTT_OK;
}

static void on_data(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k,
                    const struct dtt_quic_event *ev)
{
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
        dtt_link_close(p, now, &link->conns[k], "bad gossip stream");
    } else if (ev->fin) {
        dtt_inflow_end(&link->in, &p->streams_in, ev->conn, ev->stream);
    }
    if (is_heard) {
        heard_on(p, now, link, k);
    }
}

/*
 * The peer does not hear us on the old connection and goes on speaking there until it hears us on
 * the new one: the proofs of the topics that we spoke of are something to say at once.
 */
static void move_over(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k)
{
    struct dtt_gossip_topic_id topics[DTT_CORE_TOPICS];
    size_t n = 0;
    while (n < link->out.n && n < DTT_CORE_TOPICS) {
        topics[n] = link->out.streams[n].topic;
        n++;
    }
    promote(p, link, k);
    while (n > 0) {
        prove(p, now, link, &topics[--n]);
    }
}

/* A dial to a peer that was missed has succeeded. One of its own may have come in meanwhile. */
static void strand_missed(struct dtt_link *link)
{
    for (size_t k = 0; k < link->n_conns; k++) {
        link->conns[k].is_stranded |= link->conns[k].opened_ns < link->race.missed_ns;
    }
    link->race.missed_ns = 0;
}

/* A direct way is found: nothing is to be opened any more. */
static void end_race(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                     const struct dtt_quic_event *ev)
{
    link->race.n_todo = 0;
    link->direct_wait_ns = 0;
    dtt_doors_close(&p->doors, &ev->peer);
    dtt_meet_unneeded(p, &ev->peer);
    dtt_pair_met(p, now, &ev->peer);
    if (ev->dialed) {
        /* Our own other dials lost. But a dial must not be ended for an accepted connection: the
         * peer may be doing the same, and then both would go. */
        dtt_destinations_answered(&p->destinations, &ev->addr);
        dtt_race_stop(&link->race, &p->transport, now);
        dtt_book_add(&p->book, now, &ev->peer, &ev->addr, 1);
    }
    for (size_t k = 0; k < link->n_conns; k++) {
        link->conns[k].is_worn |= dtt_addr_is_invented(&link->conns[k].addr);
    }
}

/* The new connection goes by a relay, and there is a direct one, which may just have begun. */
static bool is_worse(const struct dtt_link *link, struct dtt_now now, bool is_relayed)
{
    const struct dtt_link_conn *c = &link->conns[0];
    return is_relayed && !dtt_relay_way_is(link) && !c->is_stranded && !c->is_worn &&
           now.mono_ns - dtt_link_conn_used_ns(c) < DTT_LINKS_FRESH_NS;
}

static void on_connected(struct dtt_links *p, struct dtt_now now, const struct dtt_quic_event *ev)
{
    struct dtt_link *link = dtt_link_make(p, &ev->peer);
    if (!link) {
        dtt_transport_close(&p->transport, now, ev->conn, "too many peers");
        return;
    }
    DTT_TRACE(p->ctx, NODE_CONNECTED, dtt_tv_id(&ev->peer), dtt_tv_addr(&ev->addr),
              dtt_tv_text(ev->dialed ? "dialed" : "accepted"));
    bool is_relayed = dtt_addr_is_invented(&ev->addr);
    if (ev->dialed) {
        dtt_race_take(&link->race, ev->conn, DTT_REASON_NONE);
    }
    if (!is_relayed) {
        end_race(p, now, link, ev);
    }
    if (link->n_conns == DTT_LINKS_CONNS) {
        dtt_link_close(p, now, &link->conns[--link->n_conns], "replaced");
        if (dtt_link_conn_fini(&link->conns[link->n_conns])) {
            dtt_gossip_remind(p->gossip, now, &link->id);
        }
    }
    link->conns[link->n_conns++] = (struct dtt_link_conn){
        .conn = ev->conn, .addr = ev->addr, .opened_ns = now.mono_ns, .is_dialled = ev->dialed};
    dtt_flight_init(&link->conns[link->n_conns - 1].flight);
    link->conns[link->n_conns - 1].is_worn = link->n_conns > 1 && is_worse(link, now, is_relayed);
    p->n_accepted += !ev->dialed;
    p->turns--; /* it may have to be held */
    if (ev->dialed) {
        strand_missed(link);
    }
    if (link->conns[0].is_stranded && ev->dialed) {
        move_over(p, now, link, link->n_conns - 1);
    } else if (link->n_conns == 1 || link->conns[0].is_worn ||
               (!dtt_link_is_fresh(&link->conns[0], now) && !is_worse(link, now, is_relayed))) {
        promote(p, link, link->n_conns - 1);
    }
    dtt_link_enter_connected(p, now, link);
    size_t queued = link->out.queued_bytes;
    for (size_t i = 0; i < link->out.queue.count; i++) {
        prove(p, now, link, dtt_outflow_topic(&link->out, i));
    }
    int err = dtt_outflow_flush(&link->out, p->gossip, &p->transport, link->conns[0].conn,
                                &link->conns[0].flight);
    on_written(p, now, link, queued);
    on_sent(p, now, link, err);
    dtt_places_make_room(p, now);
}

static void on_closed(struct dtt_links *p, struct dtt_now now, struct dtt_link *link, size_t k,
                      const struct dtt_quic_event *ev)
{
    unsigned datagrams = dtt_race_datagrams(&link->race, ev->conn);
    if (dtt_race_take(&link->race, ev->conn, ev->reason)) {
        if (ev->reason == DTT_REASON_UNREACHABLE) {
            dtt_destinations_refused(&p->destinations, now, &ev->addr, datagrams);
        }
        if (ev->reason == DTT_REASON_REFUSED || ev->reason == DTT_REASON_WRONG_KEY) {
            dtt_destinations_answered(&p->destinations, &ev->addr);
        }
        if (link->state == DTT_LINK_DIALLING) {
            dtt_dials_next(p, now, link);
        } else {
            dtt_relay_way_go_on(p, now, link);
        }
        return;
    }
    dtt_inflow_end(&link->in, &p->streams_in, ev->conn, -1);
    if (k == link->n_conns) {
        return; /* a dial that lost its race, or a connection too many */
    }
    struct dtt_link_conn gone = link->conns[k];
    p->n_accepted -= !gone.is_dialled && !gone.is_closing;
    dtt_flight_end(&gone.flight, &p->transport, gone.conn);
    bool is_short = dtt_link_conn_fini(&gone);
    memmove(link->conns + k, link->conns + k + 1, (--link->n_conns - k) * sizeof(gone));
    if (k == 0) {
        dtt_outflow_forget(&link->out);
        dtt_relay_way_tell(p, link);
    }
    struct dtt_id id = link->id;
    if (link->n_conns > 0 || link->race.n_dials > 0) {
        if (link->n_conns == 0) {
            dtt_link_enter(p, now, link, DTT_LINK_DIALLING);
        }
        if (is_short) {
            dtt_gossip_remind(p->gossip, now, &id);
        }
        return;
    }
    enum dtt_reason reason =
        gone.closed_for && ev->reason == DTT_REASON_CLOSED_BY_US ? gone.closed_for : ev->reason;
    DTT_TRACE(p->ctx, NODE_DISCONNECTED, dtt_tv_id(&id), dtt_tv_text(dtt_reason_word((int)reason)));
    dtt_link_drop(p, link);
    dtt_gossip_peer_gone(p->gossip, now, &id, reason);
}

void dtt_links_quic_event(struct dtt_links *p, struct dtt_now now, const struct dtt_quic_event *ev)
{
    if (ev->type == DTT_QUIC_CONNECTED) {
        on_connected(p, now, ev);
        return;
    }
    if (ev->type == DTT_QUIC_CLOSED) {
        dtt_spares_ended(&p->spares, ev->conn);
    }
    struct dtt_link *link = dtt_link_find(p, &ev->peer);
    if (!link) {
        return;
    }
    size_t k = dtt_link_conn(link, ev->conn);
    bool is_its = k < link->n_conns;
    switch (ev->type) {
    case DTT_QUIC_DATA:
        if (is_its) {
            on_data(p, now, link, k, ev);
        }
        break;
    case DTT_QUIC_STREAM_RESET:
        if (is_its) {
            dtt_flight_stop(&link->conns[k].flight, ev->stream);
        }
        dtt_inflow_end(&link->in, &p->streams_in, ev->conn, ev->stream);
        break;
    case DTT_QUIC_CLOSED: on_closed(p, now, link, k, ev); break;
    case DTT_QUIC_MIGRATED:
        dtt_book_add(&p->book, now, &ev->peer, &ev->addr, 1);
        if (is_its) {
            link->conns[k].addr = ev->addr;
            dtt_relay_way_tell(p, link);
            dtt_relay_way_leave(p, now, link, DTT_RELAYED_PAUSE_NS);
        }
        break;
    case DTT_QUIC_STRANDED:
        if (is_its) {
            link->conns[k].is_stranded = true;
            dtt_worn_replace(p, now, link, k, &ev->addr);
        }
        break;
    case DTT_QUIC_WORN:
        if (is_its) {
            dtt_worn_replace(p, now, link, k, &ev->addr);
        }
        break;
    case DTT_QUIC_SILENT:
        if (is_its) {
            dtt_relayed_silent(p, now, link, k);
        }
        dtt_relayed_fall_back(p, now, link);
        dtt_seek(p, now, link);
        break;
    case DTT_QUIC_NOT_MIGRATED:
    case DTT_QUIC_WRITABLE: /* dtt_links_unacked is asked anew after each input */
    case DTT_QUIC_CONNECTED: break;
    }
}

void dtt_links_neighbor(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                        int change)
{
    struct dtt_link *link = dtt_link_find(p, id);
    if (link) {
        assert(link->neighbor_of + change >= 0);
        link->neighbor_of += change;
        tell_slow(p, now, link, false);
        tell_silent(p, link, false);
        if (link->n_conns > 0) {
            dtt_link_enter_connected(p, now, link);
        }
        if (change > 0) {
            dtt_relay_way_leave(p, now, link, 0);
            dtt_nats_ask_all(p, now);
        }
    }
}

void dtt_links_parted(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                      const struct dtt_gossip_topic_id *topic)
{
    struct dtt_link *link = dtt_link_find(p, id);
    int64_t stream;
    if (link && link->n_conns > 0 && dtt_outflow_find(&link->out, topic, &stream)) {
        struct dtt_link_conn *c = &link->conns[0];
        dtt_flight_settle(&c->flight, &p->transport, c->conn);
        dtt_flight_part(&c->flight, now, stream);
        if (!dtt_timer_is_armed(&p->parting) &&
            dtt_timerq_set(&p->timers, &p->parting, now.mono_ns + DTT_FLIGHT_PART_NS)) {
            dtt_flight_stop(&c->flight, stream); /* out of memory */
        }
    }
}

static void part(struct dtt_links *p, struct dtt_now now)
{
    bool is_any = false;
    dtt_links_settle(p);
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        for (size_t k = 0; k < link->n_conns; k++) {
            is_any |= dtt_flight_over(&link->conns[k].flight, now);
        }
    }
    if (is_any) {
        /* Out of memory: the next goodbye sets it, or the connection ends. */
        (void)dtt_timerq_set(&p->timers, &p->parting, now.mono_ns + DTT_FLIGHT_PART_NS);
    }
}

void dtt_links_mute(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id)
{
    struct dtt_link *link = dtt_link_find(p, id);
    for (size_t k = 0; link && k < link->n_conns; k++) {
        if (now.mono_ns - dtt_link_conn_used_ns(&link->conns[k]) < DTT_LINKS_MUTE_NS) {
            return; /* it speaks of another topic: the connection is not at fault */
        }
    }
    if (!link || link->n_conns == 0 || link->backlog.slow_ns != 0 || link->backlog.is_silent) {
        return; /* what it was asked may not have come to it */
    }
    DTT_COUNT(p->ctx, NODE_PEERS_MUTE);
    for (size_t k = 0; k < link->n_conns; k++) {
        link->conns[k].closed_for = DTT_REASON_MUTE;
        dtt_link_close(p, now, &link->conns[k], "mute");
    }
}

size_t dtt_links_unacked(const struct dtt_links *p, const struct dtt_id *id)
{
    const struct dtt_link *link = dtt_link_find(p, id);
    return link ? unacked(p, link) : 0;
}

bool dtt_links_may_push(const struct dtt_links *p, const struct dtt_id *id, size_t max)
{
    const struct dtt_link *link = dtt_link_find(p, id);
    return !link || (link->backlog.slow_ns == 0 && unacked(p, link) <= max);
}

void dtt_links_settle(struct dtt_links *p)
{
    for (size_t i = 0; i < dtt_map_count(&p->peers); i++) {
        struct dtt_link *link = dtt_map_value_at(&p->peers, i);
        for (size_t k = 0; k < link->n_conns; k++) {
            dtt_flight_settle(&link->conns[k].flight, &p->transport, link->conns[k].conn);
        }
    }
}

bool dtt_links_is_late(const struct dtt_links *p, struct dtt_now now, const struct dtt_id *id)
{
    const struct dtt_link *link = dtt_link_find(p, id);
    return link && dtt_backlog_is_late(&link->backlog, now);
}

bool dtt_links_is_silent(const struct dtt_links *p, const struct dtt_id *id)
{
    const struct dtt_link *link = dtt_link_find(p, id);
    return link && link->backlog.is_silent;
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
                p->transport.ops->hold(p->transport.self, link->conns[k].conn, is_held);
            }
        }
    }
}

static void close_conns(struct dtt_links *p, struct dtt_now now, struct dtt_link *link)
{
    for (size_t k = 0; k < link->n_conns; k++) {
        dtt_link_close(p, now, &link->conns[k], "close from disconnect");
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
            dtt_link_drop(p, link);
        }
    }
}

/* ------------------------------------------------------------------ time */

/* All that was sent on its connections is acknowledged, and more waits. */
static bool is_blocked(const struct dtt_links *p, const struct dtt_link *link)
{
    struct dtt_quic_info info;
    for (size_t k = 0; k < link->n_conns; k++) {
        if (p->transport.ops->info(p->transport.self, link->conns[k].conn, &info) &&
            info.is_blocked) {
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
    bool was_silent = link->backlog.is_silent;
    dtt_backlog_look(&link->backlog, now, waiting);
    tell_slow(p, now, link, was_slow);
    tell_silent(p, link, was_silent);
    if (link->backlog.is_silent) {
        dtt_relayed_fall_back(p, now, link);
        dtt_seek(p, now, link);
    }
    if (dtt_backlog_is_stalled(&link->backlog, now, is_blocked(p, link)) &&
        !dtt_relay_way_is_away(p, now, link)) {
        for (size_t k = 0; k < link->n_conns; k++) {
            close_slow(p, now, &link->conns[k]);
        }
    }
    return waiting > 0;
}

static void look_at_all(struct dtt_links *p, struct dtt_now now)
{
    bool is_any = false;
    dtt_links_settle(p);
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
        if (t == &p->directing) {
            dtt_relayed_tick(p, now);
            continue;
        }
        if (t == &p->parting) {
            part(p, now);
            continue;
        }
        if (t == &p->knocking) {
            dtt_nats_knock(p, now);
            continue;
        }
        if (t == &p->meeting) {
            dtt_meet_tick(p, now);
            continue;
        }
        if (t == &p->guessing) {
            dtt_pair_tick(p, now);
            continue;
        }
        struct dtt_link *link = DTT_TIMER_OWNER(t, struct dtt_link, timer);
        assert(link->state == DTT_LINK_DIALLING || link->state == DTT_LINK_LINGERING);
        if (link->state == DTT_LINK_DIALLING) {
            dtt_dials_next(p, now, link);
        } else {
            /* Both sides agreed long ago that they are no neighbours: nothing is lost. */
            close_conns(p, now, link);
        }
    }
}
