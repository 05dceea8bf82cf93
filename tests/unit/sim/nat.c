/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/nat.h"

#include "support/vectors.h"

#define TIMEOUT (60 * DTT_S)

struct nat_test {
    struct dtt_sim_nat nat;
    struct dtt_rng rng;
    struct dtt_addr a, b, a_other_port;
};

static void setup(struct nat_test *t, enum dtt_sim_nat_kind kind)
{
    const uint8_t seed[DTT_RNG_SEED_BYTES] = {7};
    dtt_rng_init(&t->rng, seed, "nat");
    dtt_sim_nat_init(&t->nat, kind, TIMEOUT);
    t->a = dtt_addr_v4(1, 2, 3, 4, 1000);
    t->a_other_port = dtt_addr_v4(1, 2, 3, 4, 2000);
    t->b = dtt_addr_v4(5, 6, 7, 8, 1000);
}

static void full_cone(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_FULL_CONE);
    assert_false(dtt_sim_nat_lets_in(&t.nat, 1, &t.a, t.nat.port));
    uint16_t port = dtt_sim_nat_send(&t.nat, &t.rng, 1, &t.a);
    assert_int_not_equal(port, 0);
    assert_int_equal(dtt_sim_nat_send(&t.nat, &t.rng, 2, &t.b), port);
    assert_true(dtt_sim_nat_lets_in(&t.nat, 3, &t.a_other_port, port));
    assert_false(dtt_sim_nat_lets_in(&t.nat, 3, &t.a, (uint16_t)(port + 1)));
    assert_true(dtt_sim_nat_lets_in(&t.nat, 1 + TIMEOUT, &t.a, port));
    assert_false(dtt_sim_nat_lets_in(&t.nat, 2 + TIMEOUT, &t.a, port));
    assert_int_not_equal(dtt_sim_nat_send(&t.nat, &t.rng, 2 + TIMEOUT, &t.a), port);
    dtt_sim_nat_fini(&t.nat);
}

static void restricted(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_RESTRICTED);
    uint16_t port = dtt_sim_nat_send(&t.nat, &t.rng, 1, &t.a);
    assert_true(dtt_sim_nat_lets_in(&t.nat, 2, &t.a, port));
    assert_false(dtt_sim_nat_lets_in(&t.nat, 2, &t.a_other_port, port));
    assert_false(dtt_sim_nat_lets_in(&t.nat, 2, &t.b, port));
    assert_int_equal(dtt_sim_nat_send(&t.nat, &t.rng, TIMEOUT, &t.b), port);
    assert_true(dtt_sim_nat_lets_in(&t.nat, TIMEOUT, &t.b, port));
    /* The port stays while anything is sent; who was last spoken to long ago is shut out. */
    assert_false(dtt_sim_nat_lets_in(&t.nat, 1 + TIMEOUT, &t.a, port));
    assert_int_equal(dtt_sim_nat_send(&t.nat, &t.rng, 1 + TIMEOUT, &t.a), port);
    assert_true(dtt_sim_nat_lets_in(&t.nat, 1 + TIMEOUT, &t.a, port));
    dtt_sim_nat_fini(&t.nat);
}

static void symmetric(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_SYMMETRIC);
    uint16_t to_a = dtt_sim_nat_send(&t.nat, &t.rng, 1, &t.a);
    uint16_t to_b = dtt_sim_nat_send(&t.nat, &t.rng, 1, &t.b);
    assert_int_not_equal(to_a, to_b);
    assert_int_equal(dtt_sim_nat_send(&t.nat, &t.rng, 2, &t.a), to_a);
    assert_true(dtt_sim_nat_lets_in(&t.nat, 3, &t.a, to_a));
    assert_false(dtt_sim_nat_lets_in(&t.nat, 3, &t.b, to_a));
    assert_false(dtt_sim_nat_lets_in(&t.nat, 3, &t.a, to_b));
    assert_false(dtt_sim_nat_lets_in(&t.nat, 2 + TIMEOUT, &t.a, to_a));
    assert_int_not_equal(dtt_sim_nat_send(&t.nat, &t.rng, 2 + TIMEOUT, &t.a), to_a);
    dtt_sim_nat_fini(&t.nat);
}

/* More addresses than it has places for: what is over makes room. */
static void old_mappings_make_room(void **state)
{
    struct nat_test t;
    (void)state;
    setup(&t, DTT_SIM_NAT_SYMMETRIC);
    for (uint32_t i = 0; i < 20000; i++) {
        struct dtt_addr to = dtt_addr_v4(9, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 53);
        assert_int_not_equal(dtt_sim_nat_send(&t.nat, &t.rng, i * 20 * DTT_MS, &to), 0);
    }
    assert_true(dtt_map_count(&t.nat.out) <= 4096);
    dtt_sim_nat_fini(&t.nat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_cone),
        cmocka_unit_test(restricted),
        cmocka_unit_test(symmetric),
        cmocka_unit_test(old_mappings_make_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
