/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What readers of a conversation have to know about its time: another day, and where they were
 * away. */
#ifndef CLI_TIMELINE_H
#define CLI_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/** timeline_away wants to be called so often, and tells an absence of at least so long. */
#define TIMELINE_STEP_MS 5000
#define TIMELINE_AWAY_MS 15000
#define TIMELINE_TEXT_MAX 64

/** Zero: nothing was shown yet. */
struct timeline {
    int year, day;    /* of the last line; 0: none yet */
    uint64_t last_ms; /* when timeline_away was called; 0: not yet */
};

/** The day of `now`, to be shown before a line of another day; false: the day has not changed. */
bool timeline_day(struct timeline *t, time_t now, char text[TIMELINE_TEXT_MAX]);

/**
 * Milliseconds that the program stood still, as a suspended computer does, by a clock that counts
 * sleep; 0: it did not.
 */
uint64_t timeline_away(struct timeline *t, uint64_t now_ms);

/** That clock. */
uint64_t timeline_now_ms(void);

/** "12 s", "3 min", "2 h 5 min", "4 days". */
void timeline_duration(uint64_t ms, char text[TIMELINE_TEXT_MAX]);

#endif
