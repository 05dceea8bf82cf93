/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/lookup.h"

#include "dht/node_id.h"

#include <stdlib.h>

void dtt_lookup_init(struct dtt_lookup *l, const uint8_t target[DTT_NODE_ID_BYTES], size_t width)
{
    memset(l, 0, sizeof(*l));
    memcpy(l->target, target, DTT_NODE_ID_BYTES);
    l->width = width;
    l->improves = true;
}

void dtt_lookup_fini(struct dtt_lookup *l)
{
    free(l->c);
    l->c = NULL;
    l->n = 0;
    l->cap = 0;
}

struct dtt_candidate *dtt_lookup_find(const struct dtt_lookup *l, const struct dtt_addr *addr)
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

/* Already a candidate, its id taken by a living one, or too many of its network. */
static bool is_refused(const struct dtt_lookup *l, const uint8_t *id, const struct dtt_addr *addr)
{
    bool is_global = dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL;
    size_t network = 0;
    for (size_t i = 0; i < l->n; i++) {
        const struct dtt_candidate *c = &l->c[i];
        bool is_dead = c->state == DTT_CANDIDATE_DEAD;
        if (dtt_addr_eq(&c->addr, addr) ||
            (!is_dead && memcmp(c->id, id, DTT_NODE_ID_BYTES) == 0)) {
            return true;
        }
        network += is_global && !is_dead && is_same_network(&c->addr, addr);
    }
    return network >= DTT_LOOKUP_PER_NETWORK;
}

static bool grow(struct dtt_lookup *l)
{
    size_t cap = l->cap ? l->cap * 2 : 16;
    struct dtt_candidate *c = realloc(l->c, cap * sizeof(*c));
    if (!c) {
        return false;
    }
    l->c = c;
    l->cap = cap;
    return true;
}

/* Makes room for a candidate that would stand at `at`: forgets the farthest nobody waits for. */
static bool make_room(struct dtt_lookup *l, size_t at)
{
    for (size_t i = l->n; i-- > at;) {
        uint8_t state = l->c[i].state;
        if (state == DTT_CANDIDATE_FRESH || state == DTT_CANDIDATE_DEAD) {
            memmove(&l->c[i], &l->c[i + 1], (l->n - i - 1) * sizeof(*l->c));
            l->n--;
            return true;
        }
    }
    return false;
}

static bool add(struct dtt_lookup *l, const struct dtt_candidate *fresh)
{
    if (is_refused(l, fresh->id, &fresh->addr)) {
        return false;
    }
    size_t at = l->n;
    while (at > 0 && dtt_node_id_cmp(l->target, fresh->id, l->c[at - 1].id) < 0) {
        at--;
    }
    if (l->n == DTT_LOOKUP_CANDIDATES && !make_room(l, at)) {
        return false;
    }
    if (l->n == l->cap && !grow(l)) {
        return false;
    }
    memmove(&l->c[at + 1], &l->c[at], (l->n - at) * sizeof(*l->c));
    l->c[at] = *fresh;
    l->n++;
    if (at < l->width) {
        l->improves = true;
    }
    return true;
}

bool dtt_lookup_add(struct dtt_lookup *l, const uint8_t id[DTT_NODE_ID_BYTES],
                    const struct dtt_addr *addr)
{
    struct dtt_candidate c = {.addr = *addr};
    memcpy(c.id, id, sizeof(c.id));
    return add(l, &c);
}

bool dtt_lookup_add_answered(struct dtt_lookup *l, const struct dtt_candidate *c)
{
    struct dtt_candidate copy = *c;
    copy.state = DTT_CANDIDATE_ANSWERED;
    return add(l, &copy);
}

/* Takes one of the `width` places: not dead, and not known to be of no use. */
static bool counts(const struct dtt_lookup *l, const struct dtt_candidate *c)
{
    return c->state != DTT_CANDIDATE_DEAD &&
           !(l->needs_token && c->state == DTT_CANDIDATE_ANSWERED && c->token_len == 0);
}

struct dtt_candidate *dtt_lookup_next(struct dtt_lookup *l)
{
    size_t limit = l->improves ? DTT_LOOKUP_ALPHA : l->width;
    size_t rank = 0;
    if (l->in_flight >= limit || l->queries >= DTT_LOOKUP_QUERIES) {
        return NULL;
    }
    for (size_t i = 0; i < l->n && rank < l->width; i++) {
        struct dtt_candidate *c = &l->c[i];
        if (c->state == DTT_CANDIDATE_FRESH || c->state == DTT_CANDIDATE_SLOW) {
            return c;
        }
        rank += counts(l, c);
    }
    return NULL;
}

void dtt_lookup_sent(struct dtt_lookup *l, struct dtt_candidate *c)
{
    l->asked += c->sends == 0;
    l->in_flight += c->state != DTT_CANDIDATE_ASKED;
    l->queries++;
    c->sends++;
    c->state = DTT_CANDIDATE_ASKED;
}

static void leave_flight(struct dtt_lookup *l, const struct dtt_candidate *c)
{
    l->in_flight -= c->state == DTT_CANDIDATE_ASKED;
}

bool dtt_lookup_answered(struct dtt_lookup *l, struct dtt_candidate *c)
{
    if (c->state == DTT_CANDIDATE_ANSWERED) {
        return false;
    }
    leave_flight(l, c);
    c->state = DTT_CANDIDATE_ANSWERED;
    l->answered++;
    l->improves = false;
    return true;
}

bool dtt_lookup_slow(struct dtt_lookup *l, struct dtt_candidate *c)
{
    if (c->state != DTT_CANDIDATE_ASKED) {
        return false;
    }
    leave_flight(l, c);
    c->state = c->sends < DTT_LOOKUP_SENDS ? DTT_CANDIDATE_SLOW : DTT_CANDIDATE_DEAD;
    return c->state == DTT_CANDIDATE_DEAD;
}

void dtt_lookup_dead(struct dtt_lookup *l, struct dtt_candidate *c)
{
    if (c->state != DTT_CANDIDATE_ANSWERED) {
        leave_flight(l, c);
        c->state = DTT_CANDIDATE_DEAD;
    }
}

bool dtt_lookup_is_done(const struct dtt_lookup *l)
{
    size_t rank = 0;
    if (l->queries >= DTT_LOOKUP_QUERIES) {
        return l->in_flight == 0;
    }
    for (size_t i = 0; i < l->n && rank < l->width; i++) {
        if (!counts(l, &l->c[i])) {
            continue;
        }
        if (l->c[i].state != DTT_CANDIDATE_ANSWERED) {
            return false;
        }
        rank++;
    }
    return true;
}

void dtt_lookup_compact(struct dtt_lookup *l, size_t max)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n && kept < max; i++) {
        if (l->c[i].state == DTT_CANDIDATE_ANSWERED) {
            l->c[kept++] = l->c[i];
        }
    }
    l->n = kept;
    if (kept == 0) {
        dtt_lookup_fini(l);
        return;
    }
    struct dtt_candidate *c = realloc(l->c, kept * sizeof(*c));
    if (c) {
        l->c = c;
        l->cap = kept;
    }
}
