/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/bytes.h"

#include "base/time.h"
#include "support/vectors.h"

static void test_slices(void **state)
{
    (void)state;
    assert_true(dtt_slice_eq(dtt_slice(NULL, 0), dtt_slice("", 0)));
    assert_true(dtt_slice_is(dtt_slice("abc", 3), "abc"));
    assert_false(dtt_slice_is(dtt_slice("abc", 3), "ab"));
    assert_false(dtt_slice_is(dtt_slice("abc", 2), "abc"));
    assert_false(dtt_slice_is(dtt_slice("abd", 3), "abc"));
    assert_true(dtt_slice_is(dtt_slice(NULL, 0), ""));
}

static void test_numbers(void **state)
{
    static const uint8_t bytes[8] = {0x81, 0x92, 0xa3, 0xb4, 0xc5, 0xd6, 0xe7, 0xf8};
    uint8_t out[8];
    (void)state;
    assert_int_equal(dtt_get_be16(bytes), 0x8192);
    assert_true(dtt_get_be32(bytes) == 0x8192a3b4);
    assert_true(dtt_get_le32(bytes) == 0xb4a39281);
    assert_true(dtt_get_le64(bytes) == UINT64_C(0xf8e7d6c5b4a39281));
    dtt_put_be16(out, 0x8192);
    assert_memory_equal(out, bytes, 2);
    dtt_put_be32(out, 0x8192a3b4);
    assert_memory_equal(out, bytes, 4);
    dtt_put_be64(out, UINT64_C(0x8192a3b4c5d6e7f8));
    assert_memory_equal(out, bytes, 8);
    dtt_put_le32(out, 0xb4a39281);
    assert_memory_equal(out, bytes, 4);
    dtt_put_le64(out, UINT64_C(0xf8e7d6c5b4a39281));
    assert_memory_equal(out, bytes, 8);
}

static void test_reader(void **state)
{
    struct dtt_reader r = dtt_reader(dtt_slice("abcdef", 6));
    char out[4] = "xyz";
    (void)state;
    assert_int_equal(dtt_read_u8(&r), 'a');
    assert_true(dtt_slice_is(dtt_read(&r, 2), "bc"));
    assert_int_equal(dtt_reader_left(&r), 3);
    dtt_read_into(&r, out, 3);
    assert_string_equal(out, "def");
    assert_int_equal(dtt_read(&r, 0).len, 0);
    assert_false(r.failed);
    assert_int_equal(dtt_read_u8(&r), 0);
    assert_true(r.failed);
}

static void test_reader_stays_failed(void **state)
{
    struct dtt_reader r = dtt_reader(dtt_slice("abc", 3));
    uint8_t out[2] = {1, 1};
    (void)state;
    assert_int_equal(dtt_read(&r, SIZE_MAX).len, 0);
    assert_true(r.failed);
    dtt_read_into(&r, out, 2);
    assert_memory_equal(out, "\0\0", 2);
    assert_null(dtt_read(&r, 1).data);
    assert_int_equal(dtt_reader_left(&r), 3);
}

static void test_empty_reader(void **state)
{
    struct dtt_reader r = dtt_reader(dtt_slice(NULL, 0));
    (void)state;
    assert_int_equal(dtt_reader_left(&r), 0);
    assert_int_equal(dtt_read(&r, 0).len, 0);
    dtt_read_into(&r, NULL, 0);
    assert_false(r.failed);
    dtt_read_u8(&r);
    assert_true(r.failed);
}

static void test_writer(void **state)
{
    uint8_t buf[8];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    (void)state;
    dtt_write_text(&w, "ab");
    dtt_write_u8(&w, 'c');
    dtt_write_slice(&w, dtt_slice("de", 2));
    dtt_write_slice(&w, dtt_slice(NULL, 0));
    uint8_t *room = dtt_write_room(&w, 3);
    assert_ptr_equal(room, buf + 5);
    memcpy(room, "fgh", 3);
    assert_false(w.failed);
    assert_memory_equal(buf, "abcdefgh", 8);
    assert_non_null(dtt_write_room(&w, 0));
    dtt_write_u8(&w, 'x');
    assert_true(w.failed);
    assert_int_equal(w.len, 8);
}

static void test_writer_stays_failed(void **state)
{
    uint8_t buf[4] = "....";
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    (void)state;
    dtt_write(&w, "12345", 5);
    assert_true(w.failed);
    dtt_write(&w, "1", 1);
    assert_null(dtt_write_room(&w, SIZE_MAX));
    assert_int_equal(w.len, 0);
    assert_memory_equal(buf, "....", 4);
}

static void test_minutes(void **state)
{
    (void)state;
    assert_true(dtt_now_minute((struct dtt_now){.wall_ns = -1}) == 0);
    assert_true(dtt_now_minute((struct dtt_now){.wall_ns = INT64_MIN}) == 0);
    assert_true(dtt_now_minute((struct dtt_now){.wall_ns = (int64_t)(60 * DTT_S) - 1}) == 0);
    assert_true(dtt_now_minute((struct dtt_now){.wall_ns = (int64_t)(60 * DTT_S)}) == 1);
    assert_true(dtt_now_minute((struct dtt_now){.wall_ns = INT64_MAX}) == 153722867);
    assert_true(dtt_min_ns(3, DTT_NEVER) == 3 && dtt_min_ns(4, 3) == 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slices),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_reader),
        cmocka_unit_test(test_reader_stays_failed),
        cmocka_unit_test(test_empty_reader),
        cmocka_unit_test(test_writer),
        cmocka_unit_test(test_writer_stays_failed),
        cmocka_unit_test(test_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
