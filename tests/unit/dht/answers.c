/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What answers teach: that a first node is there, and how the others see us. */
#include "dht/answers.h"

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

static void test_ready_once(void **state)
{
    struct dtt_dht_event e;
    size_t ready = 0;
    (void)state;
    net_init(&net, 6);
    net_grow(&net, 10);
    net_run(&net, 60 * DTT_S);
    while (dtt_dht_next_event(net.nodes[4].dht, &e)) {
        ready += e.type == DTT_DHT_EV_READY;
    }
    assert_int_equal(ready, 1);
}

static void test_external_address(void **state)
{
    struct dtt_dht_event e;
    size_t told = 0;
    (void)state;
    net_init(&net, 7);
    net_grow(&net, 10);
    net_run(&net, 60 * DTT_S);
    while (dtt_dht_next_event(net.nodes[4].dht, &e)) {
        if (e.type == DTT_DHT_EV_EXTERNAL_ADDR) {
            assert_true(dtt_addr_eq(&e.u.external.addr, &net.nodes[4].addr));
            assert_true(e.u.external.votes >= 2);
            told++;
        }
    }
    assert_int_equal(told, 1);
}

/* The asker is told before the node counts as live: a lookup that it answered knows it already. */
static void test_the_asker_is_told_first(void **state)
{
    uint8_t id[20] = {0x80}, buf[200];
    struct dtt_addr addr = dtt_addr_v4(127, 0, 0, 9, 9);
    struct dtt_dht_event e;
    struct dtt_krpc q;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 3);
    net_add(&net, false);
    struct dtt_dht *d = net.nodes[0].dht;
    dtt_dht_add_bootstrap(d, net.now, &addr);
    assert_int_equal(dtt_dht_find(d, net.now, id, &op), 0);
    struct dtt_dht_packet p;
    assert_true(dtt_dht_next_packet(d, &p));
    assert_int_equal(dtt_krpc_decode(dtt_slice(p.data, p.len), &q), 0);
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY, .t = q.t, .id = dtt_slice(id, sizeof(id))};
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    assert_int_equal(dtt_dht_recv(d, net.now, &addr, dtt_slice(buf, (size_t)len)), 0);
    assert_int_equal(d->tables[0].live, 1);
    const struct dtt_walk *walk = dtt_walks_in_state(d, DTT_WALK_RUNNING);
    assert_non_null(walk);
    assert_non_null(dtt_lookup_find(&walk->side[0], &addr));
    assert_true(dtt_dht_next_event(d, &e));
    assert_int_equal(e.type, DTT_DHT_EV_READY);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ready_once),
        TEST(test_external_address),
        TEST(test_the_asker_is_told_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
