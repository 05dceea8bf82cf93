/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/oom.h"

#include "quic/memory.h"
#include "support/vectors.h"

#include <stdalign.h>

static struct dtt_qmemory_pool strangers;
static struct dtt_qmemory_pool trusted;
static struct dtt_qmemory a;
static struct dtt_qmemory b;

static int setup(void **state)
{
    (void)state;
    strangers = (struct dtt_qmemory_pool){.max = 3000, .share = 1000};
    trusted = (struct dtt_qmemory_pool){.max = 10000, .share = 1000};
    dtt_qmemory_init(&a, &strangers, 2000);
    dtt_qmemory_init(&b, &strangers, 2000);
    return 0;
}

static void *get(struct dtt_qmemory *m, size_t n)
{
    return m->mem.malloc(n, m->mem.user_data);
}

static void give(struct dtt_qmemory *m, void *ptr)
{
    m->mem.free(ptr, m->mem.user_data);
}

static void counts_what_is_held(void **state)
{
    (void)state;
    char *one = get(&a, 100);
    assert_non_null(one);
    assert_int_equal((uintptr_t)one % alignof(max_align_t), 0);
    size_t header = a.used - 100;
    assert_in_range(header, sizeof(size_t), 32);
    memset(one, 'x', 100);
    one = a.mem.realloc(one, 200, &a);
    assert_int_equal(a.used, 200 + header);
    assert_int_equal(one[99], 'x');
    one = a.mem.realloc(one, 50, &a);
    assert_int_equal(a.used, 50 + header);
    char *two = a.mem.calloc(10, 7, &a);
    for (size_t i = 0; i < 70; i++) {
        assert_int_equal(two[i], 0);
    }
    void *nothing = get(&b, 0);
    assert_non_null(nothing);
    assert_int_equal(strangers.used, a.used + b.used);
    assert_int_equal(strangers.used, 120 + 3 * header);
    give(&a, one);
    give(&a, NULL);
    give(&a, two);
    give(&b, nothing);
    assert_int_equal(a.used + b.used + strangers.used, 0);
    assert_false(a.is_refused);
}

static void refuses_beyond_its_maximum(void **state)
{
    (void)state;
    void *one = get(&a, 1500);
    assert_null(get(&a, 1000));
    assert_true(a.is_refused);
    a.is_refused = false;
    assert_null(a.mem.realloc(one, 2000, &a)); /* what was there stays */
    assert_null(a.mem.calloc(SIZE_MAX / 2, 3, &a));
    assert_null(get(&a, SIZE_MAX));
    assert_null(get(&a, SIZE_MAX - 15));
    one = a.mem.realloc(one, 1900, &a);
    assert_non_null(one);
    assert_int_equal(strangers.used, a.used);
    give(&a, one);
    assert_int_equal(strangers.used, 0);
}

/* When the pool is used up each has its share all the same. */
static void leaves_a_share_to_each(void **state)
{
    (void)state;
    void *of_a = get(&a, 1900);
    void *one = get(&b, 900);
    assert_null(get(&b, 900));
    assert_true(b.is_refused);
    struct dtt_qmemory late;
    dtt_qmemory_init(&late, &strangers, 2000);
    void *two = get(&late, 900);
    assert_non_null(two); /* beyond the pool's maximum */
    assert_null(get(&late, 200));
    give(&a, of_a);
    of_a = get(&late, 200); /* there is room again */
    assert_non_null(of_a);
    give(&late, of_a);
    give(&late, two);
    give(&b, one);
    assert_int_equal(strangers.used, 0);
}

static void moves_with_all_it_has(void **state)
{
    (void)state;
    void *one = get(&a, 1900);
    void *other = get(&b, 100);
    dtt_qmemory_move(&a, &trusted, 8000);
    assert_int_equal(trusted.used, a.used);
    assert_int_equal(strangers.used, b.used);
    one = a.mem.realloc(one, 7000, &a);
    assert_non_null(one);
    assert_null(get(&a, 1000));
    give(&a, one);
    give(&b, other);
    assert_int_equal(trusted.used + strangers.used, 0);
}

/* The system's memory is used up: nothing is counted, and no peer is to blame. */
static void survives_allocation_failures(void **state)
{
    (void)state;
    void *one = get(&a, 100);
    size_t used = a.used;
    oom_arm(1);
    assert_null(get(&a, 100));
    oom_arm(1);
    assert_null(a.mem.realloc(one, 200, &a));
    assert_true(oom_disarm());
    assert_int_equal(a.used, used);
    assert_false(a.is_refused);
    give(&a, one);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup(test, setup)
    const struct CMUnitTest tests[] = {
        T(counts_what_is_held),   T(refuses_beyond_its_maximum),   T(leaves_a_share_to_each),
        T(moves_with_all_it_has), T(survives_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
