/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Puts: on which nodes, and an honest count of what came back. */
#include "dht/put.h"

#include "fixture.h"

static void test_refused_puts_are_told(void **state)
{
    struct net_item newer, older, wrong_cas;
    (void)state;
    net_init(&net, 5);
    net_grow(&net, 20);
    net_run(&net, 5 * DTT_S);
    net_item(&newer, 1, 10, "newer");
    net_item(&older, 1, 9, "older");
    net_put(&net, 3, &newer);
    struct dtt_dht_event e = net_put(&net, 4, &older);
    assert_int_equal(e.u.put.status, 0);
    assert_true(e.u.put.refused >= 7);
    assert_int_equal(e.u.put.error, DTT_KRPC_E_SEQ);
    net_item(&wrong_cas, 1, 11, "cas");
    wrong_cas.put.has_cas = true;
    wrong_cas.put.cas = 9;
    e = net_put(&net, 4, &wrong_cas);
    assert_int_equal(e.u.put.error, DTT_KRPC_E_CAS);
    assert_true(e.u.put.refused >= 7);
}

/* Who acknowledges and keeps another value is found out by reading back. */
static void pretender(struct net *n, size_t self, const struct dtt_addr *from,
                      struct dtt_slice data)
{
    struct dtt_krpc q;
    uint8_t buf[300], id[20] = {(uint8_t)(self * 12)};
    if (dtt_krpc_decode(data, &q) != 0 || q.type != DTT_KRPC_QUERY) {
        return;
    }
    struct dtt_krpc m = {
        .type = DTT_KRPC_REPLY, .t = q.t, .id = dtt_slice(id, 20), .token = dtt_slice("tokn", 4)};
    int len = dtt_krpc_encode(&m, buf, sizeof(buf));
    net_send(n, &n->nodes[self].addr, from, dtt_slice(buf, (size_t)len));
}

static void test_verified_is_not_acked(void **state)
{
    struct net_item item;
    (void)state;
    net_init(&net, 6);
    net_grow(&net, 4);
    for (uint8_t i = 0; i < 3; i++) {
        struct dtt_addr a = dtt_addr_v4(127, 6, 6, i, 6);
        net_bootstrap(&net, 0, net_add_script(&net, &a, pretender));
    }
    net_run(&net, 5 * DTT_S);
    net_item(&item, 1, 1, "hello");
    item.put.verify = true;
    struct dtt_dht_event e = net_put(&net, 0, &item);
    assert_int_equal(e.u.put.asked, 6);
    assert_int_equal(e.u.put.acked, 6);
    assert_int_equal(e.u.put.verified, 3);
}

static void test_copies(void **state)
{
    struct net_item item;
    (void)state;
    net_init(&net, 7);
    net_grow(&net, 50);
    net_run(&net, 30 * DTT_S);
    for (uint8_t copies = 0; copies < 30; copies = (uint8_t)(copies + 5)) {
        net_item(&item, (uint8_t)(copies + 1), 1, "hello");
        item.put.copies = copies;
        size_t want = copies ? copies : 8;
        struct dtt_dht_event e = net_put(&net, 4, &item);
        assert_int_equal(e.u.put.acked, want);
        assert_in_range(net_holders(&net, &item), want, want + 1); /* and ourselves */
    }
}

/*
 * Three writers of one item, each on four of the twelve closest nodes: it spreads, so that nodes
 * that keep their first value do not hide the later ones.
 */
static void test_copies_among_more(void **state)
{
    static const char *const texts[] = {"one", "two", "three"};
    struct net_item items[3];
    size_t sum = 0;
    (void)state;
    net_init(&net, 7);
    net_grow(&net, 50);
    net_run(&net, 30 * DTT_S);
    for (unsigned i = 0; i < 3; i++) {
        net_item(&items[i], 1, 1, texts[i]);
        items[i].put.copies = 4;
        items[i].put.among = 12;
        struct dtt_dht_event e = net_put(&net, 4 + i, &items[i]);
        assert_int_equal(e.u.put.asked, 4);
    }
    for (unsigned i = 0; i < 3; i++) {
        size_t holders = net_holders(&net, &items[i]);
        assert_in_range(holders, 2, 5);
        sum += holders;
    }
    assert_true(sum >= 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refused_puts_are_told),
        TEST(test_verified_is_not_acked),
        TEST(test_copies),
        TEST(test_copies_among_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
