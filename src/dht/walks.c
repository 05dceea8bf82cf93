/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/walks.h"

#include "dht/inside.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>

#define SLOT_BITS 8u

_Static_assert(DTT_WALKS_MAX <= 1u << SLOT_BITS, "a walk's number holds its place");

static size_t slot_of(uint32_t number)
{
    return number & ((1u << SLOT_BITS) - 1);
}

void dtt_walks_enter(struct dtt_walk *walk, enum dtt_walk_state state)
{
    static const uint8_t before[] = {
        [DTT_WALK_WAITING] = 0,
        [DTT_WALK_RUNNING] = 1u << DTT_WALK_WAITING,
        [DTT_WALK_ENDED] = 1u << DTT_WALK_WAITING | 1u << DTT_WALK_RUNNING,
        [DTT_WALK_DONE] = 1u << DTT_WALK_WAITING | 1u << DTT_WALK_RUNNING | 1u << DTT_WALK_ENDED,
        [DTT_WALK_KEPT] = 1u << DTT_WALK_DONE,
    };
    assert(before[state] >> walk->state & 1u);
    (void)before;
    walk->state = (uint8_t)state;
}

/* ---- finding */

struct dtt_walk *dtt_walks_by_number(const struct dtt_dht *d, uint32_t number)
{
    size_t slot = slot_of(number);
    struct dtt_walk *walk = number && slot < DTT_WALKS_MAX ? d->walks[slot] : NULL;
    return walk && walk->number == number ? walk : NULL;
}

static bool is_same_goal(const struct dtt_goal *a, const struct dtt_goal *b)
{
    return a->kind == b->kind && a->is_mutable == b->is_mutable &&
           memcmp(a->target, b->target, DTT_NODE_ID_BYTES) == 0 && a->salt_len == b->salt_len &&
           memcmp(a->salt, b->salt, a->salt_len) == 0 &&
           (!a->is_mutable || memcmp(a->key, b->key, sizeof(a->key)) == 0);
}

struct dtt_walk *dtt_walks_find(const struct dtt_dht *d, const struct dtt_goal *goal, bool is_over)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        struct dtt_walk *walk = d->walks[i];
        if (walk && !walk->is_sample && dtt_walks_is_over(walk) == is_over &&
            is_same_goal(&walk->goal, goal)) {
            return walk;
        }
    }
    return NULL;
}

struct dtt_walk *dtt_walks_in_state(const struct dtt_dht *d, enum dtt_walk_state state)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        if (d->walks[i] && d->walks[i]->state == state) {
            return d->walks[i];
        }
    }
    return NULL;
}

uint64_t dtt_walks_rtt_ns(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        const struct dtt_walk *walk = d->walks[i];
        const struct dtt_lookup_node *node =
            walk ? dtt_lookup_find(&walk->side[dtt_side_of(addr->family)], addr) : NULL;
        if (node && node->rtt_us) {
            return node->rtt_us * DTT_US;
        }
    }
    return 0;
}

/* ---- beginning and end */

struct dtt_walk *dtt_walks_new(struct dtt_dht *d, struct dtt_now now, const struct dtt_goal *goal)
{
    uint32_t slot = 0;
    while (slot < DTT_WALKS_MAX && d->walks[slot]) {
        slot++;
    }
    struct dtt_walk *walk = slot < DTT_WALKS_MAX ? calloc(1, sizeof(*walk)) : NULL;
    if (!walk || dtt_timerq_set(&d->walk_timers, &walk->timer, DTT_NEVER) != DTT_OK) {
        DTT_COUNT(d->ctx, DHT_WALKS_REFUSED);
        free(walk);
        return NULL;
    }
    if (++d->walk_seq >= 1u << (32 - SLOT_BITS)) {
        d->walk_seq = 1;
    }
    walk->number = d->walk_seq << SLOT_BITS | slot;
    walk->goal = *goal;
    walk->refs = 1;
    walk->started_ns = now.mono_ns;
    d->walks[slot] = walk;
    return walk;
}

void dtt_walks_free(struct dtt_dht *d, struct dtt_walk *walk)
{
    d->walks[slot_of(walk->number)] = NULL;
    dtt_timerq_cancel(&d->walk_timers, &walk->timer);
    dtt_found_fini(&walk->found);
    dtt_lookup_fini(&walk->side[0]);
    dtt_lookup_fini(&walk->side[1]);
    free(walk);
}

void dtt_walks_free_all(struct dtt_dht *d)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        if (d->walks[i]) {
            dtt_walks_free(d, d->walks[i]);
        }
    }
}

void dtt_walks_wake_at(struct dtt_dht *d, struct dtt_walk *walk, uint64_t mono_ns)
{
    dtt_timerq_set(&d->walk_timers, &walk->timer, mono_ns);
}

/* Those that answered an earlier walk count, too: a put asks nobody whose token is good. */
static bool has_closest(const struct dtt_walk *walk)
{
    return walk->goal.kind != DTT_GOAL_NODES &&
           (dtt_lookup_has_answers(&walk->side[0]) || dtt_lookup_has_answers(&walk->side[1]));
}

/* Leaves of a finished walk the closest set and its tokens. */
static void compact(struct dtt_dht *d, struct dtt_walk *walk)
{
    dtt_walks_enter(walk, DTT_WALK_KEPT);
    dtt_found_fini(&walk->found);
    walk->is_shareable = false;
    dtt_lookup_compact(&walk->side[0], DTT_LOOKUP_WIDTH_MAX);
    dtt_lookup_compact(&walk->side[1], DTT_LOOKUP_WIDTH_MAX);
    dtt_walks_wake_at(d, walk, walk->ended_ns + DTT_WALKS_TOKEN_NS);
}

/* Of the finished walks without users the oldest goes when there are too many. */
static void free_oldest(struct dtt_dht *d)
{
    struct dtt_walk *oldest = NULL;
    size_t kept = 0;
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        struct dtt_walk *walk = d->walks[i];
        if (walk && walk->refs == 0 && dtt_walks_is_over(walk)) {
            kept++;
            if (!oldest || walk->ended_ns < oldest->ended_ns) {
                oldest = walk;
            }
        }
    }
    if (kept > DTT_WALKS_KEPT) {
        dtt_walks_free(d, oldest);
    }
}

void dtt_walks_release(struct dtt_dht *d, uint64_t since_ns, struct dtt_walk *walk)
{
    assert(walk->refs > 0);
    walk->refs--;
    if (walk->refs > 0 || (walk->is_internal && !dtt_walks_is_over(walk))) {
        return;
    }
    if (!dtt_walks_is_over(walk)) { /* broken off: what it has is not all there is */
        dtt_walks_enter(walk, DTT_WALK_DONE);
        walk->ended_ns = since_ns;
        walk->is_shareable = false;
    }
    if (walk->is_sample || !has_closest(walk) || since_ns >= walk->ended_ns + DTT_WALKS_TOKEN_NS) {
        dtt_walks_free(d, walk);
        return;
    }
    if (walk->is_shareable && since_ns < walk->ended_ns + DTT_WALKS_SHARE_NS) {
        dtt_walks_wake_at(d, walk, walk->ended_ns + DTT_WALKS_SHARE_NS);
    } else {
        compact(d, walk);
    }
    free_oldest(d);
}

void dtt_walks_expire(struct dtt_dht *d, struct dtt_walk *walk)
{
    if (walk->state == DTT_WALK_DONE) {
        compact(d, walk);
    } else {
        dtt_walks_free(d, walk);
    }
}
