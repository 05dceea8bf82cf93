/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tracker/reads.h"

#define M UINT64_C(1000)
#define PUBLIC (1u << DTT_SLOT_PUBLIC)
#define SECRET (1u << DTT_SLOT_SECRET)

static struct dtt_reads r;

static int setup(void **state)
{
    (void)state;
    dtt_reads_init(&r, 10 * DTT_S, M);
    return 0;
}

/* The minute of the next read to be made; 0: none. */
static uint64_t next(void)
{
    enum dtt_slot_kind kind;
    uint64_t minute = 0;
    return dtt_reads_next(&r, &kind, &minute) ? minute : 0;
}

static void both_minutes_are_read_the_current_first(void **state)
{
    (void)state;
    assert_false(dtt_reads_is_busy(&r));
    dtt_reads_start(&r, 0, PUBLIC);
    assert_int_equal(next(), M);
    assert_int_equal(next(), M - 1);
    assert_int_equal(next(), 0);
    assert_true(dtt_reads_is_busy(&r));
}

static void a_running_read_is_not_started_again(void **state)
{
    (void)state;
    dtt_reads_start(&r, 0, PUBLIC);
    (void)next();
    (void)next();
    dtt_reads_start(&r, 1 * DTT_S, PUBLIC);
    dtt_reads_start_current(&r, 1 * DTT_S, PUBLIC);
    assert_int_equal(next(), 0);
    dtt_reads_done(&r, 2 * DTT_S, DTT_SLOT_PUBLIC, M, 0);
    dtt_reads_start(&r, 2 * DTT_S, PUBLIC);
    assert_int_equal(next(), M);
    assert_int_equal(next(), 0);
}

static void a_read_is_over_when_done_or_too_old(void **state)
{
    (void)state;
    dtt_reads_start(&r, 0, PUBLIC);
    (void)next();
    (void)next();
    assert_int_equal(dtt_reads_deadline(&r), 10 * DTT_S);
    dtt_reads_done(&r, 2 * DTT_S, DTT_SLOT_PUBLIC, M, 3);
    dtt_reads_done(&r, 3 * DTT_S, DTT_SLOT_PUBLIC, M, 3);
    dtt_reads_done(&r, 3 * DTT_S, DTT_SLOT_PUBLIC, M - 2, 3);
    assert_int_equal(r.done, 3);
    assert_int_equal(dtt_reads_current_answered_ns(&r, PUBLIC), 2 * DTT_S);
    assert_true(dtt_reads_is_busy(&r));
    assert_false(dtt_reads_is_busy_current(&r));
    dtt_reads_tick(&r, 10 * DTT_S - 1);
    assert_true(dtt_reads_is_busy(&r));
    dtt_reads_tick(&r, 10 * DTT_S);
    assert_false(dtt_reads_is_busy(&r));
    assert_int_equal(dtt_reads_deadline(&r), DTT_NEVER);
}

static void a_read_without_answers_does_not_count(void **state)
{
    (void)state;
    dtt_reads_start_current(&r, 0, PUBLIC);
    assert_int_equal(next(), M);
    assert_int_equal(next(), 0);
    dtt_reads_done(&r, 1 * DTT_S, DTT_SLOT_PUBLIC, M, 0);
    assert_int_equal(r.done, 0);
    assert_int_equal(dtt_reads_current_answered_ns(&r, PUBLIC), DTT_NEVER);
}

static void the_old_slot_is_not_read_while_fresh(void **state)
{
    (void)state;
    dtt_reads_start(&r, 0, PUBLIC);
    (void)next();
    (void)next();
    dtt_reads_done(&r, 1 * DTT_S, DTT_SLOT_PUBLIC, M, 1);
    dtt_reads_done(&r, 1 * DTT_S, DTT_SLOT_PUBLIC, M - 1, 1);
    dtt_reads_start(&r, 2 * DTT_S, PUBLIC);
    assert_int_equal(next(), M);
    assert_int_equal(next(), 0);
    dtt_reads_done(&r, 3 * DTT_S, DTT_SLOT_PUBLIC, M, 1);
    dtt_reads_start(&r, 1 * DTT_S + DTT_READS_OLD_FRESH_NS, PUBLIC);
    assert_int_equal(next(), M);
    assert_int_equal(next(), M - 1);
}

/* A record may have been written just before that minute ended. */
static void the_old_slot_is_read_though_fresh_on_request(void **state)
{
    (void)state;
    dtt_reads_start(&r, 0, PUBLIC);
    (void)next();
    (void)next();
    dtt_reads_done(&r, 0, DTT_SLOT_PUBLIC, M - 1, 3);
    dtt_reads_start_previous(&r, DTT_S, PUBLIC);
    assert_int_equal(next(), M - 1);
    assert_int_equal(next(), 0);
}

