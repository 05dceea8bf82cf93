/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Held against libsodium's addition, which asks the same question on its way. */
#include "base/rng.h"
#include "crypto/ed25519.h"
#include "support/vectors.h"

#include <sodium.h>

static bool by_libsodium(const uint8_t p[32])
{
    static const uint8_t identity[32] = {1};
    uint8_t sum[32];
    return crypto_core_ed25519_add(sum, p, identity) == 0;
}

static void as_libsodium(void **state)
{
    const uint8_t seed[DTT_RNG_SEED_BYTES] = {1};
    struct dtt_rng rng;
    unsigned points = 0;
    (void)state;
    dtt_rng_init(&rng, seed, "point");
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t p[32];
        dtt_rng_bytes(&rng, p, sizeof(p));
        assert_int_equal(dtt_ed25519_is_point(p), by_libsodium(p));
        points += dtt_ed25519_is_point(p);
    }
    assert_in_range(points, 900, 1100); /* half of all numbers are squares */
}

/* y around 0, p and 2^255, with either sign: where a number has more than one form. */
static void at_the_edges(void **state)
{
    (void)state;
    for (unsigned low = 0; low < 256; low++) {
        for (unsigned high = 0; high < 4; high++) {
            uint8_t p[32];
            memset(p, high & 1 ? 0xff : 0, sizeof(p));
            p[0] = (uint8_t)low;
            p[31] = (uint8_t)((high & 1 ? 0x7f : 0) | (high & 2 ? 0x80 : 0));
            assert_int_equal(dtt_ed25519_is_point(p), by_libsodium(p));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_libsodium),
        cmocka_unit_test(at_the_edges),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
