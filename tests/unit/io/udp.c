/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "io/udp.h"

#include "support/vectors.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEADLINE_MS 20000

static void open_local(struct dtt_udp *u)
{
    struct dtt_addr addr = dtt_addr_v4(127, 0, 0, 1, 0);
    assert_int_equal(dtt_udp_open(u, &addr), DTT_OK);
    assert_true(u->bound.port != 0);
}

static void wait_for(const struct dtt_udp *u, short events)
{
    struct pollfd p = {.fd = u->fd, .events = events};
    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
}

static void batches_arrive_whole(void **state)
{
    struct dtt_udp a, b;
    struct dtt_udp_rx *rx = dtt_udp_rx_new();
    uint8_t data[1000];
    size_t got = 0;
    (void)state;
    assert_non_null(rx);
    open_local(&a);
    open_local(&b);
    for (unsigned i = 0; i < 40; i++) {
        memset(data, (int)i, sizeof(data));
        assert_true(dtt_udp_add(&a, NULL, &b.bound, i % 4, 0, 100 + i, dtt_slice(data, 100 + i)));
    }
    assert_int_equal(dtt_udp_flush(&a), DTT_OK);
    while (got < 40) {
        struct dtt_udp_datagram d;
        wait_for(&b, POLLIN);
        assert_true(dtt_udp_recv(&b, rx) >= 0);
        while (dtt_udp_next(&b, rx, &d)) {
            assert_int_equal(d.data.len, 100 + got);
            assert_int_equal(d.data.data[0], got);
            assert_int_equal(d.ecn, got % 4);
            assert_true(dtt_addr_eq(&d.from, &a.bound));
            got++;
        }
    }
    assert_int_equal(dtt_udp_recv(&b, rx), 0);
    dtt_udp_close(&a);
    dtt_udp_close(&b);
    dtt_udp_rx_free(rx);
}

/* A batch of equal datagrams and a shorter last one, with and without the kernel's help. */
static void segments_arrive_one_by_one(void **state)
{
    struct dtt_udp a, b;
    struct dtt_udp_rx *rx = dtt_udp_rx_new();
    static uint8_t data[1200 * 30 + 77];
    (void)state;
    assert_non_null(rx);
    for (size_t i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)(i / 1200);
    }
    open_local(&a);
    open_local(&b);
    for (int with_segment = 0; with_segment < 2; with_segment++) {
        size_t got = 0;
        if (with_segment == 0) {
            a.has_segment = false;
        }
        assert_true(dtt_udp_add(&a, NULL, &b.bound, 0, 0, 1200, dtt_slice(data, sizeof(data))));
        assert_int_equal(dtt_udp_flush(&a), DTT_OK);
        while (got < 31) {
            struct dtt_udp_datagram d;
            wait_for(&b, POLLIN);
            assert_true(dtt_udp_recv(&b, rx) >= 0);
            while (dtt_udp_next(&b, rx, &d)) {
                assert_int_equal(d.data.len, got < 30 ? 1200 : 77);
                assert_int_equal(d.data.data[0], got);
                got++;
            }
        }
    }
    dtt_udp_close(&a);
    dtt_udp_close(&b);
    dtt_udp_rx_free(rx);
}

