/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/frames.h"

#include "support/vectors.h"

#include <stdlib.h>

#define HEAD 64

/* NEW_CONNECTION_ID: sequence number, retire prior to (1, 2, 4, 8 bytes), id, token. */
static size_t put_new_cid(uint8_t *out, unsigned varint_log2, uint8_t retire)
{
    struct dtt_writer w = dtt_writer(out, 64);
    dtt_write_u8(&w, 0x18);
    dtt_write_u8(&w, 9);
    dtt_write_u8(&w, (uint8_t)(varint_log2 << 6 | (varint_log2 ? 0x11 : retire)));
    for (unsigned i = 1; i < 1u << varint_log2; i++) {
        dtt_write_u8(&w, retire);
    }
    dtt_write_u8(&w, 3);
    dtt_write(&w, "cid0123456789abcdef", 19);
    return w.len;
}

/* One frame of each type, in front of which and behind which the guard must see. */
static const struct {
    uint8_t len;
    uint8_t bytes[24];
} others[] = {
    {1, {0x00}},
    {1, {0x01}},
    {5, {0x02, 0x09, 0x00, 0x00, 0x02}},
    {10, {0x03, 0x09, 0x00, 0x01, 0x02, 0x18, 0x18, 0x18, 0x18, 0x18}},
    {10, {0x02, 0x40, 0x18, 0x18, 0x02, 0x00, 0x18, 0x18, 0x18, 0x00}},
    {4, {0x04, 0x18, 0x18, 0x18}},
    {3, {0x05, 0x18, 0x18}},
    {5, {0x06, 0x00, 0x02, 0x18, 0x18}},
    {4, {0x07, 0x02, 0x18, 0x18}},
    {5, {0x0a, 0x18, 0x02, 0x18, 0x18}},
    {6, {0x0f, 0x18, 0x18, 0x02, 0x18, 0x18}},
    {5, {0x2a, 0x18, 0x02, 0x18, 0x18}}, /* STREAM for ngtcp2 0.12.1 */
    {2, {0x10, 0x18}},
    {3, {0x11, 0x18, 0x18}},
    {2, {0x12, 0x18}},
    {2, {0x13, 0x18}},
    {2, {0x14, 0x18}},
    {3, {0x15, 0x18, 0x18}},
    {2, {0x16, 0x18}},
    {2, {0x17, 0x18}},
    {2, {0x19, 0x18}},
    {9, {0x1a, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18}},
    {9, {0x1b, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18, 0x18}},
    {6, {0x1c, 0x18, 0x18, 0x02, 0x18, 0x18}},
    {5, {0x1d, 0x18, 0x02, 0x18, 0x18}},
    {1, {0x1e}},
    {4, {0x31, 0x02, 0x18, 0x18}},
};

static void guards_behind_any_frame(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        for (unsigned log2 = 0; log2 < 4; log2++) {
            uint8_t got[2 * HEAD];
            uint8_t want[2 * HEAD];
            size_t len = others[i].len;
            memcpy(got, others[i].bytes, len);
            memcpy(want, others[i].bytes, len);
            size_t n = put_new_cid(got + len, log2, 7);
            assert_int_equal(put_new_cid(want + len, log2, 0), n);
            want[len + 2] &= 0xc0;
            dtt_qframes_retire_nothing(got, len + n);
            assert_memory_equal(got, want, len + n);
        }
    }
}

static void guards_each_of_many(void **state)
{
    (void)state;
    uint8_t p[400];
    size_t len = 0;
    for (int i = 0; i < 10; i++) {
        len += put_new_cid(p + len, 0, 7);
    }
    dtt_qframes_retire_nothing(p, len);
    for (size_t at = 0; at < len; at += len / 10) {
        assert_int_equal(p[at + 2], 0);
    }
}

static void leaves_what_ngtcp2_does_not_reach(void **state)
{
    (void)state;
    static const uint8_t ends[] = {0x1f, 0x20, 0x40, 0x30, 0x08 /* to the end of the packet */};
    for (size_t i = 0; i < sizeof(ends); i++) {
        uint8_t got[HEAD] = {ends[i]};
        size_t len = 1 + put_new_cid(got + 1, 0, 7);
        uint8_t want[HEAD];
        memcpy(want, got, len);
        dtt_qframes_retire_nothing(got, len);
        assert_memory_equal(got, want, len);
    }
}

static void guard(void *user, struct dtt_slice in)
{
    (void)user;
    uint8_t *copy = malloc(in.len ? in.len : 1);
    assert_non_null(copy);
    memcpy(copy, in.data, in.len);
    dtt_qframes_retire_nothing(copy, in.len);
    free(copy);
}

static void survives_damage(void **state)
{
    (void)state;
    uint8_t all[512];
    size_t len = 0;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        memcpy(all + len, others[i].bytes, others[i].len);
        len += others[i].len;
        len += put_new_cid(all + len, i % 2, 7) * (i % 4 == 0);
    }
    sweep_truncations(dtt_slice(all, len), guard, NULL);
    sweep_bit_flips(dtt_slice(all, len), guard, NULL);
    dtt_qframes_retire_nothing(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guards_behind_any_frame),
        cmocka_unit_test(guards_each_of_many),
        cmocka_unit_test(leaves_what_ngtcp2_does_not_reach),
        cmocka_unit_test(survives_damage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
