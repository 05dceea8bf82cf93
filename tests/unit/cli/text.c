/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BAD "\xef\xbf\xbd"

static void test_hex(void **state)
{
    const uint8_t bytes[] = {0x00, 0x9a, 0xff};
    uint8_t back[3];
    char text[7];

    (void)state;
    text_hex(text, bytes, sizeof(bytes));
    assert_string_equal(text, "009aff");
    assert_true(text_unhex(back, 3, "009AfF", 6));
    assert_memory_equal(back, bytes, sizeof(bytes));
    assert_false(text_unhex(back, 3, "009af", 5));
    assert_false(text_unhex(back, 3, "009afff", 7));
    assert_false(text_unhex(back, 3, "009aff00", 8));
    assert_false(text_unhex(back, 3, "009a f", 6));
    assert_false(text_unhex(back, 3, "00-9af", 6));
    assert_true(text_unhex(back, 0, "", 0));
}

static void test_utf8_round_trip(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10ffff; code++) {
        uint32_t back = 0;
        char out[4];
        size_t n;

        if (code == 0xd800) {
            code = 0xe000;
        }
        n = text_encode(out, code);
        assert_int_equal(text_decode((const uint8_t *)out, n, &back), n);
        assert_int_equal(back, code);
        assert_int_equal(text_decode((const uint8_t *)out, n - 1, &back), 0);
    }
}

static void test_utf8_refuses(void **state)
{
    static const char *const bad[] = {
        "\x80",         "\xc0\x80",         "\xc1\xbf",         "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf8\x88\x80", "\xff",
        "\xc3(",        "\xe2\x82(",
    };
    uint32_t code;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(text_decode((const uint8_t *)bad[i], strlen(bad[i]), &code), 0);
    }
}

static void cleans(const char *in, size_t len, const char *out)
{
    char text[256];

    assert_true(TEXT_CLEAN_SIZE(len) <= sizeof(text));
    assert_int_equal(text_clean(text, in, len), strlen(out));
    assert_string_equal(text, out);
}

static void test_clean(void **state)
{
    (void)state;
    cleans("hello", 5, "hello");
    cleans("", 0, "");
    cleans("gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 \xf0\x9f\x8e\x89", 15,
           "gr\xc3\xbc\xc3\x9f \xe6\x97\xa5 "
           "\xf0\x9f\x8e\x89");
    cleans("a\tb\nc\rd", 7, "a b c d");
    cleans("\033[31mred", 8, BAD "[31mred");
    cleans("a\0b", 3, "a" BAD "b");
    cleans("\x7f", 1, BAD);
    /* CSI as one C1 character, line separator, right-to-left override, isolate. */
    cleans("\xc2\x9b"
           "31m",
           5, BAD "31m");
    cleans("a\xe2\x80\xa8"
           "b",
           5, "a b");
    cleans("\xe2\x80\xae"
           "abc\xe2\x81\xa6",
           9, BAD "abc" BAD);
    cleans("\xff\xfe\xc3", 3, BAD BAD BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_utf8_round_trip),
        cmocka_unit_test(test_utf8_refuses),
        cmocka_unit_test(test_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
