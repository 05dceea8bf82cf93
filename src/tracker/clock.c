/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/clock.h"

#include <stdlib.h>
#include <string.h>

/* Clocks are compared by the minute, so two readings may differ by one more than the clocks. */
#define ALIKE_S 90
/* No clock in use is off by more; keeps the arithmetic within its range. */
#define MINUTES_MAX (INT64_C(1) << 40)

/* Minutes from our own, then days; the likeliest first. */
static const struct {
    int8_t minutes;
    int8_t days;
    bool is_day;
} steps[] = {
    {.minutes = 1},
    {.minutes = -2},
    {.minutes = 2},
    {.minutes = -3},
    {.minutes = 3},
    {.days = 0, .is_day = true},
    {.minutes = -4},
    {.minutes = 4},
    {.days = -1, .is_day = true},
    {.days = 1, .is_day = true},
    {.minutes = -5},
    {.minutes = 5},
    {.minutes = -6},
    {.minutes = 6},
    {.minutes = -7},
    {.minutes = 7},
    {.minutes = -8},
    {.minutes = 8},
    {.minutes = -9},
    {.minutes = 9},
    {.minutes = -10},
    {.minutes = 10},
    {.days = -2, .is_day = true},
    {.days = 2, .is_day = true},
    {.days = -3, .is_day = true},
    {.days = 3, .is_day = true},
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

void dtt_clock_init(struct dtt_clock *c)
{
    memset(c, 0, sizeof(*c));
    c->renewed_ns = DTT_NEVER;
}

void dtt_clock_was_set(struct dtt_clock *c)
{
    c->n = 0;
    c->turn = 0;
    c->renewed_ns = DTT_NEVER;
}

bool dtt_clock_may_look(const struct dtt_clock *c, uint64_t since_ns, uint64_t mono_ns)
{
    return since_ns != DTT_NEVER && mono_ns - since_ns >= DTT_CLOCK_AFTER_NS &&
           (c->turn < STEPS || mono_ns - c->looked_ns >= DTT_CLOCK_SLOW_NS);
}

uint64_t dtt_clock_look(struct dtt_clock *c, uint64_t minute, uint64_t mono_ns, bool *ret_is_day)
{
    size_t at = c->turn % STEPS;
    c->turn = c->turn + 1 < 2 * STEPS ? c->turn + 1 : STEPS;
    c->looked_ns = mono_ns;
    *ret_is_day = steps[at].is_day;
    int64_t by = steps[at].minutes + steps[at].days * (int64_t)DTT_CLOCK_DAY;
    uint64_t from = *ret_is_day ? dtt_clock_day(minute) : minute;
    return by < 0 && from < (uint64_t)-by ? 0 : from + (uint64_t)by;
}

bool dtt_clock_renew(struct dtt_clock *c, uint64_t mono_ns)
{
    if (c->renewed_ns != DTT_NEVER && mono_ns - c->renewed_ns < DTT_CLOCK_RENEW_NS) {
        return false;
    }
    c->renewed_ns = mono_ns;
    return true;
}

void dtt_clock_show(struct dtt_clock *c, uint64_t mono_ns, const struct dtt_id *member,
                    uint64_t minute, uint64_t ours)
{
    int64_t offset = (int64_t)(ours - minute);
    size_t at = 0;
    size_t oldest = 0;
    if (offset > MINUTES_MAX || offset < -MINUTES_MAX) {
        return;
    }
    while (at < c->n && memcmp(&c->shown[at].member, member, sizeof(*member)) != 0) {
        oldest = c->shown[at].mono_ns < c->shown[oldest].mono_ns ? at : oldest;
        at++;
    }
    if (at == c->n) {
        at = c->n < DTT_CLOCK_SHOWN ? c->n++ : oldest;
    }
    c->shown[at] =
        (struct dtt_clock_shown){.member = *member, .offset_s = offset * 60, .mono_ns = mono_ns};
}

static int by_offset(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

struct dtt_clock_guess dtt_clock_guess(const struct dtt_clock *c, uint64_t mono_ns)
{
    struct dtt_clock_guess g = {0};
    int64_t offsets[DTT_CLOCK_SHOWN];
    for (size_t i = 0; i < c->n; i++) {
        if (mono_ns - c->shown[i].mono_ns < DTT_CLOCK_KEEP_NS) {
            offsets[g.sources++] = c->shown[i].offset_s;
        }
    }
    if (g.sources > 0) {
        qsort(offsets, g.sources, sizeof(offsets[0]), by_offset);
        g.offset_s = offsets[(g.sources - 1) / 2];
    }
    for (size_t i = 0; i < g.sources; i++) {
        g.agreeing += llabs(offsets[i] - g.offset_s) <= ALIKE_S;
    }
    return g;
}

bool dtt_clock_is_off(const struct dtt_clock_guess *g)
{
    return llabs(g->offset_s) >= DTT_CLOCK_OFF_S;
}

bool dtt_clock_is_sure(const struct dtt_clock_guess *g)
{
    return g->agreeing >= DTT_CLOCK_SURE && 3 * g->agreeing >= 2 * g->sources;
}
