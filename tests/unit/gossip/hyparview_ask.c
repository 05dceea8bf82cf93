/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/hyparview_ask.h"

#include "hyparview_script.h"

static void one_request_at_a_time(void **state)
{
    (void)state;
    dtt_hyparview_ask(&h, now, &peers[1], DTT_GOSSIP_HIGH, NULL, NULL);
    dtt_hyparview_ask(&h, now, &peers[1], DTT_GOSSIP_LOW, NULL, NULL);
    assert_string_equal(script(), "neighbor(high) > 1");
    assert_int_equal(dtt_requests_count(&h.requests, false), 1);
}

static void hearsay_makes_room(void **state)
{
    (void)state;
    for (int i = 1; i <= DTT_REQUESTS_MAX; i++) {
        assert_true(dtt_hyparview_ask_add(&h, now, &peers[i], DTT_REQUEST_NEIGHBOR,
                                          &peers[i > 1 ? 60 : 61]));
    }
    assert_false(dtt_hyparview_ask_add(&h, now, &peers[40], DTT_REQUEST_DIAL, &peers[60]));
    assert_true(dtt_hyparview_ask_add(&h, now, &peers[41], DTT_REQUEST_JOIN, NULL));
    assert_string_equal(script(), "hang up 2");
    assert_true(dtt_hyparview_needs(&h, &peers[41]));
    assert_false(dtt_hyparview_needs(&h, &peers[2]));
}

static void the_next_is_a_peer_that_may_come(void **state)
{
    (void)state;
    dtt_hyparview_ask_next(&h, now, NULL);
    assert_string_equal(script(), ""); /* nobody is known */
    dtt_hyparview_prove(&h, now, &peers[1]);
    dtt_hyparview_ask_next(&h, now, &peers[1]);
    assert_string_equal(script(), "");
    dtt_visits_dismissed(&h.visits, now, &peers[1]);
    dtt_hyparview_ask_next(&h, now, NULL);
    assert_string_equal(script(), "");
    now.mono_ns += DTT_VISITS_USELESS_NS;
    dtt_hyparview_ask_next(&h, now, NULL);
    assert_string_equal(script(), "neighbor(high) > 1");
}

static void of_eight_that_make_room_one_has_another_asked(void **state)
{
    (void)state;
    dtt_hyparview_prove(&h, now, &peers[1]);
    dtt_hyparview_prove(&h, now, &peers[2]);
    for (int i = 0; i < 7; i++) {
        dtt_hyparview_ask_out(&h, now, &peers[1]);
    }
    assert_string_equal(script(), "");
    dtt_hyparview_ask_out(&h, now, &peers[1]);
    assert_string_equal(script(), "neighbor(high) > 2");
}

/* ---- hearsay */

static void one_neighbor_names_at_most_its_share(void **state)
{
    (void)state;
    dtt_hyparview_fini(&h);
    struct dtt_hyparview_config cfg = {
        .me = peers[0], .active_view = 3, .passive_view = 12, .shuffle_ns = 60 * DTT_S};
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    assert_int_equal(dtt_hyparview_init(&h, now, &port, &cfg, hash_key), DTT_OK);
    neighbors(3);
    recv_shuffle(1, -1, 10, 20, 0);
    assert_int_equal(h.passive.n, 8);
    prove(60);
    recv_shuffle(1, -1, 60, 60, 0); /* vouched for */
    assert_int_equal(h.passive.n, 9);
    recv_join(4); /* one of ours goes into the passive view */
    int own =
        dtt_hyparview_is_active(&h, &peers[1]) ? dtt_hyparview_is_active(&h, &peers[2]) ? 3 : 2 : 1;
    assert_true(in_passive(own));
    for (int from = 1; from <= 4; from++) {
        for (int i = 30; i < 60; i += 10) {
            recv_shuffle(from, -1, i, i + 9, 0);
        }
        for (int i = 40; i < 50; i++) {
            recv_shuffle(i, -1, 50, 59, 0); /* strangers */
        }
    }
    assert_int_equal(h.passive.n, 12);
    assert_true(in_passive(60) && in_passive(own));
}

static void names_that_never_answer_are_not_taken(void **state)
{
    (void)state;
    neighbors(1);
    for (int i = 10; i < 18; i++) {
        recv_forward_join(1, i, 0);
        pass(DTT_S);
    }
    script();
    recv_forward_join(1, 20, 0);
    recv_shuffle(1, -1, 21, 22, 0);
    assert_string_equal(script(), "");
    assert_int_equal(h.passive.n, 0);
    assert_int_equal(ctx.counters[DTT_COUNTER_GOSSIP_HEARSAY_UNHEEDED], 2);
    pass(600 * DTT_S);
    script();
    recv_forward_join(1, 20, 0);
    assert_string_equal(script(), "neighbor(high) > 20");
    /* An answer, even a late or a bad one, is one. */
    for (int i = 30; i < 36; i++) {
        recv_forward_join(1, i, 0);
        pass(DTT_S);
    }
    recv_forward_join(1, 40, 0);
    pass(DTT_S);
    recv_neighbor(40, DTT_GOSSIP_HIGH);
    recv_disconnect(40, false);
    script();
    recv_forward_join(1, 42, 0);
    assert_string_equal(script(), "neighbor(high) > 42");
}

static void nobody_is_blamed_for_our_budget(void **state)
{
    (void)state;
    neighbors(1);
    recv_shuffle(1, -1, 10, 17, 0);
    for (int i = 0; i < 8; i++) {
        for (int peer = 10; peer < 18; peer++) {
            if (needs(peer)) {
                dtt_hyparview_peer_gone(&h, now, &peers[peer], DTT_REASON_BUDGET);
                assert_true(needs(peer)); /* the next one is not asked at once */
            }
        }
        pass(500 * DTT_MS);
    }
    script();
    recv_forward_join(1, 20, 0);
    assert_string_equal(script(), "neighbor(high) > 20");
}

static void a_dial_on_hearsay_ends(void **state)
{
    (void)state;
    neighbors(1);
    recv_forward_join(1, 10, 0);
    script();
    pass(500 * DTT_MS);
    assert_false(needs(10));
    pass(1499 * DTT_MS);
    assert_string_equal(script(), "");
    pass(DTT_MS);
    assert_string_equal(script(), "hang up 10");
    prove(11);
    recv_forward_join(1, 11, 0);
    script();
    pass(5 * DTT_S);
    assert_string_equal(script(), "");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(one_request_at_a_time),
        T(hearsay_makes_room),
        T(the_next_is_a_peer_that_may_come),
        T(of_eight_that_make_room_one_has_another_asked),
        T(one_neighbor_names_at_most_its_share),
        T(names_that_never_answer_are_not_taken),
        T(nobody_is_blamed_for_our_budget),
        T(a_dial_on_hearsay_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
