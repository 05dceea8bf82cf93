/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/oom.h"

#include "plumtree_script.h"

#include <stdlib.h>

/* ---- broadcast */

static void pushes_and_announces(void **state)
{
    (void)state;
    two_and_two();
    say('a');
    assert_string_equal(script(), "gossip(a, 0) > 1; gossip(a, 0) > 2");
    pass(4 * DTT_MS);
    say('b');
    assert_string_equal(script(), "gossip(b, 0) > 1; gossip(b, 0) > 2");
    pass(DTT_MS);
    assert_string_equal(script(), "ihave(a 0, b 0) > 3; ihave(a 0, b 0) > 4");
    pass(DTT_S);
    assert_string_equal(script(), "");
}

/* Three hops from who said it a message goes over two of the new links; the others turn lazy. */
static void far_away_few_new_links_are_tried(void **state)
{
    (void)state;
    for (int i = 1; i <= 6; i++) {
        up(i);
    }
    recv_gossip(1, 'a', 2);
    assert_string_equal(script(), "gossip(a, 3) > 2; gossip(a, 3) > 3; received(a) < 1");
    pass(5 * DTT_MS);
    assert_string_equal(script(), "ihave(a 3) > 4; ihave(a 3) > 5; ihave(a 3) > 6");
    say('b');
    assert_string_equal(script(), "gossip(b, 0) > 1; gossip(b, 0) > 2; gossip(b, 0) > 3");
    /* Nearer all are tried, and who was does not count any more. */
    up(7);
    up(8);
    up(9);
    recv_gossip(1, 'c', 1);
    assert_string_equal(script(), "gossip(c, 2) > 2; gossip(c, 2) > 3; gossip(c, 2) > 7; "
                                  "gossip(c, 2) > 8; gossip(c, 2) > 9; received(c) < 1");
    recv_gossip(1, 'd', 2);
    assert_string_equal(script(), "gossip(d, 3) > 2; gossip(d, 3) > 3; gossip(d, 3) > 7; "
                                  "gossip(d, 3) > 8; gossip(d, 3) > 9; received(d) < 1");
}

static void repeats_nothing(void **state)
{
    (void)state;
    two_and_two();
    say('a');
    script();
    say('a');
    assert_string_equal(script(), "");
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_TX_REPEATED], 1);
    pass(91 * DTT_S);
    script();
    say('a');
    assert_string_equal(script(), "gossip(a, 0) > 1; gossip(a, 0) > 2");
}

static void to_the_neighbors(void **state)
{
    (void)state;
    two_and_two();
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_NEIGHBORS, dtt_slice("a", 1)),
                         DTT_OK);
        assert_string_equal(script(), "gossip(a) > 1; gossip(a) > 2; gossip(a) > 3; gossip(a) > 4");
    }
    struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP};
    m.u.gossip.id = script_id('b');
    m.u.gossip.content = dtt_slice("b", 1);
    m.u.gossip.scope = DTT_GOSSIP_NEIGHBORS;
    recv(3, &m);
    recv(3, &m); /* not remembered */
    assert_string_equal(script(), "received(b, neighbors) < 3; received(b, neighbors) < 3");
    assert_int_equal(dtt_map_count(&p.received_messages.ids), 0);
}

static void sizes(void **state)
{
    (void)state;
    static uint8_t bytes[DTT_GOSSIP_CONTENT_MAX + 2];
    struct dtt_slice s = dtt_slice(bytes, DTT_GOSSIP_CONTENT_MAX);
    up(1);
    assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_SWARM, s), DTT_OK);
    s.len++;
    assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_SWARM, s), DTT_ETOOBIG);
    assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_NEIGHBORS, s), DTT_OK);
    s.len++;
    assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_NEIGHBORS, s), DTT_ETOOBIG);
    assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_SWARM, dtt_slice(NULL, 0)), DTT_OK);
}

/* ---- Gossip */

static void forwards_what_is_new(void **state)
{
    (void)state;
    two_and_two();
    recv_gossip(1, 'a', 4);
    assert_string_equal(script(), "gossip(a, 5) > 2; received(a) < 1");
    pass(5 * DTT_MS);
    assert_string_equal(script(), "ihave(a 5) > 3; ihave(a 5) > 4");
    /* A lazy link is as good as another to receive. */
    recv_gossip(3, 'b', 0);
    assert_string_equal(script(), "gossip(b, 1) > 1; gossip(b, 1) > 2; received(b) < 3");
    pass(5 * DTT_MS);
    assert_string_equal(script(), "ihave(b 1) > 4");
}

