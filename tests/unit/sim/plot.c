/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The picture of a run. */
#include "sim/plot.h"

#include "support/vectors.h"

#include <stdlib.h>

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_is_drawn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
