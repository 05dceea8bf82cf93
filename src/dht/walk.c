/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Walks: a lookup in each address family towards one goal, the values it finds on the way, and the
 * closest set with its tokens. Operations with the same goal share one walk. A finished walk of a
 * get is kept while its tokens are good, so that a put needs no second walk.
 */
#include "crypto/hash.h"
#include "dht/inside.h"
#include "dht/node_id.h"

#include <dtt/types.h>
#include <stdlib.h>

#define WAIT_NS   (10 * DTT_S)  /* for a first live node */
#define TOKENS_NS (240 * DTT_S) /* BEP 5: a token is good for 5 minutes at least */
#define KEEP_MAX  DTT_LOOKUP_WIDTH_MAX
#define SHARE_NS  DTT_DHT_FRESH_MAX_NS

/* Starts other than the closest nodes we know, for a look around a crowd. */
#define STARTS      4
#define STARTS_EACH 4
#define SLOT_BITS   8u

_Static_assert(DTT_DHT_WALKS <= 1u << SLOT_BITS, "a walk's number holds its place");

/* ---- finding and freeing */

struct dtt_walk *dtt_walk_by_number(const struct dtt_dht *d, uint32_t number)
{
    size_t slot = number & ((1u << SLOT_BITS) - 1);
    struct dtt_walk *w = number && slot < DTT_DHT_WALKS ? d->walks[slot] : NULL;
    return w && w->number == number ? w : NULL;
}

void dtt_walk_free(struct dtt_dht *d, struct dtt_walk *w)
{
    d->walks[w->number & ((1u << SLOT_BITS) - 1)] = NULL;
    dtt_timerq_cancel(&d->walk_timers, &w->timer);
    dtt_walk_found_free(w);
    dtt_lookup_fini(&w->side[0]);
    dtt_lookup_fini(&w->side[1]);
    free(w);
}

static bool is_same_goal(const struct dtt_walk_goal *a, const struct dtt_walk_goal *b)
{
    return a->kind == b->kind && a->is_mutable == b->is_mutable &&
           memcmp(a->target, b->target, DTT_NODE_ID_BYTES) == 0 && a->salt_len == b->salt_len &&
           memcmp(a->salt, b->salt, a->salt_len) == 0 &&
           (!a->is_mutable || memcmp(a->key, b->key, sizeof(a->key)) == 0);
}

static struct dtt_walk *find_walk(const struct dtt_dht *d, const struct dtt_walk_goal *goal,
                                  bool is_done)
{
    for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
        struct dtt_walk *w = d->walks[i];
        if (w && (w->state == DTT_WALK_DONE) == is_done && is_same_goal(&w->goal, goal)) {
            return w;
        }
    }
    return NULL;
}

/* Cannot fail: a walk keeps the place in the queue that it was born with. */
static void wake_at(struct dtt_dht *d, struct dtt_walk *w, uint64_t mono_ns)
{
    dtt_timerq_set(&d->walk_timers, &w->timer, mono_ns);
}

/* Leaves of a finished walk the closest set and its tokens. */
static void compact(struct dtt_dht *d, struct dtt_walk *w)
{
    dtt_walk_found_free(w);
    w->values = NULL;
    w->n_values = 0;
    w->holders = NULL;
    w->n_holders = 0;
    w->peers = NULL;
    w->n_peers = 0;
    w->is_result = false;
    dtt_lookup_compact(&w->side[0], KEEP_MAX);
    dtt_lookup_compact(&w->side[1], KEEP_MAX);
    wake_at(d, w, w->ended_ns + TOKENS_NS);
}

/*
 * Keeps at most DTT_DHT_KEPT finished walks nobody reads from: for a moment with their result, then
 * each with its closest set only.
 */
