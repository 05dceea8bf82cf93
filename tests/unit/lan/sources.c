/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/sources.h"

#include "support/vectors.h"

static struct dtt_addr host(uint8_t number)
{
    return dtt_addr_v4(192, 168, 1, number, 5353);
}

/* Who floods uses up its own share; what it is refused costs others nothing. */
static void a_flood_leaves_others_their_share(void **state)
{
    struct dtt_lan_sources s;
    const struct dtt_addr bad = host(66), good = host(1);
    unsigned taken = 0;
    (void)state;
    dtt_lan_sources_init(&s, 0);
    for (unsigned i = 0; i < 1000; i++) {
        taken += dtt_lan_sources_take(&s, 1, &bad);
    }
    assert_int_equal(taken, DTT_LAN_OPEN_BURST);
    assert_true(dtt_lan_sources_take(&s, 1, &good));
    assert_true(dtt_lan_sources_take(&s, DTT_S, &bad));
}

/* Who pretends to be many meets the limit of all. */
static void many_hosts_have_a_limit_together(void **state)
{
    struct dtt_lan_sources s;
    unsigned taken = 0;
    (void)state;
    dtt_lan_sources_init(&s, 0);
    for (unsigned i = 0; i < 1000; i++) {
        const struct dtt_addr from = host((uint8_t)i);
        taken += dtt_lan_sources_take(&s, 1, &from);
    }
    assert_int_equal(taken, DTT_LAN_OPEN_ALL_BURST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_leaves_others_their_share),
        cmocka_unit_test(many_hosts_have_a_limit_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
