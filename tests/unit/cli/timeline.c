/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "timeline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOON 1796126400 /* 2026-12-01 12:00 UTC */
#define DAY 86400

static void test_day(void **state)
{
    struct timeline t = {0};
    char text[TIMELINE_TEXT_MAX];

    (void)state;
    setenv("TZ", "UTC", 1);
    tzset();
    assert_false(timeline_day(&t, NOON, text)); /* the first line needs none */
    assert_false(timeline_day(&t, NOON + DAY / 2 - 1, text));
    assert_true(timeline_day(&t, NOON + DAY / 2, text));
    assert_string_equal(text, "Wednesday, 2026-12-02");
    assert_false(timeline_day(&t, NOON + DAY, text));
    assert_true(timeline_day(&t, NOON + 366 * DAY, text)); /* the same day of another year */
}

static void test_away(void **state)
{
    struct timeline t = {0};

    (void)state;
    assert_int_equal(timeline_away(&t, 1000000), 0);
    assert_int_equal(timeline_away(&t, 1000000 + TIMELINE_STEP_MS), 0);
    assert_int_equal(timeline_away(&t, 1100000), 95000);
    assert_int_equal(timeline_away(&t, 1100001), 0);
}

static void lasts(uint64_t ms, const char *wanted)
{
    char text[TIMELINE_TEXT_MAX];
    timeline_duration(ms, text);
    assert_string_equal(text, wanted);
}

static void test_duration(void **state)
{
    (void)state;
    lasts(15499, "15 s");
    lasts(99000, "99 s");
    lasts(100000, "2 min");
    lasts(3540000, "59 min");
    lasts(3600000 * 2 + 300000, "2 h 5 min");
    lasts(UINT64_C(86400000) * 3, "3 days");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_day),
        cmocka_unit_test(test_away),
        cmocka_unit_test(test_duration),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
