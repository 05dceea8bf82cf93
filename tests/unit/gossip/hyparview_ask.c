/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/hyparview_ask.h"

#include "script.h"

static struct dtt_hyparview h;

static int setup(void **state)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    struct dtt_hyparview_config cfg = {
        .me = peers[0], .active_view = 2, .passive_view = 6, .shuffle_ns = 60 * DTT_S};
    (void)state;
    script_open();
    assert_int_equal(dtt_hyparview_init(&h, now, &port, &cfg, hash_key), DTT_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_hyparview_fini(&h);
    dtt_gossip_outbox_fini(&outbox);
    return 0;
}

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

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(one_request_at_a_time),
        T(hearsay_makes_room),
        T(the_next_is_a_peer_that_may_come),
        T(of_eight_that_make_room_one_has_another_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
