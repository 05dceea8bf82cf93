/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/json.h"

#include "support/vectors.h"

#include <stdlib.h>

/* A value of every kind, objects and arrays within each other. */
static size_t write_all(char *out, size_t cap)
{
    static const struct dtt_addr addr = {
        .ip = {192, 0, 2, 1}, .port = 6881, .family = DTT_FAMILY_V4};
    struct dtt_json j;
    dtt_json_init(&j, out, cap);
    dtt_json_object(&j, NULL);
    dtt_json_u64(&j, "u64", UINT64_MAX);
    dtt_json_i64(&j, "i64", INT64_MIN);
    dtt_json_bool(&j, "yes", true);
    dtt_json_raw(&j, "raw", "{\"a\":[]}");
    dtt_json_array(&j, "list");
    dtt_json_thousandths(&j, NULL, -5);
    dtt_json_object(&j, NULL);
    dtt_json_end(&j);
    dtt_json_array(&j, NULL);
    dtt_json_bool(&j, NULL, false);
    dtt_json_bool(&j, NULL, true);
    dtt_json_end(&j);
    dtt_json_end(&j);
    dtt_json_text(&j, "a \"name\"", "caf\xc3\xa9");
    dtt_json_hex(&j, "hex", dtt_slice("\x01\xfe", 2));
    dtt_json_base64(&j, "base64", dtt_slice("ab\0d", 4));
    dtt_json_addr(&j, "addr", &addr);
    dtt_json_end(&j);
    return dtt_json_finish(&j);
}

static const char all[] =
    "{\"u64\":18446744073709551615,\"i64\":-9223372036854775808,\"yes\":true,\"raw\":{\"a\":[]},"
    "\"list\":[-0.005,{},[false,true]],\"a \\\"name\\\"\":\"caf\xc3\xa9\","
    "\"hex\":\"01fe\",\"base64\":\"YWIAZA==\",\"addr\":\"192.0.2.1:6881\"}";

static void values_of_every_kind(void **state)
{
    char out[sizeof(all)];
    (void)state;
    assert_int_equal(write_all(out, sizeof(out)), sizeof(all) - 1);
    assert_string_equal(out, all);
    /* jansson has no room for whole numbers above INT64_MAX. */
    json_t *root = json_loads(out, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(root);
    json_decref(root);
}

static void a_short_buffer_gets_the_beginning_and_the_length_needed(void **state)
{
    (void)state;
    assert_int_equal(write_all(NULL, 0), sizeof(all) - 1);
    for (size_t cap = 1; cap < sizeof(all); cap++) {
        char *out = malloc(cap); /* of just that size, so that a sanitizer sees a byte too many */
        assert_non_null(out);
        assert_int_equal(write_all(out, cap), sizeof(all) - 1);
        assert_int_equal(strlen(out), cap - 1);
        assert_memory_equal(out, all, cap - 1);
        free(out);
    }
}

/* The text as one JSON value, read back by a library that is not ours. */
static json_t *round_trip(const char *text, size_t len)
{
    char out[128];
    json_error_t err;
    struct dtt_json j;
    dtt_json_init(&j, out, sizeof(out));
    dtt_json_utf8(&j, NULL, dtt_slice(text, len));
    size_t need = dtt_json_finish(&j);
    assert_true(need < sizeof(out));
    for (size_t i = 0; i < need; i++) {
        assert_true((uint8_t)out[i] >= 0x20 && out[i] != 0x7f);
    }
    json_t *root = json_loads(out, JSON_DECODE_ANY | JSON_ALLOW_NUL, &err);
    if (!root) {
        fail_msg("%s: %s", out, err.text);
    }
    return root;
}

static void assert_text(const char *in, size_t len, const char *want, size_t want_len)
{
    json_t *root = round_trip(in, len);
    assert_int_equal(json_string_length(root), want_len);
    assert_memory_equal(json_string_value(root), want, want_len);
    json_decref(root);
}

static void every_character_of_ascii_survives(void **state)
{
    (void)state;
    for (int c = 0; c < 0x80; c++) {
        char text[] = {'<', (char)c, '>'};
        assert_text(text, sizeof(text), text, sizeof(text));
    }
}

#define REPLACED "\xef\xbf\xbd"

static void bytes_that_are_not_utf8_are_replaced(void **state)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
        {"a\x80z", "a" REPLACED "z"},
        {"\xff\xfe", REPLACED REPLACED},
        {"\xc0\xaf", REPLACED REPLACED},                           /* overlong */
        {"\xed\xa0\x80", REPLACED REPLACED REPLACED},              /* a surrogate */
        {"\xf4\x90\x80\x80", REPLACED REPLACED REPLACED REPLACED}, /* above U+10FFFF */
        {"\xe2\x82", REPLACED REPLACED},                           /* cut */
        {"\xe2\"", REPLACED "\""},                                 /* the quote is not swallowed */
        {"\xc3\\", REPLACED "\\"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_text(cases[i].in, strlen(cases[i].in), cases[i].want, strlen(cases[i].want));
    }
    for (int c = 0x80; c < 0x100; c++) {
        char text[] = {(char)c, '"'};
        assert_text(text, sizeof(text), REPLACED "\"", 4);
    }
}

static void thousandths_are_decimal_numbers(void **state)
{
    static const struct {
        int64_t value;
        const char *want;
    } cases[] = {{0, "0"},
                 {1000, "1"},
                 {10000, "10"},
                 {1500, "1.5"},
                 {-1, "-0.001"},
                 {12340, "12.34"},
                 {-2050, "-2.05"},
                 {INT64_MAX, "9223372036854775.807"},
                 {INT64_MIN, "-9223372036854775.808"}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char out[32];
        struct dtt_json j;
        dtt_json_init(&j, out, sizeof(out));
        dtt_json_thousandths(&j, NULL, cases[i].value);
        dtt_json_finish(&j);
        assert_string_equal(out, cases[i].want);
    }
}

static void levels_may_be_as_deep_as_stated(void **state)
{
    char out[4 * DTT_JSON_DEPTH_MAX + 1];
    struct dtt_json j;
    (void)state;
    dtt_json_init(&j, out, sizeof(out));
    for (int i = 0; i < DTT_JSON_DEPTH_MAX; i++) {
        dtt_json_array(&j, NULL);
    }
    for (int i = 0; i < DTT_JSON_DEPTH_MAX; i++) {
        dtt_json_end(&j);
    }
    assert_int_equal(dtt_json_finish(&j), 2 * DTT_JSON_DEPTH_MAX);
    json_t *root = json_loads(out, 0, NULL);
    assert_non_null(root);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_every_kind),
        cmocka_unit_test(a_short_buffer_gets_the_beginning_and_the_length_needed),
        cmocka_unit_test(every_character_of_ascii_survives),
        cmocka_unit_test(bytes_that_are_not_utf8_are_replaced),
        cmocka_unit_test(thousandths_are_decimal_numbers),
        cmocka_unit_test(levels_may_be_as_deep_as_stated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
