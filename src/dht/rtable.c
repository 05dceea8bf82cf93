/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/rtable.h"

#include "dht/node_id.h"

#include <assert.h>
#include <stdlib.h>

void dtt_rtable_init(struct dtt_rtable *table, uint8_t family,
                     const uint8_t self[DTT_NODE_ID_BYTES])
{
    memset(table, 0, sizeof(*table));
    table->family = family;
    memcpy(table->self, self, DTT_NODE_ID_BYTES);
}

void dtt_rtable_fini(struct dtt_rtable *table)
{
    free(table->buckets);
    table->buckets = NULL;
    table->n = 0;
    table->live = 0;
}

struct dtt_addr dtt_rnode_addr(const struct dtt_rtable *table, const struct dtt_rnode *node)
{
    struct dtt_addr a = {.port = node->port, .family = table->family};
    memcpy(a.ip, node->ip, sizeof(a.ip));
    return a;
}

static bool has_addr(const struct dtt_rnode *node, const struct dtt_addr *addr)
{
    return node->port == addr->port && memcmp(node->ip, addr->ip, sizeof(node->ip)) == 0;
}

static bool is_same_network(const struct dtt_rtable *table, const uint8_t *a, const uint8_t *b)
{
    return memcmp(a, b, table->family == DTT_FAMILY_V4 ? 3 : 8) == 0;
}

static uint32_t now_s(struct dtt_now now)
{
    return (uint32_t)(now.mono_ns / DTT_S);
}

static size_t index_of(const struct dtt_rtable *table, const uint8_t id[DTT_NODE_ID_BYTES])
{
    size_t common = dtt_node_id_common(table->self, id);
    return common < table->n ? common : table->n - 1;
}

struct dtt_rbucket *dtt_rtable_bucket_of(const struct dtt_rtable *table,
                                         const uint8_t id[DTT_NODE_ID_BYTES])
{
    return table->n ? &table->buckets[index_of(table, id)] : NULL;
}

struct dtt_rnode *dtt_rtable_find(const struct dtt_rtable *table, const struct dtt_addr *addr)
{
    if (addr->family != table->family) {
        return NULL;
    }
    for (size_t i = 0; i < table->n; i++) {
        struct dtt_rbucket *b = &table->buckets[i];
        for (size_t j = 0; j < b->live; j++) {
            if (has_addr(&b->nodes[j], addr)) {
                return &b->nodes[j];
            }
        }
    }
    return NULL;
}

static struct dtt_rnode *find_in(struct dtt_rnode *nodes, size_t n, const uint8_t *id)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(nodes[i].id, id, DTT_NODE_ID_BYTES) == 0) {
            return &nodes[i];
        }
    }
    return NULL;
}

struct dtt_rnode *dtt_rtable_find_id(const struct dtt_rtable *table,
                                     const uint8_t id[DTT_NODE_ID_BYTES])
{
    struct dtt_rbucket *b = dtt_rtable_bucket_of(table, id);
    return b ? find_in(b->nodes, b->live, id) : NULL;
}

/* Takes element i out of an array of *n nodes, keeping the order. */
static void take_out(struct dtt_rnode *nodes, uint8_t *n, size_t i)
{
    assert(i < *n);
    memmove(&nodes[i], &nodes[i + 1], (*n - i - 1) * sizeof(*nodes));
    (*n)--;
}

static void drop_live(struct dtt_rtable *table, struct dtt_rnode *node)
{
    struct dtt_rbucket *b = dtt_rtable_bucket_of(table, node->id);
    take_out(b->nodes, &b->live, (size_t)(node - b->nodes));
    assert(table->live > 0);
    table->live--;
}

static void drop_spare(struct dtt_rbucket *b, const uint8_t *id)
{
    struct dtt_rnode *known = find_in(b->spares, b->spare, id);
    if (known) {
        take_out(b->spares, &b->spare, (size_t)(known - b->spares));
    }
}

static void add_spare(struct dtt_rbucket *b, const struct dtt_rnode *node)
{
    drop_spare(b, node->id);
    if (b->spare == DTT_RTABLE_SPARE) {
        take_out(b->spares, &b->spare, 0);
    }
    b->spares[b->spare++] = *node;
}

