/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* For LD_PRELOAD: a wall clock that is DTT_CLOCK_SECONDS ahead. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((visibility("default"))) int clock_gettime(clockid_t clock, struct timespec *ret);
__attribute__((visibility("default"))) time_t time(time_t *ret);

int clock_gettime(clockid_t clock, struct timespec *ret)
{
    const char *seconds = getenv("DTT_CLOCK_SECONDS");
    int err = (int)syscall(SYS_clock_gettime, clock, ret);
    if (err == 0 && seconds && clock == CLOCK_REALTIME) {
        ret->tv_sec += strtol(seconds, NULL, 10);
    }
    return err;
}

time_t time(time_t *ret)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (ret) {
        *ret = now.tv_sec;
    }
    return now.tv_sec;
}
