/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The driver on loopback: its one descriptor tells of datagrams, timers, events and wakes. */
#define _GNU_SOURCE
#include "io/io.h"

#include "io/udp.h"
#include "support/vectors.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define DEADLINE_MS 20000

struct party {
    struct dtt_ctx ctx;
    struct dtt_io *io;
    struct dtt_addr addr;
};

/* Its first event is LISTENING. `contact` may be NULL. */
static void open_party(struct party *p, uint8_t seed, const struct dtt_addr *contact)
{
    char text[DTT_ADDR_TEXT_MAX];
    const char *host = text;
    struct dtt_io_config cfg = {.ctx = &p->ctx,
                                .node_seed = {seed},
                                .dht_only = true,
                                .listen = {dtt_addr_v4(127, 0, 0, 1, 0)},
                                .hosts = &host,
                                .n_hosts = contact ? 1 : 0};
    struct dtt_addr bound[2];
    *p = (struct party){.ctx = {.seed = {seed}}};
    if (contact) {
        dtt_addr_format(contact, text);
    }
    assert_int_equal(dtt_io_open(&p->io, &cfg), DTT_OK);
    assert_int_equal(dtt_io_bound(p->io, bound), 1);
    p->addr = bound[0];
    const struct dtt_event *ev = dtt_io_next_event(p->io);
    assert_true(ev && ev->type == DTT_EVENT_LISTENING);
    assert_true(dtt_addr_eq(&ev->u.listening.addrs[0], &p->addr));
}

/* The socket of IPv6 takes nothing, and nobody is told when it does again, while this is set. */
static bool is_full;
static struct {
    uv_poll_t *handle;
    uv_poll_cb callback;
} waiting;

int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags);
int __real_uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);
int __wrap_uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback);

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned n, int flags)
{
    const struct sockaddr *to = messages[0].msg_hdr.msg_name;
    if (is_full && to->sa_family == AF_INET6) {
        errno = EAGAIN;
        return -1;
    }
    return __real_sendmmsg(fd, messages, n, flags);
}

int __wrap_uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb callback)
{
    if (is_full && (events & UV_WRITABLE)) {
        waiting.handle = handle;
        waiting.callback = callback;
        events &= ~UV_WRITABLE;
    }
    return __real_uv_poll_start(handle, events, callback);
}

static size_t receive_all(struct dtt_udp *u, struct dtt_udp_rx *rx)
{
    struct dtt_udp_datagram d;
    size_t n = 0;
    while (dtt_udp_recv(u, rx) > 0) {
        while (dtt_udp_next(u, rx, &d)) {
            n++;
        }
    }
    return n;
}

static bool is_readable(const struct dtt_io *io)
{
    struct pollfd p = {.fd = dtt_io_fd(io), .events = POLLIN};
    return poll(&p, 1, 0) == 1;
}

/* Two drivers that nothing but their descriptors sets going meet in the DHT. */
static void datagrams_cross(void **state)
{
    struct party a, b;
    bool is_ready = false;
    (void)state;
    open_party(&a, 1, NULL);
    open_party(&b, 2, &a.addr);
    while (!is_ready) {
        struct pollfd fds[] = {{.fd = dtt_io_fd(a.io), .events = POLLIN},
                               {.fd = dtt_io_fd(b.io), .events = POLLIN}};
        assert_true(poll(fds, 2, DEADLINE_MS) > 0);
        assert_int_equal(dtt_io_process(a.io), DTT_OK);
        assert_int_equal(dtt_io_process(b.io), DTT_OK);
        for (const struct dtt_event *ev; (ev = dtt_io_next_event(b.io)) != NULL;) {
            is_ready = is_ready || ev->type == DTT_EVENT_DHT_READY;
        }
    }
    dtt_io_close(b.io);
    dtt_io_close(a.io);
}

