/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Scenarios with fixed seeds, and what the simulator promises of every run. */
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
        cmocka_unit_test(parameters_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
