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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_references),
        cmocka_unit_test(nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
