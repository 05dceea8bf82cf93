/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Which numbers of one author were heard. The last ones are known one by one; of those before, what
 * is no higher than the highest of half a minute ago counts as heard.
 */
#ifndef DTT_AUTHOR_REPLAY_H
#define DTT_AUTHOR_REPLAY_H

#include "base/time.h"

#include <stdbool.h>

#define DTT_REPLAY_KNOWN 512 /**< numbers up to the highest that are known one by one */
/** After one to two of these a number that is not known any more counts as heard. */
#define DTT_REPLAY_TURN_NS (30 * DTT_S)

struct dtt_replay {
    uint64_t highest; /**< 0: none */
    uint64_t known[DTT_REPLAY_KNOWN / 64];
    uint64_t settled;  /**< the highest one or two turns ago */
    uint64_t settling; /**< the highest at the last turn */
    uint64_t turned_ns;
};

/**
 * Takes a number; false: it was heard, or may have been. `is_once`: somebody else sees to it that
 * equal messages of the last minute come once.
 */
bool dtt_replay_take(struct dtt_replay *r, struct dtt_now now, uint64_t seq, bool is_once);

#endif
