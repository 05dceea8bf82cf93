/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "io/resolve.h"

#include "io/host.h"
#include "support/vectors.h"

#include <poll.h>

#define DEADLINE_MS 60000

static void localhost_is_found(void **state)
{
    struct dtt_resolve *r;
    struct dtt_addr got[DTT_RESOLVE_ADDRS];
    (void)state;
    assert_int_equal(dtt_resolve_start(&r, "localhost", 6881), DTT_OK);
    struct pollfd p = {.fd = dtt_resolve_fd(r), .events = POLLIN};
    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    size_t n = dtt_resolve_take(r, got);
    assert_true(n >= 1);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(dtt_addr_scope(&got[i]), DTT_SCOPE_LOOPBACK);
        assert_int_equal(got[i].port, 6881);
    }
    assert_int_equal(dtt_resolve_take(r, got), 0); /* taken */
    dtt_resolve_free(r);
}

static void an_abandoned_lookup_frees_itself(void **state)
{
    struct dtt_resolve *r;
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(dtt_resolve_start(&r, "localhost", 1), DTT_OK);
        dtt_resolve_free(r);
    }
    dtt_resolve_free(NULL);
}

static void own_addresses(void **state)
{
    struct dtt_addr list[8];
    struct dtt_addr any = {.port = 99, .family = DTT_FAMILY_V4};
    struct dtt_addr one = dtt_addr_v4(10, 1, 2, 3, 99);
    size_t n = 0;
    (void)state;
    dtt_host_addrs(&one, list, &n, 8);
    assert_int_equal(n, 1);
    assert_true(dtt_addr_eq(&list[0], &one));
    n = 0;
    dtt_host_addrs(&any, list, &n, 8);
    assert_true(n >= 1); /* every host has a loopback interface at least */
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(list[i].port, 99);
        assert_int_equal(list[i].family, DTT_FAMILY_V4);
        assert_true(dtt_addr_is_usable(&list[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(localhost_is_found),
        cmocka_unit_test(an_abandoned_lookup_frees_itself),
        cmocka_unit_test(own_addresses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
