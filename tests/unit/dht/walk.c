/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A running walk: it is widened when it finds nothing, and counts what it waits for. */
#include "dht/walk.h"

#include "fixture.h"

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

/* The nodes of the set that node `i` keeps of an item. */
static const struct dtt_lookup *kept_of(size_t i, const struct net_item *item)
{
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM, .is_mutable = true, .salt_len = 4};
    memcpy(goal.target, item->target, sizeof(goal.target));
    memcpy(goal.key, item->get.key, sizeof(goal.key));
    memcpy(goal.salt, item->get.salt, goal.salt_len);
    const struct dtt_walk *walk = dtt_walks_find(net.nodes[i].dht, &goal, true);
    assert_non_null(walk);
    return &walk->side[walk->side[0].n == 0];
}

/* A get of a sample: which of the kept nodes it asks, as bits. */
static uint32_t sample(size_t i, const struct net_item *item)
{
    dtt_dht_op op;
    struct net_result r;
    uint32_t asked = 0;
    assert_int_equal(dtt_dht_get(net.nodes[i].dht, net.now, &item->get, &op), 0);
    const struct dtt_walk *walk = dtt_walks_in_state(net.nodes[i].dht, DTT_WALK_RUNNING);
    assert_non_null(walk);
    assert_true(walk->is_sample);
    const struct dtt_lookup *kept = kept_of(i, item);
    const struct dtt_lookup *lookup = &walk->side[walk->side[0].n == 0];
    assert_int_equal(lookup->n, item->get.sample);
    for (size_t k = 0; k < kept->n && k < 32; k++) {
        asked |= dtt_lookup_find(lookup, &kept->nodes[k].addr) ? 1u << k : 0;
    }
    net_wait(&net, i, op, 10 * DTT_S, &r);
    net_result_free(&r);
    return asked;
}

/* Samples of two: one of the first two and one other each time; ten of them ask all twelve. */
static void test_samples_ask_all_by_turns(void **state)
{
    struct net_item item;
    struct net_result r;
    uint32_t asked = 0, last = 0;
    (void)state;
    net_init(&net, 17);
    net_grow(&net, 60);
    net_run(&net, 30 * DTT_S);
    net_item(&item, 1, 1, "never stored");
    item.get.width = 12;
    item.get.is_brief = true;
    net_get(&net, 4, &item, &r);
    net_result_free(&r);
    item.get.sample = 2;
    item.get.first = 2;
    for (unsigned i = 0; i < 11; i++) {
        uint32_t now = sample(4, &item);
        assert_true((now & 3) == 1 || (now & 3) == 2);
        assert_true(i % 2 == 0 || (now & 3) != (last & 3));
        assert_true(i == 10 || (now & asked & ~UINT32_C(3)) == 0);
        asked |= now;
        last = now;
    }
    assert_int_equal(asked, 0xfff);
    item.get.sample = 1;
    assert_int_equal(sample(4, &item) & ~UINT32_C(3), 0);
}

/* A put that asked nobody, as it had good tokens, leaves the set that it was given. */
static void test_a_put_leaves_the_closest_set(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 17);
    net_grow(&net, 60);
    net_run(&net, 30 * DTT_S);
    net_item(&item, 1, 1, "stored");
    item.get.width = item.put.among = 12;
    net_get(&net, 4, &item, &r);
    net_result_free(&r);
    (void)net_put(&net, 4, &item);
    net_run(&net, DTT_WALKS_SHARE_NS);
    assert_true(kept_of(4, &item)->n >= 12);
    item.get.sample = 2;
    (void)sample(4, &item);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_nothing_found_widens_the_walk),
        TEST(test_samples_ask_all_by_turns),
        TEST(test_a_put_leaves_the_closest_set),
        TEST(test_a_late_answer_counts_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
