/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Requests go to a server of this test, over streams of a loop. */
#define _GNU_SOURCE
#include "io/servers.h"

#include "crypto/ed25519.h"
#include "io/host.h"
#include "io/io.h"
#include "node/inside.h"
#include "support/vectors.h"

#include "support/loopback.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 20

static struct dtt_ctx ctx;
static struct dtt_core *c;
static uv_loop_t loop;
static bool is_stale;
static struct dtt_servers servers;
static int listener;
static char url[64];
static const char *const urls[] = {url};
static const char *const origins[] = {"a.b.c.d.invalid"};
static struct dtt_id peer;

static bool cannot_watch;

int __real_uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb cb);
int __wrap_uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb cb);

int __wrap_uv_poll_start(uv_poll_t *handle, int events, uv_poll_cb cb)
{
    return cannot_watch ? UV_EINVAL : __real_uv_poll_start(handle, events, cb);
}

static void setup(bool is_listening)
{
    uint16_t port;
    const struct timeval patience = {.tv_sec = PATIENCE_S};
    const uint8_t peer_seed[32] = {2};
    struct dtt_core_config cfg = {
        .ctx = &ctx,
        .node_seed = {1},
        .pkarr = urls,
        .n_pkarr = 1,
        .dns_origins = origins,
        .n_dns_origins = is_listening ? 0 : 1,
        .bound = {{.family = DTT_FAMILY_V4, .port = 40003}},
    };
    ctx = (struct dtt_ctx){0};
    listener = is_listening ? loopback_listen(&port) : loopback_bind(&port);
    assert_int_equal(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/x", port);
    dtt_ed25519_public_key(peer.bytes, peer_seed);
    assert_int_equal(dtt_core_new(&c, &cfg, dtt_host_now()), DTT_OK);
    assert_int_equal(uv_loop_init(&loop), 0);
    servers = (struct dtt_servers){.core = c, .loop = &loop, .is_stale = &is_stale};
    assert_int_equal(dtt_servers_init(&servers, dtt_host_now(), &(struct dtt_io_config){0}),
                     DTT_OK);
    dtt_lookups_start(c, dtt_host_now(), &peer, false);
    dtt_lookups_walk_over(c, dtt_host_now(), &peer);
}

static void teardown(void)
{
    dtt_servers_fini(&servers);
    dtt_core_free(c);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    close(listener);
}

static void turn(void)
{
    is_stale = false;
    dtt_servers_run(&servers, dtt_host_now());
    uv_run(&loop, UV_RUN_NOWAIT);
    dtt_core_run(c, dtt_host_now());
}

static bool is_under_way(void)
{
    return c->lookups.list[0].is_used;
}

/* Until the search is over, which it is within its deadline. */
static void run_to_the_end(void)
{
    uint64_t until_ns = dtt_host_now().mono_ns + PATIENCE_S * DTT_S;
    while (is_under_way()) {
        assert_true(dtt_host_now().mono_ns < until_ns);
        turn();
        usleep(1000);
    }
}

static void a_request_is_answered(void **state)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc and more";
    char request[256] = "";
    (void)state;
    setup(true);
    uint64_t until_ns = dtt_host_now().mono_ns + PATIENCE_S * DTT_S;
    int fd = -1;
    while (fd < 0) {
        assert_true(dtt_host_now().mono_ns < until_ns);
        turn();
        fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    }
    turn();
    assert_true(recv(fd, request, sizeof(request) - 1, 0) > 0);
    assert_memory_equal(request, "GET /x/", 7);
    assert_int_equal(send(fd, reply, strlen(reply), 0), strlen(reply));
    run_to_the_end();
    assert_int_equal(ctx.counters[DTT_COUNTER_PKARR_REFUSED], 1); /* no packet of the peer */
    assert_int_equal(recv(fd, request, sizeof(request), 0), 0);   /* the stream has been closed */
    assert_true(dtt_servers_deadline(&servers) == DTT_NEVER);
    close(fd);
    teardown();
}

/* Nobody listens, and the name is of a domain that cannot be. */
static void nobody_is_there(void **state)
{
    (void)state;
    setup(false);
    run_to_the_end();
    assert_int_equal(ctx.counters[DTT_COUNTER_PKARR_UNANSWERED], 1);
    teardown();
}

static void what_cannot_be_watched_is_over_at_once(void **state)
{
    (void)state;
    setup(false);
    cannot_watch = true;
    turn();
    assert_null(servers.texts[0]);
    run_to_the_end();
    assert_int_equal(ctx.counters[DTT_COUNTER_PKARR_UNANSWERED], 1);
    cannot_watch = false;
    teardown();
}

/* What is under way is let go. */
static void an_end_in_between(void **state)
{
    (void)state;
    setup(true);
    turn();
    assert_true(is_under_way() && is_stale);
    teardown();
    setup(false);
    turn();
    teardown();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered),
        cmocka_unit_test(nobody_is_there),
        cmocka_unit_test(what_cannot_be_watched_is_over_at_once),
        cmocka_unit_test(an_end_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
