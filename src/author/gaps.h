/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How many messages of one author are missing, by their numbers. They come in any order, and those
 * that were said while we were away come last: a number that lacks is missed when it has not come
 * for one to two turns.
 */
#ifndef DTT_AUTHOR_GAPS_H
#define DTT_AUTHOR_GAPS_H

#include <stdbool.h>
#include <stdint.h>

/** A leap of so many is a new start of the author. */
#define DTT_GAPS_LEAP 65536

struct dtt_gaps {
    uint64_t settled; /**< up to this one nothing is waited for; 0: none was heard */
    uint64_t mark;    /**< the highest at the last turn */
    uint64_t highest;
    uint64_t below, above; /**< numbers heard between `settled`, `mark` and `highest` */
};

/** A number was heard, for the first time. */
void dtt_gaps_take(struct dtt_gaps *g, uint64_t seq);
/** A turn is over: how many are missed that lacked before it began. */
uint64_t dtt_gaps_turn(struct dtt_gaps *g);

/** Some are waited for. */
static inline bool dtt_gaps_is_open(const struct dtt_gaps *g)
{
    return g->highest > g->settled;
}

#endif
