/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/hyparview.h"

#include "gossip/admission.h"
#include "gossip/hyparview_ask.h"
#include "gossip/hyparview_send.h"
#include "gossip/peer_data.h"

#include <assert.h>

/*
 * A neighbour's Neighbor is answered with Neighbor, unless we sent it one so recently that this is
 * the answer. Longer than any round trip, or two peers answer for ever.
 */
#define TELL_AGAIN_NS (5 * DTT_S)
/* A Join sets a dozen peers in motion; a neighbour that joins all the time is not listened to. */
#define JOIN_AGAIN_NS (1 * DTT_S)
/* A peer shuffles once a minute, so one answer a second for strangers is plenty. */
#define STRANGER_REPLIES_PER_S 1
#define STRANGER_REPLIES_BURST 16
#define WALKS_PER_S 16
#define WALKS_BURST 256

/* A random peer of the active view that is neither `a` nor `b`. */
static struct dtt_gossip_peer *pick_other(struct dtt_hyparview *h, const struct dtt_id *a,
                                          const struct dtt_id *b)
{
    struct dtt_gossip_peer *fit[DTT_GOSSIP_ACTIVE_MAX];
    size_t n = 0;
    for (size_t i = 0; i < h->active.n; i++) {
        struct dtt_gossip_peer *p = &h->active.peers[i];
        if (!dtt_gossip_id_eq(&p->id, a) && !dtt_gossip_id_eq(&p->id, b)) {
            fit[n++] = p;
        }
    }
    return n ? fit[dtt_rng_below(h->port.rng, n)] : NULL;
}

static bool is_me(const struct dtt_hyparview *h, const struct dtt_id *id)
{
    return dtt_gossip_id_eq(&h->cfg.me, id);
}

/* ---- sending what changes the state */

/* Tells a member of the active view that it is in it, in case it does not know. */
static void confirm_neighbor(struct dtt_hyparview *h, struct dtt_now now, struct dtt_gossip_peer *p,
                             enum dtt_gossip_priority priority)
{
    p->neighbor_sent_ns = now.mono_ns;
    dtt_hyparview_send_neighbor(h, &p->id, priority, NULL);
}

static bool was_sent_neighbor(const struct dtt_gossip_peer *p, struct dtt_now now,
                              uint64_t within_ns)
{
    return p->neighbor_sent_ns && now.mono_ns - p->neighbor_sent_ns < within_ns;
}

static void say_goodbye(struct dtt_hyparview *h, const struct dtt_id *peer, bool alive)
{
    dtt_hyparview_send_goodbye(h, peer, alive);
    dtt_gossip_emit_disconnect(&h->port, peer);
}

/* ---- changing the views */

/* The passive peer, new or known; the least worth makes room for it. */
static struct dtt_gossip_peer *keep_passive(struct dtt_hyparview *h,
                                            const struct dtt_gossip_peer *newcomer)
{
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->passive, &newcomer->id);
    if (p) {
        p->is_proven = p->is_proven || newcomer->is_proven;
        p->is_hearsay = p->is_hearsay && newcomer->is_hearsay;
        return p;
    }
    p = dtt_admission_passive_victim(&h->passive, newcomer, h->port.rng);
    if (p) {
        dtt_gossip_view_drop(&h->passive, p);
    }
    p = dtt_gossip_view_add(&h->passive, &newcomer->id);
    *p = *newcomer;
    return p;
}

static const struct dtt_id no_neighbor;

/* The name under which hearsay of `from` is counted: strangers have one together. */
static const struct dtt_id *via_of(const struct dtt_hyparview *h, const struct dtt_id *from)
{
    return dtt_gossip_view_find(&h->active, from) ? from : &no_neighbor;
}

/* A peer that `from` named. */
static void add_passive(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *from,
                        const struct dtt_gossip_node *node)
{
    if (is_me(h, &node->id) || !dtt_visits_may_return(&h->visits, now, &node->id)) {
        return;
    }
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, &node->id);
    if (p) {
        dtt_peer_data_learn_hearsay(&h->port, p, &node->data);
        return;
    }
    p = keep_passive(
        h, &(struct dtt_gossip_peer){.id = node->id,
                                     .is_proven = dtt_hyparview_is_proven(h, now, &node->id),
                                     .is_hearsay = true,
                                     .via = *via_of(h, from)});
    dtt_peer_data_learn(&h->port, &p->data, &node->id, &node->data);
}

