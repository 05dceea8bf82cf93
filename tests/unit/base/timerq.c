/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/timerq.h"

#include "base/rng.h"
#include "base/time.h"
#include "support/oom.h"
#include "support/vectors.h"

#include <dtt/types.h>

#define TIMERS 200

struct thing {
    int name;
    struct dtt_timer timer;
};

static void test_empty(void **state)
{
    struct dtt_timerq q;
    struct dtt_timer t = {0};
    (void)state;
    dtt_timerq_init(&q);
    assert_true(dtt_timerq_deadline(&q) == DTT_NEVER);
    assert_null(dtt_timerq_pop(&q, UINT64_MAX));
    dtt_timerq_cancel(&q, &t);
    assert_false(dtt_timer_is_armed(&t));
    dtt_timerq_fini(&q);
}

static void test_fires_when_due(void **state)
{
    struct dtt_timerq q;
    struct thing a = {.name = 1};
    struct thing b = {.name = 2};
    (void)state;
    dtt_timerq_init(&q);
    assert_int_equal(dtt_timerq_set(&q, &a.timer, 20), DTT_OK);
    assert_int_equal(dtt_timerq_set(&q, &b.timer, 10), DTT_OK);
    assert_true(dtt_timerq_deadline(&q) == 10);
    assert_null(dtt_timerq_pop(&q, 9));
    struct dtt_timer *t = dtt_timerq_pop(&q, 10);
    assert_non_null(t);
    assert_int_equal(DTT_TIMER_OWNER(t, struct thing, timer)->name, 2);
    assert_false(dtt_timer_is_armed(&b.timer));
    assert_null(dtt_timerq_pop(&q, 10));
    assert_ptr_equal(dtt_timerq_pop(&q, 1000), &a.timer);
    assert_true(dtt_timerq_deadline(&q) == DTT_NEVER);
    dtt_timerq_fini(&q);
}

static void test_follows_a_deadline(void **state)
{
    struct dtt_timerq q;
    struct dtt_timer t = {0};
    (void)state;
    dtt_timerq_init(&q);
    assert_int_equal(dtt_timerq_follow(&q, &t, DTT_NEVER), DTT_OK);
    assert_false(dtt_timer_is_armed(&t));
    assert_int_equal(dtt_timerq_follow(&q, &t, 20), DTT_OK);
    assert_int_equal(dtt_timerq_follow(&q, &t, 10), DTT_OK);
    assert_true(dtt_timerq_deadline(&q) == 10);
    assert_int_equal(dtt_timerq_follow(&q, &t, DTT_NEVER), DTT_OK);
    assert_false(dtt_timer_is_armed(&t));
    assert_true(dtt_timerq_deadline(&q) == DTT_NEVER);
    dtt_timerq_fini(&q);
}

/* Equal deadlines fire in the order of arming; arming again goes to the end of the line. */
static void test_ties(void **state)
{
    struct dtt_timerq q;
    struct dtt_timer t[TIMERS] = {{0}};
    (void)state;
    dtt_timerq_init(&q);
    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(dtt_timerq_set(&q, &t[i], 5), DTT_OK);
    }
    for (int i = 0; i < TIMERS; i += 2) {
        assert_int_equal(dtt_timerq_set(&q, &t[i], 5), DTT_OK);
    }
    for (int i = 1; i < TIMERS; i += 2) {
        assert_ptr_equal(dtt_timerq_pop(&q, 5), &t[i]);
    }
    for (int i = 0; i < TIMERS; i += 2) {
        assert_ptr_equal(dtt_timerq_pop(&q, 5), &t[i]);
    }
    assert_null(dtt_timerq_pop(&q, 5));
    dtt_timerq_fini(&q);
}

static void test_fini_disarms(void **state)
{
    struct dtt_timerq q;
    struct dtt_timer t[3] = {{0}};
    (void)state;
    dtt_timerq_init(&q);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(dtt_timerq_set(&q, &t[i], 1), DTT_OK);
    }
    dtt_timerq_fini(&q);
    for (int i = 0; i < 3; i++) {
        assert_false(dtt_timer_is_armed(&t[i]));
    }
    assert_int_equal(dtt_timerq_set(&q, &t[0], 1), DTT_OK);
    assert_ptr_equal(dtt_timerq_pop(&q, 1), &t[0]);
    dtt_timerq_fini(&q);
}

/* The timer a naive search through all armed ones finds: least deadline, then armed first. */
static struct dtt_timer *model_first(struct dtt_timer *t)
{
    struct dtt_timer *first = NULL;
    for (int i = 0; i < TIMERS; i++) {
        if (dtt_timer_is_armed(&t[i]) &&
            (!first || t[i].deadline < first->deadline ||
             (t[i].deadline == first->deadline && t[i].seq < first->seq))) {
            first = &t[i];
        }
    }
    return first;
}

static void test_against_model(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {7};
    struct dtt_rng rng;
    struct dtt_timerq q;
    struct dtt_timer t[TIMERS] = {{0}};
    uint64_t now = 0;
    (void)state;
    dtt_rng_init(&rng, seed, "timerq");
    dtt_timerq_init(&q);
    for (int i = 0; i < 60000; i++) {
        struct dtt_timer *any = &t[dtt_rng_below(&rng, TIMERS)];
        switch (dtt_rng_below(&rng, 4)) {
        case 0:
        case 1:
            assert_int_equal(dtt_timerq_set(&q, any, now + dtt_rng_below(&rng, 50)), DTT_OK);
            assert_true(dtt_timer_is_armed(any));
            break;
        case 2:
            dtt_timerq_cancel(&q, any);
            assert_false(dtt_timer_is_armed(any));
            break;
        default: {
            struct dtt_timer *first = model_first(t);
            now += dtt_rng_below(&rng, 3);
            assert_true(dtt_timerq_deadline(&q) == (first ? first->deadline : DTT_NEVER));
            bool due = first && first->deadline <= now;
            assert_ptr_equal(dtt_timerq_pop(&q, now), due ? first : NULL);
        }
        }
    }
    dtt_timerq_fini(&q);
}

static void test_out_of_memory(void **state)
{
    bool happened = true;
    (void)state;
    for (long n = 1; happened; n++) {
        struct dtt_timerq q;
        struct dtt_timer t[TIMERS] = {{0}};
        dtt_timerq_init(&q);
        oom_arm(n);
        for (int i = 0; i < TIMERS; i++) {
            uint64_t deadline = (uint64_t)(TIMERS - i);
            int err = dtt_timerq_set(&q, &t[i], deadline);
            if (err) {
                assert_int_equal(err, DTT_ENOMEM);
                assert_false(dtt_timer_is_armed(&t[i]));
                assert_int_equal(dtt_timerq_set(&q, &t[i], deadline), DTT_OK);
            }
        }
        happened = oom_disarm();
        oom_arm(1); /* arming again needs no memory */
        assert_int_equal(dtt_timerq_set(&q, &t[0], 0), DTT_OK);
        oom_disarm();
        assert_ptr_equal(dtt_timerq_pop(&q, UINT64_MAX), &t[0]);
        for (int i = TIMERS - 1; i > 0; i--) {
            assert_ptr_equal(dtt_timerq_pop(&q, UINT64_MAX), &t[i]);
        }
        dtt_timerq_fini(&q);
        assert_true(n < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_fires_when_due),
        cmocka_unit_test(test_follows_a_deadline),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_fini_disarms),
        cmocka_unit_test(test_against_model),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
