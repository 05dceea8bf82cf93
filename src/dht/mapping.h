/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What the votes on our address say of the router before us (RFC 4787, mapping behaviour): one
 * outside address for all peers, or another port for each.
 */
#ifndef DTT_DHT_MAPPING_H
#define DTT_DHT_MAPPING_H

#include "dht/votes.h"

#include <dtt/types.h>

#define DTT_MAPPING_NEED_CONE 3 /**< voices that agree, more than half of all */
#define DTT_MAPPING_NEED_VARY 4 /**< voices of different ports at one IP, likewise */
#define DTT_MAPPING_NEED_STEP 3 /**< equal differences of ports, in the order of sending */

/**
 * CONE, VARY with `last` and `step`, or UNKNOWN; never OPEN. Only global voters count. A liar has
 * one voice a network (votes.h): for a false class it needs most of them.
 */
struct dtt_reach dtt_mapping_of(const struct dtt_votes *votes, struct dtt_now now);

#endif
