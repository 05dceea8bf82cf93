/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/oom.h"
#include "support/vectors.h"

#include "gossip/recall.h"

static struct dtt_ctx ctx;
static struct dtt_gossip_recall recall;

static int setup(void **state)
{
    static const uint8_t key[DTT_MAP_HASH_KEY_BYTES] = {1};
    (void)state;
    memset(&ctx, 0, sizeof(ctx));
    dtt_gossip_recall_init(&recall, &ctx, key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_gossip_recall_fini(&recall);
    return 0;
}

static struct dtt_gossip_message_id id_of(uint32_t n)
{
    struct dtt_gossip_message_id id = {{0}};
    dtt_put_be32(id.bytes, n);
    return id;
}

static void add(uint32_t n, uint64_t now_ns, uint64_t keep_ns, size_t len)
{
    static const uint8_t bytes[4096];
    struct dtt_gossip_message_id id = id_of(n);
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice(bytes, len));
    assert_non_null(b);
    assert_int_equal(dtt_gossip_recall_add(&recall, now_ns, &id, b, now_ns + keep_ns), DTT_OK);
    dtt_gossip_blob_unref(b);
}

static bool has(uint32_t n)
{
    struct dtt_gossip_message_id id = id_of(n);
    return dtt_gossip_recall_has(&recall, &id);
}

static bool serves(uint32_t n, uint64_t now_ns)
{
    struct dtt_gossip_message_id id = id_of(n);
    return dtt_gossip_recall_content(&recall, now_ns, &id) != NULL;
}

static void forgets_with_age(void **state)
{
    (void)state;
    add(1, 0, 30 * DTT_S, 10);
    add(2, 10 * DTT_S, 30 * DTT_S, 10);
    assert_true(dtt_gossip_recall_deadline(&recall) == 30 * DTT_S);
    assert_true(serves(1, 30 * DTT_S - 1));
    assert_false(serves(1, 30 * DTT_S));
    dtt_gossip_recall_expire(&recall, 30 * DTT_S);
    assert_int_equal(recall.contents, 1);
    assert_int_equal(recall.bytes, 10);
    assert_true(has(1) && serves(2, 30 * DTT_S));
    assert_true(dtt_gossip_recall_deadline(&recall) == 40 * DTT_S);
    dtt_gossip_recall_expire(&recall, 90 * DTT_S - 1);
    assert_true(has(1));
    assert_int_equal(recall.contents, 0);
    dtt_gossip_recall_expire(&recall, 90 * DTT_S);
    assert_false(has(1));
    assert_true(has(2));
    dtt_gossip_recall_expire(&recall, 100 * DTT_S);
    assert_false(has(2));
    assert_true(dtt_gossip_recall_deadline(&recall) == DTT_NEVER);
    assert_int_equal(recall.ids.cap, 0); /* memory given back */
}

/* A content that was old when it came ends before those that came earlier. */
static void caught_up_contents(void **state)
{
    (void)state;
    add(1, 0, 30 * DTT_S, 1);
    add(2, 0, 5 * DTT_S, 1);
    add(3, 0, 0, 1);
    assert_false(serves(3, 0));
    assert_true(serves(2, 4 * DTT_S));
    assert_false(serves(2, 5 * DTT_S));
    const struct dtt_gossip_recall_entry *e =
        dtt_gossip_recall_next_content(&recall, 6 * DTT_S, NULL);
    assert_non_null(e);
    assert_int_equal(e->id.bytes[3], 1);
    assert_null(dtt_gossip_recall_next_content(&recall, 6 * DTT_S, e));
    dtt_gossip_recall_expire(&recall, 30 * DTT_S);
    assert_int_equal(recall.contents, 0);
    assert_true(has(1) && has(2) && has(3));
}

static void contents_are_bounded(void **state)
{
    (void)state;
    uint32_t n = 0;
    for (; n < 300; n++) {
        add(n, n, 30 * DTT_S, 4096);
    }
    assert_int_equal(recall.contents, 256);
    assert_int_equal(recall.bytes, DTT_GOSSIP_RECALL_BYTES);
    assert_false(serves(43, n));
    assert_true(serves(44, n));
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_CONTENTS_EVICTED], 44);
    for (; n < 3000; n++) {
        add(n, n, 30 * DTT_S, 1);
    }
    assert_int_equal(recall.contents, DTT_GOSSIP_RECALL_CONTENTS);
    assert_false(serves(3000 - DTT_GOSSIP_RECALL_CONTENTS - 1, n));
    assert_true(serves(3000 - DTT_GOSSIP_RECALL_CONTENTS, n));
    assert_true(has(0));
}

static void ids_are_bounded(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < DTT_GOSSIP_RECALL_IDS + 10; n++) {
        add(n, n, 30 * DTT_S, 1);
    }
    assert_int_equal(dtt_map_count(&recall.ids), DTT_GOSSIP_RECALL_IDS);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_IDS_EVICTED], 10);
    assert_false(has(9));
    assert_true(has(10));
}

static void ids_outlive_contents_without_blob(void **state)
{
    (void)state;
    struct dtt_gossip_message_id id = id_of(1);
    assert_int_equal(dtt_gossip_recall_add(&recall, 0, &id, NULL, 30 * DTT_S), DTT_OK);
    assert_true(has(1));
    assert_false(serves(1, 0));
    assert_null(dtt_gossip_recall_next_content(&recall, 0, NULL));
    add(2, 1, 30 * DTT_S, 1);
    assert_non_null(dtt_gossip_recall_next_content(&recall, 1, NULL));
}

static void out_of_memory(void **state)
{
    (void)state;
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice("x", 1));
    for (uint32_t n = 0; n < 100; n++) {
        struct dtt_gossip_message_id id = id_of(n);
        long k = 1;
        for (;; k++) {
            oom_arm(k);
            int err = dtt_gossip_recall_add(&recall, n, &id, b, n + DTT_S);
            if (!oom_disarm()) {
                assert_int_equal(err, DTT_OK);
                break;
            }
            assert_int_equal(err, DTT_ENOMEM);
            assert_false(has(n));
        }
        assert_true(k > 1);
        assert_true(has(n) && serves(n, n));
    }
    assert_int_equal(recall.contents, 100);
    dtt_gossip_blob_unref(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forgets_with_age, setup, teardown),
        cmocka_unit_test_setup_teardown(caught_up_contents, setup, teardown),
        cmocka_unit_test_setup_teardown(contents_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_outlive_contents_without_blob, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
