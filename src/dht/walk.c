/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/walk.h"

#include "dht/alive.h"
#include "dht/bootstrap.h"
#include "dht/inside.h"
#include "dht/node_id.h"

#include <assert.h>
#include <dtt/types.h>

#define WAIT_NS (10 * DTT_S)       /* for a first live node */
#define FULL_WAIT_NS (50 * DTT_MS) /* when the table of transactions or the send queue is full */

/* Starts other than the closest nodes we know, for a look around a crowd. */
#define STARTS 4
#define STARTS_EACH 4

/* ---- ending and asking */

/* Its users are told at the end of the call (dht.c); it is held until then. */
static void end_walk(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk)
{
    dtt_walks_enter(walk, DTT_WALK_ENDED);
    walk->refs++;
    walk->ended_ns = now.mono_ns;
    dtt_walks_wake_at(d, walk, DTT_NEVER);
    dtt_lookup_end(&walk->side[0]);
    dtt_lookup_end(&walk->side[1]);
    DTT_TRACE(d->ctx, DHT_WALK_DONE,
              dtt_tv_int((int64_t)(walk->side[0].asked + walk->side[1].asked)),
              dtt_tv_int((int64_t)(walk->side[0].answered + walk->side[1].answered)),
              dtt_tv_int((int64_t)walk->found.n_values),
              dtt_tv_int((int64_t)((now.mono_ns - walk->started_ns) / DTT_MS)));
}

static int send_query(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *walk,
                      const struct dtt_lookup_node *node)
{
    static const enum dtt_krpc_method methods[] = {[DTT_GOAL_NODES] = DTT_KRPC_M_FIND_NODE,
                                                   [DTT_GOAL_ITEM] = DTT_KRPC_M_GET,
                                                   [DTT_GOAL_PEERS] = DTT_KRPC_M_GET_PEERS};
    struct dtt_krpc q = {.method = methods[walk->goal.kind]};
    *(walk->goal.kind == DTT_GOAL_PEERS ? &q.info_hash : &q.target) =
        dtt_slice(walk->goal.target, DTT_NODE_ID_BYTES);
    if (dtt_lookup_is_retelling(node)) {
        q.token = dtt_slice(node->token, node->token_len);
    }
    return dtt_query_send(d, now, &node->addr, DTT_TXN_WALK, walk->number, &q);
}

/* Asks the next nodes; stops when the budget for all queries is used up. */
static void pump_side(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk,
                      struct dtt_lookup *lookup)
{
    for (struct dtt_lookup_node *node; (node = dtt_lookup_next(lookup)) != NULL;) {
        int err = send_query(d, now, walk, node);
        if (err == DTT_EAGAIN || err == DTT_EFULL) {
            uint64_t ready = dtt_polite_ready_ns(&d->polite, now);
            d->pace_ns =
                dtt_min_ns(d->pace_ns, ready > now.mono_ns ? ready : now.mono_ns + FULL_WAIT_NS);
            return;
        }
        if (err) {
            dtt_lookup_dead(lookup, node);
        } else {
            dtt_lookup_sent(lookup, node);
        }
    }
}

static void pump(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk);

/* ---- contacts */

static void add_contacts(struct dtt_dht *d, struct dtt_walk *walk, struct dtt_slice nodes,
                         uint8_t family, const struct dtt_addr *from, uint8_t teller)
{
    struct dtt_reader r = dtt_reader(nodes);
    uint8_t id[DTT_NODE_ID_BYTES];
    struct dtt_addr addr;
    for (size_t i = 0; i < DTT_LOOKUP_PER_REPLY && dtt_krpc_next_node(&r, family, id, &addr); i++) {
        if (addr.family != family || !dtt_alive_may_ask(d, id, &addr, from)) {
            DTT_COUNT(d->ctx, DHT_CONTACTS_REFUSED);
            continue;
        }
        dtt_lookup_add(&walk->side[dtt_side_of(family)], id, &addr, teller);
    }
}

void dtt_walk_offer(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk,
                    const struct dtt_krpc *answer, const struct dtt_addr *from)
{
    if (walk->is_sample) {
        pump(d, now, walk);
        return;
    }
    /* Tellers are numbered by side: a contact of the other family has none. */
    const struct dtt_lookup_node *node =
        dtt_lookup_find(&walk->side[dtt_side_of(from->family)], from);
    uint8_t teller = node ? node->teller : 0;
    add_contacts(d, walk, answer->nodes, DTT_FAMILY_V4, from,
                 from->family == DTT_FAMILY_V4 ? teller : 0);
    add_contacts(d, walk, answer->nodes6, DTT_FAMILY_V6, from,
                 from->family == DTT_FAMILY_V6 ? teller : 0);
    pump(d, now, walk);
}

