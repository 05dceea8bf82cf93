/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/bencode.h"

#include "support/vectors.h"

static struct dtt_reader text(const char *s)
{
    return dtt_reader(dtt_slice(s, strlen(s)));
}

static void test_int(void **state)
{
    static const struct {
        const char *in;
        bool ok;
        int64_t n;
    } cases[] = {
        {"i0e", true, 0},
        {"i-1e", true, -1},
        {"i9223372036854775807e", true, INT64_MAX},
        {"i-9223372036854775808e", true, INT64_MIN},
        {"i9223372036854775808e", false, 0},
        {"i-9223372036854775809e", false, 0},
        {"i18446744073709551616e", false, 0},
        {"i01e", false, 0},
        {"i-0e", false, 0},
        {"i-01e", false, 0},
        {"ie", false, 0},
        {"i-e", false, 0},
        {"i1", false, 0},
        {"i1x", false, 0},
        {"i 1e", false, 0},
        {"1:a", false, 0},
        {"", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_reader r = text(cases[i].in);
        assert_int_equal(dtt_bencode_read_int(&r), cases[i].n);
        assert_int_equal(!r.failed, cases[i].ok);
    }
}

static void test_str(void **state)
{
    (void)state;
    struct dtt_reader r = text("3:abc0:");
    assert_true(dtt_slice_is(dtt_bencode_read_str(&r), "abc"));
    struct dtt_slice empty = dtt_bencode_read_str(&r);
    assert_non_null(empty.data);
    assert_int_equal(empty.len, 0);
    assert_false(r.failed);
    static const char *const bad[] = {"4:abc",
                                      "03:abc",
                                      "-1:a",
                                      "3abc",
                                      "3",
                                      ":",
                                      "i1e",
                                      "99999999999999999999:a",
                                      "18446744073709551617:a"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        r = text(bad[i]);
        dtt_bencode_read_str(&r);
        assert_true(r.failed);
    }
}

static void test_any(void **state)
{
    static const struct {
        const char *in;
        int verdict; /* 2: canonical, 1: readable, 0: not */
    } cases[] = {
        {"i1e", 2},
        {"3:abc", 2},
        {"le", 2},
        {"de", 2},
        {"d1:ai1e1:bli2ei3eee", 2},
        {"d0:i1e1:ai1ee", 2},
        {"d1:bi1e1:ai1ee", 1}, /* unsorted */
        {"d1:ai1e1:ai1ee", 1}, /* twice */
        {"ld2:aai1e1:bi1eee", 2},
        {"d2:aai1e1:ai1ee", 1}, /* the shorter prefix first */
        {"i-0e", 1},
        {"li01ee", 1},
        {"01:a", 1},
        {"i99999999999999999999e", 1},
        {"di1ei2ee", 0}, /* key not a string */
        {"d1:ae", 0},    /* key without value */
        {"d1:a", 0},
        {"l", 0},
        {"e", 0},
        {"x", 0},
        {"", 0},
        {"llllllllllleeeeeeeeeee", 0}, /* eleven deep */
        {"lllllllllleeeeeeeeee", 2},   /* ten deep */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_reader r = text(cases[i].in);
        bool canonical = false;
        struct dtt_slice s = dtt_bencode_read_any(&r, &canonical);
        assert_int_equal(!r.failed, cases[i].verdict > 0);
        if (cases[i].verdict > 0) {
            assert_int_equal(canonical, cases[i].verdict == 2);
            assert_int_equal(s.len, strlen(cases[i].in));
            assert_int_equal(dtt_reader_left(&r), 0);
        }
    }
}

static void test_any_stops_at_its_end(void **state)
{
    (void)state;
    struct dtt_reader r = text("lei7e");
    assert_true(dtt_slice_is(dtt_bencode_read_any(&r, NULL), "le"));
    assert_int_equal(dtt_bencode_read_int(&r), 7);
    assert_false(r.failed);
}

static void test_item_limit(void **state)
{
    char buf[2 * DTT_BENCODE_ITEMS + 2];
    (void)state;
    for (size_t n = DTT_BENCODE_ITEMS - 2; n < DTT_BENCODE_ITEMS; n++) {
        /* The list and its end count, too. */
        buf[0] = 'l';
        for (size_t i = 0; i < n; i++) {
            memcpy(buf + 1 + 2 * i, "0:", 2);
        }
        buf[1 + 2 * n] = 'e';
        struct dtt_reader r = dtt_reader(dtt_slice(buf, 2 + 2 * n));
        dtt_bencode_read_any(&r, NULL);
        assert_int_equal(r.failed, n == DTT_BENCODE_ITEMS - 1);
    }
}

static void test_loop(void **state)
{
    (void)state;
    struct dtt_reader r = text("d1:ai1e1:bi2ee");
    int64_t sum = 0;
    assert_true(dtt_bencode_read_open(&r, 'd'));
    while (!dtt_bencode_read_close(&r)) {
        dtt_bencode_read_str(&r);
        sum += dtt_bencode_read_int(&r);
    }
    assert_false(r.failed);
    assert_int_equal(sum, 3);
    r = text("d1:a");
    assert_true(dtt_bencode_read_open(&r, 'd'));
    while (!dtt_bencode_read_close(&r)) {
        dtt_bencode_read_str(&r);
        dtt_bencode_read_int(&r);
    }
    assert_true(r.failed);
    r = text("le");
    assert_false(dtt_bencode_read_open(&r, 'd'));
    assert_true(r.failed);
}

static void test_write(void **state)
{
    uint8_t buf[64];
    (void)state;
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_bencode_write_text(&w, "ab");
    dtt_bencode_write_str(&w, dtt_slice("", 0));
    dtt_bencode_write_int(&w, 0);
    dtt_bencode_write_int(&w, INT64_MAX);
    dtt_bencode_write_int(&w, INT64_MIN);
    assert_false(w.failed);
    assert_true(dtt_slice_is(dtt_slice(buf, w.len),
                             "2:ab0:i0ei9223372036854775807ei-9223372036854775808e"));
    w = dtt_writer(buf, 3);
    dtt_bencode_write_text(&w, "abc");
    assert_true(w.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int),        cmocka_unit_test(test_str),
        cmocka_unit_test(test_any),        cmocka_unit_test(test_any_stops_at_its_end),
        cmocka_unit_test(test_item_limit), cmocka_unit_test(test_loop),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
