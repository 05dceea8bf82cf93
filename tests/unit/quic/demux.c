/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/demux.h"

#include "quic/cid.h"
#include "quic/quic.h"
#include "support/vectors.h"

static bool is_krpc(uint8_t first, uint8_t second)
{
    uint8_t two[2] = {first, second};
    return dtt_quic_demux_is_krpc(dtt_slice(two, sizeof(two)));
}

static void takes_d_and_a_digit_only(void **state)
{
    (void)state;
    unsigned krpc = 0;
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            bool want = first == 'd' && second >= '0' && second <= '9';
            assert_int_equal(is_krpc((uint8_t)first, (uint8_t)second), want);
            krpc += want;
        }
    }
    assert_int_equal(krpc, 10);
    assert_true(dtt_quic_demux_is_krpc(dtt_slice("d1:ad2:id20:", 12)));
    assert_false(dtt_quic_demux_is_krpc(dtt_slice("d", 1)));
    assert_false(dtt_quic_demux_is_krpc(dtt_slice(NULL, 0)));
}

/* Every first byte QUIC may send with every first byte of an id we may have chosen. */
static void never_takes_quic(void **state)
{
    (void)state;
    struct dtt_ctx ctx = {0};
    struct dtt_qcid_table t;
    bool seen[256] = {false};
    unsigned distinct = 0;
    dtt_qcid_init(&t, &ctx, ctx.seed, 1);
    for (int i = 0; i < 20000; i++) {
        ngtcp2_cid cid;
        dtt_qcid_generate(&t, DTT_QCID_LEN, &cid);
        seen[cid.data[0]] = true;
    }
    for (unsigned b = 0; b < 256; b++) {
        distinct += seen[b];
        for (unsigned first = 0; seen[b] && first < 0x80; first++) {
            assert_false(is_krpc((uint8_t)first, (uint8_t)b));
        }
        for (unsigned first = 0x80; first < 0x100; first++) {
            assert_false(is_krpc((uint8_t)first, (uint8_t)b));
        }
    }
    assert_int_equal(distinct, 246);
    dtt_qcid_fini(&t);
}

static void a_short_header_has_the_high_bit_clear(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        uint8_t byte = (uint8_t)first;
        assert_int_equal(dtt_quic_demux_is_short(dtt_slice(&byte, 1)), first < 0x80);
    }
    assert_false(dtt_quic_demux_is_short(dtt_slice(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_d_and_a_digit_only),
        cmocka_unit_test(never_takes_quic),
        cmocka_unit_test(a_short_header_has_the_high_bit_clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
