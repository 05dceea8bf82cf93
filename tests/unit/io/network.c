/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What changes the host's network needs a network of its own: tests/e2e/moves.py. */
#include "io/network.h"

#include "support/vectors.h"

#include <unistd.h>

static const struct dtt_addr bound[2] = {{.family = DTT_FAMILY_V4, .port = 4000},
                                         {.family = DTT_FAMILY_V6, .port = 6000}};

static void the_first_look_is_no_change(void **state)
{
    struct dtt_network n;
    struct dtt_now now = {.mono_ns = 5 * DTT_S};
    (void)state;
    dtt_network_init(&n, now, bound);
    assert_int_equal(dtt_network_look(&n, now), DTT_NETWORK_LOOKED | DTT_NETWORK_ADDRS);
    assert_true(n.n_addrs > 0);
    assert_true(dtt_network_deadline(&n) == DTT_NEVER);
    now.mono_ns += DTT_NETWORK_EVERY_NS;
    assert_int_equal(dtt_network_look(&n, now), DTT_NETWORK_LOOKED);
    dtt_network_fini(&n);
}

/* Eight looks at once, then one in five seconds, however much the kernel tells. */
static void looks_are_rationed(void **state)
{
    struct dtt_network n;
    struct dtt_now now = {.mono_ns = 5 * DTT_S};
    size_t looks = 0;
    (void)state;
    dtt_network_init(&n, now, bound);
    dtt_network_look(&n, now);
    const uint64_t end_ns = now.mono_ns + 60 * DTT_S;
    while (now.mono_ns < end_ns) {
        dtt_network_heard(&n, now);
        uint64_t due_ns = dtt_network_deadline(&n);
        assert_true(due_ns >= now.mono_ns + DTT_NETWORK_SETTLE_NS);
        dtt_network_heard(&n, now); /* it is no reason to wait longer */
        assert_true(dtt_network_deadline(&n) == due_ns);
        now.mono_ns = due_ns - 1;
        assert_int_equal(dtt_network_look(&n, now), 0);
        now.mono_ns = due_ns;
        dtt_network_look(&n, now);
        assert_true(dtt_network_deadline(&n) == DTT_NEVER);
        looks++;
    }
    assert_in_range(looks, 18, 21);
    dtt_network_fini(&n);
}

static void without_netlink_it_looks_from_time_to_time(void **state)
{
    struct dtt_network n;
    struct dtt_now now = {.mono_ns = 5 * DTT_S};
    struct dtt_addr contact = dtt_addr_v4(127, 0, 0, 1, 9);
    (void)state;
    dtt_network_init(&n, now, bound);
    dtt_network_fini(&n);
    assert_int_equal(n.fd, -1);
    assert_int_equal(dtt_network_look(&n, now), DTT_NETWORK_LOOKED | DTT_NETWORK_ADDRS);
    n.addrs[0].port++; /* as if it had been another one */
    now.mono_ns += DTT_NETWORK_EVERY_NS - 1;
    assert_int_equal(dtt_network_look(&n, now), 0);
    now.mono_ns++;
    assert_int_equal(dtt_network_look(&n, now), DTT_NETWORK_LOOKED | DTT_NETWORK_ADDRS);
    /* A contact shows more: it is looked at once. Its number is limited. */
    for (size_t i = 0; i < 2 * DTT_NETWORK_CONTACTS; i++) {
        dtt_network_add_contact(&n, now, &contact);
    }
    assert_int_equal(n.n_contacts, DTT_NETWORK_CONTACTS);
    assert_true(n.look_ns == now.mono_ns);
    dtt_network_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_look_is_no_change),
        cmocka_unit_test(looks_are_rationed),
        cmocka_unit_test(without_netlink_it_looks_from_time_to_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