/* ---- starting */

static void seed_side(struct dtt_dht *d, struct dtt_walk *walk, size_t side)
{
    const struct dtt_rnode *near[DTT_RTABLE_CLOSEST_MAX];
    const struct dtt_rtable *t = &d->tables[side];
    size_t n = dtt_rtable_closest(t, walk->goal.target, false, NULL, DTT_RTABLE_CLOSEST_MAX, near);
    size_t left_out = 0;
    for (size_t i = 0; i < n; i++) {
        struct dtt_addr addr = dtt_rnode_addr(t, near[i]);
        /* Skip nodes known not to speak BEP 44, as each costs a timeout, unless k others are not
         * known. */
        if (walk->goal.kind == DTT_GOAL_ITEM && near[i]->flags & DTT_RNODE_NO_BEP44 &&
            n - left_out > DTT_RTABLE_K) {
            left_out++;
        } else if (dtt_lookup_add(&walk->side[side], near[i]->id, &addr, 0)) {
            dtt_lookup_find(&walk->side[side], &addr)->rtt_us = near[i]->rtt * 100u;
        }
    }
}

/* The closest set of an earlier walk: with good tokens as answered, otherwise to be asked first. */
static void seed_from_kept(struct dtt_walk *walk, const struct dtt_walk *kept, bool reuse_tokens)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < kept->side[side].n; i++) {
            const struct dtt_lookup_node *node = &kept->side[side].nodes[i];
            if (reuse_tokens && node->token_len > 0) {
                dtt_lookup_add_answered(&walk->side[side], node);
            } else {
                dtt_lookup_add(&walk->side[side], node->id, &node->addr, 0);
            }
        }
    }
}

/* Nodes that answered other walks lately are often closer than those of the table. */
static void seed_from_recent(const struct dtt_dht *d, struct dtt_walk *walk, size_t side)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        const struct dtt_walk *o = d->walks[i];
        for (size_t k = 0; o && dtt_walks_is_over(o) && k < o->side[side].n; k++) {
            const struct dtt_lookup_node *node = &o->side[side].nodes[k];
            if (node->state == DTT_LOOKUP_NODE_ANSWERED &&
                dtt_lookup_add(&walk->side[side], node->id, &node->addr, 0)) {
                dtt_lookup_find(&walk->side[side], &node->addr)->rtt_us = node->rtt_us;
            }
        }
    }
}

static void run(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk)
{
    dtt_walks_enter(walk, DTT_WALK_RUNNING);
    dtt_walks_wake_at(d, walk, DTT_NEVER);
    for (size_t side = 0; side < 2; side++) {
        struct dtt_rbucket *b = dtt_rtable_bucket_of(&d->tables[side], walk->goal.target);
        if (b) {
            b->refreshed_s = (uint32_t)(now.mono_ns / DTT_S);
        }
        seed_side(d, walk, side);
        seed_from_recent(d, walk, side);
    }
}

/* The farthest of our own neighbours, which shows how dense the network is; NULL: not known. */
static const uint8_t *last_neighbour(const struct dtt_dht *d, size_t side)
{
    const struct dtt_rnode *near[DTT_LOOKUP_NEIGHBOURS];
    size_t n = d->knows_neighbours ? dtt_rtable_closest(&d->tables[side], d->id, false, NULL,
                                                        DTT_LOOKUP_NEIGHBOURS, near)
                                   : 0;
    return n == DTT_LOOKUP_NEIGHBOURS ? near[n - 1]->id : NULL;
}

static struct dtt_walk *new_walk(struct dtt_dht *d, struct dtt_now now, const struct dtt_goal *goal,
                                 size_t width)
{
    struct dtt_walk *walk = dtt_walks_new(d, now, goal);
    for (size_t side = 0; walk && side < 2; side++) {
        const uint8_t *neighbour = last_neighbour(d, side);
        dtt_lookup_init(&walk->side[side], goal->target, width);
        walk->side[side].needs_token = goal->kind != DTT_GOAL_NODES;
        if (neighbour) {
            dtt_lookup_set_neighbourhood(&walk->side[side], d->id, neighbour);
        }
    }
    return walk;
}

static void widen(struct dtt_walk *walk, size_t width)
{
    for (size_t side = 0; side < 2; side++) {
        if (walk->side[side].width < width) {
            walk->side[side].width = width;
        }
    }
}