/* Out of the active view, and into the passive one when `keep`. */
static void remove_active(struct dtt_hyparview *h, struct dtt_gossip_peer *p,
                          enum dtt_reason reason, bool keep)
{
    struct dtt_gossip_peer gone = dtt_gossip_view_take(&h->active, p);
    dtt_gossip_emit_down(&h->port, &gone.id, reason);
    if (keep) {
        p = keep_passive(h, &(struct dtt_gossip_peer){.id = gone.id, .is_proven = gone.is_proven});
        assert(!p->data);
        p->data = gone.data;
        p->is_polite = true;
    } else {
        dtt_gossip_blob_unref(gone.data);
    }
}

static void replace_active(struct dtt_hyparview *h, struct dtt_now now, enum dtt_gossip_room room,
                           const struct dtt_gossip_peer *newcomer)
{
    struct dtt_gossip_peer *victim = dtt_admission_victim(&h->active, room, newcomer, h->port.rng);
    struct dtt_id victim_id = victim->id;
    h->is_contested = true;
    remove_active(h, victim, DTT_REASON_REPLACED, true);
    say_goodbye(h, &victim_id, true);
    dtt_hyparview_ask_out(h, now, &newcomer->id);
}

/*
 * Makes a peer a neighbour; NULL when it is refused: ourselves, or Low while its places are full.
 * Strangers give way to a proven one at either priority. The entry is fresh: `neighbor_sent_ns` is
 * 0 unless it was a neighbour already.
 */
static struct dtt_gossip_peer *add_active(struct dtt_hyparview *h, struct dtt_now now,
                                          const struct dtt_gossip_source *source,
                                          enum dtt_gossip_priority priority)
{
    const struct dtt_id *id = &source->id;
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, id);
    if (p || is_me(h, id)) {
        return p;
    }
    struct dtt_gossip_peer newcomer = {.id = *id,
                                       .came_ns = now.mono_ns,
                                       .heard_ns = now.mono_ns,
                                       .connection = source->connection,
                                       .host = source->host,
                                       .network = source->network,
                                       .is_proven = dtt_hyparview_is_proven(h, now, id)};
    enum dtt_gossip_room room = dtt_admission_room(&h->active, h->cfg.active_view, &newcomer);
    if (room != DTT_ROOM_FREE) {
        bool is_better = newcomer.is_proven && room == DTT_ROOM_STRANGER_GOES;
        if (priority == DTT_GOSSIP_LOW && !is_better) {
            return NULL;
        }
        replace_active(h, now, room, &newcomer);
    }
    struct dtt_gossip_peer *known = dtt_gossip_view_find(&h->passive, id);
    if (known) {
        newcomer.data = dtt_gossip_view_take(&h->passive, known).data;
    }
    dtt_bucket_init(&newcomer.walks, WALKS_PER_S, WALKS_BURST, now.mono_ns);
    p = dtt_gossip_view_add(&h->active, id);
    *p = newcomer;
    dtt_gossip_emit_up(&h->port, id);
    return p;
}

/*
 * Whether a peer that we did not ask may become a neighbour. If it comes too often it gets a
 * goodbye, with other peers to ask, as long as there are not too many of those.
 */
static bool may_come(struct dtt_hyparview *h, struct dtt_now now,
                     const struct dtt_gossip_source *source, enum dtt_gossip_priority priority)
{
    if (dtt_visits_may_come(&h->visits, now, source) &&
        (priority == DTT_GOSSIP_LOW || dtt_visits_may_join(&h->visits, now, source))) {
        return true;
    }
    DTT_COUNT(h->port.ctx, GOSSIP_JOINS_REFUSED);
    if (dtt_bucket_take(&h->stranger_replies, 1, now.mono_ns)) {
        dtt_hyparview_send_goodbye(h, &source->id, true);
    }
    return false;
}

/* ---- messages */

