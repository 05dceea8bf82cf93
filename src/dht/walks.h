/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The walks of a node: a lookup in each address family towards one goal, and what it finds.
 * Operations with the same goal share one walk. A finished one is shared for a moment longer, and
 * then keeps its closest set while the tokens are good, so that a put needs no second walk.
 *
 *     WAITING (for a first live node) -> RUNNING -> ENDED (to be told of) -> DONE -> KEPT
 *
 * WAITING may end at once: nobody is there to ask. A walk that its last user leaves before its end
 * is DONE without having been ENDED.
 */
#ifndef DTT_DHT_WALKS_H
#define DTT_DHT_WALKS_H

#include "base/timerq.h"
#include "dht/dht.h"
#include "dht/found.h"
#include "dht/lookup.h"

#define DTT_WALKS_MAX 112 /**< running for operations, for upkeep, and kept for their tokens */
#define DTT_WALKS_KEPT 16 /**< finished walks kept for their tokens */
#define DTT_WALKS_SHARE_NS DTT_DHT_FRESH_MAX_NS
#define DTT_WALKS_TOKEN_NS (240 * DTT_S) /**< BEP 5: a token is good for 5 minutes at least */

enum dtt_walk_state {
    DTT_WALK_WAITING,
    DTT_WALK_RUNNING,
    DTT_WALK_ENDED,
    DTT_WALK_DONE,
    DTT_WALK_KEPT /**< nothing left but the closest set */
};

struct dtt_walk {
    uint32_t number;   /**< never 0; low bits: place in the array */
    uint8_t state;     /**< enum dtt_walk_state */
    bool is_internal;  /**< goes on without users */
    bool is_brief;     /**< finding nothing is no reason to widen it */
    bool is_sample;    /**< asks some nodes of a kept set and no others; nobody else uses it */
    bool is_shareable; /**< it finds all there is: its result will do for a get a moment later */
    struct dtt_goal goal;
    unsigned refs;           /**< operations that wait for it or still read from it */
    unsigned widenings;      /**< times it found nothing and looked at more nodes */
    unsigned sibling_rounds; /**< times the holders of siblings were asked for others */
    size_t most_siblings;    /**< that one node says it holds */
    size_t values_before;    /**< found before the last of these rounds */
    unsigned gap_queries;    /**< in flight, for nodes that the dead hide */
    uint64_t started_ns;
    uint64_t ended_ns;
    struct dtt_timer timer; /**< WAITING: gives up; DONE, KEPT: no longer of use */
    struct dtt_lookup side[2];
    struct dtt_found found;
};

void dtt_walks_free_all(struct dtt_dht *d);
/** The walk of this number, or NULL. */
struct dtt_walk *dtt_walks_by_number(const struct dtt_dht *d, uint32_t number);
/** The walk to this goal that has not ended, or one that has; or NULL. */
struct dtt_walk *dtt_walks_find(const struct dtt_dht *d, const struct dtt_goal *goal, bool is_over);
/** The first walk in this state, or NULL. */
struct dtt_walk *dtt_walks_in_state(const struct dtt_dht *d, enum dtt_walk_state state);
/** A walk without lookups, WAITING, for one user. NULL: out of memory or too many. */
struct dtt_walk *dtt_walks_new(struct dtt_dht *d, struct dtt_now now, const struct dtt_goal *goal);
/** The only way a state changes. */
void dtt_walks_enter(struct dtt_walk *walk, enum dtt_walk_state state);
static inline bool dtt_walks_is_over(const struct dtt_walk *walk)
{
    return walk->state >= DTT_WALK_ENDED;
}
/** One user less since `since_ns`. Without users a walk is broken off, or kept while of use. */
void dtt_walks_release(struct dtt_dht *d, uint64_t since_ns, struct dtt_walk *walk);
/** Takes an unused walk that has been replaced out. */
void dtt_walks_free(struct dtt_dht *d, struct dtt_walk *walk);
/** The walk's timer; cannot fail: a walk keeps the place in the queue that it was born with. */
void dtt_walks_wake_at(struct dtt_dht *d, struct dtt_walk *walk, uint64_t mono_ns);
/** The time of a finished walk's result, or of its tokens, is over. */
void dtt_walks_expire(struct dtt_dht *d, struct dtt_walk *walk);
/** The last round trip of a node that is part of a walk; 0: not known. */
uint64_t dtt_walks_rtt_ns(const struct dtt_dht *d, const struct dtt_addr *addr);

#endif
