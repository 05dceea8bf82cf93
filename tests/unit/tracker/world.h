/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A world for trackers in virtual time: a toy slot store of which each storing node has a
 * personality, and a toy gossip in which a dial that reaches a live node makes both neighbours.
 * Everything follows from the seed.
 */
#ifndef TESTS_UNIT_TRACKER_WORLD_H
#define TESTS_UNIT_TRACKER_WORLD_H

#include "support.h"

#include <stdbool.h>

#define WORLD_NODES 32
#define WORLD_STORES 20
#define WORLD_SLOTS 1009 /* a prime: slots of other minutes are read, too */
#define WORLD_SIBLINGS 4

enum personality {
    ROTATING, /**< keeps a few values and hands them out in turn */
    FIRST,    /**< the first writer wins, later ones are told "ok" */
    LAST,     /**< the last writer wins */
    LOSSY,    /**< as LAST, and four of ten requests and answers are lost */
    MIXED     /**< ROTATING, FIRST and LAST in turn */
};

struct store {
    enum personality kind;
    size_t count;
    size_t turn;
    size_t values[WORLD_SIBLINGS]; /**< index into world.values */
};

/* A slot by number: its minute and kind. */
static uint64_t slot_number(const struct dtt_slot *s)
{
    return s->minute * DTT_SLOT_KINDS + s->kind;
}

struct world_slot {
    uint64_t number;
    bool used;
    struct store stores[WORLD_STORES];
};

enum event_type {
    EV_START,
    EV_VALUE,
    EV_DONE,
    EV_STORE,
    EV_PUT_DONE,
    EV_LINK,
    EV_FORWARD_JOIN,
    EV_DIAL_FAILED
};

struct event {
    uint64_t ns; /**< virtual time since the start */
    uint64_t seq;
    enum event_type type;
    unsigned node;
    unsigned peer;
    uint64_t slot; /**< its number */
    size_t value;
    unsigned store;
    uint32_t count;
};

struct node {
    bool is_up;
    bool is_dead;   /**< never answers a dial */
    unsigned group; /**< dials between groups fail while world.is_split */
    int64_t skew_ns;
    const char *secret;
    struct dtt_id id;
    struct dtt_ctx ctx;
    struct dtt_tracker *t;
    uint64_t started_ns;
    uint64_t joined_ns; /**< first neighbour; DTT_NEVER */
    unsigned gets, puts, dials, bad_dials, records, published;
    unsigned gets_running[WORLD_SLOTS];
    bool links[WORLD_NODES];
};

struct world {
    uint64_t ns;
    uint64_t seq;
    enum personality kind;
    unsigned degree_max; /**< 0: any; else a full node drops a random neighbour, as HyParView */
    int preset;
    bool is_split;
    bool is_squatted; /**< every value of a public slot is garbage, whoever wrote it */
    struct dtt_rng rng;
    size_t n_nodes;
    struct node nodes[WORLD_NODES];
    struct world_slot slots[WORLD_SLOTS];
    size_t n_values, cap_values;
    struct sealed *values;
    size_t n_events, cap_events;
    struct event *events;
};

static struct dtt_now now_of(const struct world *w, const struct node *n)
{
    struct dtt_now now = at_ms(0);
    now.mono_ns += w->ns;
    now.wall_ns += (int64_t)w->ns + n->skew_ns;
    return now;
}

static uint64_t between(struct world *w, uint64_t low_ms, uint64_t high_ms)
{
    return (low_ms + dtt_rng_below(&w->rng, high_ms - low_ms)) * DTT_MS;
}

static void post(struct world *w, uint64_t after_ns, struct event e)
{
    if (w->n_events == w->cap_events) {
        w->cap_events = w->cap_events ? w->cap_events * 2 : 256;
        w->events = realloc(w->events, w->cap_events * sizeof(*w->events));
        assert_non_null(w->events);
    }
    e.ns = w->ns + after_ns;
    e.seq = w->seq++;
    w->events[w->n_events++] = e;
}

static size_t add_value(struct world *w, struct dtt_slice v)
{
    if (w->n_values == w->cap_values) {
        w->cap_values = w->cap_values ? w->cap_values * 2 : 64;
        w->values = realloc(w->values, w->cap_values * sizeof(*w->values));
        assert_non_null(w->values);
    }
    struct sealed *s = &w->values[w->n_values];
    assert_true(v.len <= sizeof(s->data));
    s->len = v.len;
    memcpy(s->data, v.data, v.len);
    return w->n_values++;
}

