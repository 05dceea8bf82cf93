/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/meetings.h"

#include "support/vectors.h"

static struct dtt_meetings m;
static struct dtt_now now = {.mono_ns = 100 * DTT_S, .wall_ns = (int64_t)(1000 * 60 * DTT_S)};
static const struct dtt_gossip_topic_id topic = {{1}};

static struct dtt_id id_of(unsigned n)
{
    return (struct dtt_id){.bytes = {(uint8_t)n, (uint8_t)(n >> 8)}};
}

static int setup(void **state)
{
    (void)state;
    dtt_meetings_init(&m);
    return 0;
}

static void a_meeting_of_ours_goes_from_asking_to_knocking(void **state)
{
    struct dtt_id peer = id_of(1), middle = id_of(2);
    struct dtt_addr at = dtt_addr_v4(203, 0, 113, 1, 4000),
                    seen = dtt_addr_v4(203, 0, 113, 2, 4001);
    bool is_whisper;
    (void)state;
    struct dtt_meeting *meeting = dtt_meetings_begin(&m, &peer, &topic, true);
    assert_null(dtt_meetings_find(&m, &peer, true)); /* in no state yet */
    dtt_meetings_ask(meeting, now, &middle, &at, 7);
    assert_ptr_equal(dtt_meetings_find(&m, &peer, true), meeting);
    assert_null(dtt_meetings_find(&m, &peer, false));
    assert_int_equal(dtt_meetings_deadline(&m), now.mono_ns + DTT_MEETINGS_ANSWER_NS);
    dtt_meetings_knock(meeting, now, &seen);
    assert_true(dtt_meetings_is_at(meeting, &seen));
    seen.port++;
    assert_true(dtt_meetings_is_at(meeting, &seen));
    assert_false(dtt_meetings_is_at(meeting, &at));
    struct dtt_now t = now;
    unsigned rounds = 0, whispers = 0;
    while (meeting->state == DTT_MEETING_KNOCKING) {
        t.mono_ns = dtt_meetings_deadline(&m);
        bool is_round = dtt_meetings_round(meeting, t, &is_whisper);
        rounds += is_round;
        whispers += is_round && is_whisper;
    }
    assert_int_equal(rounds, 6);
    assert_int_equal(whispers, 1);
    assert_int_equal(t.mono_ns - now.mono_ns, 3750 * DTT_MS);
    assert_int_equal(dtt_meetings_deadline(&m), DTT_NEVER);
}

/* What the middle sees comes first, and the last address makes room for it. */
static void there_are_four_addresses(void **state)
{
    struct dtt_id peer = id_of(1);
    struct dtt_addr seen = dtt_addr_v4(203, 0, 113, 9, 4000);
    (void)state;
    struct dtt_meeting *meeting = dtt_meetings_begin(&m, &peer, &topic, false);
    for (uint8_t i = 0; i < DTT_MEET_MESSAGE_ADDRS; i++) {
        meeting->addrs[meeting->n++] = dtt_addr_v4(203, 0, 113, i, 4000);
    }
    dtt_meetings_knock(meeting, now, &seen);
    assert_int_equal(meeting->n, DTT_MEET_MESSAGE_ADDRS);
    assert_true(dtt_addr_eq(&meeting->addrs[0], &seen));
    assert_int_equal(meeting->addrs[3].ip[3], 2);
    dtt_meetings_knock(meeting, now, &seen);
    assert_int_equal(meeting->addrs[3].ip[3], 2); /* known already */
}

/* Those that others ask for take no place of ours. */
static void places_are_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        struct dtt_id peer = id_of(i);
        struct dtt_meeting *meeting = dtt_meetings_begin(&m, &peer, &topic, false);
        assert_int_equal(meeting != NULL, i < DTT_MEETINGS_MAX);
        if (meeting) {
            dtt_meetings_knock(meeting, now, NULL);
        }
    }
    for (unsigned i = 0; i < 20; i++) {
        struct dtt_id peer = id_of(i);
        struct dtt_meeting *meeting = dtt_meetings_begin(&m, &peer, &topic, true);
        assert_int_equal(meeting != NULL, i < DTT_MEETINGS_MAX);
        if (meeting) {
            dtt_meetings_knock(meeting, now, NULL);
        }
    }
    struct dtt_id peer = id_of(3);
    dtt_meetings_end(dtt_meetings_find(&m, &peer, true));
    assert_non_null(dtt_meetings_begin(&m, &peer, &topic, true));
}

static void a_message_is_new_once(void **state)
{
    struct dtt_meet_head head = {.nonce = {0}};
    (void)state;
    for (uint32_t minute = 995; minute <= 1005; minute++) {
        bool is_timely = minute >= 999 && minute <= 1001;
        head.minute = minute;
        assert_int_equal(dtt_meetings_is_new(&m, now, &head), is_timely);
        assert_false(dtt_meetings_is_new(&m, now, &head));
    }
    head.minute = 1000;
    size_t n = 3;
    for (uint32_t i = 1; i < 2 * DTT_MEETINGS_NONCES; i++) {
        dtt_put_be32(head.nonce, i);
        n += dtt_meetings_is_new(&m, now, &head);
    }
    assert_int_equal(n, DTT_MEETINGS_NONCES); /* none is forgotten before its time */
    struct dtt_now later = {.mono_ns = now.mono_ns, .wall_ns = (int64_t)(1003 * 60 * DTT_S)};
    head.minute = 1003;
    assert_true(dtt_meetings_is_new(&m, later, &head));
    assert_int_equal(m.n_nonces, 1);
}

static void pairs_have_turns_and_shares(void **state)
{
    (void)state;
    for (unsigned from = 0; from < 20; from++) {
        for (unsigned to = 100; to < 120; to++) {
            struct dtt_id a = id_of(from), b = id_of(to);
            bool may =
                from < DTT_MEETINGS_PAIRS / DTT_MEETINGS_SHARE && to < 100 + DTT_MEETINGS_SHARE;
            assert_int_equal(dtt_meetings_pair(&m, now, &a, &b) != NULL, may);
        }
    }
    struct dtt_now later = {.mono_ns = now.mono_ns + DTT_MEETINGS_PAIR_NS - 1};
    struct dtt_id a = id_of(0), b = id_of(100);
    assert_null(dtt_meetings_pair(&m, later, &a, &b));
    later.mono_ns++;
    assert_non_null(dtt_meetings_pair(&m, later, &a, &b));
    assert_null(dtt_meetings_pair(&m, later, &a, &b));
    assert_non_null(dtt_meetings_pair(&m, later, &b, &a));
}

static void messages_are_looked_at_at_a_rate(void **state)
{
    struct dtt_now t = now;
    size_t n = 0;
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        n += dtt_meetings_may_look(&m, t);
        t.mono_ns += 10 * DTT_MS;
    }
    assert_in_range(n, DTT_MEETINGS_BURST + 10 * DTT_MEETINGS_RATE - 1,
                    DTT_MEETINGS_BURST + 10 * DTT_MEETINGS_RATE);
}

#define T(test) cmocka_unit_test_setup(test, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_meeting_of_ours_goes_from_asking_to_knocking),
        T(there_are_four_addresses),
        T(places_are_bounded),
        T(a_message_is_new_once),
        T(pairs_have_turns_and_shares),
        T(messages_are_looked_at_at_a_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
