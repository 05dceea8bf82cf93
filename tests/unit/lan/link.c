/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/link.h"

#include "support/vectors.h"

static void an_address_is_in_a_network_or_not(void **state)
{
    struct dtt_lan_link v4 = {.family = DTT_FAMILY_V4, .n_nets = 1};
    struct dtt_lan_link v6 = {.family = DTT_FAMILY_V6, .n_nets = 1};
    const struct dtt_addr in = dtt_addr_v4(10, 0, 7, 255, 9), out = dtt_addr_v4(10, 0, 8, 0, 9);
    (void)state;
    v4.nets[0] = (struct dtt_lan_net){.addr = dtt_addr_v4(10, 0, 4, 1, 0), .prefix_len = 22};
    assert_true(dtt_lan_link_has(&v4, &in));
    assert_false(dtt_lan_link_has(&v4, &out));
    v4.nets[0].prefix_len = 32;
    assert_false(dtt_lan_link_has(&v4, &in));
    assert_true(dtt_lan_link_has(&v4, &v4.nets[0].addr));
    v4.nets[0].prefix_len = 0;
    assert_true(dtt_lan_link_has(&v4, &out));
    v6.nets[0].addr = dtt_addr_v6((const uint8_t[16]){0xfe, 0x80, [15] = 1}, 0);
    v6.nets[0].prefix_len = 128;
    assert_true(dtt_lan_link_has(&v6, &v6.nets[0].addr));
    assert_false(dtt_lan_link_has(&v6, &in));
}

static void a_link_is_an_interface_and_a_family(void **state)
{
    const struct dtt_lan_link links[] = {{.index = 3, .family = DTT_FAMILY_V4},
                                         {.index = 3, .family = DTT_FAMILY_V6},
                                         {.index = 4, .family = DTT_FAMILY_V4}};
    (void)state;
    assert_int_equal(dtt_lan_link_find(links, 3, 3, DTT_FAMILY_V6), 1);
    assert_int_equal(dtt_lan_link_find(links, 3, 4, DTT_FAMILY_V4), 2);
    assert_int_equal(dtt_lan_link_find(links, 3, 4, DTT_FAMILY_V6), 3);
    assert_int_equal(dtt_lan_link_find(links, 2, 4, DTT_FAMILY_V4), 2);
}

static void a_set_gives_its_links_in_order(void **state)
{
    dtt_lan_link_set set = 1u << 2 | 1u << 15;
    (void)state;
    assert_int_equal(dtt_lan_link_first(set), 2);
    assert_int_equal(dtt_lan_link_take(&set), 2);
    assert_int_equal(dtt_lan_link_take(&set), 15);
    assert_int_equal(set, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_in_a_network_or_not),
        cmocka_unit_test(a_link_is_an_interface_and_a_family),
        cmocka_unit_test(a_set_gives_its_links_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
