/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Running walks: starts them, asks, takes answers, looks further when the result is not good
 * enough, and ends them. Its users are told at the end of the call (dht.c).
 */
#ifndef DTT_DHT_WALK_H
#define DTT_DHT_WALK_H

#include "dht/dht.h"
#include "dht/query.h"
#include "dht/walks.h"

#define DTT_WALK_WIDE 14 /**< closest nodes a get asks when eight had nothing */
#define DTT_WALK_WIDENINGS 2
/** More times holders of several values are asked. */
#define DTT_WALK_SIBLING_ROUNDS (DTT_STORAGE_SIBLINGS - 1)
/** Queries of a get that finds something, for each of the closest. */
#define DTT_WALK_PER_PLACE 2
/** A side and time, for nodes that the dead hide. */
#define DTT_WALK_GAP_QUERIES 4

/** What a user wants of a walk. */
struct dtt_walk_wish {
    size_t width;
    bool reuse_tokens;   /**< a closest set with good tokens needs not be asked again */
    uint64_t max_age_ns; /**< the result of a walk that ended this little time ago will do */
    size_t sample;       /**< so many of a closest set that is known will do; 0: look */
    size_t first;        /**< half of these are of so many closest ones */
    bool is_brief;       /**< a get that finds nothing does not look further */
};

/** Joins or starts the walk to `goal`; it may be over already. NULL: DTT_ENOMEM or too many. */
struct dtt_walk *dtt_walk_to(struct dtt_dht *d, struct dtt_now now, const struct dtt_goal *goal,
                             const struct dtt_walk_wish *wish);
/** A query of a walk was answered, is slow, or dead. */
void dtt_walk_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end);
/** Contacts of an answer go into the walk. */
void dtt_walk_offer(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *walk,
                    const struct dtt_krpc *answer, const struct dtt_addr *from);
/** A node has become live: waiting walks start, running ones may ask it. */
void dtt_walk_node_live(struct dtt_dht *d, struct dtt_now now, const uint8_t *id,
                        const struct dtt_addr *addr);
/** What running walks waited for has changed. */
void dtt_walk_pump_all(struct dtt_dht *d, struct dtt_now now);
/** Nobody is left to wait for: waiting walks end. */
void dtt_walk_end_waiting(struct dtt_dht *d, struct dtt_now now);
uint64_t dtt_walk_deadline(const struct dtt_dht *d);
void dtt_walk_tick(struct dtt_dht *d, struct dtt_now now);

#endif
