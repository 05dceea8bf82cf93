/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/oom.h"
#include "support/vectors.h"

#include "gossip/missing.h"

static struct dtt_ctx ctx;
static struct dtt_timerq timers;
static struct dtt_gossip_missing missing;

static int setup(void **state)
{
    static const uint8_t key[DTT_MAP_HASH_KEY_BYTES] = {1};
    (void)state;
    dtt_timerq_init(&timers);
    memset(&ctx, 0, sizeof(ctx));
    dtt_gossip_missing_init(&missing, &ctx, &timers, key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_gossip_missing_fini(&missing);
    dtt_timerq_fini(&timers);
    return 0;
}

static struct dtt_gossip_ihave ihave(uint32_t n, uint16_t round)
{
    struct dtt_gossip_ihave i = {.round = round};
    dtt_put_be32(i.id.bytes, n);
    return i;
}

static void add(uint32_t n, uint16_t round, uint8_t slot, uint64_t now_ns)
{
    struct dtt_gossip_ihave i = ihave(n, round);
    assert_int_equal(dtt_gossip_missing_add(&missing, now_ns, &i, slot), DTT_OK);
}

/* The slot to ask when the next timer fires at `at_ns`, or -1. */
static int fire(uint64_t at_ns)
{
    assert_true(dtt_timerq_deadline(&timers) == at_ns);
    struct dtt_timer *t = dtt_timerq_pop(&timers, at_ns);
    assert_non_null(t);
    const struct dtt_gossip_announcer *a = dtt_gossip_missing_next(
        &missing, at_ns, DTT_TIMER_OWNER(t, struct dtt_gossip_missing_entry, timer));
    return a ? a->slot : -1;
}

static void asks_one_after_the_other(void **state)
{
    (void)state;
    add(1, 4, 3, 0);
    add(1, 2, 0, 5 * DTT_MS);
    add(1, 9, 3, 6 * DTT_MS); /* once per peer */
    assert_int_equal(fire(80 * DTT_MS), 3);
    assert_int_equal(fire(200 * DTT_MS), 0);
    add(1, 1, 0, 201 * DTT_MS); /* asked already */
    add(1, 1, 7, 202 * DTT_MS);
    assert_int_equal(fire(320 * DTT_MS), 7);
    assert_int_equal(fire(440 * DTT_MS), -1);
    assert_int_equal(dtt_map_count(&missing.entries), 0);
    assert_true(dtt_timerq_deadline(&timers) == DTT_NEVER);
}

static void a_peer_leaves(void **state)
{
    (void)state;
    add(1, 1, 0, 0);
    add(1, 1, 1, 0);
    add(1, 1, 2, 0);
    add(2, 1, 1, 0);
    assert_int_equal(fire(80 * DTT_MS), 0);
    dtt_gossip_missing_forget_slot(&missing, 1);
    assert_int_equal(dtt_map_count(&missing.entries), 1);
    struct dtt_gossip_ihave one = ihave(1, 0);
    struct dtt_gossip_missing_entry *e = dtt_gossip_missing_get(&missing, &one.id);
    assert_int_equal(e->n, 2);
    assert_int_equal(e->tried, 1);
    dtt_gossip_missing_forget_slot(&missing, 0);
    assert_int_equal(e->n, 1);
    assert_int_equal(e->tried, 0);
    assert_int_equal(fire(200 * DTT_MS), 2);
    dtt_gossip_missing_forget_slot(&missing, 2);
    assert_int_equal(dtt_map_count(&missing.entries), 0);
}

/* Catching up is paced in lots of 16, and a second peer is asked only after a second. */
static void catches_up_slowly(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 40; n++) {
        add(n, DTT_GOSSIP_CATCH_UP, 0, 0);
        add(n, DTT_GOSSIP_CATCH_UP, 1, 0);
    }
    for (uint32_t n = 0; n < 40; n++) {
        assert_int_equal(fire((80 + n / 16 * 5) * DTT_MS), 0);
    }
    for (uint32_t n = 0; n < 40; n++) {
        assert_int_equal(fire((1080 + n / 16 * 5) * DTT_MS), 1);
    }
}

