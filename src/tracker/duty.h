/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A tracker's duty at the door: what it reads and publishes when the doorman has a turn, and the
 * newcomers that it is to dial.
 */
#ifndef DTT_TRACKER_DUTY_H
#define DTT_TRACKER_DUTY_H

#include "tracker/tracker.h"

/** Does what the present slice asks for. */
void dtt_duty_step(struct dtt_tracker *t, struct dtt_now now);
/** A record has come, or ours is stored: newcomers may be there to be dialled. */
void dtt_duty_choose(struct dtt_tracker *t, struct dtt_now now);
/** Slots of the present minute that were read when its duty began. */
dtt_slot_kinds dtt_duty_kinds_read(const struct dtt_tracker *t);
/** The read of a sample that is due; false: none. */
bool dtt_duty_next(struct dtt_tracker *t, struct dtt_tracker_action *ret);

#endif
