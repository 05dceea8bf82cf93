/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Networks at global addresses in which many nodes are dead, and some are worse than that. */
#include "villain.h"

#include "dht/node_id.h"
#include "fixture.h"

#include <stdio.h>

static struct net_item item;

/* Every node in a network (/24) of its own. */
static struct dtt_addr nth_addr(size_t n)
{
    return dtt_addr_v4(50, (uint8_t)(n >> 8), (uint8_t)n, 1, 6881);
}

static void honest_network(uint64_t seed, size_t nodes)
{
    net_init(&net, seed);
    net.delay_min_ns = 13 * DTT_MS;
    net.delay_max_ns = 120 * DTT_MS;
    for (size_t i = 0; i < nodes; i++) {
        struct dtt_addr a = nth_addr(net.n);
        net_add_at(&net, &a, false);
        if (i > 0) {
            net_bootstrap(&net, i, 0);
        }
    }
    net_run(&net, 60 * DTT_S);
}

/* What hostile nodes do, one thing each. */
static struct crime nth_crime(size_t n)
{
    static const struct crime crimes[] = {
        {.fake_contacts = true},
        {.garbage = true},
        {.bad_signature = true},
        {.wrong_key = true},
        {.silent_on_get = true},
        {.others_token = true, .answers = 2},
        {.wrong_id = true},
        {.wrong_key_named = true},
        {0}, /* answers well, holds nothing */
        {.fake_contacts = true, .wrong_key_named = true},
    };
    return crimes[n % (sizeof(crimes) / sizeof(crimes[0]))];
}

static bool is_honest(size_t i)
{
    return net.nodes[i].dht && !net.nodes[i].is_dead;
}

static size_t pick_honest(void)
{
    size_t i;
    do {
        i = (size_t)dtt_rng_below(&net.rng, net.n);
    } while (!is_honest(i));
    return i;
}

/* Number `rank` among the honest nodes closest to the item. */
static size_t closest_honest(size_t rank)
{
    size_t order[NET_NODES], n = 0;
    for (size_t i = 0; i < net.n; i++) {
        if (!is_honest(i)) {
            continue;
        }
        size_t at = n++;
        while (at > 0 && dtt_node_id_cmp(item.target, net.nodes[i].dht->id,
                                         net.nodes[order[at - 1]].dht->id) < 0) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = i;
    }
    return order[rank];
}

static void store_on(size_t i)
{
    struct dtt_addr from = nth_addr(4000);
    struct dtt_storage_item put = {.target = item.target,
                                   .is_mutable = true,
                                   .k = item.put.key,
                                   .sig = item.put.sig,
                                   .seq = item.put.seq,
                                   .v = item.put.v};
    assert_int_equal(dtt_storage_put(&net.nodes[i].dht->storage, net.now, &from, &put), 0);
}

/* True when the value is found and nothing else. */
static bool find_value(size_t asker, struct net_result *r)
{
    net_get(&net, asker, &item, r);
    bool is_found = net_result_has(r, &item);
    assert_true(r->n_values <= 1);
    net_result_free(r);
    return is_found;
}

#define NODES 100
#define DEAD 30
#define HOSTILE 10
#define NETWORKS 10
#define LOOKUPS 30

/*
 * 60 honest nodes, 30 dead, 10 hostile; the value on a single one of the eight closest honest
 * nodes, whichever. Three hundred lookups.
 */
