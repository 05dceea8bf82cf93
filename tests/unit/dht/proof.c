/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/proof.h"

#include "support/vectors.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proves_an_address_for_a_while),
        cmocka_unit_test(test_a_flood_proves_nobody_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
