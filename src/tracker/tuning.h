/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Timers and limits of a tracker: presets, and what the user changes of them. See tuning.def. */
#ifndef DTT_TRACKER_TUNING_H
#define DTT_TRACKER_TUNING_H

#include "base/time.h"

#include <dtt/dtt.h>
#include <stdbool.h>

#define DTT_TUNING_MS(name) uint64_t name##_ns;
#define DTT_TUNING_N(name) uint32_t name;
#define DTT_TUNING_ON(name) bool name;
/** A field for each knob: times in nanoseconds, 0 for off. */
struct dtt_tracker_tuning {
#define KNOB(type, name, min, max, def, seed, rust, help) DTT_TUNING_##type(name)
#include "tracker/tuning.def"
};

/** A preset (enum dtt_preset) and what `tuning` (may be NULL) changes of it. */
void dtt_tracker_tuning_make(struct dtt_tracker_tuning *ret, int preset,
                             const struct dtt_tuning *tuning);

/** Enough `others` have a record in this minute: one more is not to be published. */
static inline bool dtt_tracker_is_capped(const struct dtt_tracker_tuning *t, uint32_t others)
{
    return others >= t->record_cap;
}

#endif
