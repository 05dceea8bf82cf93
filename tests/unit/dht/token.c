/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/token.h"

#include "support/vectors.h"

static const uint8_t secret[DTT_TOKEN_SECRET_BYTES] = {1, 2, 3};
static const uint8_t target[20] = {9};

static bool holds(const uint8_t *token, struct dtt_now now, const struct dtt_addr *addr)
{
    return dtt_token_is_valid(dtt_slice(token, DTT_TOKEN_BYTES), secret, now, addr, target);
}

static void test_lifetime(void **state)
{
    struct dtt_addr a = dtt_addr_v4(1, 2, 3, 4, 5);
    struct dtt_now now = {.mono_ns = 10 * DTT_TOKEN_EPOCH_NS};
    uint8_t token[DTT_TOKEN_BYTES];
    (void)state;
    dtt_token_make(token, secret, now, &a, target);
    assert_true(holds(token, now, &a));
    now.mono_ns += 2 * DTT_TOKEN_EPOCH_NS - 1;
    assert_true(holds(token, now, &a));
    now.mono_ns += 1;
    assert_false(holds(token, now, &a));
}

static void test_binding(void **state)
{
    struct dtt_addr a = dtt_addr_v4(1, 2, 3, 4, 5);
    struct dtt_addr other_port = dtt_addr_v4(1, 2, 3, 4, 6);
    struct dtt_addr other_ip = dtt_addr_v4(1, 2, 3, 5, 5);
    struct dtt_now now = {.mono_ns = 0};
    uint8_t token[DTT_TOKEN_BYTES], wrong[DTT_TOKEN_BYTES];
    static const uint8_t other_secret[DTT_TOKEN_SECRET_BYTES] = {1, 2, 4};
    static const uint8_t other_target[20] = {8};
    (void)state;
    dtt_token_make(token, secret, now, &a, target);
    assert_true(holds(token, now, &other_port));
    assert_false(holds(token, now, &other_ip));
    dtt_token_make(wrong, other_secret, now, &a, target);
    assert_false(holds(wrong, now, &a));
    dtt_token_make(wrong, secret, now, &a, other_target);
    assert_false(holds(wrong, now, &a));
    for (size_t bit = 0; bit < 64; bit++) {
        memcpy(wrong, token, sizeof(wrong));
        wrong[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(holds(wrong, now, &a));
    }
    assert_false(dtt_token_is_valid(dtt_slice(token, 7), secret, now, &a, target));
    assert_false(dtt_token_is_valid(dtt_slice(NULL, 0), secret, now, &a, target));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lifetime),
        cmocka_unit_test(test_binding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
