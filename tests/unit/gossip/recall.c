/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/oom.h"
#include "support/vectors.h"

#include "gossip/recall.h"

#define ID_NS (90 * DTT_S)

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

/* `from` is the number of a neighbour; 0: the message is our own. */
static void add_from(uint8_t from, uint32_t n, uint64_t now_ns, uint64_t keep_ns, size_t len)
{
    static const uint8_t bytes[4096];
    struct dtt_id peer = {{from}};
    struct dtt_gossip_message_id id = id_of(n);
    struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice(bytes, len));
    assert_non_null(b);
    assert_int_equal(
        dtt_gossip_recall_add(&recall, now_ns, from ? &peer : NULL, &id, b, now_ns + keep_ns),
        DTT_OK);
    dtt_gossip_blob_unref(b);
}

static void add(uint32_t n, uint64_t now_ns, uint64_t keep_ns, size_t len)
{
    add_from(1, n, now_ns, keep_ns, len);
}

static bool has(uint32_t n)
{
    struct dtt_gossip_message_id id = id_of(n);
    return dtt_gossip_recall_has(&recall, &id);
}

/* The whole id, and not only its fingerprint. */
static bool keeps(uint32_t n)
{
    return dtt_map_get(&recall.ids, id_of(n).bytes) != NULL;
}

static bool serves(uint32_t n, uint64_t now_ns)
{
    struct dtt_gossip_message_id id = id_of(n);
    return dtt_gossip_recall_content(&recall, now_ns, &id) != NULL;
}

/* How many contents are announced to a new neighbour, oldest first. */
static size_t count_contents(uint64_t now_ns)
{
    struct dtt_gossip_recall_walk walk = {.is_begun = false};
    const struct dtt_gossip_recall_entry *e;
    uint64_t last = 0;
    size_t n = 0;
    for (; (e = dtt_gossip_recall_next_content(&recall, now_ns, UINT64_MAX, &walk)) != NULL; n++) {
        assert_true(n == 0 || e->number > last);
        last = e->number;
    }
    return n;
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
    assert_int_equal(count_contents(30 * DTT_S), 1);
    assert_int_equal(recall.held[DTT_GOSSIP_RECALL_ROOM_BYTES], DTT_GOSSIP_RECALL_BYTES_MIN);
    assert_true(has(1) && serves(2, 30 * DTT_S));
    assert_true(dtt_gossip_recall_deadline(&recall) == 40 * DTT_S);
    dtt_gossip_recall_expire(&recall, 90 * DTT_S - 1);
    assert_true(has(1));
    assert_int_equal(recall.held[DTT_GOSSIP_RECALL_ROOM_BYTES], 0);
    dtt_gossip_recall_expire(&recall, 90 * DTT_S);
    assert_false(has(1));
    assert_true(has(2));
    dtt_gossip_recall_expire(&recall, 100 * DTT_S);
    assert_false(has(2));
    assert_true(dtt_gossip_recall_deadline(&recall) == DTT_NEVER);
    assert_int_equal(recall.ids.cap, 0); /* memory given back */
}

static void add_kept(uint8_t from, uint32_t n, uint64_t now_ns, size_t len)
{
    add_from(from, n, now_ns, recall.window.ns, len);
}

static size_t n_contents(void)
{
    return recall.held[DTT_GOSSIP_RECALL_ROOM_CONTENTS];
}

/* Of what is older than 30 s as much stays as the window says; ids live 60 s longer than contents.
 */