static void keep_or_free(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w)
{
    struct dtt_walk *oldest = NULL;
    size_t kept = 0;
    bool has_tokens =
        w->goal.kind != DTT_WALK_FIND && w->side[0].answered + w->side[1].answered > 0;
    if (!has_tokens || now.mono_ns >= w->ended_ns + TOKENS_NS) {
        dtt_walk_free(d, w);
        return;
    }
    if (w->is_result && now.mono_ns < w->ended_ns + SHARE_NS) {
        wake_at(d, w, w->ended_ns + SHARE_NS);
    } else {
        compact(d, w);
    }
    for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
        struct dtt_walk *o = d->walks[i];
        if (o && o->state == DTT_WALK_DONE && o->refs == 0) {
            kept++;
            if (!oldest || o->ended_ns < oldest->ended_ns) {
                oldest = o;
            }
        }
    }
    if (kept > DTT_DHT_KEPT) {
        dtt_walk_free(d, oldest);
    }
}

void dtt_walk_release(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w)
{
    w->refs--;
    if (w->refs > 0 || (w->is_internal && w->state != DTT_WALK_DONE)) {
        return;
    }
    if (w->state != DTT_WALK_DONE) { /* broken off: what it has is not all there is */
        w->state = DTT_WALK_DONE;
        w->ended_ns = now.mono_ns;
        w->is_result = false;
    }
    keep_or_free(d, now, w);
}

/* ---- ending */

static void finish(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w)
{
    w->state = DTT_WALK_DONE;
    w->ended_ns = now.mono_ns;
    wake_at(d, w, DTT_NEVER);
    dtt_lookup_end(&w->side[0]);
    dtt_lookup_end(&w->side[1]);
    DTT_TRACE(d->ctx, DHT_WALK_DONE, dtt_tv_int((int64_t)(w->side[0].asked + w->side[1].asked)),
              dtt_tv_int((int64_t)(w->side[0].answered + w->side[1].answered)),
              dtt_tv_int((int64_t)w->n_values),
              dtt_tv_int((int64_t)((now.mono_ns - w->started_ns) / DTT_MS)));
    dtt_upkeep_walk_done(d, now, w);
    if (w->refs == 0) {
        keep_or_free(d, now, w);
    } else {
        dtt_op_walk_done(d, now, w);
    }
}

/* ---- asking */

static int send_query(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *w,
                      const struct dtt_lookup_node *c)
{
    struct dtt_slice target = dtt_slice(w->goal.target, DTT_NODE_ID_BYTES);
    struct dtt_krpc q = {0};
    switch (w->goal.kind) {
    case DTT_WALK_FIND:
        q.method = DTT_KRPC_M_FIND_NODE;
        q.target = target;
        break;
    case DTT_WALK_GET:
        q.method = DTT_KRPC_M_GET;
        q.target = target;
        if (c->again) {
            q.token = dtt_slice(c->token, c->token_len);
        }
        break;
    case DTT_WALK_PEERS:
        q.method = DTT_KRPC_M_GET_PEERS;
        q.info_hash = target;
        break;
    }
    return dtt_query_send(d, now, &c->addr, DTT_TXN_WALK, w->number, &q);
}

/* False when the budget for all queries is used up. */
static bool pump_side(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w,
                      struct dtt_lookup *l)
{
    for (struct dtt_lookup_node *c; (c = dtt_lookup_next(l)) != NULL;) {
        int err = send_query(d, now, w, c);
        if (err == DTT_EAGAIN || err == DTT_EFULL) {
            uint64_t ready = dtt_polite_ready_ns(&d->polite, now);
            d->pace_ns =
                dtt_min_ns(d->pace_ns, ready > now.mono_ns ? ready : now.mono_ns + 50 * DTT_MS);
            return false;
        }
        if (err) {
            dtt_lookup_dead(l, c);
        } else {
            dtt_lookup_sent(l, c);
        }
    }
    return true;
}

/* ---- contacts */

bool dtt_contact_is_tellable(const struct dtt_addr *addr, const struct dtt_addr *teller)
{
    enum dtt_addr_scope scope = dtt_addr_scope(addr);
    enum dtt_addr_scope from = dtt_addr_scope(teller);
    if (from == DTT_SCOPE_GLOBAL) {
        return scope == DTT_SCOPE_GLOBAL;
    }
    return scope != DTT_SCOPE_LOOPBACK || from == DTT_SCOPE_LOOPBACK;
}

