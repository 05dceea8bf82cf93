/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One hostile network puts a hundred thousand items at a thousand a second. */
#include "dht/inside.h"

#include "crypto/ed25519.h"
#include "dht/item.h"
#include "support/vectors.h"

#include <stdio.h>

#define ITEMS 100000
#define HONEST 1900 /* networks, an item each */

static struct dtt_ctx ctx;
static struct dtt_dht *dht;
static struct dtt_now now;

static int setup(void **state)
{
    struct dtt_dht_config cfg = {.has_v4 = true};
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    now = (struct dtt_now){.mono_ns = 1000 * DTT_S};
    return dtt_dht_new(&dht, &ctx, &cfg, now);
}

static int teardown(void **state)
{
    (void)state;
    dtt_dht_free(dht);
    return 0;
}

/* A value of `len` bytes, digits, unlike any other. */
static struct dtt_slice value(uint8_t buf[1000], unsigned n, size_t len)
{
    int head = snprintf((char *)buf, 1000, "%zu:%08u", len - 4, n);
    memset(buf + head, 'x', len - (size_t)head);
    return dtt_slice(buf, len);
}

/* Puts as the wire does; the token is one the node would give. True when it says yes. */
static bool put(const struct dtt_addr *from, struct dtt_slice v, bool is_mutable, unsigned n)
{
    static uint8_t seed[32] = {9};
    uint8_t id[20] = {3}, target[20], token[8], key[32], sig[64], buf[1400];
    struct dtt_krpc m, q = {.type = DTT_KRPC_QUERY,
                            .method = DTT_KRPC_M_PUT,
                            .t = dtt_slice("pppp", 4),
                            .id = dtt_slice(id, 20),
                            .token = dtt_slice(token, 8),
                            .is_read_only = true,
                            .v = v};
    if (is_mutable) {
        dtt_put_be32(seed, n);
        dtt_ed25519_public_key(key, seed);
        assert_int_equal(dtt_item_sign(sig, seed, dtt_slice(NULL, 0), 1, v), 0);
        dtt_item_target(target, key, dtt_slice(NULL, 0));
        q.k = dtt_slice(key, 32);
        q.sig = dtt_slice(sig, 64);
        q.seq = dtt_krpc_int(1);
    } else {
        dtt_item_target_immutable(target, v);
    }
    dtt_token_make(token, dht->secret, now, from, target);
    int len = dtt_krpc_encode(&q, buf, sizeof(buf));
    assert_true(len > 0);
    assert_int_equal(dtt_dht_recv(dht, now, NULL, from, dtt_slice(buf, (size_t)len)), 0);
    bool is_stored = false;
    for (struct dtt_dht_packet p; dtt_dht_next_packet(dht, &p);) {
        assert_int_equal(dtt_krpc_decode(dtt_slice(p.data, p.len), &m), 0);
        is_stored |= m.type == DTT_KRPC_REPLY;
    }
    return is_stored;
}

static bool holds(struct dtt_slice v)
{
    uint8_t target[20];
    struct dtt_storage_item got;
    dtt_item_target_immutable(target, v);
    return dtt_storage_at(&dht->storage, target, 0, &got);
}

static void flood(size_t smallest)
{
    uint8_t buf[1000];
    for (unsigned i = 0; i < ITEMS; i++) {
        struct dtt_addr from = dtt_addr_v4(66, 6, 6, (uint8_t)i, (uint16_t)(1 + i % 60000));
        size_t len = smallest + i % 7 * 100;
        put(&from, value(buf, 5000000 + i, len), i % 50 == 0, i);
        now.mono_ns += DTT_MS;
        if (dtt_dht_deadline(dht) <= now.mono_ns) {
            dtt_dht_tick(dht, now);
        }
    }
}

static void store_honest(unsigned n)
{
    uint8_t buf[1000];
    for (unsigned i = 0; i < n; i++) {
        struct dtt_addr from = dtt_addr_v4(50, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        now.mono_ns += 20 * DTT_MS;
        assert_true(put(&from, value(buf, i, 600), false, i));
    }
}

static void expect_all(unsigned n)
{
    uint8_t buf[1000];
    for (unsigned i = 0; i < n; i++) {
        assert_true(holds(value(buf, i, 600)));
    }
    assert_true(dht->storage.values <= n + DTT_STORAGE_NETWORK_VALUES);
    assert_true(dht->storage.bytes <= DTT_STORAGE_BYTES);
}

static void test_one_network_evicts_nobody(void **state)
{
    (void)state;
    store_honest(HONEST);
    flood(300);
    expect_all(HONEST);
    assert_true(ctx.counters[DTT_COUNTER_DHT_SERVED] > ITEMS / 2); /* rates alone did not do it */
}

/* Not even from a store that is full. */
static void test_one_network_evicts_nobody_from_a_full_store(void **state)
{
    (void)state;
    store_honest(DTT_STORAGE_TARGETS);
    flood(110);
    expect_all(DTT_STORAGE_TARGETS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_one_network_evicts_nobody),
        TEST(test_one_network_evicts_nobody_from_a_full_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
