/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios with fixed seeds, and what the simulator promises of every run. */
#include "sim/scenario.h"

#include "sim/sim.h"
#include "support/vectors.h"

#include <stdlib.h>

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

static void the_seed_decides(void **state)
{
    (void)state;
    for (int is_real = 0; is_real < 2; is_real++) {
        struct dtt_sim_result a = run("cold_start_2", 1, 3, is_real);
        struct dtt_sim_result b = run("cold_start_2", 1, 3, is_real);
        struct dtt_sim_result c = run("cold_start_2", 2, 3, is_real);
        assert_true(a.passed);
        assert_true(c.passed);
        assert_string_equal(a.trace_hash, b.trace_hash);
        assert_string_not_equal(a.trace_hash, c.trace_hash);
        assert_int_equal(a.n_metrics, b.n_metrics);
        for (size_t i = 0; i < a.n_metrics; i++) {
            assert_int_equal(a.metrics[i].thousandths, b.metrics[i].thousandths);
        }
    }
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
        {"clock_skew_90_s", 8},
        {"squatted_slots", 6},
        {"bootstrap_dead_after_start", 10},
        {"busy_topic_no_false_merge", 4},
        {"steady_hour", 4},
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
    /* All but the largest, which has thousands of DHT nodes however few its members are. */
    for (size_t i = 0; dtt_sim_about(i, &about); i++) {
        bool is_there =
            strcmp(about.name, "big_10000") == 0 || strncmp(about.name, "hostile_", 8) == 0;
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
        {"hostile_black_holes_10", 10},
        {"hostile_black_holes_30", 10},
        {"hostile_flap", 10},
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

/* A check that does not hold fails the run, says why, and an invariant ends it at once. */
static void failures_are_told(void **state)
{
    struct dtt_sim_scenario s = *dtt_sim_scenario_named("cold_start_2");
    struct dtt_sim_params params = {.seed = 1};
    struct dtt_sim_result r;
    (void)state;
    s.must[0] = (struct dtt_sim_check){"whole_s", DTT_SIM_AT_MOST, 1};
    assert_int_equal(dtt_sim_scenario_play(&s, &params, &r), DTT_OK);
    assert_false(r.passed);
    assert_non_null(strstr(r.why, "whole_s"));
    assert_int_equal(r.n_samples, s.end_s);
    dtt_sim_result_fini(&r);
    s.must[0] = (struct dtt_sim_check){"no_such_metric", DTT_SIM_AT_LEAST, 0};
    assert_int_equal(dtt_sim_scenario_play(&s, &params, &r), DTT_OK);
    assert_false(r.passed);
    dtt_sim_result_fini(&r);
    s = *dtt_sim_scenario_named("cold_start_2");
    s.script[0].arg = 30; /* the second one starts after the bound */
    assert_int_equal(dtt_sim_scenario_play(&s, &params, &r), DTT_OK);
    assert_false(r.passed);
    assert_non_null(strstr(r.why, "components"));
    assert_true(r.n_samples < 20);
    dtt_sim_result_fini(&r);
}

static void a_run_is_drawn(void **state)
{
    struct dtt_sim_params params = {.scenario = "cold_start_2", .seed = 1};
    struct dtt_sim_result r;
    (void)state;
    assert_int_equal(dtt_sim_scenario_run(&params, &r), DTT_OK);
    char *svg = dtt_sim_plot(&r);
    assert_non_null(svg);
    assert_int_equal(strncmp(svg, "<svg ", 5), 0);
    assert_string_equal(svg + strlen(svg) - 7, "</svg>\n");
    unsigned lines = 0;
    for (const char *p = svg; (p = strstr(p, "<polyline")) != NULL; p++) {
        lines++;
    }
    assert_int_equal(lines, 7);
    free(svg);
    dtt_sim_result_fini(&r);
}

static void parameters_are_checked(void **state)
{
    struct dtt_sim_params params = {.scenario = "no_such_scenario", .seed = 1};
    struct dtt_sim_result r;
    (void)state;
    assert_int_equal(dtt_sim_scenario_run(&params, &r), DTT_ENOENT);
    params.scenario = "cold_start_2";
    params.nodes = 1;
    assert_int_equal(dtt_sim_scenario_run(&params, &r), DTT_EINVAL);
    params.nodes = 1000000;
    assert_int_equal(dtt_sim_scenario_run(&params, &r), DTT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(all_hold_in_small),
        cmocka_unit_test(swarms_hold_out_under_attack),
        cmocka_unit_test(the_rough_ones_hold_over_quic),
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(a_run_is_drawn),
        cmocka_unit_test(parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
