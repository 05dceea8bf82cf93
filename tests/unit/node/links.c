/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "link_fakes.h"
#include "support/oom.h"

static void the_first_to_connect_ends_the_race(void **state)
{
    (void)state;
    know(3, "abc");
    send_to(3, "one");
    send_to(3, "two");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a; dial 3@b");
    up('b');
    assert_string_equal(script(), "close a; open b/1; topic 1; write b/1 one; write b/1 two");
    closed('a', DTT_REASON_CLOSED_BY_US);
    send_to(3, "three");
    assert_string_equal(script(), "write b/1 three");
    closed('b', DTT_REASON_RESET);
    assert_string_equal(script(), "gone 3 reset");
}

static void what_waits_is_sent_as_it_is_by_then(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "then");
    send_to(3, "ever");
    up('a');
    send_to(3, "then");
    assert_string_equal(script(), "dial 3@a; open a/1; topic 1; write a/1 now; write a/1 ever; "
                                  "write a/1 then");
}

static void a_goodbye_is_no_reason_to_dial(void **state)
{
    (void)state;
    know(3, "a");
    send_in(3, &red, "bye", true);
    assert_string_equal(script(), "");
    send_to(3, "hello");
    send_in(3, &red, "bye", true);
    up('a');
    assert_string_equal(script(),
                        "dial 3@a; open a/1; topic 1; write a/1 hello; write a/1 bye end");
}

static void a_dial_outlives_an_accepted_connection(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "hello");
    accept_from(3, 'b');
    assert_string_equal(script(), "dial 3@a; open b/1; topic 1; write b/1 hello");
    closed('b', DTT_REASON_CLOSED_BY_PEER); /* the dial is still under way */
    assert_string_equal(script(), "");
    send_to(3, "more");
    up('a');
    assert_string_equal(script(), "open a/2; topic 2; write a/2 more");
    closed('a', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "gone 3 timeout");
}

static void we_answer_where_the_peer_speaks(void **state)
{
    (void)state;
    accept_from(3, 'a');
    accept_from(3, 'b');
    pass(DTT_MS);
    hear('a', 1, "one", false);
    send_to(3, "two");
    assert_string_equal(script(), "hear 3 one; open a/1; topic 1; write a/1 two");
    hear('b', 1, "three", false); /* the first one spoke only just now */
    send_to(3, "four");
    assert_string_equal(script(), "hear 3 three; write a/1 four");
    pass(DTT_LINKS_FRESH_NS);
    hear('b', 2, "five", false);
    send_to(3, "six");
    assert_string_equal(script(), "hear 3 five; end a/1; open b/2; topic 2; write b/2 six");
    closed('a', DTT_REASON_TIMEOUT); /* the other one is left */
    send_to(3, "seven");
    assert_string_equal(script(), "write b/2 seven");
}

/* Its former life spoke just now, and cannot hear an answer any more. */
static void we_answer_a_restarted_peer(void **state)
{
    (void)state;
    accept_from(3, 'a');
    pass(DTT_MS);
    hear('a', 1, "one", false);
    send_to(3, "two");
    assert_string_equal(script(), "hear 3 one; open a/1; topic 1; write a/1 two");
    pass(DTT_MS);
    accept_from(3, 'b');
    send_to(3, "three"); /* it may have dialled at the same time as we */
    assert_string_equal(script(), "write a/1 three");
    hear('b', 1, "join", false);
    send_to(3, "welcome");
    assert_string_equal(script(), "hear 3 join; end a/1; open b/2; topic 2; write b/2 welcome");
    hear('a', 2, "late", false); /* was on its way */
    send_to(3, "four");
    assert_string_equal(script(), "hear 3 late; write b/2 four");
}

/* Both dial at once and speak where they dialled: each answers where it is spoken to, for good. */
static void two_dials_at_once_settle(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "mine");
    assert_string_equal(script(), "dial 3@a");
    up('a');
    accept_from(3, 'b');
    assert_string_equal(script(), "open a/1; topic 1; write a/1 mine; end a/1");
    pass(DTT_MS);
    hear('b', 1, "theirs", false);
    send_to(3, "answer");
    assert_string_equal(script(), "hear 3 theirs; open b/2; topic 2; write b/2 answer");
    for (int i = 0; i < 5; i++) {
        pass(DTT_MS);
        hear('a', 2 + i, "x", false);
        hear('b', 2 + i, "y", false);
        send_to(3, "z");
        assert_string_equal(script(), "hear 3 x; hear 3 y; write b/2 z");
    }
}

