/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/outq.h"

#include "support/vectors.h"

static bool push(struct dtt_outq *q, uint16_t port, size_t len)
{
    struct dtt_addr to = dtt_addr_v4(1, 2, 3, 4, port);
    uint8_t *room = dtt_outq_reserve(q, 1400);
    if (!room) {
        return false;
    }
    memset(room, (uint8_t)port, len);
    dtt_outq_commit(q, &(struct dtt_addr){.port = port}, &to, len);
    return true;
}

static void expect(struct dtt_outq *q, uint16_t port, size_t len)
{
    struct dtt_addr from, to;
    struct dtt_slice s;
    assert_true(dtt_outq_pop(q, &from, &to, &s));
    assert_int_equal(from.port, port);
    assert_int_equal(to.port, port);
    assert_int_equal(s.len, len);
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(s.data[i], (uint8_t)port);
    }
}

static void test_order_while_growing_and_sliding(void **state)
{
    struct dtt_outq q = {0};
    uint16_t in = 0, out = 0;
    (void)state;
    for (unsigned round = 0; round < 400; round++) {
        for (unsigned i = 0; i < 1 + round % 7; i++, in++) {
            assert_true(push(&q, in, in % 300));
        }
        for (unsigned i = 0; i < round % 8 && out < in; i++, out++) {
            expect(&q, out, out % 300);
        }
    }
    for (; out < in; out++) {
        expect(&q, out, out % 300);
    }
    struct dtt_addr from, to;
    struct dtt_slice s;
    assert_false(dtt_outq_pop(&q, &from, &to, &s));
    dtt_outq_trim(&q);
    assert_null(q.data);
    dtt_outq_fini(&q);
}

static void test_is_bounded(void **state)
{
    struct dtt_outq q = {0};
    size_t n = 0;
    (void)state;
    while (push(&q, 1, 10)) {
        n++;
    }
    assert_int_equal(n, DTT_OUTQ_PACKETS);
    dtt_outq_fini(&q);
    n = 0;
    while (push(&q, 1, 1400)) {
        n++;
    }
    assert_true(n < DTT_OUTQ_PACKETS && q.cap <= DTT_OUTQ_BYTES);
    dtt_outq_trim(&q);
    assert_non_null(q.data); /* not while something waits */
    dtt_outq_fini(&q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_while_growing_and_sliding),
        cmocka_unit_test(test_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
