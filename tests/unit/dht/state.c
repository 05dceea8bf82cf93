/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What survives a restart, an address change and a night's sleep. */
#include "dht/state.h"

#include "dht/node_id.h"
#include "fixture.h"

#include <stdlib.h>

static void make_state(struct dtt_dht_state *s, size_t n)
{
    memset(s, 0, sizeof(*s));
    memset(s->id, 0x5a, sizeof(s->id));
    for (s->n = 0; s->n < n; s->n++) {
        struct dtt_dht_known *k = &s->nodes[s->n];
        k->id[0] = (uint8_t)s->n;
        if (s->n % 2) {
            k->addr = dtt_addr_v4(50, 1, 1, (uint8_t)s->n, (uint16_t)(4000 + s->n));
        } else {
            assert_int_equal(dtt_addr_parse("[2001:db8::1]:1", &k->addr), 0);
            k->addr.ip[15] = (uint8_t)s->n;
        }
    }
}

static void expect_refused(void *user, struct dtt_slice in)
{
    struct dtt_dht_state s;
    (void)user;
    assert_int_equal(dtt_dht_state_decode(in, &s), DTT_EPROTO);
}

static void test_round_trip_and_damage(void **state)
{
    static struct dtt_dht_state in, out;
    uint8_t buf[DTT_DHT_STATE_MAX];
    (void)state;
    for (size_t n = 0; n <= DTT_DHT_STATE_NODES; n += 25) {
        make_state(&in, n);
        int len = dtt_dht_state_encode(&in, buf, sizeof(buf));
        assert_true(len > 0);
        assert_int_equal(dtt_dht_state_decode(dtt_slice(buf, (size_t)len), &out), 0);
        assert_memory_equal(out.id, in.id, 20);
        assert_int_equal(out.n, n);
        size_t same = 0;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = 0; j < n; j++) {
                same += memcmp(&in.nodes[i], &out.nodes[j], sizeof(in.nodes[0])) == 0;
            }
        }
        assert_int_equal(same, n);
        if (n == 25) {
            sweep_truncations(dtt_slice(buf, (size_t)len), expect_refused, NULL);
            sweep_bit_flips(dtt_slice(buf, (size_t)len), expect_refused, NULL);
            assert_int_equal(dtt_dht_state_encode(&in, buf, (size_t)len - 1), DTT_ETOOBIG);
        }
    }
    expect_refused(NULL, dtt_slice("", 0));
    expect_refused(NULL, dtt_slice("\0\0\0\0", 4));
}

/* A full state of IPv6 nodes is the longest. */
static void test_longest(void **state)
{
    static struct dtt_dht_state s;
    uint8_t buf[DTT_DHT_STATE_MAX];
    (void)state;
    make_state(&s, DTT_DHT_STATE_NODES);
    for (size_t i = 0; i < s.n; i++) {
        s.nodes[i].addr = s.nodes[0].addr;
    }
    assert_true(dtt_dht_state_encode(&s, buf, sizeof(buf)) > 0);
}

static void test_warm_start(void **state)
{
    static struct dtt_dht_state s;
    struct net_item item;
    struct net_result r;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 1);
    net_grow(&net, 40);
    net_run(&net, 60 * DTT_S);
    net_item(&item, 1, 1, "hello");
    net_put(&net, 3, &item);
    dtt_dht_state_collect(net.nodes[9].dht, &s);
    assert_true(s.n >= 15);
    assert_memory_equal(s.id, net.nodes[9].dht->id, 20);
    /* Many of them are gone meanwhile, and no contact to start from is known. */
    for (size_t i = 0; i < 40; i++) {
        net.nodes[i].is_dead = i % 10 < 6;
    }
    size_t warm = net_add(&net, false);
    assert_int_equal(dtt_dht_state_restore(net.nodes[warm].dht, net.now, &s), 0);
    assert_memory_equal(net.nodes[warm].dht->id, s.id, 20);
    assert_int_equal(dtt_dht_get(net.nodes[warm].dht, net.now, &item.get, &op), 0);
    net_wait(&net, warm, op, 20 * DTT_S, &r);
    assert_true(net_result_has(&r, &item));
    assert_true(r.first_value_ns < 5 * DTT_MS);
    net_result_free(&r);
    net_run(&net, 60 * DTT_S);
    struct dtt_dht_stats stats;
    dtt_dht_stats(net.nodes[warm].dht, &stats);
    assert_true(stats.nodes_v4 >= 10);
    assert_null(net.nodes[warm].dht->saved);
}

static void test_nobody_of_the_state_is_left(void **state)
{
    static struct dtt_dht_state s, again;
    struct net_item item;
    struct net_result r;
    dtt_dht_op op;
    (void)state;
    net_init(&net, 2);
    size_t i = net_add(&net, false);
    make_state(&s, 100);
    assert_int_equal(dtt_dht_state_restore(net.nodes[i].dht, net.now, &s), 0);
    dtt_dht_state_collect(net.nodes[i].dht, &again);
    assert_int_equal(again.n, 100); /* a restart before the first answer loses nothing */
    net_item(&item, 1, 1, "hello");
    assert_int_equal(dtt_dht_get(net.nodes[i].dht, net.now, &item.get, &op), 0);
    net_wait(&net, i, op, 11 * DTT_S, &r);
    assert_int_equal(r.last.u.done.status, DTT_ETIMEDOUT);
    net_run(&net, 60 * DTT_S);
    assert_null(net.nodes[i].dht->saved);
    assert_int_equal(net.nodes[i].dht->probes, 0);
}