static void a_window_of_messages(void **state)
{
    (void)state;
    recall.window = (struct dtt_gossip_window){.ns = 120 * DTT_S, .messages = 20, .bytes = 1 << 20};
    for (uint32_t n = 0; n < 50; n++) {
        add_kept(1, n, n * DTT_S, 10);
    }
    assert_true(dtt_gossip_recall_deadline(&recall) == 30 * DTT_S);
    dtt_gossip_recall_expire(&recall, 40 * DTT_S);
    assert_int_equal(n_contents(), 39); /* all that are young, which is more than 20 */
    assert_true(!serves(10, 50 * DTT_S) && serves(11, 50 * DTT_S));
    dtt_gossip_recall_expire(&recall, 70 * DTT_S);
    assert_int_equal(n_contents(), 20);
    assert_true(!serves(29, 70 * DTT_S) && serves(30, 70 * DTT_S));
    assert_true(dtt_gossip_recall_deadline(&recall) == 150 * DTT_S);
    assert_int_equal(count_contents(70 * DTT_S), 20);
    dtt_gossip_recall_expire(&recall, 151 * DTT_S);
    assert_int_equal(n_contents(), 18);
    dtt_gossip_recall_expire(&recall, 169 * DTT_S);
    assert_int_equal(n_contents(), 0);
    assert_int_equal(recall.held[DTT_GOSSIP_RECALL_ROOM_BYTES], 0);
    assert_true(has(0));
    dtt_gossip_recall_expire(&recall, 180 * DTT_S);
    assert_true(!has(0) && has(1));
    dtt_gossip_recall_expire(&recall, 230 * DTT_S);
    assert_int_equal(recall.ids.cap, 0); /* memory given back */
}

static void a_window_of_bytes(void **state)
{
    (void)state;
    recall.window =
        (struct dtt_gossip_window){.ns = 120 * DTT_S, .messages = 256, .bytes = 256 * 1024};
    for (uint32_t n = 0; n < 200; n++) {
        add_kept(1, n, 0, 4000);
    }
    for (uint32_t n = 200; n < 210; n++) {
        add_kept(2, n, 0, 4000);
    }
    dtt_gossip_recall_expire(&recall, 30 * DTT_S);
    assert_int_equal(n_contents(), 256 * 1024 / 4000);
    for (uint32_t n = 200; n < 210; n++) {
        assert_true(serves(n, 40 * DTT_S)); /* the neighbour that brought the most pays */
    }
    dtt_gossip_recall_expire(&recall, 120 * DTT_S);
    assert_int_equal(n_contents(), 0);
}

/* Only those of no more than the age that is asked for. */
static void contents_by_age(void **state)
{
    struct dtt_gossip_recall_walk walk = {.is_begun = false};
    (void)state;
    recall.window = (struct dtt_gossip_window){.ns = 120 * DTT_S, .messages = 9, .bytes = 1 << 20};
    add_kept(1, 1, 0, 10);
    add_from(1, 2, 5 * DTT_S, 20 * DTT_S, 10); /* came when it was 100 s old */
    add_kept(2, 3, 10 * DTT_S, 10);
    const struct dtt_gossip_recall_entry *e =
        dtt_gossip_recall_next_content(&recall, 15 * DTT_S, 14 * DTT_S, &walk);
    assert_non_null(e);
    assert_true(e && e->number == 2 && e->content_until_ns == 130 * DTT_S);
    assert_true(dtt_gossip_recall_age(&recall, 15 * DTT_S, 130 * DTT_S) == 5 * DTT_S);
    assert_null(dtt_gossip_recall_next_content(&recall, 15 * DTT_S, 14 * DTT_S, &walk));
    assert_int_equal(count_contents(15 * DTT_S), 3);
}

/* One of our own that nobody is known to have is lost after 30 s, whatever is kept of others. */
static void open_ones_are_not_kept_longer(void **state)
{
    struct dtt_gossip_tally *tally = dtt_gossip_tally_new(&ctx);
    (void)state;
    recall.window = (struct dtt_gossip_window){.ns = 120 * DTT_S, .messages = 9, .bytes = 1 << 20};
    for (uint32_t n = 1; n <= 4; n++) {
        struct dtt_gossip_message_id id = id_of(n);
        struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice((const uint8_t *)"own", 3));
        dtt_gossip_blob_count(b, tally);
        assert_int_equal(dtt_gossip_recall_add(&recall, n * DTT_S, NULL, &id, b, (n + 120) * DTT_S),
                         DTT_OK);
        dtt_gossip_blob_unref(b);
    }
    struct dtt_gossip_message_id first = id_of(1);
    struct dtt_gossip_message_id third = id_of(3);
    dtt_gossip_recall_taken(&recall, &first);
    dtt_gossip_recall_taken(&recall, &third);
    assert_true(dtt_gossip_recall_deadline(&recall) == 32 * DTT_S);
    dtt_gossip_recall_expire(&recall, 33 * DTT_S);
    assert_true(serves(1, 33 * DTT_S) && !serves(2, 33 * DTT_S) && serves(3, 33 * DTT_S));
    assert_int_equal(tally->lost, 1);
    assert_true(dtt_gossip_recall_deadline(&recall) == 34 * DTT_S);
    dtt_gossip_recall_expire(&recall, 40 * DTT_S);
    assert_int_equal(tally->lost, 2);
    assert_true(dtt_gossip_recall_deadline(&recall) == 121 * DTT_S);
    dtt_gossip_tally_unref(tally);
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
    assert_true(serves(1, 6 * DTT_S));
    assert_int_equal(count_contents(6 * DTT_S), 1);
    dtt_gossip_recall_expire(&recall, 30 * DTT_S);
    assert_int_equal(recall.held[DTT_GOSSIP_RECALL_ROOM_BYTES], 0);
    assert_true(has(1) && has(2) && has(3));
}