/* A contact that is silent is asked again, though nothing but the timer makes us readable. */
static void the_timer_makes_it_readable(void **state)
{
    struct dtt_udp silent;
    struct dtt_addr any = dtt_addr_v4(127, 0, 0, 1, 0);
    struct dtt_udp_rx *rx = dtt_udp_rx_new();
    struct dtt_udp_datagram d;
    struct party p;
    size_t got = 0;
    (void)state;
    assert_non_null(rx);
    assert_int_equal(dtt_udp_open(&silent, &any), DTT_OK);
    open_party(&p, 3, &silent.bound);
    assert_true(dtt_io_timeout_ms(p.io) > 0);
    while (got < 2) {
        assert_true(dtt_udp_recv(&silent, rx) >= 0);
        while (dtt_udp_next(&silent, rx, &d)) {
            assert_true(dtt_addr_eq(&d.from, &p.addr));
            got++;
        }
        if (got < 2) {
            struct pollfd fd = {.fd = dtt_io_fd(p.io), .events = POLLIN};
            assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
            assert_int_equal(dtt_io_process(p.io), DTT_OK);
        }
    }
    dtt_io_close(p.io);
    dtt_udp_close(&silent);
    dtt_udp_rx_free(rx);
}

/* A socket that takes no more holds up itself alone, and goes on when it takes more. */
static void a_full_socket_holds_up_itself_alone(void **state)
{
    static const uint8_t loopback[16] = {[15] = 1};
    const struct dtt_addr home[] = {dtt_addr_v4(127, 0, 0, 1, 0), dtt_addr_v6(loopback, 0)};
    struct dtt_udp_rx *rx = dtt_udp_rx_new();
    struct dtt_udp silent[2];
    char text[2][DTT_ADDR_TEXT_MAX];
    const char *hosts[] = {text[0], text[1]};
    struct party p = {.ctx = {.seed = {9}}};
    struct dtt_io_config cfg = {.ctx = &p.ctx,
                                .node_seed = {9},
                                .dht_only = true,
                                .listen = {home[0], home[1]},
                                .hosts = hosts,
                                .n_hosts = 2};
    size_t got[2] = {0, 0};
    (void)state;
    assert_non_null(rx);
    assert_int_equal(dtt_udp_open(&silent[0], &home[0]), DTT_OK);
    if (dtt_udp_open(&silent[1], &home[1]) != DTT_OK) {
        dtt_udp_close(&silent[0]);
        dtt_udp_rx_free(rx);
        skip(); /* no IPv6 here */
    }
    dtt_addr_format(&silent[0].bound, text[0]);
    dtt_addr_format(&silent[1].bound, text[1]);
    is_full = true;
    assert_int_equal(dtt_io_open(&p.io, &cfg), DTT_OK);
    while (got[0] < 3 || got[1] < 1) { /* three: the first one left before anything was full */
        struct pollfd fd = {.fd = dtt_io_fd(p.io), .events = POLLIN};
        got[0] += receive_all(&silent[0], rx);
        got[1] += receive_all(&silent[1], rx);
        if (is_full && got[0] >= 3) {
            assert_int_equal(got[1], 0);
            assert_non_null(waiting.handle);
            is_full = false;
            uv_poll_start(waiting.handle, UV_READABLE | UV_WRITABLE, waiting.callback);
            assert_int_equal(dtt_io_process(p.io), DTT_OK);
        } else if (got[0] < 3 || got[1] < 1) {
            assert_int_equal(poll(&fd, 1, DEADLINE_MS), 1);
            assert_int_equal(dtt_io_process(p.io), DTT_OK);
            while (dtt_io_next_event(p.io)) {
            }
        }
    }
    dtt_io_close(p.io);
    dtt_udp_close(&silent[0]);
    dtt_udp_close(&silent[1]);
    dtt_udp_rx_free(rx);
}

static void *wake(void *io)
{
    dtt_io_wake(io);
    return NULL;
}

static void another_thread_wakes_it(void **state)
{
    struct party p;
    pthread_t thread;
    (void)state;
    open_party(&p, 4, NULL);
    assert_false(is_readable(p.io));
    assert_false(dtt_io_take_wake(p.io));
    assert_int_equal(pthread_create(&thread, NULL, wake, p.io), 0);
    assert_int_equal(dtt_io_wait(p.io, DEADLINE_MS), DTT_OK);
    assert_int_equal(dtt_io_process(p.io), DTT_OK);
    assert_true(dtt_io_take_wake(p.io));
    assert_false(dtt_io_take_wake(p.io));
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_false(is_readable(p.io));
    dtt_io_close(p.io);
}

