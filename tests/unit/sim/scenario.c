/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios with fixed seeds. */
#include "sim/scenario.h"

#include "sim/sim.h"
#include "support/vectors.h"

static struct dtt_sim_result run(const char *scenario, uint64_t seed, uint32_t nodes, bool is_real)
{
    struct dtt_sim_params params = {
        .scenario = scenario, .seed = seed, .nodes = nodes, .is_real = is_real};
    struct dtt_sim_result r;
    assert_int_equal(dtt_sim_scenario_run(&params, &r), DTT_OK);
    dtt_sim_result_fini(&r);
    if (!r.passed) {
        print_message("%s, seed %d: %s\n", scenario, (int)seed, r.why);
    }
    return r;
}

struct small {
    const char *name;
    uint32_t nodes;
};

/* Each scenario in small, as a run that must pass; the real sizes are for ./dev sim. */
static void all_hold_in_small(void **state)
{
    static const struct small small[] = {
        {"cold_start_2", 2},
        {"cold_start_100_at_once", 12},
        {"join_1000_over_10_min", 10},
        {"churn_10_percent_a_minute", 10},
        {"heal_50_50", 12},
        {"heal_after_bubbles", 20},
        {"lost_neighbors", 50},
        {"crowd_leaves", 100},
        {"sleep_8_hours", 4},
        {"away_100_s", 10},
        {"away_100_s_busy", 10},
        {"clock_skew_90_s", 8},
        {"clock_skew_300_s", 50},
        {"squatted_slots", 6},
        {"bootstrap_dead_after_start", 10},
        {"busy_topic_no_false_merge", 4},
        {"steady_hour", 4},
        {"home_swarm", 20},
        {"home_pair", 3},
        {"late_elder", 2},
        {"home_steady", 2},
        {"mixed_homes", 20},
        {"carrier", 2},
        {"carrier_common", 3},
        {"lan_party", 26},
        {"relay_only", 5},
        {"relay_lost", 6},
        {"plumtree_single", 20},
        {"plumtree_multi", 20},
        {"plumtree_all", 20},
        {"plumtree_burst", 20},
    };
    struct dtt_sim_about about;
    unsigned failed = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        failed += !run(small[i].name, 1, small[i].nodes, false).passed;
    }
    assert_int_equal(failed, 0);
    /* All but the largest, which has thousands of DHT nodes however few its members are, and the
     * longest, which tests/weeks runs. */
    for (size_t i = 0; dtt_sim_about(i, &about); i++) {
        bool is_there = strcmp(about.name, "big_10000") == 0 || strcmp(about.name, "weeks") == 0 ||
                        strncmp(about.name, "hostile_", 8) == 0;
        for (size_t k = 0; k < sizeof(small) / sizeof(small[0]); k++) {
            is_there |= strcmp(about.name, small[k].name) == 0;
        }
        assert_true(is_there);
        assert_true(strlen(about.checks) > 40);
    }
}

static void swarms_hold_out_under_attack(void **state)
{
    static const struct small small[] = {
        {"hostile_places", 10},
        {"hostile_places_net", 10},
        {"hostile_places_wide", 10},
        {"hostile_silence", 10},
        {"hostile_silence_garbage", 10},
        {"hostile_silence_secret_10", 10},
        {"hostile_silence_secret_30", 10},
        {"hostile_black_holes_10", 10},
        {"hostile_black_holes_30", 10},
        {"hostile_hearsay", 10},
        {"hostile_slow", 10},
        {"hostile_flap", 10},
        {"hostile_reflect", 10},
        {"hostile_reflect_secret", 10},
        {"hostile_mixed", 10},
        {"hostile_half_rust", 10},
    };
    unsigned failed = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        failed += !run(small[i].name, 1, small[i].nodes, false).passed;
    }
    assert_int_equal(failed, 0);
}

/* Connections that break, move and sleep, with the real thing. */
static void the_rough_ones_hold_over_quic(void **state)
{
    static const struct small small[] = {{"churn_10_percent_a_minute", 10},
                                         {"heal_50_50", 12},
                                         {"sleep_8_hours", 4},
                                         {"squatted_slots", 6},
                                         {"bootstrap_dead_after_start", 20}};
    unsigned failed = 0;
    (void)state;
    for (size_t i = 0; i < sizeof(small) / sizeof(small[0]); i++) {
        failed += !run(small[i].name, 1, small[i].nodes, true).passed;
    }
    assert_int_equal(failed, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_hold_in_small),
        cmocka_unit_test(swarms_hold_out_under_attack),
        cmocka_unit_test(the_rough_ones_hold_over_quic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
