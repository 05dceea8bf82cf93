/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/stream.h"

#include "support/oom.h"
#include "support/vectors.h"

#include <stdlib.h>

/* Takes the oldest event, which must be a block of `s`; checks and frees it. */
static void take(struct dtt_list *q, struct dtt_qstream *s, const char *want, bool fin)
{
    struct dtt_qdata *b = (struct dtt_qdata *)q->head;
    assert_non_null(b);
    assert_int_equal(b->event.type, DTT_QUIC_DATA);
    assert_ptr_equal(b->event.stream, s);
    assert_true(dtt_slice_is(dtt_slice(b->bytes, b->len), want));
    assert_int_equal(b->fin, fin);
    dtt_list_remove(&b->event.link);
    dtt_qstream_taken(s, b);
    free(b);
}

static void receive(struct dtt_list *q, struct dtt_qstream *s, const char *text, bool fin)
{
    assert_int_equal(dtt_qstream_receive(s, q, dtt_slice(text, strlen(text)), fin), DTT_OK);
}

static void packs_interleaved_frames(void **state)
{
    (void)state;
    struct dtt_list q = {0};
    struct dtt_list l = {0};
    struct dtt_qstream *a = dtt_qstream_new(&l, NULL, 2, false);
    struct dtt_qstream *b = dtt_qstream_new(&l, NULL, 6, false);
    assert_ptr_equal(dtt_qstream_find(&l, 2), a);
    assert_ptr_equal(dtt_qstream_find(&l, 6), b);
    assert_null(dtt_qstream_find(&l, 10));
    receive(&q, a, "he", false);
    receive(&q, b, "go", false);
    receive(&q, a, "llo", false);
    receive(&q, b, "od", false);
    receive(&q, a, "", true);
    assert_int_equal(a->blocks_in, 1);
    take(&q, a, "hello", true);
    take(&q, b, "good", false);
    receive(&q, b, "bye", true);
    take(&q, b, "bye", true);
    assert_null(q.head);
    dtt_qstream_free(a);
    dtt_qstream_free(b);
    assert_int_equal(l.count, 0);
}

static void ends_without_bytes(void **state)
{
    (void)state;
    struct dtt_list q = {0};
    struct dtt_list l = {0};
    struct dtt_qstream *s = dtt_qstream_new(&l, NULL, 2, false);
    receive(&q, s, "", true);
    s->is_closed = true;
    assert_false(dtt_qstream_is_done(s));
    take(&q, s, "", true);
    assert_true(dtt_qstream_is_done(s));
    dtt_qstream_free(s);
}

/* One byte at a time on 100 streams: what it costs stays in proportion. */
static void bounds_overhead(void **state)
{
    (void)state;
    struct dtt_list q = {0};
    struct dtt_list l = {0};
    struct dtt_qstream *s[100];
    size_t cap = 0;
    size_t blocks = 0;
    for (int i = 0; i < 100; i++) {
        s[i] = dtt_qstream_new(&l, NULL, 4 * i + 2, false);
    }
    for (int round = 0; round < 3000; round++) {
        for (int i = 0; i < 100; i++) {
            receive(&q, s[i], "x", false);
        }
    }
    while (q.head) {
        struct dtt_qdata *b = (struct dtt_qdata *)q.head;
        cap += sizeof(*b) + b->cap;
        blocks++;
        dtt_list_remove(&b->event.link);
        dtt_qstream_taken(b->event.stream, b);
        free(b);
    }
    assert_int_equal(blocks, 300);
    assert_true(cap < 2 * 300000);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(s[i]->blocks_in, 0);
        dtt_qstream_free(s[i]);
    }
}

static void takes_its_events_along(void **state)
{
    (void)state;
    struct dtt_list q = {0};
    struct dtt_list l = {0};
    struct dtt_qstream *s[3];
    for (int i = 0; i < 3; i++) {
        s[i] = dtt_qstream_new(&l, NULL, i, true);
        dtt_list_push(&q, &s[i]->writable.link);
        dtt_list_push(&q, &s[i]->reset.link);
        dtt_list_push(&q, &s[i]->reset.link); /* once only */
    }
    dtt_qstream_free(s[1]);
    assert_ptr_equal(q.head, &s[0]->writable);
    assert_ptr_equal(q.tail, &s[2]->reset);
    assert_ptr_equal(s[0]->reset.link.next, &s[2]->writable);
    dtt_qstream_free(s[2]);
    dtt_qstream_free(s[0]);
    assert_null(q.head);
    assert_null(q.tail);
}

static void survives_out_of_memory(void **state)
{
    (void)state;
    struct dtt_list q = {0};
    struct dtt_list l = {0};
    oom_arm(1);
    assert_null(dtt_qstream_new(&l, NULL, 2, false));
    assert_true(oom_disarm());
    struct dtt_qstream *s = dtt_qstream_new(&l, NULL, 2, false);
    receive(&q, s, "one", false);
    static const uint8_t big[4000] = {0};
    oom_arm(1);
    assert_int_equal(dtt_qstream_receive(s, &q, dtt_slice(big, sizeof(big)), true), DTT_ENOMEM);
    assert_true(oom_disarm());
    take(&q, s, "one", false);
    dtt_qstream_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packs_interleaved_frames), cmocka_unit_test(ends_without_bytes),
        cmocka_unit_test(bounds_overhead),          cmocka_unit_test(takes_its_events_along),
        cmocka_unit_test(survives_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