/* A socket of all addresses, and one that asks it at several of them. */
static void answers_leave_from_the_address_asked(void **state)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};
    struct dtt_addr asked[] = {dtt_addr_v4(127, 0, 0, 1, 0), dtt_addr_v4(127, 0, 0, 2, 0),
                               dtt_addr_v4(127, 9, 8, 7, 0), dtt_addr_v6(v6_loopback, 0)};
    struct dtt_udp_rx *rx = dtt_udp_rx_new();
    static uint8_t data[3 * 1000 + 7];
    (void)state;
    assert_non_null(rx);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
        struct dtt_addr any = {.family = asked[i].family};
        struct dtt_addr home = i < 3 ? dtt_addr_v4(127, 0, 0, 1, 0) : asked[i];
        struct dtt_udp server, client;
        struct dtt_udp_datagram d;
        size_t got = 0;
        if (dtt_udp_open(&client, &home) != DTT_OK) {
            continue; /* no IPv6 here */
        }
        assert_int_equal(dtt_udp_open(&server, &any), DTT_OK);
        asked[i].port = server.bound.port;
        assert_true(dtt_udp_add(&client, NULL, &asked[i], 1, 0, 1, dtt_slice("?", 1)));
        assert_int_equal(dtt_udp_flush(&client), DTT_OK);
        wait_for(&server, POLLIN);
        assert_int_equal(dtt_udp_recv(&server, rx), 1);
        assert_true(dtt_udp_next(&server, rx, &d));
        assert_true(dtt_addr_eq(&d.to, &asked[i]));
        /* A batch in segments, with marks, takes its source along. */
        assert_true(
            dtt_udp_add(&server, &d.to, &d.from, 2, 0, 1000, dtt_slice(data, sizeof(data))));
        assert_int_equal(dtt_udp_flush(&server), DTT_OK);
        while (got < sizeof(data)) {
            wait_for(&client, POLLIN);
            assert_true(dtt_udp_recv(&client, rx) >= 0);
            while (dtt_udp_next(&client, rx, &d)) {
                assert_true(dtt_addr_eq(&d.from, &asked[i]));
                assert_true(dtt_addr_eq(&d.to, &client.bound));
                assert_int_equal(d.ecn, 2);
                got += d.data.len;
            }
        }
        dtt_udp_close(&server);
        dtt_udp_close(&client);
    }
    dtt_udp_rx_free(rx);
}

/* An address that the host has no more is no reason to lose the packet, nor the batches. */
static void a_lost_address_leaves_the_choice_to_the_kernel(void **state)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};
    static const uint8_t v6_foreign[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct dtt_addr lost[] = {dtt_addr_v4(192, 0, 2, 1, 0), dtt_addr_v6(v6_foreign, 0)};
    struct dtt_addr home[] = {dtt_addr_v4(127, 0, 0, 1, 0), dtt_addr_v6(v6_loopback, 0)};
    struct dtt_udp_rx *rx = dtt_udp_rx_new();
    static uint8_t data[3 * 1000 + 7];
    (void)state;
    assert_non_null(rx);
    for (size_t i = 0; i < 2; i++) {
        struct dtt_addr any = {.family = home[i].family};
        struct dtt_udp a, b;
        struct dtt_udp_datagram d;
        size_t got = 0;
        if (dtt_udp_open(&b, &home[i]) != DTT_OK) {
            continue; /* no IPv6 here */
        }
        assert_int_equal(dtt_udp_open(&a, &any), DTT_OK);
        bool has_segment = a.has_segment;
        assert_true(dtt_udp_add(&a, &lost[i], &b.bound, 0, 0, 1000, dtt_slice(data, sizeof(data))));
        assert_int_equal(dtt_udp_flush(&a), DTT_OK);
        assert_int_equal(a.n_failed, 0);
        assert_int_equal(a.has_segment, has_segment);
        while (got < sizeof(data)) {
            wait_for(&b, POLLIN);
            assert_true(dtt_udp_recv(&b, rx) >= 0);
            while (dtt_udp_next(&b, rx, &d)) {
                assert_true(dtt_addr_same_ip(&d.from, &home[i]));
                got += d.data.len;
            }
        }
        dtt_udp_close(&a);
        dtt_udp_close(&b);
    }
    dtt_udp_rx_free(rx);
}

/* What the receiver is told of the hop limit, of one datagram in each family. */
static int hops_of(const struct dtt_udp *u, uint8_t ret[1])
{
    _Alignas(struct cmsghdr) uint8_t control[256];
    struct iovec iov = {.iov_base = ret, .iov_len = 1};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    int hops = -1;
    wait_for(u, POLLIN);
    assert_int_equal(recvmsg(u->fd, &m, 0), 1);
    for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
        if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TTL) ||
            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)) {
            memcpy(&hops, CMSG_DATA(c), sizeof(hops));
        }
    }
    return hops;
}

