/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Keeping the routing tables true: contacts to start from, pings to newcomers, one look at the
 * stalest node or bucket at a time, and giving unused memory back. No timer runs without a reason.
 */
#include "dht/inside.h"
#include "dht/node_id.h"

#include <dtt/types.h>
#include <stdlib.h>

#define BOOT_MIN_LIVE      DTT_RTABLE_K
#define BOOT_WAIT_FIRST_NS (5 * DTT_S)
#define BOOT_WAIT_MAX_NS   (300 * DTT_S)
#define BOOT_SENDS         2
#define BOOT_VOICES        2           /* whose word an operation ends on */
#define STEP_NS            (5 * DTT_S) /* between two probes of stale nodes */
#define BUCKET_STEP_NS     (1 * DTT_S) /* between two bucket refreshes */
#define REFRESH_S          900u        /* BEP 5: 15 minutes */
#define SAVED_ENOUGH       32          /* live nodes: no need to ask more of an earlier life */

/* ---- contacts to start from */

static void boot_ask(struct dtt_dht *d, struct dtt_now now, struct dtt_bootstrap *b)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_FIND_NODE,
                         .target = dtt_slice(d->id, DTT_NODE_ID_BYTES)};
    int err = dtt_query_send(d, now, &b->addr, DTT_TXN_BOOT, 0, &q);
    b->next_ns = now.mono_ns + b->wait_ns;
    b->sends = err ? 0 : (uint8_t)(b->sends + 1);
}

static void boot_attempt(struct dtt_dht *d, struct dtt_now now, struct dtt_bootstrap *b)
{
    boot_ask(d, now, b);
    b->wait_ns = dtt_min_ns(b->wait_ns * 2, BOOT_WAIT_MAX_NS);
}

static struct dtt_bootstrap *find_bootstrap(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        if (dtt_addr_eq(&d->bootstraps[i].addr, addr)) {
            return &d->bootstraps[i];
        }
    }
    return NULL;
}

bool dtt_upkeep_is_router(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    return dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL && find_bootstrap(d, addr);
}

void dtt_dht_add_bootstrap(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr)
{
    if (!dtt_addr_is_usable(addr) || !dtt_dht_has_family(d, addr->family) ||
        find_bootstrap(d, addr) || d->n_bootstraps == DTT_DHT_BOOTSTRAPS) {
        return;
    }
    size_t n = d->n_bootstraps + 1;
    struct dtt_bootstrap *b = realloc(d->bootstraps, n * sizeof(*b));
    if (!b) {
        return;
    }
    d->bootstraps = b;
    d->n_bootstraps = n;
    b[n - 1] = (struct dtt_bootstrap){.addr = *addr, .wait_ns = BOOT_WAIT_FIRST_NS};
    boot_attempt(d, now, &b[n - 1]);
}

static bool is_boot_in_flight(const struct dtt_dht *d)
{
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        if (d->bootstraps[i].sends > 0) {
            return true;
        }
    }
    return false;
}

bool dtt_upkeep_is_starting(const struct dtt_dht *d)
{
    size_t answered = 0;
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        answered += d->bootstraps[i].has_answered;
    }
    return answered < BOOT_VOICES && is_boot_in_flight(d);
}

bool dtt_upkeep_has_hope(const struct dtt_dht *d)
{
    return d->expects_bootstrap || d->probes > 0 || d->saved;
}

/* No node, no contact left to hear from, none promised: operations that wait end now. */
static void end_waiting_if_hopeless(struct dtt_dht *d, struct dtt_now now)
{
    if (dtt_dht_live(d) == 0 && !dtt_upkeep_has_hope(d) && !is_boot_in_flight(d)) {
        dtt_walk_end_waiting(d, now);
    }
}

void dtt_dht_expect_bootstrap(struct dtt_dht *d, struct dtt_now now, bool is_expected)
{
    d->expects_bootstrap = is_expected;
    end_waiting_if_hopeless(d, now);
}

void dtt_upkeep_boot_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                          bool dead)
{
    struct dtt_bootstrap *b = find_bootstrap(d, &txn->to);
    if (!b || b->sends == 0) {
        return;
    }
    if (!dead && b->sends < BOOT_SENDS) {
        boot_ask(d, now, b);
    } else {
        b->sends = 0;
    }
    if (b->sends == 0) {
        dtt_upkeep_silent(d, now, &txn->to, 1);
        end_waiting_if_hopeless(d, now);
        dtt_walk_pump_all(d, now);
    }
}

/* The walk to our own id: whom we do not know yet near us, we find by it. */
static struct dtt_walk *walk_to_self(struct dtt_dht *d, struct dtt_now now)
{
    struct dtt_walk *w = dtt_walk_by_number(d, d->self_walk);
    if (w && w->state != DTT_WALK_DONE) {
        return w;
    }
    struct dtt_walk_goal goal = {.kind = DTT_WALK_FIND};
    memcpy(goal.target, d->id, sizeof(goal.target));
    w = dtt_walk_to(d, now, &goal, &(struct dtt_walk_wish){.width = DTT_RTABLE_K});
    if (!w) {
        return NULL;
    }
    uint32_t number = w->number;
    w->is_internal = true;
    d->self_walk = number;
    dtt_walk_release(d, now, w);
    return dtt_walk_by_number(d, number);
}

