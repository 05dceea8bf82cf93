/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The clocks of a simulated host: it counts the world's time with its own error. Whole numbers
 * only, so that every compiler computes the same instants.
 */
#ifndef DTT_SIM_CLOCK_H
#define DTT_SIM_CLOCK_H

#include "base/time.h"

struct dtt_sim_clock {
    int64_t drift_ppm; /**< runs fast by this, -500..500 */
    int64_t offset_ns; /**< its wall clock is ahead by this */
};

/** The host's clocks at world time `t_ns`, when the world began at unix time `epoch_ns`. */
struct dtt_now dtt_sim_clock_now(const struct dtt_sim_clock *c, int64_t epoch_ns, uint64_t t_ns);
/** The first world time at which the host's monotonic clock shows at least `mono_ns`. */
uint64_t dtt_sim_clock_when(const struct dtt_sim_clock *c, uint64_t mono_ns);

#endif