/* True when the peer was a neighbour already. */
static bool recv_join(struct dtt_hyparview *h, struct dtt_now now,
                      const struct dtt_gossip_source *source, const struct dtt_gossip_message *m)
{
    const struct dtt_id *from = &source->id;
    const struct dtt_request *r = dtt_requests_asked(&h->requests, from);
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, from);
    bool is_same_life = p && p->connection == source->connection;
    if (p && ((is_same_life && was_sent_neighbor(p, now, JOIN_AGAIN_NS)) ||
              !dtt_visits_may_join(&h->visits, now, source))) {
        DTT_COUNT(h->port.ctx, GOSSIP_JOINS_REFUSED);
        if (!is_same_life) {
            /* One that is restarted all the time: it is told where it stands, nobody else is. */
            p->connection = source->connection;
            confirm_neighbor(h, now, p, DTT_GOSSIP_HIGH);
        }
        return false;
    }
    if (!p && !r && !may_come(h, now, source, DTT_GOSSIP_HIGH)) {
        return false;
    }
    dtt_requests_end_all(&h->requests, from);
    bool was_active = p != NULL;
    p = add_active(h, now, source, DTT_GOSSIP_HIGH);
    p->connection = source->connection;
    dtt_visits_joined(&h->visits, now, source);
    dtt_peer_data_learn(&h->port, &p->data, from, &m->u.join.data);
    /* Told even when it is a neighbour already: it joins, so it has lost its state. */
    confirm_neighbor(h, now, p, DTT_GOSSIP_HIGH);
    const struct dtt_gossip_node node = {.id = *from, .data = dtt_peer_data_of(p)};
    for (size_t i = 0; i < h->active.n; i++) {
        if (&h->active.peers[i] != p) {
            dtt_hyparview_send_forward_join(h, &h->active.peers[i].id, &node,
                                            DTT_HYPARVIEW_ACTIVE_WALK);
        }
    }
    return was_active;
}

static void recv_forward_join(struct dtt_hyparview *h, struct dtt_now now,
                              const struct dtt_id *from, const struct dtt_gossip_message *m)
{
    const struct dtt_gossip_node *peer = &m->u.forward_join.peer;
    unsigned ttl = m->u.forward_join.ttl;
    ttl = ttl < DTT_HYPARVIEW_ACTIVE_WALK ? ttl : DTT_HYPARVIEW_ACTIVE_WALK;
    if (is_me(h, &peer->id)) {
        return;
    }
    struct dtt_gossip_peer *known = dtt_gossip_view_find(&h->active, &peer->id);
    if (known) {
        dtt_peer_data_learn_hearsay(&h->port, known, &peer->data);
        if (!was_sent_neighbor(known, now, TELL_AGAIN_NS)) {
            confirm_neighbor(h, now, known, DTT_GOSSIP_HIGH);
        }
        return;
    }
    if (ttl == 0 || h->active.n <= 1) {
        if (!dtt_visits_may_return(&h->visits, now, &peer->id)) {
            return;
        }
        bool is_hearsay = !dtt_hyparview_is_proven(h, now, &peer->id);
        dtt_hyparview_ask(h, now, &peer->id, DTT_GOSSIP_HIGH, &peer->data,
                          is_hearsay ? via_of(h, from) : NULL);
        return;
    }
    if (ttl == DTT_HYPARVIEW_PASSIVE_WALK) {
        add_passive(h, now, from, peer);
    }
    if (dtt_requests_find(&h->requests, &peer->id, DTT_REQUEST_NEIGHBOR)) {
        return;
    }
    struct dtt_gossip_peer *next = pick_other(h, from, &peer->id);
    if (next) {
        dtt_hyparview_send_forward_join(h, &next->id, peer, (uint16_t)(ttl - 1));
    }
}