void dtt_upkeep_boot_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                            const struct dtt_krpc *m)
{
    struct dtt_bootstrap *b = find_bootstrap(d, &txn->to);
    if (b) {
        b->sends = 0;
        b->has_answered = true;
    }
    struct dtt_walk *w = m->type == DTT_KRPC_REPLY ? walk_to_self(d, now) : NULL;
    if (w) {
        dtt_walk_offer(d, now, w, m, &txn->to);
    }
}

/* ---- newcomers and silent nodes */

/* What an answered ping says besides "alive". */
enum probe_reason { PROBE_NEWCOMER, PROBE_AFTER_SILENCE };

static bool probe(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                  uint32_t owner, struct dtt_krpc *q)
{
    if (d->probes == DTT_DHT_PROBES ||
        dtt_query_send(d, now, addr, DTT_TXN_PROBE, owner, q) != DTT_OK) {
        DTT_COUNT(d->ctx, DHT_PROBES_REFUSED);
        return false;
    }
    d->probes++;
    return true;
}

static bool is_probed(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    if (d->probes == 0) {
        return false;
    }
    size_t slot = 0;
    for (struct dtt_txn *t; (t = dtt_txns_next(&d->txns, slot)) != NULL; slot = t->slot + 1u) {
        if (t->purpose == DTT_TXN_PROBE && dtt_addr_eq(&t->to, addr)) {
            return true;
        }
    }
    return false;
}

void dtt_upkeep_ask_saved(struct dtt_dht *d, struct dtt_now now)
{
    while (d->saved && d->probes < DTT_DHT_PROBES) {
        if (d->saved_next >= d->saved->n || dtt_dht_live(d) >= SAVED_ENOUGH) {
            free(d->saved);
            d->saved = NULL;
            break;
        }
        const struct dtt_dht_known *k = &d->saved->nodes[d->saved_next++];
        if (dtt_contact_is_plausible(d, k->id, &k->addr, &k->addr)) {
            struct dtt_krpc q = {.method = DTT_KRPC_M_PING};
            probe(d, now, &k->addr, PROBE_NEWCOMER, &q);
        }
    }
}

static void ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                 enum probe_reason reason)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_PING};
    if (!is_probed(d, addr)) {
        probe(d, now, addr, (uint32_t)reason, &q);
    }
}

bool dtt_upkeep_wants(struct dtt_dht *d, const uint8_t *id, const struct dtt_addr *addr)
{
    return dtt_dht_has_family(d, addr->family) &&
           dtt_rtable_suggest(&d->tables[dtt_side_of(addr->family)], id, addr) &&
           !is_probed(d, addr);
}

void dtt_upkeep_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr)
{
    ping(d, now, addr, PROBE_NEWCOMER);
}

/* A contact somebody named. */
static void suggest(struct dtt_dht *d, struct dtt_now now, const uint8_t *id,
                    const struct dtt_addr *addr)
{
    if (dtt_upkeep_wants(d, id, addr)) {
        dtt_upkeep_ping(d, now, addr);
    }
}

void dtt_upkeep_silent(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                       unsigned weight)
{
    struct dtt_rnode spare;
    struct dtt_rtable *t = &d->tables[dtt_side_of(addr->family)];
    if (dtt_rtable_failed(t, addr, weight, &spare)) {
        struct dtt_addr to = dtt_rnode_addr(t, &spare);
        ping(d, now, &to, PROBE_NEWCOMER);
    }
    if (weight == 1 && dtt_rtable_find(t, addr)) {
        ping(d, now, addr, PROBE_AFTER_SILENCE);
    }
}

void dtt_upkeep_probe_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                             const struct dtt_krpc *m)
{
    struct dtt_reader r = dtt_reader(m->nodes);
    struct dtt_reader r6 = dtt_reader(m->nodes6);
    uint8_t id[DTT_NODE_ID_BYTES];
    struct dtt_addr addr;
    d->probes--;
    dtt_upkeep_ask_saved(d, now);
    if (txn->owner == PROBE_AFTER_SILENCE) {
        struct dtt_rnode *n = dtt_rtable_find(&d->tables[dtt_side_of(txn->to.family)], &txn->to);
        if (n && !(n->flags & DTT_RNODE_BEP44)) {
            n->flags |= DTT_RNODE_NO_BEP44;
        }
    }
    if (m->type != DTT_KRPC_REPLY || txn->method != DTT_KRPC_M_FIND_NODE) {
        return;
    }
    for (size_t i = 0; i < DTT_RTABLE_K && (dtt_krpc_next_node(&r, DTT_FAMILY_V4, id, &addr) ||
                                            dtt_krpc_next_node(&r6, DTT_FAMILY_V6, id, &addr));
         i++) {
        if (dtt_contact_is_plausible(d, id, &addr, &txn->to)) {
            suggest(d, now, id, &addr);
        }
    }
}

