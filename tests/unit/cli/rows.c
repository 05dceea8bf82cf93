/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rows.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MAN "\xf0\x9f\x91\xa8"
#define WOMAN "\xf0\x9f\x91\xa9"
#define GIRL "\xf0\x9f\x91\xa7"
#define JOINER "\xe2\x80\x8d"
#define FAMILY MAN JOINER WOMAN JOINER GIRL JOINER GIRL
#define FLAG_DE "\xf0\x9f\x87\xa9\xf0\x9f\x87\xaa"
#define FLAG_FR "\xf0\x9f\x87\xab\xf0\x9f\x87\xb7"
#define E_ACUTE "e\xcc\x81"
#define THUMB "\xf0\x9f\x91\x8d\xf0\x9f\x8f\xbd"
#define HEART "\xe2\x9d\xa4\xef\xb8\x8f"
#define CJK "\xe6\x97\xa5"

static void test_clusters(void **state)
{
    static const char text[] = "a" FAMILY FLAG_DE FLAG_FR E_ACUTE THUMB HEART CJK "\n";
    static const char *const whole[] = {"a",   FAMILY, FLAG_DE, FLAG_FR, E_ACUTE,
                                        THUMB, HEART,  CJK,     "\n"};

    (void)state;
    size_t len = strlen(text), at = 0;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        size_t next = rows_next(text, len, at);
        assert_int_equal(next - at, strlen(whole[i]));
        assert_int_equal(rows_previous(text, len, next), at);
        at = next;
    }
    assert_int_equal(rows_previous(text, len, 0), 0);
    assert_int_equal(rows_next(text, len, len), len);
}

/* A heap of accents takes no more time than its length, and is cut between characters. */
static void test_heap(void **state)
{
    char text[2 * 4000 + 1] = "";

    (void)state;
    for (size_t i = 0; i < 4000; i++) {
        text[2 * i] = '\xcc';
        text[2 * i + 1] = '\x81';
    }
    for (size_t at = 0; at < 8000;) {
        size_t next = rows_next(text, 8000, at);
        assert_true(next > at && next - at <= 128 && next % 2 == 0);
        at = next;
    }
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(rows_width("abc", 3), 3);
    assert_int_equal(rows_width(CJK CJK, 6), 4);
    assert_int_equal(rows_width(E_ACUTE, strlen(E_ACUTE)), 1);
    assert_int_equal(rows_width(HEART, strlen(HEART)), 2);
    assert_int_equal(rows_width(FLAG_DE, strlen(FLAG_DE)), 2);
    assert_int_equal(rows_width(FAMILY, strlen(FAMILY)), 8);
}

/* The rows as "[first|second]" in `shown`. */
static void breaks(struct rows_style style, const char *text, const char *shown)
{
    char found[512] = "";
    struct row rows[16], row;
    size_t n = rows_break(&style, text, strlen(text), 0, rows, 16);

    assert_true(n <= 16);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(found);
        snprintf(found + len, sizeof(found) - len, "%s%.*s", i > 0 ? "|" : "[",
                 (int)(rows[i].end - rows[i].start), text + rows[i].start);
        assert_int_equal(rows_break(&style, text, strlen(text), i, &row, 1), n);
        assert_int_equal(row.start, rows[i].start);
        assert_int_equal(row.end, rows[i].end);
        assert_int_equal(row.width, rows[i].width);
    }
    found[strlen(found)] = ']';
    assert_string_equal(found, shown);
}

static void test_edited(void **state)
{
    struct rows_style style = {.columns = 8};

    (void)state;
    breaks(style, "", "[]");
    breaks(style, "1234567", "[1234567]");
    breaks(style, "12345678", "[12345678|]");
    breaks(style, "12345678" FAMILY "1", "[12345678|" FAMILY "|1]");
    breaks(style, "1234567" CJK, "[1234567|" CJK "]");
    breaks(style, "12\n3", "[12\n|3]");
    breaks(style, "12\n", "[12\n|]");
    breaks(style, "12345678\n", "[12345678|\n|]");
    breaks(style, "a b c d e f", "[a b c d |e f]");
}

static void test_words(void **state)
{
    struct rows_style style = {.columns = 10, .first = 4, .indent = 2, .by_words = true};

    (void)state;
    breaks(style, "", "[]");
    breaks(style, "hello", "[hello]");
    breaks(style, "hello world and all", "[hello|world|and all]");
    breaks(style, "123456 7", "[123456|7]");
    breaks(style, "a verylongwordindeed b", "[a|verylong|wordinde|ed b]");
    breaks(style, "one\ntwo\n\nx", "[one|two||x]");
    breaks(style, " x", "[ x]");
    breaks(style, "123456\n7", "[123456|7]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clusters), cmocka_unit_test(test_heap),  cmocka_unit_test(test_width),
        cmocka_unit_test(test_edited),   cmocka_unit_test(test_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
