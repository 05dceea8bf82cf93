/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/hyparview.h"

#include <assert.h>

/* An unanswered Join keeps its connection for so long; dialling and a handshake fit in. */
#define JOIN_NS (10 * DTT_S)
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

#define GOODBYE_NODES (DTT_HYPARVIEW_SHUFFLE_ACTIVE + DTT_HYPARVIEW_SHUFFLE_PASSIVE)

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

/* ---- requests: peers outside the active view of which an answer is awaited */

static bool is_waiting(const struct dtt_hyparview_request *r)
{
    return dtt_timer_is_armed(&r->timer);
}

static struct dtt_hyparview_request *find_request(struct dtt_hyparview *h, const struct dtt_id *id,
                                                  bool is_join)
{
    for (size_t i = 0; i < DTT_HYPARVIEW_REQUESTS_MAX; i++) {
        struct dtt_hyparview_request *r = &h->requests[i];
        if (is_waiting(r) && r->is_join == is_join && dtt_gossip_id_eq(&r->id, id)) {
            return r;
        }
    }
    return NULL;
}

static size_t count_requests(const struct dtt_hyparview *h)
{
    size_t n = 0;
    for (size_t i = 0; i < DTT_HYPARVIEW_REQUESTS_MAX; i++) {
        n += is_waiting(&h->requests[i]) && !h->requests[i].is_join;
    }
    return n;
}

static struct dtt_hyparview_request *add_request(struct dtt_hyparview *h, struct dtt_now now,
                                                 const struct dtt_id *id, bool is_join)
{
    for (size_t i = 0; i < DTT_HYPARVIEW_REQUESTS_MAX; i++) {
        struct dtt_hyparview_request *r = &h->requests[i];
        if (is_waiting(r)) {
            continue;
        }
        r->id = *id;
        r->sent_ns = now.mono_ns;
        r->is_join = is_join;
        uint64_t wait_ns = is_join ? JOIN_NS : DTT_HYPARVIEW_REQUEST_NS;
        return dtt_timerq_set(&h->timers, &r->timer, now.mono_ns + wait_ns) ? NULL : r;
    }
    return NULL;
}

static bool end_request(struct dtt_hyparview *h, const struct dtt_id *id, bool is_join)
{
    struct dtt_hyparview_request *r = find_request(h, id, is_join);
    if (r) {
        dtt_timerq_cancel(&h->timers, &r->timer);
    }
    return r != NULL;
}

/* True when a Neighbor request to `id` was waiting. Ends a Join to it too. */
static bool end_requests(struct dtt_hyparview *h, const struct dtt_id *id)
{
    end_request(h, id, true);
    return end_request(h, id, false);
}

/* ---- PeerData */

/* Keeps what a peer says about itself at *slot, and passes it on when it is news. */
static void learn(struct dtt_hyparview *h, struct dtt_gossip_blob **slot, const struct dtt_id *id,
                  const struct dtt_gossip_peer_data *data)
{
    if (!data->is_some || dtt_slice_eq(dtt_gossip_blob_slice(*slot), data->bytes)) {
        return;
    }
    if (data->bytes.len > DTT_GOSSIP_PEER_DATA_MAX) {
        DTT_COUNT(h->port.ctx, GOSSIP_PEER_DATA_REFUSED);
        return;
    }
    struct dtt_gossip_blob *copy = dtt_gossip_blob_new(data->bytes);
    if (!copy) {
        DTT_COUNT(h->port.ctx, GOSSIP_PEER_DATA_REFUSED);
        return;
    }
    dtt_gossip_blob_unref(*slot);
    *slot = copy;
    if (copy->len) {
        dtt_gossip_emit_peer_data(&h->port, id, copy);
    }
}

/* The same from a third peer: what a neighbour said itself is not overruled. */
static void learn_hearsay(struct dtt_hyparview *h, struct dtt_gossip_peer *neighbor,
                          const struct dtt_gossip_peer_data *data)
{
    if (!neighbor->data || neighbor->data->len == 0) {
        learn(h, &neighbor->data, &neighbor->id, data);
    }
}

static struct dtt_gossip_peer_data data_of(const struct dtt_gossip_blob *blob)
{
    return (struct dtt_gossip_peer_data){.is_some = blob != NULL,
                                         .bytes = dtt_gossip_blob_slice(blob)};
}

