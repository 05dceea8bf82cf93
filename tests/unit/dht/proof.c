/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/proof.h"

#include "support/vectors.h"

#include <dtt/types.h>

static const uint8_t key[16] = {7};

static struct dtt_now at_s(uint64_t s)
{
    return (struct dtt_now){.mono_ns = s * DTT_S};
}

static void test_proves_an_address_for_a_while(void **state)
{
    struct dtt_proofs p;
    struct dtt_addr a = dtt_addr_v4(50, 1, 1, 1, 1), b = dtt_addr_v4(50, 1, 1, 2, 1);
    (void)state;
    dtt_proofs_init(&p, key);
    assert_false(dtt_proofs_has(&p, at_s(1), &a));
    assert_null(p.slots);
    dtt_proofs_add(&p, at_s(1), &a);
    assert_true(dtt_proofs_has(&p, at_s(1), &a));
    a.port = 2;
    assert_true(dtt_proofs_has(&p, at_s(DTT_PROOF_LIFETIME_S), &a));
    assert_false(dtt_proofs_has(&p, at_s(DTT_PROOF_LIFETIME_S + 1), &a));
    assert_false(dtt_proofs_has(&p, at_s(1), &b));
    dtt_proofs_fini(&p);
}

/* Newer ones take places of older ones; an address nobody added never counts. */
static void test_a_flood_proves_nobody_else(void **state)
{
    struct dtt_proofs p;
    unsigned known = 0, strangers = 0;
    (void)state;
    dtt_proofs_init(&p, key);
    for (unsigned i = 0; i < 5000; i++) {
        struct dtt_addr a = dtt_addr_v4(50, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        dtt_proofs_add(&p, at_s(1), &a);
        assert_true(dtt_proofs_has(&p, at_s(1), &a));
    }
    for (unsigned i = 0; i < 5000; i++) {
        struct dtt_addr a = dtt_addr_v4(50, (uint8_t)(i >> 8), (uint8_t)i, 1, 1);
        struct dtt_addr b = dtt_addr_v4(50, (uint8_t)(i >> 8), (uint8_t)i, 2, 1);
        known += dtt_proofs_has(&p, at_s(1), &a);
        strangers += dtt_proofs_has(&p, at_s(1), &b);
    }
    assert_true(known > DTT_PROOF_SLOTS / 2 && known <= DTT_PROOF_SLOTS);
    assert_int_equal(strangers, 0);
    dtt_proofs_fini(&p);
}

static struct dtt_held_get get_of(uint8_t ip, uint16_t port, uint8_t t)
{
    return (struct dtt_held_get){.from = dtt_addr_v4(50, 1, 1, ip, port), .t = {t}, .t_len = 1};
}

static void test_gets_wait_first_in_first_out(void **state)
{
    struct dtt_held h = {0};
    struct dtt_held_get a = get_of(1, 1, 'a'), b = get_of(2, 1, 'b'), c = get_of(1, 1, 'c'), out;
    struct dtt_addr other_port = dtt_addr_v4(50, 1, 1, 1, 2);
    (void)state;
    assert_false(dtt_held_take(&h, &a.from, &out));
    assert_int_equal(dtt_held_add(&h, &a), DTT_OK);
    assert_int_equal(dtt_held_add(&h, &b), DTT_OK);
    assert_int_equal(dtt_held_add(&h, &c), DTT_OK);
    assert_true(dtt_held_has(&h, &a.from));
    assert_false(dtt_held_has(&h, &other_port));
    assert_true(dtt_held_take(&h, &a.from, &out) && out.t[0] == 'a');
    assert_true(dtt_held_take(&h, &a.from, &out) && out.t[0] == 'c');
    assert_false(dtt_held_take(&h, &a.from, &out));
    assert_true(dtt_held_take(&h, &b.from, &out) && out.t[0] == 'b');
    assert_null(h.gets); /* no memory while nobody waits */
    dtt_held_fini(&h);
}

static void test_bounds_of_gets_that_wait(void **state)
{
    struct dtt_held h = {0};
    unsigned held = 0;
    (void)state;
    for (uint16_t port = 1; port <= 100; port++) { /* one address, whatever its ports */
        struct dtt_held_get g = get_of(1, port, 't');
        held += dtt_held_add(&h, &g) == DTT_OK;
    }
    assert_int_equal(held, DTT_HELD_PER_ADDRESS);
    for (unsigned i = 2; i < 256; i++) {
        struct dtt_held_get g = get_of((uint8_t)i, 1, 't');
        held += dtt_held_add(&h, &g) == DTT_OK;
    }
    assert_int_equal(held, DTT_HELD_MAX);
    dtt_held_fini(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proves_an_address_for_a_while),
        cmocka_unit_test(test_a_flood_proves_nobody_else),
        cmocka_unit_test(test_gets_wait_first_in_first_out),
        cmocka_unit_test(test_bounds_of_gets_that_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
