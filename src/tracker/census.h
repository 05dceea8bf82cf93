/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The size of the swarm as records tell it, and the election of the members that publish in a
 * minute. Each member has a number in each minute, a hash of the minute and its id; the lowest
 * numbers publish. So the publishers' numbers tell how many members there are: of n numbers spread
 * evenly over [0, 1) the k-th lowest is about k/n.
 */
#ifndef DTT_TRACKER_CENSUS_H
#define DTT_TRACKER_CENSUS_H

#include "tracker/peers.h"
#include "tracker/view.h"

/** The largest estimate: beyond it, somebody is making numbers up. */
#define DTT_CENSUS_MAX (1u << 20)

/** Zero it to initialise. */
struct dtt_census {
    uint32_t members; /**< estimate, us included; 0: none yet */
};

/** What a member draws at a time: a hash of both and of what it is for, as a fraction of 2^64. */
uint64_t dtt_census_draw(const char *label, const struct dtt_id *id, uint64_t time);
/** A member's number in a minute. */
uint64_t dtt_census_number(const struct dtt_id *id, uint64_t minute);

/** Improves the estimate by the records of `minute`, which has been read to its end. */
void dtt_census_observe(struct dtt_census *census, const struct dtt_view *v,
                        const struct dtt_peers *peers, uint64_t minute);

/**
 * The estimate, but no fewer than the members that we see at the moment. While we have fewer
 * neighbours than a large swarm would give us only these count: a crowd that has gone is soon
 * forgotten.
 */
uint32_t dtt_census_members(const struct dtt_census *census, const struct dtt_view *v,
                            const struct dtt_peers *peers);

/**
 * Whether we publish in `minute`, when `records` (1 or more) are wanted of the whole swarm. In a
 * swarm whose members are all our neighbours we publish if our number is one of the `records`
 * lowest and in the lower half; in a larger one if it is about that low, and in half of the minutes
 * at most. When elected, *ret_rank is the number of members that come before us, below `records`.
 */
bool dtt_census_is_elected(const struct dtt_census *census, const struct dtt_view *v,
                           const struct dtt_peers *peers, uint64_t minute, uint32_t records,
                           uint32_t *ret_rank);

#endif
