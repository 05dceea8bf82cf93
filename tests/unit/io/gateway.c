/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "io/gateway.h"

#include "support/vectors.h"

/* What it finds depends on the machine; tests/e2e/portmap.py has a router of its own. */
static void is_whole_or_nothing(void **state)
{
    struct dtt_addr any = {.family = DTT_FAMILY_V4, .port = 40003};
    struct dtt_addr gateway = {0}, client = {0};
    (void)state;
    if (!dtt_gateway_read(&any, &gateway, &client)) {
        assert_int_equal(gateway.family, DTT_FAMILY_NONE);
        assert_int_equal(client.family, DTT_FAMILY_NONE);
        return;
    }
    assert_int_equal(gateway.family, DTT_FAMILY_V4);
    assert_int_equal(gateway.port, 0);
    assert_int_equal(client.family, DTT_FAMILY_V4);
    assert_int_equal(client.port, 40003);
    assert_false(dtt_addr_is_wildcard(&client));
}

/* No way leads from loopback to the internet. */
static void none_from_loopback(void **state)
{
    struct dtt_addr bound = dtt_addr_v4(127, 0, 0, 1, 40003);
    struct dtt_addr gateway = {0}, client = {0};
    (void)state;
    assert_false(dtt_gateway_read(&bound, &gateway, &client));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_whole_or_nothing),
        cmocka_unit_test(none_from_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
