/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/storage.h"

#include "support/vectors.h"

#include <dtt/types.h>
#include <stdio.h>

static struct dtt_storage s;

static int setup(void **state)
{
    static const uint8_t key[16] = {1};
    (void)state;
    dtt_storage_init(&s, key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_storage_fini(&s);
    assert_int_equal(s.values, 0);
    assert_int_equal(s.bytes, 0);
    return 0;
}

static struct dtt_now at_s(uint64_t sec)
{
    return (struct dtt_now){.mono_ns = sec * DTT_S};
}

static const uint8_t *target(uint32_t n)
{
    static uint8_t t[20];
    dtt_put_be32(t, n);
    return t;
}

static int put_len(uint64_t sec, const struct dtt_addr *from, uint32_t t, int64_t seq,
                   const char *v, size_t len)
{
    static const uint8_t k[32] = {7}, sig[64] = {8};
    struct dtt_storage_item p = {.target = target(t),
                                 .is_mutable = true,
                                 .k = k,
                                 .sig = sig,
                                 .seq = seq,
                                 .v = dtt_slice(v, len)};
    return dtt_storage_put(&s, at_s(sec), from, &p);
}

static int put(uint64_t sec, const struct dtt_addr *from, uint32_t t, int64_t seq, const char *v)
{
    return put_len(sec, from, t, seq, v, strlen(v));
}

static bool has(uint32_t t, const char *v)
{
    struct dtt_storage_item got;
    for (size_t i = 0; dtt_storage_at(&s, target(t), i, &got); i++) {
        if (dtt_slice_is(got.v, v)) {
            return true;
        }
    }
    return false;
}

static size_t count(uint32_t t)
{
    struct dtt_storage_item got;
    size_t n = 0;
    while (dtt_storage_at(&s, target(t), n, &got)) {
        n++;
    }
    return n;
}

static const struct dtt_addr lan = {.ip = {10, 0, 0, 1}, .port = 1, .family = DTT_FAMILY_V4};

static void test_seq_rules(void **state)
{
    struct dtt_storage_item got;
    (void)state;
    assert_int_equal(dtt_storage_check(&s, target(1), 5, true, 99), 0); /* nothing stored */
    assert_int_equal(put(1, &lan, 1, 5, "1:a"), 0);
    assert_int_equal(dtt_storage_check(&s, target(1), 4, false, 0), DTT_KRPC_E_SEQ);
    assert_int_equal(dtt_storage_check(&s, target(1), 5, false, 0), 0);
    assert_int_equal(dtt_storage_check(&s, target(1), 6, true, 5), 0);
    assert_int_equal(dtt_storage_check(&s, target(1), 6, true, 4), DTT_KRPC_E_CAS);
    assert_int_equal(dtt_storage_check(&s, target(1), 4, true, 4), DTT_KRPC_E_CAS); /* 301 first */
    put(1, &lan, 1, 5, "1:b");
    assert_int_equal(count(1), 2);
    put(1, &lan, 1, 6, "1:c"); /* newer: replaces all */
    assert_int_equal(count(1), 1);
    assert_true(dtt_storage_get(&s, target(1), 0, &got));
    assert_true(dtt_slice_is(got.v, "1:c"));
    assert_int_equal(got.seq, 6);
    assert_int_equal(got.k[0], 7);
    assert_int_equal(got.sig[0], 8);
    assert_false(dtt_storage_get(&s, target(2), 0, &got));
}

static void test_siblings_take_turns(void **state)
{
    unsigned seen[20] = {0};
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        char v[8];
        snprintf(v, sizeof(v), "2:%02u", i);
        assert_int_equal(put(1, &lan, 1, INT64_MAX, v), 0);
        assert_int_equal(put(1, &lan, 1, INT64_MAX, v), 0); /* again: no second copy */
    }
    assert_int_equal(count(1), 20);
    for (unsigned i = 0; i < 60; i++) {
        struct dtt_storage_item got;
        assert_true(dtt_storage_get(&s, target(1), 0, &got));
        seen[(got.v.data[2] - '0') * 10 + got.v.data[3] - '0']++;
    }
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(seen[i], 3);
    }
}

