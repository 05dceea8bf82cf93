/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The pace of what a topic of ours says. The better half of the neighbours sets it, and the others
 * are waited for as long as patience lasts: a message that a neighbour is too far behind for may be
 * forgotten before it can be had. A neighbour that lags for long, or on purpose, uses up patience
 * and holds nobody up then.
 */
#ifndef DTT_NODE_PACE_H
#define DTT_NODE_PACE_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

/** So long a topic waits for its slower neighbours at once. */
#define DTT_PACE_PATIENCE_NS (5 * DTT_S)
/** Used up, it comes back in so many times that time; half of it is needed to begin anew. */
#define DTT_PACE_REST 4

/** Zero it to initialise. */
struct dtt_pace {
    uint64_t asked_ns;
    uint64_t waited_ns; /**< less what has come back since */
    bool is_waiting;    /**< ever since `asked_ns`, and nothing else holds the topic up */
    bool is_tired;      /**< patience was used up */
};

/** How many neighbours there are, and of these: who have room, and whom nobody waits for. */
struct dtt_pace_neighbors {
    size_t all, ready, left;
};

/** Whether a message may be said now. Asked again while one waits. */
bool dtt_pace_may_say(struct dtt_pace *p, struct dtt_now now, const struct dtt_pace_neighbors *n);

#endif
