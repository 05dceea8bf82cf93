/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which peers HyParView gives places to, and what coming and going costs. */
#include "hyparview_script.h"

/* ---- places */

static void strangers_leave_places_to_the_proven(void **state)
{
    (void)state;
    neighbors(3);
    for (int i = 11; i <= 13; i++) {
        prove(i);
        recv_neighbor(i, DTT_GOSSIP_HIGH);
        assert_true(dtt_hyparview_is_active(&h, &peers[i]));
    }
    assert_int_equal(h.active.n, 5); /* three proven, two of the strangers */
    recv_join(4);
    recv_join(5);
    recv_join(6);
    assert_true(dtt_hyparview_is_active(&h, &peers[6]));
    for (int i = 11; i <= 13; i++) {
        assert_true(dtt_hyparview_is_active(&h, &peers[i]));
    }
    assert_int_equal(h.active.n, 5);
    /* Among themselves the proven are as HyParView has it. */
    prove(14);
    recv_neighbor(14, DTT_GOSSIP_LOW);
    assert_false(dtt_hyparview_is_active(&h, &peers[14]));
    recv_join(14);
    assert_true(dtt_hyparview_is_active(&h, &peers[14]));
    assert_int_equal(h.active.n, 5);
}

static void a_stranger_that_proves_itself_moves_over(void **state)
{
    (void)state;
    neighbors(3);
    prove(1);
    assert_string_equal(active(), "1 2 3");
    prove(2);
    recv_join(4); /* the place beside */
    assert_string_equal(active(), "1 2 3 4");
    prove(3);
    recv_join(5);
    assert_string_equal(active(), "1 2 3 4 5");
    prove(4);
    assert_int_equal(h.active.n, 4); /* one of the proven has gone, and that is not peer 4 */
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
    prove(4);
    assert_int_equal(h.active.n, 4);
}

static void the_largest_source_makes_room(void **state)
{
    (void)state;
    for (int i = 1; i <= 9; i++) {
        hosts[i] = i < 7 ? 100 : (uint64_t)i;
        networks[i] = i < 7 ? 100 : 200;
    }
    recv_neighbor(1, DTT_GOSSIP_HIGH);
    recv_neighbor(2, DTT_GOSSIP_HIGH);
    recv_neighbor(7, DTT_GOSSIP_HIGH);
    recv_join(8); /* of two from host 100 one goes */
    assert_true(dtt_hyparview_is_active(&h, &peers[7]) && dtt_hyparview_is_active(&h, &peers[8]));
    recv_join(9); /* all from different hosts; 7, 8 and 9 are of one network */
    assert_true(dtt_hyparview_is_active(&h, &peers[1]) || dtt_hyparview_is_active(&h, &peers[2]));
    recv_join(3); /* host 100 again: its other peer goes */
    assert_false(dtt_hyparview_is_active(&h, &peers[1]) || dtt_hyparview_is_active(&h, &peers[2]));
    assert_true(dtt_hyparview_is_active(&h, &peers[3]) && dtt_hyparview_is_active(&h, &peers[9]));
}

static void useless_strangers_go_first(void **state)
{
    (void)state;
    neighbors(3);
    dtt_gossip_view_find(&h.active, &peers[1])->is_useful = true;
    dtt_gossip_view_find(&h.active, &peers[3])->is_silent = true;
    recv_join(4);
    assert_string_equal(active(), "1 2 4");
    recv_join(5);
    recv_join(6);
    assert_true(dtt_hyparview_is_active(&h, &peers[1]));
}

/* Those that come by themselves may keep us from the swarm. */
static void who_is_surrounded_asks_by_itself(void **state)
{
    (void)state;
    for (int i = 1; i <= 24; i++) {
        prove(i);
    }
    neighbors(3);
    assert_true(in_passive(24)); /* its record was read */
    for (int i = 4; i <= 19; i++) {
        assert_int_equal(dtt_requests_count(&h.requests, true), 0);
        recv_join(i);
        assert_int_equal(dtt_requests_count(&h.requests, true), i == 11 || i == 19);
        pass(DTT_S);
    }
    for (size_t i = 0; i < h.active.n; i++) {
        h.active.peers[i].is_useful = true;
    }
    for (int i = 20; i <= 24; i++) {
        recv_join(i);
        assert_int_equal(dtt_requests_count(&h.requests, true), 0);
    }
}

