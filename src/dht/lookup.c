/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/lookup.h"

#include "dht/node_id.h"

#include <stdlib.h>

void dtt_lookup_init(struct dtt_lookup *l, const uint8_t target[DTT_NODE_ID_BYTES], size_t width)
{
    memset(l, 0, sizeof(*l));
    memcpy(l->target, target, DTT_NODE_ID_BYTES);
    l->width = width;
    l->most = DTT_LOOKUP_QUERIES;
    l->improves = true;
}

void dtt_lookup_fini(struct dtt_lookup *l)
{
    free(l->c);
    l->c = NULL;
    l->n = 0;
    l->cap = 0;
}

struct dtt_lookup_node *dtt_lookup_find(const struct dtt_lookup *l, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < l->n; i++) {
        if (dtt_addr_eq(&l->c[i].addr, addr)) {
            return &l->c[i];
        }
    }
    return NULL;
}

static bool is_same_network(const struct dtt_addr *a, const struct dtt_addr *b)
{
    return memcmp(a->ip, b->ip, a->family == DTT_FAMILY_V4 ? 3 : 8) == 0;
}

#define NEVER_BELIEVED UINT8_MAX /* as a number of lies */

/* Its contacts were silent, all that were asked, or it is one of a crowd. */
static bool is_liar(const struct dtt_lookup *l, uint8_t teller)
{
    return l->lies[teller] == NEVER_BELIEVED ||
           (teller > 0 && l->lies[teller] >= DTT_LOOKUP_LIES && l->truth[teller] == 0);
}

/* The distance of two ids as a number, exact enough to compare magnitudes. */
static double distance(const uint8_t *a, const uint8_t *b)
{
    double d = 0;
    for (size_t i = 0; i < DTT_NODE_ID_BYTES; i++) {
        d = d * 256 + (double)(a[i] ^ b[i]);
    }
    return d;
}

bool dtt_lookup_is_crowd(const struct dtt_lookup *l, const struct dtt_lookup_node *c)
{
    return l->crowd > 0 && distance(l->target, c->id) < l->crowd;
}

/* One network has its share of the candidates already. */
static bool is_refused(const struct dtt_lookup *l, const struct dtt_addr *addr)
{
    size_t network = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct dtt_lookup_node *c = &l->c[i];
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): the array is there when n > 0 */
        network += c->state != DTT_LOOKUP_NODE_DEAD && is_same_network(&c->addr, addr);
    }
    return dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL && network >= DTT_LOOKUP_PER_NETWORK;
}

static bool grow(struct dtt_lookup *l)
{
    size_t cap = l->cap ? l->cap * 2 : 16;
    struct dtt_lookup_node *c = realloc(l->c, cap * sizeof(*c));
    if (!c) {
        return false;
    }
    l->c = c;
    l->cap = cap;
    return true;
}

static void take_out(struct dtt_lookup *l, size_t at)
{
    memmove(&l->c[at], &l->c[at + 1], (l->n - at - 1) * sizeof(*l->c));
    l->n--;
}

static bool is_waiting(const struct dtt_lookup_node *c)
{
    return c->state == DTT_LOOKUP_NODE_FRESH && !c->again;
}

/* The teller with most contacts not asked yet. */
static uint8_t loudest(const struct dtt_lookup *l)
{
    uint8_t waiting[DTT_LOOKUP_TELLERS] = {0};
    uint8_t most = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct dtt_lookup_node *c = &l->c[i];
        if (is_waiting(c) && ++waiting[c->teller] > waiting[most]) {
            most = c->teller;
        }
    }
    return most;
}

/*
 * Makes room: forgets a dead one, or the farthest not yet asked of whoever named most of them, so
 * that nobody pushes out what others say.
 */
static bool make_room(struct dtt_lookup *l, const struct dtt_lookup_node *fresh)
{
    uint8_t teller = loudest(l);
    size_t out = l->n;
    for (size_t i = 0; i < l->n; i++) {
        if (l->c[i].state == DTT_LOOKUP_NODE_DEAD) {
            out = i;
            break;
        }
        if (is_waiting(&l->c[i]) && l->c[i].teller == teller) {
            out = i;
        }
    }
    if (out == l->n || (l->c[out].state != DTT_LOOKUP_NODE_DEAD && fresh->teller == teller &&
                        dtt_node_id_cmp(l->target, fresh->id, l->c[out].id) > 0)) {
        return false;
    }
    take_out(l, out);
    return true;
}

