/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/held.h"

#include "support/vectors.h"

#include <dtt/types.h>

static struct dtt_held_get get_of(uint8_t ip, uint16_t port, uint8_t t)
{
    return (struct dtt_held_get){.from = dtt_addr_v4(50, 1, 1, ip, port), .t = {t}, .t_len = 1};
}

static void test_first_in_first_out_by_endpoint(void **state)
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

static void test_bounds(void **state)
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
        cmocka_unit_test(test_first_in_first_out_by_endpoint),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
