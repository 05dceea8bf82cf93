/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "plumtree_script.h"

static void a_new_neighbor_is_told_what_was_said(void **state)
{
    (void)state;
    up(1);
    say('a');
    recv_ihave(1, 'a', 0);
    pass(10 * DTT_S);
    recv_gossip(1, 'b', 4);
    pass(3 * DTT_S + DTT_US);
    assert_string_equal(script(), "gossip(a, 0) > 1; received(b) < 1");
    up(2);
    pass(5 * DTT_MS);
    char want[64]; /* the ages when it is sent: 13.005001 and 3.005001 s */
    snprintf(want, sizeof(want), "ihave(a %d, b %d) > 2", 0x8000 + 13006, 0x8000 + 3006);
    assert_string_equal(script(), want);
    recv_graft(2, 'b');
    assert_string_equal(script(), "gossip(b, 5) > 2");
    /* It is eager from the start. */
    say('c');
    assert_string_equal(script(), "gossip(c, 0) > 1; gossip(c, 0) > 2");
    recv_ihave(1, 'c', 0);
    pass(20 * DTT_S);
    script();
    up(3); /* a is 33 seconds old */
    pass(5 * DTT_MS);
    snprintf(want, sizeof(want), "ihave(b %d, c %d) > 3", 0x8000 + 23011, 0x8000 + 20005);
    assert_string_equal(script(), want);
}

static void who_leaves_at_once_is_told_nothing(void **state)
{
    (void)state;
    up(1);
    say('a');
    script();
    up(2);
    down(2);
    pass(DTT_S);
    assert_string_equal(script(), "");
}

static void a_caught_up_message_is_announced(void **state)
{
    (void)state;
    char want[64];
    up(1);
    up(2);
    up(3);
    recv_ihave(1, 'a', 0x8000 + 12000);
    pass(80 * DTT_MS);
    snprintf(want, sizeof(want), "graft(a, %d) > 1", 0x8000 + 12000);
    assert_string_equal(script(), want);
    pass(20 * DTT_MS);
    recv_gossip(1, 'a', 3);
    assert_string_equal(script(), "received(a) < 1");
    pass(5 * DTT_MS);
    snprintf(want, sizeof(want), "ihave(a %d) > 2; ihave(a %d) > 3", 0x8000 + 12100,
             0x8000 + 12100);
    assert_string_equal(script(), want);
    /* It ends when it is 30 seconds old. */
    recv_graft(2, 'a');
    assert_string_equal(script(), "gossip(a, 4) > 2");
    pass(17895 * DTT_MS);
    recv_graft(2, 'a');
    up(4);
    pass(DTT_S);
    assert_string_equal(script(), "");
}

static void an_old_announcement_does_not_slow_a_new_message(void **state)
{
    (void)state;
    up(1);
    up(2);
    up(3);
    /* Pushed by somebody else than asked. */
    recv_ihave(1, 'a', 0x8000);
    pass(80 * DTT_MS);
    script();
    recv_gossip(2, 'a', 0);
    assert_string_equal(script(), "gossip(a, 1) > 3; received(a) < 2");
    /* Announced by a lazy neighbour too: then it is a new message, and kept as long as one. */
    recv_ihave(1, 'b', 0x8000 + 25000);
    recv_ihave(2, 'b', 1);
    pass(100 * DTT_MS);
    script();
    recv_gossip(1, 'b', 0);
    assert_string_equal(script(), "gossip(b, 1) > 3; received(b) < 1");
    pass(29 * DTT_S);
    recv_graft(2, 'b');
    assert_string_equal(script(), "gossip(b, 1) > 2");
    /* It may have been heard so long ago that its id was forgotten. */
    recv_ihave(1, 'c', dtt_gossip_age_round(30 * DTT_S) + 1);
    pass(DTT_S);
    assert_string_equal(script(), "");
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_IHAVES_REFUSED], 1);
}

/*
 * A connection ends, and what was under way on it may have arrived or not. Announced it would be
 * asked for only if not, and never be known to be there; so it is sent again.
 */
static void what_nobody_is_known_to_have_is_sent_whole(void **state)
{
    (void)state;
    up(1);
    say('a');
    say('b');
    recv_ihave(1, 'b', 0);
    script();
    dtt_plumtree_remind(&p, now, &peers[1]);
    pass(DTT_PLUMTREE_DISPATCH_NS);
    assert_string_equal(script(), "gossip(a, 0) > 1; ihave(b 32773) > 1");
    up(2); /* for it as well */
    pass(DTT_PLUMTREE_DISPATCH_NS);
    assert_string_equal(script(), "gossip(a, 0) > 2; ihave(b 32778) > 2");
    recv_ihave(2, 'a', 0);
    dtt_plumtree_remind(&p, now, &peers[1]);
    pass(DTT_PLUMTREE_DISPATCH_NS);
    assert_string_equal(script(), "ihave(a 32783, b 32783) > 1");
}