static void recv_neighbor(struct dtt_hyparview *h, struct dtt_now now,
                          const struct dtt_gossip_source *source,
                          const struct dtt_gossip_message *m)
{
    const struct dtt_id *from = &source->id;
    const struct dtt_request *r = dtt_requests_asked(&h->requests, from);
    uint64_t asked_ns = r && r->kind == DTT_REQUEST_NEIGHBOR ? r->sent_ns : 0;
    bool is_active = dtt_gossip_view_find(&h->active, from) != NULL;
    if (!is_active && !r && !may_come(h, now, source, m->u.neighbor.priority)) {
        return;
    }
    if (r) {
        dtt_hyparview_ask_judge(h, now, r, true);
        dtt_requests_end_all(&h->requests, from);
    } else if (!is_active && m->u.neighbor.priority == DTT_GOSSIP_HIGH) {
        dtt_visits_joined(&h->visits, now, source);
    }
    struct dtt_gossip_peer *p = add_active(h, now, source, m->u.neighbor.priority);
    if (!p) {
        dtt_hyparview_send_goodbye(h, from, true);
        return;
    }
    dtt_peer_data_learn(&h->port, &p->data, from, &m->u.neighbor.data);
    if (asked_ns) {
        p->neighbor_sent_ns = asked_ns;
    } else if (!was_sent_neighbor(p, now, TELL_AGAIN_NS)) {
        confirm_neighbor(h, now, p, m->u.neighbor.priority);
    }
}

static void add_all_passive(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *from,
                            const struct dtt_gossip_message *m)
{
    for (size_t i = 0; i < m->u.shuffle.n; i++) {
        add_passive(h, now, from, &m->u.shuffle.nodes[i]);
    }
}

/* The origin of a Shuffle may be a peer to be dialled, on the word of `from`. */
static void answer_shuffle(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *from,
                           const struct dtt_gossip_message *m)
{
    const struct dtt_id *origin = &m->u.shuffle.origin;
    const struct dtt_id *via = NULL;
    add_all_passive(h, now, from, m);
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->passive, origin);
    if (!dtt_hyparview_needs(h, origin)) {
        bool is_hearsay = !dtt_hyparview_is_proven(h, now, origin) &&
                          !dtt_gossip_id_eq(origin, from) && !(p && !p->is_hearsay);
        via = is_hearsay ? via_of(h, from) : NULL;
        if (!dtt_bucket_take(&h->stranger_replies, 1, now.mono_ns) ||
            (via && !dtt_hyparview_ask_add(h, now, origin, DTT_REQUEST_DIAL, via))) {
            DTT_COUNT(h->port.ctx, GOSSIP_REQUESTS_REFUSED);
            return;
        }
    }
    dtt_hyparview_send_shuffle_reply(h, origin, m->u.shuffle.n, via);
    if (p) {
        /* It hangs up when it has our reply, which is no reason to forget it. */
        p->is_polite = true;
    }
}

static void recv_shuffle(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *from,
                         const struct dtt_gossip_message *m)
{
    const struct dtt_id *origin = &m->u.shuffle.origin;
    unsigned ttl = m->u.shuffle.ttl;
    ttl = ttl < DTT_HYPARVIEW_SHUFFLE_WALK ? ttl : DTT_HYPARVIEW_SHUFFLE_WALK;
    if (is_me(h, origin)) {
        return;
    }
    if (ttl == 0 || h->active.n <= 1) {
        answer_shuffle(h, now, from, m);
        return;
    }
    struct dtt_gossip_peer *next = pick_other(h, origin, from);
    if (next) {
        dtt_hyparview_send_forward_shuffle(h, &next->id, m, (uint16_t)(ttl - 1));
    }
}

static void recv_disconnect(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *from,
                            bool alive)
{
    bool was_asked = dtt_requests_find(&h->requests, from, DTT_REQUEST_NEIGHBOR) != NULL;
    if (h->active.n == 0 && dtt_requests_find(&h->requests, from, DTT_REQUEST_JOIN)) {
        dtt_gossip_emit_refused(&h->port, from);
    }
    if (was_asked) {
        dtt_hyparview_ask_judge(h, now, dtt_requests_asked(&h->requests, from), true);
    }
    dtt_requests_end_all(&h->requests, from);
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, from);
    if (p) {
        dtt_visits_left(&h->visits, now, from, alive ? 0 : p->connection);
        remove_active(h, p, DTT_REASON_DISCONNECT, alive);
        dtt_gossip_emit_disconnect(&h->port, from);
        dtt_hyparview_ask_next(h, now, from);
        return;
    }
    p = dtt_gossip_view_find(&h->passive, from);
    if (p && alive) {
        p->is_polite = true;
    } else if (p) {
        dtt_gossip_view_drop(&h->passive, p);
    }
    /* A refusal. The others may be full as well: goes on only without a neighbour. */
    if (was_asked && (!alive || h->active.n == 0)) {
        dtt_hyparview_ask_next(h, now, from);
    }
}

