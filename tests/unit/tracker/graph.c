/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"

static int setup(void **state)
{
    (void)state;
    fakes_reset();
    return 0;
}

static void reached(const char *want)
{
    struct dtt_graph g;
    dtt_graph_init(&g, &v, &peers, &w);
    for (size_t i = 0; i < v.count; i++) {
        if (g.is_reached[i] != (want[i] == '1')) {
            fail_msg("record %zu: %d, not %c", i, g.is_reached[i], want[i]);
        }
    }
}

static void records_are_edges(void **state)
{
    (void)state;
    neighbor(1);
    record(1, 0, 0);  /* a neighbour */
    record(2, 1, 0);  /* names a neighbour */
    record(3, 0, 0);  /* stranger */
    record(4, 2, 0);  /* names one that is connected */
    record(5, 70, 0); /* shares 70 with 6 */
    record(6, 70, 4); /* names 4 */
    record(7, 8, 9);  /* a bubble of its own */
    record(8, 0, 0);  /* named by 7 */
    reached("11011100");
    neighbor(9);
    reached("11011111");
}

static void a_stale_edge_to_us_is_no_edge(void **state)
{
    (void)state;
    neighbor(1);
    record(2, SELF, 0);
    record(3, SELF, 0);
    record(4, SELF, 1);
    reached("001");
}

static void a_common_message_is_an_edge(void **state)
{
    (void)state;
    message(7);
    message(8);
    record(1, 2, 0);
    advertise(6);
    advertise(8);
    record(2, 0, 0);
    record(3, 0, 0);
    advertise(6);
    reached("110");
}

static void choosing_a_stranger_reaches_its_bubble(void **state)
{
    (void)state;
    struct dtt_graph g;
    record(1, 2, 0);
    record(2, 0, 0);
    record(3, 0, 0);
    dtt_graph_init(&g, &v, &peers, &w);
    dtt_graph_reach(&g, 1);
    assert_true(g.is_reached[0] && g.is_reached[1]);
    assert_false(g.is_reached[2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(records_are_edges, setup),
        cmocka_unit_test_setup(a_stale_edge_to_us_is_no_edge, setup),
        cmocka_unit_test_setup(a_common_message_is_an_edge, setup),
        cmocka_unit_test_setup(choosing_a_stranger_reaches_its_bubble, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
