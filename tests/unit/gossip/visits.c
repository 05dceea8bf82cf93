/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/visits.h"

#include "support/vectors.h"

static const struct dtt_id peer = {.bytes = {1}};
static struct dtt_visits visits;
static struct dtt_now now;

static int setup(void **state)
{
    (void)state;
    memset(&visits, 0, sizeof(visits));
    now.mono_ns = 10000 * DTT_S;
    return 0;
}

/* Seconds until the peer may be a neighbour again. */
static uint64_t wait_s(void)
{
    struct dtt_now later = now;
    while (!dtt_visits_may_return(&visits, later, &peer)) {
        later.mono_ns += DTT_S;
    }
    return (later.mono_ns - now.mono_ns) / DTT_S;
}

static void uselessness_costs_more_each_time(void **state)
{
    static const uint64_t waits_s[] = {30, 60, 120, 240, 480, 960, 960};
    (void)state;
    for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
        dtt_visits_dismissed(&visits, now, &peer);
        assert_int_equal(wait_s(), waits_s[i]);
        now.mono_ns += waits_s[i] * DTT_S;
    }
    now.mono_ns += DTT_VISITS_FORGET_NS;
    dtt_visits_dismissed(&visits, now, &peer);
    assert_int_equal(wait_s(), 30);
}

/* A peer that we ask comes back before its time: that makes nothing of the past undone. */
static void who_is_asked_meanwhile_is_not_forgiven(void **state)
{
    (void)state;
    dtt_visits_dismissed(&visits, now, &peer);
    dtt_visits_dismissed(&visits, now, &peer);
    dtt_visits_dismissed(&visits, now, &peer);
    assert_int_equal(wait_s(), 120);
    dtt_visits_left(&visits, now, &peer, 0);
    dtt_visits_left(&visits, now, &peer, 0);
    assert_int_equal(wait_s(), 120);
}

static void leaving_is_free_once(void **state)
{
    (void)state;
    dtt_visits_left(&visits, now, &peer, 0);
    assert_int_equal(wait_s(), 0);
    dtt_visits_left(&visits, now, &peer, 0);
    assert_int_equal(wait_s(), 1);
    now.mono_ns += DTT_VISITS_FORGET_NS;
    dtt_visits_left(&visits, now, &peer, 0);
    assert_int_equal(wait_s(), 0);
}

/* One that ended and was started again: that is another connection. */
static void another_life_may_come_at_once(void **state)
{
    struct dtt_gossip_source source = {.id = peer, .connection = 1};
    (void)state;
    for (int i = 0; i < 20; i++) {
        dtt_visits_left(&visits, now, &peer, source.connection);
        assert_true(dtt_visits_may_come(&visits, now, &source) == (i == 0));
        source.connection++;
        assert_true(dtt_visits_may_come(&visits, now, &source));
        assert_true(dtt_visits_may_join(&visits, now, &source));
    }
    dtt_visits_left(&visits, now, &peer, 0); /* goes on, and comes over yet another one */
    assert_false(dtt_visits_may_come(&visits, now, &source));
    dtt_visits_left(&visits, now, &peer, 1);
    dtt_visits_dismissed(&visits, now, &peer);
    assert_false(dtt_visits_may_come(&visits, now, &source));
}

/* Over one connection few Joins count; over another one each that comes a second later does. */
static void a_join_of_another_life_counts(void **state)
{
    struct dtt_gossip_source source = {.id = peer, .connection = 1};
    (void)state;
    for (int i = 0; i < DTT_VISITS_JOIN_BURST; i++) {
        assert_true(dtt_visits_may_join(&visits, now, &source));
        dtt_visits_joined(&visits, now, &source);
        source.connection++; /* killed as soon as it had come */
    }
    assert_false(dtt_visits_may_join(&visits, now, &source));
    for (int i = 0; i < 20; i++) {
        now.mono_ns += DTT_VISITS_RECONNECT_NS;
        assert_true(dtt_visits_may_join(&visits, now, &source));
        dtt_visits_joined(&visits, now, &source);
        assert_false(dtt_visits_may_join(&visits, now, &source));
        source.connection++;
    }
}

/* Killed: its connection ends without a word, and it comes over another one. */
static void another_life_may_join_at_once(void **state)
{
    struct dtt_gossip_source source = {.id = peer, .connection = 1};
    (void)state;
    dtt_visits_parted(&visits, &peer); /* nothing is known of it */
    for (int i = 0; i < 20; i++) {
        assert_true(dtt_visits_may_join(&visits, now, &source));
        dtt_visits_joined(&visits, now, &source);
        dtt_visits_parted(&visits, &peer);
        source.connection++;
    }
}

static void others_crowd_out_the_oldest(void **state)
{
    (void)state;
    dtt_visits_dismissed(&visits, now, &peer);
    for (uint32_t i = 1; i <= DTT_VISITS_MAX; i++) {
        struct dtt_id other = {.bytes = {2}};
        dtt_put_be32(other.bytes + 4, i);
        assert_int_equal(wait_s(), 30);
        dtt_visits_left(&visits, now, &other, 0);
    }
    assert_int_equal(wait_s(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(uselessness_costs_more_each_time, setup),
        cmocka_unit_test_setup(who_is_asked_meanwhile_is_not_forgiven, setup),
        cmocka_unit_test_setup(leaving_is_free_once, setup),
        cmocka_unit_test_setup(another_life_may_come_at_once, setup),
        cmocka_unit_test_setup(a_join_of_another_life_counts, setup),
        cmocka_unit_test_setup(another_life_may_join_at_once, setup),
        cmocka_unit_test_setup(others_crowd_out_the_oldest, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
