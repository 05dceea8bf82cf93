/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/buffer.h"

#include "support/oom.h"
#include "support/vectors.h"

static bool append(struct dtt_buffer *b, const char *text)
{
    return dtt_buffer_append(b, dtt_slice(text, strlen(text)));
}

static void must_be(const struct dtt_buffer *b, const char *text)
{
    assert_true(dtt_slice_is(dtt_slice(b->data, b->len), text));
}

static void test_order_and_maximum(void **state)
{
    struct dtt_buffer b = {.max = 8};
    (void)state;
    assert_true(append(&b, ""));
    assert_true(append(&b, "abc") && append(&b, "defg"));
    assert_false(append(&b, "hi"));
    must_be(&b, "abcdefg");
    dtt_buffer_take(&b, 5);
    must_be(&b, "fg");
    assert_true(append(&b, "hijklm"));
    assert_false(append(&b, "n"));
    must_be(&b, "fghijklm");
    assert_int_equal(b.cap, 8);
    dtt_buffer_take(&b, 8);
    assert_null(b.data);
    assert_true(append(&b, "o"));
    must_be(&b, "o");
    dtt_buffer_clear(&b);
    dtt_buffer_clear(&b);
    assert_int_equal(b.len, 0);
}

static void test_without_memory(void **state)
{
    struct dtt_buffer b = {.max = 1000};
    (void)state;
    assert_true(append(&b, "abc"));
    oom_arm(1);
    assert_false(append(&b, "0123456789"));
    assert_true(oom_disarm());
    must_be(&b, "abc");
    assert_true(append(&b, "0123456789"));
    must_be(&b, "abc0123456789");
    dtt_buffer_clear(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_maximum),
        cmocka_unit_test(test_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