/* Puts it where its distance says; there is room. Its place. */
static size_t insert(struct dtt_lookup *l, const struct dtt_lookup_node *c)
{
    size_t at = l->n;
    while (at > 0 && dtt_node_id_cmp(l->target, c->id, l->c[at - 1].id) < 0) {
        at--;
    }
    memmove(&l->c[at + 1], &l->c[at], (l->n - at) * sizeof(*l->c));
    l->c[at] = *c;
    l->n++;
    return at;
}

struct dtt_lookup_node *dtt_lookup_rename(struct dtt_lookup *l, struct dtt_lookup_node *c,
                                          const uint8_t id[DTT_NODE_ID_BYTES])
{
    struct dtt_lookup_node copy = *c;
    if (memcmp(c->id, id, DTT_NODE_ID_BYTES) == 0) {
        return c;
    }
    memcpy(copy.id, id, DTT_NODE_ID_BYTES);
    take_out(l, (size_t)(c - l->c));
    return &l->c[insert(l, &copy)];
}

/* Somebody else names a candidate: his word may be the better one. */
static void hear_again(struct dtt_lookup *l, struct dtt_lookup_node *known,
                       const struct dtt_lookup_node *fresh)
{
    bool is_nearer = dtt_node_id_cmp(l->target, fresh->id, known->id) < 0;
    if (is_liar(l, known->teller) || (is_waiting(known) && is_nearer)) {
        known->teller = fresh->teller;
    }
    if (is_waiting(known) && is_nearer) { /* what its id is it tells itself when asked */
        known = dtt_lookup_rename(l, known, fresh->id);
        l->improves = l->improves || (size_t)(known - l->c) < l->width;
    }
}

static bool add(struct dtt_lookup *l, const struct dtt_lookup_node *fresh)
{
    if (is_liar(l, fresh->teller)) {
        return false;
    }
    struct dtt_lookup_node *known = dtt_lookup_find(l, &fresh->addr);
    if (known) {
        hear_again(l, known, fresh);
        return false;
    }
    if (is_refused(l, &fresh->addr)) {
        return false;
    }
    if (l->n == DTT_LOOKUP_CANDIDATES && !make_room(l, fresh)) {
        return false;
    }
    if (l->n == l->cap && !grow(l)) {
        return false;
    }
    if (insert(l, fresh) < l->width) {
        l->improves = true;
    }
    return true;
}

bool dtt_lookup_add(struct dtt_lookup *l, const uint8_t id[DTT_NODE_ID_BYTES],
                    const struct dtt_addr *addr, uint8_t teller)
{
    struct dtt_lookup_node c = {.addr = *addr, .teller = teller};
    memcpy(c.id, id, sizeof(c.id));
    return add(l, &c);
}

bool dtt_lookup_add_answered(struct dtt_lookup *l, const struct dtt_lookup_node *c)
{
    struct dtt_lookup_node copy = *c;
    copy.state = DTT_LOOKUP_NODE_ANSWERED;
    copy.teller = 0;
    copy.number = 0;
    return add(l, &copy);
}

/* Should be asked, first or once more. Nobody is asked on the word of a liar. */
static bool is_wanted(const struct dtt_lookup *l, const struct dtt_lookup_node *c)
{
    return (c->state == DTT_LOOKUP_NODE_FRESH || c->state == DTT_LOOKUP_NODE_SLOW) &&
           (c->again || !is_liar(l, c->teller));
}

/* Will be asked, as there are queries left for it. */
static bool is_open(const struct dtt_lookup *l, const struct dtt_lookup_node *c)
{
    bool is_exhausted = l->queries >= DTT_LOOKUP_QUERIES || l->queries >= l->most + l->wasted;
    return is_wanted(l, c) && (c->again || !is_exhausted);
}

