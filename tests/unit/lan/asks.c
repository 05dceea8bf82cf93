/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/asks.h"

#include "support/vectors.h"

#define START (100 * DTT_S)

static void the_first_ones_have_their_times(void **state)
{
    static const uint64_t after_s[] = {0, 1, 3, 7};
    struct dtt_lan_asks a;
    (void)state;
    dtt_lan_asks_init(&a, START);
    assert_int_equal(a.last_ns, DTT_NEVER);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(a.next_ns, START + after_s[i] * DTT_S);
        assert_int_equal(dtt_lan_asks_begin(&a, a.next_ns, 5), i < 3);
        assert_int_equal(a.last_ns, START + after_s[i] * DTT_S);
        assert_int_equal(a.links, 5);
    }
    assert_int_equal(a.next_ns, DTT_NEVER);
    assert_false(dtt_lan_asks_begin(&a, START + 60 * DTT_S, 5));
}

static void those_of_a_sleep_are_one(void **state)
{
    struct dtt_lan_asks a;
    (void)state;
    dtt_lan_asks_init(&a, START);
    assert_true(dtt_lan_asks_begin(&a, START + 4 * DTT_S, 1));
    assert_int_equal(a.next_ns, START + 7 * DTT_S);
    dtt_lan_asks_restart(&a, START + 5 * DTT_S);
    assert_int_equal(a.next_ns, START + 5 * DTT_S);
    assert_int_equal(a.last_ns, START + 4 * DTT_S);
    assert_false(dtt_lan_asks_begin(&a, START + 12 * DTT_S, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_ones_have_their_times),
        cmocka_unit_test(those_of_a_sleep_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