static void test_one_of_the_eight_closest_holds_it(void **state)
{
    unsigned found = 0;
    uint64_t asked = 0;
    (void)state;
    for (unsigned n = 0; n < NETWORKS; n++) {
        honest_network(100 + n, NODES - HOSTILE);
        villain_reset(&item);
        for (size_t i = 0; i < HOSTILE; i++) {
            struct dtt_addr a = nth_addr(net.n);
            uint8_t id[20];
            dtt_rng_bytes(&net.rng, id, sizeof(id));
            villain_show_up(&net, villain_add(&net, &a, id, nth_crime(i)), 0, NODES);
        }
        net_run(&net, 10 * DTT_S);
        net.nodes[0].is_dead = true; /* whom all started from: nobody keeps it in his table */
        for (size_t dead = 1; dead < DEAD; dead++) {
            net.nodes[pick_honest()].is_dead = true;
        }
        for (unsigned k = 0; k < LOOKUPS; k++) {
            struct net_result r;
            net_item(&item, (uint8_t)(1 + k), 5, "right value");
            size_t holder = closest_honest((size_t)dtt_rng_below(&net.rng, 8)), asker;
            do {
                asker = pick_honest();
            } while (asker == holder);
            store_on(holder);
            found += find_value(asker, &r);
            asked += r.last.u.done.asked;
        }
        if (n + 1 < NETWORKS) {
            net_fini(&net);
        }
    }
    print_message("found %u of %u, %u nodes asked each\n", found, NETWORKS * LOOKUPS,
                  (unsigned)(asked / (NETWORKS * LOOKUPS)));
    assert_true(found * 100 >= NETWORKS * LOOKUPS * 99);
}

/* What chance puts next to a target is hardly ever taken for a crowd. */
static void test_honest_nodes_are_no_crowd(void **state)
{
    uint64_t crowds = 0;
    struct net_result r;
    (void)state;
    honest_network(6, 100);
    for (unsigned k = 0; k < 200; k++) {
        net_item(&item, (uint8_t)(1 + k), 5, "right value");
        store_on(closest_honest(0));
        assert_true(find_value(pick_honest(), &r));
    }
    for (size_t i = 0; i < net.n; i++) {
        crowds += net.nodes[i].ctx.counters[DTT_COUNTER_DHT_CROWDS_AVOIDED];
    }
    assert_true(crowds <= 6);
}

/* Sixteen hostile nodes right at the target, each in a network of its own. */
static void besiege(struct crime crime)
{
    size_t first = net.n;
    net_item(&item, 1, 5, "right value");
    villain_reset(&item);
    for (size_t i = 0; i < 16; i++) {
        struct dtt_addr a = nth_addr(net.n);
        uint8_t id[20];
        memcpy(id, item.target, 20);
        id[16] ^= 1;
        id[17] = (uint8_t)i;
        villain_show_up(&net, villain_add(&net, &a, id, crime), 0, first);
    }
    net_run(&net, 5 * DTT_S);
}

/* An old node and a new one find what a single honest node of the closest holds. */
static void expect_found(uint64_t most_asked)
{
    struct dtt_addr a = nth_addr(3000);
    struct net_result r;
    store_on(closest_honest(3));
    size_t fresh = net_add_at(&net, &a, false);
    net_bootstrap(&net, fresh, 1);
    net_run(&net, 10 * DTT_S);
    size_t askers[] = {closest_honest(40), fresh};
    for (size_t i = 0; i < 2; i++) {
        assert_true(find_value(askers[i], &r));
        assert_true(r.last.u.done.asked <= most_asked);
    }
}

/* Each answer of theirs names eight others right at the target, thousands in all; none is there. */
static void test_fake_neighbours_that_are_silent(void **state)
{
    (void)state;
    honest_network(7, 60);
    besiege((struct crime){.fake_contacts = true});
    expect_found(2 * DTT_LOOKUP_QUERIES);
}

/* The same, but all of them are there and answer well: ten thousand and more. */
static void test_fake_neighbours_that_answer(void **state)
{
    (void)state;
    honest_network(8, 60);
    besiege((struct crime){.fake_contacts = true});
    villain_fakes = 10000;
    villain_raise_ghosts(&net);
    expect_found(2 * DTT_LOOKUP_QUERIES);
    uint64_t crowds = 0;
    for (size_t i = 0; i < net.n; i++) {
        crowds += net.nodes[i].ctx.counters[DTT_COUNTER_DHT_CROWDS_AVOIDED];
    }
    assert_true(crowds > 0);
}