bool dtt_contact_is_plausible(const struct dtt_dht *d, const uint8_t *id,
                              const struct dtt_addr *addr, const struct dtt_addr *teller)
{
    if (!dtt_addr_is_usable(addr) || !dtt_dht_has_family(d, addr->family) ||
        memcmp(id, d->id, DTT_NODE_ID_BYTES) == 0 ||
        dtt_addr_eq(addr, &d->votes[dtt_side_of(addr->family)].opinion)) {
        return false;
    }
    return dtt_contact_is_tellable(addr, teller);
}

static void add_contacts(struct dtt_dht *d, struct dtt_walk *w, struct dtt_slice nodes,
                         uint8_t family, const struct dtt_addr *from, uint8_t teller)
{
    struct dtt_reader r = dtt_reader(nodes);
    uint8_t id[DTT_NODE_ID_BYTES];
    struct dtt_addr addr;
    for (size_t i = 0; i < DTT_LOOKUP_PER_REPLY && dtt_krpc_next_node(&r, family, id, &addr); i++) {
        if (addr.family != family || !dtt_contact_is_plausible(d, id, &addr, from)) {
            DTT_COUNT(d->ctx, DHT_CONTACTS_REFUSED);
            continue;
        }
        dtt_lookup_add(&w->side[dtt_side_of(family)], id, &addr, teller);
    }
}

void dtt_walk_offer(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w,
                    const struct dtt_krpc *m, const struct dtt_addr *from)
{
    /* A contact of the other family is nobody's word there: tellers are numbered by side. */
    const struct dtt_lookup_node *c = dtt_lookup_find(&w->side[dtt_side_of(from->family)], from);
    uint8_t teller = c ? c->number : 0;
    add_contacts(d, w, m->nodes, DTT_FAMILY_V4, from, from->family == DTT_FAMILY_V4 ? teller : 0);
    add_contacts(d, w, m->nodes6, DTT_FAMILY_V6, from, from->family == DTT_FAMILY_V6 ? teller : 0);
    dtt_walk_pump(d, now, w);
}

/* ---- starting */

static void seed_side(struct dtt_dht *d, struct dtt_walk *w, size_t side)
{
    const struct dtt_rnode *near[DTT_RTABLE_CLOSEST_MAX];
    const struct dtt_rtable *t = &d->tables[side];
    size_t n = dtt_rtable_closest(t, w->goal.target, false, NULL, DTT_RTABLE_CLOSEST_MAX, near);
    size_t left_out = 0;
    for (size_t i = 0; i < n; i++) {
        struct dtt_addr addr = dtt_rnode_addr(t, near[i]);
        /* Who is silent on get costs a timeout each: only when there is nobody else. */
        if (w->goal.kind == DTT_WALK_GET && near[i]->flags & DTT_RNODE_NO_BEP44 &&
            n - left_out > DTT_RTABLE_K) {
            left_out++;
        } else if (dtt_lookup_add(&w->side[side], near[i]->id, &addr, 0)) {
            dtt_lookup_find(&w->side[side], &addr)->rtt_us = near[i]->rtt * 100u;
        }
    }
}

/* The closest set of an earlier walk: with good tokens as answered, otherwise to be asked first. */
static void seed_from_kept(struct dtt_walk *w, const struct dtt_walk *kept, bool reuse_tokens)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < kept->side[side].n; i++) {
            const struct dtt_lookup_node *c = &kept->side[side].c[i];
            if (reuse_tokens && c->token_len > 0) {
                dtt_lookup_add_answered(&w->side[side], c);
            } else {
                dtt_lookup_add(&w->side[side], c->id, &c->addr, 0);
            }
        }
    }
}

/* Who answered lately on the way to somewhere else is often closer than what the table has. */
static void seed_from_recent(const struct dtt_dht *d, struct dtt_walk *w, size_t side)
{
    for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
        const struct dtt_walk *o = d->walks[i];
        for (size_t k = 0; o && o->state == DTT_WALK_DONE && k < o->side[side].n; k++) {
            const struct dtt_lookup_node *c = &o->side[side].c[k];
            if (c->state == DTT_LOOKUP_NODE_ANSWERED &&
                dtt_lookup_add(&w->side[side], c->id, &c->addr, 0)) {
                dtt_lookup_find(&w->side[side], &c->addr)->rtt_us = c->rtt_us;
            }
        }
    }
}

