/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Trackers that look for each other in a world of virtual time (world.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

static struct world w;

static const char *const kind_names[] = {"rotating", "first", "last", "lossy", "mixed"};

static int teardown(void **state)
{
    (void)state;
    world_close(&w);
    return 0;
}

static void run_ms(uint64_t ms)
{
    run_until(&w, ms * DTT_MS);
}

static uint64_t joined_after_ms(unsigned i)
{
    uint64_t at = w.nodes[i].joined_ns;
    return at == DTT_NEVER ? at : (at - w.nodes[i].started_ns) / DTT_MS;
}

static struct dtt_tracker_status status(unsigned i)
{
    struct dtt_tracker_status st;
    dtt_tracker_status(w.nodes[i].t, now_of(&w, &w.nodes[i]), &st);
    return st;
}

/* Twenty processes within one second, `ms` into the minute. */
static void start_twenty(uint64_t seed, enum personality kind, uint64_t ms)
{
    world_open(&w, seed, kind, 20);
    for (unsigned i = 0; i < 20; i++) {
        start_at(&w, i, ms + dtt_rng_below(&w.rng, 1000));
    }
}

static void twenty_at_once_become_one(uint64_t start_ms)
{
    for (unsigned kind = ROTATING; kind <= MIXED; kind++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            start_twenty(seed, (enum personality)kind, start_ms);
            for (uint64_t ms = 500; ms <= 60000; ms += 500) {
                run_ms(start_ms + ms);
                unsigned n = components(&w);
                if (ms >= 10000 && n != 1) {
                    fail_msg("%s, seed %u: %u components after %u ms", kind_names[kind],
                             (unsigned)seed, n, (unsigned)ms);
                }
            }
            for (unsigned i = 0; i < 20; i++) {
                assert_true(joined_after_ms(i) <= 5000);
                assert_true(w.nodes[i].gets <= 50);
                assert_true(w.nodes[i].puts <= 10);
                assert_true(w.nodes[i].dials <= 25);
            }
            world_close(&w);
        }
    }
}

static void twenty_in_one_second(void **state)
{
    (void)state;
    twenty_at_once_become_one(20000);
}

static void twenty_across_a_new_minute(void **state)
{
    (void)state;
    twenty_at_once_become_one(59300);
}

/*
 * With views of five and random evictions, and without HyParView's passive view that would mend
 * them, single nodes fall out now and then; they must come back at once.
 */
static void twenty_with_small_views(void **state)
{
    (void)state;
    unsigned samples = 0;
    unsigned whole = 0;
    for (unsigned kind = ROTATING; kind <= MIXED; kind++) {
        for (uint64_t seed = 1; seed <= 3; seed++) {
            start_twenty(seed, (enum personality)kind, 20000);
            w.degree_max = 5;
            for (uint64_t ms = 10000; ms <= 60000; ms += 500) {
                run_ms(20000 + ms);
                unsigned n = components(&w);
                samples++;
                whole += n == 1;
                assert_true(n <= 3);
            }
            world_close(&w);
        }
    }
    assert_true(whole * 100 >= samples * 90);
}

static void two_meet_within_a_few_round_trips(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        world_open(&w, seed, MIXED, 2);
        start_at(&w, 0, 10000);
        start_at(&w, 1, 10000 + dtt_rng_below(&w.rng, 500));
        run_ms(20000);
        /* Walk and puts 1.4 s, a wait of half a second, a read 0.9 s, a dial 0.4 s. */
        assert_true(joined_after_ms(0) <= 3500);
        assert_true(joined_after_ms(1) <= 3500);
        world_close(&w);
    }
}

static void who_comes_later_finds_the_first_with_one_read(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        world_open(&w, seed, (enum personality)(seed % 5), 2);
        start_at(&w, 0, 5000);
        start_at(&w, 1, 125000);
        run_ms(130000);
        assert_true(joined_after_ms(1) <= 1400);
        assert_true(w.nodes[1].gets <= 8);
        world_close(&w);
    }
}

