/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/spare_sockets.h"

#include "support/vectors.h"

#include <poll.h>
#include <sys/resource.h>

#define DEADLINE_MS 20000

static uv_loop_t loop;
static struct dtt_spare_sockets s;
static struct dtt_udp other;
static unsigned n_read;

static void on_readable(void *user, struct dtt_udp *u)
{
    struct dtt_udp_rx *rx = user;
    struct dtt_udp_datagram d;
    while (dtt_udp_recv(u, rx) > 0) {
        while (dtt_udp_next(u, rx, &d)) {
            assert_int_equal(d.to.port, u->bound.port);
            n_read++;
        }
    }
}

static int begin(void **state)
{
    struct dtt_addr addr = dtt_addr_v4(127, 0, 0, 1, 0);
    (void)state;
    n_read = 0;
    assert_int_equal(uv_loop_init(&loop), 0);
    s = (struct dtt_spare_sockets){
        .loop = &loop, .user = dtt_udp_rx_new(), .on_readable = on_readable};
    assert_non_null(s.user);
    assert_int_equal(dtt_udp_open(&other, &addr), DTT_OK);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dtt_spare_sockets_fini(&s);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    dtt_udp_rx_free(s.user);
    dtt_udp_close(&other);
    return 0;
}

static bool send_from(const struct dtt_addr *local)
{
    static const uint8_t byte[1];
    struct dtt_core_packet p = {.local = *local,
                                .remote = other.bound,
                                .hops = 5,
                                .segment = 1,
                                .data = dtt_slice(byte, 1)};
    return dtt_spare_sockets_has(&s, &p) && dtt_spare_sockets_send(&s, &p);
}

/* Who sent the datagram that comes next. */
static uint16_t heard_from(void)
{
    struct pollfd p = {.fd = other.fd, .events = POLLIN};
    struct dtt_udp_datagram d;
    assert_int_equal(poll(&p, 1, DEADLINE_MS), 1);
    assert_int_equal(dtt_udp_recv(&other, s.user), 1);
    assert_true(dtt_udp_next(&other, s.user, &d));
    return d.from.port;
}

static void each_has_its_own_port_and_hears_what_comes_there(void **state)
{
    struct dtt_addr bound[DTT_SPARES_MAX];
    static const uint8_t byte[1];
    (void)state;
    assert_int_equal(dtt_spare_sockets_open(&s, &other.bound, 20, bound), 20);
    for (size_t i = 0; i < 20; i++) {
        assert_true(send_from(&bound[i]));
        assert_int_equal(heard_from(), bound[i].port);
        assert_true(dtt_udp_add(&other, NULL, &bound[i], 0, 0, 1, dtt_slice(byte, 1)));
    }
    assert_int_equal(dtt_udp_flush(&other), DTT_OK);
    while (n_read < 20) {
        assert_true(uv_run(&loop, UV_RUN_ONCE) != 0);
    }
    dtt_spare_sockets_close(&s, &bound[3]);
    assert_false(send_from(&bound[3]));
    assert_true(send_from(&bound[4]));
    assert_int_equal(heard_from(), bound[4].port);
}

/* The program that we are part of needs descriptors, too. */
static void descriptors_are_left_to_the_program(void **state)
{
    struct rlimit before, few;
    struct dtt_addr bound[DTT_SPARES_MAX];
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = (struct rlimit){.rlim_cur = (rlim_t)other.fd + DTT_SPARES_FREE + 10,
                          .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    size_t n = dtt_spare_sockets_open(&s, &other.bound, DTT_SPARES_MAX, bound);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_in_range(n, 1, 9);
}

static void what_cannot_be_sent_is_told(void **state)
{
    struct dtt_addr bound[DTT_SPARES_MAX];
    (void)state;
    assert_int_equal(dtt_spare_sockets_open(&s, &other.bound, 1, bound), 1);
    other.bound = dtt_addr_v4(255, 255, 255, 255, 9); /* it may not send to all */
    assert_false(send_from(&bound[0]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_has_its_own_port_and_hears_what_comes_there, begin,
                                        end),
        cmocka_unit_test_setup_teardown(descriptors_are_left_to_the_program, begin, end),
        cmocka_unit_test_setup_teardown(what_cannot_be_sent_is_told, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