/* It is no way to be sent all of it again and again. */
static void little_is_sent_whole(void **state)
{
    (void)state;
    static uint8_t content[4000];
    unsigned count = DTT_PLUMTREE_WHOLE_BYTES / sizeof(content) + 10;
    up(1);
    for (unsigned n = 0; n < count; n++) {
        content[0] = (uint8_t)n;
        assert_int_equal(
            dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_SWARM, dtt_slice(content, sizeof(content))),
            DTT_OK);
    }
    script();
    dtt_plumtree_remind(&p, now, &peers[1]);
    pass(DTT_PLUMTREE_DISPATCH_NS);
    unsigned sent = 0;
    const char *rest = script();
    while ((rest = strstr(rest, "gossip(")) != NULL) {
        sent++;
        rest++;
    }
    assert_int_equal(sent, DTT_PLUMTREE_WHOLE_BYTES / (sizeof(content) + 40));
}

static void keep_for_two_minutes(void)
{
    p.received_messages.window =
        (struct dtt_gossip_window){.ns = 120 * DTT_S, .messages = 256, .bytes = 1 << 18};
}

#define ASK "graft(-, 63837)" /* 0x8000 + 30720 + (120000 - 30720) / 256, rounded up */

/* What is older than 30 s goes to those who ask for it, up to the age that they ask for. */
static void old_ones_are_for_those_who_ask(void **state)
{
    (void)state;
    char want[96];
    keep_for_two_minutes();
    up(1);
    pass(DTT_S);
    assert_string_equal(script(), ASK " > 1");
    recv_gossip(1, 'a', 0);
    pass(30 * DTT_S);
    recv_gossip(1, 'b', 0);
    pass(30 * DTT_S);
    recv_gossip(1, 'c', 0);
    script();
    up(2);
    up(3);
    pass(5 * DTT_MS);
    snprintf(want, sizeof(want), ASK " > 2; ihave(c %d) > 2; " ASK " > 3; ihave(c %d) > 3",
             0x8000 + 5, 0x8000 + 5);
    assert_string_equal(script(), want);
    recv_ask(2, 120 * DTT_S);
    recv_ask(3, 50 * DTT_S);
    pass(5 * DTT_MS);
    snprintf(want, sizeof(want), "ihave(a %d, b %d) > 2; ihave(b %d) > 3",
             dtt_gossip_age_round(60010 * DTT_MS), 0x8000 + 30010, 0x8000 + 30010);
    assert_string_equal(script(), want);
    recv_graft(2, 'a');
    assert_string_equal(script(), "gossip(a, 1) > 2");
    /* Once, until it comes anew. */
    recv_ask(2, 120 * DTT_S);
    recv_ask(3, 120 * DTT_S);
    pass(DTT_S);
    assert_string_equal(script(), "");
    dtt_plumtree_welcome(&p, now, &peers[2]);
    recv_ask(2, 120 * DTT_S); /* before it was told anything */
    pass(5 * DTT_MS);
    snprintf(want, sizeof(want), ASK " > 2; ihave(a %d, b %d, c %d) > 2",
             dtt_gossip_age_round(61015 * DTT_MS), dtt_gossip_age_round(31015 * DTT_MS),
             0x8000 + 1015);
    assert_string_equal(script(), want);
}

static void an_ask_leaves_a_lazy_link_alone(void **state)
{
    (void)state;
    up(1);
    up(2);
    recv_prune(2);
    recv_ask(2, 120 * DTT_S);
    say('a');
    assert_string_equal(script(), "gossip(a, 0) > 1");
    recv_ask(1, 20 * DTT_S); /* it is told of those anyway */
    pass(DTT_S);
    assert_string_equal(script(), "ihave(a 0) > 2");
}

/* A caught-up message that is older than 30 s is passed to those who have asked. */
static void an_old_one_is_passed_to_those_who_ask(void **state)
{
    (void)state;
    char want[64];
    keep_for_two_minutes();
    up(1);
    up(2);
    up(3);
    up(4);
    recv_ask(2, 120 * DTT_S);
    recv_ask(3, 60 * DTT_S);
    pass(DTT_S);
    script();
    recv_ihave(1, 'a', dtt_gossip_age_round(90 * DTT_S));
    pass(80 * DTT_MS);
    script();
    recv_gossip(1, 'a', 0);
    pass(5 * DTT_MS);
    snprintf(want, sizeof(want), "received(a) < 1; ihave(a %d) > 2",
             dtt_gossip_age_round(90112 * DTT_MS + 80 * DTT_MS));
    assert_string_equal(script(), want);
    /* What is left of its two minutes. */
    pass(29 * DTT_S);
    recv_graft(2, 'a');
    assert_string_equal(script(), "gossip(a, 1) > 2");
    pass(DTT_S);
    recv_graft(2, 'a');
    assert_string_equal(script(), "");
    /* Older than what we know all ids of. */
    recv_ihave(1, 'b', dtt_gossip_age_round(121 * DTT_S));
    pass(DTT_S);
    assert_string_equal(script(), "");
    /* An id is known for three minutes. */
    pass(58 * DTT_S);
    recv_ihave(1, 'a', dtt_gossip_age_round(0));
    pass(DTT_S);
    assert_string_equal(script(), "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_new_neighbor_is_told_what_was_said),
        T(who_leaves_at_once_is_told_nothing),
        T(a_caught_up_message_is_announced),
        T(an_old_announcement_does_not_slow_a_new_message),
        T(what_nobody_is_known_to_have_is_sent_whole),
        T(little_is_sent_whole),
        T(old_ones_are_for_those_who_ask),
        T(an_ask_leaves_a_lazy_link_alone),
        T(an_old_one_is_passed_to_those_who_ask),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
