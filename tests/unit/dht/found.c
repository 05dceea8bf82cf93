/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a walk has found: distinct values, their holders, peers. */
#include "dht/found.h"

#include "crypto/ed25519.h"
#include "dht/item.h"
#include "support/vectors.h"

static struct dtt_ctx ctx;
static struct dtt_found found;

static int teardown(void **state)
{
    (void)state;
    dtt_found_fini(&found);
    assert_int_equal(found.n_values + found.n_holders + found.n_peers, 0);
    return 0;
}

static struct dtt_addr node(uint8_t n)
{
    return dtt_addr_v4(10, 0, 0, n, 5);
}

static bool take(const struct dtt_goal *goal, uint8_t from, const struct dtt_krpc *answer)
{
    struct dtt_addr addr = node(from);
    return dtt_found_take_value(&ctx, &found, goal, &addr, answer);
}

/* An immutable value is the one with the right hash. */
static void test_immutable(void **state)
{
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM};
    struct dtt_krpc answer = {.v = dtt_slice("5:hello", 7)};
    struct dtt_krpc other = {.v = dtt_slice("5:world", 7)}, none = {0};
    (void)state;
    dtt_item_target_immutable(goal.target, answer.v);
    assert_false(take(&goal, 1, &none));
    assert_false(take(&goal, 1, &other));
    assert_int_equal(found.n_values, 0);
    assert_int_equal(ctx.counters[DTT_COUNTER_DHT_VALUES_INVALID], 1);
    assert_true(take(&goal, 1, &answer));
    assert_true(take(&goal, 2, &answer));
    assert_true(take(&goal, 2, &answer)); /* a node counts once */
    assert_int_equal(found.n_values, 1);
    assert_int_equal(found.values[0]->holders, 2);
    assert_int_equal(found.n_holders, 2);
    struct dtt_addr first = node(1);
    assert_true(dtt_addr_eq(&found.values[0]->from, &first));
}

/* Mutable values are distinct by bytes and sequence number; only signed ones count. */
static void test_mutable(void **state)
{
    static const uint8_t seed[32] = {1};
    struct dtt_goal goal = {
        .kind = DTT_GOAL_ITEM, .is_mutable = true, .salt = "salt", .salt_len = 4};
    struct dtt_slice salt = dtt_slice("salt", 4), v = dtt_slice("5:hello", 7);
    uint8_t sig[2][64];
    (void)state;
    dtt_ed25519_public_key(goal.key, seed);
    dtt_item_target(goal.target, goal.key, salt);
    for (int64_t seq = 1; seq <= 2; seq++) {
        assert_int_equal(dtt_item_sign(sig[seq - 1], seed, salt, seq, v), 0);
        struct dtt_krpc answer = {.v = v,
                                  .k = dtt_slice(goal.key, 32),
                                  .sig = dtt_slice(sig[seq - 1], 64),
                                  .seq = dtt_krpc_int(seq)};
        assert_true(take(&goal, (uint8_t)seq, &answer));
        answer.seq = dtt_krpc_int(seq + 2);
        assert_false(take(&goal, (uint8_t)seq, &answer));
    }
    assert_int_equal(found.n_values, 2);
    assert_int_equal(found.values[1]->seq, 2);
    assert_memory_equal(found.values[1]->sig, sig[1], 64);
}

/* The list of holders ends; a node beyond it still counts for its value. */
static void test_holders_are_bounded(void **state)
{
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM};
    struct dtt_krpc answer = {.v = dtt_slice("5:hello", 7)};
    (void)state;
    dtt_item_target_immutable(goal.target, answer.v);
    for (unsigned i = 1; i <= DTT_DHT_HOLDERS + 3; i++) {
        assert_true(take(&goal, (uint8_t)i, &answer));
    }
    assert_int_equal(found.n_holders, DTT_DHT_HOLDERS);
    assert_int_equal(found.values[0]->holders, DTT_DHT_HOLDERS + 3);
}

static void test_own_values(void **state)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES] = {1};
    struct dtt_storage storage;
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM};
    struct dtt_slice v = dtt_slice("5:hello", 7);
    struct dtt_now now = {.mono_ns = DTT_S};
    (void)state;
    dtt_item_target_immutable(goal.target, v);
    dtt_storage_init(&storage, hash_key);
    struct dtt_storage_item put = {.target = goal.target, .v = v};
    assert_int_equal(dtt_storage_put(&storage, now, NULL, &put), 0);
    dtt_found_take_own(&found, &goal, &storage);
    assert_int_equal(found.n_values, 1);
    assert_int_equal(found.values[0]->from.family, DTT_FAMILY_NONE);
    assert_true(dtt_slice_eq(dtt_slice(found.values[0]->v, found.values[0]->len), v));
    goal.is_mutable = true;
    dtt_found_take_own(&found, &goal, &storage);
    assert_int_equal(found.n_values, 1);
    dtt_storage_fini(&storage);
}

/* Peers are distinct, usable, what their teller may know, and not more than a walk keeps. */
static void test_peers(void **state)
{
    struct dtt_addr teller = dtt_addr_v4(50, 1, 1, 1, 1);
    (void)state;
    dtt_found_take_peers(&found,
                         dtt_slice("6:\x32\1\1\2\0\7"
                                   "6:\x32\1\1\2\0\7"
                                   "6:\x0a\1\1\2\0\7"
                                   "6:\x32\1\1\2\0\0",
                                   32),
                         &teller);
    assert_int_equal(found.n_peers, 1);
    assert_int_equal(found.peers[0].port, 7);
    for (unsigned i = 0; i < 2 * DTT_FOUND_PEERS; i++) {
        uint8_t one[8] = {'6', ':', 50, 2, (uint8_t)(i >> 8), (uint8_t)i, 1, 1};
        dtt_found_take_peers(&found, dtt_slice(one, sizeof(one)), &teller);
    }
    assert_int_equal(found.n_peers, DTT_FOUND_PEERS);
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_immutable),  TEST(test_mutable), TEST(test_holders_are_bounded),
        TEST(test_own_values), TEST(test_peers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
