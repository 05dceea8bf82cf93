/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/bucket.h"

#include "base/rng.h"
#include "base/time.h"
#include "support/vectors.h"

#define START UINT64_C(123456789)

static void test_starts_full(void **state)
{
    struct dtt_bucket b;
    (void)state;
    dtt_bucket_init(&b, 10, 3, START);
    assert_true(dtt_bucket_take(&b, 2, START));
    assert_true(dtt_bucket_take(&b, 1, START));
    assert_false(dtt_bucket_take(&b, 1, START));
    assert_true(dtt_bucket_take(&b, 0, START));
}

static void test_refills_at_its_rate(void **state)
{
    struct dtt_bucket b;
    (void)state;
    dtt_bucket_init(&b, 10, 3, START);
    assert_true(dtt_bucket_take(&b, 3, START));
    assert_false(dtt_bucket_take(&b, 1, START + 100 * DTT_MS - 1));
    assert_true(dtt_bucket_take(&b, 1, START + 100 * DTT_MS));
    assert_false(dtt_bucket_take(&b, 1, START + 100 * DTT_MS));
}

static void test_holds_no_more_than_its_burst(void **state)
{
    struct dtt_bucket b;
    (void)state;
    dtt_bucket_init(&b, 10, 3, START);
    uint64_t later = START + 1000000 * DTT_S;
    assert_false(dtt_bucket_take(&b, 4, later));
    assert_true(dtt_bucket_take(&b, 3, later));
    assert_false(dtt_bucket_take(&b, 1, later));
}

static void test_time_never_runs_backwards(void **state)
{
    struct dtt_bucket b;
    (void)state;
    dtt_bucket_init(&b, 10, 1, START);
    assert_true(dtt_bucket_take(&b, 1, START));
    assert_false(dtt_bucket_take(&b, 1, 0));
    assert_false(dtt_bucket_take(&b, 1, START + 1));
    assert_true(dtt_bucket_take(&b, 1, START + 100 * DTT_MS));
}

static void test_no_overflow_at_the_limits(void **state)
{
    struct dtt_bucket b;
    (void)state;
    dtt_bucket_init(&b, 1000000000, 1000000000, 0);
    assert_true(dtt_bucket_take(&b, 1000000000, 0));
    assert_false(dtt_bucket_take(&b, 1, 0));
    assert_int_equal(dtt_bucket_ready_ns(&b, 1000000000, 0), DTT_S);
    assert_true(dtt_bucket_take(&b, 1000000000, UINT64_MAX));
    assert_false(dtt_bucket_take(&b, UINT64_MAX, UINT64_MAX));
    dtt_bucket_init(&b, 1, 1, UINT64_MAX - 10 * DTT_S);
    assert_true(dtt_bucket_take(&b, 1, UINT64_MAX - 10 * DTT_S));
    assert_false(dtt_bucket_take(&b, 1, UINT64_MAX - 10 * DTT_S + 1));
}

/* The instant ready_ns names is the first at which take succeeds. */
static void test_ready_is_exact(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {2};
    struct dtt_rng rng;
    (void)state;
    dtt_rng_init(&rng, seed, "test");
    for (int i = 0; i < 2000; i++) {
        struct dtt_bucket b;
        uint64_t burst = 1 + dtt_rng_below(&rng, 50);
        uint64_t now = START;
        dtt_bucket_init(&b, 1 + dtt_rng_below(&rng, 5000), burst, now);
        for (int k = 0; k < 20; k++) {
            uint64_t n = 1 + dtt_rng_below(&rng, burst);
            uint64_t ready = dtt_bucket_ready_ns(&b, n, now);
            assert_true(ready >= now);
            if (ready > now) {
                assert_false(dtt_bucket_take(&b, n, ready - 1));
            }
            assert_true(dtt_bucket_take(&b, n, ready));
            now = ready + dtt_rng_below(&rng, 10 * DTT_MS);
        }
    }
}

/* However it is asked, it gives at most burst + rate * time. */
static void test_rate_holds(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {3};
    struct dtt_rng rng;
    struct dtt_bucket b;
    uint64_t now = START;
    uint64_t taken = 0;
    (void)state;
    dtt_rng_init(&rng, seed, "test");
    dtt_bucket_init(&b, 777, 50, now);
    for (int i = 0; i < 100000; i++) {
        uint64_t n = 1 + dtt_rng_below(&rng, 5);
        now += dtt_rng_below(&rng, 5 * DTT_MS);
        taken += dtt_bucket_take(&b, n, now) ? n : 0;
        assert_true(taken <= 50 + 777 * (now - START) / DTT_S + 1);
    }
    assert_true(taken + 50 >= 777 * (now - START) / DTT_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_starts_full),
        cmocka_unit_test(test_refills_at_its_rate),
        cmocka_unit_test(test_holds_no_more_than_its_burst),
        cmocka_unit_test(test_time_never_runs_backwards),
        cmocka_unit_test(test_no_overflow_at_the_limits),
        cmocka_unit_test(test_ready_is_exact),
        cmocka_unit_test(test_rate_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
