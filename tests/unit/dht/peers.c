/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/peers.h"

#include "codec/bencode.h"
#include "dht/krpc.h"
#include "support/vectors.h"

#include <dtt/types.h>

static struct dtt_peers p;
static struct dtt_rng rng;

static int setup(void **state)
{
    static const uint8_t key[16] = {1}, seed[32] = {2};
    (void)state;
    dtt_peers_init(&p, key);
    dtt_rng_init(&rng, seed, "test");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_peers_fini(&p);
    assert_int_equal(p.count, 0);
    return 0;
}

static int announce(uint64_t s, uint32_t hash, const struct dtt_addr *a)
{
    uint8_t info_hash[20] = {0};
    dtt_put_be32(info_hash, hash);
    return dtt_peers_announce(&p, (struct dtt_now){.mono_ns = s * DTT_S}, info_hash, a);
}

static size_t count(uint32_t hash, uint8_t family, size_t max)
{
    uint8_t info_hash[20] = {0}, buf[4096];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_addr a;
    size_t n = 0;
    dtt_put_be32(info_hash, hash);
    dtt_peers_write(&p, info_hash, family, max, &rng, &w);
    assert_false(w.failed);
    struct dtt_reader r = dtt_reader(dtt_slice(buf, w.len));
    while (dtt_krpc_next_value(&r, &a)) {
        assert_int_equal(a.family, family);
        n++;
    }
    return n;
}

static struct dtt_addr lan(unsigned n)
{
    return dtt_addr_v4(10, 0, (uint8_t)(n >> 8), (uint8_t)n, 1);
}

static void test_families_and_limits(void **state)
{
    struct dtt_addr six;
    (void)state;
    assert_int_equal(dtt_addr_parse("[fd00::1]:9", &six), 0);
    for (unsigned i = 0; i < 300; i++) {
        struct dtt_addr a = lan(i);
        assert_int_equal(announce(1, 1, &a), 0);
        assert_int_equal(announce(1, 1, &a), 0);
    }
    assert_int_equal(p.count, DTT_PEERS_PER_HASH);
    announce(2, 1, &six);
    assert_int_equal(count(1, DTT_FAMILY_V6, 50), 1);
    assert_int_equal(count(1, DTT_FAMILY_V4, 50), 50);
    assert_int_equal(count(1, DTT_FAMILY_V4, 500), DTT_PEERS_PER_HASH - 1);
    assert_int_equal(count(2, DTT_FAMILY_V4, 50), 0);
}

static void test_expiry(void **state)
{
    struct dtt_addr a = lan(1), b = lan(2);
    (void)state;
    announce(0, 1, &a);
    announce(0, 1, &b);
    announce(600, 1, &a);
    announce(700, 2, &a);
    assert_int_equal(dtt_peers_deadline(&p), 1800 * DTT_S);
    dtt_peers_tick(&p, (struct dtt_now){.mono_ns = 1800 * DTT_S});
    assert_int_equal(p.count, 2);
    assert_int_equal(dtt_peers_deadline(&p), 2400 * DTT_S);
    dtt_peers_tick(&p, (struct dtt_now){.mono_ns = 5000 * DTT_S});
    assert_int_equal(p.count, 0);
    assert_int_equal(dtt_peers_deadline(&p), DTT_NEVER);
}

static void test_one_network_has_a_share(void **state)
{
    struct dtt_addr honest = dtt_addr_v4(60, 1, 1, 1, 1);
    size_t taken = 0;
    (void)state;
    announce(1, 7, &honest);
    for (unsigned i = 0; i < 20000; i++) {
        struct dtt_addr a = dtt_addr_v4(50, 1, 1, (uint8_t)i, (uint16_t)(1 + i));
        taken += announce(2, 1000 + i, &a) == DTT_OK;
    }
    assert_int_equal(taken, DTT_PEERS_PER_NETWORK);
    assert_int_equal(count(7, DTT_FAMILY_V4, 50), 1);
}

static void test_full_store(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 5000; i++) {
        struct dtt_addr a = lan(i);
        assert_int_equal(announce(i, i, &a), 0);
        assert_true(dtt_map_count(&p.swarms) <= DTT_PEERS_HASHES);
    }
    assert_int_equal(count(4999, DTT_FAMILY_V4, 50), 1);
    assert_int_equal(count(0, DTT_FAMILY_V4, 50), 0);
    for (unsigned i = 0; i < 20000; i++) {
        struct dtt_addr a = lan(i);
        assert_int_equal(announce(5000 + i, i % 400, &a), 0);
        assert_true(p.count <= DTT_PEERS_MAX);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_families_and_limits),
        TEST(test_expiry),
        TEST(test_one_network_has_a_share),
        TEST(test_full_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
