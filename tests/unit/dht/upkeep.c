/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The tables stay true: refresh, and nodes that come again. */
#include "dht/upkeep.h"

#include "fixture.h"

/* Everybody gets to know enough of a small network, also who came first and knew nobody. */
static void test_small_network_knows_itself(void **state)
{
    (void)state;
    net_init(&net, 8);
    net_grow(&net, 8);
    net_run(&net, 30 * DTT_S);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(live(i), 7);
    }
}

/* The first node restarts empty: the others still know each other and take it back. */
static void test_first_node_restarts(void **state)
{
    (void)state;
    net_init(&net, 10);
    net_grow(&net, 10);
    net_run(&net, 30 * DTT_S);
    dtt_dht_free(net.nodes[0].dht);
    struct dtt_dht_config cfg = {.has_v4 = true, .has_v6 = true};
    dtt_rng_bytes(&net.rng, net.nodes[0].ctx.seed, 32);
    assert_int_equal(dtt_dht_new(&net.nodes[0].dht, &net.nodes[0].ctx, &cfg, net.now), 0);
    net_bootstrap(&net, 0, 5);
    net_run(&net, 30 * DTT_S);
    assert_true(live(0) >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_small_network_knows_itself),
        TEST(test_first_node_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
