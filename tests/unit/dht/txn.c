/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/txn.h"

#include "support/vectors.h"

static struct dtt_rng rng;

static int setup(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {1};
    (void)state;
    dtt_rng_init(&rng, seed, "test");
    return 0;
}

static struct dtt_txn *match(const struct dtt_txns *t, uint32_t wire, const struct dtt_addr *from)
{
    uint8_t b[4];
    dtt_put_be32(b, wire);
    return dtt_txns_match(t, dtt_slice(b, 4), from);
}

static void test_matches_id_and_endpoint(void **state)
{
    struct dtt_txns t;
    struct dtt_addr a = dtt_addr_v4(1, 2, 3, 4, 5);
    struct dtt_addr port = dtt_addr_v4(1, 2, 3, 4, 6);
    struct dtt_addr ip = dtt_addr_v4(1, 2, 3, 5, 5);
    (void)state;
    dtt_txns_init(&t, &rng);
    struct dtt_txn *x = dtt_txns_new(&t, &rng, &a);
    assert_ptr_equal(match(&t, x->wire, &a), x);
    assert_null(match(&t, x->wire, &port));
    assert_null(match(&t, x->wire, &ip));
    for (unsigned bit = 0; bit < 32; bit++) {
        assert_null(match(&t, x->wire ^ 1u << bit, &a));
    }
    uint8_t five[5] = {0};
    dtt_put_be32(five, x->wire);
    assert_null(dtt_txns_match(&t, dtt_slice(five, 5), &a));
    assert_null(dtt_txns_match(&t, dtt_slice(five, 3), &a));
    uint32_t wire = x->wire;
    dtt_txns_free(&t, x);
    assert_null(match(&t, wire, &a));
    dtt_txns_fini(&t);
}

static void test_is_bounded(void **state)
{
    struct dtt_txns t;
    struct dtt_addr a = dtt_addr_v4(1, 2, 3, 4, 5);
    (void)state;
    dtt_txns_init(&t, &rng);
    for (size_t i = 0; i < DTT_TXN_MAX; i++) {
        assert_non_null(dtt_txns_new(&t, &rng, &a));
    }
    assert_null(dtt_txns_new(&t, &rng, &a));
    assert_int_equal(t.count, DTT_TXN_MAX);
    size_t n = 0;
    for (struct dtt_txn *x = NULL; (x = dtt_txns_next(&t, x)) != NULL;) {
        assert_int_equal(x->slot, n++);
        if (x->slot >= 64) {
            dtt_txns_free(&t, x);
        }
    }
    assert_int_equal(n, DTT_TXN_MAX);
    dtt_txns_trim(&t);
    assert_null(t.chunks[64 / DTT_TXN_CHUNK]);
    assert_non_null(t.chunks[0]);
    struct dtt_txn *x = dtt_txns_new(&t, &rng, &a);
    assert_int_equal(x->slot, 64);
    dtt_txns_fini(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_matches_id_and_endpoint, setup),
        cmocka_unit_test_setup(test_is_bounded, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