/* Takes one of the `width` places: neither dead nor known to be of no use. */
static bool counts(const struct dtt_lookup *l, const struct dtt_lookup_node *c)
{
    switch ((enum dtt_lookup_node_state)c->state) {
    case DTT_LOOKUP_NODE_DEAD: return false;
    case DTT_LOOKUP_NODE_ANSWERED:
        return !dtt_lookup_is_crowd(l, c) && (!l->needs_token || c->token_len > 0);
    case DTT_LOOKUP_NODE_ASKED: return true;
    case DTT_LOOKUP_NODE_FRESH:
    case DTT_LOOKUP_NODE_SLOW: break;
    }
    return is_open(l, c);
}

/* The farthest of the `width` closest that count or would; NULL when there are not as many. */
static const struct dtt_lookup_node *last_of_width(const struct dtt_lookup *l)
{
    size_t rank = 0;
    for (size_t i = 0; i < l->n; i++) {
        rank += counts(l, &l->c[i]) || is_wanted(l, &l->c[i]);
        if (rank == l->width) {
            return &l->c[i];
        }
    }
    return NULL;
}

void dtt_lookup_set_neighbourhood(struct dtt_lookup *l, const uint8_t self[DTT_NODE_ID_BYTES],
                                  const uint8_t neighbour[DTT_NODE_ID_BYTES])
{
    l->usual = distance(self, neighbour) / DTT_LOOKUP_USUAL;
}

/* Nobody can name much closer candidates. */
static bool is_near(const struct dtt_lookup *l)
{
    const struct dtt_lookup_node *last = l->usual > 0 ? last_of_width(l) : NULL;
    return last && distance(l->target, last->id) < DTT_LOOKUP_NEAR * l->usual * (double)l->width;
}

/*
 * All of the `width` closest are asked in the end; those known to be quick come first, so that
 * first values and closer contacts come early.
 */
struct dtt_lookup_node *dtt_lookup_next(struct dtt_lookup *l)
{
    size_t limit = l->improves && !is_near(l) ? DTT_LOOKUP_ALPHA : l->width;
    struct dtt_lookup_node *next = NULL;
    size_t rank = 0;
    if (l->in_flight >= limit) {
        return NULL;
    }
    for (size_t i = 0; i < l->n && rank < l->width; i++) {
        struct dtt_lookup_node *c = &l->c[i];
        if (is_open(l, c) && (!next || c->rtt_us < next->rtt_us)) {
            next = c;
        }
        rank += counts(l, c);
    }
    return next;
}

void dtt_lookup_sent(struct dtt_lookup *l, struct dtt_lookup_node *c)
{
    l->asked += c->sends == 0 && !c->again;
    l->in_flight += c->state != DTT_LOOKUP_NODE_ASKED;
    l->queries += !c->again; /* the others are few: width * DTT_DHT_ROUNDS at most */
    c->sends++;
    c->state = DTT_LOOKUP_NODE_ASKED;
}

static void leave_flight(struct dtt_lookup *l, const struct dtt_lookup_node *c)
{
    l->in_flight -= c->state == DTT_LOOKUP_NODE_ASKED;
}

static void count_up(uint8_t *n)
{
    *n = (uint8_t)(*n + (*n < NEVER_BELIEVED - 1));
}

bool dtt_lookup_answered(struct dtt_lookup *l, struct dtt_lookup_node *c)
{
    if (c->state == DTT_LOOKUP_NODE_ANSWERED) {
        return false;
    }
    leave_flight(l, c);
    c->state = DTT_LOOKUP_NODE_ANSWERED;
    if (c->number == 0) {
        l->answered++;
        count_up(&l->truth[c->teller]);
        c->number = l->n_tellers + 1 < DTT_LOOKUP_TELLERS ? ++l->n_tellers : l->n_tellers;
        if (dtt_lookup_is_crowd(l, c)) {
            l->lies[c->number] = NEVER_BELIEVED;
        }
    }
    l->improves = false;
    return true;
}

void dtt_lookup_ask_again(struct dtt_lookup_node *c)
{
    c->state = DTT_LOOKUP_NODE_FRESH;
    c->sends = 0;
    c->again = true;
}