static void run(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w)
{
    w->state = DTT_WALK_RUNNING;
    wake_at(d, w, DTT_NEVER);
    for (size_t side = 0; side < 2; side++) {
        struct dtt_rbucket *b = dtt_rtable_bucket_of(&d->tables[side], w->goal.target);
        if (b) {
            b->refreshed_s = (uint32_t)(now.mono_ns / DTT_S);
        }
        seed_side(d, w, side);
        seed_from_recent(d, w, side);
    }
}

/*
 * The last of the closest to ourselves, which tell how close nodes of this network are; NULL when
 * we do not know them.
 */
static const uint8_t *last_neighbour(const struct dtt_dht *d, size_t side)
{
    const struct dtt_rnode *near[DTT_LOOKUP_USUAL];
    size_t n = d->knows_neighbours ? dtt_rtable_closest(&d->tables[side], d->id, false, NULL,
                                                        DTT_LOOKUP_USUAL, near)
                                   : 0;
    return n == DTT_LOOKUP_USUAL ? near[n - 1]->id : NULL;
}

static struct dtt_walk *new_walk(struct dtt_dht *d, struct dtt_now now,
                                 const struct dtt_walk_goal *goal, size_t width)
{
    uint32_t slot = 0;
    while (slot < DTT_DHT_WALKS && d->walks[slot]) {
        slot++;
    }
    struct dtt_walk *w = slot < DTT_DHT_WALKS ? calloc(1, sizeof(*w)) : NULL;
    if (!w || dtt_timerq_set(&d->walk_timers, &w->timer, DTT_NEVER) != DTT_OK) {
        DTT_COUNT(d->ctx, DHT_WALKS_REFUSED);
        free(w);
        return NULL;
    }
    if (++d->walk_seq >= 1u << (32 - SLOT_BITS)) {
        d->walk_seq = 1;
    }
    w->number = d->walk_seq << SLOT_BITS | slot;
    w->goal = *goal;
    w->started_ns = now.mono_ns;
    for (size_t side = 0; side < 2; side++) {
        const uint8_t *neighbour = last_neighbour(d, side);
        dtt_lookup_init(&w->side[side], goal->target, width);
        w->side[side].needs_token = goal->kind != DTT_WALK_FIND;
        if (neighbour) {
            dtt_lookup_set_neighbourhood(&w->side[side], d->id, neighbour);
        }
    }
    d->walks[slot] = w;
    return w;
}

static void widen(struct dtt_walk *w, size_t width)
{
    for (size_t side = 0; side < 2; side++) {
        if (w->side[side].width < width) {
            w->side[side].width = width;
        }
    }
}

/* Only a put, or a get that has found nothing, needs the closest set whatever it costs. */
static void set_bound(struct dtt_walk *w, bool is_bounded)
{
    w->is_bounded = is_bounded;
    for (size_t side = 0; side < 2; side++) {
        struct dtt_lookup *l = &w->side[side];
        l->most = is_bounded ? DTT_DHT_PER_PLACE * l->width : DTT_LOOKUP_QUERIES;
    }
}

/* ---- going on and ending */

static bool avoid_crowd(struct dtt_dht *d, struct dtt_walk *w, size_t side)
{
    const uint8_t *neighbour = last_neighbour(d, side);
    return neighbour && dtt_lookup_avoid_crowd(&w->side[side], d->id, neighbour);
}

static void start_elsewhere(struct dtt_dht *d, struct dtt_walk *w, size_t side)
{
    const struct dtt_rnode *near[STARTS_EACH];
    const struct dtt_rtable *t = &d->tables[side];
    for (size_t i = 0; i < STARTS; i++) {
        uint8_t somewhere[DTT_NODE_ID_BYTES];
        dtt_rng_bytes(&d->rng, somewhere, sizeof(somewhere));
        size_t n = dtt_rtable_closest(t, somewhere, false, NULL, STARTS_EACH, near);
        for (size_t k = 0; k < n; k++) {
            struct dtt_addr addr = dtt_rnode_addr(t, near[k]);
            dtt_lookup_add(&w->side[side], near[k]->id, &addr, 0);
        }
    }
}