/* A message that names peers, from a neighbour whose names never answered. */
static bool is_unheeded(const struct dtt_hyparview *h, struct dtt_now now,
                        const struct dtt_id *from, enum dtt_gossip_message_type type)
{
    const struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, from);
    return p && now.mono_ns < p->unheeded_until_ns &&
           (type == DTT_MSG_FORWARD_JOIN || type == DTT_MSG_SHUFFLE ||
            type == DTT_MSG_SHUFFLE_REPLY);
}

/* A walk goes on to another neighbour, which must not drown in what this one sends. */
static bool is_walk_too_many(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *from,
                             enum dtt_gossip_message_type type)
{
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, from);
    return p && (type == DTT_MSG_FORWARD_JOIN || type == DTT_MSG_SHUFFLE) &&
           !dtt_bucket_take(&p->walks, 1, now.mono_ns);
}

bool dtt_hyparview_recv(struct dtt_hyparview *h, struct dtt_now now,
                        const struct dtt_gossip_source *source, const struct dtt_gossip_message *m)
{
    const struct dtt_id *from = &source->id;
    bool joined_again = false;
    if (is_me(h, from)) {
        return false;
    }
    if (is_unheeded(h, now, from, m->type)) {
        DTT_COUNT(h->port.ctx, GOSSIP_HEARSAY_UNHEEDED);
        return false;
    }
    if (is_walk_too_many(h, now, from, m->type)) {
        DTT_COUNT(h->port.ctx, GOSSIP_REQUESTS_REFUSED);
        return false;
    }
    switch (m->type) {
    case DTT_MSG_JOIN: joined_again = recv_join(h, now, source, m); break;
    case DTT_MSG_FORWARD_JOIN: recv_forward_join(h, now, from, m); break;
    case DTT_MSG_SHUFFLE: recv_shuffle(h, now, from, m); break;
    case DTT_MSG_SHUFFLE_REPLY:
        add_all_passive(h, now, from, m);
        dtt_hyparview_ask_next(h, now, NULL);
        break;
    case DTT_MSG_NEIGHBOR: recv_neighbor(h, now, source, m); break;
    case DTT_MSG_DISCONNECT: recv_disconnect(h, now, from, m->u.disconnect.alive); return false;
    default: return false;
    }
    /* The connection of a peer that is no neighbour is of no use. */
    if (!dtt_gossip_view_find(&h->active, from)) {
        dtt_gossip_emit_disconnect(&h->port, from);
    }
    return joined_again;
}

/* ---- other input */

void dtt_hyparview_taken_for_neighbor(struct dtt_hyparview *h, struct dtt_now now,
                                      const struct dtt_gossip_source *source)
{
    const struct dtt_id *peer = &source->id;
    const struct dtt_gossip_message yes = {.type = DTT_MSG_NEIGHBOR,
                                           .u.neighbor.priority = DTT_GOSSIP_LOW};
    if (is_me(h, peer) || dtt_gossip_view_find(&h->active, peer)) {
        return;
    }
    if (dtt_requests_asked(&h->requests, peer)) {
        dtt_hyparview_recv(h, now, source, &yes);
    } else if (dtt_bucket_take(&h->stranger_replies, 1, now.mono_ns)) {
        say_goodbye(h, peer, true);
    } else {
        DTT_COUNT(h->port.ctx, GOSSIP_REQUESTS_REFUSED);
    }
}

int dtt_hyparview_join(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer,
                       bool was_neighbor)
{
    if (is_me(h, peer) || dtt_gossip_view_find(&h->active, peer)) {
        return DTT_OK;
    }
    if (!dtt_visits_may_return(&h->visits, now, peer)) {
        if (h->active.n == 0) {
            dtt_gossip_emit_refused(&h->port, peer);
        }
        return DTT_OK;
    }
    struct dtt_request *joined = dtt_requests_find(&h->requests, peer, DTT_REQUEST_JOIN);
    if (joined) {
        dtt_requests_end(&h->requests, joined);
    }
    /* Remembered only to keep the connection until the answer; the Join goes without room too. */
    dtt_hyparview_ask_add(h, now, peer, DTT_REQUEST_JOIN, NULL);
    bool is_full = h->active.n >= h->cfg.active_view;
    bool is_sent = is_full || (was_neighbor && h->active.n > 0)
                       ? dtt_hyparview_send_neighbor(h, peer, DTT_GOSSIP_HIGH, NULL)
                       : dtt_hyparview_send_join(h, peer);
    return is_sent ? DTT_OK : DTT_ENOMEM;
}

