/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/past.h"

#include "support/vectors.h"

static struct dtt_ctx ctx;
static struct dtt_gossip_past past;

static struct dtt_now at(uint64_t s)
{
    return (struct dtt_now){.mono_ns = s * DTT_S};
}

static struct dtt_gossip_topic_id topic(uint8_t n)
{
    return (struct dtt_gossip_topic_id){.bytes = {n}};
}

/* Topic `n`, left at `s` seconds with `ids` messages. */
static void leave(uint8_t n, uint64_t s, uint8_t ids)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    struct dtt_gossip_topic_id id = topic(n);
    struct dtt_gossip_recall recall;
    dtt_gossip_recall_init(&recall, &ctx, hash_key);
    for (uint8_t i = 0; i < ids; i++) {
        struct dtt_gossip_message_id message = {.bytes = {n, i}};
        assert_int_equal(dtt_gossip_recall_add(&recall, at(s).mono_ns, NULL, &message, NULL, 0),
                         DTT_OK);
    }
    dtt_gossip_past_keep(&past, at(s), &id, &recall);
}

static bool take(uint8_t n)
{
    struct dtt_gossip_topic_id id = topic(n);
    struct dtt_gossip_message_id message = {.bytes = {n}};
    struct dtt_gossip_recall *recall = dtt_gossip_past_take(&past, &id);
    bool is_there = recall && dtt_gossip_recall_has(recall, &message);
    if (recall) {
        dtt_gossip_recall_fini(recall);
    }
    return is_there;
}

static void a_topic_is_taken_once(void **state)
{
    (void)state;
    leave(1, 10, 3);
    assert_false(take(2));
    assert_true(take(1));
    assert_false(take(1));
    leave(1, 10, 0); /* nothing to remember */
    assert_false(take(1));
    assert_int_equal(dtt_gossip_past_deadline(&past), DTT_NEVER);
}

static void it_ends_with_its_ids(void **state)
{
    (void)state;
    leave(1, 10, 1);
    leave(2, 20, 1);
    assert_int_equal(dtt_gossip_past_deadline(&past), at(10).mono_ns + 90 * DTT_S);
    dtt_gossip_past_tick(&past, at(100));
    assert_false(take(1));
    assert_true(take(2));
}

static void the_one_left_first_makes_room(void **state)
{
    (void)state;
    for (uint8_t i = 0; i <= DTT_GOSSIP_PAST_TOPICS; i++) {
        leave(i, 10u + i, 2);
    }
    assert_false(take(0));
    for (uint8_t i = 1; i <= DTT_GOSSIP_PAST_TOPICS; i++) {
        assert_true(take(i));
    }
    leave(1, 50, 2);
    dtt_gossip_past_fini(&past); /* a leak is the sanitizer's to see */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_topic_is_taken_once),
        cmocka_unit_test(it_ends_with_its_ids),
        cmocka_unit_test(the_one_left_first_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