static void who_is_alone_waits_and_says_so(void **state)
{
    (void)state;
    world_open(&w, 1, MIXED, 2);
    start_at(&w, 0, 0);
    run_ms(60000);
    assert_true(w.nodes[0].gets <= 80);
    run_ms(600000);
    struct dtt_tracker_status st = status(0);
    assert_int_equal(st.searching_since_ns, at_ms(0).mono_ns);
    assert_int_equal(st.neighbors + st.records_seen + st.records_refused + st.peers_idle, 0);
    assert_int_equal(st.dials_started, 0);
    assert_in_range(w.nodes[0].gets - st.reads_done, 0, 4); /* under way */
    /* Ten minutes: about a read of the secret slots each five seconds, of all each ten. */
    print_message("%u reads, %u puts\n", w.nodes[0].gets, w.nodes[0].puts);
    assert_in_range(w.nodes[0].gets, 200, 520);
    assert_in_range(w.nodes[0].puts, 20, 90);
    unsigned gets = w.nodes[0].gets;
    start_at(&w, 1, 600000);
    run_ms(610000);
    assert_true(joined_after_ms(1) <= 1400);
    assert_int_equal(status(0).searching_since_ns, DTT_NEVER);
    assert_true(w.nodes[0].gets <= gets + 16);
}

static void another_secret_finds_nothing(void **state)
{
    (void)state;
    world_open(&w, 1, ROTATING, 3);
    w.nodes[2].secret = "another";
    for (unsigned i = 0; i < 3; i++) {
        start_at(&w, i, 1000);
    }
    run_ms(100000);
    assert_true(w.nodes[0].links[1]);
    assert_int_equal(w.nodes[2].dials, 0);
    assert_int_equal(w.nodes[2].records, 0);
    assert_true(status(2).records_refused >= 2);
    assert_true(status(0).records_refused >= 1);
    assert_int_equal(status(0).records_seen, 1);
    assert_int_equal(status(2).neighbors, 0);
}

static void a_new_minute_in_the_middle_does_not_matter(void **state)
{
    (void)state;
    for (uint64_t second = 57000; second <= 60500; second += 250) {
        world_open(&w, second, (enum personality)(second / 250 % 5), 2);
        w.nodes[1].skew_ns = -(int64_t)(1500 * DTT_MS); /* a second and a half behind */
        start_at(&w, 0, second);
        start_at(&w, 1, second + 500);
        run_ms(second + 8000);
        assert_true(w.nodes[0].links[1]);
        world_close(&w);
    }
}

static void clocks_half_a_minute_apart_still_meet(void **state)
{
    (void)state;
    for (uint64_t second = 1000; second < 60000; second += 7000) {
        world_open(&w, second, MIXED, 2);
        w.nodes[1].skew_ns = (int64_t)(30 * DTT_S);
        start_at(&w, 0, second);
        start_at(&w, 1, second);
        run_ms(second + 10000);
        assert_true(w.nodes[0].links[1]);
        world_close(&w);
    }
}

/* How long two members need whose clocks differ by so many seconds. */
static uint64_t meet_with_skew(int64_t skew_s)
{
    world_open(&w, 1, MIXED, 2);
    w.nodes[1].skew_ns = skew_s * (int64_t)DTT_S;
    start_at(&w, 0, 1000);
    start_at(&w, 1, 1000);
    for (uint64_t ms = 1000; ms < 120000; ms += 500) {
        run_ms(ms);
        if (w.nodes[0].links[1]) {
            return ms - 1000;
        }
    }
    return UINT64_MAX;
}

static void clocks_that_differ_are_tolerated(void **state)
{
    static const struct {
        int64_t skew_s;
        uint64_t within_ms;
    } cases[] = {{0, 3000},      {60, 8000},     {-90, 14000},    {130, 16000},
                 {-130, 16000},  {-190, 20000},  {600, 60000},    {3600, 30000},
                 {-7200, 30000}, {86400, 45000}, {-86400, 45000}, {200000, 90000}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t ms = meet_with_skew(cases[i].skew_s);
        print_message("off by %d s: %.1f s, %u reads\n", (int)cases[i].skew_s, (double)ms / 1e3,
                      w.nodes[1].gets);
        assert_true(ms <= cases[i].within_ms);
        world_close(&w);
    }
    world_open(&w, 1, MIXED, 1); /* for teardown */
}

