/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "tracker/census.h"

#define M START_MINUTE

static struct dtt_census s;

static int setup(void **state)
{
    (void)state;
    memset(&s, 0, sizeof(s));
    fakes_reset();
    return 0;
}

static uint64_t number_of(unsigned n, uint64_t minute)
{
    struct dtt_id id = fake_id(n);
    return dtt_census_number(&id, minute);
}

/* Records of those of members 1 to `n` that publish when `records` are wanted of the swarm. */
static unsigned publish(unsigned n, uint32_t records, uint64_t minute)
{
    unsigned count = 0;
    v.count = 0;
    for (unsigned i = 1; i <= n && v.count < DTT_VIEW_PUBLISHERS_MAX; i++) {
        if (number_of(i, minute) < UINT64_MAX / n * records) {
            record(i, 0, 0);
            v.records[v.count - 1].info.minute = minute;
            count++;
        }
    }
    return count;
}

static void numbers_differ_by_member_and_minute(void **state)
{
    (void)state;
    assert_true(number_of(1, M) != number_of(2, M));
    assert_true(number_of(1, M) != number_of(1, M + 1));
    assert_true(number_of(1, M) == number_of(1, M));
}

/* docs/protocol/publishing.md shows this one. */
static void the_number_of_the_documented_example(void **state)
{
    (void)state;
    struct dtt_id id;
    memset(id.bytes, 7, sizeof(id.bytes));
    assert_true(dtt_census_number(&id, 29000000) == UINT64_C(0x193aa82be6d2bfbd));
}

static void the_estimate_follows_the_swarm(void **state)
{
    (void)state;
    const unsigned sizes[] = {100, 1000, 5000};
    for (size_t k = 0; k < 3; k++) {
        uint64_t sum = 0;
        memset(&s, 0, sizeof(s));
        for (uint64_t minute = M; minute < M + 40; minute++) {
            publish(sizes[k], 5, minute);
            dtt_census_observe(&s, &v, &peers, minute);
            sum += s.members;
        }
        /* It errs on the side of too many: of several guesses it takes the highest. */
        assert_in_range(sum / 40, sizes[k] / 2, sizes[k] * 5 / 2);
    }
}

static void those_who_were_not_elected_do_not_hide_the_size(void **state)
{
    (void)state;
    uint64_t sum = 0;
    for (uint64_t minute = M; minute < M + 40; minute++) {
        publish(1000, 5, minute);
        for (unsigned i = 0; i < 20; i++) { /* they have just started, or are of another program */
            record(5000 + i, 0, 0);
            v.records[v.count - 1].info.minute = minute;
        }
        dtt_census_observe(&s, &v, &peers, minute);
        sum += s.members;
    }
    assert_in_range(sum / 40, 500, 2500);
}

static void a_liar_cannot_make_it_endless(void **state)
{
    (void)state;
    /* Numbers of zero cannot be had, so put the estimate there by hand. */
    s.members = DTT_CENSUS_MAX;
    publish(100, 100, M);
    dtt_census_observe(&s, &v, &peers, M);
    assert_true(s.members <= DTT_CENSUS_MAX / 2 + 200);
    for (uint64_t minute = M; minute < M + 14; minute++) {
        dtt_census_observe(&s, &v, &peers, M);
    }
    assert_in_range(s.members, 50, 400);
}

static void whom_we_see_counts_at_least(void **state)
{
    (void)state;
    assert_int_equal(dtt_census_members(&s, &v, &peers), 1);
    neighbor(1);
    neighbor(2);
    assert_int_equal(dtt_census_members(&s, &v, &peers), 3);
    record(1, 2, 3);
    record(4, SELF, 5);
    assert_int_equal(dtt_census_members(&s, &v, &peers), 6);
    for (unsigned i = 0; i < DTT_VIEW_PUBLISHERS_MAX - 2; i++) {
        record(1000 + 3 * i, 1001 + 3 * i, 1002 + 3 * i);
    }
    assert_int_equal(dtt_census_members(&s, &v, &peers), 6 + 3 * (DTT_VIEW_PUBLISHERS_MAX - 2));
    /* Too few numbers to tell anything: those we see are there nevertheless. */
    s.members = 0;
    dtt_census_observe(&s, &v, &peers, M - 1);
    assert_int_equal(s.members, 6 + 3 * (DTT_VIEW_PUBLISHERS_MAX - 2));
}