/* There is nothing, or not what was named, where a dial went. */
static bool is_peers_fault(enum dtt_reason reason)
{
    return reason == DTT_REASON_TIMEOUT || reason == DTT_REASON_UNREACHABLE ||
           reason == DTT_REASON_WRONG_KEY || reason == DTT_REASON_WRONG_ALPN ||
           reason == DTT_REASON_NO_ADDRESS;
}

void dtt_hyparview_peer_gone(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer,
                             enum dtt_reason reason)
{
    dtt_visits_parted(&h->visits, peer);
    struct dtt_request *r = dtt_requests_find(&h->requests, peer, DTT_REQUEST_NEIGHBOR);
    if (r && reason == DTT_REASON_BUDGET) {
        /* Nobody has tried. The next is asked when this one's time is over, not at once: it would
         * fare no better. */
        r->is_hearsay = false;
        return;
    }
    if (r && is_peers_fault(reason)) {
        dtt_hyparview_ask_judge(h, now, r, false);
    }
    dtt_requests_end_all(&h->requests, peer);
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, peer);
    if (p) {
        remove_active(h, p, reason, false);
        dtt_hyparview_ask_next(h, now, peer);
        return;
    }
    p = dtt_gossip_view_find(&h->passive, peer);
    if (p && p->is_polite && !r) {
        /* The connection of its goodbye ended; that happens once. */
        p->is_polite = false;
    } else if (p) {
        dtt_gossip_view_drop(&h->passive, p);
    }
    if (r) {
        dtt_hyparview_ask_next(h, now, peer);
    }
}

void dtt_hyparview_dismiss(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, peer);
    assert(p);
    const struct dtt_id id = *peer;
    DTT_COUNT(h->port.ctx, GOSSIP_NEIGHBORS_USELESS);
    h->is_contested = true;
    dtt_visits_dismissed(&h->visits, now, &id);
    remove_active(h, p, DTT_REASON_USELESS, false);
    say_goodbye(h, &id, true);
    dtt_hyparview_ask_next(h, now, &id);
}

void dtt_hyparview_prove(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, peer);
    dtt_standings_prove(&h->standings, now, peer, &h->active);
    if (p && !p->is_proven) {
        p->is_proven = true;
        enum dtt_gossip_room room = dtt_admission_room(&h->active, h->cfg.active_view, p);
        if (room != DTT_ROOM_FREE) {
            replace_active(h, now, room, p);
        }
    }
    if (!p && !is_me(h, peer) && dtt_visits_may_return(&h->visits, now, peer)) {
        keep_passive(h, &(struct dtt_gossip_peer){.id = *peer, .is_proven = true});
    }
}

void dtt_hyparview_set_data(struct dtt_hyparview *h, struct dtt_gossip_blob *data)
{
    dtt_gossip_blob_unref(h->my_data);
    h->my_data = dtt_gossip_blob_ref(data);
}

void dtt_hyparview_confirm(struct dtt_hyparview *h, struct dtt_now now)
{
    for (size_t i = 0; i < h->active.n; i++) {
        confirm_neighbor(h, now, &h->active.peers[i], DTT_GOSSIP_LOW);
    }
}

void dtt_hyparview_quit(struct dtt_hyparview *h)
{
    for (size_t i = 0; i < h->active.n; i++) {
        say_goodbye(h, &h->active.peers[i].id, false);
    }
    /* A peer that is about to answer a request would keep us as a neighbour otherwise. */
    for (size_t i = 0; i < DTT_REQUESTS_MAX; i++) {
        if (dtt_request_is_awaited(&h->requests.all[i])) {
            say_goodbye(h, &h->requests.all[i].id, false);
        }
    }
}

bool dtt_hyparview_is_active(const struct dtt_hyparview *h, const struct dtt_id *peer)
{
    return dtt_gossip_view_find(&h->active, peer) != NULL;
}