static void contents_are_bounded(void **state)
{
    (void)state;
    const uint32_t small = DTT_GOSSIP_RECALL_BYTES / DTT_GOSSIP_RECALL_BYTES_MIN;
    uint32_t n = 0;
    for (; n < 300; n++) {
        add(n, n, 30 * DTT_S, 4096);
    }
    assert_int_equal(count_contents(n), 256);
    assert_int_equal(recall.held[DTT_GOSSIP_RECALL_ROOM_BYTES], DTT_GOSSIP_RECALL_BYTES);
    assert_false(serves(43, n));
    assert_true(serves(44, n));
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_CONTENTS_EVICTED], 44);
    for (; n < 3000; n++) {
        add(n, n, 30 * DTT_S, 1);
    }
    assert_int_equal(count_contents(n), small);
    assert_false(serves(3000 - small - 1, n));
    assert_true(serves(3000 - small, n));
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
    assert_false(keeps(9));
    assert_true(keeps(10));
    for (uint32_t n = 0; n < DTT_GOSSIP_RECALL_IDS + 10; n++) {
        assert_true(has(n));
    }
    assert_false(has(DTT_GOSSIP_RECALL_IDS + 10));
    assert_true(dtt_gossip_recall_deadline(&recall) < 31 * DTT_S);
    dtt_gossip_recall_expire(&recall, ID_NS + DTT_S);
    assert_false(has(0) || has(10));
    assert_true(dtt_gossip_recall_deadline(&recall) == DTT_NEVER);
    assert_null(recall.pushed_out.entries); /* memory given back */
}

/* A topic that was left keeps ids alone. */
static void what_was_left_has_no_fingerprints(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < DTT_GOSSIP_RECALL_IDS + 10; n++) {
        add(n, n, 30 * DTT_S, 1);
    }
    dtt_gossip_recall_rest(&recall);
    assert_false(has(9));
    assert_true(has(10));
    assert_null(recall.pushed_out.entries);
}

/* A neighbour that floods pushes out its own ids and contents, and nobody else's. */
static void a_flood_pushes_out_itself(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 100; n++) {
        add_from((uint8_t)(n % 3), n, n, 30 * DTT_S, 4000); /* ours, and two neighbours' */
    }
    for (uint32_t n = 0; n < 3 * DTT_GOSSIP_RECALL_IDS; n++) {
        add_from(3, 1000 + n, 100, 30 * DTT_S, n % 2 ? 4000 : 1);
    }
    for (uint32_t n = 0; n < 100; n++) {
        assert_true(keeps(n) && serves(n, 200));
    }
    assert_int_equal(dtt_map_count(&recall.ids), DTT_GOSSIP_RECALL_IDS);
    assert_false(keeps(1000));
    assert_true(has(1000));
    assert_true(keeps(999 + 3 * DTT_GOSSIP_RECALL_IDS));
    assert_true(serves(999 + 3 * DTT_GOSSIP_RECALL_IDS, 200));
    assert_true(recall.held[DTT_GOSSIP_RECALL_ROOM_BYTES] <= DTT_GOSSIP_RECALL_BYTES);
}