/* iroh-gossip always sends Some, empty while no address is known. */
static struct dtt_gossip_peer_data my_data(const struct dtt_hyparview *h)
{
    return (struct dtt_gossip_peer_data){.is_some = true,
                                         .bytes = dtt_gossip_blob_slice(h->my_data)};
}

/* ---- sending */

static void send_neighbor(struct dtt_hyparview *h, const struct dtt_id *to,
                          enum dtt_gossip_priority priority)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_NEIGHBOR,
                                   .u.neighbor = {.priority = priority, .data = my_data(h)}};
    dtt_gossip_send(&h->port, to, &m);
}

/* Tells a member of the active view that it is in it, in case it does not know. */
static void confirm_neighbor(struct dtt_hyparview *h, struct dtt_now now, struct dtt_gossip_peer *p,
                             enum dtt_gossip_priority priority)
{
    p->neighbor_sent_ns = now.mono_ns;
    send_neighbor(h, &p->id, priority);
}

static bool was_sent_neighbor(const struct dtt_gossip_peer *p, struct dtt_now now,
                              uint64_t within_ns)
{
    return p->neighbor_sent_ns && now.mono_ns - p->neighbor_sent_ns < within_ns;
}

/* Sends Neighbor to a peer outside the active view; one request at a time. */
static void request_neighbor(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *id,
                             enum dtt_gossip_priority priority,
                             const struct dtt_gossip_peer_data *data)
{
    if (find_request(h, id, false)) {
        return;
    }
    if (!add_request(h, now, id, false)) {
        DTT_COUNT(h->port.ctx, GOSSIP_REQUESTS_REFUSED);
        return;
    }
    /* Not kept, for the answer brings it again; but the dial needs the address now. */
    struct dtt_gossip_blob *news = NULL;
    learn(h, &news, id, data);
    dtt_gossip_blob_unref(news);
    send_neighbor(h, id, priority);
}

/* Adds a node to the list of a Shuffle unless the frame would become too large. */
static void list_node(struct dtt_gossip_message *m, size_t *size,
                      const struct dtt_gossip_node *node)
{
    size_t node_size = dtt_gossip_node_size(node);
    if (m->u.shuffle.n < DTT_GOSSIP_NODES_MAX && *size + node_size <= DTT_GOSSIP_PAYLOAD_MAX) {
        m->u.shuffle.nodes[m->u.shuffle.n++] = *node;
        *size += node_size;
    }
}

/* Lists up to `max` random members of a view other than `skip`. */
static void list_some(struct dtt_hyparview *h, struct dtt_gossip_message *m, size_t *size,
                      const struct dtt_gossip_view *v, size_t max, const struct dtt_id *skip)
{
    uint8_t order[DTT_GOSSIP_PASSIVE_MAX];
    for (size_t i = 0; i < v->n; i++) {
        order[i] = (uint8_t)i;
    }
    dtt_rng_shuffle(h->port.rng, order, v->n, 1);
    for (size_t i = 0; i < v->n && max > 0; i++) {
        const struct dtt_gossip_peer *p = &v->peers[order[i]];
        if (!dtt_gossip_id_eq(&p->id, skip)) {
            list_node(m, size, &(struct dtt_gossip_node){.id = p->id, .data = data_of(p->data)});
            max--;
        }
    }
}

/* What a Shuffle takes without its nodes: variants, origin, count, ttl. */
#define SHUFFLE_OVERHEAD (2 + DTT_ID_BYTES + 1 + 3)

static void send_shuffle_reply(struct dtt_hyparview *h, const struct dtt_id *to, size_t count)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_SHUFFLE_REPLY};
    size_t size = SHUFFLE_OVERHEAD;
    list_some(h, &m, &size, &h->passive, count, to);
    list_some(h, &m, &size, &h->active, count - m.u.shuffle.n, to);
    dtt_gossip_send(&h->port, to, &m);
}

/* Disconnect, and before it some other peers for the view of `to`. */
static void send_goodbye(struct dtt_hyparview *h, const struct dtt_id *to, bool alive)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_DISCONNECT, .u.disconnect.alive = alive};
    send_shuffle_reply(h, to, GOODBYE_NODES);
    dtt_gossip_send(&h->port, to, &m);
}

static void say_goodbye(struct dtt_hyparview *h, const struct dtt_id *peer, bool alive)
{
    send_goodbye(h, peer, alive);
    dtt_gossip_emit_disconnect(&h->port, peer);
}

