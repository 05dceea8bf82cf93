/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What neighbours owe PlumTree, and which of them go. */
#include "plumtree_script.h"

/* ---- what neighbours owe */

static bool useless(int peer)
{
    const struct dtt_id *id = dtt_plumtree_useless(&p);
    assert_true(!id || dtt_gossip_id_eq(id, &peers[peer]));
    return id != NULL;
}

static bool is_silent(int peer)
{
    return promise(peer)->n_broken > 0;
}

/* Numbers from 1 on: messages of neighbour 1, one a second. */
static void recv_numbers(uint32_t first, uint32_t last)
{
    for (uint32_t i = first; i <= last; i++) {
        struct dtt_slice content = dtt_slice(&i, sizeof(i));
        struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP, .u.gossip.content = content};
        dtt_blake3(m.u.gossip.id.bytes, content);
        m.u.gossip.scope = DTT_GOSSIP_SWARM;
        pass(DTT_S);
        recv(1, &m);
    }
}

/* Sends back what neighbour `peer` was asked for last, if it was asked. */
static bool answer_probe(int peer)
{
    struct dtt_gossip_outbox_item item;
    struct dtt_gossip_message m;
    bool was_asked = false;
    while (dtt_gossip_outbox_pop(&outbox, &item)) {
        if (item.type == DTT_GOSSIP_SEND && dtt_gossip_id_eq(&item.peer, &peers[peer])) {
            assert_int_equal(dtt_gossip_message_decode(dtt_gossip_blob_slice(item.blob), NULL, &m),
                             DTT_OK);
            if (m.type == DTT_MSG_GRAFT) {
                struct dtt_gossip_blob *asked =
                    dtt_gossip_recall_content(&p.received_messages, now.mono_ns, &m.u.graft.id);
                assert_non_null(asked);
                was_asked = true;
                assert_int_equal(dtt_gossip_message_decode(dtt_gossip_blob_slice(asked), NULL, &m),
                                 DTT_OK);
                recv(peer, &m);
            }
        }
        dtt_gossip_blob_unref(item.blob);
    }
    return was_asked;
}

static void a_silent_neighbor_is_asked_and_goes(void **state)
{
    (void)state;
    up(1);
    up(2);
    recv_numbers(1, 59);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_PROBES], 0);
    recv_numbers(60, 62);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_PROBES], 1);
    assert_false(is_silent(2));
    recv_numbers(63, 66);
    assert_true(is_silent(2));
    assert_false(useless(2));
    recv_numbers(67, 75);
    assert_true(useless(2));
    assert_false(is_silent(1));
}

/* A leaf has nothing to say, and is honest. Its link stays eager. */
static void a_leaf_keeps_its_place(void **state)
{
    (void)state;
    up(1);
    newcomer(2);
    int asked = 0;
    for (uint32_t i = 1; i <= 300; i++) {
        recv_numbers(i, i);
        asked += answer_probe(2);
    }
    assert_true(asked >= 4 && asked <= 5);
    assert_false(is_silent(2));
    assert_true(promise(2)->has_brought);
    script();
    say('z');
    assert_non_null(strstr(script(), "gossip(z, 0) > 2"));
}

/* Our own link may be down: we are no judge of the only neighbour. */
static void a_neighbor_that_acknowledges_nothing_is_not_useless(void **state)
{
    (void)state;
    newcomer(1);
    pass(60 * DTT_S);
    say('a');
    pass(DTT_S);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_PROBES], 1);
    dtt_plumtree_set_silent(&p, &peers[1], true);
    dtt_plumtree_set_silent(&p, &peers[3], true); /* no neighbour */
    for (int i = 0; i < 12; i++) {
        pass(DTT_S);
        assert_null(dtt_plumtree_useless(&p));
    }
    dtt_plumtree_set_silent(&p, &peers[1], false);
    pass(DTT_GOSSIP_PROMISE_NS);
    assert_true(useless(1));
}

/* Our own messages are enough, and nobody else has to say anything. */
static void who_hears_nobody_finds_the_silent(void **state)
{
    (void)state;
    newcomer(1);
    newcomer(2);
    pass(60 * DTT_S);
    say('a');
    pass(DTT_S);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_PROBES], 1); /* one at a time */
    pass(3 * DTT_S - 1);
    assert_null(dtt_plumtree_useless(&p));
    pass(1 + DTT_S);
    assert_true(useless(1));
    down(1);
    say('b');
    pass(DTT_S);
    assert_true(answer_probe(2));
    pass(10 * DTT_S);
    assert_null(dtt_plumtree_useless(&p));
    say('c');
    pass(10 * DTT_S);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_PROBES], 2);
}

static void announced_and_not_delivered(void **state)
{
    (void)state;
    up(1);
    up(2);
    for (char c = 'a'; c < 'd'; c++) {
        assert_false(useless(2));
        recv_ihave(2, c, 0);
        pass(5 * DTT_S);
    }
    assert_true(is_silent(2));
    assert_true(useless(2));
    down(2);
    /* One success in between is enough, and a late one is one. */
    for (char c = 'f'; c < 'p'; c++) {
        recv_ihave(1, c, 0);
        pass(2 * DTT_S + (c % 3 ? 2 * DTT_S : 0));
        if (c % 3 == 0) {
            recv_gossip(1, c, 0);
        }
        assert_false(useless(1));
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_silent_neighbor_is_asked_and_goes),
        T(a_leaf_keeps_its_place),
        T(a_neighbor_that_acknowledges_nothing_is_not_useless),
        T(who_hears_nobody_finds_the_silent),
        T(announced_and_not_delivered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