/* Only a put, or a get that has found nothing, needs the closest set whatever it costs. */
static void set_bound(struct dtt_walk *walk, bool is_bounded)
{
    for (size_t side = 0; side < 2; side++) {
        struct dtt_lookup *lookup = &walk->side[side];
        lookup->budget = is_bounded ? DTT_WALK_PER_PLACE * lookup->width : DTT_LOOKUP_QUERIES;
    }
}

static bool is_bounded(const struct dtt_walk *walk)
{
    return walk->side[0].budget < DTT_LOOKUP_QUERIES;
}

/* ---- going on and ending */

static bool avoid_crowd(struct dtt_dht *d, struct dtt_walk *walk, size_t side)
{
    const uint8_t *neighbour = last_neighbour(d, side);
    return neighbour && dtt_lookup_avoid_crowd(&walk->side[side], d->id, neighbour);
}

static void start_elsewhere(struct dtt_dht *d, struct dtt_walk *walk, size_t side)
{
    const struct dtt_rnode *near[STARTS_EACH];
    const struct dtt_rtable *t = &d->tables[side];
    for (size_t i = 0; i < STARTS; i++) {
        uint8_t somewhere[DTT_NODE_ID_BYTES];
        dtt_rng_bytes(&d->rng, somewhere, sizeof(somewhere));
        size_t n = dtt_rtable_closest(t, somewhere, false, NULL, STARTS_EACH, near);
        for (size_t k = 0; k < n; k++) {
            struct dtt_addr addr = dtt_rnode_addr(t, near[k]);
            dtt_lookup_add(&walk->side[side], near[k]->id, &addr, 0);
        }
    }
}

/* The nodes that answered and are closest to `target`; how many. */
static size_t closest_answered(const struct dtt_lookup *lookup, const uint8_t *target,
                               const struct dtt_lookup_node *ret[DTT_WALK_GAP_QUERIES])
{
    size_t n = 0;
    for (size_t i = 0; i < lookup->n; i++) {
        const struct dtt_lookup_node *node = &lookup->nodes[i];
        size_t at = n;
        if (node->state != DTT_LOOKUP_NODE_ANSWERED) {
            continue;
        }
        while (at > 0 && dtt_node_id_cmp(target, node->id, ret[at - 1]->id) < 0) {
            at--;
        }
        if (at < DTT_WALK_GAP_QUERIES) {
            n += n < DTT_WALK_GAP_QUERIES;
            memmove(&ret[at + 1], &ret[at], (n - at - 1) * sizeof(struct dtt_lookup_node *));
            ret[at] = node;
        }
    }
    return n;
}

/* The dead take places in every answer: asks for the nodes that come after them, too. */
static void ask_beyond(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk,
                       const struct dtt_lookup *lookup)
{
    const struct dtt_lookup_node *near[DTT_WALK_GAP_QUERIES];
    uint8_t target[DTT_NODE_ID_BYTES];
    if (!dtt_lookup_beyond(lookup, walk->widenings * DTT_RTABLE_K, target)) {
        return;
    }
    size_t n = closest_answered(lookup, target, near);
    for (size_t i = 0; i < n; i++) {
        struct dtt_krpc q = {.method = DTT_KRPC_M_FIND_NODE,
                             .target = dtt_slice(target, sizeof(target))};
        walk->gap_queries +=
            dtt_query_send(d, now, &near[i]->addr, DTT_TXN_WALK, walk->number, &q) == DTT_OK;
    }
}

/* True if `txn` is a query of ask_beyond; takes it off the count of those waited for, once. */
static bool is_gap_query(struct dtt_walk *walk, const struct dtt_txn *txn)
{
    if (walk->goal.kind == DTT_GOAL_NODES || txn->method != DTT_KRPC_M_FIND_NODE) {
        return false;
    }
    if (!txn->is_slow) {
        assert(walk->gap_queries > 0);
        walk->gap_queries--;
    }
    return true;
}