static void a_mute_peer_loses_its_connections(void **state)
{
    struct dtt_id id = id_of(3);
    (void)state;
    dtt_links_mute(&l, now, &id); /* it has no link */
    accept_from(3, 'a');
    accept_from(3, 'b');
    dtt_links_neighbor(&l, now, &id, 1);
    pass(DTT_LINKS_MUTE_NS - 1);
    dtt_links_mute(&l, now, &id);
    assert_string_equal(script(), "");
    hear('b', 1, "of another topic", false);
    pass(1);
    dtt_links_mute(&l, now, &id);
    assert_string_equal(script(), "hear 3 of another topic");
    pass(DTT_LINKS_MUTE_NS);
    is_unread = true;
    send_to(3, "asked");
    is_unread = false;
    pass(DTT_BACKLOG_LOOK_NS);
    (void)script();
    dtt_links_mute(&l, now, &id);
    assert_string_equal(script(), ""); /* nothing is acknowledged: our own link may be down */
    for (size_t i = 0; i < 2; i++) {
        conns[i].unacked = 0;
    }
    pass(DTT_BACKLOG_LOOK_NS);
    dtt_links_mute(&l, now, &id);
    assert_string_equal(script(), "close b (mute); close a (mute)");
    closed('b', DTT_REASON_CLOSED_BY_US);
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "gone 3 mute");
}

static void of_too_many_connections_the_least_used_goes(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        char letter = (char)('a' + i);
        accept_from(3, letter);
        hear(letter, 1, "x", false);
        script();
    }
    accept_from(3, 'f');
    assert_memory_equal(script(), "close ", 6);
    dtt_links_close_all(&l, now);
    assert_int_equal(l.streams_in, 4 + 1);
}

static void an_unneeded_connection_lingers(void **state)
{
    (void)state;
    accept_from(3, 'a');
    neighbor(3, 1);
    assert_int_equal(dtt_links_deadline(&l), DTT_NEVER);
    neighbor(3, 1); /* in another topic */
    neighbor(3, -1);
    pass(DTT_S * 3600);
    assert_string_equal(script(), "");
    neighbor(3, -1);
    pass(DTT_LINKS_LINGER_NS - 1);
    hear('a', 1, "wait", false);
    pass(DTT_LINKS_LINGER_NS - 1);
    assert_string_equal(script(), "hear 3 wait");
    pass(1);
    assert_string_equal(script(), "close a (close from disconnect)");
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "gone 3 closed_by_us");
}

/* Not everybody who knows how to speak, but those whom a topic needs, and the proven. */
static void few_are_trusted(void **state)
{
    static const unsigned peers[] = {3, 4, 300, 400};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        accept_from(peers[i], (char)('a' + i));
        hear((char)('a' + i), 1, "unknown", true);
    }
    neighbor(4, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_false(conns[i].is_trusted);
        hear((char)('a' + i), 2, "x", true);
        assert_int_equal(conns[i].is_trusted, i > 0);
    }
    neighbor(4, -1);
    hear('b', 3, "bye", true);
    assert_false(conns[1].is_trusted);
}

/* What gossip does not understand renews nothing. */
static void noise_does_not_renew(void **state)
{
    (void)state;
    accept_from(3, 'a');
    pass(DTT_LINKS_LINGER_NS - 1);
    hear('a', 1, "unknown", false);
    pass(1);
    assert_string_equal(script(), "hear 3 unknown; close a (close from disconnect)");
}

static void who_reads_too_slowly_is_let_go(void **state)
{
    (void)state;
    accept_from(3, 'a');
    send_to(3, "one");
    write_error = DTT_EAGAIN;
    send_to(3, "two");
    assert_string_equal(script(), "open a/1; topic 1; write a/1 one; close a (too slow)");
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "gone 3 too_slow");
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_PEERS_SLOW], 1);
    accept_from(4, 'b');
    write_error = DTT_ENOMEM;
    send_to(4, "one");
    closed('b', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "open b/2; close b (cannot send); gone 4 closed_by_us");
    accept_from(5, 'c');
    open_error = DTT_EAGAIN; /* it allows no stream */
    send_to(5, "one");
    closed('c', DTT_REASON_TIMEOUT); /* meanwhile it has fallen silent */
    assert_string_equal(script(), "close c (too slow); gone 5 timeout");
}

