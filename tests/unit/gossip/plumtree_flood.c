/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Floods, and neighbours that are slower than what is said. */
#include "plumtree_script.h"

/* Empties the outbox; how many announcements `peer` was sent. */
static size_t count_announced(int peer)
{
    struct dtt_gossip_outbox_item item;
    size_t n = 0;
    while (dtt_gossip_outbox_pop(&outbox, &item)) {
        struct dtt_gossip_message m;
        if (item.type == DTT_GOSSIP_SEND && script_peer(&item.peer) == peer) {
            assert_int_equal(dtt_gossip_message_decode(dtt_gossip_blob_slice(item.blob), NULL, &m),
                             DTT_OK);
            assert_true(m.type != DTT_MSG_IHAVE || m.u.ihave.n <= DTT_GOSSIP_IHAVE_WRITE_MAX);
            n += m.type == DTT_MSG_IHAVE ? m.u.ihave.n : 0;
        }
        dtt_gossip_blob_unref(item.blob);
    }
    return n;
}

/* Neighbour 1 says `n` different messages; how many of them were announced to neighbour 2. */
static size_t flood(uint32_t n)
{
    size_t announced = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t content[4];
        struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP};
        dtt_put_be32(content, i);
        m.u.gossip.content = dtt_slice(content, 4);
        dtt_blake3(m.u.gossip.id.bytes, m.u.gossip.content);
        recv(1, &m);
        announced += count_announced(2);
    }
    return announced;
}

/* However much one neighbour says, what others say is known, and can be had. */
static void a_flood_is_not_forgetting(void **state)
{
    (void)state;
    up(1);
    up(2);
    up(3);
    recv_gossip(2, 'a', 0);
    say('b');
    flood(3 * DTT_GOSSIP_RECALL_IDS);
    assert_string_equal(script(), "");
    recv_gossip(3, 'a', 0);
    assert_string_equal(script(), "prune > 3");
    recv_ihave(3, 'b', 0x8000 + 5000);
    pass(DTT_S);
    script();
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_GRAFTS], 0);
    recv_graft(3, 'a');
    recv_graft(3, 'b');
    assert_string_equal(script(), "gossip(a, 1) > 3; gossip(b, 0) > 3");
    assert_true(ctx.counters[DTT_COUNTER_GOSSIP_IDS_EVICTED] > 0);
}

static void many_announcements_are_split(void **state)
{
    (void)state;
    up(1);
    up(2);
    recv_prune(2);
    size_t n = flood(600);
    pass(5 * DTT_MS);
    n += count_announced(2);
    assert_int_equal(n, 600);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED], 0);
}

static void a_slow_neighbor_gets_announcements(void **state)
{
    (void)state;
    up(1);
    up(2);
    dtt_plumtree_set_slow(&p, now, &peers[1], true);
    dtt_plumtree_set_slow(&p, now, &peers[3], true); /* no neighbour */
    say('a');
    assert_string_equal(script(), "gossip(a, 0) > 2");
    pass(5 * DTT_MS);
    assert_string_equal(script(), "ihave(a 0) > 1");
    recv_graft(1, 'a');
    assert_string_equal(script(), ""); /* it has not taken what it was sent before */
    assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_NEIGHBORS, dtt_slice("b", 1)),
                     DTT_OK);
    assert_string_equal(script(), "gossip(b) > 2");
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_SLOW_LOST], 1);
    dtt_plumtree_set_slow(&p, now, &peers[1], false);
    pass(5 * DTT_MS);
    assert_string_equal(script(), "ihave(a 32778) > 1"); /* 10 ms old, to catch up */
    recv_graft(1, 'a');
    assert_string_equal(script(), "gossip(a, 0) > 1");
    say('c');
    assert_string_equal(script(), "gossip(c, 0) > 1; gossip(c, 0) > 2");
}

