/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "gossip/blob.h"

static void counts_references(void **state)
{
    (void)state;
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice("abc", 3));
    assert_non_null(b);
    assert_true(dtt_slice_is(dtt_gossip_blob_slice(b), "abc"));
    assert_ptr_equal(dtt_gossip_blob_ref(b), b);
    dtt_gossip_blob_unref(b);
    assert_true(dtt_slice_is(dtt_gossip_blob_slice(b), "abc"));
    dtt_gossip_blob_unref(b);
}

static void nothing_is_fine(void **state)
{
    (void)state;
    assert_null(dtt_gossip_blob_ref(NULL));
    dtt_gossip_blob_unref(NULL);
    assert_int_equal(dtt_gossip_blob_slice(NULL).len, 0);
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice(NULL, 0));
    assert_non_null(b);
    assert_int_equal(b->len, 0);
    dtt_gossip_blob_unref(b);
}

static struct dtt_ctx ctx;

static struct dtt_gossip_blob *own(struct dtt_gossip_tally *t, const char *text)
{
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice(text, strlen(text)));
    assert_non_null(b);
    dtt_gossip_blob_count(b, t);
    return b;
}

static void is_lost_when_the_last_holder_lets_go(void **state)
{
    (void)state;
    struct dtt_gossip_tally *t = dtt_gossip_tally_new(&ctx);
    struct dtt_gossip_blob *b = own(t, "abc");
    assert_int_equal(t->messages, 1);
    assert_int_equal(t->bytes, 3);
    assert_true(dtt_gossip_blob_is_at_risk(b));
    dtt_gossip_blob_ref(b);
    assert_false(dtt_gossip_blob_is_at_risk(b));
    dtt_gossip_blob_unref(b);
    assert_int_equal(t->messages, 1);
    dtt_gossip_blob_unref(b);
    assert_int_equal(t->messages + t->bytes, 0);
    assert_int_equal(t->lost, 1);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_LOST], 1);
    dtt_gossip_tally_unref(t);
}

static void is_not_lost_once_somebody_has_it(void **state)
{
    (void)state;
    struct dtt_gossip_tally *t = dtt_gossip_tally_new(&ctx);
    struct dtt_gossip_blob *b = own(t, "abc");
    dtt_gossip_blob_taken(b);
    assert_false(dtt_gossip_blob_is_at_risk(b));
    assert_int_equal(t->messages + t->bytes, 0);
    dtt_gossip_blob_taken(b); /* a second neighbour */
    dtt_gossip_blob_unref(b);
    assert_int_equal(t->lost, 0);
    dtt_gossip_tally_unref(t);
}

/* A connection may hold a message of a topic that has been left. */
static void outlives_its_topic(void **state)
{
    (void)state;
    struct dtt_gossip_tally *t = dtt_gossip_tally_new(&ctx);
    struct dtt_gossip_blob *b = own(t, "abc");
    dtt_gossip_tally_unref(t);
    dtt_gossip_blob_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_references),
        cmocka_unit_test(nothing_is_fine),
        cmocka_unit_test(is_lost_when_the_last_holder_lets_go),
        cmocka_unit_test(is_not_lost_once_somebody_has_it),
        cmocka_unit_test(outlives_its_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