static void prunes_who_brings_a_duplicate(void **state)
{
    (void)state;
    two_and_two();
    recv_gossip(1, 'a', 0);
    script();
    recv_gossip(2, 'a', 0);
    assert_string_equal(script(), "prune > 2");
    say('b');
    assert_string_equal(script(), "gossip(b, 0) > 1");
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_RX_DUPLICATES], 1);
}

/* Three messages within 250 ms make a topic busy: then one link is pruned in 250 ms. */
static void a_busy_topic_prunes_one_at_a_time(void **state)
{
    (void)state;
    two_and_two();
    recv_prune(1);
    recv_prune(2);
    for (char letter = 'a'; letter <= 'c'; letter++) {
        recv_gossip(1, letter, 0);
    }
    script();
    recv_gossip(2, 'a', 0);
    recv_gossip(3, 'a', 0);
    recv_gossip(2, 'b', 0);
    assert_string_equal(script(), "prune > 2");
    pass(200 * DTT_MS);
    recv_gossip(1, 'd', 0);
    pass(50 * DTT_MS);
    script();
    recv_gossip(2, 'd', 0);
    recv_gossip(3, 'd', 0);
    assert_string_equal(script(), "prune > 2; prune > 3"); /* 'a' to 'c' came long ago */
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_RX_DUPLICATES], 5);
}

static void a_busy_topic_prunes_new_links_at_once(void **state)
{
    (void)state;
    two_and_two();
    up(5);
    for (char letter = 'a'; letter <= 'c'; letter++) {
        recv_gossip(5, letter, 0);
    }
    script();
    recv_gossip(1, 'a', 0);
    recv_gossip(2, 'a', 0);
    assert_string_equal(script(), "prune > 1; prune > 2");
    recv_gossip(3, 'a', 0);
    recv_gossip(4, 'a', 0);
    assert_string_equal(script(), "prune > 3");
}

static void own_words_on_a_busy_topic_go_to_all(void **state)
{
    (void)state;
    two_and_two();
    recv_gossip(1, 'a', 0);
    recv_gossip(1, 'b', 0);
    pass(249 * DTT_MS);
    recv_gossip(1, 'c', 0);
    script();
    say('d');
    assert_string_equal(script(),
                        "gossip(d, 0) > 1; gossip(d, 0) > 2; gossip(d, 0) > 3; gossip(d, 0) > 4");
    recv_gossip(1, 'e', 0);
    assert_string_equal(script(), "gossip(e, 1) > 2; received(e) < 1");
    pass(DTT_S);
    script();
    say('f');
    assert_string_equal(script(), "gossip(f, 0) > 1; gossip(f, 0) > 2");
}

static void drops_a_wrong_id(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP};
    up(1);
    m.u.gossip.id = script_id('a');
    m.u.gossip.content = dtt_slice("b", 1);
    recv(1, &m);
    m.u.gossip.scope = DTT_GOSSIP_NEIGHBORS;
    recv(1, &m);
    assert_string_equal(script(), "");
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_RX_WRONG_ID], 2);
    assert_int_equal(dtt_map_count(&p.received_messages.ids), 0);
}

static void rounds_do_not_overflow(void **state)
{
    (void)state;
    up(1);
    up(2);
    recv_gossip(1, 'a', 65535);
    assert_string_equal(script(), "gossip(a, 32767) > 2; received(a) < 1");
}

/* A content that fits with round 127 but not with 128. */
static void the_largest_content_ends_its_way(void **state)
{
    (void)state;
    static uint8_t bytes[DTT_GOSSIP_CONTENT_MAX];
    struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP};
    struct dtt_gossip_outbox_item item;
    up(1);
    up(2);
    m.u.gossip.content = dtt_slice(bytes, sizeof(bytes));
    dtt_blake3(m.u.gossip.id.bytes, m.u.gossip.content);
    m.u.gossip.round = 127;
    recv(1, &m);
    assert_true(dtt_gossip_outbox_pop(&outbox, &item));
    assert_int_equal(item.type, DTT_GOSSIP_RECEIVED);
    assert_int_equal(item.len, sizeof(bytes));
    dtt_gossip_blob_unref(item.blob);
    assert_false(dtt_gossip_outbox_pop(&outbox, &item));
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_NOT_FORWARDED], 1);
    recv(2, &m);
    assert_string_equal(script(), "prune > 2");
}

