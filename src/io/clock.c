/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/clock.h"

#include <time.h>

struct dtt_now dtt_clock_now(void)
{
    struct timespec mono = {0};
    struct timespec wall = {0};
    clock_gettime(CLOCK_BOOTTIME, &mono);
    clock_gettime(CLOCK_REALTIME, &wall);
    return (struct dtt_now){
        .mono_ns = (uint64_t)mono.tv_sec * DTT_S + (uint64_t)mono.tv_nsec,
        .wall_ns = (int64_t)wall.tv_sec * (int64_t)DTT_S + wall.tv_nsec,
    };
}