/* Of several datagrams in one batch each has its own hop limit, beside a source and a mark. */
static void a_hop_limit_goes_with_its_datagram(void **state)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};
    struct dtt_addr home[] = {dtt_addr_v4(127, 0, 0, 1, 0), dtt_addr_v6(v6_loopback, 0)};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        bool v4 = i == 0;
        struct dtt_addr any = {.family = home[i].family};
        struct dtt_udp a, b;
        uint8_t byte = 0;
        int on = 1;
        if (dtt_udp_open(&b, &home[i]) != DTT_OK) {
            continue; /* no IPv6 here */
        }
        assert_int_equal(dtt_udp_open(&a, &any), DTT_OK);
        assert_int_equal(setsockopt(b.fd, v4 ? IPPROTO_IP : IPPROTO_IPV6,
                                    v4 ? IP_RECVTTL : IPV6_RECVHOPLIMIT, &on, sizeof(on)),
                         0);
        assert_true(dtt_udp_add(&a, NULL, &b.bound, 0, 5, 1, dtt_slice("1", 1)));
        assert_true(dtt_udp_add(&a, NULL, &b.bound, 0, 0, 1, dtt_slice("2", 1)));
        assert_true(dtt_udp_add(&a, &home[i], &b.bound, 2, 255, 1, dtt_slice("3", 1)));
        assert_int_equal(dtt_udp_flush(&a), DTT_OK);
        assert_int_equal(hops_of(&b, &byte), 5);
        assert_int_equal(byte, '1');
        assert_in_range(hops_of(&b, &byte), 32, 254); /* the system's, mostly 64 */
        assert_int_equal(hops_of(&b, &byte), 255);
        assert_int_equal(byte, '3');
        dtt_udp_close(&a);
        dtt_udp_close(&b);
    }
}

/* A network that no route leads to, here the addresses of documentation without an interface. */
static void what_has_no_route_is_told(void **state)
{
    static const uint8_t v6_loopback[16] = {[15] = 1};
    struct dtt_addr home = dtt_addr_v6(v6_loopback, 0);
    struct dtt_addr any = {.family = DTT_FAMILY_V6};
    struct dtt_addr far, told, from;
    struct dtt_udp a, b;
    const uint8_t ip[16] = {0x20, 1, 0x0d, 0xb8, [15] = 1};
    (void)state;
    far = dtt_addr_v6(ip, 4433);
    if (dtt_udp_open(&b, &home) != DTT_OK || dtt_udp_source(&far, &from)) {
        skip(); /* no IPv6, or more of it than most test machines have */
    }
    assert_int_equal(dtt_udp_open(&a, &any), DTT_OK);
    assert_true(dtt_udp_add(&a, NULL, &far, 0, 0, 1, dtt_slice("1", 1)));
    assert_true(dtt_udp_add(&a, NULL, &b.bound, 0, 0, 1, dtt_slice("2", 1)));
    assert_int_equal(dtt_udp_flush(&a), DTT_OK);
    assert_true(dtt_udp_next_routeless(&a, &told));
    assert_true(dtt_addr_eq(&told, &far));
    assert_false(dtt_udp_next_routeless(&a, &told));
    wait_for(&b, POLLIN); /* the rest of the batch has gone out */
    dtt_udp_close(&a);
    dtt_udp_close(&b);
}