static void is_bounded(void **state)
{
    (void)state;
    struct dtt_gossip_ihave one_more = ihave(DTT_GOSSIP_MISSING_MAX, 0);
    for (uint32_t n = 0; n < DTT_GOSSIP_MISSING_MAX; n++) {
        add(n, 0, 0, 0);
    }
    assert_int_equal(dtt_gossip_missing_add(&missing, 0, &one_more, 0), DTT_EFULL);
    for (uint8_t slot = 0; slot < 16; slot++) {
        add(1, 0, slot, 0);
    }
    one_more = ihave(1, 0);
    assert_int_equal(dtt_gossip_missing_get(&missing, &one_more.id)->n, DTT_GOSSIP_ANNOUNCERS_MAX);
    for (uint32_t n = 0; n < DTT_GOSSIP_MISSING_MAX; n++) {
        struct dtt_gossip_ihave i = ihave(n, 0);
        dtt_gossip_missing_forget(&missing, dtt_gossip_missing_get(&missing, &i.id));
    }
    assert_int_equal(missing.entries.cap, 0); /* memory given back */
}

static bool is_there(uint32_t n)
{
    struct dtt_gossip_ihave i = ihave(n, 0);
    return dtt_gossip_missing_get(&missing, &i.id) != NULL;
}

/* One that announces without end does not keep the others from it. */
static void a_flood_makes_room(void **state)
{
    (void)state;
    struct dtt_gossip_ihave more = ihave(9999, 0);
    for (uint32_t n = 0; n < DTT_GOSSIP_MISSING_MAX; n++) {
        add(n, 0, 0, 0);
    }
    add(5000, 0, 1, 0);
    add(5001, 0, 1, 0);
    add(5002, 0, 2, 0);
    assert_int_equal(dtt_map_count(&missing.entries), DTT_GOSSIP_MISSING_MAX);
    assert_int_equal(timers.count, DTT_GOSSIP_MISSING_MAX);
    assert_false(is_there(0) || is_there(2));
    assert_true(is_there(3) && is_there(5000) && is_there(5001) && is_there(5002));
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_IHAVES_REFUSED], 3);
    assert_int_equal(dtt_gossip_missing_add(&missing, 0, &more, 0), DTT_EFULL);
    for (uint32_t n = 0; n < 2 * DTT_GOSSIP_MISSING_MAX; n++) {
        struct dtt_gossip_ihave i = ihave(10000 + n, 0);
        dtt_gossip_missing_add(&missing, 0, &i, n % 2 ? 3 : 0); /* two of them */
    }
    assert_true(missing.shares[0].count >= (DTT_GOSSIP_MISSING_MAX - 3) / 2);
    assert_true(missing.shares[3].count >= (DTT_GOSSIP_MISSING_MAX - 3) / 2);
    assert_true(is_there(5000) && is_there(5001) && is_there(5002));
}

/* What one that floods announces first is not lost with it once another announces it. */
static void shares_follow_announcers(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < DTT_GOSSIP_MISSING_MAX; n++) {
        add(n, 0, 0, 0);
    }
    add(0, 0, 1, 0);
    add(5000, 0, 2, 0);
    assert_true(is_there(0));
    assert_false(is_there(1));
    add(0, 0, 2, 0); /* its share is not smaller */
    assert_int_equal(missing.shares[1].count, 1);
    assert_int_equal(missing.shares[2].count, 1);
    dtt_gossip_missing_forget_slot(&missing, 1);
    assert_true(is_there(0));
    assert_int_equal(missing.shares[1].count, 0);
    assert_int_equal(missing.shares[0].count, DTT_GOSSIP_MISSING_MAX - 1);
    dtt_gossip_missing_forget_slot(&missing, 0);
    assert_int_equal(dtt_map_count(&missing.entries), 2);
    assert_int_equal(missing.shares[2].count, 2);
}

static void out_of_memory(void **state)
{
    (void)state;
    for (uint32_t n = 0; n < 40; n++) {
        struct dtt_gossip_ihave i = ihave(n, 0);
        for (long k = 1;; k++) {
            oom_arm(k);
            int err = dtt_gossip_missing_add(&missing, 0, &i, 0);
            if (!oom_disarm()) {
                assert_int_equal(err, DTT_OK);
                break;
            }
            assert_int_equal(err, DTT_ENOMEM);
            assert_null(dtt_gossip_missing_get(&missing, &i.id));
        }
    }
    assert_int_equal(dtt_map_count(&missing.entries), 40);
    assert_int_equal(timers.count, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(asks_one_after_the_other, setup, teardown),
        cmocka_unit_test_setup_teardown(a_peer_leaves, setup, teardown),
        cmocka_unit_test_setup_teardown(catches_up_slowly, setup, teardown),
        cmocka_unit_test_setup_teardown(is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_flood_makes_room, setup, teardown),
        cmocka_unit_test_setup_teardown(shares_follow_announcers, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