/* Two that flood get half each; the one that says less loses nothing. */
static void floods_share(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < DTT_GOSSIP_RECALL_IDS; n++) {
        add_from(1, n, n, 30 * DTT_S, 1);
    }
    for (uint32_t n = 0; n < 1000; n++) {
        add_from(2, 10000 + n, n, 30 * DTT_S, 1);
    }
    assert_true(keeps(10000) && keeps(10999) && keeps(1000));
    assert_false(keeps(999));
    for (uint32_t n = 0; n < 2 * DTT_GOSSIP_RECALL_IDS; n++) {
        add_from((uint8_t)(1 + n % 2), 20000 + n, n, 30 * DTT_S, 1);
    }
    assert_int_equal(recall.shares[1].held[DTT_GOSSIP_RECALL_ROOM_IDS], DTT_GOSSIP_RECALL_IDS / 2);
    assert_int_equal(recall.shares[2].held[DTT_GOSSIP_RECALL_ROOM_IDS], DTT_GOSSIP_RECALL_IDS / 2);
}

/* So many identities that each has a share flood: what is said in the swarm stays. */
static void identities_flood(void **state)
{
    (void)state;
    const uint32_t others = DTT_GOSSIP_RECALL_SHARES - 2;
    const uint32_t fair = DTT_GOSSIP_RECALL_IDS / (others + 1);
    for (uint32_t n = 0; n < fair; n++) {
        add_from(1, n, 0, 30 * DTT_S, 1);
    }
    for (uint32_t n = 0; n < 1000 * others; n++) {
        add_from((uint8_t)(2 + n / 1000), 10000 + n, 1, 30 * DTT_S, 1);
    }
    for (uint32_t n = 0; n < fair; n++) {
        assert_true(keeps(n));
    }
    assert_int_equal(dtt_map_count(&recall.ids), DTT_GOSSIP_RECALL_IDS);
}

/* More neighbours than shares: the newest takes over the share with the fewest ids. */
static void few_ids_share(void **state)
{
    (void)state;
    uint32_t n = 0;
    for (unsigned from = 1; from < DTT_GOSSIP_RECALL_SHARES; from++) {
        for (unsigned i = 0; i < (from == 5 ? 2 : 3); i++) {
            add_from((uint8_t)from, n++, 0, 30 * DTT_S, 1);
        }
    }
    add_from(100, n++, 1, 30 * DTT_S, 1);
    assert_int_equal(recall.shares[5].held[DTT_GOSSIP_RECALL_ROOM_IDS], 3);
    assert_int_equal(recall.shares[5].from.bytes[0], 100);
    dtt_gossip_recall_expire(&recall, ID_NS);
    assert_int_equal(dtt_map_count(&recall.ids), 1);
    add_from(5, n++, ID_NS, 30 * DTT_S, 1); /* an empty one */
    assert_int_equal(recall.shares[5].from.bytes[0], 100);
    assert_int_equal(recall.shares[1].from.bytes[0], 5);
}

/* What others may have forgotten is served when it is asked for, and not announced. */
static void old_contents_are_not_announced(void **state)
{
    (void)state;
    add_from(1, 1, 0, 30 * DTT_S, 1);
    for (uint32_t n = 0; n < DTT_GOSSIP_RECALL_RECENT - 1; n++) {
        add_from(2, 10 + n, 0, 0, 1);
    }
    assert_int_equal(count_contents(1), 1);
    add_from(2, 5000, 0, 0, 1);
    assert_int_equal(count_contents(1), 0);
    assert_true(serves(1, 1));
}

static void contents_come_in_order(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 100; n++) {
        add_from((uint8_t)(n * 7 % 5), n, 0, 30 * DTT_S, 1);
    }
    assert_int_equal(count_contents(1), 100);
}

static void ids_outlive_contents_without_blob(void **state)
{
    (void)state;
    struct dtt_gossip_message_id id = id_of(1);
    assert_int_equal(dtt_gossip_recall_add(&recall, 0, NULL, &id, NULL, 30 * DTT_S), DTT_OK);
    assert_true(has(1));
    assert_false(serves(1, 0));
    assert_int_equal(count_contents(0), 0);
    add_from(0, 2, 1, 30 * DTT_S, 1);
    assert_int_equal(count_contents(1), 1);
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
            int err = dtt_gossip_recall_add(&recall, n, NULL, &id, b, n + DTT_S);
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
    assert_int_equal(count_contents(100), 100);
    dtt_gossip_blob_unref(b);
}