/* Sends so many KiB, none of which are taken. True when the peer is slow therefore. */
static bool fill(unsigned peer, size_t kib)
{
    static const uint8_t zeros[1024 - 4];
    const struct dtt_outflow_message m = {.topic = &red,
                                          .payload = dtt_slice(zeros, sizeof(zeros))};
    struct dtt_id id = id_of(peer);
    bool is_slow = false;
    is_unread = true;
    for (size_t i = 0; i < kib; i++) {
        dtt_links_send(&l, now, &id, &m, NULL);
        is_slow |= strstr(script(), "slow") != NULL;
    }
    is_unread = false;
    return is_slow;
}

static void a_slow_neighbor_gets_announcements(void **state)
{
    struct dtt_id id = id_of(3);
    (void)state;
    accept_from(3, 'a');
    neighbor(3, 1);
    assert_false(fill(3, 100));
    pass(DTT_BACKLOG_LOOK_NS); /* it may be fast: this was a burst */
    assert_string_equal(script(), "");
    assert_true(dtt_links_may_push(&l, &id, 101 * 1024));
    assert_false(dtt_links_may_push(&l, &id, 99 * 1024));
    assert_true(is_told_silent && dtt_links_is_silent(&l, &id));
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "slow 3");
    is_told_silent = false;
    neighbor(3, 1); /* in another topic, whose gossip has yet to hear it */
    assert_string_equal(script(), "slow 3");
    assert_true(is_told_silent);
    conns[0].unacked = 0;
    /* It has taken all, but gets announcements until the next look: it sets no pace meanwhile. */
    assert_false(dtt_links_may_push(&l, &id, 101 * 1024));
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "fast 3");
    assert_false(dtt_links_is_silent(&l, &id));
    assert_true(dtt_links_may_push(&l, &id, 0));
    assert_false(fill(3, DTT_BACKLOG_SLOW_NOW / 1024));
    conns[0].unacked = 5000; /* it has taken nearly all meanwhile */
    assert_false(fill(3, 100));
    assert_true(fill(3, DTT_BACKLOG_SLOW_NOW / 1024 - 100));
    conns[0].unacked = 0;
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "fast 3");
    assert_int_equal(dtt_links_deadline(&l), DTT_NEVER);
}

static void a_neighbor_that_stops_is_let_go(void **state)
{
    struct dtt_id id = id_of(3);
    (void)state;
    accept_from(3, 'a');
    neighbor(3, 1);
    assert_true(fill(3, 300));
    conns[0].is_blocked = true;
    script();
    for (int i = 0; i < 5; i++) { /* it goes on, a byte at a time */
        pass(DTT_BACKLOG_LOOK_NS);
        conns[0].unacked--;
    }
    assert_true(dtt_links_is_late(&l, now, &id));
    pass(DTT_BACKLOG_LOOK_NS); /* the last byte */
    for (int i = 0; i < 4; i++) {
        pass(DTT_BACKLOG_LOOK_NS);
    }
    assert_string_equal(script(), "");
    pass(DTT_BACKLOG_LOOK_NS);
    assert_string_equal(script(), "close a (too slow)");
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_string_equal(script(), "gone 3 too_slow");
}

static void a_peer_with_many_events_is_not_read_from(void **state)
{
    struct dtt_events events;
    struct dtt_event ev = {.type = DTT_EVENT_MESSAGE, .u.message.neighbor = id_of(3)};
    (void)state;
    dtt_events_init(&events, hash_key);
    accept_from(3, 'a');
    accept_from(4, 'b');
    for (int i = 0; i < DTT_EVENTS_A_PEER; i++) {
        dtt_links_follow(&l, &events);
        assert_false(dtt_links_lag(&l, &events));
        dtt_events_push(&events, now, &ev, dtt_slice(NULL, 0));
    }
    assert_true(dtt_links_lag(&l, &events));
    dtt_links_follow(&l, &events);
    accept_from(3, 'c');
    dtt_links_follow(&l, &events);
    assert_string_equal(script(), "hold a; hold c");
    while (dtt_events_next(&events)) {
    }
    assert_true(dtt_links_lag(&l, &events));
    dtt_links_follow(&l, &events);
    assert_string_equal(script(), "release c; release a");
    dtt_events_fini(&events);
}

