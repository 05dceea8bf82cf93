/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"

#define START_S 1000

static struct dtt_twin t;

static struct dtt_now at(uint64_t s)
{
    return (struct dtt_now){.mono_ns = s * DTT_S, .wall_ns = (int64_t)(s * DTT_S)};
}

static int setup(void **state)
{
    (void)state;
    dtt_twin_init(&t, at(START_S));
    return 0;
}

static bool found(uint64_t now_s, const char *value, uint64_t unix_s, size_t n_addrs)
{
    struct dtt_record_info info = {.size = sizeof(info),
                                   .minute = now_s / 60,
                                   .unix_s = unix_s,
                                   .n_addrs = n_addrs,
                                   .addrs = {dtt_addr_v4(192, 0, 2, 1, 7)}};
    return dtt_twin_found(&t, at(now_s), dtt_slice(value, strlen(value)), &info);
}

static void our_own_records_are_none(void **state)
{
    (void)state;
    dtt_twin_made(&t, dtt_slice("ours", 4));
    assert_false(found(START_S + 50, "ours", START_S + 50, 1));
    for (unsigned i = 0; i + 1 < DTT_TWIN_MADE; i++) {
        dtt_twin_made(&t, dtt_slice(&i, sizeof(i)));
    }
    assert_false(found(START_S + 50, "ours", START_S + 50, 1)); /* so many are remembered */
    assert_false(dtt_twin_is_there(&t, (START_S + 50) * DTT_S));
}

/* A restart, be it at another address, raises nothing. */
static void a_former_process_is_none(void **state)
{
    (void)state;
    assert_false(found(START_S + 5, "former", START_S - 1, 1));
    assert_false(found(START_S + 5, "former, at the end", START_S + DTT_TWIN_MARGIN_S, 1));
    assert_false(found(START_S + 5, "former, without a time", 0, 1)); /* of a minute begun before */
    assert_false(found(START_S + 50, "content of an application", START_S + 50, 0));
}

static void another_program_is_told_once(void **state)
{
    (void)state;
    assert_true(found(START_S + 8, "twin", START_S + 7, 1));
    assert_true(t.is_news);
    assert_int_equal(t.n_addrs, 1);
    assert_false(found(START_S + 60, "twin again", START_S + 60, 1));
    assert_true(dtt_twin_is_there(&t, (START_S + 61) * DTT_S));
    uint64_t later = START_S + 60 + DTT_TWIN_KEEP_NS / DTT_S;
    assert_false(dtt_twin_is_there(&t, later * DTT_S));
    assert_true(found(later, "twin much later", later, 1));
}

static void a_record_without_time_counts_from_its_minute(void **state)
{
    (void)state;
    assert_true(found(START_S + 120, "of a later minute", 0, 1));
}

/* The clock was ahead when the former process wrote, and has been set since. */
static void a_set_clock_begins_anew(void **state)
{
    (void)state;
    dtt_twin_clock_was_set(&t, at(START_S + 3600));
    assert_false(found(START_S + 3601, "of before", START_S + 3500, 1));
    assert_true(found(START_S + 3700, "of after", START_S + 3650, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(our_own_records_are_none, setup),
        cmocka_unit_test_setup(a_former_process_is_none, setup),
        cmocka_unit_test_setup(another_program_is_told_once, setup),
        cmocka_unit_test_setup(a_record_without_time_counts_from_its_minute, setup),
        cmocka_unit_test_setup(a_set_clock_begins_anew, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