/* Nodes with global addresses learn theirs and take an id that fits it (BEP 42). */
static void test_ids_fit_their_addresses(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 3);
    for (unsigned i = 0; i < 30; i++) {
        struct dtt_addr a = dtt_addr_v4((uint8_t)(40 + i), (uint8_t)(7 * i), 1, 1, 4000);
        net_add_at(&net, &a, false);
        if (i > 0) {
            net_bootstrap(&net, i, 0);
        }
    }
    net_run(&net, 60 * DTT_S);
    for (size_t i = 0; i < net.n; i++) {
        assert_true(dtt_node_id_is_secure(net.nodes[i].dht->id, &net.nodes[i].addr));
        assert_memory_equal(net.nodes[i].dht->tables[0].self, net.nodes[i].dht->id, 20);
    }
    net_run(&net, 60 * DTT_S);
    net_item(&item, 1, 1, "hello");
    assert_true(net_put(&net, 3, &item).u.put.acked >= 8);
    net_get(&net, 20, &item, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
}

static void test_a_night_asleep(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 4);
    net_grow(&net, 30);
    net_run(&net, 60 * DTT_S);
    size_t before = dtt_dht_live(net.nodes[7].dht);
    net.nodes[7].is_dead = true; /* its clock runs on, nobody wakes it */
    net_run(&net, 600 * DTT_S);
    net.nodes[7].is_dead = false;
    uint64_t woke = net.now.mono_ns;
    net_item(&item, 1, 1, "hello");
    net_put(&net, 3, &item);
    net_get(&net, 7, &item, &r);
    assert_true(net_result_has(&r, &item));
    assert_true(net.now.mono_ns - woke < 3 * DTT_S);
    net_result_free(&r);
    net_run(&net, 60 * DTT_S);
    assert_true(dtt_dht_live(net.nodes[7].dht) + 3 >= before);
}

/* Another network, another wall clock: what is known still serves, and a new id follows. */
static void test_a_new_address(void **state)
{
    struct net_item item;
    struct net_result r;
    uint8_t old_id[20];
    (void)state;
    net_init(&net, 6);
    for (unsigned i = 0; i < 40; i++) {
        struct dtt_addr a = dtt_addr_v4((uint8_t)(40 + i), (uint8_t)(7 * i), 1, 1, 4000);
        net_add_at(&net, &a, false);
        if (i > 0) {
            net_bootstrap(&net, i, 0);
        }
    }
    net_run(&net, 300 * DTT_S);
    net_item(&item, 1, 1, "hello");
    assert_true(net_put(&net, 3, &item).u.put.acked >= 8);
    memcpy(old_id, net.nodes[7].dht->id, 20);
    net.nodes[7].addr = dtt_addr_v4(120, 9, 1, 1, 4000);
    net.now.wall_ns += 400 * 86400 * (int64_t)DTT_S;
    uint64_t moved = net.now.mono_ns;
    net_get(&net, 7, &item, &r); /* before anybody has noticed */
    assert_true(net_result_has(&r, &item));
    assert_true(net.now.mono_ns - moved < DTT_S);
    net_result_free(&r);
    dtt_dht_moved(net.nodes[7].dht, net.now);
    net_flush(&net, 7);
    net_run(&net, 10 * DTT_S);
    assert_true(dtt_addr_eq(&net.nodes[7].dht->votes[0].opinion, &net.nodes[7].addr));
    assert_true(dtt_node_id_is_secure(net.nodes[7].dht->id, &net.nodes[7].addr));
    assert_memory_not_equal(net.nodes[7].dht->id, old_id, 20);
    assert_true(dtt_dht_live(net.nodes[7].dht) >= 20); /* nobody was forgotten */
    net_item(&item, 2, 1, "from the new place");
    assert_true(net_put(&net, 7, &item).u.put.acked >= 8);
    net_get(&net, 20, &item, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
}

/* Answers pings and find_node, is silent on get: remembered, and not asked in vain for ever. */
static void without_bep44(struct net *n, size_t self, const struct dtt_addr *from,
                          struct dtt_slice data)
{
    struct dtt_krpc q;
    uint8_t buf[300], id[20] = {(uint8_t)(self * 37)};
    if (dtt_krpc_decode(data, &q) != 0 || q.type != DTT_KRPC_QUERY || q.method == DTT_KRPC_M_GET ||
        q.method == DTT_KRPC_M_PUT) {
        return;
    }
    struct dtt_krpc m = {.type = DTT_KRPC_REPLY, .t = q.t, .id = dtt_slice(id, 20)};
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    net_send(n, &n->nodes[self].addr, from, dtt_slice(buf, (size_t)len));
}

static void test_nodes_without_bep44_are_remembered(void **state)
{
    struct net_item item;
    struct net_result r;
    (void)state;
    net_init(&net, 5);
    net_grow(&net, 20);
    for (uint8_t i = 0; i < 4; i++) {
        struct dtt_addr a = dtt_addr_v4(127, 6, 6, i, 6006);
        net_bootstrap(&net, 0, net_add_script(&net, &a, without_bep44));
    }
    net_run(&net, 30 * DTT_S);
    for (uint8_t k = 0; k < 10; k++) {
        net_item(&item, (uint8_t)(k + 1), 1, "hello");
        net_get(&net, 0, &item, &r);
    }
    size_t flagged = 0;
    for (size_t i = 20; i < 24; i++) {
        const struct dtt_rnode *n =
            dtt_rtable_find(&net.nodes[0].dht->tables[0], &net.nodes[i].addr);
        flagged += n && n->flags & DTT_RNODE_NO_BEP44 && n->fails == 0;
    }
    assert_true(flagged >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip_and_damage),
        cmocka_unit_test(test_longest),
        TEST(test_warm_start),
        TEST(test_nobody_of_the_state_is_left),
        TEST(test_ids_fit_their_addresses),
        TEST(test_a_night_asleep),
        TEST(test_a_new_address),
        TEST(test_nodes_without_bep44_are_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