/* A view as members of a large swarm have it. */
static void four_neighbors(void)
{
    for (unsigned i = 0; i < 4; i++) {
        neighbor(2001 + i);
    }
}

static void a_crowd_that_has_gone_is_forgotten(void **state)
{
    (void)state;
    s.members = 1000;
    neighbor(1);
    assert_int_equal(dtt_census_members(&s, &v, &peers), 2);
    four_neighbors();
    assert_int_equal(dtt_census_members(&s, &v, &peers), 1000);
}

static bool is_elected_as(unsigned self, unsigned n, uint64_t minute)
{
    fakes_reset();
    v.self = fake_id(self);
    for (unsigned i = 1; i <= n; i++) {
        if (i != self) {
            neighbor(i);
        }
    }
    uint32_t rank;
    bool is_elected = dtt_census_is_elected(&s, &v, &peers, minute, 5, &rank);
    assert_true(rank < 5 || !is_elected);
    return is_elected;
}

/* In a swarm where everybody knows everybody: one of two or three, half of more, each minute. */
static void a_small_swarm_agrees_on_who_publishes(void **state)
{
    (void)state;
    const unsigned want[] = {0, 1, 1, 1, 2, 2, 3};
    for (unsigned n = 1; n <= 6; n++) {
        for (uint64_t minute = M; minute < M + 20; minute++) {
            unsigned elected = 0;
            for (unsigned i = 1; i <= n; i++) {
                elected += is_elected_as(i, n, minute);
            }
            assert_int_equal(elected, want[n]);
        }
    }
}

static void a_large_swarm_elects_as_many_as_wanted(void **state)
{
    (void)state;
    s.members = 1000;
    four_neighbors();
    unsigned elected = 0;
    uint32_t rank;
    for (uint64_t minute = M; minute < M + 20; minute++) {
        for (unsigned i = 1; i <= 1000; i++) {
            v.self = fake_id(i);
            elected += dtt_census_is_elected(&s, &v, &peers, minute, 5, &rank);
        }
    }
    assert_in_range(elected, 70, 130); /* 100 expected */
    s.members = 7;                     /* never more than half of the minutes */
    elected = 0;
    for (unsigned i = 1; i <= 1000; i++) {
        v.self = fake_id(i);
        elected += dtt_census_is_elected(&s, &v, &peers, M, 5, &rank);
    }
    assert_in_range(elected, 440, 560);
}

/*
 * Members that take the swarm for a tenth of what it is elect ten times too many. Those with the
 * lowest numbers come first, and fill the slots: so the minute's records tell the true size.
 */
static void the_lowest_numbers_come_first(void **state)
{
    (void)state;
    const uint32_t believed = 100;
    unsigned n_first = 0;
    for (uint64_t minute = M; minute < M + 20; minute++) {
        fakes_reset();
        four_neighbors();
        for (unsigned i = 1; i <= 1000; i++) {
            uint32_t rank;
            s.members = believed;
            v.self = fake_id(i);
            if (dtt_census_is_elected(&s, &v, &peers, minute, 5, &rank) && rank == 0) {
                n_first++; /* number in the lowest hundredth */
                assert_true(dtt_census_number(&v.self, minute) <= UINT64_MAX / believed);
            }
        }
    }
    assert_in_range(n_first, 140, 260); /* 200 expected: twice as many as fill the slots */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(numbers_differ_by_member_and_minute, setup),
        cmocka_unit_test_setup(the_number_of_the_documented_example, setup),
        cmocka_unit_test_setup(the_estimate_follows_the_swarm, setup),
        cmocka_unit_test_setup(those_who_were_not_elected_do_not_hide_the_size, setup),
        cmocka_unit_test_setup(a_liar_cannot_make_it_endless, setup),
        cmocka_unit_test_setup(whom_we_see_counts_at_least, setup),
        cmocka_unit_test_setup(a_crowd_that_has_gone_is_forgotten, setup),
        cmocka_unit_test_setup(a_small_swarm_agrees_on_who_publishes, setup),
        cmocka_unit_test_setup(a_large_swarm_elects_as_many_as_wanted, setup),
        cmocka_unit_test_setup(the_lowest_numbers_come_first, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