/* An event that waits keeps the descriptor readable until it has been taken. */
static void events_keep_it_readable(void **state)
{
    struct party p;
    struct dtt_event ev = {.type = DTT_EVENT_DHT_READY};
    (void)state;
    open_party(&p, 5, NULL);
    assert_null(dtt_io_next_event(p.io));
    assert_false(is_readable(p.io));
    dtt_events_push(dtt_core_events(dtt_io_core(p.io)), dtt_io_now(p.io), &ev, dtt_slice(NULL, 0));
    for (int i = 0; i < 2; i++) {
        dtt_io_flush(p.io);
        assert_true(is_readable(p.io));
        assert_int_equal(dtt_io_timeout_ms(p.io), 0);
        assert_int_equal(dtt_io_process(p.io), DTT_OK);
    }
    assert_non_null(dtt_io_next_event(p.io));
    assert_null(dtt_io_next_event(p.io));
    assert_int_equal(dtt_io_process(p.io), DTT_OK);
    assert_false(is_readable(p.io));
    dtt_io_close(p.io);
}

static void a_port_in_use_is_told(void **state)
{
    struct party p;
    struct dtt_io *io = NULL;
    (void)state;
    open_party(&p, 6, NULL);
    struct dtt_io_config cfg = {
        .ctx = &p.ctx, .node_seed = {7}, .dht_only = true, .listen = {p.addr}};
    assert_int_equal(dtt_io_open(&io, &cfg), DTT_EADDRINUSE);
    assert_null(io);
    dtt_io_close(p.io);
}

/* Resident memory of this process; 0: not known. */
static size_t resident(void)
{
    unsigned long size = 0;
    unsigned long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f) {
        int n = fscanf(f, "%lu %lu", &size, &pages);
        fclose(f);
        pages = n == 2 ? pages : 0;
    }
    return pages * (size_t)sysconf(_SC_PAGESIZE);
}

#define CROWD_BLOCKS ((size_t)16 * 1024)
#define CROWD_BLOCK ((size_t)1000)
#define SLACK ((size_t)1024 * 1024)

/* Blocks of a crowd that has left lie below one that is in use, where glibc would keep them. */
static void memory_of_a_crowd_goes_back(void **state)
{
    static void *blocks[CROWD_BLOCKS];
    struct party p;
    (void)state;
    open_party(&p, 1, NULL);
    size_t before = resident();
    for (size_t i = 0; i < CROWD_BLOCKS; i++) {
        blocks[i] = malloc(CROWD_BLOCK);
        assert_non_null(blocks[i]);
        memset(blocks[i], 1, CROWD_BLOCK);
    }
    void *last = malloc(CROWD_BLOCK);
    assert_non_null(last);
    size_t peak = resident();
    /* Sanitizers and valgrind have allocators of their own, which keep what is freed. */
    bool is_glibc = mallinfo2().uordblks >= CROWD_BLOCKS * CROWD_BLOCK;
    for (size_t i = 0; i < CROWD_BLOCKS; i++) {
        free(blocks[i]);
    }
    p.ctx.counters[DTT_COUNTER_QUIC_MEMORY_FREED] += CROWD_BLOCKS * CROWD_BLOCK;
    assert_int_equal(dtt_io_process(p.io), DTT_OK);
    size_t left = resident();
    free(last);
    dtt_io_close(p.io);
    if (!is_glibc || before == 0) {
        skip();
    }
    assert_true(peak >= before + CROWD_BLOCKS * CROWD_BLOCK - SLACK);
    /* Less than before may be left, as what earlier tests have freed goes back too. */
    assert_true(left < before + SLACK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_cross),
        cmocka_unit_test(the_timer_makes_it_readable),
        cmocka_unit_test(a_full_socket_holds_up_itself_alone),
        cmocka_unit_test(another_thread_wakes_it),
        cmocka_unit_test(events_keep_it_readable),
        cmocka_unit_test(a_port_in_use_is_told),
        cmocka_unit_test(memory_of_a_crowd_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