/* The nodes that answered, closest to `target`; how many. */
static size_t closest_answered(const struct dtt_lookup *l, const uint8_t *target,
                               const struct dtt_lookup_node *ret[DTT_DHT_BEYOND])
{
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct dtt_lookup_node *c = &l->c[i];
        size_t at = n;
        if (c->state != DTT_LOOKUP_NODE_ANSWERED) {
            continue;
        }
        while (at > 0 && dtt_node_id_cmp(target, c->id, ret[at - 1]->id) < 0) {
            at--;
        }
        if (at < DTT_DHT_BEYOND) {
            n += n < DTT_DHT_BEYOND;
            memmove(&ret[at + 1], &ret[at], (n - at - 1) * sizeof(struct dtt_lookup_node *));
            ret[at] = c;
        }
    }
    return n;
}

/* The dead take places in everybody's answers: asks for the nodes that come after, too. */
static void ask_beyond(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w,
                       const struct dtt_lookup *l)
{
    const struct dtt_lookup_node *near[DTT_DHT_BEYOND];
    uint8_t target[DTT_NODE_ID_BYTES];
    if (!dtt_lookup_beyond(l, w->wider * DTT_RTABLE_K, target)) {
        return;
    }
    size_t n = closest_answered(l, target, near);
    for (size_t i = 0; i < n; i++) {
        struct dtt_krpc q = {.method = DTT_KRPC_M_FIND_NODE,
                             .target = dtt_slice(target, sizeof(target))};
        w->beyond += dtt_query_send(d, now, &near[i]->addr, DTT_TXN_WALK, w->number, &q) == DTT_OK;
    }
}

/* True for a query of ask_beyond: nobody waits for it any more. */
static bool take_beyond(struct dtt_walk *w, const struct dtt_txn *txn)
{
    if (w->goal.kind == DTT_WALK_FIND || txn->method != DTT_KRPC_M_FIND_NODE) {
        return false;
    }
    w->beyond--;
    return true;
}

/* Some hold more values than we have seen: each of them gives another one when asked again. */
static bool ask_for_siblings(struct dtt_walk *w)
{
    bool more = false;
    bool is_complete = w->rounds > 0 && w->n_values >= w->siblings && w->n_values == w->known;
    if (w->siblings < 2 || is_complete || w->rounds == DTT_DHT_ROUNDS) {
        return false;
    }
    w->rounds++;
    w->known = w->n_values;
    for (size_t side = 0; side < 2; side++) {
        struct dtt_lookup *l = &w->side[side];
        for (size_t i = 0, left = l->width; i < l->n && left > 0; i++) {
            left -= l->c[i].state == DTT_LOOKUP_NODE_ANSWERED;
            /* Each answer gave one: who was asked as often as it holds values has told all. */
            if (l->c[i].state == DTT_LOOKUP_NODE_ANSWERED && l->c[i].siblings > w->rounds) {
                dtt_lookup_ask_again(&l->c[i]);
                more = true;
            }
        }
    }
    return more;
}

/* All that were to be asked have had their say: true when more should be. */
static bool look_further(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w)
{
    bool more = false;
    if (w->is_bounded && w->n_values == 0) {
        set_bound(w, false);
        return true;
    }
    if (w->goal.kind == DTT_WALK_GET && w->n_values == 0 && !w->is_brief &&
        w->wider < DTT_DHT_WIDER) {
        w->wider++;
        ask_beyond(d, now, w, &w->side[0]);
        ask_beyond(d, now, w, &w->side[1]);
        widen(w, DTT_DHT_WIDE);
        return true;
    }
    for (size_t side = 0; side < 2; side++) {
        if (avoid_crowd(d, w, side)) {
            DTT_COUNT(d->ctx, DHT_CROWDS);
            seed_side(d, w, side);
            start_elsewhere(d, w, side);
            more = true;
        }
    }
    return more || ask_for_siblings(w);
}