static void ignores_strangers(void **state)
{
    (void)state;
    up(1);
    say('z');
    script();
    recv_gossip(2, 'a', 0);
    recv_ihave(2, 'b', 0);
    recv_graft(2, 'z');
    recv_prune(2);
    pass(DTT_S);
    assert_string_equal(script(), "");
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_RX_STRANGERS], 4);
}

/* ---- IHave and Graft */

static void grafts_what_does_not_come(void **state)
{
    (void)state;
    two_and_two();
    recv_ihave(3, 'a', 2);
    recv_ihave(4, 'a', 5);
    pass(79 * DTT_MS);
    assert_string_equal(script(), "");
    pass(DTT_MS);
    assert_string_equal(script(), "graft(a, 2) > 3");
    pass(119 * DTT_MS);
    assert_string_equal(script(), "");
    pass(DTT_MS);
    assert_string_equal(script(), "graft(a, 5) > 4");
    pass(DTT_S);
    assert_string_equal(script(), "");
    assert_int_equal(dtt_map_count(&p.missing_messages.entries), 0);
    /* Both links are eager now. */
    say('b');
    assert_string_equal(script(), "gossip(b, 0) > 1; gossip(b, 0) > 2; gossip(b, 0) > 3; "
                                  "gossip(b, 0) > 4");
}

/* Where the tree brought what had been grafted, the next one waits longer. */
static void a_needless_graft_teaches_patience(void **state)
{
    (void)state;
    two_and_two();
    recv_ihave(3, 'a', 2);
    pass(80 * DTT_MS);
    recv_gossip(1, 'a', 2);
    pass(DTT_S);
    script();
    recv_ihave(4, 'b', 2);
    pass(99 * DTT_MS);
    assert_string_equal(script(), "");
    pass(DTT_MS);
    assert_string_equal(script(), "graft(b, 2) > 4");
    recv_gossip(4, 'b', 2); /* not needless */
    pass(DTT_S);
    script();
    recv_prune(4);
    recv_ihave(4, 'c', 2);
    pass(80 * DTT_MS);
    assert_string_equal(script(), "graft(c, 2) > 4");
}

static void content_ends_the_waiting(void **state)
{
    (void)state;
    two_and_two();
    recv_ihave(3, 'a', 2);
    pass(50 * DTT_MS);
    recv_gossip(1, 'a', 2);
    /* Who announced it is told nothing. */
    assert_string_equal(script(), "gossip(a, 3) > 2; received(a) < 1");
    pass(DTT_S);
    assert_string_equal(script(), "ihave(a 3) > 4");
    recv_ihave(3, 'a', 2);
    pass(DTT_S);
    assert_string_equal(script(), "");
}

static void answers_a_graft(void **state)
{
    (void)state;
    two_and_two();
    recv_gossip(1, 'a', 6);
    pass(5 * DTT_MS);
    script();
    recv_graft(3, 'a');
    assert_string_equal(script(), "gossip(a, 7) > 3");
    recv_graft(4, 'b'); /* never heard of */
    recv_graft(4, '-');
    assert_string_equal(script(), "");
    say('c');
    assert_string_equal(script(), "gossip(c, 0) > 1; gossip(c, 0) > 2; gossip(c, 0) > 3; "
                                  "gossip(c, 0) > 4");
    pass(31 * DTT_S);
    recv_graft(3, 'a');
    assert_string_equal(script(), "");
}

static void the_tree_is_optimized(void **state)
{
    (void)state;
    two_and_two();
    recv_ihave(3, 'a', 2);
    recv_ihave(4, 'a', 1);
    recv_gossip(1, 'a', 7); /* 8 hops against 1: exactly the threshold */
    assert_string_equal(script(), "gossip(a, 8) > 2; graft(-, 1) > 4; prune > 1; received(a) < 1");
    recv_ihave(1, 'b', 2);
    recv_gossip(2, 'b', 7); /* 8 against 2 */
    assert_string_equal(script(), "gossip(b, 8) > 4; received(b) < 2");
    pass(DTT_S);
    script();
    recv_ihave(4, 'c', 0);
    recv_gossip(2, 'c', 20); /* the better link is eager already */
    assert_string_equal(script(), "prune > 2; received(c) < 2");
}

