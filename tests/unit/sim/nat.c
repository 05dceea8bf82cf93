/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/nat.h"

#include "support/vectors.h"

#define TIMEOUT (60 * DTT_S)

struct nat_test {
    struct dtt_sim_nat nat;
    struct dtt_rng rng;
    struct dtt_addr a, b, a_other_port;
};

static const struct dtt_sim_nat_inside us = {3, 6881}, them = {4, 6881};

static void setup(struct nat_test *t, enum dtt_sim_nat_kind kind)
{
    const uint8_t seed[DTT_RNG_SEED_BYTES] = {7};
    dtt_rng_init(&t->rng, seed, "nat");
    dtt_sim_nat_init(&t->nat, dtt_sim_nat_rules_of(kind));
    t->a = dtt_addr_v4(1, 2, 3, 4, 1000);
    t->a_other_port = dtt_addr_v4(1, 2, 3, 4, 2000);
    t->b = dtt_addr_v4(5, 6, 7, 8, 1000);
}

static uint16_t sends(struct nat_test *t, uint64_t t_ns, const struct dtt_addr *to)
{
    return dtt_sim_nat_send(&t->nat, &t->rng, t_ns, us, to);
}

/* Whether we get it. */
static bool lets_in(struct nat_test *t, uint64_t t_ns, const struct dtt_addr *from, uint16_t port)
{
    struct dtt_sim_nat_inside who;
    return dtt_sim_nat_recv(&t->nat, t_ns, from, port, &who) && who.number == us.number &&
           who.port == us.port;
}

static void full_cone(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_FULL_CONE);
    uint16_t port = sends(&t, 1, &t.a);
    assert_int_not_equal(port, 0);
    assert_int_equal(sends(&t, 2, &t.b), port);
    assert_true(lets_in(&t, 3, &t.a_other_port, port));
    assert_false(lets_in(&t, 3, &t.a, (uint16_t)(port + 1)));
    assert_true(lets_in(&t, 1 + TIMEOUT, &t.a, port));
    assert_false(lets_in(&t, 2 + TIMEOUT, &t.a, port));
    assert_int_not_equal(sends(&t, 2 + TIMEOUT, &t.a), port);
    dtt_sim_nat_fini(&t.nat);
}

static void restricted(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_RESTRICTED);
    uint16_t port = sends(&t, 1, &t.a);
    assert_true(lets_in(&t, 2, &t.a, port));
    assert_false(lets_in(&t, 2, &t.a_other_port, port));
    assert_false(lets_in(&t, 2, &t.b, port));
    assert_int_equal(sends(&t, TIMEOUT, &t.b), port);
    assert_true(lets_in(&t, TIMEOUT, &t.b, port));
    /* The port stays while anything is sent; who was last spoken to long ago is shut out. */
    assert_false(lets_in(&t, 1 + TIMEOUT, &t.a, port));
    assert_int_equal(sends(&t, 1 + TIMEOUT, &t.a), port);
    assert_true(lets_in(&t, 1 + TIMEOUT, &t.a, port));
    dtt_sim_nat_fini(&t.nat);
}

static void symmetric(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_SYMMETRIC);
    uint16_t to_a = sends(&t, 1, &t.a);
    uint16_t to_b = sends(&t, 1, &t.b);
    assert_int_not_equal(to_a, to_b);
    assert_int_equal(sends(&t, 2, &t.a), to_a);
    assert_true(lets_in(&t, 3, &t.a, to_a));
    assert_false(lets_in(&t, 3, &t.b, to_a));
    assert_false(lets_in(&t, 3, &t.a, to_b));
    assert_false(lets_in(&t, 2 + TIMEOUT, &t.a, to_a));
    assert_int_not_equal(sends(&t, 2 + TIMEOUT, &t.a), to_a);
    dtt_sim_nat_fini(&t.nat);
}

static void sequential(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_SEQUENTIAL);
    uint16_t to_a = sends(&t, 1, &t.a);
    assert_int_equal(sends(&t, 1, &t.b), to_a + 1);
    assert_int_equal(sends(&t, 1, &t.a_other_port), to_a + 2);
    assert_int_equal(sends(&t, 1, &t.a), to_a);
    t.nat.last_port = UINT16_MAX;
    t.b.port++;
    assert_int_equal(sends(&t, 1, &t.b), 1024);
    dtt_sim_nat_fini(&t.nat);
}

static void by_address(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_ADDRESS);
    uint16_t port = sends(&t, 1, &t.a);
    assert_true(lets_in(&t, 2, &t.a_other_port, port));
    assert_false(lets_in(&t, 2, &t.b, port));
    dtt_sim_nat_fini(&t.nat);
}

static void firewall(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_FIREWALL);
    assert_int_equal(sends(&t, 1, &t.a), us.port);
    assert_true(lets_in(&t, 2, &t.a, us.port));
    assert_false(lets_in(&t, 2, &t.a_other_port, us.port));
    assert_false(lets_in(&t, 2, &t.b, us.port));
    /* After a silence the port is the same, and who was spoken to before it is shut out. */
    assert_int_equal(sends(&t, 2 * TIMEOUT, &t.b), us.port);
    assert_false(lets_in(&t, 2 * TIMEOUT, &t.a, us.port));
    dtt_sim_nat_fini(&t.nat);
}

