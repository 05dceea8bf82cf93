/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/rtable.h"

#include "base/rng.h"
#include "dht/node_id.h"
#include "support/vectors.h"

#include <stdlib.h>

static struct dtt_rng rng;
static struct dtt_rtable table;

static int setup(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {3};
    uint8_t self[20];
    (void)state;
    dtt_rng_init(&rng, seed, "test");
    dtt_rng_bytes(&rng, self, sizeof(self));
    dtt_rtable_init(&table, DTT_FAMILY_V4, self);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_rtable_fini(&table);
    return 0;
}

static struct dtt_now at_s(uint64_t s)
{
    return (struct dtt_now){.mono_ns = s * DTT_S};
}

/* A node with `common` bits in common with us at a private address of its own. */
static bool see(unsigned common, unsigned host, uint8_t *id)
{
    uint8_t buf[20];
    struct dtt_addr a = dtt_addr_v4(10, 0, (uint8_t)(host >> 8), (uint8_t)host, 1);
    id = id ? id : buf;
    dtt_node_id_random_in(&rng, table.self, common, id);
    return dtt_rtable_seen(&table, at_s(1), id, &a, 5 * DTT_MS, 0);
}

static struct dtt_addr host(unsigned n)
{
    return dtt_addr_v4(10, 0, (uint8_t)(n >> 8), (uint8_t)n, 1);
}

static void check_counts(void)
{
    size_t live = 0;
    for (size_t i = 0; i < table.n; i++) {
        const struct dtt_rbucket *b = &table.buckets[i];
        assert_true(b->live <= DTT_RTABLE_K && b->spare <= DTT_RTABLE_SPARE);
        for (size_t j = 0; j < b->live; j++) {
            unsigned common = dtt_node_id_common(table.self, b->nodes[j].id);
            assert_true(i + 1 == table.n ? common >= i : common == i);
        }
        live += b->live;
    }
    assert_int_equal(live, table.live);
}

static void test_fills_and_splits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        unsigned common = 0;
        while (common < 20 && dtt_rng_below(&rng, 2)) {
            common++;
        }
        see(common, i, NULL);
        check_counts();
    }
    assert_true(table.n > 5 && table.n <= DTT_RTABLE_BUCKETS);
    assert_int_equal(table.buckets[0].live, DTT_RTABLE_K);
    assert_int_equal(table.buckets[0].spare, DTT_RTABLE_SPARE);
}

static void test_depth_is_bounded(void **state)
{
    (void)state;
    for (unsigned common = 0; common < 150; common++) {
        for (unsigned i = 0; i < 9; i++) {
            see(common, common * 9 + i, NULL);
        }
    }
    check_counts();
    assert_int_equal(table.n, DTT_RTABLE_BUCKETS);
}

static void test_closest_is_exact(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        unsigned common = 0;
        while (common < 20 && dtt_rng_below(&rng, 2)) {
            common++;
        }
        see(common, i, NULL);
    }
    for (unsigned round = 0; round < 300; round++) {
        uint8_t target[20];
        const struct dtt_rnode *near[DTT_RTABLE_CLOSEST_MAX];
        size_t max = 1 + round % DTT_RTABLE_CLOSEST_MAX;
        dtt_node_id_random_in(&rng, table.self, round % 20, target);
        size_t n = dtt_rtable_closest(&table, target, false, NULL, max, near);
        assert_int_equal(n, max < table.live ? max : table.live);
        for (size_t i = 1; i < n; i++) {
            assert_true(dtt_node_id_cmp(target, near[i - 1]->id, near[i]->id) < 0);
        }
        /* Nobody left out is closer than the last one taken. */
        size_t closer = 0;
        for (size_t i = 0; i < table.n; i++) {
            for (size_t j = 0; j < table.buckets[i].live; j++) {
                closer +=
                    dtt_node_id_cmp(target, table.buckets[i].nodes[j].id, near[n - 1]->id) < 0;
            }
        }
        assert_int_equal(closer, n - 1);
    }
}

