/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A walk's own rules: it is shared, kept for its tokens, and widened when it finds nothing. */
#include "dht/walk.h"

#include "dht/inside.h"
#include "net.h"
#include "support/vectors.h"

static struct net net;

static int teardown(void **state)
{
    (void)state;
    net_fini(&net);
    return 0;
}

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

/* A get that finds nothing on the closest eight asks fourteen, unless it is brief. */
static void test_nothing_found_widens_the_walk(void **state)
{
    struct net_item item;
    struct net_result r;
    uint32_t asked[2];
    (void)state;
    net_init(&net, 17);
    net_grow(&net, 60);
    net_run(&net, 30 * DTT_S);
    net_item(&item, 1, 1, "never stored");
    for (unsigned is_brief = 0; is_brief < 2; is_brief++) {
        item.get.is_brief = is_brief;
        net_get(&net, 4 + is_brief, &item, &r);
        assert_int_equal(r.n_values, 0);
        asked[is_brief] = r.last.u.done.asked;
        net_result_free(&r);
    }
    assert_true(asked[0] >= DTT_WALK_WIDE);
    assert_true(asked[1] < asked[0]);
}

/* The answer to a query that was taken for lost does not count for another one. */
static void test_a_late_answer_counts_once(void **state)
{
    struct dtt_ctx ctx = {0};
    struct dtt_dht_config cfg = {.has_v4 = true};
    struct dtt_dht *d;
    struct net_item item;
    uint8_t id[20] = {0x80};
    struct dtt_addr addr = dtt_addr_v4(10, 0, 0, 1, 5);
    struct dtt_krpc reply = {.type = DTT_KRPC_REPLY, .id = dtt_slice(id, sizeof(id))};
    struct dtt_now now = {.mono_ns = 50 * DTT_S};
    dtt_dht_op op;
    (void)state;
    net_init(&net, 1);
    net_item(&item, 1, 1, "hello");
    assert_int_equal(dtt_dht_new(&d, &ctx, &cfg, now), 0);
    dtt_rtable_seen(&d->tables[0], now, id, &addr, DTT_MS, 0);
    assert_int_equal(dtt_dht_get(d, now, &item.get, &op), 0);
    struct dtt_walk *walk = dtt_walks_in_state(d, DTT_WALK_RUNNING);
    assert_non_null(walk);
    walk->gap_queries = 2;
    struct dtt_query_end end = {
        .outcome = DTT_QUERY_SLOW,
        .txn = {.to = addr, .owner = walk->number, .method = DTT_KRPC_M_FIND_NODE}};
    dtt_walk_asked(d, now, &end);
    assert_int_equal(walk->gap_queries, 1);
    end = (struct dtt_query_end){.outcome = DTT_QUERY_ANSWERED, .txn = end.txn, .answer = &reply};
    end.txn.is_slow = true;
    dtt_walk_asked(d, now, &end);
    assert_int_equal(walk->gap_queries, 1);
    dtt_dht_free(d);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_put_reuses_the_walk),         TEST(test_two_gets_share_one_walk),
        TEST(test_a_get_shares_a_fresh_result), TEST(test_nothing_found_widens_the_walk),
        TEST(test_a_late_answer_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