/* ---- changing the views */

/* The passive peer `id`, new or known; a random one makes room for it. */
static struct dtt_gossip_peer *keep_passive(struct dtt_hyparview *h, const struct dtt_id *id)
{
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->passive, id);
    if (p) {
        return p;
    }
    if (h->passive.n == h->passive.max) {
        dtt_gossip_view_drop(&h->passive, dtt_gossip_view_pick(&h->passive, h->port.rng));
    }
    return dtt_gossip_view_add(&h->passive, id);
}

/* A peer that another one named. */
static void add_passive(struct dtt_hyparview *h, const struct dtt_gossip_node *node)
{
    if (is_me(h, &node->id)) {
        return;
    }
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, &node->id);
    if (p) {
        learn_hearsay(h, p, &node->data);
        return;
    }
    p = keep_passive(h, &node->id);
    learn(h, &p->data, &node->id, &node->data);
}

/*
 * When fewer neighbours are there or asked for than wanted, asks one more: a random passive peer,
 * not `skip` (or NULL). Each request that fails leads here again, so one at a time is enough.
 */
static void refill(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *skip)
{
    struct dtt_gossip_peer *fit[DTT_GOSSIP_PASSIVE_MAX];
    size_t n = 0;
    if (h->active.n + count_requests(h) >= h->active.max) {
        return;
    }
    for (size_t i = 0; i < h->passive.n; i++) {
        struct dtt_gossip_peer *p = &h->passive.peers[i];
        if ((!skip || !dtt_gossip_id_eq(&p->id, skip)) && !find_request(h, &p->id, false)) {
            fit[n++] = p;
        }
    }
    if (n) {
        struct dtt_gossip_peer *p = fit[dtt_rng_below(h->port.rng, n)];
        struct dtt_gossip_peer_data data = {.is_some = false};
        request_neighbor(h, now, &p->id, h->active.n ? DTT_GOSSIP_LOW : DTT_GOSSIP_HIGH, &data);
    }
}

/* Out of the active view, and into the passive one when `keep`. */
static void remove_active(struct dtt_hyparview *h, struct dtt_gossip_peer *p,
                          enum dtt_reason reason, bool keep)
{
    struct dtt_gossip_peer gone = dtt_gossip_view_take(&h->active, p);
    dtt_gossip_emit_down(&h->port, &gone.id, reason);
    if (keep) {
        p = keep_passive(h, &gone.id);
        p->data = gone.data;
        p->is_polite = true;
    } else {
        dtt_gossip_blob_unref(gone.data);
    }
}

/*
 * Makes a peer a neighbour; NULL when it is refused: ourselves, or Low while the view is full.
 * The entry is fresh: `neighbor_sent_ns` is 0 unless it was a neighbour already.
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
    if (h->active.n == h->active.max) {
        if (priority == DTT_GOSSIP_LOW) {
            return NULL;
        }
        struct dtt_gossip_peer *victim = dtt_gossip_view_pick(&h->active, h->port.rng);
        struct dtt_id victim_id = victim->id;
        remove_active(h, victim, DTT_REASON_REPLACED, true);
        say_goodbye(h, &victim_id, true);
    }
    struct dtt_gossip_peer *known = dtt_gossip_view_find(&h->passive, id);
    bool is_proven = dtt_hyparview_is_proven(h, now, id);
    p = dtt_gossip_view_add(&h->active, id);
    if (known) {
        p->data = dtt_gossip_view_take(&h->passive, known).data;
    }
    p->is_proven = is_proven;
    dtt_gossip_emit_up(&h->port, id);
    return p;
}

/* ---- messages */

/* True when the peer was a neighbour already. */
static bool recv_join(struct dtt_hyparview *h, struct dtt_now now,
                      const struct dtt_gossip_source *source, const struct dtt_gossip_message *m)
{
    const struct dtt_id *from = &source->id;
    end_requests(h, from);
    struct dtt_gossip_peer *p = add_active(h, now, source, DTT_GOSSIP_HIGH);
    if (!p || was_sent_neighbor(p, now, JOIN_AGAIN_NS)) {
        return false;
    }
    bool was_active = p->neighbor_sent_ns != 0;
    learn(h, &p->data, from, &m->u.join.data);
    /* Told even when it is a neighbour already: it joins, so it has lost its state. */
    confirm_neighbor(h, now, p, DTT_GOSSIP_HIGH);
    struct dtt_gossip_message forward = {
        .type = DTT_MSG_FORWARD_JOIN,
        .u.forward_join = {.peer = {.id = *from, .data = data_of(p->data)},
                           .ttl = DTT_HYPARVIEW_ACTIVE_WALK}};
    for (size_t i = 0; i < h->active.n; i++) {
        if (&h->active.peers[i] != p) {
            dtt_gossip_send(&h->port, &h->active.peers[i].id, &forward);
        }
    }
    return was_active;
}

