/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The doorman: in a swarm whose members cannot be reached by strangers somebody has to read the
 * secret slot for newcomers, and dial them. Members decide by hashes of time and id who is on duty
 * in a minute, without a word to each other: those that the election wants to publish first. So one
 * walk serves for both, and newcomers know the record of the doorman: their routers let in nobody
 * else. After the first read of a minute's slot a doorman asks a few of the closest nodes a slice.
 *
 * A member knows its neighbours, who are there and hold a connection; ids of records count for
 * nothing, as anybody with the secret can write many. So members that are on duty and never read
 * take as many turns from the others as they have neighbours among them, and no more.
 */
#ifndef DTT_TRACKER_DOORMAN_H
#define DTT_TRACKER_DOORMAN_H

#include "tracker/peers.h"
#include "tracker/view.h"

#define DTT_DOORMAN_SLICE_NS (5 * DTT_S)
#define DTT_DOORMAN_SLICES 12           /**< a minute */
#define DTT_DOORMAN_INTO_NS (2 * DTT_S) /**< a slice: by then the alone have written anew */
#define DTT_DOORMAN_SAMPLE 2   /**< nodes asked in an even slice; half as many in an odd one */
#define DTT_DOORMAN_PLACES 2   /**< closest nodes of the slot, for those who search */
#define DTT_DOORMAN_DUTY 3     /**< members on duty, on average, of a swarm that is not known */
#define DTT_DOORMAN_MEMBERS 64 /**< a swarm counts for no more: estimates can be made up */
/** So many open members are enough for newcomers; but they may lie: one slice a minute is left. */
#define DTT_DOORMAN_OPEN 2
#define DTT_DOORMAN_DIALS 2               /**< newcomers chosen at a time */
#define DTT_DOORMAN_AGE_S 60              /**< a record of a newcomer is younger than this */
#define DTT_DOORMAN_AGAIN_NS (25 * DTT_S) /**< a newcomer dialled this long ago may be chosen */

enum dtt_doorman_turn {
    DTT_DOORMAN_NOTHING,
    DTT_DOORMAN_BEGINS, /**< our duty of a minute */
    DTT_DOORMAN_READS   /**< on duty: a slice of ours begins */
};

struct dtt_doorman {
    uint64_t slice;   /**< the last one that was decided; 0: none */
    uint64_t minute;  /**< the last one in which we were on duty; 0: none */
    uint64_t wake_ns; /**< mono, the next slice; DTT_NEVER: no member */
    uint8_t sample;   /**< nodes to be asked now; the owner clears it; 0: none */
};

/** At first, without neighbours, and where no doorman is wanted. */
void dtt_doorman_init(struct dtt_doorman *d);
/** A joined member. `members` of the swarm by estimate; `is_open`: strangers reach us. */
enum dtt_doorman_turn dtt_doorman_step(struct dtt_doorman *d, struct dtt_now now,
                                       const struct dtt_view *v, const struct dtt_peers *peers,
                                       uint32_t members, bool is_open);
/** Marks newcomers for dialling that nobody has let in yet; how many. */
uint32_t dtt_doorman_choose(struct dtt_now now, const struct dtt_view *v, struct dtt_peers *peers);

#endif
