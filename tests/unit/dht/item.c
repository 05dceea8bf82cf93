/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/item.h"

#include "crypto/ed25519.h"
#include "support/vectors.h"

#include <dtt/types.h>
#include <stdlib.h>

static void test_bep44_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("dht.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "bep44"), i, v)
    {
        uint8_t k[32], sig[64], target[20], got[20], buf[DTT_ITEM_SIGNABLE_MAX];
        struct dtt_slice salt = vectors_hex(v, "salt");
        struct dtt_slice value = vectors_hex(v, "v");
        struct dtt_slice signable = vectors_hex(v, "signable");
        int64_t seq = json_integer_value(vectors_at(v, "seq"));
        vectors_hex_into(v, "k", k, sizeof(k));
        vectors_hex_into(v, "sig", sig, sizeof(sig));
        vectors_hex_into(v, "target", target, sizeof(target));
        dtt_item_target(got, k, salt);
        assert_memory_equal(got, target, 20);
        int len = dtt_item_signable(buf, salt, seq, value);
        assert_true(len > 0 && dtt_slice_eq(dtt_slice(buf, (size_t)len), signable));
        assert_true(dtt_item_verify(NULL, sig, k, salt, seq, value));
        assert_false(dtt_item_verify(NULL, sig, k, salt, seq + 1, value));
        assert_false(dtt_item_verify(NULL, sig, k, dtt_slice("x", 1), seq, value));
        sig[0] ^= 1;
        assert_false(dtt_item_verify(NULL, sig, k, salt, seq, value));
        free((void *)(uintptr_t)salt.data);
        free((void *)(uintptr_t)value.data);
        free((void *)(uintptr_t)signable.data);
    }
    assert_int_equal(i, 2);
    uint8_t target[20], got[20];
    struct dtt_slice value = vectors_hex(root, "immutable.v");
    vectors_hex_into(root, "immutable.target", target, sizeof(target));
    dtt_item_target_immutable(got, value);
    assert_memory_equal(got, target, 20);
    free((void *)(uintptr_t)value.data);
    json_decref(root);
}

static void test_sign_and_limits(void **state)
{
    static const uint8_t seed[32] = {5};
    static uint8_t v[DTT_KRPC_VALUE_MAX + 1];
    static uint8_t salt[DTT_KRPC_SALT_MAX + 1];
    uint8_t k[32], sig[64], buf[DTT_ITEM_SIGNABLE_MAX];
    (void)state;
    dtt_ed25519_public_key(k, seed);
    struct dtt_slice longest = dtt_slice(v, DTT_KRPC_VALUE_MAX);
    struct dtt_slice longest_salt = dtt_slice(salt, DTT_KRPC_SALT_MAX);
    assert_int_equal(dtt_item_sign(sig, seed, longest_salt, INT64_MIN, longest), 0);
    assert_true(dtt_item_verify(NULL, sig, k, longest_salt, INT64_MIN, longest));
    assert_true(dtt_item_signable(buf, longest_salt, INT64_MIN, longest) <= (int)sizeof(buf));
    assert_int_equal(dtt_item_sign(sig, seed, dtt_slice(salt, sizeof(salt)), 1, longest),
                     DTT_ETOOBIG);
    assert_int_equal(dtt_item_sign(sig, seed, longest_salt, 1, dtt_slice(v, sizeof(v))),
                     DTT_ETOOBIG);
    assert_false(dtt_item_verify(NULL, sig, k, longest_salt, 1, dtt_slice(v, sizeof(v))));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bep44_vectors),
        cmocka_unit_test(test_sign_and_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