/* A second after all that was: `announcer` tells of a message, and then `bringer` brings it. */
static const char *after_word_of(int announcer, int bringer, char letter)
{
    pass(DTT_S);
    script();
    recv_ihave(announcer, letter, 2);
    recv_gossip(bringer, letter, 2);
    return script();
}

/* A neighbour whose word is here before the message itself, twice running, takes the place. */
static void the_tree_goes_over_the_faster(void **state)
{
    (void)state;
    two_and_two();
    assert_string_equal(after_word_of(3, 1, 'a'), "gossip(a, 3) > 2; received(a) < 1");
    pass(DTT_S);
    recv_gossip(1, 'b', 2); /* no word before this one */
    assert_string_equal(after_word_of(3, 1, 'c'), "gossip(c, 3) > 2; received(c) < 1");
    assert_string_equal(after_word_of(4, 1, 'd'), "gossip(d, 3) > 2; received(d) < 1");
    assert_string_equal(after_word_of(3, 1, 'e'), "gossip(e, 3) > 2; received(e) < 1");
    assert_string_equal(after_word_of(3, 1, 'f'),
                        "gossip(f, 3) > 2; graft(-, 2) > 3; prune > 1; received(f) < 1");
    /* It is counted anew. */
    assert_null(strstr(after_word_of(4, 3, 'g'), "prune"));
    assert_string_equal(after_word_of(4, 3, 'h'),
                        "gossip(h, 3) > 2; graft(-, 2) > 4; prune > 3; received(h) < 3");
}

static void a_word_that_says_nothing_of_the_tree(void **state)
{
    (void)state;
    two_and_two();
    /* Of what had to be grafted. */
    after_word_of(4, 1, 'a');
    pass(DTT_S);
    recv_ihave(4, 'b', 2);
    pass(80 * DTT_MS);
    recv_gossip(1, 'b', 2);
    assert_null(strstr(script(), "prune"));
    recv_prune(4);
    assert_null(strstr(after_word_of(4, 1, 'c'), "prune"));
    /* Of a message that it caught up with. */
    pass(DTT_S);
    script();
    recv_ihave(4, 'z', DTT_GOSSIP_CATCH_UP);
    recv_gossip(1, 'z', 2);
    assert_null(strstr(script(), "prune"));
    assert_null(strstr(after_word_of(4, 1, 'y'), "prune"));
    /* Of somebody who has left: another has the slot now. */
    down(4);
    up(5);
    recv_prune(5);
    assert_null(strstr(after_word_of(5, 1, 'd'), "prune"));
    /* On a busy topic. */
    after_word_of(3, 1, 'e');
    recv_gossip(1, 'f', 2);
    recv_gossip(1, 'g', 2);
    for (char letter = 'h'; letter <= 'k'; letter++) {
        recv_ihave(3, letter, 2);
        recv_gossip(1, letter, 2);
    }
    assert_null(strstr(script(), "prune"));
}

static void a_flood_of_announcements(void **state)
{
    (void)state;
    struct dtt_gossip_message m = {.type = DTT_MSG_IHAVE, .u.ihave.n = 100};
    up(1);
    for (uint32_t k = 0; k < 30; k++) {
        for (uint32_t i = 0; i < 100; i++) {
            dtt_put_be32(m.u.ihave.entries[i].id.bytes, k * 100 + i);
        }
        recv(1, &m);
    }
    assert_int_equal(dtt_map_count(&p.missing_messages.entries), DTT_GOSSIP_MISSING_MAX);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_IHAVES_REFUSED],
                     3000 - DTT_GOSSIP_MISSING_MAX);
    now.mono_ns += DTT_S;
    size_t sent = 0;
    while (dtt_plumtree_tick(&p, now)) {
        sent += outbox.items.count;
        script();
    }
    assert_int_equal(sent, DTT_GOSSIP_MISSING_MAX);
    pass(DTT_S);
    assert_int_equal(dtt_map_count(&p.missing_messages.entries), 0);
}

/* ---- neighbours come and go */

static void nothing_is_sent_to_who_left(void **state)
{
    (void)state;
    two_and_two();
    say('a');
    recv_ihave(4, 'b', 1);
    recv_ihave(3, 'b', 1);
    script();
    down(3);
    down(4);
    pass(DTT_S);
    assert_string_equal(script(), "");
    assert_int_equal(dtt_map_count(&p.missing_messages.entries), 0);
    up(3);
    say('c');
    assert_string_equal(script(), "gossip(c, 0) > 1; gossip(c, 0) > 2; gossip(c, 0) > 3");
}

