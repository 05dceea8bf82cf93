/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "codec/postcard.h"

/* What reading `hex` as a varint of a type gives. */
struct varint {
    const char *bytes;
    size_t len;
    bool ok;
    uint64_t value;
};

static void u16_varints(void **state)
{
    (void)state;
    static const struct varint cases[] = {
        {"\x00", 1, true, 0},
        {"\x7f", 1, true, 127},
        {"\x80\x01", 2, true, 128},
        {"\xff\x7f", 2, true, 16383},
        {"\xff\xff\x03", 3, true, 65535},
        {"\x81\x80\x00", 3, true, 1},  /* longer than needed, within the limit */
        {"\xff\xff\x04", 3, false, 0}, /* overflows */
        {"\xff\xff\x83", 3, false, 0}, /* continues past the last byte */
        {"\x80\x80\x80\x00", 4, false, 0},
        {"\x80", 1, false, 0},
        {"", 0, false, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_reader r = dtt_reader(dtt_slice(cases[i].bytes, cases[i].len));
        assert_int_equal(dtt_postcard_read_u16(&r), cases[i].value);
        assert_int_equal(!r.failed, cases[i].ok);
        assert_int_equal(dtt_reader_left(&r) == 0, cases[i].ok || cases[i].len < 4);
    }
}

static void lengths_and_variants(void **state)
{
    (void)state;
    static const uint8_t max[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t over[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02};
    static const uint8_t five[] = {0x82, 0x80, 0x80, 0x80, 0x00};
    static const uint8_t six[] = {0x82, 0x80, 0x80, 0x80, 0x80, 0x00};
    struct dtt_reader r = dtt_reader(dtt_slice(max, sizeof(max)));
    assert_true(dtt_postcard_read_len(&r) == UINT64_MAX);
    assert_false(r.failed);
    r = dtt_reader(dtt_slice(over, sizeof(over)));
    assert_true(dtt_postcard_read_len(&r) == 0);
    assert_true(r.failed);
    r = dtt_reader(dtt_slice(five, sizeof(five)));
    assert_int_equal(dtt_postcard_read_variant(&r, 3), 2);
    assert_false(r.failed);
    r = dtt_reader(dtt_slice(five, sizeof(five)));
    assert_int_equal(dtt_postcard_read_variant(&r, 2), 0);
    assert_true(r.failed);
    r = dtt_reader(dtt_slice(six, sizeof(six)));
    dtt_postcard_read_variant(&r, 3);
    assert_true(r.failed);
}

static void tags(void **state)
{
    (void)state;
    struct dtt_reader r = dtt_reader(dtt_slice("\x00\x01\x02", 3));
    assert_false(dtt_postcard_read_bool(&r));
    assert_true(dtt_postcard_read_bool(&r));
    assert_false(r.failed);
    assert_false(dtt_postcard_read_bool(&r));
    assert_true(r.failed);
}

static void byte_strings(void **state)
{
    (void)state;
    struct dtt_reader r = dtt_reader(dtt_slice("\x03"
                                               "abc"
                                               "\x00"
                                               "\x02"
                                               "x",
                                               7));
    assert_true(dtt_slice_is(dtt_postcard_read_bytes(&r), "abc"));
    assert_int_equal(dtt_postcard_read_bytes(&r).len, 0);
    assert_false(r.failed);
    assert_int_equal(dtt_postcard_read_bytes(&r).len, 0);
    assert_true(r.failed);
    /* A length beyond any address space. */
    r = dtt_reader(dtt_slice("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x", 11));
    dtt_postcard_read_bytes(&r);
    assert_true(r.failed);
}

static void writes_what_it_reads(void **state)
{
    (void)state;
    uint8_t buf[16];
    for (unsigned bit = 0; bit < 64; bit++) {
        for (int d = -1; d <= 1; d++) {
            uint64_t v = (UINT64_C(1) << bit) + (uint64_t)(int64_t)d;
            struct dtt_writer w = dtt_writer(buf, sizeof(buf));
            dtt_postcard_write_varint(&w, v);
            assert_int_equal(w.len, dtt_postcard_varint_len(v));
            struct dtt_reader r = dtt_reader(dtt_slice(buf, w.len));
            assert_true(dtt_postcard_read_len(&r) == v);
            assert_false(r.failed);
            assert_int_equal(dtt_reader_left(&r), 0);
        }
    }
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_postcard_write_bool(&w, true);
    dtt_postcard_write_bytes(&w, dtt_slice("ab", 2));
    dtt_postcard_write_bool(&w, false);
    assert_int_equal(w.len, 5);
    assert_memory_equal(buf,
                        "\x01\x02"
                        "ab"
                        "\x00",
                        5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(u16_varints),
        cmocka_unit_test(lengths_and_variants),
        cmocka_unit_test(tags),
        cmocka_unit_test(byte_strings),
        cmocka_unit_test(writes_what_it_reads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