/* One of two contacts to start from names nobody but nodes that do not exist. */
static void test_a_contact_that_lies(void **state)
{
    struct net_result r;
    (void)state;
    honest_network(11, 40);
    net_item(&item, 1, 5, "right value");
    villain_reset(&item);
    store_on(closest_honest(2));
    struct dtt_addr a = nth_addr(net.n), b = nth_addr(3000);
    uint8_t id[20] = {0x77};
    size_t liar = villain_add(&net, &a, id, (struct crime){.fake_contacts = true, .always = true});
    size_t fresh = net_add_at(&net, &b, false);
    net_bootstrap(&net, fresh, liar);
    net_bootstrap(&net, fresh, 1);
    assert_true(find_value(fresh, &r));
    net_run(&net, 60 * DTT_S);
    assert_true(villain_fakes > 0);
    assert_true(dtt_dht_live(net.nodes[fresh].dht) >= 16);
}

/* Sixteen nodes at the target that name each other and hold nothing. */
static void test_a_ring_of_sybils(void **state)
{
    (void)state;
    honest_network(9, 60);
    besiege((struct crime){.name_each_other = true});
    expect_found(2 * DTT_LOOKUP_QUERIES);
}

/* A put among Sybils reaches honest nodes as well: honest readers find it there. */
static void test_a_put_around_a_crowd(void **state)
{
    struct net_result r;
    (void)state;
    honest_network(10, 60);
    besiege((struct crime){.name_each_other = true});
    struct dtt_dht_event e = net_put(&net, 5, &item);
    assert_true(e.u.put.acked >= 8);
    assert_true(net_holders(&net, &item) >= 6);
    assert_true(find_value(30, &r));
}

/* ---- hostile nodes that sit next to the target */

#define HONEST 30 /* nodes on loopback */
#define BESIDE 6  /* hostile ones next to the target */

static void id_of(size_t self, uint8_t id[20])
{
    memcpy(id, item.target, 20);
    id[18] ^= 1; /* closer than any honest node can be by chance */
    id[19] = (uint8_t)self;
}

static void commit(struct crime crime)
{
    for (size_t i = HONEST; i < HONEST + BESIDE; i++) {
        villains[i].crime = crime;
    }
}

/* An honest network with the value stored; then the hostile nodes make themselves known. */
static void surround(void)
{
    net_init(&net, 21);
    net_item(&item, 1, 5, "right value");
    villain_reset(&item);
    net_grow(&net, HONEST);
    net_run(&net, 30 * DTT_S);
    assert_true(net_put(&net, 3, &item).u.put.acked >= 8);
    for (size_t h = 0; h < BESIDE; h++) {
        struct dtt_addr a = dtt_addr_v4(127, 6, 6, (uint8_t)h, 6006);
        uint8_t id[20];
        id_of(net.n, id);
        size_t self = villain_add(&net, &a, id, (struct crime){0});
        villain_show_up(&net, self, 0, HONEST);
    }
    net_run(&net, 2 * DTT_S);
    /* They are in: each honest node would name some of them. */
    size_t known = 0;
    for (size_t h = 0; h < BESIDE; h++) {
        for (size_t i = 0; i < HONEST; i++) {
            known +=
                dtt_rtable_find(&net.nodes[i].dht->tables[0], &net.nodes[HONEST + h].addr) != NULL;
        }
    }
    assert_true(known > HONEST);
}

/* A fresh node and an old one each find the right value and nothing else. */
static void expect_right_value(void)
{
    struct net_result r;
    size_t fresh = net_add(&net, false);
    net_bootstrap(&net, fresh, 0);
    size_t askers[] = {fresh, 9};
    for (size_t i = 0; i < 2; i++) {
        net_get(&net, askers[i], &item, &r);
        assert_true(net_result_has(&r, &item));
        assert_int_equal(r.n_values, 1);
        assert_true(r.last.u.done.asked <= 2 * DTT_LOOKUP_QUERIES);
        net_result_free(&r);
    }
}

static void test_innocent(void **state)
{
    (void)state;
    surround();
    expect_right_value();
}

static void test_silence(void **state)
{
    (void)state;
    surround();
    commit((struct crime){.silent_on_get = true});
    expect_right_value();
}

