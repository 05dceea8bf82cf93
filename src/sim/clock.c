/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/clock.h"

#define MILLION 1000000

/* Monotonic clocks never show 0, which some code takes for "not yet". */
#define ORIGIN_NS DTT_S

/* Never runs backwards: the error is less than a part in a thousand. */
static uint64_t elapsed(const struct dtt_sim_clock *c, uint64_t t_ns)
{
    return t_ns + (uint64_t)((int64_t)t_ns * c->drift_ppm / MILLION);
}

struct dtt_now dtt_sim_clock_now(const struct dtt_sim_clock *c, int64_t epoch_ns, uint64_t t_ns)
{
    uint64_t e = elapsed(c, t_ns);
    return (struct dtt_now){.mono_ns = ORIGIN_NS + e,
                            .wall_ns = epoch_ns + (int64_t)e + c->offset_ns};
}

uint64_t dtt_sim_clock_when(const struct dtt_sim_clock *c, uint64_t mono_ns)
{
    if (mono_ns == DTT_NEVER || mono_ns <= ORIGIN_NS) {
        return mono_ns == DTT_NEVER ? DTT_NEVER : 0;
    }
    uint64_t e = mono_ns - ORIGIN_NS;
    uint64_t t = e - (uint64_t)((int64_t)e * c->drift_ppm / (MILLION + c->drift_ppm));
    /* Rounding: a step or two. */
    while (elapsed(c, t) < e) {
        t++;
    }
    while (t > 0 && elapsed(c, t - 1) >= e) {
        t--;
    }
    return t;
}