/* Appends an empty bucket. */
static bool grow(struct dtt_rtable *table)
{
    struct dtt_rbucket *b =
        table->n < DTT_RTABLE_BUCKETS ? realloc(table->buckets, (table->n + 1) * sizeof(*b)) : NULL;
    if (!b) {
        return false;
    }
    table->buckets = b;
    memset(&b[table->n++], 0, sizeof(*b));
    return true;
}

/* Splits the last bucket: nodes with more bits in common with us move on. */
static bool split(struct dtt_rtable *table)
{
    if (!grow(table)) {
        return false;
    }
    struct dtt_rbucket *from = &table->buckets[table->n - 2];
    struct dtt_rbucket *to = &table->buckets[table->n - 1];
    to->refreshed_s = from->refreshed_s;
    for (size_t i = from->live; i-- > 0;) {
        if (index_of(table, from->nodes[i].id) == table->n - 1) {
            to->nodes[to->live++] = from->nodes[i];
            take_out(from->nodes, &from->live, i);
        }
    }
    for (size_t i = from->spare; i-- > 0;) {
        if (index_of(table, from->spares[i].id) == table->n - 1) {
            add_spare(to, &from->spares[i]);
            take_out(from->spares, &from->spare, i);
        }
    }
    return true;
}

/* The limits on global addresses. A node that failed does not count. */
static bool is_crowded(const struct dtt_rtable *table, const struct dtt_rbucket *b,
                       const struct dtt_rnode *node)
{
    size_t network = 0;
    if (!(node->flags & DTT_RNODE_GLOBAL)) {
        return false;
    }
    for (size_t i = 0; i < table->n; i++) {
        const struct dtt_rbucket *other = &table->buckets[i];
        for (size_t j = 0; j < other->live; j++) {
            const struct dtt_rnode *o = &other->nodes[j];
            if (o->fails >= DTT_RTABLE_FAILS_BAD) {
                continue;
            }
            if (memcmp(o->ip, node->ip, sizeof(node->ip)) == 0) {
                return true;
            }
            network += other == b && is_same_network(table, o->ip, node->ip);
        }
    }
    return network >= DTT_RTABLE_PER_NETWORK;
}

/* The live node that has to make room for `n` in a full bucket, or NULL. */
static struct dtt_rnode *weakest(struct dtt_rbucket *b, const struct dtt_rnode *node)
{
    struct dtt_rnode *router = NULL;
    struct dtt_rnode *insecure = NULL;
    for (size_t i = 0; i < b->live; i++) {
        struct dtt_rnode *o = &b->nodes[i];
        if (o->fails >= DTT_RTABLE_FAILS_BAD) {
            return o;
        }
        router = o->flags & DTT_RNODE_ROUTER ? o : router;
        insecure = o->flags & DTT_RNODE_SECURE ? insecure : o;
    }
    if (router && !(node->flags & DTT_RNODE_ROUTER)) {
        return router;
    }
    return node->flags & DTT_RNODE_SECURE ? insecure : NULL;
}

static struct dtt_rnode make_node(const uint8_t *id, const struct dtt_addr *addr, unsigned flags)
{
    struct dtt_rnode n = {.port = addr->port, .flags = (uint8_t)flags};
    memcpy(n.id, id, sizeof(n.id));
    memcpy(n.ip, addr->ip, sizeof(n.ip));
    n.flags |= dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL ? DTT_RNODE_GLOBAL : 0;
    n.flags |= dtt_node_id_is_secure(id, addr) ? DTT_RNODE_SECURE : 0;
    return n;
}

static void touch(struct dtt_rnode *node, struct dtt_now now, uint64_t rtt_ns, unsigned flags)
{
    uint64_t sample = rtt_ns / (100 * DTT_US) + 1;
    sample = sample > UINT16_MAX ? UINT16_MAX : sample;
    node->rtt = (uint16_t)(node->rtt ? (node->rtt * 7u + sample) / 8 : sample);
    node->heard_s = now_s(now);
    node->fails = 0;
    node->flags |= (uint8_t)flags;
    if (flags & DTT_RNODE_BEP44) {
        node->flags &= (uint8_t)~DTT_RNODE_NO_BEP44;
    }
}

