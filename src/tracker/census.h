/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How large the swarm is, as far as records tell, and who publishes in a minute. Each member has in
 * each minute a number, a hash of the minute and its id; those with the lowest publish. So the
 * numbers of the publishers tell how many members there are: among n even ones in [0, 1) the k-th
 * lowest is about k/n.
 */
#ifndef DTT_TRACKER_CENSUS_H
#define DTT_TRACKER_CENSUS_H

#include "tracker/peers.h"
#include "tracker/view.h"

#define DTT_CENSUS_MAX                                                         \
    (1u << 20) /**< members believed in: beyond, somebody is making numbers up \
                */

/** Zero it to initialise. */
struct dtt_census {
    uint32_t members; /**< estimate, us included; 0: none yet */
};

/** A member's number in a minute, as a fraction of 2^64. */
uint64_t dtt_census_number(const struct dtt_id *id, uint64_t minute);

/** All that was published in `minute` has been read. */
void dtt_census_observe(struct dtt_census *census, const struct dtt_view *v,
                        const struct dtt_peers *peers, uint64_t minute);

/**
 * The estimate, but no fewer than those we see at the moment; these alone while we have fewer
 * neighbours than a large swarm would give us: a crowd that has gone is soon forgotten.
 */
uint32_t dtt_census_members(const struct dtt_census *census, const struct dtt_view *v,
                            const struct dtt_peers *peers);

/**
 * Whether we publish in `minute`, when `records` (1 or more) are wanted of the whole swarm: in a
 * swarm of which we know everybody if our number is in the lower half, else if it is low enough for
 * `records` of so many; in any case half of the minutes at most. When elected, *ret_rank tells how
 * many have lower numbers, as far as we can tell, and come first: fewer than `records`.
 */
bool dtt_census_is_elected(const struct dtt_census *census, const struct dtt_view *v,
                           const struct dtt_peers *peers, uint64_t minute, uint32_t records,
                           uint32_t *ret_rank);

#endif