static void test_wrong_key(void **state)
{
    (void)state;
    surround();
    commit((struct crime){.wrong_key = true});
    expect_right_value();
    commit((struct crime){.wrong_key_named = true});
    expect_right_value();
    assert_true(net.nodes[9].ctx.counters[DTT_COUNTER_DHT_VALUES_INVALID] > 0);
}

static void test_bad_signature(void **state)
{
    (void)state;
    surround();
    commit((struct crime){.bad_signature = true});
    expect_right_value();
}

static void test_garbage(void **state)
{
    (void)state;
    surround();
    commit((struct crime){.garbage = true});
    expect_right_value();
}

static void test_fake_neighbours(void **state)
{
    (void)state;
    surround();
    commit((struct crime){.fake_contacts = true});
    expect_right_value();
    assert_true(villain_fakes >= 8);
    /* They never answered, so they are in nobody's table. */
    for (size_t i = 0; i < HONEST; i++) {
        const struct dtt_rtable *t = &net.nodes[i].dht->tables[0];
        for (size_t b = 0; b < t->n; b++) {
            for (size_t j = 0; j < t->buckets[b].live; j++) {
                assert_int_not_equal(t->buckets[b].nodes[j].ip[1], 7);
            }
        }
    }
}

static void test_another_id(void **state)
{
    (void)state;
    surround();
    commit((struct crime){.wrong_id = true});
    expect_right_value();
}

/* A node that knows nobody but a liar, who names honest nodes by false ids, gets through to them.
 */
static void test_false_names_of_honest_nodes(void **state)
{
    struct net_result r;
    (void)state;
    surround();
    commit((struct crime){.misname = true});
    expect_right_value();
    size_t fresh = net_add(&net, false);
    net_bootstrap(&net, fresh, HONEST);
    net_get(&net, fresh, &item, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
}

/* The liar among two contacts to start from is the faster one: the other one is waited for. */
static void test_a_fast_liar_to_start_from(void **state)
{
    struct net_result r;
    (void)state;
    surround();
    commit((struct crime){.name_each_other = true});
    size_t fresh = net_add(&net, false);
    net_bootstrap(&net, fresh, HONEST);
    net.nodes[0].is_dead = true;
    net_bootstrap(&net, fresh, 0);
    dtt_dht_op op;
    assert_int_equal(dtt_dht_get(net.nodes[fresh].dht, net.now, &item.get, &op), 0);
    net_flush(&net, fresh);
    net_run(&net, 500 * DTT_MS);
    net.nodes[0].is_dead = false; /* it gets the second query */
    net_wait(&net, fresh, op, 60 * DTT_S, &r);
    assert_true(net_result_has(&r, &item));
    net_result_free(&r);
}

static void test_replays_and_huge_tokens(void **state)
{
    (void)state;
    surround();
    commit((struct crime){.answers = 3, .huge_token = true});
    expect_right_value();
    assert_true(net.nodes[9].ctx.counters[DTT_COUNTER_DHT_RX_UNMATCHED] > 0);
    /* Without a usable token they hold nothing; the honest ones still do. */
    struct net_item more;
    net_item(&more, 1, 6, "newer value");
    struct dtt_dht_event e = net_put(&net, 9, &more);
    assert_true(e.u.put.acked >= 8);
    assert_true(net_holders(&net, &more) >= 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_of_the_eight_closest_holds_it),
        TEST(test_honest_nodes_are_no_crowd),
        TEST(test_fake_neighbours_that_are_silent),
        TEST(test_fake_neighbours_that_answer),
        TEST(test_a_contact_that_lies),
        TEST(test_a_ring_of_sybils),
        TEST(test_a_put_around_a_crowd),
        TEST(test_innocent),
        TEST(test_silence),
        TEST(test_wrong_key),
        TEST(test_bad_signature),
        TEST(test_garbage),
        TEST(test_fake_neighbours),
        TEST(test_another_id),
        TEST(test_false_names_of_honest_nodes),
        TEST(test_a_fast_liar_to_start_from),
        TEST(test_replays_and_huge_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