/* True when it is live. */
static bool insert(struct dtt_rtable *table, const struct dtt_rnode *node)
{
    if (table->n == 0 && !grow(table)) {
        return false;
    }
    struct dtt_rbucket *b = dtt_rtable_bucket_of(table, node->id);
    if (is_crowded(table, b, node)) {
        return false;
    }
    while (b->live == DTT_RTABLE_K && b == &table->buckets[table->n - 1] && split(table)) {
        b = dtt_rtable_bucket_of(table, node->id);
    }
    struct dtt_rnode *out = b->live == DTT_RTABLE_K ? weakest(b, node) : NULL;
    if (b->live == DTT_RTABLE_K && !out) {
        add_spare(b, node);
        return false;
    }
    drop_spare(b, node->id);
    if (out) {
        struct dtt_rnode gone = *out;
        *out = *node;
        if (gone.fails == 0) {
            add_spare(b, &gone);
        }
    } else {
        b->nodes[b->live++] = *node;
        table->live++;
    }
    return true;
}

bool dtt_rtable_seen(struct dtt_rtable *table, struct dtt_now now,
                     const uint8_t id[DTT_NODE_ID_BYTES], const struct dtt_addr *addr,
                     uint64_t rtt_ns, unsigned flags)
{
    if (addr->family != table->family || memcmp(id, table->self, DTT_NODE_ID_BYTES) == 0) {
        return false;
    }
    struct dtt_rnode *n = dtt_rtable_find_id(table, id);
    if (n && has_addr(n, addr)) {
        touch(n, now, rtt_ns, flags);
        return false;
    }
    if (n && n->fails == 0 && now_s(now) - n->heard_s < DTT_RTABLE_GOOD_S) {
        return false; /* the first holder of an id keeps it while it answers */
    }
    if (n) {
        drop_live(table, n);
    }
    n = dtt_rtable_find(table, addr);
    if (n) {
        drop_live(table, n); /* the node at this endpoint has a new id */
    }
    struct dtt_rnode fresh = make_node(id, addr, flags);
    touch(&fresh, now, rtt_ns, flags);
    return insert(table, &fresh);
}

bool dtt_rtable_suggest(struct dtt_rtable *table, const uint8_t id[DTT_NODE_ID_BYTES],
                        const struct dtt_addr *addr)
{
    if (addr->family != table->family || !dtt_addr_is_usable(addr) ||
        memcmp(id, table->self, DTT_NODE_ID_BYTES) == 0) {
        return false;
    }
    struct dtt_rbucket *b = dtt_rtable_bucket_of(table, id);
    if (!b) {
        return true;
    }
    struct dtt_rnode n = make_node(id, addr, 0);
    struct dtt_rnode *known = find_in(b->nodes, b->live, id);
    if (known && (has_addr(known, addr) || known->fails == 0)) {
        return false;
    }
    if (is_crowded(table, b, &n)) {
        return dtt_rtable_find(table, addr) != NULL; /* it seems to have changed its id */
    }
    bool is_last = b == &table->buckets[table->n - 1] && table->n < DTT_RTABLE_BUCKETS;
    if (known || b->live < DTT_RTABLE_K || is_last || weakest(b, &n)) {
        return true;
    }
    add_spare(b, &n);
    return false;
}

bool dtt_rtable_failed(struct dtt_rtable *table, const struct dtt_addr *addr, unsigned weight,
                       struct dtt_rnode *ret)
{
    struct dtt_rnode *n = dtt_rtable_find(table, addr);
    if (!n) {
        return false;
    }
    struct dtt_rbucket *b = dtt_rtable_bucket_of(table, n->id);
    n->fails = (uint8_t)(n->fails + weight > UINT8_MAX ? UINT8_MAX : n->fails + weight);
    bool is_bad = n->fails >= DTT_RTABLE_FAILS_BAD;
    if (n->fails >= DTT_RTABLE_FAILS_MAX) {
        drop_live(table, n);
    }
    if (!is_bad || b->spare == 0) {
        return false;
    }
    *ret = b->spares[--b->spare];
    return true;
}