/* While the only eager neighbour is slow, what we say is not left to announcements alone. */
static void what_the_eager_are_too_slow_for_is_pushed_to_the_lazy(void **state)
{
    (void)state;
    up(1);
    up(2);
    recv_prune(2);
    say('a');
    assert_string_equal(script(), "gossip(a, 0) > 1");
    pass(5 * DTT_MS);
    assert_string_equal(script(), "ihave(a 0) > 2");
    dtt_plumtree_set_slow(&p, now, &peers[1], true);
    say('b');
    assert_string_equal(script(), "gossip(b, 0) > 2");
    pass(5 * DTT_MS);
    assert_string_equal(script(), "ihave(b 0) > 1");
}

/* What a slow neighbour has to take does not grow with what another one floods. */
static void a_flood_is_not_announced_to_the_slow(void **state)
{
    (void)state;
    up(1);
    up(2);
    dtt_plumtree_set_slow(&p, now, &peers[2], true);
    size_t announced = flood(3 * DTT_PLUMTREE_SLOW_TOLD);
    pass(5 * DTT_MS);
    assert_int_equal(announced + count_announced(2), DTT_PLUMTREE_SLOW_TOLD);
    dtt_plumtree_set_slow(&p, now, &peers[2], false);
    pass(5 * DTT_MS);
    assert_int_equal(count_announced(2), DTT_GOSSIP_RECALL_BYTES / DTT_GOSSIP_RECALL_BYTES_MIN);
}

static void say_number(uint32_t i)
{
    uint8_t content[4];
    dtt_put_be32(content, i);
    assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_SWARM, dtt_slice(content, 4)),
                     DTT_OK);
}

/* Who says much leaves nobody to others, which may be too slow to pass it all on. */
static void much_is_pushed_to_the_lazy_as_well(void **state)
{
    (void)state;
    up(1);
    up(2);
    recv_prune(2);
    for (uint32_t i = 0; i < 600; i++) {
        say_number(i);
    }
    pass(5 * DTT_MS);
    assert_int_equal(count_announced(2), DTT_PLUMTREE_MUCH);
    pass(DTT_S);
    for (uint32_t i = 600; i < 700; i++) { /* not much */
        pass(DTT_PLUMTREE_MOMENT_NS / DTT_PLUMTREE_MUCH);
        say_number(i);
    }
    pass(5 * DTT_MS);
    assert_int_equal(count_announced(2), 100);
}

/* Neighbour `peer` sends message number i. */
static void recv_number(int peer, uint32_t i)
{
    uint8_t content[4];
    struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP};
    dtt_put_be32(content, i);
    m.u.gossip.content = dtt_slice(content, 4);
    dtt_blake3(m.u.gossip.id.bytes, m.u.gossip.content);
    recv(peer, &m);
}

/* What was said and heard long ago comes back over a slow neighbour: it is known, and no news. */
static void the_oldest_comes_around_once_more(void **state)
{
    const uint32_t n = 4 * DTT_GOSSIP_RECALL_IDS;
    (void)state;
    up(1);
    up(2);
    recv_gossip(1, 'a', 0);
    for (uint32_t i = 0; i < n; i++) {
        say_number(i);
        recv_number(1, i); /* it has it */
        count_announced(1);
    }
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_IDS_EVICTED], n + 1 - DTT_GOSSIP_RECALL_IDS);
    recv_gossip(2, 'a', 1);
    recv_ihave(2, 'a', 1);
    for (uint32_t i = 0; i < n; i++) {
        recv_number(2, i);
    }
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_RX_DUPLICATES], 1 + 2 * n);
    assert_int_equal(dtt_map_count(&p.missing_messages.entries), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(a_flood_is_not_forgetting),
        T(many_announcements_are_split),
        T(a_slow_neighbor_gets_announcements),
        T(what_the_eager_are_too_slow_for_is_pushed_to_the_lazy),
        T(a_flood_is_not_announced_to_the_slow),
        T(much_is_pushed_to_the_lazy_as_well),
        T(the_oldest_comes_around_once_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