/* Nodes that hold more values than we have seen give another one each time they are asked. */
static bool ask_for_siblings(struct dtt_walk *walk)
{
    bool more = false;
    bool is_complete = walk->sibling_rounds > 0 && walk->found.n_values >= walk->most_siblings &&
                       walk->found.n_values == walk->values_before;
    if (walk->most_siblings < 2 || is_complete || walk->sibling_rounds == DTT_WALK_SIBLING_ROUNDS) {
        return false;
    }
    walk->sibling_rounds++;
    walk->values_before = walk->found.n_values;
    for (size_t side = 0; side < 2; side++) {
        struct dtt_lookup *lookup = &walk->side[side];
        for (size_t i = 0, left = lookup->width; i < lookup->n && left > 0; i++) {
            left -= lookup->nodes[i].state == DTT_LOOKUP_NODE_ANSWERED;
            /* Each answer gave one value: after as many answers a node has told all it holds. */
            if (lookup->nodes[i].state == DTT_LOOKUP_NODE_ANSWERED &&
                lookup->nodes[i].siblings > walk->sibling_rounds) {
                dtt_lookup_ask_again(lookup, &lookup->nodes[i]);
                more = true;
            }
        }
    }
    return more;
}

/*
 * Everyone chosen has answered or is dead. Widens the search if the result is not good enough; true
 * if it did.
 */
static bool look_further(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk)
{
    bool more = false;
    if (walk->is_sample) {
        return false;
    }
    if (is_bounded(walk) && walk->found.n_values == 0) {
        set_bound(walk, false);
        return true;
    }
    if (walk->goal.kind == DTT_GOAL_ITEM && walk->found.n_values == 0 && !walk->is_brief &&
        walk->widenings < DTT_WALK_WIDENINGS) {
        walk->widenings++;
        ask_beyond(d, now, walk, &walk->side[0]);
        ask_beyond(d, now, walk, &walk->side[1]);
        widen(walk, DTT_WALK_WIDE);
        return true;
    }
    for (size_t side = 0; side < 2; side++) {
        if (avoid_crowd(d, walk, side)) {
            DTT_COUNT(d->ctx, DHT_CROWDS_AVOIDED);
            seed_side(d, walk, side);
            start_elsewhere(d, walk, side);
            more = true;
        }
    }
    return more || ask_for_siblings(walk);
}

static void pump(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk)
{
    while (walk->state == DTT_WALK_RUNNING) {
        pump_side(d, now, walk, &walk->side[0]);
        pump_side(d, now, walk, &walk->side[1]);
        if (!dtt_lookup_is_done(&walk->side[0]) || !dtt_lookup_is_done(&walk->side[1]) ||
            walk->gap_queries > 0) {
            return;
        }
        if (dtt_bootstrap_is_starting(d)) {
            return;
        }
        if (!look_further(d, now, walk)) {
            end_walk(d, now, walk);
            return;
        }
    }
}

/* A finished walk whose result is not older than wished. */
static bool is_fresh(const struct dtt_walk *walk, struct dtt_now now,
                     const struct dtt_walk_wish *wish)
{
    return walk->is_shareable &&
           now.mono_ns < walk->ended_ns + dtt_min_ns(wish->max_age_ns, DTT_WALKS_SHARE_NS);
}

/* The nodes of a side that have answered, the closest first; how many. */
static size_t answered_of(const struct dtt_lookup *lookup, size_t width,
                          struct dtt_lookup_node *ret[DTT_LOOKUP_WIDTH_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < lookup->n && n < width; i++) {
        if (lookup->nodes[i].state == DTT_LOOKUP_NODE_ANSWERED) {
            ret[n++] = &lookup->nodes[i];
        }
    }
    return n;
}

/* Of those asked least often a random one that is not in the sample yet; NULL: none. */
static struct dtt_lookup_node *rarest(struct dtt_dht *d, struct dtt_lookup_node *const *nodes,
                                      size_t n, const struct dtt_lookup *sample)
{
    struct dtt_lookup_node *found = NULL;
    size_t equal = 0;
    for (size_t i = 0; i < n; i++) {
        if (dtt_lookup_find(sample, &nodes[i]->addr) ||
            (found && nodes[i]->sampled > found->sampled)) {
            continue;
        }
        equal = found && nodes[i]->sampled == found->sampled ? equal + 1 : 1;
        if (dtt_rng_below(&d->rng, equal) == 0) {
            found = nodes[i];
        }
    }
    return found;
}

/*
 * A walk to some of the nodes of `kept`, of one family; NULL when there are too few. Half of them
 * are of the closest, where what is urgent is stored first; all have their turn, as some nodes
 * never hold a value.
 */