/* A month off is more than a member looks at: it is alone until its clock is set. */
static void a_wrong_clock_isolates_until_it_is_set(void **state)
{
    (void)state;
    world_open(&w, 1, MIXED, 2);
    w.nodes[1].skew_ns = (int64_t)(30 * 86400 * DTT_S);
    start_at(&w, 0, 1000);
    start_at(&w, 1, 1000);
    run_ms(40000);
    assert_false(w.nodes[0].links[1]);
    w.nodes[1].skew_ns = 0;
    dtt_tracker_tick(w.nodes[1].t, now_of(&w, &w.nodes[1]));
    drain(&w, 1);
    run_ms(42000);
    assert_true(w.nodes[0].links[1]);
}

static void dead_peers_are_given_up_and_the_live_one_is_found(void **state)
{
    (void)state;
    world_open(&w, 1, ROTATING, 8);
    for (unsigned i = 1; i < 7; i++) { /* six that published and then crashed */
        start_at(&w, i, 1000);
        w.nodes[i].is_dead = true;
    }
    run_ms(4000);
    for (unsigned i = 1; i < 7; i++) {
        stop_node(&w, i);
    }
    start_at(&w, 0, 5000);
    run_ms(60000);
    struct dtt_tracker_status st = status(0);
    assert_in_range(st.records_seen, 4, 6); /* a store keeps four */
    assert_int_equal(st.dials_started, w.nodes[0].dials);
    assert_in_range(w.nodes[0].dials, st.records_seen, st.records_seen * 5);
    assert_in_range(st.dials_failed, st.records_seen, w.nodes[0].dials);
    assert_in_range(st.peers_idle, 1, st.records_seen);
    assert_true(w.nodes[0].gets <= 90);
    start_at(&w, 7, 60000);
    run_ms(65000);
    assert_true(w.nodes[0].links[7]);
    assert_true(joined_after_ms(7) <= 2000);
}

static void garbage_does_not_hide_the_others(void **state)
{
    (void)state;
    uint8_t junk[604] = {0};
    uint32_t n = 0;
    world_open(&w, 1, ROTATING, 2);
    dtt_put_le32(junk, 512);
    start_at(&w, 0, 10000);
    start_at(&w, 1, 30000);
    for (uint64_t ms = 1000; ms < 40000; ms += 100) { /* four hundred rounds on all stores */
        struct world_slot *s = slot_at(&w, START_MINUTE * DTT_SLOT_KINDS);
        run_ms(ms);
        for (unsigned k = 0; k < WORLD_STORES; k++) {
            dtt_put_le32(junk + 60, n++);
            /* It leaves one sibling in four to others: not even a squatter has them all. */
            if (s->stores[k].count < WORLD_SIBLINGS - 1) {
                store_value(&w, &s->stores[k], add_value(&w, dtt_slice(junk, sizeof(junk))));
            } else {
                s->stores[k].values[0] = add_value(&w, dtt_slice(junk, sizeof(junk)));
            }
        }
    }
    assert_true(w.nodes[0].links[1]);
    assert_true(joined_after_ms(1) <= 5000);
    assert_in_range(status(0).records_refused, 100, 256 + 8 * 30);
}

static void a_squatter_in_the_public_slot_does_not_keep_members_apart(void **state)
{
    (void)state;
    world_open(&w, 31, MIXED, 10);
    w.is_squatted = true;
    for (unsigned i = 0; i < 10; i++) {
        start_at(&w, i, i * 500);
    }
    run_ms(60000);
    assert_int_equal(components(&w), 1);
}

/*
 * A swarm in peace publishes about five records a minute, whatever its size, and reads hardly more;
 * a newcomer finds it with its first read all the same, at any moment.
 */