static uint16_t bounded_ttl(uint16_t ttl, uint16_t max)
{
    return ttl < max ? ttl : max;
}

static void recv_forward_join(struct dtt_hyparview *h, struct dtt_now now,
                              const struct dtt_id *from, const struct dtt_gossip_message *m)
{
    const struct dtt_gossip_node *peer = &m->u.forward_join.peer;
    uint16_t ttl = bounded_ttl(m->u.forward_join.ttl, DTT_HYPARVIEW_ACTIVE_WALK);
    if (is_me(h, &peer->id)) {
        return;
    }
    struct dtt_gossip_peer *known = dtt_gossip_view_find(&h->active, &peer->id);
    if (known) {
        learn_hearsay(h, known, &peer->data);
        if (!was_sent_neighbor(known, now, TELL_AGAIN_NS)) {
            confirm_neighbor(h, now, known, DTT_GOSSIP_HIGH);
        }
        return;
    }
    if (ttl == 0 || h->active.n <= 1) {
        request_neighbor(h, now, &peer->id, DTT_GOSSIP_HIGH, &peer->data);
        return;
    }
    if (ttl == DTT_HYPARVIEW_PASSIVE_WALK) {
        add_passive(h, peer);
    }
    if (find_request(h, &peer->id, false)) {
        return;
    }
    struct dtt_gossip_peer *next = pick_other(h, from, &peer->id);
    if (next) {
        struct dtt_gossip_message forward = {
            .type = DTT_MSG_FORWARD_JOIN,
            .u.forward_join = {.peer = *peer, .ttl = (uint16_t)(ttl - 1)}};
        dtt_gossip_send(&h->port, &next->id, &forward);
    }
}

static void recv_neighbor(struct dtt_hyparview *h, struct dtt_now now,
                          const struct dtt_gossip_source *source,
                          const struct dtt_gossip_message *m)
{
    const struct dtt_id *from = &source->id;
    struct dtt_hyparview_request *request = find_request(h, from, false);
    uint64_t asked_ns = request ? request->sent_ns : 0;
    bool was_asked = end_requests(h, from);
    struct dtt_gossip_peer *p = add_active(h, now, source, m->u.neighbor.priority);
    if (!p) {
        send_goodbye(h, from, true);
        return;
    }
    learn(h, &p->data, from, &m->u.neighbor.data);
    if (was_asked) {
        p->neighbor_sent_ns = asked_ns;
    } else if (!was_sent_neighbor(p, now, TELL_AGAIN_NS)) {
        confirm_neighbor(h, now, p, m->u.neighbor.priority);
    }
}

static void add_all_passive(struct dtt_hyparview *h, const struct dtt_gossip_message *m)
{
    for (size_t i = 0; i < m->u.shuffle.n; i++) {
        add_passive(h, &m->u.shuffle.nodes[i]);
    }
}

static void answer_shuffle(struct dtt_hyparview *h, struct dtt_now now,
                           const struct dtt_gossip_message *m)
{
    const struct dtt_id *origin = &m->u.shuffle.origin;
    add_all_passive(h, m);
    if (!dtt_hyparview_needs(h, origin) && !dtt_bucket_take(&h->stranger_replies, 1, now.mono_ns)) {
        DTT_COUNT(h->port.ctx, GOSSIP_REQUESTS_REFUSED);
        return;
    }
    send_shuffle_reply(h, origin, m->u.shuffle.n);
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->passive, origin);
    if (p) {
        /* It hangs up when it has our reply, which is no reason to forget it. */
        p->is_polite = true;
    }
}

