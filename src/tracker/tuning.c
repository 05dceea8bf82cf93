/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/tuning.h"

#define SET_MS(name, value) ret->name##_ns = (uint64_t)(value)*DTT_MS
#define SET_N(name, value) ret->name = (uint32_t)(value)
#define SET_ON(name, value) ret->name = (value) > 0

/* The user's figure of a knob, else the preset's; 0 for off. */
static int chosen(int user, int preset)
{
    return user == 0 ? preset : user == DTT_OFF ? 0 : user;
}

void dtt_tracker_tuning_make(struct dtt_tracker_tuning *ret, int preset,
                             const struct dtt_tuning *tuning)
{
    static const struct dtt_tuning none = {.size = sizeof(none)};
    const struct dtt_tuning *user = tuning ? tuning : &none;
#define KNOB(type, name, min, max, def, seed, rust, help) \
    SET_##type(name, chosen(user->name, (const int[]){def, seed, rust}[preset]));
#include "tracker/tuning.def"
}