static struct world_slot *slot_at(struct world *w, uint64_t number)
{
    struct world_slot *s = &w->slots[number % WORLD_SLOTS];
    if (!s->used || s->number != number) {
        memset(s, 0, sizeof(*s));
        s->used = true;
        s->number = number;
        for (unsigned i = 0; i < WORLD_STORES; i++) {
            s->stores[i].kind = w->kind == MIXED ? (enum personality)(i % 3) : w->kind;
        }
    }
    return s;
}

static void store_value(struct world *w, struct store *s, size_t value)
{
    if (s->kind == LOSSY && dtt_rng_below(&w->rng, 10) < 4) {
        return;
    }
    if (s->kind == FIRST && s->count > 0) {
        return;
    }
    if (s->kind != ROTATING) {
        s->count = 1;
        s->values[0] = value;
        return;
    }
    if (s->count < WORLD_SIBLINGS) {
        s->values[s->count++] = value;
    } else {
        memmove(s->values, s->values + 1, (WORLD_SIBLINGS - 1) * sizeof(*s->values));
        s->values[WORLD_SIBLINGS - 1] = value;
    }
}

static unsigned node_by_id(const struct world *w, const struct dtt_id *id)
{
    for (unsigned i = 0; i < w->n_nodes; i++) {
        if (memcmp(&w->nodes[i].id, id, sizeof(*id)) == 0) {
            return i;
        }
    }
    return WORLD_NODES;
}

/* Storing nodes answer one by one; the read is over with the last of them. */
static void on_get(struct world *w, unsigned i, uint64_t slot)
{
    struct world_slot *s = slot_at(w, slot);
    uint64_t last = 0;
    uint32_t answered = 0;
    struct node *n = &w->nodes[i];
    n->gets++;
    assert_int_equal(n->gets_running[slot % WORLD_SLOTS], 0);
    n->gets_running[slot % WORLD_SLOTS] = 1;
    for (unsigned k = 0; k < WORLD_STORES; k++) {
        struct store *st = &s->stores[k];
        uint64_t after = between(w, 100, 900);
        if (st->kind == LOSSY && dtt_rng_below(&w->rng, 10) < 4) {
            continue;
        }
        answered++;
        last = after > last ? after : last;
        post(w, after, (struct event){.type = EV_VALUE, .node = i, .slot = slot, .store = k});
    }
    post(w, last + DTT_MS,
         (struct event){.type = EV_DONE, .node = i, .slot = slot, .count = answered});
}

/* A walk to the storing nodes first, then the puts. */
static void on_put(struct world *w, unsigned i, const struct dtt_tracker_action *a)
{
    size_t value = add_value(w, dtt_slice(a->value, a->value_len));
    uint64_t walk = between(w, 400, 1200);
    w->nodes[i].puts++;
    for (unsigned k = 0; k < WORLD_STORES; k++) {
        post(w, walk + between(w, 20, 200),
             (struct event){.type = EV_STORE,
                            .node = i,
                            .slot = slot_number(&a->slot),
                            .value = value,
                            .store = k});
    }
    post(w, walk + 400 * DTT_MS,
         (struct event){
             .type = EV_PUT_DONE, .node = i, .slot = slot_number(&a->slot), .count = WORLD_STORES});
}

static void on_dial(struct world *w, unsigned i, const struct dtt_tracker_action *a)
{
    struct node *n = &w->nodes[i];
    unsigned j = node_by_id(w, &a->peer);
    n->dials++;
    assert_int_not_equal(i, j);
    assert_false(j < w->n_nodes && n->links[j]);
    if (a->n_addrs == 0) {
        n->bad_dials++;
        post(w, 0, (struct event){.type = EV_DIAL_FAILED, .node = i, .peer = j});
    } else if (j == WORLD_NODES || w->nodes[j].is_dead || !w->nodes[j].is_up ||
               (w->is_split && w->nodes[j].group != n->group)) {
        n->bad_dials++;
        post(w, between(w, 3000, 10000),
             (struct event){.type = EV_DIAL_FAILED, .node = i, .peer = j});
    } else {
        post(w, between(w, 60, 400), (struct event){.type = EV_LINK, .node = i, .peer = j});
    }
}

static void drain(struct world *w, unsigned i)
{
    struct node *n = &w->nodes[i];
    struct dtt_tracker_action a;
    for (unsigned k = 0; dtt_tracker_next(n->t, true, &a); k++) {
        assert_true(k < 300);
        switch (a.type) {
        case DTT_TRACKER_GET:
            if (a.sample == 0) { /* all can be reached here: a doorman's read adds nothing */
                on_get(w, i, slot_number(&a.slot));
            }
            break;
        case DTT_TRACKER_PUT: on_put(w, i, &a); break;
        case DTT_TRACKER_DIAL: on_dial(w, i, &a); break;
        case DTT_TRACKER_RECORD: n->records++; break;
        case DTT_TRACKER_PUBLISHED: n->published++; break;
        case DTT_TRACKER_CLOCK:
        case DTT_TRACKER_TWIN: break;
        }
    }
}

