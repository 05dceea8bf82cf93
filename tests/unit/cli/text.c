/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define BAD "\xef\xbf\xbd"

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
        cmocka_unit_test(test_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