/* The eight closest nodes asked three times show all of twenty-four. */
static void test_ranks_show_different_siblings(void **state)
{
    bool seen[24] = {false};
    size_t total = 0;
    (void)state;
    for (unsigned rank = 0; rank < 8; rank++) {
        for (unsigned i = 0; i < 24; i++) {
            char v[8];
            snprintf(v, sizeof(v), "2:%02u", i);
            put(1, &lan, rank, INT64_MAX, v);
        }
        for (unsigned round = 0; round < 3; round++) {
            struct dtt_storage_item got;
            assert_true(dtt_storage_get(&s, target(rank), rank, &got));
            size_t i = (size_t)((got.v.data[2] - '0') * 10 + got.v.data[3] - '0');
            total += !seen[i];
            seen[i] = true;
        }
    }
    assert_int_equal(total, 24);
}

static void test_siblings_are_bounded_and_shared_fairly(void **state)
{
    char v[1001];
    struct dtt_addr honest = dtt_addr_v4(60, 1, 1, 1, 1);
    (void)state;
    put(1, &honest, 1, 5, "6:honest");
    for (unsigned i = 0; i < 60; i++) {
        struct dtt_addr flood = dtt_addr_v4(50, 1, 1, (uint8_t)i, 1);
        snprintf(v, sizeof(v), "4:%04u", i);
        put(2, &flood, 1, 5, v);
        assert_true(count(1) <= DTT_STORAGE_SIBLINGS);
    }
    assert_true(has(1, "6:honest"));
    assert_true(has(1, "4:0059"));
    /* By bytes. */
    for (unsigned i = 0; i < 60; i++) {
        struct dtt_addr from = dtt_addr_v4(70, (uint8_t)i, 1, 1, 1);
        memset(v, 'x', sizeof(v));
        snprintf(v, 8, "993:%02u", i);
        put_len(3, &from, 2, 5, v, 997);
    }
    assert_int_equal(count(2), DTT_STORAGE_SIBLING_BYTES / 997);
}

static void test_own_sibling_makes_no_room_for_others(void **state)
{
    (void)state;
    put(1, NULL, 1, 5, "3:own");
    for (unsigned i = 0; i < 2 * DTT_STORAGE_SIBLINGS; i++) {
        struct dtt_addr from = dtt_addr_v4(50, 1, (uint8_t)i, 1, 1);
        char v[8];
        snprintf(v, sizeof(v), "2:%02u", i);
        assert_int_equal(put(2, &from, 1, 5, v), 0);
    }
    assert_true(has(1, "3:own"));
    assert_int_equal(count(1), DTT_STORAGE_SIBLINGS);
    for (unsigned i = 0; i < DTT_STORAGE_SIBLINGS; i++) {
        char v[8];
        snprintf(v, sizeof(v), "3:o%02u", i);
        assert_int_equal(put(3, NULL, 1, 6, v), 0);
    }
    assert_int_equal(put(4, &lan, 1, 6, "3:lan"), DTT_EFULL);
}

static void test_expires_after_two_hours(void **state)
{
    (void)state;
    put(0, &lan, 1, 5, "1:a");
    put(0, &lan, 1, 5, "1:b");
    put(3600, &lan, 1, 5, "1:a"); /* renewed */
    assert_int_equal(dtt_storage_deadline(&s), 7200 * DTT_S);
    dtt_storage_tick(&s, at_s(7199));
    assert_int_equal(count(1), 2);
    dtt_storage_tick(&s, at_s(7200));
    assert_int_equal(count(1), 1);
    assert_true(has(1, "1:a"));
    dtt_storage_tick(&s, at_s(3600 + 7200));
    assert_int_equal(count(1), 0);
    assert_int_equal(dtt_storage_deadline(&s), DTT_NEVER);
}

/* One /24 puts 100,000 items: no honest item is lost, memory stays within bounds. */
static void test_one_network_cannot_exhaust_it(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 500; i++) {
        struct dtt_addr from = dtt_addr_v4(60, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        assert_int_equal(put(1, &from, i, 5, "6:honest"), 0);
    }
    for (uint32_t i = 0; i < 100000; i++) {
        struct dtt_addr from = dtt_addr_v4(50, 1, 1, (uint8_t)i, 1);
        assert_int_equal(put(2 + i / 1000, &from, 1000000 + i, 5, "4:evil"), 0);
    }
    for (uint32_t i = 0; i < 500; i++) {
        assert_true(has(i, "6:honest"));
    }
    assert_int_equal(s.values, 500 + DTT_STORAGE_NETWORK_VALUES);
}