void dtt_upkeep_probe_dead(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn)
{
    d->probes--;
    dtt_upkeep_ask_saved(d, now);
    end_waiting_if_hopeless(d, now);
    /* Weight 2: a second silence after the one that made us ask, or a stale node's only one. */
    dtt_upkeep_silent(d, now, &txn->to, 2);
}

/* ---- refresh */

void dtt_upkeep_node_live(struct dtt_dht *d, struct dtt_now now, bool is_first)
{
    if (is_first) {
        walk_to_self(d, now);
    }
    for (size_t side = 0; side < 2; side++) {
        if (d->tables[side].live == DTT_DHT_ROUTERS_UNTIL) {
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
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        d->bootstraps[i].next_ns = now.mono_ns;
        d->bootstraps[i].wait_ns = BOOT_WAIT_FIRST_NS;
    }
    make_buckets_due(d);
    if (dtt_dht_live(d) > 0) {
        walk_to_self(d, now);
        d->refresh_ns = now.mono_ns;
    }
}

/* After the walk to ourselves, the buckets it did not fill are looked at one by one. */
void dtt_upkeep_walk_done(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *w)
{
    if (w->number == d->self_walk) {
        d->self_walk = 0;
        d->knows_neighbours = true;
        make_buckets_due(d);
        d->refresh_ns = now.mono_ns + BUCKET_STEP_NS;
    }
    if (w->number == d->refresh_walk) {
        d->refresh_walk = 0;
    }
}

static bool is_bucket_due(const struct dtt_rbucket *b, uint32_t now_s)
{
    return b->live < DTT_RTABLE_K && (b->refreshed_s == 0 || now_s - b->refreshed_s >= REFRESH_S);
}

/* Starts the refresh of one bucket with room in it; false when none is due. */
static bool refresh_bucket(struct dtt_dht *d, struct dtt_now now)
{
    uint32_t now_s = (uint32_t)(now.mono_ns / DTT_S);
    for (size_t side = 0; side < 2; side++) {
        struct dtt_rtable *t = &d->tables[side];
        for (size_t i = 0; i < t->n; i++) {
            struct dtt_rbucket *b = &t->buckets[i];
            if (!is_bucket_due(b, now_s)) {
                continue;
            }
            struct dtt_walk_goal goal = {.kind = DTT_WALK_FIND};
            bool is_last = i + 1 == t->n;
            dtt_node_id_random_in(&d->rng, d->id, is_last ? DTT_NODE_ID_BITS : (unsigned)i,
                                  goal.target);
            b->refreshed_s = now_s ? now_s : 1;
            struct dtt_walk_wish wish = {.width = DTT_RTABLE_K};
            struct dtt_walk *w = dtt_walk_to(d, now, &goal, &wish);
            if (w) {
                w->is_internal = true;
                d->refresh_walk = w->number;
                dtt_walk_release(d, now, w);
            }
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
        if (!is_probed(d, &addr)) {
            probe(d, now, &addr, PROBE_NEWCOMER, &q);
        }
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
            const struct dtt_rbucket *b = &t->buckets[i];
            if (b->live < DTT_RTABLE_K) {
                at = dtt_min_ns(at, b->refreshed_s ? (b->refreshed_s + (uint64_t)REFRESH_S) * DTT_S
                                                   : 0);
            }
        }
    }
    return at == DTT_NEVER || at > now.mono_ns + step ? at : now.mono_ns + step;
}

/* ---- time */

static uint64_t boot_deadline(const struct dtt_dht *d)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        const struct dtt_bootstrap *b = &d->bootstraps[i];
        if (b->sends == 0 && d->tables[dtt_side_of(b->addr.family)].live < BOOT_MIN_LIVE) {
            at = dtt_min_ns(at, b->next_ns);
        }
    }
    return at;
}

uint64_t dtt_upkeep_deadline(const struct dtt_dht *d)
{
    uint64_t at = dtt_min_ns(boot_deadline(d), dtt_min_ns(d->refresh_ns, d->trim_ns));
    return dtt_min_ns(
        at, dtt_min_ns(dtt_storage_deadline(&d->storage), dtt_peerstore_deadline(&d->peers)));
}

static void boot_tick(struct dtt_dht *d, struct dtt_now now)
{
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        struct dtt_bootstrap *b = &d->bootstraps[i];
        if (b->sends == 0 && b->next_ns <= now.mono_ns &&
            d->tables[dtt_side_of(b->addr.family)].live < BOOT_MIN_LIVE) {
            boot_attempt(d, now, b);
        }
    }
}

void dtt_upkeep_tick(struct dtt_dht *d, struct dtt_now now)
{
    boot_tick(d, now);
    if (d->refresh_ns <= now.mono_ns) {
        bool bucket = !dtt_walk_by_number(d, d->refresh_walk) && refresh_bucket(d, now);
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