/* What it said before stands. */
static void give_up(struct dtt_lookup *l, struct dtt_lookup_node *c)
{
    if (c->again) {
        c->state = DTT_LOOKUP_NODE_ANSWERED;
    } else {
        c->state = DTT_LOOKUP_NODE_DEAD;
        l->wasted += c->sends;
    }
}

bool dtt_lookup_slow(struct dtt_lookup *l, struct dtt_lookup_node *c)
{
    if (c->state != DTT_LOOKUP_NODE_ASKED) {
        return false;
    }
    leave_flight(l, c);
    if (c->sends < DTT_LOOKUP_SENDS) {
        c->state = DTT_LOOKUP_NODE_SLOW;
        if (!c->again) {
            count_up(&l->lies[c->teller]);
        }
        return false;
    }
    give_up(l, c);
    return !c->again;
}

void dtt_lookup_end(struct dtt_lookup *l)
{
    for (size_t i = 0; i < l->n; i++) {
        if (l->c[i].again) {
            dtt_lookup_dead(l, &l->c[i]);
        }
    }
}

void dtt_lookup_dead(struct dtt_lookup *l, struct dtt_lookup_node *c)
{
    if (c->state != DTT_LOOKUP_NODE_ANSWERED) {
        leave_flight(l, c);
        give_up(l, c);
    }
}

bool dtt_lookup_is_done(const struct dtt_lookup *l)
{
    size_t rank = 0;
    for (size_t i = 0; i < l->n && rank < l->width; i++) {
        if (!counts(l, &l->c[i])) {
            continue;
        }
        if (l->c[i].state != DTT_LOOKUP_NODE_ANSWERED) {
            return false;
        }
        rank++;
    }
    return true;
}

bool dtt_lookup_beyond(const struct dtt_lookup *l, size_t rank, uint8_t ret[DTT_NODE_ID_BYTES])
{
    const struct dtt_lookup_node *last = NULL;
    size_t dead = 0;
    for (size_t i = 0; i < l->n && rank > 0; i++) {
        if (!is_liar(l, l->c[i].teller)) {
            last = &l->c[i];
            dead += last->state == DTT_LOOKUP_NODE_DEAD;
            rank--;
        }
    }
    if (rank > 0 || dead == 0) {
        return false;
    }
    /* Nodes that share exactly as many bits with the target as the last one are sorted by their
     * distance to this as they are by their distance to the target. */
    unsigned bit = dtt_node_id_common(l->target, last->id);
    memcpy(ret, l->target, DTT_NODE_ID_BYTES);
    if (bit < DTT_NODE_ID_BITS) {
        ret[bit / 8] ^= (uint8_t)(0x80u >> bit % 8);
    }
    return true;
}

bool dtt_lookup_avoid_crowd(struct dtt_lookup *l, const uint8_t self[DTT_NODE_ID_BYTES],
                            const uint8_t neighbour[DTT_NODE_ID_BYTES])
{
    const struct dtt_lookup_node *last = last_of_width(l);
    double usual = distance(self, neighbour) / DTT_LOOKUP_CROWDED;
    if (!last || l->crowd > 0 ||
        distance(l->target, last->id) >= usual * (double)l->width / DTT_LOOKUP_USUAL) {
        return false;
    }
    l->crowd = usual;
    l->queries = 0; /* each of the two looks has its own bound */
    l->wasted = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (l->c[i].number > 0 && dtt_lookup_is_crowd(l, &l->c[i])) {
            l->lies[l->c[i].number] = NEVER_BELIEVED;
        }
    }
    return true;
}

void dtt_lookup_compact(struct dtt_lookup *l, size_t max)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n && kept < max; i++) {
        if (l->c[i].state == DTT_LOOKUP_NODE_ANSWERED) {
            l->c[kept++] = l->c[i];
        }
    }
    l->n = kept;
    if (kept == 0) {
        dtt_lookup_fini(l);
        return;
    }
    struct dtt_lookup_node *c = realloc(l->c, kept * sizeof(*c));
    if (c) {
        l->c = c;
        l->cap = kept;
    }
}