static void who_joins_again_is_new(void **state)
{
    (void)state;
    char want[64];
    two_and_two();
    say('a');
    recv_ihave(1, 'a', 0);
    pass(5 * DTT_MS);
    script();
    dtt_plumtree_welcome(&p, now, &peers[3]);
    dtt_plumtree_welcome(&p, now, &peers[9]);
    pass(5 * DTT_MS);
    snprintf(want, sizeof(want), "ihave(a %d) > 3", 0x8000 + 10);
    assert_string_equal(script(), want);
    say('b');
    assert_string_equal(script(), "gossip(b, 0) > 1; gossip(b, 0) > 2; gossip(b, 0) > 3");
}

static void an_idle_topic_sleeps(void **state)
{
    (void)state;
    up(1);
    assert_true(dtt_plumtree_deadline(&p) == DTT_NEVER);
    say('a');
    pass(95 * DTT_S);
    assert_true(dtt_plumtree_deadline(&p) == DTT_NEVER);
}

static void out_of_memory(void **state)
{
    (void)state;
    two_and_two();
    uint64_t dropped = 0;
    char letter = 'a';
    /* Until a whole exchange passes; whatever failed, the next message gets through. */
    for (long k = 1;; k++) {
        uint8_t content[4];
        dtt_put_be32(content, (uint32_t)k);
        struct dtt_slice s = dtt_slice(content, sizeof(content));
        struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP};
        content[0] = 1;
        m.u.gossip.content = s;
        dtt_blake3(m.u.gossip.id.bytes, s);
        oom_arm(k);
        recv(1, &m);
        content[0] = 2;
        int err = dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_SWARM, s);
        recv_ihave(3, letter, 0);
        pass(10 * DTT_MS);
        up(5);
        pass(10 * DTT_MS);
        bool happened = oom_disarm();
        assert_true(err == DTT_OK || err == DTT_ENOMEM);
        down(5);
        dropped += ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED] +
                   ctx.counters[DTT_COUNTER_GOSSIP_RX_DROPPED];
        if (!happened) {
            assert_int_equal(err, DTT_OK);
            break;
        }
        letter = letter == 'z' ? 'a' : (char)(letter + 1);
        pass(200 * DTT_MS);
        script();
    }
    assert_true(dropped > 0);
}

static void what_nobody_has_is_lost(void **state)
{
    (void)state;
    up(1);
    say('a');
    say('b');
    say('c');
    assert_int_equal(p.tally->messages, 3);
    script();
    recv_ihave(1, 'a', 0); /* whoever announces it, or brings it, has it */
    recv_gossip(1, 'b', 1);
    assert_int_equal(p.tally->messages, 1);
    down(1);
    pass(29 * DTT_S);
    assert_int_equal(p.tally->lost, 0);
    pass(2 * DTT_S);
    assert_int_equal(p.tally->messages, 0);
    assert_int_equal(p.tally->lost, 1);
}

static void what_was_lost_may_be_said_again(void **state)
{
    (void)state;
    up(1);
    say('a');
    script();
    down(1);
    pass(31 * DTT_S);
    up(2);
    say('a');
    assert_int_equal(p.tally->messages, 1);
    assert_int_equal(p.tally->lost, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(pushes_and_announces),
        T(far_away_few_new_links_are_tried),
        T(repeats_nothing),
        T(to_the_neighbors),
        T(sizes),
        T(forwards_what_is_new),
        T(prunes_who_brings_a_duplicate),
        T(a_busy_topic_prunes_one_at_a_time),
        T(a_busy_topic_prunes_new_links_at_once),
        T(own_words_on_a_busy_topic_go_to_all),
        T(drops_a_wrong_id),
        T(rounds_do_not_overflow),
        T(the_largest_content_ends_its_way),
        T(ignores_strangers),
        T(grafts_what_does_not_come),
        T(a_needless_graft_teaches_patience),
        T(content_ends_the_waiting),
        T(answers_a_graft),
        T(the_tree_is_optimized),
        T(the_tree_goes_over_the_faster),
        T(a_word_that_says_nothing_of_the_tree),
        T(a_flood_of_announcements),
        T(nothing_is_sent_to_who_left),
        T(who_joins_again_is_new),
        T(an_idle_topic_sleeps),
        T(what_nobody_has_is_lost),
        T(what_was_lost_may_be_said_again),
        T(out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
