/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/map.h"

#include "base/rng.h"
#include "support/oom.h"
#include "support/vectors.h"

#include <dtt/types.h>

static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES] = {7};

/* Values that tell which key they belong to. */
static int values[4096];

static void test_empty(void **state)
{
    struct dtt_map m;
    (void)state;
    dtt_map_init(&m, 4, 10, hash_key);
    assert_null(dtt_map_get(&m, "abcd"));
    assert_null(dtt_map_take(&m, "abcd"));
    assert_int_equal(dtt_map_count(&m), 0);
    dtt_map_fini(&m);
    dtt_map_fini(&m);
    assert_null(dtt_map_get(&m, "abcd"));
}

static void test_put_get_take(void **state)
{
    struct dtt_map m;
    (void)state;
    dtt_map_init(&m, 4, 10, hash_key);
    assert_int_equal(dtt_map_put(&m, "abcd", &values[1]), DTT_OK);
    assert_int_equal(dtt_map_put(&m, "abce", &values[2]), DTT_OK);
    assert_ptr_equal(dtt_map_get(&m, "abcd"), &values[1]);
    assert_int_equal(dtt_map_put(&m, "abcd", &values[3]), DTT_OK);
    assert_int_equal(dtt_map_count(&m), 2);
    assert_ptr_equal(dtt_map_take(&m, "abcd"), &values[3]);
    assert_null(dtt_map_get(&m, "abcd"));
    assert_null(dtt_map_take(&m, "abcd"));
    assert_ptr_equal(dtt_map_get(&m, "abce"), &values[2]);
    assert_memory_equal(dtt_map_key_at(&m, 0), "abce", 4);
    dtt_map_fini(&m);
}

static void test_maximum(void **state)
{
    (void)state;
    for (size_t max = 0; max < 40; max++) {
        struct dtt_map m;
        uint8_t key;
        dtt_map_init(&m, 1, max, hash_key);
        for (key = 0; key < max; key++) {
            assert_int_equal(dtt_map_put(&m, &key, &values[key]), DTT_OK);
        }
        assert_int_equal(dtt_map_put(&m, &key, &values[key]), DTT_EFULL);
        if (max > 0) {
            key = 0;
            assert_int_equal(dtt_map_put(&m, &key, &values[99]), DTT_OK);
            assert_ptr_equal(dtt_map_take(&m, &key), &values[99]);
            key = (uint8_t)max;
            assert_int_equal(dtt_map_put(&m, &key, &values[key]), DTT_OK);
        }
        assert_int_equal(dtt_map_count(&m), max);
        dtt_map_fini(&m);
    }
}

/* The naive model: what is there is written in an array indexed by key. */
static void check_against_model(const struct dtt_map *m, void *const *model, size_t keys)
{
    size_t count = 0;
    for (uint16_t k = 0; k < keys; k++) {
        assert_ptr_equal(dtt_map_get(m, &k), model[k]);
        count += model[k] != NULL;
    }
    assert_int_equal(dtt_map_count(m), count);
    for (size_t i = 0; i < count; i++) {
        uint16_t k;
        memcpy(&k, dtt_map_key_at(m, i), sizeof(k));
        assert_ptr_equal(dtt_map_value_at(m, i), model[k]);
    }
}

static void test_against_model(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {4};
    static void *model[4096];
    struct dtt_rng rng;
    (void)state;
    dtt_rng_init(&rng, seed, "map");
    /* Few keys: nearly full, many removals. Many keys: growth. */
    for (size_t keys = 4; keys <= 4096; keys *= 4) {
        struct dtt_map m;
        size_t max = keys * 3 / 4;
        memset(model, 0, sizeof(model));
        dtt_map_init(&m, sizeof(uint16_t), max, hash_key);
        for (int i = 0; i < 40000; i++) {
            uint16_t k = (uint16_t)dtt_rng_below(&rng, keys);
            if (dtt_rng_below(&rng, 5) < 3) {
                bool full = !model[k] && dtt_map_count(&m) == max;
                int *v = &values[dtt_rng_below(&rng, 4096)];
                assert_int_equal(dtt_map_put(&m, &k, v), full ? DTT_EFULL : DTT_OK);
                model[k] = full ? NULL : v;
            } else {
                assert_ptr_equal(dtt_map_take(&m, &k), model[k]);
                model[k] = NULL;
            }
            if (i % 4000 == 0) {
                check_against_model(&m, model, keys);
            }
        }
        check_against_model(&m, model, keys);
        dtt_map_fini(&m);
    }
}

