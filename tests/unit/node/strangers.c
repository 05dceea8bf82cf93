/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/strangers.h"

#include "support/vectors.h"

static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES] = {7};
static struct dtt_strangers s;

static struct dtt_now at(uint64_t seconds)
{
    return (struct dtt_now){.mono_ns = seconds * DTT_S};
}

static int setup(void **state)
{
    (void)state;
    dtt_strangers_init(&s, at(0), hash_key);
    return 0;
}

static struct dtt_addr host(uint8_t network, uint8_t n)
{
    return dtt_addr_v4(50, network, 0, n, 6881);
}

static bool hear(uint64_t seconds, uint8_t network, uint8_t n)
{
    struct dtt_addr from = host(network, n);
    return dtt_strangers_heard(&s, at(seconds), &from);
}

static bool is_open(uint64_t seconds)
{
    return dtt_strangers_reach_us(&s, at(seconds), DTT_FAMILY_V4);
}

static void two_of_different_networks_are_a_proof(void **state)
{
    (void)state;
    assert_true(hear(1000, 1, 1));
    assert_false(is_open(1000));
    assert_true(hear(1001, 1, 2)); /* the same network, so perhaps the same liar */
    assert_false(is_open(1001));
    assert_true(hear(1100, 2, 1));
    assert_true(is_open(1100));
    assert_false(dtt_strangers_reach_us(&s, at(1100), DTT_FAMILY_V6));
    assert_true(is_open(1600));
    assert_false(is_open(1601)); /* the first one is too long ago */
    assert_true(hear(1650, 3, 1));
    assert_true(is_open(1650));
    dtt_strangers_moved(&s, at(1651));
    assert_false(is_open(1651));
}

static void who_was_sent_to_is_no_stranger(void **state)
{
    struct dtt_addr a = host(1, 1), b = host(2, 1);
    (void)state;
    dtt_strangers_sent(&s, at(1000), &a);
    dtt_strangers_sent(&s, at(1000), &b);
    a.port = 1; /* another port, the same host */
    assert_false(dtt_strangers_heard(&s, at(1599), &a));
    assert_true(dtt_strangers_heard(&s, at(1600), &b));
    /* Who goes on sending keeps a filter open that was open once. */
    for (uint64_t t = 1700; t < 5000; t += 500) {
        assert_false(dtt_strangers_heard(&s, at(t), &a));
    }
    assert_false(is_open(5000));
}

/* Entries of a router may be left of a process before us. */
static void nobody_counts_at_first(void **state)
{
    (void)state;
    assert_false(hear(1, 1, 1));
    assert_false(hear(179, 2, 1));
    assert_true(hear(180, 3, 1));
    dtt_strangers_moved(&s, at(200));
    assert_false(hear(201, 4, 1));
}

static void private_neighbours_prove_nothing(void **state)
{
    struct dtt_addr a = dtt_addr_v4(192, 168, 1, 2, 1), b = dtt_addr_v4(10, 0, 0, 1, 1);
    (void)state;
    assert_false(dtt_strangers_heard(&s, at(1000), &a));
    assert_false(dtt_strangers_heard(&s, at(1000), &b));
}

/* A full table makes strangers known, not the known strangers. */
static void many_that_we_send_to_make_no_stranger(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        struct dtt_addr to = dtt_addr_v4(60, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1);
        dtt_strangers_sent(&s, at(1000), &to);
    }
    for (unsigned i = 0; i < 100000; i += 997) {
        struct dtt_addr from =
            dtt_addr_v4(60, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 1);
        assert_false(dtt_strangers_heard(&s, at(1001), &from));
    }
    assert_false(is_open(1001));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(two_of_different_networks_are_a_proof, setup),
        cmocka_unit_test_setup(who_was_sent_to_is_no_stranger, setup),
        cmocka_unit_test_setup(nobody_counts_at_first, setup),
        cmocka_unit_test_setup(private_neighbours_prove_nothing, setup),
        cmocka_unit_test_setup(many_that_we_send_to_make_no_stranger, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