static void recv_shuffle(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *from,
                         const struct dtt_gossip_message *m)
{
    const struct dtt_id *origin = &m->u.shuffle.origin;
    uint16_t ttl = bounded_ttl(m->u.shuffle.ttl, DTT_HYPARVIEW_SHUFFLE_WALK);
    if (is_me(h, origin)) {
        return;
    }
    if (ttl == 0 || h->active.n <= 1) {
        answer_shuffle(h, now, m);
        return;
    }
    struct dtt_gossip_peer *next = pick_other(h, origin, from);
    if (!next) {
        return;
    }
    struct dtt_gossip_message forward = {.type = DTT_MSG_SHUFFLE};
    size_t size = SHUFFLE_OVERHEAD;
    forward.u.shuffle.origin = *origin;
    forward.u.shuffle.ttl = (uint16_t)(ttl - 1);
    for (size_t i = 0; i < m->u.shuffle.n; i++) {
        list_node(&forward, &size, &m->u.shuffle.nodes[i]);
    }
    dtt_gossip_send(&h->port, &next->id, &forward);
}

static void recv_disconnect(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *from,
                            bool alive)
{
    bool was_asked = end_requests(h, from);
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, from);
    if (p) {
        remove_active(h, p, DTT_REASON_DISCONNECT, alive);
        dtt_gossip_emit_disconnect(&h->port, from);
        refill(h, now, from);
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
        refill(h, now, from);
    }
}

bool dtt_hyparview_recv(struct dtt_hyparview *h, struct dtt_now now,
                        const struct dtt_gossip_source *source, const struct dtt_gossip_message *m)
{
    const struct dtt_id *from = &source->id;
    bool joined_again = false;
    if (is_me(h, from)) {
        return false;
    }
    switch (m->type) {
    case DTT_MSG_JOIN: joined_again = recv_join(h, now, source, m); break;
    case DTT_MSG_FORWARD_JOIN: recv_forward_join(h, now, from, m); break;
    case DTT_MSG_SHUFFLE: recv_shuffle(h, now, from, m); break;
    case DTT_MSG_SHUFFLE_REPLY:
        add_all_passive(h, m);
        refill(h, now, NULL);
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
    if (find_request(h, peer, false) || find_request(h, peer, true)) {
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
    end_request(h, peer, true);
    /* Remembered only to keep the connection until the answer; the Join goes without room too. */
    add_request(h, now, peer, true);
    struct dtt_gossip_message m = {.type = DTT_MSG_JOIN, .u.join.data = my_data(h)};
    if (h->active.n == h->active.max || (was_neighbor && h->active.n > 0)) {
        m = (struct dtt_gossip_message){
            .type = DTT_MSG_NEIGHBOR,
            .u.neighbor = {.priority = DTT_GOSSIP_HIGH, .data = my_data(h)}};
    }
    return dtt_gossip_send(&h->port, peer, &m) ? DTT_OK : DTT_ENOMEM;
}

void dtt_hyparview_peer_gone(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer,
                             enum dtt_reason reason)
{
    bool was_asked = end_requests(h, peer);
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, peer);
    if (p) {
        remove_active(h, p, reason, false);
        refill(h, now, peer);
        return;
    }
    p = dtt_gossip_view_find(&h->passive, peer);
    if (p && p->is_polite && !was_asked) {
        /* The connection of its goodbye ended; that happens once. */
        p->is_polite = false;
    } else if (p) {
        dtt_gossip_view_drop(&h->passive, p);
    }
    if (was_asked) {
        refill(h, now, peer);
    }
}

void dtt_hyparview_prove(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, peer);
    dtt_standings_prove(&h->standings, now, peer, &h->active);
    if (p) {
        p->is_proven = true;
    }
}

bool dtt_hyparview_is_proven(const struct dtt_hyparview *h, struct dtt_now now,
                             const struct dtt_id *peer)
{
    const struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->active, peer);
    return p ? p->is_proven : dtt_standings_is_proven(&h->standings, now, peer, &h->active);
}

void dtt_hyparview_set_data(struct dtt_hyparview *h, struct dtt_gossip_blob *data)
{
    dtt_gossip_blob_unref(h->my_data);
    h->my_data = dtt_gossip_blob_ref(data);
}

void dtt_hyparview_quit(struct dtt_hyparview *h)
{
    for (size_t i = 0; i < h->active.n; i++) {
        say_goodbye(h, &h->active.peers[i].id, false);
    }
    /* A peer that is about to answer a request would keep us as a neighbour otherwise. */
    for (size_t i = 0; i < DTT_HYPARVIEW_REQUESTS_MAX; i++) {
        if (is_waiting(&h->requests[i])) {
            say_goodbye(h, &h->requests[i].id, false);
        }
    }
}