static void proven_peers_are_asked_for(void **state)
{
    (void)state;
    neighbors(3);
    prove(4);
    recv_shuffle(1, -1, 4, 5, 0);
    assert_string_equal(script(), "neighbor(low) > 4");
    recv_neighbor(4, DTT_GOSSIP_LOW);
    assert_int_equal(h.active.n, 3);
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
}

/* ---- coming and going */

static void flapping_costs(void **state)
{
    (void)state;
    static const int waits_s[] = {0, 1, 2, 4, 8, 16, 32, 64, 64};
    recv_join(1);
    for (size_t i = 0; i < sizeof(waits_s) / sizeof(waits_s[0]); i++) {
        recv_disconnect(1, true);
        if (waits_s[i]) {
            pass((uint64_t)waits_s[i] * DTT_S - DTT_MS);
            recv_neighbor(1, DTT_GOSSIP_LOW);
            recv_join(1);
            assert_string_equal(active(), "");
            pass(DTT_MS);
        }
        recv_neighbor(1, DTT_GOSSIP_HIGH);
        assert_string_equal(active(), "1");
    }
    pass(600 * DTT_S);
    recv_disconnect(1, true);
    recv_neighbor(1, DTT_GOSSIP_HIGH);
    assert_string_equal(active(), "1");
}

/* Others join until peer 4 has lost its place. */
static void crowd_out(int *next)
{
    while (dtt_hyparview_is_active(&h, &peers[4])) {
        recv_join((*next)++);
    }
    script();
}

static void joins_are_rationed(void **state)
{
    (void)state;
    int next = 5;
    neighbors(3);
    for (int i = 0; i < 3; i++) {
        recv_join(4);
        assert_true(dtt_hyparview_is_active(&h, &peers[4]));
        crowd_out(&next);
    }
    pass(10 * DTT_S - DTT_MS);
    recv_join(4);
    recv_neighbor(4, DTT_GOSSIP_HIGH);
    assert_false(dtt_hyparview_is_active(&h, &peers[4]));
    assert_non_null(strstr(script(), "disconnect(alive) > 4"));
    pass(DTT_MS);
    recv_join(4);
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
    crowd_out(&next);
    connections[4]++; /* it was started again */
    pass(DTT_S);
    recv_join(4);
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
    /* One that we ask may come at any time. */
    recv_disconnect(4, true);
    recv_disconnect(4, true);
    dtt_hyparview_join(&h, now, &peers[4], false);
    recv_neighbor(4, DTT_GOSSIP_HIGH);
    assert_true(dtt_hyparview_is_active(&h, &peers[4]));
}

static void a_useless_neighbor_is_not_taken_back_for_long(void **state)
{
    (void)state;
    neighbors(3);
    prove(2);
    dtt_hyparview_dismiss(&h, now, &peers[1]);
    assert_string_equal(script(), "down 1 useless; reply(2 nodes) > 1; disconnect(alive) > 1; "
                                  "hang up 1");
    dtt_hyparview_dismiss(&h, now, &peers[2]);
    assert_false(in_passive(1) || in_passive(2));
    assert_int_equal(dtt_hyparview_join(&h, now, &peers[2], false), DTT_OK);
    recv_join(2);
    recv_shuffle(3, -1, 2, 2, 0);
    assert_string_equal(active(), "3");
    assert_false(in_passive(2));
    /* Longer each time, until a while has passed without. */
    for (uint64_t wait_ns = DTT_VISITS_USELESS_NS; wait_ns < 900 * DTT_S; wait_ns *= 2) {
        pass(wait_ns - DTT_MS);
        recv_join(2);
        assert_string_equal(active(), "3");
        pass(DTT_MS);
        recv_join(2);
        assert_string_equal(active(), "2 3");
        dtt_hyparview_dismiss(&h, now, &peers[2]);
    }
    pass(DTT_VISITS_USELESS_MAX_NS + DTT_VISITS_FORGET_NS);
    recv_join(2);
    dtt_hyparview_dismiss(&h, now, &peers[2]);
    pass(DTT_VISITS_USELESS_NS);
    recv_join(2);
    assert_true(dtt_hyparview_is_active(&h, &peers[2]));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(strangers_leave_places_to_the_proven),
        T(a_stranger_that_proves_itself_moves_over),
        T(the_largest_source_makes_room),
        T(useless_strangers_go_first),
        T(who_is_surrounded_asks_by_itself),
        T(proven_peers_are_asked_for),
        T(flapping_costs),
        T(joins_are_rationed),
        T(a_useless_neighbor_is_not_taken_back_for_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
