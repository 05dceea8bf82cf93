/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Walks are shared, and kept for their results and their tokens. */
#include "dht/walks.h"

#include "fixture.h"

/* A put after a get of the same target asks nobody again. */
static void test_put_reuses_the_walk(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 7);
    net_grow(&net, 30);
    net_run(&net, 30 * DTT_S);
    net_item(&item, 1, 1, "hello");
    net_get(&net, 4, &item, &r);
    net_result_free(&r);
    uint64_t before = net.nodes[4].sent;
    struct dtt_dht_event e = net_put(&net, 4, &item);
    assert_int_equal(e.u.put.acked, e.u.put.asked);
    assert_true(net.nodes[4].sent - before <= 9);
    /* Too old after four minutes: tokens expire. */
    net_run(&net, 241 * DTT_S);
    before = net.nodes[4].sent;
    net_put(&net, 4, &item);
    assert_true(net.nodes[4].sent - before >= 14);
}

static void test_two_gets_share_one_walk(void **state)
{
    struct net_item item;
    dtt_dht_op op[2];
    (void)state;
    net_init(&net, 8);
    net.delay_min_ns = 13 * DTT_MS; /* 26 to 240 ms for a round trip */
    net.delay_max_ns = 120 * DTT_MS;
    net_grow(&net, 30);
    net_run(&net, 30 * DTT_S);
    net_item(&item, 1, 1, "hello");
    net_put(&net, 3, &item);
    uint64_t before = net.nodes[4].sent;
    assert_int_equal(dtt_dht_get(net.nodes[4].dht, net.now, &item.get, &op[0]), 0);
    net_flush(&net, 4);
    net_run(&net, 200 * DTT_MS);
    assert_int_equal(dtt_dht_get(net.nodes[4].dht, net.now, &item.get, &op[1]), 0);
    assert_int_not_equal(op[0], op[1]);
    struct dtt_dht_event e;
    size_t values[2] = {0}, ends = 0;
    for (uint64_t limit = net.now.mono_ns + 10 * DTT_S; ends < 2; net_step(&net, limit)) {
        while (dtt_dht_next_event(net.nodes[4].dht, &e)) {
            values[e.op == op[1]] += e.type == DTT_DHT_EV_VALUE;
            ends += e.type == DTT_DHT_EV_DONE;
        }
        assert_true(net.now.mono_ns < limit);
    }
    assert_true(values[0] == 1 && values[1] == 1);
    assert_true(net.nodes[4].sent - before <= 16);
}

/* Who asks a moment later is told the same without a packet; who wants it anew, asks. */
static void test_a_get_shares_a_fresh_result(void **state)
{
    struct net_item item, newer;
    struct net_result r;
    (void)state;
    net_init(&net, 16);
    net_grow(&net, 30);
    net_run(&net, 30 * DTT_S);
    net_item(&item, 1, 1, "hello");
    net_put(&net, 3, &item);
    net_get(&net, 4, &item, &r);
    net_result_free(&r);
    item.get.fresh_ns = DTT_DHT_FRESH_MAX_NS;
    uint64_t before = net.nodes[4].sent;
    net_run(&net, DTT_S);
    for (unsigned i = 0; i < 3; i++) {
        net_get(&net, 4, &item, &r);
        assert_true(net_result_has(&r, &item) && r.last.u.done.answered > 0);
        net_result_free(&r);
    }
    assert_int_equal(net.nodes[4].sent, before);
    assert_int_equal(net.nodes[4].ctx.counters[DTT_COUNTER_DHT_GETS_SHARED], 3);
    /* Not after a put of our own, not when it is too old, not when nobody wished it. */
    net_item(&newer, 1, 2, "world");
    newer.get.fresh_ns = DTT_DHT_FRESH_MAX_NS;
    net_put(&net, 4, &newer);
    net_get(&net, 4, &newer, &r);
    assert_true(net_result_has(&r, &newer));
    net_result_free(&r);
    net_run(&net, DTT_DHT_FRESH_MAX_NS);
    before = net.nodes[4].sent;
    net_get(&net, 4, &newer, &r);
    net_result_free(&r);
    assert_true(net.nodes[4].sent > before);
    before = net.nodes[4].sent;
    newer.get.fresh_ns = 0;
    net_get(&net, 4, &newer, &r);
    net_result_free(&r);
    assert_true(net.nodes[4].sent > before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_put_reuses_the_walk),
        TEST(test_two_gets_share_one_walk),
        TEST(test_a_get_shares_a_fresh_result),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
