/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Contacts to start from: back-off, operations that wait for them, routers. */
#include "dht/bootstrap.h"

#include "fixture.h"

/* Offline at the start is not offline for ever. */
static void test_contact_comes_up_later(void **state)
{
    (void)state;
    net_init(&net, 1);
    net_grow(&net, 2);
    net.nodes[0].is_dead = true;
    net_run(&net, 100 * DTT_S);
    assert_int_equal(live(1), 0);
    /* 5, 10, 20, 40 s of back-off, each attempt with one retransmission. */
    assert_true(net.nodes[1].sent >= 8 && net.nodes[1].sent <= 12);
    net.nodes[0].is_dead = false;
    net_run(&net, 100 * DTT_S);
    assert_int_equal(live(1), 1);
    assert_int_equal(live(0), 1);
}

static void test_backoff_is_bounded(void **state)
{
    (void)state;
    net_init(&net, 2);
    net_grow(&net, 2);
    net.nodes[0].is_dead = true;
    net_run(&net, 3600 * DTT_S);
    uint64_t before = net.nodes[1].sent;
    net_run(&net, 3600 * DTT_S);
    assert_int_equal(net.nodes[1].sent - before, 24); /* every 5 minutes, two datagrams */
}

static void test_contacts_are_bounded(void **state)
{
    struct dtt_dht_stats s;
    (void)state;
    net_init(&net, 3);
    net_grow(&net, 1);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 1; i <= 100; i++) {
            struct dtt_addr a = dtt_addr_v4(10, 0, 0, (uint8_t)i, 4001);
            dtt_dht_add_bootstrap(net.nodes[0].dht, net.now, &a);
        }
    }
    struct dtt_addr port0 = dtt_addr_v4(10, 0, 1, 1, 0);
    dtt_dht_add_bootstrap(net.nodes[0].dht, net.now, &port0);
    dtt_dht_stats(net.nodes[0].dht, &s);
    assert_int_equal(s.bootstraps, DTT_BOOTSTRAP_MAX);
}

static void test_operations_wait_for_contacts(void **state)
{
    struct net_item item;
    struct net_result r;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 4);
    net_grow(&net, 10);
    net_run(&net, 5 * DTT_S);
    net_item(&item, 1, 1, "hello");
    net_put(&net, 3, &item);
    size_t late = net_add(&net, false);
    dtt_dht_expect_bootstrap(net.nodes[late].dht, net.now, true);
    assert_int_equal(dtt_dht_get(net.nodes[late].dht, net.now, &item.get, &op), 0);
    net_run(&net, 2 * DTT_S); /* a name is being resolved */
    struct dtt_dht_event e;
    assert_false(dtt_dht_next_event(net.nodes[late].dht, &e));
    net_bootstrap(&net, late, 0);
    dtt_dht_expect_bootstrap(net.nodes[late].dht, net.now, false);
    net_wait(&net, late, op, DTT_S, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
}

static void test_waiting_ends(void **state)
{
    struct net_item item;
    struct net_result r;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 5);
    net_grow(&net, 1);
    net_item(&item, 1, 1, "hello");
    struct dtt_dht *d = net.nodes[0].dht;
    /* The promise is not kept: the operation gives up by itself. */
    dtt_dht_expect_bootstrap(d, net.now, true);
    assert_int_equal(dtt_dht_get(d, net.now, &item.get, &op), 0);
    net_wait(&net, 0, op, 11 * DTT_S, &r);
    assert_int_equal(r.last.u.done.status, DTT_ETIMEDOUT);
    /* The promise is withdrawn. */
    assert_int_equal(dtt_dht_get(d, net.now, &item.get, &op), 0);
    dtt_dht_expect_bootstrap(d, net.now, false);
    net_wait(&net, 0, op, 0, &r);
    assert_int_equal(r.last.u.done.status, DTT_ETIMEDOUT);
    /* The only contact is dead: two seconds, not ten. */
    struct dtt_addr nobody = dtt_addr_v4(127, 9, 9, 9, 4009);
    dtt_dht_add_bootstrap(d, net.now, &nobody);
    assert_int_equal(dtt_dht_put(d, net.now, &item.put, &op), 0);
    net_wait(&net, 0, op, 3 * DTT_S, &r);
    assert_int_equal(r.last.u.put.status, DTT_ETIMEDOUT);
    assert_int_equal(r.last.u.put.acked, 0);
}

/* A contact with a global address is a router: it is in nobody's table but the smallest. */
static void test_routers_do_not_stay(void **state)
{
    struct dtt_addr router = dtt_addr_v4(60, 1, 1, 1, 4001);
    (void)state;
    net_init(&net, 11);
    net_add_at(&net, &router, false);
    for (unsigned i = 1; i < 120; i++) {
        struct dtt_addr a = dtt_addr_v4(50, (uint8_t)i, 1, 1, 4001);
        net_bootstrap(&net, net_add_at(&net, &a, false), 0);
        net_run(&net, 100 * DTT_MS);
    }
    net_run(&net, 600 * DTT_S);
    size_t large = 0;
    for (size_t i = 1; i < net.n; i++) {
        assert_true(live(i) >= 8);
        const struct dtt_rtable *t = &net.nodes[i].dht->tables[0];
        assert_true(t->live < DTT_BOOTSTRAP_ROUTERS_UNTIL || !dtt_rtable_find(t, &router));
        large += t->live >= DTT_BOOTSTRAP_ROUTERS_UNTIL;
    }
    assert_true(large > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_contact_comes_up_later), TEST(test_backoff_is_bounded),
        TEST(test_contacts_are_bounded),   TEST(test_operations_wait_for_contacts),
        TEST(test_waiting_ends),           TEST(test_routers_do_not_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
