/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Operations: arguments, limits, cancellation, events. */
#include "fixture.h"

#include <stdio.h>

static void test_arguments(void **state)
{
    struct net_item item;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 1);
    net_grow(&net, 1);
    struct dtt_dht *d = net.nodes[0].dht;
    net_item(&item, 1, 1, "hello");
    struct dtt_dht_put_args p = item.put;
    p.v.len = 1001;
    assert_int_equal(dtt_dht_put(d, net.now, &p, &op), DTT_ETOOBIG);
    p = item.put;
    p.salt_len = 65;
    assert_int_equal(dtt_dht_put(d, net.now, &p, &op), DTT_ETOOBIG);
    p = item.put;
    p.seq = -1;
    assert_int_equal(dtt_dht_put(d, net.now, &p, &op), DTT_EINVAL);
    p = item.put;
    p.sig[3] ^= 1;
    assert_int_equal(dtt_dht_put(d, net.now, &p, &op), DTT_EAUTH);
    p = item.put;
    p.v.len = 0;
    assert_int_equal(dtt_dht_put(d, net.now, &p, &op), DTT_EINVAL);
    struct dtt_dht_get_args g = item.get;
    g.salt_len = 65;
    assert_int_equal(dtt_dht_get(d, net.now, &g, &op), DTT_ETOOBIG);
    assert_int_equal(d->n_ops, 0);
}

static void test_at_most_96(void **state)
{
    dtt_dht_op op;
    (void)state;
    net_init(&net, 2);
    net_grow(&net, 2);
    net.nodes[0].is_dead = true;
    struct dtt_dht *d = net.nodes[1].dht;
    for (unsigned i = 0; i < 96; i++) {
        uint8_t target[20] = {(uint8_t)i};
        assert_int_equal(dtt_dht_find(d, net.now, target, &op), 0);
    }
    uint8_t target[20] = {200};
    assert_int_equal(dtt_dht_find(d, net.now, target, &op), DTT_EFULL);
    /* Each still ends. */
    struct dtt_dht_event e;
    size_t ends = 0;
    net_run(&net, 20 * DTT_S);
    while (dtt_dht_next_event(d, &e)) {
        assert_int_equal(e.type, DTT_DHT_EV_DONE);
        assert_int_equal(e.u.done.status, DTT_ETIMEDOUT);
        ends++;
    }
    assert_int_equal(ends, 96);
    assert_int_equal(dtt_dht_find(d, net.now, target, &op), 0);
}

static void test_cancel(void **state)
{
    struct net_item item;
    struct dtt_dht_event e;
    dtt_dht_op op[3];
    (void)state;
    net_init(&net, 3);
    net_grow(&net, 10);
    net_run(&net, 5 * DTT_S);
    struct dtt_dht *d = net.nodes[2].dht;
    while (dtt_dht_next_event(d, &e)) {
    }
    net_item(&item, 1, 1, "hello");
    assert_int_equal(dtt_dht_get(d, net.now, &item.get, &op[0]), 0);
    assert_int_equal(dtt_dht_put(d, net.now, &item.put, &op[1]), 0);
    assert_int_equal(dtt_dht_ping(d, net.now, &net.nodes[1].addr, &op[2]), 0);
    for (size_t i = 0; i < 3; i++) {
        dtt_dht_cancel(d, net.now, op[i]);
        dtt_dht_cancel(d, net.now, op[i]); /* twice is fine */
    }
    for (size_t i = 0; i < 3; i++) {
        assert_true(dtt_dht_next_event(d, &e));
        assert_int_equal(e.op, op[i]);
        assert_int_equal(i == 1 ? e.u.put.status : e.u.done.status, DTT_ECLOSED);
    }
    assert_false(dtt_dht_next_event(d, &e));
    dtt_dht_cancel(d, net.now, op[0]); /* gone: nothing happens */
    net_flush(&net, 2);
    net_run(&net, 10 * DTT_S);
    assert_false(dtt_dht_next_event(d, &e));
    assert_int_equal(net_holders(&net, &item), 0);
}

/* One of two subscribers leaves; the other's walk goes on. */
static void test_cancel_one_of_two(void **state)
{
    struct net_item item;
    struct net_result r;
    dtt_dht_op op[2];
    (void)state;
    net_init(&net, 4);
    net_grow(&net, 20);
    net_run(&net, 5 * DTT_S);
    net_item(&item, 1, 1, "hello");
    net_put(&net, 9, &item);
    struct dtt_dht *d = net.nodes[2].dht;
    assert_int_equal(dtt_dht_get(d, net.now, &item.get, &op[0]), 0);
    assert_int_equal(dtt_dht_get(d, net.now, &item.get, &op[1]), 0);
    dtt_dht_cancel(d, net.now, op[0]);
    net_wait(&net, 2, op[1], DTT_S, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
}

/* Values are held for whoever reads late; no event is lost. */
static void test_events_wait_for_their_reader(void **state)
{
    static struct net_item items[30];
    dtt_dht_op op[40];
    (void)state;
    net_init(&net, 8);
    net_grow(&net, 20);
    net_run(&net, 5 * DTT_S);
    for (unsigned i = 0; i < 30; i++) {
        char text[16];
        snprintf(text, sizeof(text), "v%u", i);
        net_item(&items[i], 1, INT64_MAX, text);
        net_put(&net, i % 20, &items[i]);
    }
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(dtt_dht_get(net.nodes[2].dht, net.now, &items[0].get, &op[i]), 0);
    }
    net_flush(&net, 2);
    net_run(&net, 60 * DTT_S);
    struct dtt_dht_event e;
    size_t values = 0, ends = 0;
    while (dtt_dht_next_event(net.nodes[2].dht, &e)) {
        values += e.type == DTT_DHT_EV_VALUE;
        ends += e.type == DTT_DHT_EV_DONE;
    }
    assert_int_equal(ends, 40);
    assert_true(values > 40 && values % 40 == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_arguments),
        TEST(test_at_most_96),
        TEST(test_cancel),
        TEST(test_cancel_one_of_two),
        TEST(test_events_wait_for_their_reader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
