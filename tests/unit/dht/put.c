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

/* Whether the node at this address holds the item's value. */
static bool holds(const struct dtt_addr *addr, const struct net_item *item)
{
    struct dtt_storage_item v;
    for (size_t i = 0; i < net.n; i++) {
        const struct dtt_dht *d = dtt_addr_eq(&net.nodes[i].addr, addr) ? net.nodes[i].dht : NULL;
        for (size_t j = 0; d && dtt_storage_at(&d->storage, item->target, j, &v); j++) {
            if (dtt_slice_eq(v.v, item->put.v)) {
                return true;
            }
        }
    }
    return false;
}

/* How many of the two closest nodes that node 4 knows of an item hold its value. */
static unsigned closest_holders(const struct net_item *item)
{
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM, .is_mutable = true, .salt_len = 4};
    memcpy(goal.target, item->target, sizeof(goal.target));
    memcpy(goal.key, item->get.key, sizeof(goal.key));
    memcpy(goal.salt, item->get.salt, goal.salt_len);
    const struct dtt_walk *walk = dtt_walks_find(net.nodes[4].dht, &goal, true);
    assert_non_null(walk);
    const struct dtt_lookup *lookup = &walk->side[walk->side[0].n == 0];
    assert_true(lookup->n >= 2);
    return (unsigned)holds(&lookup->nodes[0].addr, item) + holds(&lookup->nodes[1].addr, item);
}

/* What is urgent lies on the closest two, whatever they hold; what is not never does. */
static void test_the_closest_are_for_what_is_urgent(void **state)
{
    (void)state;
    net_init(&net, 7);
    net_grow(&net, 50);
    net_run(&net, 30 * DTT_S);
    for (uint8_t key = 1; key <= 6; key++) {
        struct net_item item;
        net_item(&item, key, 1, "not urgent");
        item.put.copies = 4;
        item.put.among = 12;
        item.put.spare = 2;
        assert_int_equal(net_put(&net, 4, &item).u.put.asked, 4);
        assert_int_equal(closest_holders(&item), 0);
        net_item(&item, key, 1, "urgent");
        item.put.copies = 4;
        item.put.among = 12;
        item.put.first = 2;
        for (unsigned i = 0; i < 2; i++) { /* the second time they hold it already */
            assert_int_equal(net_put(&net, 4, &item).u.put.asked, 4);
            assert_int_equal(closest_holders(&item), 2);
        }
    }
}

/* With few nodes none is left out for others. */
static void test_few_nodes_are_not_spared(void **state)
{
    struct net_item item;
    (void)state;
    net_init(&net, 7);
    net_grow(&net, 5);
    net_run(&net, 30 * DTT_S);
    net_item(&item, 1, 1, "not urgent");
    item.put.copies = 4;
    item.put.among = 12;
    item.put.spare = 2;
    assert_int_equal(net_put(&net, 4, &item).u.put.asked, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refused_puts_are_told),
        TEST(test_verified_is_not_acked),
        TEST(test_copies),
        TEST(test_copies_among_more),
        TEST(test_the_closest_are_for_what_is_urgent),
        TEST(test_few_nodes_are_not_spared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
