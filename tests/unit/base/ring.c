/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/ring.h"

#include "base/rng.h"
#include "support/oom.h"
#include "support/vectors.h"

static int front(struct dtt_ring *r)
{
    int *p = dtt_ring_front(r);
    assert_non_null(p);
    return *p;
}

static bool push(struct dtt_ring *r, int v)
{
    int *p = dtt_ring_push(r);
    if (p) {
        *p = v;
    }
    return p != NULL;
}

static void test_empty(void **state)
{
    struct dtt_ring r;
    (void)state;
    dtt_ring_init(&r, sizeof(int), 3);
    assert_null(dtt_ring_front(&r));
    dtt_ring_pop(&r);
    assert_int_equal(r.count, 0);
    dtt_ring_fini(&r);
    dtt_ring_fini(&r);
    assert_null(dtt_ring_push(&r));
}

static void test_maximum(void **state)
{
    (void)state;
    for (size_t max = 0; max < 20; max++) {
        struct dtt_ring r;
        dtt_ring_init(&r, sizeof(int), max);
        for (size_t i = 0; i < max; i++) {
            assert_true(push(&r, (int)i));
        }
        assert_false(push(&r, 99));
        assert_int_equal(r.count, max);
        if (max) {
            assert_int_equal(front(&r), 0);
            dtt_ring_pop(&r);
            assert_true(push(&r, 99));
            assert_int_equal(*(int *)dtt_ring_at(&r, max - 1), 99);
        }
        dtt_ring_fini(&r);
    }
}

static void test_empty_again(void **state)
{
    struct dtt_ring r;
    int first, second;
    (void)state;
    dtt_ring_init(&r, sizeof(int), 5000);
    for (int i = 0; i < 5000; i++) {
        assert_true(push(&r, i));
    }
    for (int i = 0; i < 4999; i++) {
        assert_true(dtt_ring_take(&r, &first));
        assert_int_equal(first, i);
    }
    assert_true(r.cap >= 5000);
    dtt_ring_pop(&r);
    assert_int_equal(r.cap, 0); /* it was large */
    assert_false(dtt_ring_take(&r, &first));
    assert_true(push(&r, 1) && push(&r, 2));
    assert_true(dtt_ring_take(&r, &first) && dtt_ring_take(&r, &second));
    assert_int_equal(first + 10 * second, 21);
    assert_true(r.cap > 0); /* it is small */
    dtt_ring_fini(&r);
}

/* First in, first out, wherever the ring happens to wrap and grow. */
static void test_against_model(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {6};
    struct dtt_rng rng;
    (void)state;
    dtt_rng_init(&rng, seed, "ring");
    for (size_t max = 1; max < 100; max += 7) {
        struct dtt_ring r;
        int first = 0; /* the queue holds first, first + 1, ... next - 1 */
        int next = 0;
        dtt_ring_init(&r, sizeof(int), max);
        for (int i = 0; i < 3000; i++) {
            if (dtt_rng_below(&rng, 100) < 52) {
                bool full = (size_t)(next - first) == max;
                assert_int_equal(push(&r, next), !full);
                next += !full;
            } else {
                dtt_ring_pop(&r);
                first += first < next;
            }
            assert_int_equal(r.count, next - first);
            for (size_t k = 0; k < r.count; k++) {
                assert_int_equal(*(int *)dtt_ring_at(&r, k), first + (int)k);
            }
        }
        dtt_ring_fini(&r);
    }
}

static void test_out_of_memory(void **state)
{
    bool happened = true;
    (void)state;
    for (long n = 1; happened; n++) {
        struct dtt_ring r;
        dtt_ring_init(&r, sizeof(int), 64);
        oom_arm(n);
        for (int i = 0; i < 50; i++) {
            if (i == 3) {
                dtt_ring_pop(&r);
            }
            if (!push(&r, i)) {
                assert_true(i == 0 || front(&r) == (i < 3 ? 0 : 1));
                assert_true(push(&r, i));
            }
        }
        happened = oom_disarm();
        for (int i = 1; i < 50; i++) {
            assert_int_equal(front(&r), i);
            dtt_ring_pop(&r);
        }
        assert_int_equal(r.count, 0);
        dtt_ring_fini(&r);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),         cmocka_unit_test(test_maximum),
        cmocka_unit_test(test_empty_again),   cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
