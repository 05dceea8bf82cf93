/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Probes and silences: which nodes are still there. */
#include "dht/alive.h"

#include "fixture.h"

static void test_the_dead_are_forgotten(void **state)
{
    (void)state;
    net_init(&net, 9);
    net_grow(&net, 20);
    net_run(&net, 30 * DTT_S);
    for (size_t i = 10; i < 20; i++) {
        net.nodes[i].is_dead = true;
    }
    net_run(&net, 3600 * DTT_S);
    for (size_t i = 0; i < 10; i++) {
        for (size_t j = 10; j < 20; j++) {
            assert_null(dtt_rtable_find(&net.nodes[i].dht->tables[0], &net.nodes[j].addr));
        }
        assert_true(live(i) >= 7);
    }
}

static size_t packets(struct dtt_dht *d)
{
    struct dtt_dht_packet p;
    size_t n = 0;
    while (dtt_dht_next_packet(d, &p)) {
        n++;
    }
    return n;
}

/* An address has one probe at a time, all together a bounded number, and none is repeated. */
static void test_probes_are_few(void **state)
{
    (void)state;
    net_init(&net, 1);
    net_add(&net, false);
    struct dtt_dht *d = net.nodes[0].dht;
    for (unsigned i = 0; i < 2 * DTT_DHT_PROBES; i++) {
        struct dtt_addr a = dtt_addr_v4(127, 1, 1, (uint8_t)(i / 2), 7);
        dtt_alive_ping(d, net.now, &a);
    }
    assert_int_equal(d->probes, DTT_DHT_PROBES);
    assert_int_equal(packets(d), DTT_DHT_PROBES);
    struct dtt_addr another = dtt_addr_v4(127, 1, 2, 1, 7);
    dtt_alive_ping(d, net.now, &another);
    assert_int_equal(packets(d), 0);
    assert_int_equal(net.nodes[0].ctx.counters[DTT_COUNTER_DHT_PROBES_REFUSED], 1);
    net.now.mono_ns += 10 * DTT_S;
    dtt_dht_tick(d, net.now);
    assert_int_equal(d->probes, 0);
    assert_int_equal(packets(d), 0);
}

/* A newcomer is worth a ping while the table has room for it and none is under way. */
static void test_newcomers_are_wanted(void **state)
{
    uint8_t id[20] = {0x80};
    struct dtt_addr a = dtt_addr_v4(127, 1, 1, 1, 7), v6 = dtt_addr_v6(id, 7);
    (void)state;
    net_init(&net, 1);
    net_add(&net, false);
    struct dtt_dht *d = net.nodes[0].dht;
    d->cfg.has_v6 = false;
    assert_true(dtt_alive_wants(d, id, &a));
    assert_false(dtt_alive_wants(d, id, &v6));
    dtt_alive_ping(d, net.now, &a);
    assert_false(dtt_alive_wants(d, id, &a));
}

/* A node that was silent on a get but answers a ping is left out of gets. */
static void test_silence_on_get_alone(void **state)
{
    uint8_t id[20] = {0x80}, buf[200];
    struct dtt_addr a = dtt_addr_v4(127, 1, 1, 1, 7);
    struct dtt_dht_packet p;
    struct dtt_krpc q;
    (void)state;
    net_init(&net, 1);
    net_add(&net, false);
    struct dtt_dht *d = net.nodes[0].dht;
    dtt_rtable_seen(&d->tables[0], net.now, id, &a, DTT_MS, 0);
    dtt_alive_silent(d, net.now, &a, 1);
    assert_true(dtt_dht_next_packet(d, &p));
    assert_int_equal(dtt_krpc_decode(dtt_slice(p.data, p.len), &q), 0);
    assert_int_equal(q.method, DTT_KRPC_M_PING);
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY, .t = q.t, .id = dtt_slice(id, sizeof(id))};
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    assert_int_equal(dtt_dht_recv(d, net.now, NULL, &a, dtt_slice(buf, (size_t)len)), 0);
    const struct dtt_rnode *node = dtt_rtable_find(&d->tables[0], &a);
    assert_true(node && node->flags & DTT_RNODE_NO_BEP44 && node->fails == 0);
}

/* Nobody from outside makes us send to private hosts, nobody but this host to loopback. */
static void test_contacts_of_other_scopes(void **state)
{
    struct dtt_ctx ctx = {0};
    struct dtt_dht_config cfg = {.has_v4 = true};
    struct dtt_dht *d;
    uint8_t id[20] = {1};
    (void)state;
    assert_int_equal(dtt_dht_new(&d, &ctx, &cfg, (struct dtt_now){0}), 0);
    struct dtt_addr global = dtt_addr_v4(50, 1, 1, 1, 1024), lan = dtt_addr_v4(10, 1, 1, 1, 5000);
    struct dtt_addr self = dtt_addr_v4(127, 0, 0, 1, 5000), port0 = dtt_addr_v4(50, 1, 1, 1, 0),
                    six;
    assert_int_equal(dtt_addr_parse("[2001:db8::1]:5000", &six), 0);
    assert_true(dtt_alive_may_ask(d, id, &global, &global));
    assert_true(dtt_alive_may_ask(d, id, &global, &lan));
    assert_true(dtt_alive_may_ask(d, id, &lan, &lan));
    assert_true(dtt_alive_may_ask(d, id, &self, &self));
    assert_false(dtt_alive_may_ask(d, id, &lan, &global));
    assert_false(dtt_alive_may_ask(d, id, &self, &global));
    assert_false(dtt_alive_may_ask(d, id, &self, &lan));
    assert_false(dtt_alive_may_ask(d, id, &port0, &self));
    port0.port = 1023; /* of services that never asked for this */
    assert_false(dtt_alive_may_ask(d, id, &port0, &self));
    assert_false(dtt_alive_may_ask(d, id, &six, &self)); /* no IPv6 socket */
    assert_false(dtt_alive_may_ask(d, d->id, &global, &global));
    dtt_dht_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_dead_are_forgotten),
        TEST(test_probes_are_few),
        TEST(test_newcomers_are_wanted),
        TEST(test_silence_on_get_alone),
        cmocka_unit_test(test_contacts_of_other_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