/* Of a message that was lost no fingerprint stays when its id is pushed out. */
static void a_lost_message_leaves_no_trace(void **state)
{
    (void)state;
    struct dtt_gossip_tally *tally = dtt_gossip_tally_new(&ctx);
    for (uint32_t n = 0; n < DTT_GOSSIP_RECALL_IDS + 2; n++) {
        struct dtt_gossip_message_id id = id_of(n);
        struct dtt_gossip_blob *b = dtt_gossip_blob_new(dtt_slice("x", 1));
        dtt_gossip_blob_count(b, tally);
        assert_int_equal(dtt_gossip_recall_add(&recall, 0, NULL, &id, b, 30 * DTT_S), DTT_OK);
        if (n == 1) {
            dtt_gossip_blob_taken(b);
        }
        dtt_gossip_blob_unref(b);
    }
    assert_false(has(0));
    assert_true(has(1) && has(2));
    dtt_gossip_recall_fini(&recall);
    dtt_gossip_tally_unref(tally);
    assert_int_equal(setup(state), 0);
}

/* Only our own of the middle is forgotten, and only when it was lost. */
static void a_lost_message_may_be_said_again(void **state)
{
    (void)state;
    struct dtt_gossip_tally *tally = dtt_gossip_tally_new(&ctx);
    struct dtt_gossip_blob *b[4];
    for (uint32_t n = 0; n < 4; n++) {
        struct dtt_gossip_message_id id = id_of(n);
        b[n] = dtt_gossip_blob_new(dtt_slice("x", 1));
        dtt_gossip_blob_count(b[n], tally);
        assert_int_equal(dtt_gossip_recall_add(&recall, 0, NULL, &id, b[n], 30 * DTT_S), DTT_OK);
    }
    struct dtt_gossip_message_id taken = id_of(2), held = id_of(3);
    dtt_gossip_recall_taken(&recall, &taken);
    for (uint32_t n = 0; n < 3; n++) {
        dtt_gossip_blob_unref(b[n]); /* the last one is on its way */
    }
    dtt_gossip_recall_expire(&recall, 30 * DTT_S);
    assert_int_equal(tally->lost, 2);
    for (uint32_t n = 4; n-- > 0;) {
        struct dtt_gossip_message_id id = id_of(n);
        dtt_gossip_recall_forget_lost(&recall, &id);
        assert_int_equal(has(n), n >= 2);
    }
    struct dtt_gossip_message_id again = id_of(1);
    assert_int_equal(dtt_gossip_recall_add(&recall, 30 * DTT_S, NULL, &again, NULL, 0), DTT_OK);
    dtt_gossip_recall_forget_lost(&recall, &held);
    assert_true(has(3));
    dtt_gossip_blob_unref(b[3]);
    assert_int_equal(tally->lost, 3);
    dtt_gossip_tally_unref(tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forgets_with_age, setup, teardown),
        cmocka_unit_test_setup_teardown(a_window_of_messages, setup, teardown),
        cmocka_unit_test_setup_teardown(a_window_of_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(contents_by_age, setup, teardown),
        cmocka_unit_test_setup_teardown(open_ones_are_not_kept_longer, setup, teardown),
        cmocka_unit_test_setup_teardown(caught_up_contents, setup, teardown),
        cmocka_unit_test_setup_teardown(contents_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_pushes_out_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_message_may_be_said_again, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lost_message_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_left_has_no_fingerprints, setup, teardown),
        cmocka_unit_test_setup_teardown(floods_share, setup, teardown),
        cmocka_unit_test_setup_teardown(identities_flood, setup, teardown),
        cmocka_unit_test_setup_teardown(few_ids_share, setup, teardown),
        cmocka_unit_test_setup_teardown(old_contents_are_not_announced, setup, teardown),
        cmocka_unit_test_setup_teardown(contents_come_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(ids_outlive_contents_without_blob, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