/* An ICMP error waits in the socket for the next packet, which need not be to blame. */
static void an_error_of_another_packet_loses_none(void **state)
{
    struct dtt_udp a, b, c;
    struct dtt_addr gone, told;
    (void)state;
    open_local(&a);
    open_local(&b);
    open_local(&c);
    gone = b.bound;
    dtt_udp_close(&b);
    assert_true(dtt_udp_add(&a, NULL, &gone, 0, 0, 1, dtt_slice("x", 1)));
    assert_int_equal(dtt_udp_flush(&a), DTT_OK);
    wait_for(&a, 0); /* POLLERR */
    assert_true(dtt_udp_add(&a, NULL, &c.bound, 0, 0, 1, dtt_slice("y", 1)));
    assert_int_equal(dtt_udp_flush(&a), DTT_OK);
    assert_int_equal(a.n_failed, 0);
    assert_false(dtt_udp_next_routeless(&a, &told));
    wait_for(&c, POLLIN);
    dtt_udp_close(&a);
    dtt_udp_close(&c);
}

static void a_full_batch_says_so(void **state)
{
    struct dtt_udp a;
    static uint8_t data[60000];
    (void)state;
    open_local(&a);
    assert_true(dtt_udp_add(&a, NULL, &a.bound, 0, 0, 60000, dtt_slice(data, sizeof(data))));
    assert_false(dtt_udp_add(&a, NULL, &a.bound, 0, 0, 60000, dtt_slice(data, sizeof(data))));
    dtt_udp_close(&a);
}

static void a_closed_port_is_reported(void **state)
{
    struct dtt_udp a, b;
    struct dtt_addr gone, told;
    (void)state;
    open_local(&a);
    open_local(&b);
    gone = b.bound;
    dtt_udp_close(&b);
    assert_true(dtt_udp_add(&a, NULL, &gone, 0, 0, 1, dtt_slice("x", 1)));
    assert_int_equal(dtt_udp_flush(&a), DTT_OK);
    wait_for(&a, 0); /* POLLERR */
    assert_true(dtt_udp_next_error(&a, &told));
    assert_true(dtt_addr_eq(&told, &gone));
    assert_false(dtt_udp_next_error(&a, &told));
    dtt_udp_close(&a);
}

static void addresses_that_cannot_be_bound(void **state)
{
    struct dtt_udp a, b;
    struct dtt_addr foreign = dtt_addr_v4(192, 0, 2, 1, 0);
    (void)state;
    open_local(&a);
    assert_int_equal(dtt_udp_open(&b, &a.bound), DTT_EADDRINUSE);
    assert_int_equal(b.fd, -1);
    assert_int_equal(dtt_udp_open(&b, &foreign), DTT_EADDRNOTAVAIL);
    dtt_udp_close(&a);
}

/* The first port that anybody may bind; Linux lets an administrator change it. */
static int first_free_port(void)
{
    FILE *f = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "r");
    int port = 1024;
    if (f) {
        assert_int_equal(fscanf(f, "%d", &port), 1);
        fclose(f);
    }
    return port;
}

static void a_low_port_is_not_permitted(void **state)
{
    struct dtt_addr low = dtt_addr_v4(127, 0, 0, 1, 1);
    int status;
    (void)state;
    if (first_free_port() < 2) {
        skip();
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct dtt_udp u;
        bool is_nobody = geteuid() != 0 || setuid(65534) == 0;
        _exit(is_nobody && dtt_udp_open(&u, &low) == DTT_EPERM ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_arrive_whole),
        cmocka_unit_test(segments_arrive_one_by_one),
        cmocka_unit_test(answers_leave_from_the_address_asked),
        cmocka_unit_test(a_lost_address_leaves_the_choice_to_the_kernel),
        cmocka_unit_test(a_hop_limit_goes_with_its_datagram),
        cmocka_unit_test(what_has_no_route_is_told),
        cmocka_unit_test(an_error_of_another_packet_loses_none),
        cmocka_unit_test(a_full_batch_says_so),
        cmocka_unit_test(a_closed_port_is_reported),
        cmocka_unit_test(addresses_that_cannot_be_bound),
        cmocka_unit_test(a_low_port_is_not_permitted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
