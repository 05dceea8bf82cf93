/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

static struct dtt_clock c;

static int setup(void **state)
{
    (void)state;
    dtt_clock_init(&c);
    return 0;
}

/* Member number `n` shows a clock that is `ahead` minutes ahead of ours. */
static void show(unsigned n, int64_t ahead)
{
    struct dtt_id id = node_id(n);
    dtt_clock_show(&c, n * DTT_S, &id, START_MINUTE + (uint64_t)ahead, START_MINUTE);
}

static struct dtt_clock_guess guess(void)
{
    return dtt_clock_guess(&c, 20 * DTT_S);
}

static void nobody_says_nothing(void **state)
{
    (void)state;
    struct dtt_clock_guess g = guess();
    assert_int_equal(g.sources, 0);
    assert_false(dtt_clock_is_off(&g));
    assert_false(dtt_clock_is_sure(&g));
}

static void one_member_is_told_and_not_believed(void **state)
{
    (void)state;
    show(1, -130);
    struct dtt_clock_guess g = guess();
    assert_int_equal(g.offset_s, 130 * 60); /* ours is ahead */
    assert_true(dtt_clock_is_off(&g));
    assert_false(dtt_clock_is_sure(&g));
    show(1, -130); /* as often as it likes */
    show(1, -130);
    g = guess();
    assert_int_equal(g.sources, 1);
    assert_false(dtt_clock_is_sure(&g));
}

static void three_that_agree_are_believed(void **state)
{
    (void)state;
    show(1, 120);
    show(2, 121);
    struct dtt_clock_guess g = guess();
    assert_false(dtt_clock_is_sure(&g));
    show(3, 120);
    g = guess();
    assert_int_equal(g.offset_s, -120 * 60);
    assert_int_equal(g.agreeing, 3);
    assert_true(dtt_clock_is_sure(&g));
}

static void a_minute_is_no_offset(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        show(i, i % 2 ? 1 : -1);
    }
    struct dtt_clock_guess g = guess();
    assert_false(dtt_clock_is_off(&g));
}

/* The majority is right, whatever the others say. */
static void liars_do_not_move_the_median(void **state)
{
    static const int64_t lies[] = {-1000000, 1000000, INT64_MIN / 2, INT64_MAX / 2};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        show(i, 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        show(10 + i, 500);
        struct dtt_clock_guess g = guess();
        assert_false(dtt_clock_is_off(&g));
    }
    dtt_clock_was_set(&c);
    for (unsigned i = 0; i < 4; i++) {
        show(i, lies[i]);
        struct dtt_clock_guess g = guess();
        assert_false(dtt_clock_is_sure(&g));
    }
}

static void it_is_bounded_and_forgets(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        show(i, 10);
    }
    struct dtt_clock_guess g = dtt_clock_guess(&c, 100 * DTT_S);
    assert_int_equal(g.sources, DTT_CLOCK_SHOWN);
    assert_int_equal(c.shown[0].mono_ns / DTT_S >= 100 - DTT_CLOCK_SHOWN, 1); /* the newest stay */
    g = dtt_clock_guess(&c, 100 * DTT_S + DTT_CLOCK_KEEP_NS);
    assert_int_equal(g.sources, 0);
    show(1, 10);
    dtt_clock_was_set(&c);
    g = guess();
    assert_int_equal(g.sources, 0);
}

/* Each minute up to ten either way, and each day up to three, in the first round; then seldom. */
static void it_looks_around_in_turn(void **state)
{
    bool minutes[21] = {false}, days[7] = {false};
    uint64_t mono_ns = DTT_CLOCK_AFTER_NS, day = dtt_clock_day(START_MINUTE);
    unsigned n = 0;
    (void)state;
    assert_false(dtt_clock_may_look(&c, 0, mono_ns - 1));
    assert_false(dtt_clock_may_look(&c, DTT_NEVER, mono_ns)); /* not alone */
    while (dtt_clock_may_look(&c, 0, mono_ns)) {
        bool is_day;
        uint64_t minute = dtt_clock_look(&c, START_MINUTE, mono_ns, &is_day);
        bool *of = is_day ? &days[3 + (int64_t)(minute - day) / DTT_CLOCK_DAY]
                          : &minutes[10 + (int64_t)(minute - START_MINUTE)];
        assert_false(*of);
        *of = true;
        n++;
    }
    assert_int_equal(n, 19 + 7); /* our own minute and the one before are read anyhow */
    assert_false(minutes[10] || minutes[9]);
    for (unsigned round = 0; round < 2 * n; round++) {
        bool is_day;
        assert_false(dtt_clock_may_look(&c, 0, mono_ns + DTT_CLOCK_SLOW_NS - 1));
        mono_ns += DTT_CLOCK_SLOW_NS;
        assert_true(dtt_clock_may_look(&c, 0, mono_ns));
        (void)dtt_clock_look(&c, START_MINUTE, mono_ns, &is_day);
    }
}

static void there_is_nothing_before_the_first_minute(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        bool is_day;
        assert_true(dtt_clock_look(&c, 1, 0, &is_day) < 4 * DTT_CLOCK_DAY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nobody_says_nothing, setup),
        cmocka_unit_test_setup(one_member_is_told_and_not_believed, setup),
        cmocka_unit_test_setup(three_that_agree_are_believed, setup),
        cmocka_unit_test_setup(a_minute_is_no_offset, setup),
        cmocka_unit_test_setup(liars_do_not_move_the_median, setup),
        cmocka_unit_test_setup(it_is_bounded_and_forgets, setup),
        cmocka_unit_test_setup(it_looks_around_in_turn, setup),
        cmocka_unit_test_setup(there_is_nothing_before_the_first_minute, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
