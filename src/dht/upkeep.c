/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/upkeep.h"

#include "dht/alive.h"
#include "dht/bootstrap.h"
#include "dht/inside.h"
#include "dht/node_id.h"
#include "dht/walk.h"

#include <dtt/types.h>

#define STEP_NS (5 * DTT_S)        /* between two probes of stale nodes */
#define BUCKET_STEP_NS (1 * DTT_S) /* between two bucket refreshes */
#define REFRESH_S 900u             /* BEP 5: 15 minutes */

void dtt_upkeep_end_hopeless(struct dtt_dht *d, struct dtt_now now)
{
    if (dtt_dht_live(d) == 0 && !dtt_bootstrap_has_hope(d)) {
        dtt_walk_end_waiting(d, now);
    }
}

/* A walk that upkeep needs and nobody waits for; its number, 0 if there is none. */
static uint32_t start_walk(struct dtt_dht *d, struct dtt_now now, const struct dtt_goal *goal)
{
    struct dtt_walk *walk =
        dtt_walk_to(d, now, goal, &(struct dtt_walk_wish){.width = DTT_RTABLE_K});
    if (!walk) {
        return 0;
    }
    uint32_t number = walk->number;
    walk->is_internal = true;
    dtt_walks_release(d, now.mono_ns, walk);
    return number;
}

/* The walk to our own id: it finds the nodes near us. NULL when it is over already. */
static struct dtt_walk *walk_to_self(struct dtt_dht *d, struct dtt_now now)
{
    struct dtt_walk *walk = dtt_walks_by_number(d, d->self_walk);
    if (!walk || dtt_walks_is_over(walk)) {
        struct dtt_goal goal = {.kind = DTT_GOAL_NODES};
        memcpy(goal.target, d->id, sizeof(goal.target));
        d->self_walk = start_walk(d, now, &goal);
        walk = dtt_walks_by_number(d, d->self_walk);
    }
    return walk && !dtt_walks_is_over(walk) ? walk : NULL;
}

void dtt_upkeep_boot_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end)
{
    const struct dtt_addr *to = &end->txn.to;
    if (!dtt_bootstrap_asked(d, now, end)) {
        return;
    }
    if (!end->answer) {
        dtt_alive_silent(d, now, to, 1);
        dtt_upkeep_end_hopeless(d, now);
        dtt_walk_pump_all(d, now);
        return;
    }
    struct dtt_walk *walk = end->answer->type == DTT_KRPC_REPLY ? walk_to_self(d, now) : NULL;
    if (walk) {
        dtt_walk_offer(d, now, walk, end->answer, to);
    }
}

void dtt_upkeep_probed(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end)
{
    dtt_alive_probed(d, now, end);
    if (end->outcome == DTT_QUERY_DEAD) {
        dtt_upkeep_end_hopeless(d, now);
        /* Weight 2: a second silence after the one that made us ask, or a stale node's only one. */
        dtt_alive_silent(d, now, &end->txn.to, 2);
    }
}

/* ---- refresh */

void dtt_upkeep_node_live(struct dtt_dht *d, struct dtt_now now, bool is_first)
{
    if (is_first) {
        walk_to_self(d, now);
    }
    for (size_t side = 0; side < 2; side++) {
        if (d->tables[side].live == DTT_BOOTSTRAP_ROUTERS_UNTIL) {
            dtt_rtable_drop_routers(&d->tables[side]);
        }
    }
    if (d->refresh_ns == DTT_NEVER) {
        d->refresh_ns = now.mono_ns + STEP_NS;
    }
}

void dtt_upkeep_set_id(struct dtt_dht *d, const uint8_t id[DTT_NODE_ID_BYTES])
{
    memmove(d->id, id, DTT_NODE_ID_BYTES);
    dtt_rtable_set_self(&d->tables[0], d->id);
    dtt_rtable_set_self(&d->tables[1], d->id);
    d->self_walk = 0; /* one to the old id ends by itself */
    d->knows_neighbours = false;
}

void dtt_upkeep_address_known(struct dtt_dht *d, struct dtt_now now)
{
    uint8_t id[DTT_NODE_ID_BYTES];
    /* One id serves both families; IPv4, the larger DHT, decides. */
    for (size_t side = 0; side < 2; side++) {
        const struct dtt_addr *a = &d->votes[side].opinion;
        if (dtt_addr_scope(a) != DTT_SCOPE_GLOBAL) {
            continue;
        }
        if (!dtt_node_id_is_secure(d->id, a)) {
            dtt_node_id_for_addr(&d->rng, a, id);
            dtt_upkeep_set_id(d, id);
            walk_to_self(d, now);
        }
        return;
    }
}

static void make_buckets_due(struct dtt_dht *d)
{
    for (size_t side = 0; side < 2; side++) {
        struct dtt_rtable *t = &d->tables[side];
        for (size_t i = 0; i + 1 < t->n; i++) {
            t->buckets[i].refreshed_s = 0;
        }
    }
}

