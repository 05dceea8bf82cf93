/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/ctx.h"

#include "support/vectors.h"

/* Counters are shown to people and to Prometheus: names are words, unique, with a help text. */
static void test_counter_names(void **state)
{
    (void)state;
    for (unsigned i = 0; i < DTT_COUNTER_COUNT; i++) {
        const char *name = dtt_counter_name((enum dtt_counter)i);
        assert_true(strlen(name) > 0);
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_"), strlen(name));
        assert_true(strlen(dtt_counter_help((enum dtt_counter)i)) > 0);
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(name, dtt_counter_name((enum dtt_counter)k));
        }
    }
    assert_string_equal(dtt_counter_name(DTT_COUNTER_COUNT), "?");
    assert_string_equal(dtt_counter_help(DTT_COUNTER_COUNT), "");
}

static void test_count(void **state)
{
    struct dtt_ctx ctx = {0};
    (void)state;
    DTT_COUNT(&ctx, NODE_RX_DATAGRAMS);
    DTT_COUNT(&ctx, NODE_RX_DATAGRAMS);
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_RX_DATAGRAMS], 2);
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_TX_BATCHES], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter_names),
        cmocka_unit_test(test_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
