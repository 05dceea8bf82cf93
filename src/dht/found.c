/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a walk has found: distinct values, who holds them, peers. */
#include "dht/inside.h"
#include "dht/item.h"

#include <stdlib.h>

void dtt_walk_found_free(struct dtt_walk *w)
{
    for (size_t i = 0; i < w->n_values; i++) {
        free(w->values[i]);
    }
    free(w->values);
    free(w->holders);
    free(w->peers);
}

/* ---- values */

static bool is_valid_value(const struct dtt_dht *d, const struct dtt_walk_goal *goal,
                           const struct dtt_krpc *m)
{
    if (m->v.len > DTT_KRPC_VALUE_MAX) {
        return false;
    }
    if (!goal->is_mutable) {
        uint8_t target[DTT_NODE_ID_BYTES];
        dtt_item_target_immutable(target, m->v);
        return memcmp(target, goal->target, sizeof(target)) == 0;
    }
    return m->k.len == DTT_KRPC_KEY_BYTES && memcmp(m->k.data, goal->key, m->k.len) == 0 &&
           m->sig.len == DTT_KRPC_SIG_BYTES && m->seq.is_set &&
           dtt_item_verify(d->ctx->valid, m->sig.data, goal->key,
                           dtt_slice(goal->salt, goal->salt_len), m->seq.n, m->v);
}

/* Its number, or n_values. */
static size_t find_value(const struct dtt_walk *w, const struct dtt_krpc *m)
{
    for (size_t i = 0; i < w->n_values; i++) {
        struct dtt_walk_value *v = w->values[i];
        if (dtt_slice_eq(dtt_slice(v->v, v->len), m->v) &&
            (!w->goal.is_mutable ||
             (v->seq == m->seq.n && dtt_slice_eq(dtt_slice(v->sig, sizeof(v->sig)), m->sig)))) {
            return i;
        }
    }
    return w->n_values;
}

/* True when the node has not returned this value before. */
static bool add_holder(struct dtt_walk *w, size_t value, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < w->n_holders; i++) {
        if (w->holders[i].value == value && dtt_addr_eq(&w->holders[i].addr, addr)) {
            return false;
        }
    }
    if (w->n_holders == DTT_DHT_HOLDERS) {
        return true;
    }
    if ((w->n_holders & (w->n_holders - 1)) == 0) { /* the array doubles at each power of two */
        size_t cap = w->n_holders ? w->n_holders * 2 : 1;
        struct dtt_dht_holder *holders = realloc(w->holders, cap * sizeof(*holders));
        if (!holders) {
            return true;
        }
        w->holders = holders;
    }
    w->holders[w->n_holders++] = (struct dtt_dht_holder){.value = (uint32_t)value, .addr = *addr};
    return true;
}

static void add_value(struct dtt_walk *w, const struct dtt_addr *from, int64_t seq,
                      const uint8_t *sig, struct dtt_slice raw)
{
    /* Values come one per answer, so their number is bounded by the queries of the lookups. */
    size_t n = w->n_values + 1;
    struct dtt_walk_value **values = realloc(w->values, n * sizeof(struct dtt_walk_value *));
    if (!values) {
        return;
    }
    w->values = values;
    struct dtt_walk_value *v = malloc(sizeof(*v) + raw.len);
    if (!v) {
        return;
    }
    *v = (struct dtt_walk_value){.from = *from, .seq = seq, .holders = 1, .len = (uint16_t)raw.len};
    if (sig) {
        memcpy(v->sig, sig, sizeof(v->sig));
    }
    memcpy(v->v, raw.data, raw.len);
    w->values[w->n_values++] = v;
}

void dtt_walk_take_value(struct dtt_dht *d, struct dtt_walk *w, struct dtt_lookup_node *c,
                         const struct dtt_krpc *m)
{
    if (!m->v.data || w->goal.kind != DTT_WALK_GET) {
        return;
    }
    size_t number = find_value(w, m);
    bool is_known = number < w->n_values;
    if (!is_known && !is_valid_value(d, &w->goal, m)) {
        DTT_COUNT(d->ctx, DHT_VALUES_INVALID);
        return;
    }
    c->has_value = true;
    if (m->siblings.n > 1) {
        c->siblings = (uint8_t)dtt_min_ns((uint64_t)m->siblings.n, DTT_STORAGE_SIBLINGS);
        w->siblings = c->siblings > w->siblings ? c->siblings : w->siblings;
    }
    bool is_new = add_holder(w, number, &c->addr);
    if (is_known) {
        w->values[number]->holders += is_new;
    } else {
        add_value(w, &c->addr, w->goal.is_mutable ? m->seq.n : 0,
                  w->goal.is_mutable ? m->sig.data : NULL, m->v);
    }
}

void dtt_walk_take_own_values(struct dtt_dht *d, struct dtt_walk *w)
{
    struct dtt_storage_value v;
    struct dtt_addr self = {0};
    if (w->goal.kind != DTT_WALK_GET) {
        return;
    }
    for (size_t i = 0; dtt_storage_at(&d->storage, w->goal.target, i, &v); i++) {
        if (v.is_mutable == w->goal.is_mutable) {
            add_value(w, &self, v.seq, v.sig, v.v);
        }
    }
}

/* ---- peers */

static void add_peer(struct dtt_walk *w, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < w->n_peers; i++) {
        if (dtt_addr_eq(&w->peers[i], addr)) {
            return;
        }
    }
    if (w->n_peers == DTT_DHT_WALK_PEERS) {
        return;
    }
    if ((w->n_peers & (w->n_peers - 1)) == 0) { /* the array doubles at each power of two */
        size_t cap = w->n_peers ? w->n_peers * 2 : 1;
        struct dtt_addr *peers = realloc(w->peers, cap * sizeof(*peers));
        if (!peers) {
            return;
        }
        w->peers = peers;
    }
    w->peers[w->n_peers++] = *addr;
}

void dtt_walk_take_peers(struct dtt_walk *w, struct dtt_slice values, const struct dtt_addr *teller)
{
    struct dtt_reader r = dtt_reader(values);
    struct dtt_addr addr;
    if (w->goal.kind != DTT_WALK_PEERS) {
        return;
    }
    while (dtt_krpc_next_value(&r, &addr)) {
        if (dtt_addr_is_usable(&addr) && dtt_contact_is_tellable(&addr, teller)) {
            add_peer(w, &addr);
        }
    }
}