static void start_node(struct world *w, unsigned i)
{
    struct node *n = &w->nodes[i];
    struct dtt_tracker_config cfg = test_config(i, w->preset);
    struct dtt_addr addr = node_addr(i);
    if (n->secret) {
        cfg.secret = test_secret(n->secret);
    }
    node_seed(n->ctx.seed, i);
    dtt_rng_bytes(&w->rng, n->ctx.seed, 8);
    n->is_up = true;
    n->started_ns = w->ns;
    n->joined_ns = DTT_NEVER;
    assert_int_equal(dtt_tracker_new(&n->t, &n->ctx, &cfg, now_of(w, n)), DTT_OK);
    dtt_tracker_set_addrs(n->t, now_of(w, n), &addr, 1);
    drain(w, i);
}

static unsigned degree(const struct world *w, unsigned i)
{
    unsigned d = 0;
    for (size_t j = 0; j < w->n_nodes; j++) {
        d += w->nodes[i].links[j];
    }
    return d;
}

static void unlink_nodes(struct world *w, unsigned a, unsigned b)
{
    w->nodes[a].links[b] = w->nodes[b].links[a] = false;
    if (w->nodes[a].is_up) {
        dtt_tracker_neighbor_down(w->nodes[a].t, now_of(w, &w->nodes[a]), &w->nodes[b].id, false);
        drain(w, a);
    }
    if (w->nodes[b].is_up) {
        dtt_tracker_neighbor_down(w->nodes[b].t, now_of(w, &w->nodes[b]), &w->nodes[a].id, false);
        drain(w, b);
    }
}

static void make_room(struct world *w, unsigned i, unsigned keep)
{
    while (w->degree_max && degree(w, i) > w->degree_max) {
        unsigned j = (unsigned)dtt_rng_below(&w->rng, w->n_nodes);
        if (j != keep && w->nodes[i].links[j]) {
            unlink_nodes(w, i, j);
        }
    }
}

/* HyParView's ForwardJoin: the one who joined also gets a neighbour of the one it joined. */
static void forward_join(struct world *w, unsigned joiner, unsigned contact)
{
    unsigned first = (unsigned)dtt_rng_below(&w->rng, w->n_nodes);
    for (unsigned k = 0; k < w->n_nodes; k++) {
        unsigned c = (first + k) % (unsigned)w->n_nodes;
        if (c != joiner && w->nodes[contact].links[c] && !w->nodes[joiner].links[c]) {
            post(w, between(w, 60, 400),
                 (struct event){.type = EV_FORWARD_JOIN, .node = c, .peer = joiner});
            return;
        }
    }
}

static void link_nodes(struct world *w, unsigned a, unsigned b)
{
    struct node *x = &w->nodes[a];
    struct node *y = &w->nodes[b];
    if (!x->is_up || !y->is_up || x->links[b] || (w->is_split && x->group != y->group)) {
        return;
    }
    x->links[b] = y->links[a] = true;
    x->joined_ns = dtt_min_ns(x->joined_ns, w->ns);
    y->joined_ns = dtt_min_ns(y->joined_ns, w->ns);
    dtt_tracker_neighbor_up(x->t, now_of(w, x), &y->id);
    drain(w, a);
    dtt_tracker_neighbor_up(y->t, now_of(w, y), &x->id);
    drain(w, b);
    make_room(w, a, b);
    make_room(w, b, a);
}

static void deliver(struct world *w, const struct event *e)
{
    struct node *n = &w->nodes[e->node];
    enum dtt_slot_kind kind = (enum dtt_slot_kind)(e->slot % DTT_SLOT_KINDS);
    uint64_t minute = e->slot / DTT_SLOT_KINDS;
    struct store *s;
    if (e->type == EV_START) {
        start_node(w, e->node);
        return;
    }
    if (e->type == EV_STORE) {
        store_value(w, &slot_at(w, e->slot)->stores[e->store], e->value);
        return;
    }
    if (!n->is_up) {
        return;
    }
    switch (e->type) {
    case EV_VALUE:
        s = &slot_at(w, e->slot)->stores[e->store];
        if (s->count > 0) {
            const struct sealed *v = &w->values[s->values[s->turn++ % s->count]];
            static const struct sealed garbage = {.len = 604};
            v = w->is_squatted && kind == DTT_SLOT_PUBLIC ? &garbage : v;
            dtt_tracker_slot_value(n->t, now_of(w, n), kind, minute, INT64_MAX, sealed_slice(v));
        }
        break;
    case EV_DONE:
        n->gets_running[e->slot % WORLD_SLOTS] = 0;
        dtt_tracker_slot_done(n->t, now_of(w, n), kind, minute, DTT_OK, e->count);
        break;
    case EV_PUT_DONE:
        dtt_tracker_put_done(n->t, now_of(w, n), kind, minute, DTT_OK, e->count);
        break;
    case EV_LINK:
        if (w->degree_max) {
            forward_join(w, e->node, e->peer);
        }
        link_nodes(w, e->node, e->peer);
        return;
    case EV_FORWARD_JOIN: link_nodes(w, e->node, e->peer); return;
    case EV_DIAL_FAILED:
        if (e->peer < WORLD_NODES) {
            dtt_tracker_dial_failed(n->t, now_of(w, n), &w->nodes[e->peer].id);
        }
        break;
    default: break;
    }
    drain(w, e->node);
}