bool dtt_hyparview_is_active(const struct dtt_hyparview *h, const struct dtt_id *peer)
{
    return dtt_gossip_view_find(&h->active, peer) != NULL;
}

bool dtt_hyparview_needs(const struct dtt_hyparview *h, const struct dtt_id *peer)
{
    for (size_t i = 0; i < DTT_HYPARVIEW_REQUESTS_MAX; i++) {
        if (is_waiting(&h->requests[i]) && dtt_gossip_id_eq(&h->requests[i].id, peer)) {
            return true;
        }
    }
    return dtt_gossip_view_find(&h->active, peer) != NULL;
}

/* ---- what holds between two calls */

void dtt_hyparview_check(const struct dtt_hyparview *h)
{
    assert(h->active.n <= h->active.max && h->passive.n <= h->passive.max);
    assert(!dtt_gossip_view_find(&h->active, &h->cfg.me));
    assert(!dtt_gossip_view_find(&h->passive, &h->cfg.me));
    for (size_t i = 0; i < h->active.n; i++) {
        assert(!dtt_gossip_view_find(&h->passive, &h->active.peers[i].id));
    }
}

/* ---- time */

static void shuffle(struct dtt_hyparview *h)
{
    struct dtt_gossip_peer *target = dtt_gossip_view_pick(&h->active, h->port.rng);
    if (!target) {
        return;
    }
    struct dtt_gossip_message m = {.type = DTT_MSG_SHUFFLE};
    struct dtt_gossip_node me = {.id = h->cfg.me, .data = my_data(h)};
    size_t size = SHUFFLE_OVERHEAD + dtt_gossip_node_size(&me);
    m.u.shuffle.origin = h->cfg.me;
    m.u.shuffle.ttl = DTT_HYPARVIEW_SHUFFLE_WALK;
    list_some(h, &m, &size, &h->active, DTT_HYPARVIEW_SHUFFLE_ACTIVE, &target->id);
    list_some(h, &m, &size, &h->passive, DTT_HYPARVIEW_SHUFFLE_PASSIVE, &target->id);
    m.u.shuffle.nodes[m.u.shuffle.n++] = me;
    dtt_gossip_send(&h->port, &target->id, &m);
}

/*
 * Sends Neighbor to each neighbour. A goodbye can be lost (iroh-gossip drops it with the queue of a
 * peer that it is dialling), and a link that only we know would stay for ever. A peer that does not
 * know the link makes us a neighbour or says goodbye again. neighbor_sent_ns is left alone, so that
 * a Neighbor sent in reply is answered in turn: iroh-gossip needs that answer to clear its pending
 * request.
 */
static void confirm_links(struct dtt_hyparview *h)
{
    for (size_t i = 0; i < h->active.n; i++) {
        send_neighbor(h, &h->active.peers[i].id, DTT_GOSSIP_LOW);
    }
}

uint64_t dtt_hyparview_deadline(const struct dtt_hyparview *h)
{
    return dtt_timerq_deadline(&h->timers);
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
        shuffle(h);
        confirm_links(h);
        refill(h, now, NULL);
        return true;
    }
    struct dtt_hyparview_request *r = DTT_TIMER_OWNER(t, struct dtt_hyparview_request, timer);
    if (!r->is_join) {
        /* Its connection is left alone: a slow dial may still succeed, and the answer counts. */
        struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->passive, &r->id);
        if (p) {
            dtt_gossip_view_drop(&h->passive, p);
        }
        refill(h, now, NULL);
    }
    return true;
}

int dtt_hyparview_init(struct dtt_hyparview *h, struct dtt_now now,
                       const struct dtt_gossip_port *port, const struct dtt_hyparview_config *cfg,
                       const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(h, 0, sizeof(*h));
    h->port = *port;
    h->cfg = *cfg;
    h->active = (struct dtt_gossip_view){.max = cfg->active_view, .peers = h->active_peers};
    h->passive = (struct dtt_gossip_view){.max = cfg->passive_view, .peers = h->passive_peers};
    dtt_bucket_init(&h->stranger_replies, STRANGER_REPLIES_PER_S, STRANGER_REPLIES_BURST,
                    now.mono_ns);
    dtt_standings_init(&h->standings, hash_key);
    dtt_timerq_init(&h->timers);
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
