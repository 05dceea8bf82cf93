/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lookups among hostile nodes that sit next to the target. */
#include "villain.h"

#include "dht/inside.h"
#include "support/vectors.h"

#define HONEST  30
#define HOSTILE 6

static struct net net;
static struct net_item item;

static void id_of(size_t self, uint8_t id[20])
{
    memcpy(id, item.target, 20);
    id[18] ^= 1; /* closer than any honest node can be by chance */
    id[19] = (uint8_t)self;
}

static void commit(struct crime crime)
{
    for (size_t i = HONEST; i < HONEST + HOSTILE; i++) {
        villains[i].crime = crime;
    }
}

/* An honest network with the value stored; then the hostile nodes make themselves known. */
static void build(void)
{
    net_init(&net, 21);
    net_item(&item, 1, 5, "right value");
    villain_reset(&item);
    net_grow(&net, HONEST);
    net_run(&net, 30 * DTT_S);
    assert_true(net_put(&net, 3, &item).u.put.acked >= 8);
    for (size_t h = 0; h < HOSTILE; h++) {
        struct dtt_addr a = dtt_addr_v4(127, 6, 6, (uint8_t)h, 6);
        uint8_t id[20];
        id_of(net.n, id);
        size_t self = villain_add(&net, &a, id, (struct crime){0});
        villain_show_up(&net, self, 0, HONEST);
    }
    net_run(&net, 2 * DTT_S);
    /* They are in: each honest node would name some of them. */
    size_t known = 0;
    for (size_t h = 0; h < HOSTILE; h++) {
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

static int teardown(void **state)
{
    (void)state;
    net_fini(&net);
    return 0;
}

static void test_innocent(void **state)
{
    (void)state;
    build();
    expect_right_value();
}

static void test_silence(void **state)
{
    (void)state;
    build();
    commit((struct crime){.silent_on_get = true});
    expect_right_value();
}

static void test_wrong_key(void **state)
{
    (void)state;
    build();
    commit((struct crime){.wrong_key = true});
    expect_right_value();
    commit((struct crime){.wrong_key_named = true});
    expect_right_value();
    assert_true(net.nodes[9].ctx.metrics[DTT_METRIC_DHT_VALUES_INVALID] > 0);
}

static void test_bad_signature(void **state)
{
    (void)state;
    build();
    commit((struct crime){.bad_signature = true});
    expect_right_value();
}

static void test_garbage(void **state)
{
    (void)state;
    build();
    commit((struct crime){.garbage = true});
    expect_right_value();
}

static void test_fake_neighbours(void **state)
{
    (void)state;
    build();
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
    build();
    commit((struct crime){.wrong_id = true});
    expect_right_value();
}

/* A node that knows nobody but a liar, who names honest nodes by false ids, gets through to them.
 */
static void test_false_names_of_honest_nodes(void **state)
{
    struct net_result r;
    (void)state;
    build();
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
    build();
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
    build();
    commit((struct crime){.answers = 3, .huge_token = true});
    expect_right_value();
    assert_true(net.nodes[9].ctx.metrics[DTT_METRIC_DHT_RX_UNMATCHED] > 0);
    /* Without a usable token they hold nothing; the honest ones still do. */
    struct net_item more;
    net_item(&more, 1, 6, "newer value");
    struct dtt_dht_event e = net_put(&net, 9, &more);
    assert_true(e.u.put.acked >= 8);
    assert_true(net_holders(&net, &more) >= 8);
}

/* What a liar says about others is asked about, not believed: his contacts cost a bounded effort.
 */
static void test_contacts_of_other_scopes(void **state)
{
    struct dtt_ctx ctx = {0};
    struct dtt_dht_config cfg = {.has_v4 = true};
    struct dtt_dht *d;
    uint8_t id[20] = {1};
    (void)state;
    net_init(&net, 1);
    assert_int_equal(dtt_dht_new(&d, &ctx, &cfg, net.now), 0);
    struct dtt_addr global = dtt_addr_v4(50, 1, 1, 1, 1), lan = dtt_addr_v4(10, 1, 1, 1, 1);
    struct dtt_addr self = dtt_addr_v4(127, 0, 0, 1, 1), port0 = dtt_addr_v4(50, 1, 1, 1, 0), six;
    assert_int_equal(dtt_addr_parse("[2001:db8::1]:1", &six), 0);
    assert_true(dtt_contact_is_plausible(d, id, &global, &global));
    assert_true(dtt_contact_is_plausible(d, id, &global, &lan));
    assert_true(dtt_contact_is_plausible(d, id, &lan, &lan));
    assert_true(dtt_contact_is_plausible(d, id, &self, &self));
    assert_false(dtt_contact_is_plausible(d, id, &lan, &global));
    assert_false(dtt_contact_is_plausible(d, id, &self, &global));
    assert_false(dtt_contact_is_plausible(d, id, &self, &lan));
    assert_false(dtt_contact_is_plausible(d, id, &port0, &self));
    assert_false(dtt_contact_is_plausible(d, id, &six, &self)); /* no IPv6 socket */
    assert_false(dtt_contact_is_plausible(d, d->id, &global, &global));
    dtt_dht_free(d);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
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
        TEST(test_contacts_of_other_scopes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