static void each_topic_has_its_stream(void **state)
{
    (void)state;
    accept_from(3, 'a');
    send_in(3, &red, "one", false);
    send_in(3, &blue, "two", false);
    send_in(3, &red, "bye", true);
    send_in(3, &red, "again", false);
    assert_string_equal(script(), "open a/1; topic 1; write a/1 one; open a/2; topic 2; "
                                  "write a/2 two; write a/1 bye end; open a/3; topic 3; "
                                  "write a/3 again");
}

static void bad_streams_end_the_connection(void **state)
{
    (void)state;
    accept_from(3, 'a');
    hear('a', 1, "bad", false);
    assert_false(conns[0].is_trusted);
    assert_string_equal(script(), "hear 3 bad; close a (bad gossip stream)");
    for (int64_t stream = 2; stream <= DTT_INFLOW_MAX; stream++) {
        hear('a', stream, "x", false);
    }
    script();
    hear('a', 1000, "one too many", false);
    assert_string_equal(script(), "close a (bad gossip stream)");
    event(DTT_QUIC_STREAM_RESET, 'a', (struct dtt_quic_event){.stream = 2});
    hear('a', 1000, "now it fits", true);
    assert_string_equal(script(), "hear 3 now it fits");
    assert_int_equal(l.streams_in, DTT_INFLOW_MAX - 1);
    closed('a', DTT_REASON_CLOSED_BY_US);
    assert_int_equal(l.streams_in, 0);
}

static void queues_and_peers_are_bounded(void **state)
{
    struct dtt_id id = id_of(3);
    (void)state;
    know(3, "a");
    for (int i = 0; i <= DTT_OUTFLOW_QUEUE; i++) {
        send_to(3, "hello");
    }
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_MESSAGES_DROPPED], 1);
    assert_int_equal(dtt_links_unacked(&l, &id), 5 * DTT_OUTFLOW_QUEUE);
    for (unsigned peer = 4; peer < 3 + DTT_LINKS_MAX; peer++) {
        send_to(peer, "hello");
    }
    script();
    send_to(599, "hello");
    assert_string_equal(script(), "gone 599 limit");
    accept_from(598, 'b');
    assert_string_equal(script(), "close b (too many peers)");
    up('a');
    script();
    conns[0].unacked = 7;
    assert_int_equal(dtt_links_unacked(&l, &id), 7);
    dtt_links_close_all(&l, now);
    assert_string_equal(script(), "close a (close from disconnect)");
}

/* Each allocation fails once: nothing is lost but what the failure is about. */
static void survives_allocation_failures(void **state)
{
    for (long n = 1;; n++) {
        setup(state);
        oom_arm(n);
        know(3, "ab");
        send_to(3, "hello");
        pass(DTT_RACE_STAGGER_NS);
        accept_from(4, 'd');
        hear('d', 1, "hello", false);
        send_to(4, "hello");
        if (conns[1].peer == 3) {
            up('b');
        }
        hear('d', 2, "hello", true);
        send_to(3, "more");
        pass(DTT_LINKS_LINGER_NS);
        bool happened = oom_disarm();
        dtt_links_close_all(&l, now);
        teardown(state);
        if (!happened) {
            assert_true(n > 8);
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_first_to_connect_ends_the_race),
        T(what_waits_is_sent_as_it_is_by_then),
        T(a_goodbye_is_no_reason_to_dial),
        T(a_dial_outlives_an_accepted_connection),
        T(we_answer_where_the_peer_speaks),
        T(we_answer_a_restarted_peer),
        T(two_dials_at_once_settle),
        T(a_mute_peer_loses_its_connections),
        T(of_too_many_connections_the_least_used_goes),
        T(an_unneeded_connection_lingers),
        T(few_are_trusted),
        T(noise_does_not_renew),
        T(who_reads_too_slowly_is_let_go),
        T(a_slow_neighbor_gets_announcements),
        T(a_neighbor_that_stops_is_let_go),
        T(a_peer_with_many_events_is_not_read_from),
        T(each_topic_has_its_stream),
        T(bad_streams_end_the_connection),
        T(queues_and_peers_are_bounded),
        cmocka_unit_test(survives_allocation_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
