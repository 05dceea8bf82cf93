/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/sendbuf.h"

#include "base/rng.h"
#include "support/oom.h"
#include "support/vectors.h"

#include <dtt/types.h>
#include <stdlib.h>

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset * 31 + (offset >> 8));
}

static void append(struct dtt_qsendbuf *b, size_t len)
{
    uint8_t *data = malloc(len ? len : 1);
    assert_non_null(data);
    for (size_t i = 0; i < len; i++) {
        data[i] = byte_at(b->end + i);
    }
    uint64_t before = b->end;
    assert_int_equal(dtt_qsendbuf_append(b, dtt_slice(data, len)), DTT_OK);
    assert_int_equal(b->end, before + len);
    free(data);
}

static void starts_empty(void **state)
{
    (void)state;
    struct dtt_qsendbuf b = {0};
    ngtcp2_vec vec[4];
    bool fin = true;
    assert_false(dtt_qsendbuf_has_next(&b));
    assert_int_equal(dtt_qsendbuf_next(&b, vec, 4, &fin), 0);
    assert_false(fin);
    append(&b, 0);
    assert_false(dtt_qsendbuf_has_next(&b));
    dtt_qsendbuf_fini(&b);
}

static void ends_without_bytes(void **state)
{
    (void)state;
    struct dtt_qsendbuf b = {.fin = true};
    ngtcp2_vec vec[4];
    bool fin = false;
    assert_true(dtt_qsendbuf_has_next(&b));
    assert_int_equal(dtt_qsendbuf_next(&b, vec, 4, &fin), 0);
    assert_true(fin);
    dtt_qsendbuf_sent(&b, 0, true);
    assert_false(dtt_qsendbuf_has_next(&b));
    dtt_qsendbuf_fini(&b);
}

static void packs_small_writes(void **state)
{
    (void)state;
    struct dtt_qsendbuf b = {0};
    ngtcp2_vec vec[8];
    bool fin;
    for (int i = 0; i < 100; i++) {
        append(&b, 10);
    }
    assert_int_equal(dtt_qsendbuf_next(&b, vec, 8, &fin), 1);
    assert_int_equal(vec[0].len, 1000);
    append(&b, 3000);
    assert_int_equal(dtt_qsendbuf_next(&b, vec, 8, &fin), 2);
    assert_int_equal(vec[0].len + vec[1].len, 4000);
    dtt_qsendbuf_fini(&b);
}

/* The pointers given out must stay good, with the same bytes, until the bytes are acknowledged. */
static void keeps_bytes_in_place(void **state)
{
    (void)state;
    struct dtt_rng rng;
    const uint8_t seed[DTT_RNG_SEED_BYTES] = {3};
    static const uint8_t *where[200000];
    struct dtt_qsendbuf b = {0};
    dtt_rng_init(&rng, seed, "test");
    while (b.end < 150000) {
        ngtcp2_vec vec[8];
        bool fin;
        append(&b, (size_t)dtt_rng_below(&rng, dtt_rng_below(&rng, 10) == 0 ? 5000 : 200));
        size_t n = dtt_qsendbuf_next(&b, vec, 8, &fin);
        uint64_t at = b.sent;
        for (size_t i = 0; i < n; i++) {
            for (size_t k = 0; k < vec[i].len; k++) {
                where[at++] = vec[i].base + k;
            }
        }
        dtt_qsendbuf_sent(&b, (size_t)dtt_rng_below(&rng, at - b.sent + 1), fin);
        if (dtt_rng_below(&rng, 4) == 0) {
            dtt_qsendbuf_acked(&b, b.acked + dtt_rng_below(&rng, b.sent - b.acked + 1));
        }
        for (uint64_t i = b.acked; i < b.sent; i++) {
            assert_int_equal(*where[i], byte_at(i));
        }
        assert_int_equal(dtt_qsendbuf_unacked(&b), b.end - b.acked);
    }
    dtt_qsendbuf_fini(&b);
}

static void ignores_wild_acks(void **state)
{
    (void)state;
    struct dtt_qsendbuf b = {0};
    append(&b, 100);
    dtt_qsendbuf_acked(&b, 50); /* not sent yet */
    assert_int_equal(b.acked, 0);
    dtt_qsendbuf_sent(&b, 60, false);
    dtt_qsendbuf_acked(&b, 50);
    dtt_qsendbuf_acked(&b, 40);
    assert_int_equal(b.acked, 50);
    assert_non_null(b.head);
    dtt_qsendbuf_sent(&b, 40, false);
    dtt_qsendbuf_acked(&b, 100);
    assert_null(b.head);
    assert_null(b.tail);
    append(&b, 5);
    ngtcp2_vec vec[1];
    bool fin;
    assert_int_equal(dtt_qsendbuf_next(&b, vec, 1, &fin), 1);
    assert_int_equal(vec[0].len, 5);
    dtt_qsendbuf_fini(&b);
}

static void appends_all_or_nothing(void **state)
{
    (void)state;
    static const uint8_t data[3000] = {0};
    for (long n = 1;; n++) {
        struct dtt_qsendbuf b = {0};
        size_t want = 0;
        oom_arm(n);
        for (int i = 0; i < 5; i++) {
            int err = dtt_qsendbuf_append(&b, dtt_slice(data, 700));
            assert_true(err == DTT_OK || err == DTT_ENOMEM);
            want += err == DTT_OK ? 700 : 0;
            assert_int_equal(b.end, want);
        }
        bool failed = oom_disarm();
        dtt_qsendbuf_fini(&b);
        if (!failed) {
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),       cmocka_unit_test(ends_without_bytes),
        cmocka_unit_test(packs_small_writes), cmocka_unit_test(keeps_bytes_in_place),
        cmocka_unit_test(ignores_wild_acks),  cmocka_unit_test(appends_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