static void a_swarm_is_quiet_and_found_at_once(void **state)
{
    (void)state;
    unsigned puts = 0;
    unsigned gets = 0;
    world_open(&w, 5, MIXED, 24);
    w.degree_max = 5;
    for (unsigned i = 0; i < 20; i++) {
        start_at(&w, i, 1000 + i * 100);
    }
    run_ms(180000);
    for (unsigned i = 0; i < 20; i++) {
        puts -= w.nodes[i].puts;
        gets -= w.nodes[i].gets;
    }
    run_ms(600000);
    for (unsigned i = 0; i < 20; i++) {
        puts += w.nodes[i].puts;
        gets += w.nodes[i].gets;
    }
    /* Seven minutes, two slots. With degrees below four a random eviction makes some search. */
    assert_in_range(puts, 7 * 2 * 2, 7 * 2 * 12);
    assert_in_range(gets, 7 * 2 * 2, 7 * 2 * 30);
    for (unsigned i = 20; i < 24; i++) {
        uint64_t ms = 600000 + (i - 20) * 37000 + 5000;
        start_at(&w, i, ms);
        run_ms(ms + 5000);
        assert_true(joined_after_ms(i) <= 1500);
    }
}

static void a_peer_that_restarts_is_found_again(void **state)
{
    (void)state;
    world_open(&w, 1, MIXED, 2);
    start_at(&w, 0, 1000);
    start_at(&w, 1, 1000);
    run_ms(20000);
    assert_true(w.nodes[0].links[1]);
    stop_node(&w, 1);
    run_ms(21000);
    assert_int_equal(status(0).neighbors, 0);
    start_at(&w, 1, 22000);
    run_ms(24000);
    assert_true(w.nodes[0].links[1]);
}

/* Two groups that cannot reach each other for 100 s, though they share the slots. */
static void start_split(size_t each)
{
    world_open(&w, each, MIXED, 2 * each);
    w.is_split = true;
    for (unsigned i = 0; i < 2 * each; i++) {
        w.nodes[i].group = i % 2;
        start_at(&w, i, 1000);
    }
}

static void two_small_bubbles_merge(void **state)
{
    (void)state;
    start_split(3);
    run_ms(100000);
    assert_int_equal(components(&w), 2);
    w.is_split = false;
    run_ms(190000);
    assert_int_equal(components(&w), 1);
}

static void two_large_bubbles_merge_when_they_talk(void **state)
{
    (void)state;
    uint8_t hash[32] = {0};
    start_split(8);
    for (uint64_t ms = 2000; ms < 190000 && (w.is_split || components(&w) > 1); ms += 2000) {
        run_ms(ms);
        w.is_split = ms < 100000;
        for (unsigned i = 0; i < w.n_nodes; i++) {
            dtt_put_le32(hash, (uint32_t)(ms * 2 + w.nodes[i].group));
            dtt_tracker_message(w.nodes[i].t, now_of(&w, &w.nodes[i]), hash);
            drain(&w, i);
        }
    }
    assert_int_equal(components(&w), 1);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(twenty_in_one_second),
        TEST(twenty_across_a_new_minute),
        TEST(twenty_with_small_views),
        TEST(two_meet_within_a_few_round_trips),
        TEST(who_comes_later_finds_the_first_with_one_read),
        TEST(who_is_alone_waits_and_says_so),
        TEST(another_secret_finds_nothing),
        TEST(a_new_minute_in_the_middle_does_not_matter),
        TEST(clocks_half_a_minute_apart_still_meet),
        TEST(clocks_that_differ_are_tolerated),
        TEST(a_wrong_clock_isolates_until_it_is_set),
        TEST(dead_peers_are_given_up_and_the_live_one_is_found),
        TEST(garbage_does_not_hide_the_others),
        TEST(a_squatter_in_the_public_slot_does_not_keep_members_apart),
        TEST(a_swarm_is_quiet_and_found_at_once),
        TEST(a_peer_that_restarts_is_found_again),
        TEST(two_small_bubbles_merge),
        TEST(two_large_bubbles_merge_when_they_talk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
