/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Time is an argument. No module reads a clock: each call that depends on time takes a
 * `struct dtt_now`, constant within the call.
 */
#ifndef DTT_BASE_TIME_H
#define DTT_BASE_TIME_H

#include <stdint.h>

#define DTT_US UINT64_C(1000)
#define DTT_MS UINT64_C(1000000)
#define DTT_S UINT64_C(1000000000)

/** The deadline of something that never becomes due. */
#define DTT_NEVER UINT64_MAX

struct dtt_now {
    uint64_t mono_ns; /**< monotonic, also counts while the host sleeps; origin arbitrary */
    int64_t wall_ns;  /**< UTC, nanoseconds since 1970; may step */
};

/** The unix minute (records are keyed by it); 0 before 1970. */
static inline uint64_t dtt_now_minute(struct dtt_now now)
{
    return now.wall_ns < 0 ? 0 : (uint64_t)now.wall_ns / (60 * DTT_S);
}

static inline uint64_t dtt_min_ns(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/** `first_ns` doubled `times` times, at most `max_ns`. */
static inline uint64_t dtt_doubled_ns(uint64_t first_ns, unsigned times, uint64_t max_ns)
{
    for (; times > 0 && first_ns < max_ns; times--) {
        first_ns *= 2;
    }
    return dtt_min_ns(first_ns, max_ns);
}

/** The pause after `last_ns`, or the first where that is 0; they double up to `max_ns`. */
static inline uint64_t dtt_next_pause_ns(uint64_t last_ns, uint64_t first_ns, uint64_t max_ns)
{
    return last_ns ? dtt_min_ns(2 * last_ns, max_ns) : first_ns;
}

/** a + b, or DTT_NEVER when the sum does not fit: DTT_NEVER plus anything is DTT_NEVER. */
static inline uint64_t dtt_add_ns(uint64_t a, uint64_t b)
{
    return a > DTT_NEVER - b ? DTT_NEVER : a + b;
}

#endif
