/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Our own record: what it tells, and the puts that carry it. It is made when it is handed out, so
 * that it tells what we know by then.
 */
#ifndef DTT_TRACKER_OWN_RECORD_H
#define DTT_TRACKER_OWN_RECORD_H

#include "tracker/tracker.h"

/** What a record of ours tells as its time that was put at `mono_ns`. */
uint64_t dtt_own_record_unix_s(const struct dtt_tracker *t, uint64_t mono_ns);
/** A put that the publisher wants; false: none. */
bool dtt_own_record_next(struct dtt_tracker *t, struct dtt_tracker_action *ret);
/** Likewise the record of the day, in the secret slot of its first minute: docs/design/tracker.md.
 */
bool dtt_own_record_next_day(struct dtt_tracker *t, struct dtt_tracker_action *ret);
/** For the local network: dtt_tracker_near_record. */
int dtt_own_record_near(struct dtt_tracker *t, struct dtt_now now, uint64_t minute,
                        const struct dtt_addr *near, size_t n, struct dtt_writer *ret);

#endif
