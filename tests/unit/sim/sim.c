/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Runs of the simulator: the seed decides, and what fails is told. */
#include "sim/sim.h"

#include "sim/scenario.h"
#include "support/vectors.h"

static struct dtt_sim_result run(uint64_t seed, bool is_real)
{
    struct dtt_sim_params params = {
        .scenario = "cold_start_2", .seed = seed, .nodes = 3, .is_real = is_real};
    struct dtt_sim_result r;
    assert_int_equal(dtt_sim_scenario_run(&params, &r), DTT_OK);
    dtt_sim_result_fini(&r);
    return r;
}

static void the_seed_decides(void **state)
{
    (void)state;
    for (int is_real = 0; is_real < 2; is_real++) {
        struct dtt_sim_result a = run(1, is_real);
        struct dtt_sim_result b = run(1, is_real);
        struct dtt_sim_result c = run(2, is_real);
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
        cmocka_unit_test(failures_are_told),
        cmocka_unit_test(parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