/* Linux keeps the port, unless one inside has it towards the same remote. */
static void masquerade(void **state)
{
    struct nat_test t;
    struct dtt_sim_nat_inside who;
    (void)state;
    setup(&t, DTT_SIM_NAT_MASQUERADE);
    assert_false(lets_in(&t, 1, &t.a, us.port)); /* unexpected, and without consequences */
    assert_int_equal(sends(&t, 1, &t.a), us.port);
    assert_int_equal(sends(&t, 1, &t.b), us.port);
    assert_false(lets_in(&t, 1, &t.a_other_port, us.port));
    uint16_t other = dtt_sim_nat_send(&t.nat, &t.rng, 2, them, &t.a);
    assert_int_not_equal(other, us.port);
    assert_int_equal(dtt_sim_nat_send(&t.nat, &t.rng, 2, them, &t.a_other_port), them.port);
    assert_true(dtt_sim_nat_recv(&t.nat, 3, &t.a, other, &who));
    assert_int_equal(who.number, them.number);
    /* What comes in keeps it alive too, and for longer than one is that nobody answers. */
    assert_true(lets_in(&t, 30 * DTT_S, &t.a, us.port));
    assert_false(lets_in(&t, 30 * DTT_S + 1, &t.b, us.port));
    assert_true(lets_in(&t, 30 * DTT_S + TIMEOUT - 1, &t.a, us.port));
    assert_false(lets_in(&t, 30 * DTT_S + 2 * TIMEOUT, &t.a, us.port));
    dtt_sim_nat_fini(&t.nat);
}

/* An unexpected packet takes the port, towards its sender, for 30 s. */
static void shifting(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_SHIFTING);
    assert_false(lets_in(&t, 1, &t.a, us.port));
    assert_false(lets_in(&t, 2, &t.a, us.port));
    uint16_t port = sends(&t, 30 * DTT_S, &t.a);
    assert_int_not_equal(port, us.port);
    assert_int_equal(sends(&t, 30 * DTT_S, &t.b), us.port);
    assert_false(lets_in(&t, 30 * DTT_S, &t.a, us.port));
    assert_true(lets_in(&t, 30 * DTT_S, &t.a, port));
    assert_true(lets_in(&t, 30 * DTT_S, &t.b, us.port));
    /* One that knocks only once is forgotten. */
    assert_false(lets_in(&t, 40 * DTT_S, &t.a_other_port, us.port));
    assert_int_equal(sends(&t, 70 * DTT_S, &t.a_other_port), us.port);
    assert_true(lets_in(&t, 70 * DTT_S, &t.a_other_port, us.port));
    dtt_sim_nat_fini(&t.nat);
}

/* However busy it is a mapping ends at its age, and with it who was let in. */
static void mappings_end_by_age(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_RESTRICTED);
    t.nat.rules.hard_ns = 100 * DTT_S;
    uint16_t port = sends(&t, 0, &t.a);
    assert_int_equal(sends(&t, 50 * DTT_S, &t.a), port);
    assert_int_equal(sends(&t, 99 * DTT_S, &t.a), port);
    assert_true(lets_in(&t, 99 * DTT_S, &t.a, port));
    assert_false(lets_in(&t, 100 * DTT_S, &t.a, port));
    uint16_t next = sends(&t, 101 * DTT_S, &t.b);
    assert_int_not_equal(next, port);
    assert_false(lets_in(&t, 101 * DTT_S, &t.a, next));
    assert_true(lets_in(&t, 101 * DTT_S, &t.b, next));
    dtt_sim_nat_fini(&t.nat);
}

static void several_hosts_have_ports_of_their_own(void **state)
{
    struct nat_test t;
    struct dtt_sim_nat_inside who;
    (void)state;
    setup(&t, DTT_SIM_NAT_RESTRICTED);
    uint16_t ours = sends(&t, 1, &t.a);
    uint16_t theirs = dtt_sim_nat_send(&t.nat, &t.rng, 1, them, &t.b);
    assert_int_not_equal(ours, theirs);
    assert_true(dtt_sim_nat_recv(&t.nat, 2, &t.b, theirs, &who));
    assert_int_equal(who.number, them.number);
    assert_false(lets_in(&t, 2, &t.b, ours));
    dtt_sim_nat_fini(&t.nat);
}

/* More addresses than it has places for: what is over makes room. */
static void old_mappings_make_room(void **state)
{
    static const enum dtt_sim_nat_kind kinds[] = {DTT_SIM_NAT_SYMMETRIC, DTT_SIM_NAT_RESTRICTED,
                                                  DTT_SIM_NAT_SHIFTING};
    (void)state;
    for (size_t k = 0; k < 3; k++) {
        struct nat_test t;
        setup(&t, kinds[k]);
        for (uint32_t i = 0; i < 20000; i++) {
            struct dtt_addr to =
                dtt_addr_v4(9, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 53);
            struct dtt_addr from =
                dtt_addr_v4(8, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 53);
            uint16_t port = sends(&t, i * 40 * DTT_MS, &to);
            assert_int_not_equal(port, 0);
            assert_true(lets_in(&t, i * 40 * DTT_MS, &to, port));
            assert_false(lets_in(&t, i * 40 * DTT_MS, &from, port));
        }
        assert_true(dtt_map_count(&t.nat.out) <= 4096);
        dtt_sim_nat_fini(&t.nat);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_cone),
        cmocka_unit_test(restricted),
        cmocka_unit_test(symmetric),
        cmocka_unit_test(sequential),
        cmocka_unit_test(by_address),
        cmocka_unit_test(firewall),
        cmocka_unit_test(masquerade),
        cmocka_unit_test(shifting),
        cmocka_unit_test(mappings_end_by_age),
        cmocka_unit_test(several_hosts_have_ports_of_their_own),
        cmocka_unit_test(old_mappings_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