static struct dtt_walk *new_sample(struct dtt_dht *d, struct dtt_now now,
                                   const struct dtt_walk *kept, const struct dtt_walk_wish *wish)
{
    struct dtt_lookup_node *nodes[DTT_LOOKUP_WIDTH_MAX];
    size_t side = dtt_rng_below(&d->rng, 2);
    size_t n = answered_of(&kept->side[side], wish->width, nodes);
    if (n < wish->sample) {
        side = !side;
        n = answered_of(&kept->side[side], wish->width, nodes);
    }
    struct dtt_walk *walk = n >= wish->sample ? new_walk(d, now, &kept->goal, wish->sample) : NULL;
    if (!walk) {
        return NULL;
    }
    walk->is_sample = true;
    walk->is_brief = true;
    size_t first = wish->first < n ? wish->first : n;
    for (size_t i = 0; i < wish->sample; i++) {
        const struct dtt_lookup *sample = &walk->side[side];
        struct dtt_lookup_node *node = i % 2 == 0 ? rarest(d, nodes, first, sample)
                                                  : rarest(d, nodes + first, n - first, sample);
        node = node ? node : rarest(d, nodes, n, sample);
        node->sampled++;
        dtt_lookup_add(&walk->side[side], node->id, &node->addr, 0);
    }
    dtt_walks_enter(walk, DTT_WALK_RUNNING);
    return walk;
}

/* Nobody but the caller knows of it yet. */
static struct dtt_walk *started(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk)
{
    if (walk->state == DTT_WALK_ENDED) {
        dtt_walks_enter(walk, DTT_WALK_DONE);
        dtt_walks_release(d, now.mono_ns, walk);
    }
    return walk;
}

struct dtt_walk *dtt_walk_to(struct dtt_dht *d, struct dtt_now now, const struct dtt_goal *goal,
                             const struct dtt_walk_wish *wish)
{
    struct dtt_walk *walk = dtt_walks_find(d, goal, false);
    struct dtt_walk *kept = dtt_walks_find(d, goal, true);
    if (walk) {
        walk->refs++;
        walk->is_brief = walk->is_brief && wish->is_brief;
        widen(walk, wish->width);
        set_bound(walk, is_bounded(walk) && !wish->reuse_tokens);
        pump(d, now, walk);
        return walk;
    }
    if (kept && is_fresh(kept, now, wish)) {
        kept->refs++;
        dtt_walks_wake_at(d, kept, DTT_NEVER);
        DTT_COUNT(d->ctx, DHT_GETS_SHARED);
        return kept;
    }
    if (wish->sample > 0 && kept && now.mono_ns < kept->ended_ns + DTT_WALKS_TOKEN_NS) {
        walk = new_sample(d, now, kept, wish);
        if (walk) {
            pump(d, now, walk);
            return started(d, now, walk);
        }
    }
    walk = new_walk(d, now, goal, wish->width);
    if (!walk) {
        return NULL;
    }
    walk->is_brief = wish->is_brief;
    walk->is_shareable = goal->kind != DTT_GOAL_NODES && !wish->reuse_tokens;
    set_bound(walk, goal->kind == DTT_GOAL_ITEM && !wish->reuse_tokens);
    if (kept && now.mono_ns < kept->ended_ns + DTT_WALKS_TOKEN_NS) {
        seed_from_kept(walk, kept, wish->reuse_tokens);
        if (kept->refs == 0) {
            dtt_walks_free(d, kept);
        }
    }
    if (goal->kind == DTT_GOAL_ITEM) {
        dtt_found_take_own(&walk->found, goal, &d->storage);
    }
    if (dtt_dht_live(d) > 0) {
        run(d, now, walk);
        pump(d, now, walk);
    } else if (d->n_bootstraps > 0 || dtt_bootstrap_has_hope(d)) {
        dtt_walks_wake_at(d, walk, now.mono_ns + WAIT_NS);
    } else {
        end_walk(d, now, walk);
    }
    return started(d, now, walk);
}

void dtt_walk_node_live(struct dtt_dht *d, struct dtt_now now, const uint8_t *id,
                        const struct dtt_addr *addr)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        struct dtt_walk *walk = d->walks[i];
        if (walk && walk->state == DTT_WALK_WAITING) {
            run(d, now, walk);
            pump(d, now, walk);
        } else if (walk && walk->state == DTT_WALK_RUNNING && !walk->is_sample &&
                   dtt_lookup_add(&walk->side[dtt_side_of(addr->family)], id, addr, 0)) {
            pump(d, now, walk);
        }
    }
}

void dtt_walk_pump_all(struct dtt_dht *d, struct dtt_now now)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        if (d->walks[i]) {
            pump(d, now, d->walks[i]);
        }
    }
}

