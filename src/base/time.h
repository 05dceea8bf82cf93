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

/** a + b, or DTT_NEVER when the sum does not fit: DTT_NEVER plus anything is DTT_NEVER. */
static inline uint64_t dtt_add_ns(uint64_t a, uint64_t b)
{
    return a > DTT_NEVER - b ? DTT_NEVER : a + b;
}

#endif