static void test_many_networks_are_bounded(void **state)
{
    static char v[1000];
    (void)state;
    memset(v, 'x', sizeof(v));
    put(1, NULL, 7777777, 5, "3:own");
    for (uint32_t i = 0; i < 20000; i++) {
        struct dtt_addr from =
            dtt_addr_v4((uint8_t)(50 + (i >> 16)), (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        int err = put_len(2, &from, i, 5, v, sizeof(v));
        assert_true(err == 0 || err == DTT_EFULL);
        assert_true(s.values <= DTT_STORAGE_VALUES && s.bytes <= DTT_STORAGE_BYTES);
        assert_true(dtt_map_count(&s.targets) <= DTT_STORAGE_TARGETS);
    }
    assert_true(has(7777777, "3:own"));
}

/* A full store of many with a value each: a late one waits, however small its values. */
static void test_a_full_store_of_equals_evicts_nobody(void **state)
{
    struct dtt_addr late = dtt_addr_v4(60, 1, 1, 1, 1);
    unsigned refused = 0;
    (void)state;
    for (unsigned i = 0; i < DTT_STORAGE_TARGETS; i++) {
        unsigned network = i > 0 ? i - 1 : 0; /* the first one has two */
        struct dtt_addr a = dtt_addr_v4(50, (uint8_t)(network >> 8), (uint8_t)network, 1, 1);
        assert_int_equal(put_len(1, &a, i, 1, "600:some value", 14), 0);
    }
    /* One newcomer in the place of the one with more, all others in nobody's. */
    assert_int_equal(put(2, &late, 10000, 1, "1:x"), 0);
    assert_int_equal(s.values, DTT_STORAGE_TARGETS);
    for (unsigned i = 0; i < 1000; i++) {
        struct dtt_addr later = dtt_addr_v4(61, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        refused += put(2, &later, 20000 + i, 1, "1:x") == DTT_EFULL;
        assert_int_equal(put(2, &late, 30000 + i, 1, "1:x"), 0); /* replaces its own */
    }
    assert_int_equal(refused, 1000);
    assert_int_equal(s.values, DTT_STORAGE_TARGETS);
    assert_true(has(30999, "1:x") && has(DTT_STORAGE_TARGETS - 1, "600:some value"));
    assert_int_equal(put(2, NULL, 40000, 1, "1:x"), 0); /* our own always fit */
}

static void test_private_network_is_bounded_only_as_a_whole(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3000; i++) {
        assert_int_equal(put(1, &lan, i, 5, "1:a"), 0);
    }
    assert_int_equal(s.values, DTT_STORAGE_TARGETS);
    assert_true(has(2999, "1:a"));
    assert_false(has(0, "1:a")); /* the oldest went */
}

static void test_immutable(void **state)
{
    struct dtt_storage_item got;
    struct dtt_storage_item p = {.target = target(9), .v = dtt_slice("1:z", 3)};
    (void)state;
    assert_int_equal(dtt_storage_put(&s, at_s(1), &lan, &p), 0);
    assert_int_equal(dtt_storage_put(&s, at_s(2), &lan, &p), 0);
    assert_int_equal(s.values, 1);
    assert_true(dtt_storage_get(&s, target(9), 0, &got));
    assert_false(got.is_mutable);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_seq_rules),
        TEST(test_siblings_take_turns),
        TEST(test_ranks_show_different_siblings),
        TEST(test_siblings_are_bounded_and_shared_fairly),
        TEST(test_own_sibling_makes_no_room_for_others),
        TEST(test_expires_after_two_hours),
        TEST(test_one_network_cannot_exhaust_it),
        TEST(test_many_networks_are_bounded),
        TEST(test_a_full_store_of_equals_evicts_nobody),
        TEST(test_private_network_is_bounded_only_as_a_whole),
        TEST(test_immutable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
