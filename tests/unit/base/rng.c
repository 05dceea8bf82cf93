/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/rng.h"

#include "support/vectors.h"

static uint8_t seed[DTT_RNG_SEED_BYTES];

static int setup(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof(seed); i++) {
        seed[i] = (uint8_t)i;
    }
    return 0;
}

/* ChaCha20 under keyed BLAKE2b-256 of the label, computed by an independent program. */
static void test_known_answer(void **state)
{
    struct dtt_rng rng;
    uint8_t out[128];
    (void)state;
    dtt_rng_init(&rng, seed, "dht");
    dtt_rng_bytes(&rng, out, sizeof(out));
    assert_memory_equal(out, "\x5e\xb7\x43\x54\xc5\x2d\xd1\xf2\x8d\xa7\x2b\xeb\x59\xca\xbd\xb4",
                        16);
    assert_memory_equal(out + 64,
                        "\x0f\x1f\x77\x91\x1b\x96\x21\x68\x59\x4e\xd3\x52\x4a\xd4\x11\x30", 16);
    assert_memory_equal(out + 100,
                        "\x21\x62\xd8\x70\xdb\xef\xb2\xad\xac\xdf\x75\x8b\xad\xb4\x17\x29", 16);
    dtt_rng_init(&rng, seed, "dht");
    assert_true(dtt_rng_u64(&rng) == UINT64_C(0xf2d12dc55443b75e));
}

static void test_stream_does_not_depend_on_draw_sizes(void **state)
{
    struct dtt_rng a;
    struct dtt_rng b;
    uint8_t whole[1000];
    uint8_t parts[1000];
    (void)state;
    dtt_rng_init(&a, seed, "x");
    dtt_rng_init(&b, seed, "x");
    dtt_rng_bytes(&a, whole, sizeof(whole));
    for (size_t at = 0, n = 0; at < sizeof(parts); at += n, n = (n + 7) % 150) {
        n = n < sizeof(parts) - at ? n : sizeof(parts) - at;
        dtt_rng_bytes(&b, parts + at, n);
    }
    assert_memory_equal(whole, parts, sizeof(whole));
}

static void test_labels_and_seeds_part_streams(void **state)
{
    uint8_t other[DTT_RNG_SEED_BYTES] = {0};
    struct dtt_rng rng;
    (void)state;
    dtt_rng_init(&rng, seed, "dht");
    uint64_t first = dtt_rng_u64(&rng);
    dtt_rng_init(&rng, seed, "dht2");
    assert_true(dtt_rng_u64(&rng) != first);
    dtt_rng_init(&rng, seed, "");
    assert_true(dtt_rng_u64(&rng) != first);
    dtt_rng_init(&rng, other, "dht");
    assert_true(dtt_rng_u64(&rng) != first);
}

/* What was handed out, and after fini everything, is gone from memory. */
static void test_wipes(void **state)
{
    static const struct dtt_rng zero;
    struct dtt_rng rng;
    uint8_t out[40];
    (void)state;
    dtt_rng_init(&rng, seed, "x");
    dtt_rng_bytes(&rng, out, sizeof(out));
    for (size_t i = 0; i < sizeof(out); i++) {
        assert_int_equal(rng.block[i], 0);
    }
    dtt_rng_fini(&rng);
    assert_memory_equal(rng.key, zero.key, sizeof(rng.key));
    assert_memory_equal(rng.block, zero.block, sizeof(rng.block));
}

static void test_below_is_uniform(void **state)
{
    static const uint64_t bounds[] = {2, 3, 6, 7, 10, 100};
    struct dtt_rng rng;
    (void)state;
    dtt_rng_init(&rng, seed, "below");
    assert_true(dtt_rng_below(&rng, 0) == 0 && dtt_rng_below(&rng, 1) == 0);
    for (size_t b = 0; b < sizeof(bounds) / sizeof(bounds[0]); b++) {
        enum { EACH = 2000 };
        unsigned seen[100] = {0};
        for (uint64_t i = 0; i < bounds[b] * EACH; i++) {
            uint64_t v = dtt_rng_below(&rng, bounds[b]);
            assert_true(v < bounds[b]);
            seen[v]++;
        }
        for (uint64_t v = 0; v < bounds[b]; v++) {
            assert_in_range(seen[v], EACH - 250, EACH + 250); /* more than five deviations */
        }
    }
    /* Half of all 64-bit values are above this bound's largest multiple. */
    uint64_t large = (UINT64_C(1) << 63) + 1;
    unsigned high = 0;
    for (int i = 0; i < 2000; i++) {
        uint64_t v = dtt_rng_below(&rng, large);
        assert_true(v < large);
        high += v >= large / 2;
    }
    assert_in_range(high, 850, 1150);
}

static void test_shuffle(void **state)
{
    struct dtt_rng rng;
    unsigned seen[6] = {0};
    (void)state;
    dtt_rng_init(&rng, seed, "shuffle");
    for (int i = 0; i < 6000; i++) {
        uint8_t v[3] = {0, 1, 2};
        dtt_rng_shuffle(&rng, v, 3, 1);
        assert_int_equal(v[0] + v[1] + v[2], 3);
        assert_true(v[0] != v[1] && v[1] != v[2] && v[0] != v[2]);
        seen[2 * v[0] + (v[1] > v[2])]++;
    }
    for (int i = 0; i < 6; i++) {
        assert_in_range(seen[i], 850, 1150);
    }
    uint8_t big[5][128];
    memset(big, 0, sizeof(big));
    for (uint8_t i = 0; i < 5; i++) {
        memset(big[i], i + 1, sizeof(big[i]));
    }
    dtt_rng_shuffle(&rng, big, 5, sizeof(big[0]));
    unsigned sum = 0;
    for (size_t i = 0; i < 5; i++) {
        sum += 1u << big[i][0];
        assert_int_equal(big[i][0], big[i][127]);
    }
    assert_int_equal(sum, 2 + 4 + 8 + 16 + 32);
    dtt_rng_shuffle(&rng, NULL, 0, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_answer),
        cmocka_unit_test(test_stream_does_not_depend_on_draw_sizes),
        cmocka_unit_test(test_labels_and_seeds_part_streams),
        cmocka_unit_test(test_wipes),
        cmocka_unit_test(test_below_is_uniform),
        cmocka_unit_test(test_shuffle),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
