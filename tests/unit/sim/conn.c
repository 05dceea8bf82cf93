/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/conn.h"

#include "support/vectors.h"

static struct dtt_sim_conns cs;
static struct dtt_rng rng;
static const struct dtt_id peer = {{7}};

static int setup(void **state)
{
    static const uint8_t seed[32] = {1};
    static const struct dtt_quic_config cfg = {.idle_timeout_ns = 15 * DTT_S};
    (void)state;
    dtt_rng_init(&rng, seed, "test");
    dtt_sim_conns_init(&cs, &cfg, &rng);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_sim_conns_fini(&cs);
    dtt_rng_fini(&rng);
    return 0;
}

static struct dtt_sim_conn *add(enum dtt_sim_conn_state state, uint16_t port)
{
    struct dtt_addr remote = dtt_addr_v4(1, 2, 3, 4, port);
    return dtt_sim_conn_new(&cs, &rng, DTT_S, state, &peer, &remote);
}

static uint64_t armed_ns(struct dtt_sim_conn *c)
{
    dtt_sim_conn_arm(&cs, c);
    return c->timer.deadline;
}

static void a_dial_repeats_its_hello_until_the_handshake_is_over(void **state)
{
    struct dtt_sim_conn *c = add(DTT_SIM_CONN_DIALING, 1);
    (void)state;
    c->hello_ns = DTT_S;
    c->hellos = 1;
    assert_int_equal(armed_ns(c), 2 * DTT_S);
    c->hello_ns = 2 * DTT_S;
    c->hellos = 2;
    assert_int_equal(armed_ns(c), 4 * DTT_S);
    dtt_sim_conn_enter(c, DTT_SIM_CONN_FINISHING);
    assert_int_equal(c->hellos, 0);
    c->hello_ns = 10 * DTT_S;
    c->hellos = 2;
    assert_int_equal(armed_ns(c), 11 * DTT_S); /* ten seconds after the start */
    assert_int_equal(dtt_sim_conn_end_ns(&cs, c), 11 * DTT_S);
}

static void an_open_one_keeps_alive_repeats_and_ends_when_idle(void **state)
{
    struct dtt_sim_conn *c = add(DTT_SIM_CONN_ACCEPTING, 1);
    uint8_t packet[DTT_SIM_CHANNEL_BYTES];
    bool has_frames;
    (void)state;
    assert_int_equal(armed_ns(c), 11 * DTT_S);
    dtt_sim_conn_enter(c, DTT_SIM_CONN_OPEN);
    assert_int_equal(armed_ns(c), 6 * DTT_S);
    assert_int_equal(dtt_sim_conn_end_ns(&cs, c), 16 * DTT_S);
    assert_int_equal(dtt_sim_channel_write(&c->channel, 0, dtt_slice("x", 1), true), DTT_OK);
    assert_true(dtt_sim_channel_send(&c->channel, DTT_S, packet, &has_frames) > 0);
    assert_int_equal(armed_ns(c), dtt_sim_channel_deadline(&c->channel));
    c->active_ns = 14 * DTT_S;
    dtt_sim_channel_acknowledge(&c->channel, DTT_S, 1);
    assert_int_equal(armed_ns(c), 16 * DTT_S);
}

static void connections_are_found_by_either_id(void **state)
{
    struct dtt_sim_conn *dialing = add(DTT_SIM_CONN_DIALING, 1);
    struct dtt_sim_conn *accepting = add(DTT_SIM_CONN_ACCEPTING, 2);
    (void)state;
    accepting->remote_cid = 77;
    assert_int_equal(cs.n_accepted, 1);
    assert_ptr_equal(dtt_sim_conn_find(&cs, dialing->cid), dialing);
    assert_ptr_equal(dtt_sim_conn_find(&cs, accepting->cid), accepting);
    assert_null(dtt_sim_conn_find(&cs, 0));
    assert_ptr_equal(dtt_sim_conn_find_remote(&cs, &accepting->remote, 77), accepting);
    assert_null(dtt_sim_conn_find_remote(&cs, &dialing->remote, 77));
    assert_null(dtt_sim_conn_find_remote(&cs, &dialing->remote, 0)); /* not known yet */
    dtt_sim_conn_free(&cs, accepting);
    assert_int_equal(cs.n_accepted, 0);
}

static void the_table_is_bounded(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DTT_SIM_CONNS_MAX; i++) {
        assert_non_null(add(i % 2 ? DTT_SIM_CONN_DIALING : DTT_SIM_CONN_ACCEPTING, 1));
    }
    assert_null(add(DTT_SIM_CONN_DIALING, 1));
    assert_int_equal(cs.n_accepted, DTT_SIM_CONNS_MAX / 2);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_dial_repeats_its_hello_until_the_handshake_is_over),
        TEST(an_open_one_keeps_alive_repeats_and_ends_when_idle),
        TEST(connections_are_found_by_either_id),
        TEST(the_table_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
