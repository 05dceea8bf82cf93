/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include <ctype.h>
#include <dtt/types.h>

static const struct {
    int number;
    const char *name;
    const char *text;
} errors[] = {
#define X(name, number, text) {number, #name, text},
    DTT_ERRORS(X)
#undef X
};

#define COUNT (sizeof(errors) / sizeof(errors[0]))

static void test_names_and_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(dtt_error_name(errors[i].number), errors[i].name);
        assert_string_equal(dtt_error_text(errors[i].number), errors[i].text);
        size_t n = strlen(errors[i].text);
        assert_true(n > 0 && errors[i].text[n - 1] != '.' && !isspace(errors[i].text[n - 1]));
    }
    assert_string_equal(dtt_error_name(DTT_OK), "DTT_OK");
    assert_string_equal(dtt_error_text(DTT_OK), "success");
}

static void test_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_in_range(-errors[i].number, 1, 59);
        for (size_t k = 0; k < i; k++) {
            assert_int_not_equal(errors[i].number, errors[k].number);
        }
    }
    /* Programs and bindings have these compiled in. */
    assert_int_equal(DTT_EINVAL, -1);
    assert_int_equal(DTT_ENOMEM, -20);
    assert_int_equal(DTT_EAGAIN, -22);
    assert_int_equal(DTT_EPROTO, -40);
}

static void test_unknown(void **state)
{
    static const int unknown[] = {1, -19, -39, -60, INT32_MIN, INT32_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_string_equal(dtt_error_name(unknown[i]), "DTT_E?");
        assert_string_equal(dtt_error_text(unknown[i]), "unknown error");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_texts),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
