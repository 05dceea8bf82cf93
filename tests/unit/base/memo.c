/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/memo.h"

#include "support/oom.h"
#include "support/vectors.h"

#include <dtt/types.h>

#define PLACES 64

static const uint8_t key[DTT_MEMO_KEY_BYTES] = {1};

static bool knows(const struct dtt_memo *m, const char *check, const char *a, const char *b)
{
    const struct dtt_slice parts[] = {dtt_slice(a, strlen(a)), dtt_slice(b, strlen(b))};
    struct dtt_memo_mark mark;
    return dtt_memo_find(m, check, parts, 2, &mark) != NULL;
}

static void keep(struct dtt_memo *m, const char *check, const char *a, const char *b)
{
    const struct dtt_slice parts[] = {dtt_slice(a, strlen(a)), dtt_slice(b, strlen(b))};
    struct dtt_memo_mark mark;
    assert_null(dtt_memo_find(m, check, parts, 2, &mark));
    dtt_memo_keep(m, &mark, NULL);
}

static void only_what_was_kept(void **state)
{
    struct dtt_memo m;
    (void)state;
    assert_int_equal(dtt_memo_init(&m, key, PLACES, 0), DTT_OK);
    assert_false(knows(&m, "good", "ab", "c"));
    keep(&m, "good", "ab", "c");
    assert_true(knows(&m, "good", "ab", "c"));
    /* Another check, other bytes, the same bytes parted elsewhere. */
    assert_false(knows(&m, "fair", "ab", "c"));
    assert_false(knows(&m, "good", "ab", "d"));
    assert_false(knows(&m, "good", "a", "bc"));
    assert_false(knows(&m, "gooda", "b", "c"));
    assert_false(knows(&m, "good", "abc", ""));
    dtt_memo_fini(&m);
}

static void another_key_other_marks(void **state)
{
    const uint8_t other[DTT_MEMO_KEY_BYTES] = {2};
    struct dtt_memo a, b;
    struct dtt_memo_mark of_a, of_b;
    (void)state;
    assert_int_equal(dtt_memo_init(&a, key, PLACES, 0), DTT_OK);
    assert_int_equal(dtt_memo_init(&b, other, PLACES, 0), DTT_OK);
    dtt_memo_find(&a, "good", NULL, 0, &of_a);
    dtt_memo_find(&b, "good", NULL, 0, &of_b);
    assert_memory_not_equal(&of_a, &of_b, sizeof(of_a));
    dtt_memo_fini(&a);
    dtt_memo_fini(&b);
}

/* More results than places: each that is known is the right one, the newest is. */
static void newer_ones_take_the_place(void **state)
{
    struct dtt_memo m;
    struct dtt_memo_mark mark;
    unsigned known = 0;
    (void)state;
    assert_int_equal(dtt_memo_init(&m, key, PLACES, sizeof(uint32_t)), DTT_OK);
    for (uint32_t i = 0; i < 4 * PLACES; i++) {
        const struct dtt_slice part = dtt_slice(&i, sizeof(i));
        assert_null(dtt_memo_find(&m, "number", &part, 1, &mark));
        dtt_memo_keep(&m, &mark, &i);
        assert_non_null(dtt_memo_find(&m, "number", &part, 1, &mark));
    }
    for (uint32_t i = 0; i < 4 * PLACES; i++) {
        const struct dtt_slice part = dtt_slice(&i, sizeof(i));
        const void *result = dtt_memo_find(&m, "number", &part, 1, &mark);
        if (result) {
            assert_memory_equal(result, &i, sizeof(i));
            known++;
        }
    }
    assert_in_range(known, PLACES / 2, PLACES);
    dtt_memo_fini(&m);
}

static void without_one_nothing_is_known(void **state)
{
    (void)state;
    keep(NULL, "good", "a", "b");
    assert_false(knows(NULL, "good", "a", "b"));
}

static void without_memory(void **state)
{
    struct dtt_memo m = {0};
    (void)state;
    oom_arm(1);
    assert_int_equal(dtt_memo_init(&m, key, PLACES, 0), DTT_ENOMEM);
    assert_true(oom_disarm());
    dtt_memo_fini(&m);
    dtt_memo_fini(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_was_kept),
        cmocka_unit_test(another_key_other_marks),
        cmocka_unit_test(newer_ones_take_the_place),
        cmocka_unit_test(without_one_nothing_is_known),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