/* The order of entries depends on the calls, not on the hash key. */
static void test_order_is_the_callers(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {5};
    static const uint8_t other_key[DTT_MAP_HASH_KEY_BYTES] = {8};
    struct dtt_map a;
    struct dtt_map b;
    struct dtt_rng rng;
    (void)state;
    dtt_rng_init(&rng, seed, "map");
    dtt_map_init(&a, 1, 200, hash_key);
    dtt_map_init(&b, 1, 200, other_key);
    for (int i = 0; i < 5000; i++) {
        uint8_t k = (uint8_t)dtt_rng_u64(&rng);
        if (dtt_rng_below(&rng, 2)) {
            assert_int_equal(dtt_map_put(&a, &k, &values[k]), dtt_map_put(&b, &k, &values[k]));
        } else {
            assert_ptr_equal(dtt_map_take(&a, &k), dtt_map_take(&b, &k));
        }
        assert_int_equal(a.count, b.count);
        assert_true(a.count == 0 || memcmp(a.keys, b.keys, a.count) == 0);
    }
    dtt_map_fini(&a);
    dtt_map_fini(&b);
}

/* From the last to the first entry, each may be removed. */
static void test_removal_while_iterating(void **state)
{
    struct dtt_map m;
    (void)state;
    dtt_map_init(&m, 1, 100, hash_key);
    for (uint8_t k = 0; k < 100; k++) {
        assert_int_equal(dtt_map_put(&m, &k, &values[k]), DTT_OK);
    }
    unsigned seen = 0;
    for (size_t i = dtt_map_count(&m); i-- > 0;) {
        uint8_t k = *(const uint8_t *)dtt_map_key_at(&m, i);
        seen++;
        if (k % 3 != 0) {
            assert_ptr_equal(dtt_map_take(&m, &k), &values[k]);
        }
    }
    assert_int_equal(seen, 100);
    assert_int_equal(dtt_map_count(&m), 34);
    for (uint8_t k = 0; k < 100; k++) {
        assert_ptr_equal(dtt_map_get(&m, &k), k % 3 ? NULL : &values[k]);
    }
    dtt_map_fini(&m);
}

static void test_longest_keys(void **state)
{
    struct dtt_map m;
    uint8_t key[DTT_MAP_KEY_MAX] = {0};
    (void)state;
    dtt_map_init(&m, sizeof(key), 300, hash_key);
    for (int i = 0; i < 256; i++) {
        key[DTT_MAP_KEY_MAX - 1] = (uint8_t)i;
        assert_int_equal(dtt_map_put(&m, key, &values[i]), DTT_OK);
    }
    for (int i = 0; i < 256; i++) {
        key[DTT_MAP_KEY_MAX - 1] = (uint8_t)i;
        assert_ptr_equal(dtt_map_get(&m, key), &values[i]);
    }
    dtt_map_fini(&m);
}

static void test_out_of_memory(void **state)
{
    bool happened = true;
    (void)state;
    for (long n = 1; happened; n++) {
        struct dtt_map m;
        uint8_t refused = 0;
        dtt_map_init(&m, 1, 100, hash_key);
        oom_arm(n);
        for (uint8_t k = 0; k < 100; k++) {
            int err = dtt_map_put(&m, &k, &values[k]);
            if (err) {
                assert_int_equal(err, DTT_ENOMEM);
                refused++;
                /* Nothing was lost, and the next attempt succeeds. */
                assert_int_equal(dtt_map_count(&m), k);
                assert_null(dtt_map_get(&m, &k));
                assert_int_equal(dtt_map_put(&m, &k, &values[k]), DTT_OK);
            }
        }
        happened = oom_disarm();
        assert_int_equal(refused, happened);
        for (uint8_t k = 0; k < 100; k++) {
            assert_ptr_equal(dtt_map_get(&m, &k), &values[k]);
        }
        dtt_map_fini(&m);
        assert_true(n < 100);
    }
}

/* A crowd that has gone leaves no memory behind; without memory to shrink, all stays as it was. */
static void test_gives_memory_back(void **state)
{
    bool happened = true;
    (void)state;
    for (long n = 1; happened; n++) {
        struct dtt_map m;
        dtt_map_init(&m, 2, 1000, hash_key);
        for (uint16_t k = 0; k < 1000; k++) {
            assert_int_equal(dtt_map_put(&m, &k, &values[k]), DTT_OK);
        }
        assert_int_equal(m.cap, 1000);
        oom_arm(n);
        for (uint16_t k = 0; k < 995; k++) {
            assert_ptr_equal(dtt_map_take(&m, &k), &values[k]);
        }
        happened = oom_disarm();
        assert_true(m.cap < (happened ? 1000u : 32u));
        for (uint16_t k = 995; k < 1000; k++) {
            assert_ptr_equal(dtt_map_get(&m, &k), &values[k]);
        }
        for (uint16_t k = 0; k < 1000; k++) {
            assert_int_equal(dtt_map_put(&m, &k, &values[k]), DTT_OK);
        }
        for (uint16_t k = 0; k < 1000; k++) {
            assert_ptr_equal(dtt_map_get(&m, &k), &values[k]);
        }
        dtt_map_fini(&m);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_put_get_take),
        cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_order_is_the_callers),
        cmocka_unit_test(test_removal_while_iterating),
        cmocka_unit_test(test_longest_keys),
        cmocka_unit_test(test_gives_memory_back),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