static void older_minutes_are_read_on_request(void **state)
{
    (void)state;
    r.depth = 3;
    dtt_reads_start_older(&r, 0, PUBLIC);
    assert_int_equal(next(), M - 1);
    assert_int_equal(next(), M - 2);
    assert_int_equal(next(), 0);
    dtt_reads_done(&r, 1 * DTT_S, DTT_SLOT_PUBLIC, M - 2, 1);
    dtt_reads_start_older(&r, 2 * DTT_S, PUBLIC);
    assert_int_equal(next(), 0);
    dtt_reads_turn(&r, M + 1);
    dtt_reads_done(&r, 2 * DTT_S, DTT_SLOT_PUBLIC, M - 1, 1);
    assert_false(dtt_reads_is_busy(&r));
    dtt_reads_init(&r, 10 * DTT_S, 0); /* the first minute of all has none before it */
    dtt_reads_start(&r, 0, PUBLIC);
    dtt_reads_start_older(&r, 0, PUBLIC);
    uint64_t minute;
    enum dtt_slot_kind kind;
    assert_true(dtt_reads_next(&r, &kind, &minute) && minute == 0);
    assert_false(dtt_reads_next(&r, &kind, &minute));
}

static void slots_of_a_kind_are_read_apart(void **state)
{
    (void)state;
    enum dtt_slot_kind kind;
    uint64_t minute;
    dtt_reads_start(&r, 0, PUBLIC | SECRET);
    for (unsigned i = 0; i < 4; i++) {
        assert_true(dtt_reads_next(&r, &kind, &minute));
        assert_int_equal(minute, M - i / 2);
        assert_int_equal(kind, i % 2);
    }
    assert_false(dtt_reads_next(&r, &kind, &minute));
    dtt_reads_done(&r, 1 * DTT_S, DTT_SLOT_PUBLIC, M, 1);
    assert_int_equal(dtt_reads_current_answered_ns(&r, PUBLIC), 1 * DTT_S);
    assert_int_equal(dtt_reads_current_answered_ns(&r, PUBLIC | SECRET), DTT_NEVER);
    assert_true(dtt_reads_is_busy_current(&r));
    dtt_reads_start_current(&r, 2 * DTT_S, PUBLIC | SECRET);
    assert_true(dtt_reads_next(&r, &kind, &minute));
    assert_int_equal(kind, DTT_SLOT_PUBLIC);
    assert_false(dtt_reads_next(&r, &kind, &minute)); /* the other one still runs */
    dtt_reads_done(&r, 3 * DTT_S, DTT_SLOT_SECRET, M, 1);
    dtt_reads_done(&r, 4 * DTT_S, DTT_SLOT_PUBLIC, M, 1);
    assert_int_equal(dtt_reads_current_answered_ns(&r, PUBLIC | SECRET), 3 * DTT_S);
    assert_false(dtt_reads_is_busy_current(&r));
}

static void a_new_minute_keeps_only_the_read_before_it(void **state)
{
    (void)state;
    dtt_reads_start(&r, 0, PUBLIC);
    (void)next();
    (void)next();
    dtt_reads_turn(&r, M + 1);
    dtt_reads_start(&r, 1 * DTT_S, PUBLIC);
    assert_int_equal(next(), M + 1);
    assert_int_equal(next(), 0); /* that of M still runs */
    dtt_reads_done(&r, 2 * DTT_S, DTT_SLOT_PUBLIC, M - 1, 1);
    assert_true(dtt_reads_is_busy(&r));
    dtt_reads_done(&r, 2 * DTT_S, DTT_SLOT_PUBLIC, M, 1);
    assert_int_equal(r.done, 2);
    dtt_reads_turn(&r, M + 100);
    assert_false(dtt_reads_is_busy(&r));
    dtt_reads_turn(&r, M); /* the clock was set back */
    dtt_reads_start(&r, 3 * DTT_S, PUBLIC);
    assert_int_equal(next(), M);
    assert_int_equal(next(), M - 1);
}

/* Nobody wants what it would find, and its slot is not in the view any more. */
static void a_read_due_for_a_minute_that_is_too_old_is_not_made(void **state)
{
    (void)state;
    dtt_reads_start(&r, 0, PUBLIC);
    dtt_reads_turn(&r, M + 1);
    assert_int_equal(next(), M);
    assert_int_equal(next(), 0);
    dtt_reads_done(&r, 1 * DTT_S, DTT_SLOT_PUBLIC, M, 1);
    assert_false(dtt_reads_is_busy(&r));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(both_minutes_are_read_the_current_first, setup),
        cmocka_unit_test_setup(a_running_read_is_not_started_again, setup),
        cmocka_unit_test_setup(a_read_is_over_when_done_or_too_old, setup),
        cmocka_unit_test_setup(a_read_without_answers_does_not_count, setup),
        cmocka_unit_test_setup(the_old_slot_is_not_read_while_fresh, setup),
        cmocka_unit_test_setup(the_old_slot_is_read_though_fresh_on_request, setup),
        cmocka_unit_test_setup(older_minutes_are_read_on_request, setup),
        cmocka_unit_test_setup(slots_of_a_kind_are_read_apart, setup),
        cmocka_unit_test_setup(a_new_minute_keeps_only_the_read_before_it, setup),
        cmocka_unit_test_setup(a_read_due_for_a_minute_that_is_too_old_is_not_made, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