/* Sorted insertion into the `*n` closest found so far. */
static void offer(const struct dtt_rnode *node, const uint8_t *target, size_t max, size_t *n,
                  const struct dtt_rnode **ret)
{
    size_t at = *n;
    while (at > 0 && dtt_node_id_cmp(target, node->id, ret[at - 1]->id) < 0) {
        at--;
    }
    if (at == max) {
        return;
    }
    size_t tail = *n < max ? *n - at : max - at - 1;
    memmove(&ret[at + 1], &ret[at], tail * sizeof(struct dtt_rnode *));
    ret[at] = node;
    *n += *n < max;
}

size_t dtt_rtable_closest(const struct dtt_rtable *table, const uint8_t target[DTT_NODE_ID_BYTES],
                          bool global_only, const uint8_t *exclude, size_t max,
                          const struct dtt_rnode **ret)
{
    size_t n = 0;
    if (table->n == 0) {
        return 0;
    }
    /*
     * Three rings of growing distance: the target's own bucket, all buckets beyond it (whose nodes
     * share exactly as many bits with the target as we do), then one bucket after the other back.
     */
    size_t home = index_of(table, target);
    for (size_t step = 0; step < table->n; step++) {
        size_t i = step < table->n - home ? home + step : table->n - 1 - step;
        bool ring_ends = step == 1 || i < home;
        if (n == max && ring_ends) {
            break;
        }
        const struct dtt_rbucket *b = &table->buckets[i];
        for (size_t j = 0; j < b->live; j++) {
            const struct dtt_rnode *node = &b->nodes[j];
            if (node->fails >= DTT_RTABLE_FAILS_BAD ||
                (global_only && !(node->flags & DTT_RNODE_GLOBAL)) ||
                (exclude && memcmp(node->id, exclude, DTT_NODE_ID_BYTES) == 0)) {
                continue;
            }
            offer(node, target, max, &n, ret);
        }
    }
    return n;
}

void dtt_rtable_drop_routers(struct dtt_rtable *table)
{
    for (size_t i = 0; i < table->n; i++) {
        struct dtt_rbucket *b = &table->buckets[i];
        for (size_t j = b->live; j-- > 0;) {
            if (b->nodes[j].flags & DTT_RNODE_ROUTER) {
                drop_live(table, &b->nodes[j]);
            }
        }
    }
}

struct dtt_rnode *dtt_rtable_stalest(const struct dtt_rtable *table)
{
    struct dtt_rnode *oldest = NULL;
    for (size_t i = 0; i < table->n; i++) {
        struct dtt_rbucket *b = &table->buckets[i];
        for (size_t j = 0; j < b->live; j++) {
            if (!oldest || b->nodes[j].heard_s < oldest->heard_s) {
                oldest = &b->nodes[j];
            }
        }
    }
    return oldest;
}

void dtt_rtable_set_self(struct dtt_rtable *table, const uint8_t self[DTT_NODE_ID_BYTES])
{
    struct dtt_rtable old = *table;
    dtt_rtable_init(table, old.family, self);
    for (size_t i = 0; i < old.n; i++) {
        for (size_t j = 0; j < old.buckets[i].live; j++) {
            if (memcmp(old.buckets[i].nodes[j].id, self, DTT_NODE_ID_BYTES) != 0) {
                insert(table, &old.buckets[i].nodes[j]);
            }
        }
    }
    dtt_rtable_fini(&old);
}

bool dtt_rtable_is_sound(const struct dtt_rtable *table)
{
    size_t live = 0;
    for (size_t i = 0; i < table->n; i++) {
        const struct dtt_rbucket *b = &table->buckets[i];
        if (b->live > DTT_RTABLE_K || b->spare > DTT_RTABLE_SPARE) {
            return false;
        }
        for (size_t k = 0; k < b->live; k++) {
            if (dtt_rtable_bucket_of(table, b->nodes[k].id) != b) {
                return false;
            }
        }
        live += b->live;
    }
    return table->n <= DTT_RTABLE_BUCKETS && table->live == live;
}