void dtt_upkeep_woke(struct dtt_dht *d, struct dtt_now now)
{
    dtt_bootstrap_woke(d, now);
    make_buckets_due(d);
    if (dtt_dht_live(d) > 0) {
        walk_to_self(d, now);
        d->refresh_ns = now.mono_ns;
    }
}

/* After the walk to ourselves, the buckets it did not fill are looked at one by one. */
void dtt_upkeep_walk_ended(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *walk)
{
    if (walk->number == d->self_walk) {
        d->self_walk = 0;
        d->knows_neighbours = true;
        make_buckets_due(d);
        d->refresh_ns = now.mono_ns + BUCKET_STEP_NS;
    }
    if (walk->number == d->refresh_walk) {
        d->refresh_walk = 0;
    }
}

/* When a bucket is to be looked into: never while it is full, at once when it never was. */
static uint64_t due_ns(const struct dtt_rbucket *b)
{
    return b->live == DTT_RTABLE_K ? DTT_NEVER
           : b->refreshed_s        ? (b->refreshed_s + (uint64_t)REFRESH_S) * DTT_S
                                   : 0;
}

/* Starts the refresh of one bucket with room in it; false when none is due. */
static bool refresh_bucket(struct dtt_dht *d, struct dtt_now now)
{
    uint32_t now_s = (uint32_t)(now.mono_ns / DTT_S);
    for (size_t side = 0; side < 2; side++) {
        struct dtt_rtable *t = &d->tables[side];
        for (size_t i = 0; i < t->n; i++) {
            struct dtt_rbucket *b = &t->buckets[i];
            if (due_ns(b) > now.mono_ns) {
                continue;
            }
            struct dtt_goal goal = {.kind = DTT_GOAL_NODES};
            bool is_last = i + 1 == t->n;
            dtt_node_id_random_in(&d->rng, d->id, is_last ? DTT_NODE_ID_BITS : (unsigned)i,
                                  goal.target);
            b->refreshed_s = now_s ? now_s : 1;
            d->refresh_walk = start_walk(d, now, &goal);
            return true;
        }
    }
    return false;
}

/* Asks the node we have not heard from for the longest time, in a useful way. */
static bool refresh_node(struct dtt_dht *d, struct dtt_now now)
{
    uint32_t now_s = (uint32_t)(now.mono_ns / DTT_S);
    for (size_t side = 0; side < 2; side++) {
        struct dtt_rtable *t = &d->tables[side];
        struct dtt_rnode *n = dtt_rtable_stalest(t);
        if (!n || now_s - n->heard_s < REFRESH_S) {
            continue;
        }
        uint8_t target[DTT_NODE_ID_BYTES];
        dtt_node_id_random_in(&d->rng, d->id, dtt_node_id_common(d->id, n->id), target);
        struct dtt_krpc q = {.method = DTT_KRPC_M_FIND_NODE,
                             .target = dtt_slice(target, sizeof(target))};
        struct dtt_addr addr = dtt_rnode_addr(t, n);
        dtt_alive_probe(d, now, &addr, &q);
        return true;
    }
    return false;
}

/* When a node or a bucket will be due, not before `step` from now. */
static uint64_t next_refresh(const struct dtt_dht *d, struct dtt_now now, uint64_t step)
{
    uint64_t at = DTT_NEVER;
    for (size_t side = 0; side < 2; side++) {
        const struct dtt_rtable *t = &d->tables[side];
        const struct dtt_rnode *n = dtt_rtable_stalest(t);
        if (n) {
            at = dtt_min_ns(at, (n->heard_s + (uint64_t)REFRESH_S) * DTT_S);
        }
        for (size_t i = 0; i < t->n; i++) {
            at = dtt_min_ns(at, due_ns(&t->buckets[i]));
        }
    }
    return at == DTT_NEVER || at > now.mono_ns + step ? at : now.mono_ns + step;
}

/* ---- time */

uint64_t dtt_upkeep_deadline(const struct dtt_dht *d)
{
    uint64_t at = dtt_min_ns(dtt_bootstrap_deadline(d), dtt_min_ns(d->refresh_ns, d->trim_ns));
    return dtt_min_ns(
        at, dtt_min_ns(dtt_storage_deadline(&d->storage), dtt_peerstore_deadline(&d->peers)));
}

void dtt_upkeep_tick(struct dtt_dht *d, struct dtt_now now)
{
    dtt_bootstrap_tick(d, now);
    if (d->refresh_ns <= now.mono_ns) {
        bool bucket = !dtt_walks_by_number(d, d->refresh_walk) && refresh_bucket(d, now);
        bool node = !bucket && refresh_node(d, now);
        d->refresh_ns = next_refresh(d, now, node ? STEP_NS : BUCKET_STEP_NS);
    }
    dtt_storage_tick(&d->storage, now);
    dtt_peerstore_tick(&d->peers, now);
    if (d->trim_ns <= now.mono_ns) {
        dtt_outq_trim(&d->out);
        dtt_txns_trim(&d->txns);
        d->trim_ns = DTT_NEVER;
    }
}