void dtt_walk_pump(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w)
{
    while (w->state == DTT_WALK_RUNNING) {
        pump_side(d, now, w, &w->side[0]);
        pump_side(d, now, w, &w->side[1]);
        if (!dtt_lookup_is_done(&w->side[0]) || !dtt_lookup_is_done(&w->side[1]) || w->beyond > 0) {
            return;
        }
        if (dtt_upkeep_is_starting(d)) {
            return;
        }
        if (!look_further(d, now, w)) {
            finish(d, now, w);
            return;
        }
    }
}

/* A finished walk whose result is not older than wished. */
static bool is_fresh(const struct dtt_walk *w, struct dtt_now now, const struct dtt_walk_wish *wish)
{
    return w->is_result && now.mono_ns < w->ended_ns + dtt_min_ns(wish->fresh_ns, SHARE_NS);
}

struct dtt_walk *dtt_walk_to(struct dtt_dht *d, struct dtt_now now,
                             const struct dtt_walk_goal *goal, const struct dtt_walk_wish *wish)
{
    struct dtt_walk *w = find_walk(d, goal, false);
    struct dtt_walk *kept = find_walk(d, goal, true);
    if (w) {
        w->refs++;
        w->is_brief = w->is_brief && wish->is_brief;
        widen(w, wish->width);
        set_bound(w, w->is_bounded && !wish->reuse_tokens);
        dtt_walk_pump(d, now, w);
        return w;
    }
    if (kept && is_fresh(kept, now, wish)) {
        kept->refs++;
        wake_at(d, kept, DTT_NEVER);
        DTT_COUNT(d->ctx, DHT_GETS_SHARED);
        return kept;
    }
    w = new_walk(d, now, goal, wish->width);
    if (!w) {
        return NULL;
    }
    w->refs = 1;
    w->is_brief = wish->is_brief;
    w->is_result = goal->kind != DTT_WALK_FIND && !wish->reuse_tokens;
    set_bound(w, goal->kind == DTT_WALK_GET && !wish->reuse_tokens);
    if (kept && now.mono_ns < kept->ended_ns + TOKENS_NS) {
        seed_from_kept(w, kept, wish->reuse_tokens);
        if (kept->refs == 0) {
            dtt_walk_free(d, kept);
        }
    }
    dtt_walk_take_own_values(d, w);
    if (dtt_dht_live(d) > 0) {
        run(d, now, w);
        dtt_walk_pump(d, now, w);
    } else if (d->n_bootstraps > 0 || dtt_upkeep_has_hope(d)) {
        w->state = DTT_WALK_WAITING;
        wake_at(d, w, now.mono_ns + WAIT_NS);
    } else {
        w->is_alone = true;
        finish(d, now, w);
    }
    return w;
}

void dtt_walk_node_live(struct dtt_dht *d, struct dtt_now now, const uint8_t *id,
                        const struct dtt_addr *addr)
{
    for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
        struct dtt_walk *w = d->walks[i];
        if (w && w->state == DTT_WALK_WAITING) {
            run(d, now, w);
            dtt_walk_pump(d, now, w);
        } else if (w && w->state == DTT_WALK_RUNNING &&
                   dtt_lookup_add(&w->side[dtt_side_of(addr->family)], id, addr, 0)) {
            dtt_walk_pump(d, now, w);
        }
    }
}

void dtt_walk_pump_all(struct dtt_dht *d, struct dtt_now now)
{
    for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
        if (d->walks[i]) {
            dtt_walk_pump(d, now, d->walks[i]);
        }
    }
}

void dtt_walk_end_waiting(struct dtt_dht *d, struct dtt_now now)
{
    for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
        if (d->walks[i] && d->walks[i]->state == DTT_WALK_WAITING) {
            finish(d, now, d->walks[i]);
        }
    }
}

/* ---- answers */

