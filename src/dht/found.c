/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/found.h"

#include "dht/item.h"

#include <stdlib.h>

void dtt_found_fini(struct dtt_found *found)
{
    for (size_t i = 0; i < found->n_values; i++) {
        free(found->values[i]);
    }
    free(found->values);
    free(found->holders);
    free(found->peers);
    *found = (struct dtt_found){0};
}

/* The array of `n` with room for one more: it doubles at each power of two. NULL: no memory. */
static void *with_room(void *array, size_t n, size_t size)
{
    return (n & (n - 1)) == 0 ? realloc(array, (n ? n * 2 : 1) * size) : array;
}

/* ---- values */

static bool is_valid_value(const struct dtt_ctx *ctx, const struct dtt_goal *goal,
                           const struct dtt_krpc *answer)
{
    if (answer->v.len > DTT_KRPC_VALUE_MAX) {
        return false;
    }
    if (!goal->is_mutable) {
        uint8_t target[DTT_NODE_ID_BYTES];
        dtt_item_target_immutable(target, answer->v);
        return memcmp(target, goal->target, sizeof(target)) == 0;
    }
    return answer->k.len == DTT_KRPC_KEY_BYTES &&
           memcmp(answer->k.data, goal->key, answer->k.len) == 0 &&
           answer->sig.len == DTT_KRPC_SIG_BYTES && answer->seq.is_set &&
           dtt_item_verify(ctx->valid, answer->sig.data, goal->key,
                           dtt_slice(goal->salt, goal->salt_len), answer->seq.n, answer->v);
}

/* The number of the value in this answer, or n_values. */
static size_t find_value(const struct dtt_found *found, bool is_mutable,
                         const struct dtt_krpc *answer)
{
    for (size_t i = 0; i < found->n_values; i++) {
        struct dtt_found_value *v = found->values[i];
        if (dtt_slice_eq(dtt_slice(v->v, v->len), answer->v) &&
            (!is_mutable || (v->seq == answer->seq.n &&
                             dtt_slice_eq(dtt_slice(v->sig, sizeof(v->sig)), answer->sig)))) {
            return i;
        }
    }
    return found->n_values;
}

/* True when the node has not returned this value before. */
static bool add_holder(struct dtt_found *found, size_t value, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < found->n_holders; i++) {
        if (found->holders[i].value == value && dtt_addr_eq(&found->holders[i].addr, addr)) {
            return false;
        }
    }
    struct dtt_dht_holder *holders =
        found->n_holders < DTT_DHT_HOLDERS
            ? with_room(found->holders, found->n_holders, sizeof(*holders))
            : NULL;
    if (!holders) {
        return true;
    }
    found->holders = holders;
    found->holders[found->n_holders++] =
        (struct dtt_dht_holder){.value = (uint32_t)value, .addr = *addr};
    return true;
}

static void add_value(struct dtt_found *found, const struct dtt_addr *from, int64_t seq,
                      const uint8_t *sig, struct dtt_slice raw)
{
    /* Values come one per answer, so their number is bounded by the queries of the lookups. */
    struct dtt_found_value **values =
        with_room(found->values, found->n_values, sizeof(struct dtt_found_value *));
    if (!values) {
        return;
    }
    found->values = values;
    struct dtt_found_value *v = malloc(sizeof(*v) + raw.len);
    if (!v) {
        return;
    }
    *v =
        (struct dtt_found_value){.from = *from, .seq = seq, .holders = 1, .len = (uint16_t)raw.len};
    if (sig) {
        memcpy(v->sig, sig, sizeof(v->sig));
    }
    memcpy(v->v, raw.data, raw.len);
    found->values[found->n_values++] = v;
}

bool dtt_found_take_value(struct dtt_ctx *ctx, struct dtt_found *found, const struct dtt_goal *goal,
                          const struct dtt_addr *from, const struct dtt_krpc *answer)
{
    if (!answer->v.data) {
        return false;
    }
    size_t number = find_value(found, goal->is_mutable, answer);
    bool is_known = number < found->n_values;
    if (!is_known && !is_valid_value(ctx, goal, answer)) {
        DTT_COUNT(ctx, DHT_VALUES_INVALID);
        return false;
    }
    bool is_new = add_holder(found, number, from);
    if (is_known) {
        found->values[number]->holders += is_new;
    } else {
        add_value(found, from, goal->is_mutable ? answer->seq.n : 0,
                  goal->is_mutable ? answer->sig.data : NULL, answer->v);
    }
    return true;
}

void dtt_found_take_own(struct dtt_found *found, const struct dtt_goal *goal,
                        const struct dtt_storage *storage)
{
    struct dtt_storage_item v;
    struct dtt_addr self = {0};
    for (size_t i = 0; dtt_storage_at(storage, goal->target, i, &v); i++) {
        if (v.is_mutable == goal->is_mutable) {
            add_value(found, &self, v.seq, v.sig, v.v);
        }
    }
}

/* ---- peers */

static void add_peer(struct dtt_found *found, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < found->n_peers; i++) {
        if (dtt_addr_eq(&found->peers[i], addr)) {
            return;
        }
    }
    struct dtt_addr *peers = found->n_peers < DTT_FOUND_PEERS
                                 ? with_room(found->peers, found->n_peers, sizeof(*peers))
                                 : NULL;
    if (!peers) {
        return;
    }
    found->peers = peers;
    found->peers[found->n_peers++] = *addr;
}

void dtt_found_take_peers(struct dtt_found *found, struct dtt_slice values,
                          const struct dtt_addr *teller)
{
    struct dtt_reader r = dtt_reader(values);
    struct dtt_addr addr;
    while (dtt_krpc_next_value(&r, &addr)) {
        if (dtt_addr_is_usable(&addr) && dtt_addr_scope(&addr) <= dtt_addr_scope(teller)) {
            add_peer(found, &addr);
        }
    }
}