static void test_closest_filters(void **state)
{
    const struct dtt_rnode *near[DTT_RTABLE_K];
    uint8_t id[20], target[20] = {0}, global_id[20] = {1};
    struct dtt_addr global = dtt_addr_v4(50, 1, 1, 1, 1);
    (void)state;
    assert_int_equal(dtt_rtable_closest(&table, target, false, NULL, 8, near), 0);
    see(0, 1, id);
    dtt_rtable_seen(&table, at_s(1), global_id, &global, 1, 0);
    assert_int_equal(dtt_rtable_closest(&table, target, false, NULL, 8, near), 2);
    assert_int_equal(dtt_rtable_closest(&table, target, true, NULL, 8, near), 1);
    assert_memory_equal(near[0]->id, global_id, 20);
    assert_int_equal(dtt_rtable_closest(&table, target, true, global_id, 8, near), 0);
    assert_int_equal(dtt_rtable_closest(&table, target, false, id, 8, near), 1);
    struct dtt_rnode spare;
    struct dtt_addr a = host(1);
    dtt_rtable_failed(&table, &a, DTT_RTABLE_FAILS_BAD, &spare);
    assert_int_equal(dtt_rtable_closest(&table, target, false, NULL, 8, near), 1);
}

static void test_first_holder_of_an_id_keeps_it(void **state)
{
    uint8_t id[20];
    struct dtt_addr other = host(77);
    struct dtt_rnode spare;
    (void)state;
    assert_true(see(0, 1, id));
    assert_false(dtt_rtable_seen(&table, at_s(2), id, &other, 1, 0));
    assert_false(dtt_rtable_suggest(&table, id, &other));
    struct dtt_addr first = host(1);
    dtt_rtable_failed(&table, &first, 1, &spare);
    assert_true(dtt_rtable_suggest(&table, id, &other));
    assert_true(dtt_rtable_seen(&table, at_s(2), id, &other, 1, 0));
    assert_null(dtt_rtable_find(&table, &first));
    assert_int_equal(table.live, 1);
}

static void test_endpoint_with_a_new_id(void **state)
{
    uint8_t old[20], fresh[20];
    (void)state;
    see(0, 1, old);
    see(3, 1, fresh);
    assert_int_equal(table.live, 1);
    assert_null(dtt_rtable_find_id(&table, old));
    assert_non_null(dtt_rtable_find_id(&table, fresh));
}

/* Somebody at the endpoint of a live node asks under another id: worth a ping, not believed. */
static void test_a_new_id_at_a_known_endpoint_is_asked(void **state)
{
    uint8_t id[20], other[20];
    struct dtt_addr a = dtt_addr_v4(50, 1, 1, 1, 1), b = dtt_addr_v4(50, 1, 1, 1, 2);
    (void)state;
    dtt_node_id_random_in(&rng, table.self, 0, id);
    dtt_node_id_random_in(&rng, table.self, 0, other);
    assert_true(dtt_rtable_seen(&table, at_s(1), id, &a, DTT_MS, 0));
    assert_false(dtt_rtable_suggest(&table, id, &a));
    assert_true(dtt_rtable_suggest(&table, other, &a));
    assert_false(dtt_rtable_suggest(&table, other, &b)); /* one place an address */
    assert_null(dtt_rtable_find_id(&table, other));
}

static void test_network_limits(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 20; i++) {
        uint8_t id[20];
        struct dtt_addr a = dtt_addr_v4(50, 1, 1, (uint8_t)i, 1);
        dtt_node_id_random_in(&rng, table.self, 0, id);
        dtt_rtable_seen(&table, at_s(1), id, &a, 1, 0);
    }
    assert_int_equal(table.live, DTT_RTABLE_PER_NETWORK);
    /* Another port of an IP that is in the table, in another bucket. */
    uint8_t id[20];
    struct dtt_addr a = dtt_addr_v4(50, 1, 1, 1, 2);
    dtt_node_id_random_in(&rng, table.self, 5, id);
    assert_false(dtt_rtable_seen(&table, at_s(1), id, &a, 1, 0));
    /* Private addresses: the whole bucket. */
    for (unsigned i = 1; i <= 20; i++) {
        see(1, 500 + i, NULL);
    }
    assert_int_equal(table.buckets[1].live, DTT_RTABLE_K);
}

