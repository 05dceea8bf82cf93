/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "timeline.h"

#include <stdio.h>

bool timeline_day(struct timeline *t, time_t now, char text[TIMELINE_TEXT_MAX])
{
    struct tm local;
    localtime_r(&now, &local);
    bool is_first = t->day == 0;
    bool is_other = t->day != local.tm_yday + 1 || t->year != local.tm_year;
    t->day = local.tm_yday + 1;
    t->year = local.tm_year;
    strftime(text, TIMELINE_TEXT_MAX, "%A, %Y-%m-%d", &local);
    return is_other && !is_first;
}

uint64_t timeline_away(struct timeline *t, uint64_t now_ms)
{
    uint64_t gap_ms = t->last_ms > 0 ? now_ms - t->last_ms : 0;
    t->last_ms = now_ms;
    return gap_ms >= TIMELINE_AWAY_MS ? gap_ms : 0;
}

uint64_t timeline_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_BOOTTIME, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void timeline_duration(uint64_t ms, char text[TIMELINE_TEXT_MAX])
{
    unsigned long long minutes = (ms + 30000) / 60000;
    if (ms < 100000) {
        snprintf(text, TIMELINE_TEXT_MAX, "%llu s", (unsigned long long)(ms + 500) / 1000);
    } else if (minutes < 60) {
        snprintf(text, TIMELINE_TEXT_MAX, "%llu min", minutes);
    } else if (minutes < 48 * 60) {
        snprintf(text, TIMELINE_TEXT_MAX, "%llu h %llu min", minutes / 60, minutes % 60);
    } else {
        snprintf(text, TIMELINE_TEXT_MAX, "%llu days", minutes / (24 * 60));
    }
}