void dtt_walk_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                     const struct dtt_krpc *m)
{
    struct dtt_walk *w = dtt_walk_by_number(d, txn->owner);
    if (!w || w->state != DTT_WALK_RUNNING) {
        return;
    }
    if (take_beyond(w, txn)) {
        dtt_walk_offer(d, now, w, m, &txn->to);
        return;
    }
    struct dtt_lookup *l = &w->side[dtt_side_of(txn->to.family)];
    struct dtt_lookup_node *c = dtt_lookup_find(l, &txn->to);
    if (!c) {
        return;
    }
    if (m->type != DTT_KRPC_REPLY) { /* an error is of no use to this lookup */
        dtt_lookup_dead(l, c);
        dtt_walk_pump(d, now, w);
        return;
    }
    c = dtt_lookup_rename(l, c, m->id.data);
    bool wants_proof = w->goal.kind == DTT_WALK_GET && m->proof.n == 1;
    /* Proved already: this is the answer to what we asked before. */
    if ((wants_proof && c->again) || !dtt_lookup_answered(l, c)) {
        return;
    }
    c->rtt_us = (uint32_t)((now.mono_ns - txn->sent_ns) / DTT_US);
    if (m->token.len > 0 && m->token.len <= sizeof(c->token)) {
        c->token_len = (uint8_t)m->token.len;
        memcpy(c->token, m->token.data, m->token.len);
    }
    dtt_walk_take_value(d, w, c, m);
    if (wants_proof && c->token_len > 0) {
        dtt_lookup_ask_again(c);
    }
    dtt_walk_take_peers(w, m->values, &txn->to);
    dtt_walk_offer(d, now, w, m, &txn->to);
}

void dtt_walk_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn)
{
    struct dtt_walk *w = dtt_walk_by_number(d, txn->owner);
    if (!w || w->state != DTT_WALK_RUNNING) {
        return;
    }
    struct dtt_lookup *l = &w->side[dtt_side_of(txn->to.family)];
    struct dtt_lookup_node *c = take_beyond(w, txn) ? NULL : dtt_lookup_find(l, &txn->to);
    if (c && dtt_lookup_slow(l, c)) {
        dtt_upkeep_silent(d, now, &txn->to, 1);
    }
    dtt_walk_pump(d, now, w);
}

void dtt_walk_dead(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn)
{
    dtt_upkeep_silent(d, now, &txn->to, 2);
    struct dtt_walk *w = dtt_walk_by_number(d, txn->owner);
    if (!w || w->state != DTT_WALK_RUNNING) {
        return;
    }
    struct dtt_lookup *l = &w->side[dtt_side_of(txn->to.family)];
    struct dtt_lookup_node *c = take_beyond(w, txn) ? NULL : dtt_lookup_find(l, &txn->to);
    if (c) {
        dtt_lookup_dead(l, c);
    }
    dtt_walk_pump(d, now, w);
}

/* ---- time */

uint64_t dtt_walk_rtt_ns(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
        const struct dtt_walk *w = d->walks[i];
        const struct dtt_lookup_node *c =
            w ? dtt_lookup_find(&w->side[dtt_side_of(addr->family)], addr) : NULL;
        if (c && c->rtt_us) {
            return c->rtt_us * DTT_US;
        }
    }
    return 0;
}

uint64_t dtt_walk_deadline(const struct dtt_dht *d)
{
    return dtt_min_ns(d->pace_ns, dtt_timerq_deadline(&d->walk_timers));
}

void dtt_walk_tick(struct dtt_dht *d, struct dtt_now now)
{
    if (d->pace_ns <= now.mono_ns) {
        d->pace_ns = DTT_NEVER;
        for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
            if (d->walks[i]) {
                dtt_walk_pump(d, now, d->walks[i]);
            }
        }
    }
    for (struct dtt_timer *timer; (timer = dtt_timerq_pop(&d->walk_timers, now.mono_ns)) != NULL;) {
        struct dtt_walk *w = DTT_TIMER_OWNER(timer, struct dtt_walk, timer);
        wake_at(d, w, DTT_NEVER);
        if (w->state == DTT_WALK_WAITING) {
            finish(d, now, w);
        } else if (w->is_result) {
            compact(d, w);
        } else {
            dtt_walk_free(d, w);
        }
    }
}