static void test_failures_bring_in_the_spare(void **state)
{
    struct dtt_rnode spare;
    uint8_t last[20];
    (void)state;
    for (unsigned i = 0; i < 9; i++) {
        see(0, i, last); /* the ninth is a spare */
    }
    struct dtt_addr a = host(3);
    assert_false(dtt_rtable_failed(&table, &a, 1, &spare));
    assert_true(dtt_rtable_failed(&table, &a, 1, &spare));
    assert_memory_equal(spare.id, last, 20);
    struct dtt_addr at = dtt_rnode_addr(&table, &spare);
    assert_true(dtt_rtable_seen(&table, at_s(2), spare.id, &at, 1, 0));
    assert_null(dtt_rtable_find(&table, &a));
    assert_int_equal(table.live, 8);
    /* Without a spare a silent node stays until it is hopeless. */
    a = host(4);
    for (unsigned i = 0; i < DTT_RTABLE_FAILS_MAX; i++) {
        assert_non_null(dtt_rtable_find(&table, &a));
        dtt_rtable_failed(&table, &a, 1, &spare);
    }
    assert_null(dtt_rtable_find(&table, &a));
}

static void test_suggest_never_makes_live(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        uint8_t id[20];
        struct dtt_addr a = host(i);
        dtt_rng_bytes(&rng, id, sizeof(id));
        dtt_rtable_suggest(&table, id, &a);
    }
    assert_int_equal(table.live, 0);
    for (unsigned i = 0; i < 9; i++) {
        see(0, i, NULL);
    }
    uint8_t id[20];
    struct dtt_addr a = host(100), zero = host(101);
    zero.port = 0;
    dtt_node_id_random_in(&rng, table.self, 0, id);
    assert_false(dtt_rtable_suggest(&table, id, &a)); /* full: kept as spare */
    assert_int_equal(table.buckets[0].spare, 2);
    assert_false(dtt_rtable_suggest(&table, id, &zero));
    assert_false(dtt_rtable_suggest(&table, table.self, &a));
}

static void test_routers_and_insecure_ids_make_room(void **state)
{
    uint8_t id[20];
    struct dtt_addr router = host(1);
    (void)state;
    dtt_node_id_random_in(&rng, table.self, 0, id);
    dtt_rtable_seen(&table, at_s(1), id, &router, 1, DTT_RNODE_ROUTER);
    for (unsigned i = 2; i < 9; i++) {
        see(0, i, NULL);
    }
    see(1, 20, NULL); /* makes the first bucket one that cannot be split */
    assert_true(see(0, 9, NULL));
    assert_null(dtt_rtable_find(&table, &router));
    assert_false(see(0, 10, NULL));
    assert_int_equal(table.buckets[0].spare, 2); /* it, and the router */
}

static void test_set_self(void **state)
{
    uint8_t self[20];
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        unsigned common = 0;
        while (common < 20 && dtt_rng_below(&rng, 2)) {
            common++;
        }
        see(common, i, NULL);
    }
    size_t before = table.live;
    dtt_rng_bytes(&rng, self, sizeof(self));
    dtt_rtable_set_self(&table, self);
    assert_memory_equal(table.self, self, 20);
    assert_true(table.live > 0 && table.live <= before);
    check_counts();
}

static void test_stalest(void **state)
{
    uint8_t id[20];
    struct dtt_addr a = host(1), b = host(2);
    (void)state;
    assert_null(dtt_rtable_stalest(&table));
    dtt_node_id_random_in(&rng, table.self, 0, id);
    dtt_rtable_seen(&table, at_s(50), id, &a, 1, 0);
    dtt_node_id_random_in(&rng, table.self, 9, id);
    dtt_rtable_seen(&table, at_s(20), id, &b, 1, 0);
    assert_memory_equal(dtt_rtable_stalest(&table)->id, id, 20);
}

static void test_size_of_a_full_table(void **state)
{
    (void)state;
    /* 20 buckets in two families have to fit 32 KiB with the rest of the node. */
    assert_true(2 * 20 * sizeof(struct dtt_rbucket) <= 24 * 1024);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fills_and_splits),
        TEST(test_depth_is_bounded),
        TEST(test_closest_is_exact),
        TEST(test_closest_filters),
        TEST(test_first_holder_of_an_id_keeps_it),
        TEST(test_endpoint_with_a_new_id),
        TEST(test_a_new_id_at_a_known_endpoint_is_asked),
        TEST(test_network_limits),
        TEST(test_failures_bring_in_the_spare),
        TEST(test_suggest_never_makes_live),
        TEST(test_routers_and_insecure_ids_make_room),
        TEST(test_set_self),
        TEST(test_stalest),
        TEST(test_size_of_a_full_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
