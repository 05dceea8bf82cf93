/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_quick_search_is_silent(void **state)
{
    struct progress p = {0};

    (void)state;
    assert_false(progress_is_due(&p, 5000, 2));
    assert_false(progress_is_due(&p, 5400, 3));
    assert_false(progress_is_due(&p, 5999, 5));
    progress_end(&p);
    assert_false(p.is_searching);
}

static void test_first_then_more_and_more_seldom(void **state)
{
    struct progress p = {0};

    (void)state;
    assert_false(progress_is_due(&p, 0, 2));
    assert_int_equal(p.next_ms, 1000);
    assert_true(progress_is_due(&p, 1000, 2));
    assert_int_equal(p.next_ms, 10000);
    assert_false(progress_is_due(&p, 1001, 2));
    assert_false(progress_is_due(&p, 9999, 2));
    assert_true(progress_is_due(&p, 10000, 2));
    assert_int_equal(p.next_ms, 60000);
    assert_true(progress_is_due(&p, 61500, 2));
    assert_int_equal(p.next_ms, 600000);
    assert_true(progress_is_due(&p, 600000, 2));
    assert_int_equal(p.next_ms, 1200000);
    /* A machine that slept says it once. */
    assert_true(progress_is_due(&p, 9000000, 2));
    assert_int_equal(p.next_ms, 9600000);
}

static void test_stage_is_told_once(void **state)
{
    struct progress p = {0};

    (void)state;
    assert_false(progress_is_due(&p, 0, 2));
    assert_true(progress_is_due(&p, 1000, 2));
    assert_true(progress_is_due(&p, 1200, 3));
    assert_true(progress_is_due(&p, 1300, 4));
    /* Back and forth between the two is no news. */
    assert_false(progress_is_due(&p, 2000, 3));
    assert_false(progress_is_due(&p, 3000, 4));
    assert_true(progress_is_due(&p, 11300, 3));
    assert_int_equal(p.next_ms, 60000);
}

static void test_next_search_begins_anew(void **state)
{
    struct progress p = {0};

    (void)state;
    assert_false(progress_is_due(&p, 0, 2));
    assert_true(progress_is_due(&p, 1000, 2));
    progress_end(&p);
    assert_false(progress_is_due(&p, 50000, 2));
    assert_false(progress_is_due(&p, 50999, 2));
    assert_true(progress_is_due(&p, 51000, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quick_search_is_silent),
        cmocka_unit_test(test_first_then_more_and_more_seldom),
        cmocka_unit_test(test_stage_is_told_once),
        cmocka_unit_test(test_next_search_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
