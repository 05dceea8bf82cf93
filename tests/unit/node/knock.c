/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/knock.h"

#include "node/inside.h"
#include "sim/world.h"
#include "support/vectors.h"

static struct dtt_sim_world w;
static const struct dtt_addr far = {.family = DTT_FAMILY_V4, .ip = {9, 9, 9, 9}, .port = 9000};

static struct dtt_sim_host *home(void)
{
    struct dtt_sim_host *h = dtt_sim_host_add(&w, DTT_SIM_NAT_RESTRICTED);
    assert_non_null(h);
    assert_int_equal(dtt_sim_host_start(h, false, false), DTT_OK);
    dtt_sim_host_send(h, &far, dtt_slice("x", 1)); /* so that its NAT has a mapping */
    return h;
}

static void knock(struct dtt_sim_host *from, const struct dtt_sim_host *at, uint8_t hops)
{
    struct dtt_addr addr = dtt_sim_host_global(at);
    /* Its outside port, the same for all. */
    addr.port = dtt_sim_nat_send(at->nat, &w.rng, w.t_ns,
                                 (struct dtt_sim_nat_inside){at->number, DTT_SIM_PORT}, &far);
    dtt_knock_send(&from->core->links, dtt_sim_host_now(from), &addr, hops);
    dtt_sim_host_settle(from);
    dtt_sim_world_run(&w, w.t_ns + DTT_S, NULL, NULL);
}

static uint64_t heard(const struct dtt_sim_host *h)
{
    return h->ctx.counters[DTT_COUNTER_NODE_RX_KNOCKS];
}

/* A whisper opens the NAT of who whispers, and that only. */
static void a_whisper_is_heard_by_nobody_and_opens_the_door(void **state)
{
    (void)state;
    assert_int_equal(dtt_sim_world_init(&w, 3), DTT_OK);
    w.links =
        (struct dtt_sim_links){.is_uniform = true, .min_us = 20000, .max_us = 20000, .mtu = 1500};
    struct dtt_sim_host *newcomer = home(), *elder = home(), *stranger = home();
    knock(stranger, newcomer, 0);
    assert_int_equal(heard(newcomer), 0);
    knock(newcomer, elder, DTT_KNOCK_WHISPER);
    assert_int_equal(heard(elder), 0);
    assert_int_equal(newcomer->ctx.counters[DTT_COUNTER_NODE_TX_KNOCKS], 1);
    uint64_t sent = newcomer->other_sent;
    knock(elder, newcomer, 0);
    assert_int_equal(heard(newcomer), 1);
    assert_int_equal(newcomer->other_sent, sent); /* nobody answers a knock */
    dtt_sim_world_fini(&w);
}

static void a_knock_is_one_zero_byte(void **state)
{
    static const uint8_t zeros[2];
    (void)state;
    assert_true(dtt_knock_is(dtt_knock_bytes()));
    assert_true(dtt_knock_is(dtt_slice(zeros, 1)));
    assert_false(dtt_knock_is(dtt_slice(zeros, 2)));
    assert_false(dtt_knock_is(dtt_slice(zeros, 0)));
    assert_false(dtt_knock_is(dtt_slice("d", 1)));
}

/* The budget of a host, and the room of those that wait for the socket, bound what is sent. */
static void knocks_are_bounded(void **state)
{
    (void)state;
    assert_int_equal(dtt_sim_world_init(&w, 3), DTT_OK);
    struct dtt_sim_host *h = home();
    struct dtt_links *links = &h->core->links;
    const uint64_t *refused = &h->ctx.counters[DTT_COUNTER_NODE_KNOCKS_REFUSED];
    struct dtt_knock knock;
    for (uint8_t i = 0; i < 100; i++) {
        struct dtt_addr addr = dtt_addr_v4(9, 9, 9, 9, 5000 + i);
        dtt_knock_send(links, dtt_sim_host_now(h), &addr, 0);
    }
    assert_int_equal(*refused, 100 - DTT_DESTINATIONS_KNOCKS);
    for (uint8_t i = 0; i < 100; i++) {
        struct dtt_addr addr = dtt_addr_v4(9, 9, 10, i, 5000);
        dtt_knock_send(links, dtt_sim_host_now(h), &addr, 0);
    }
    size_t n = 0;
    while (dtt_knock_next(links, &knock)) {
        n++;
    }
    assert_int_equal(n, DTT_LINKS_KNOCKS);
    dtt_sim_world_fini(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whisper_is_heard_by_nobody_and_opens_the_door),
        cmocka_unit_test(a_knock_is_one_zero_byte),
        cmocka_unit_test(knocks_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
