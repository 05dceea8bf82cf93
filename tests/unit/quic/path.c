/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/path.h"

#include "support/vectors.h"

static void goes_there_and_back(void **state)
{
    (void)state;
    const uint8_t ip6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct dtt_addr v4 = dtt_addr_v4(192, 0, 2, 1, 0x1234);
    struct dtt_addr v6 = dtt_addr_v6(ip6, 65535);
    struct dtt_addr got;
    ngtcp2_path_storage ps;
    dtt_qpath_init(&ps, &v4, &v6);
    assert_int_equal(ps.path.local.addr->sa_family, AF_INET);
    assert_int_equal(ps.path.local.addrlen, sizeof(struct sockaddr_in));
    assert_int_equal(ps.path.remote.addr->sa_family, AF_INET6);
    dtt_qpath_addr(&ps.path.local, &got);
    assert_memory_equal(&got, &v4, sizeof(got));
    dtt_qpath_addr(&ps.path.remote, &got);
    assert_memory_equal(&got, &v6, sizeof(got));
    struct dtt_addr link = dtt_addr_v6_zone((const uint8_t[16]){0xfe, 0x80, [15] = 1}, 7, 3);
    dtt_qpath_init(&ps, &v6, &link);
    dtt_qpath_addr(&ps.path.remote, &got);
    assert_memory_equal(&got, &link, sizeof(got));
}

/* The port lies in network order, as the rest of the world has it. */
static void uses_network_order(void **state)
{
    (void)state;
    struct dtt_addr v4 = dtt_addr_v4(192, 0, 2, 1, 0x1234);
    ngtcp2_path_storage ps;
    dtt_qpath_init(&ps, &v4, &v4);
    assert_memory_equal(&ps.local_addrbuf.in.sin_port, "\x12\x34", 2);
    assert_memory_equal(&ps.local_addrbuf.in.sin_addr, "\xc0\x00\x02\x01", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back),
        cmocka_unit_test(uses_network_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
