/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Neighbours behind NATs that are not heard any more: either of us may have another outside port.
 * The slots tell where the other one is; the nodes that are asked tell where we are, and that is
 * published (dtt_publisher_sought).
 */
#ifndef DTT_TRACKER_MISSED_H
#define DTT_TRACKER_MISSED_H

#include "base/bucket.h"
#include "tracker/tracker.h"

/** Reads because of them: so many at once, and one more each time that passes. */
#define DTT_MISSED_READS 8
#define DTT_MISSED_READ_S 6

void dtt_missed_init(struct dtt_bucket *reads, struct dtt_now now);
/** Such a neighbour is looked for. */
void dtt_missed_look(struct dtt_tracker *t, struct dtt_now now, const struct dtt_id *peer);

#endif