static size_t first_event(const struct world *w)
{
    size_t best = 0;
    for (size_t i = 1; i < w->n_events; i++) {
        const struct event *a = &w->events[i];
        const struct event *b = &w->events[best];
        best = a->ns < b->ns || (a->ns == b->ns && a->seq < b->seq) ? i : best;
    }
    return best;
}

/* Runs until `until_ns` since the start. */
static void run_until(struct world *w, uint64_t until_ns)
{
    const uint64_t origin = at_ms(0).mono_ns;
    for (;;) {
        uint64_t at = until_ns;
        unsigned who = WORLD_NODES;
        size_t first = first_event(w);
        for (unsigned i = 0; i < w->n_nodes; i++) {
            uint64_t d = w->nodes[i].is_up ? dtt_tracker_deadline(w->nodes[i].t) : DTT_NEVER;
            if (d != DTT_NEVER && d - origin < at) {
                at = d - origin;
                who = i;
            }
        }
        if (w->n_events > 0 && w->events[first].ns <= at) {
            struct event e = w->events[first];
            w->events[first] = w->events[--w->n_events];
            if (e.ns > until_ns) {
                post(w, e.ns - w->ns, e);
                w->ns = until_ns;
                return;
            }
            w->ns = e.ns;
            deliver(w, &e);
            continue;
        }
        w->ns = at;
        if (who == WORLD_NODES) {
            return;
        }
        struct node *n = &w->nodes[who];
        dtt_tracker_tick(n->t, now_of(w, n));
        drain(w, who);
        /* A tick that leaves its own deadline in the past would never let time go on. */
        assert_true(dtt_tracker_deadline(n->t) - origin > w->ns);
    }
}

/* Components of the graph of neighbours. */
static unsigned components(const struct world *w)
{
    bool seen[WORLD_NODES] = {false};
    unsigned n = 0;
    for (unsigned i = 0; i < w->n_nodes; i++) {
        unsigned queue[WORLD_NODES];
        size_t head = 0;
        size_t tail = 0;
        if (!w->nodes[i].is_up || seen[i]) {
            continue;
        }
        n++;
        seen[i] = true;
        queue[tail++] = i;
        while (head < tail) {
            unsigned a = queue[head++];
            for (unsigned b = 0; b < w->n_nodes; b++) {
                if (w->nodes[a].links[b] && !seen[b]) {
                    seen[b] = true;
                    queue[tail++] = b;
                }
            }
        }
    }
    return n;
}

static void world_open(struct world *w, uint64_t seed, enum personality kind, size_t n_nodes)
{
    uint8_t bytes[32] = {0};
    memset(w, 0, sizeof(*w));
    dtt_put_le64(bytes, seed);
    dtt_rng_init(&w->rng, bytes, "world");
    w->kind = kind;
    w->n_nodes = n_nodes;
    for (unsigned i = 0; i < n_nodes; i++) {
        w->nodes[i].id = node_id(i);
    }
}

static void start_at(struct world *w, unsigned i, uint64_t ms)
{
    post(w, ms * DTT_MS - w->ns, (struct event){.type = EV_START, .node = i});
}

static void stop_node(struct world *w, unsigned i)
{
    w->nodes[i].is_up = false;
    dtt_tracker_free(w->nodes[i].t);
    w->nodes[i].t = NULL;
    for (unsigned j = 0; j < w->n_nodes; j++) {
        if (w->nodes[i].links[j]) {
            unlink_nodes(w, i, j);
        }
    }
}

static void world_close(struct world *w)
{
    for (size_t i = 0; i < w->n_nodes; i++) {
        dtt_tracker_free(w->nodes[i].t);
    }
    free(w->values);
    free(w->events);
    memset(w, 0, sizeof(*w));
}

#endif