void dtt_walk_end_waiting(struct dtt_dht *d, struct dtt_now now)
{
    for (struct dtt_walk *walk; (walk = dtt_walks_in_state(d, DTT_WALK_WAITING)) != NULL;) {
        end_walk(d, now, walk);
    }
}

/* ---- answers */

static void take_token(struct dtt_lookup_node *node, struct dtt_slice token)
{
    if (token.len > 0 && token.len <= sizeof(node->token)) {
        node->token_len = (uint8_t)token.len;
        memcpy(node->token, token.data, token.len);
    }
}

static void take_siblings(struct dtt_walk *walk, struct dtt_lookup_node *node, int64_t siblings)
{
    if (siblings > 1) {
        node->siblings = (uint8_t)dtt_min_ns((uint64_t)siblings, DTT_STORAGE_SIBLINGS);
        walk->most_siblings =
            node->siblings > walk->most_siblings ? node->siblings : walk->most_siblings;
    }
}

static void take_reply(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk,
                       struct dtt_lookup_node *node, const struct dtt_query_end *end)
{
    const struct dtt_krpc *answer = end->answer;
    const struct dtt_addr *from = &end->txn.to;
    struct dtt_lookup *lookup = &walk->side[dtt_side_of(from->family)];
    node = dtt_lookup_rename(lookup, node, answer->id.data);
    bool wants_proof = walk->goal.kind == DTT_GOAL_ITEM && answer->proof.n == 1;
    /* We have proved our address since: this answers the query before that. */
    if ((wants_proof && dtt_lookup_is_retelling(node)) || !dtt_lookup_answered(lookup, node)) {
        return;
    }
    node->rtt_us = (uint32_t)(end->rtt_ns / DTT_US);
    take_token(node, answer->token);
    if (walk->goal.kind == DTT_GOAL_ITEM &&
        dtt_found_take_value(d->ctx, &walk->found, &walk->goal, &node->addr, answer)) {
        node->has_value = true;
        take_siblings(walk, node, answer->siblings.n);
    }
    if (wants_proof && node->token_len > 0) {
        dtt_lookup_ask_again(lookup, node);
    }
    if (walk->goal.kind == DTT_GOAL_PEERS) {
        dtt_found_take_peers(&walk->found, answer->values, from);
    }
    dtt_walk_offer(d, now, walk, answer, from);
}

void dtt_walk_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end)
{
    const struct dtt_addr *to = &end->txn.to;
    if (end->outcome == DTT_QUERY_DEAD) {
        dtt_alive_silent(d, now, to, 2);
    }
    struct dtt_walk *walk = dtt_walks_by_number(d, end->txn.owner);
    if (!walk || walk->state != DTT_WALK_RUNNING) {
        return;
    }
    struct dtt_lookup *lookup = &walk->side[dtt_side_of(to->family)];
    bool is_gap = is_gap_query(walk, &end->txn);
    struct dtt_lookup_node *node = is_gap ? NULL : dtt_lookup_find(lookup, to);
    bool is_reply = end->answer && end->answer->type == DTT_KRPC_REPLY;
    if (node && is_reply) {
        take_reply(d, now, walk, node, end);
    } else if (is_gap && end->answer) {
        dtt_walk_offer(d, now, walk, end->answer, to);
    } else {
        if (node && end->outcome != DTT_QUERY_SLOW) { /* an error is of no use to this lookup */
            dtt_lookup_dead(lookup, node);
        } else if (node && dtt_lookup_slow(lookup, node)) {
            dtt_alive_silent(d, now, to, 1);
        }
        pump(d, now, walk);
    }
}

/* ---- time */

uint64_t dtt_walk_deadline(const struct dtt_dht *d)
{
    return dtt_min_ns(d->pace_ns, dtt_timerq_deadline(&d->walk_timers));
}

void dtt_walk_tick(struct dtt_dht *d, struct dtt_now now)
{
    if (d->pace_ns <= now.mono_ns) {
        d->pace_ns = DTT_NEVER;
        dtt_walk_pump_all(d, now);
    }
    for (struct dtt_timer *timer; (timer = dtt_timerq_pop(&d->walk_timers, now.mono_ns)) != NULL;) {
        struct dtt_walk *walk = DTT_TIMER_OWNER(timer, struct dtt_walk, timer);
        dtt_walks_wake_at(d, walk, DTT_NEVER); /* in its old place: cannot fail */
        if (walk->state == DTT_WALK_WAITING) {
            end_walk(d, now, walk);
        } else {
            dtt_walks_expire(d, walk);
        }
    }
}
