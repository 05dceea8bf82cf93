/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* On loopback, which no node uses; real interfaces need a network of their own: tests/e2e/lan.py.
 */
#define _GNU_SOURCE
#include "io/mdns.h"

#include "support/vectors.h"

#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static const struct dtt_addr loopback[2] = {
    {.family = DTT_FAMILY_V4, .port = 4000, .ip = {127, 0, 0, 1}}};

static void join_loopback(const struct dtt_mdns *m)
{
    struct ip_mreqn request = {.imr_ifindex = (int)if_nametoindex("lo")};
    request.imr_multiaddr.s_addr = htonl(0xe00000fb);
    assert_int_equal(setsockopt(m->fd[0], IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof(request)),
                     0);
}

static bool receive(struct dtt_mdns *m, struct dtt_mdns_datagram *ret)
{
    struct pollfd p = {.fd = m->fd[0], .events = POLLIN};
    return poll(&p, 1, 2000) == 1 && dtt_mdns_recv(m, 0, ret);
}

/* Two nodes of a host share the port; each hears both. Another program may have it for itself. */
static void nodes_of_a_host_hear_each_other(void **state)
{
    struct dtt_ctx ctx = {0};
    struct dtt_mdns a, b;
    struct dtt_mdns_datagram d;
    const struct dtt_lan_packet p = {
        .index = if_nametoindex("lo"), .family = DTT_FAMILY_V4, .data = dtt_slice("question", 8)};
    (void)state;
    dtt_mdns_init(&a);
    dtt_mdns_init(&b);
    dtt_mdns_open(&a, &ctx, loopback);
    dtt_mdns_open(&b, &ctx, loopback);
    if (a.fd[0] < 0) {
        skip();
    }
    assert_true(b.fd[0] >= 0);
    assert_true(a.fd[1] < 0); /* there is no IPv6 among the addresses bound */
    join_loopback(&a);
    join_loopback(&b);
    assert_true(dtt_mdns_send(&a, &p));
    for (int i = 0; i < 2; i++) {
        assert_true(receive(i ? &a : &b, &d));
        assert_int_equal(d.index, p.index);
        assert_int_equal(d.len, 8);
        assert_memory_equal(d.data, "question", 8);
        assert_int_equal(d.from.family, DTT_FAMILY_V4);
        assert_int_equal(d.from.port, DTT_LAN_PORT);
    }
    dtt_mdns_close(&a);
    dtt_mdns_close(&b);
}

/* The port is open to what is sent to the host itself, too: such a datagram counts, as any other.
 */
static void what_is_not_for_the_group_shows(void **state)
{
    static const struct dtt_addr bound[2] = {{.family = DTT_FAMILY_V6}};
    struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                              .sin6_port = htons(DTT_LAN_PORT),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct dtt_ctx ctx = {0};
    struct dtt_mdns m;
    struct dtt_mdns_datagram d;
    struct pollfd p = {.events = POLLIN};
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    (void)state;
    dtt_mdns_init(&m);
    dtt_mdns_open(&m, &ctx, bound);
    if (m.fd[1] < 0 || fd < 0 ||
        sendto(fd, "question", 8, 0, (const struct sockaddr *)&to, sizeof(to)) != 8) {
        skip();
    }
    p.fd = m.fd[1];
    if (poll(&p, 1, 2000) == 1) { /* else another program has the port, too, and got it */
        assert_true(dtt_mdns_recv(&m, 1, &d));
        assert_int_equal(d.index, 0);
        assert_int_equal(d.len, 8);
        assert_false(dtt_mdns_recv(&m, 1, &d));
    }
    close(fd);
    dtt_mdns_close(&m);
}

/* A datagram that is too long shows as such. */
static void long_datagrams_are_longer_than_allowed(void **state)
{
    static const uint8_t bytes[4000];
    struct dtt_ctx ctx = {0};
    struct dtt_mdns m;
    struct dtt_mdns_datagram d;
    const struct dtt_lan_packet p = {.index = if_nametoindex("lo"),
                                     .family = DTT_FAMILY_V4,
                                     .data = dtt_slice(bytes, sizeof(bytes))};
    (void)state;
    dtt_mdns_init(&m);
    dtt_mdns_open(&m, &ctx, loopback);
    if (m.fd[0] < 0) {
        skip();
    }
    join_loopback(&m);
    assert_true(dtt_mdns_send(&m, &p));
    assert_true(receive(&m, &d));
    assert_int_equal(d.len, DTT_LAN_PACKET_MAX + 1);
    dtt_mdns_close(&m);
}

/* A node on loopback says nothing to any network. */
static void loopback_is_no_link(void **state)
{
    struct dtt_ctx ctx = {0};
    struct dtt_mdns m;
    (void)state;
    dtt_mdns_init(&m);
    dtt_mdns_look(&m, loopback); /* without sockets */
    assert_int_equal(m.n_links, 0);
    dtt_mdns_open(&m, &ctx, loopback);
    dtt_mdns_look(&m, loopback);
    assert_int_equal(m.n_links, 0);
    dtt_mdns_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_of_a_host_hear_each_other),
        cmocka_unit_test(what_is_not_for_the_group_shows),
        cmocka_unit_test(long_datagrams_are_longer_than_allowed),
        cmocka_unit_test(loopback_is_no_link),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
