/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "author/gaps.h"

static struct dtt_gaps gaps;

static int setup(void **state)
{
    (void)state;
    gaps = (struct dtt_gaps){0};
    return 0;
}

static void take(uint64_t from, uint64_t to)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        dtt_gaps_take(&gaps, seq);
    }
}

/* What turns tell until nothing is waited for. */
static uint64_t missed(void)
{
    uint64_t n = 0;
    for (int turns = 0; dtt_gaps_is_open(&gaps); turns++) {
        assert_true(turns < 2);
        n += dtt_gaps_turn(&gaps);
    }
    return n;
}

static void nothing_is_missed_in_a_row(void **state)
{
    (void)state;
    take(1000, 2000);
    assert_false(dtt_gaps_is_open(&gaps));
    assert_int_equal(missed(), 0);
}

/* What was said before the first message that was heard is not missed. */
static void a_newcomer_misses_nothing(void **state)
{
    (void)state;
    take(1000, 1000);
    take(900, 999);
    take(1001, 1003);
    assert_int_equal(missed(), 0);
}

static void what_comes_late_is_not_missed(void **state)
{
    (void)state;
    take(1, 10);
    take(110, 110);
    assert_true(dtt_gaps_is_open(&gaps));
    assert_int_equal(dtt_gaps_turn(&gaps), 0);
    take(11, 60);
    take(111, 120);
    take(61, 109);
    assert_false(dtt_gaps_is_open(&gaps));
}

/* In the second turn after it was seen that they lack, once. */
static void what_does_not_come_is_missed(void **state)
{
    (void)state;
    take(1, 10);
    take(14, 20);
    assert_int_equal(dtt_gaps_turn(&gaps), 0);
    take(25, 30);
    assert_int_equal(dtt_gaps_turn(&gaps), 3);
    take(22, 22);
    assert_int_equal(dtt_gaps_turn(&gaps), 3); /* 21, 23 and 24 */
    assert_false(dtt_gaps_is_open(&gaps));
    take(11, 13); /* too late */
    take(31, 40);
    assert_int_equal(missed(), 0);
}

static void a_leap_is_a_new_start(void **state)
{
    (void)state;
    take(1, 10);
    take(10 + DTT_GAPS_LEAP, 20 + DTT_GAPS_LEAP);
    assert_int_equal(missed(), 0);
    take(20 + 2 * DTT_GAPS_LEAP - 1, 20 + 2 * DTT_GAPS_LEAP - 1);
    assert_int_equal(missed(), DTT_GAPS_LEAP - 2);
    dtt_gaps_take(&gaps, UINT64_MAX);
    assert_int_equal(missed(), 0);
}

static void a_number_said_twice_counts_as_any(void **state)
{
    (void)state;
    take(1, 10);
    take(20, 20);
    for (int i = 0; i < 30; i++) {
        take(15, 15);
    }
    assert_int_equal(missed(), 0);
    take(22, 22);
    assert_int_equal(dtt_gaps_turn(&gaps), 0);
    for (int i = 0; i < 30; i++) {
        take(24, 24);
    }
    assert_int_equal(missed(), 0);
    take(30, 30);
    assert_int_equal(missed(), 5);
}

/* Against a table of all numbers, in orders that are mixed up. */
static void as_one_would_count(void **state)
{
    static bool heard[6000];
    uint64_t next = 1, told = 0, lacks = 0;
    uint32_t dice = 1;
    (void)state;
    take(1, 1);
    heard[1] = true;
    for (int turn = 0; turn < 60; turn++) {
        for (int i = 0; i < 40; i++) {
            dice = dice * 1103515245 + 12345;
            uint64_t seq = next + (dice >> 16) % 60; /* within one turn of its time */
            if (!heard[seq]) {
                heard[seq] = true;
                dtt_gaps_take(&gaps, seq);
            }
            next += (uint64_t)i % 2;
        }
        next += 60;
        told += dtt_gaps_turn(&gaps);
    }
    told += missed();
    for (uint64_t seq = 1; seq < gaps.highest; seq++) {
        lacks += !heard[seq];
    }
    assert_true(lacks > 500);
    assert_int_equal(told, lacks);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, NULL)
    const struct CMUnitTest tests[] = {
        T(nothing_is_missed_in_a_row),
        T(a_newcomer_misses_nothing),
        T(what_comes_late_is_not_missed),
        T(what_does_not_come_is_missed),
        T(a_leap_is_a_new_start),
        T(a_number_said_twice_counts_as_any),
        T(as_one_would_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