bool dtt_hyparview_needs(const struct dtt_hyparview *h, const struct dtt_id *peer)
{
    return dtt_requests_are_awaited(&h->requests, peer) ||
           dtt_gossip_view_find(&h->active, peer) != NULL;
}

/* ---- what holds between two calls */

void dtt_hyparview_check(const struct dtt_hyparview *h)
{
    assert(h->active.n <= h->active.max && h->passive.n <= h->passive.max);
    assert(dtt_gossip_view_proven(&h->active) <= h->cfg.active_view);
    assert(h->active.n - dtt_gossip_view_proven(&h->active) <= h->cfg.active_view);
    assert(!dtt_gossip_view_find(&h->active, &h->cfg.me));
    assert(!dtt_gossip_view_find(&h->passive, &h->cfg.me));
    for (size_t i = 0; i < h->active.n; i++) {
        assert(!dtt_gossip_view_find(&h->passive, &h->active.peers[i].id));
    }
}

/* ---- time */

uint64_t dtt_hyparview_deadline(const struct dtt_hyparview *h)
{
    return dtt_timerq_deadline(&h->timers);
}

void dtt_hyparview_heard(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, peer);
    if (p) {
        p->heard_ns = now.mono_ns;
        p->is_asked = false;
    }
}

/*
 * With each shuffle. A node of ours answers every confirmation; one of iroh-gossip may have nothing
 * to say for hours, but answers a Shuffle that has come to its end.
 */
static void ask_quiet(struct dtt_hyparview *h, struct dtt_now now)
{
    for (size_t i = 0; i < h->active.n; i++) {
        struct dtt_gossip_peer *p = &h->active.peers[i];
        uint64_t quiet_ns = now.mono_ns - p->heard_ns;
        if (p->is_asked && quiet_ns >= DTT_HYPARVIEW_MUTE_SHUFFLES * h->cfg.shuffle_ns) {
            dtt_gossip_emit_mute(&h->port, &p->id);
        } else if (quiet_ns > h->cfg.shuffle_ns) {
            p->is_asked = true;
            dtt_hyparview_send_question(h, &p->id);
        }
    }
}

bool dtt_hyparview_tick(struct dtt_hyparview *h, struct dtt_now now)
{
    struct dtt_timer *t = dtt_timerq_pop(&h->timers, now.mono_ns);
    if (!t) {
        return false;
    }
    if (t == &h->shuffle_timer) {
        /* Cannot fail: it takes the place it just left. */
        dtt_timerq_set(&h->timers, t, now.mono_ns + h->cfg.shuffle_ns);
        dtt_hyparview_send_shuffle(h);
        dtt_hyparview_send_confirmations(h);
        ask_quiet(h, now);
        dtt_hyparview_ask_next(h, now, NULL);
        return true;
    }
    dtt_hyparview_ask_over(h, now, DTT_TIMER_OWNER(t, struct dtt_request, timer));
    return true;
}

int dtt_hyparview_init(struct dtt_hyparview *h, struct dtt_now now,
                       const struct dtt_gossip_port *port, const struct dtt_hyparview_config *cfg,
                       const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(h, 0, sizeof(*h));
    h->port = *port;
    h->cfg = *cfg;
    h->active = (struct dtt_gossip_view){.max = cfg->active_view + DTT_GOSSIP_STRANGERS,
                                         .peers = h->active_peers};
    h->passive = (struct dtt_gossip_view){.max = cfg->passive_view, .peers = h->passive_peers};
    dtt_bucket_init(&h->stranger_replies, STRANGER_REPLIES_PER_S, STRANGER_REPLIES_BURST,
                    now.mono_ns);
    dtt_standings_init(&h->standings, hash_key);
    dtt_timerq_init(&h->timers);
    dtt_requests_init(&h->requests, &h->timers);
    return dtt_timerq_set(&h->timers, &h->shuffle_timer, now.mono_ns + cfg->shuffle_ns);
}

void dtt_hyparview_fini(struct dtt_hyparview *h)
{
    dtt_gossip_view_fini(&h->active);
    dtt_gossip_view_fini(&h->passive);
    dtt_standings_fini(&h->standings);
    dtt_gossip_blob_unref(h->my_data);
    dtt_timerq_fini(&h->timers);
}
