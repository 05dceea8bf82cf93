/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The router is a thread on loopback that answers SOAP, or does not. */
#define _DEFAULT_SOURCE
#include "io/upnp.h"

#include "support/vectors.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_S 60

static void urls(void **state)
{
    struct dtt_addr router = dtt_addr_v4(192, 168, 1, 1, 0);
    (void)state;
    assert_true(dtt_upnp_is_at("http://192.168.1.1:5000/rootDesc.xml", &router));
    assert_true(dtt_upnp_is_at("http://192.168.1.1/x", &router));
    assert_false(dtt_upnp_is_at("http://192.168.1.10:5000/", &router));
    assert_false(dtt_upnp_is_at("http://192.168.1.1", &router));
    assert_false(dtt_upnp_is_at("http://192.168.1.1@8.8.8.8/", &router));
    assert_false(dtt_upnp_is_at("http://8.8.8.8/?http://192.168.1.1/", &router));
    assert_false(dtt_upnp_is_at("https://192.168.1.1/", &router));
    assert_false(dtt_upnp_is_at("", &router));
}

/* ---- a router */

struct router {
    int fd;
    uint16_t port;
    int error;    /* of AddPortMapping; 0: it is done */
    bool is_mute; /* takes the request and says nothing */
    int unmapped;
    pthread_t thread;
};

static void answer(const struct router *r, int fd, const char *asked)
{
    char body[512], text[768];
    bool is_add = strstr(asked, "#AddPortMapping") != NULL;
    int code = is_add && r->error ? 500 : 200;
    if (code == 500) {
        snprintf(body, sizeof(body),
                 "<s:Envelope><s:Body><s:Fault><detail><UPnPError><errorCode>%d</errorCode>"
                 "</UPnPError></detail></s:Fault></s:Body></s:Envelope>",
                 r->error);
    } else {
        snprintf(body, sizeof(body),
                 "<s:Envelope><s:Body><u:R><NewExternalIPAddress>81.10.1.1"
                 "</NewExternalIPAddress></u:R></s:Body></s:Envelope>");
    }
    int len = snprintf(text, sizeof(text),
                       "HTTP/1.1 %d X\r\nContent-Type: text/xml\r\nContent-Length: %zu\r\n"
                       "Connection: close\r\n\r\n%s",
                       code, strlen(body), body);
    (void)!write(fd, text, (size_t)len);
}

/* Ends when a connection brings nothing. */
static void *serve(void *arg)
{
    struct router *r = arg;
    for (;;) {
        char asked[8192];
        size_t len = 0;
        ssize_t got;
        int fd = accept(r->fd, NULL, NULL);
        while (len < sizeof(asked) - 1 &&
               (got = read(fd, asked + len, sizeof(asked) - 1 - len)) > 0) {
            len += (size_t)got;
            asked[len] = '\0';
            if (strstr(asked, "</s:Envelope>")) {
                break;
            }
        }
        if (len == 0) {
            close(fd);
            return NULL;
        }
        r->unmapped += strstr(asked, "#DeletePortMapping") != NULL;
        if (!r->is_mute) {
            answer(r, fd, asked);
            close(fd);
        } /* else it stays open until the process ends */
    }
}

static int connect_to(const struct router *r)
{
    struct sockaddr_in in = {.sin_family = AF_INET,
                             .sin_port = htons(r->port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
    return fd;
}

static void router_start(struct router *r)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof(in);
    r->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(r->fd, (struct sockaddr *)&in, sizeof(in)), 0);
    assert_int_equal(listen(r->fd, 8), 0);
    assert_int_equal(getsockname(r->fd, (struct sockaddr *)&in, &len), 0);
    r->port = ntohs(in.sin_port);
    assert_int_equal(pthread_create(&r->thread, NULL, serve, r), 0);
}

static void router_end(struct router *r)
{
    close(connect_to(r));
    pthread_join(r->thread, NULL);
    close(r->fd);
}

/* ---- jobs */

static struct dtt_portmap_job job(bool is_unmap)
{
    return (struct dtt_portmap_job){.is_unmap = is_unmap,
                                    .gateway = dtt_addr_v4(127, 0, 0, 1, 5351),
                                    .client = dtt_addr_v4(127, 0, 0, 1, 40003),
                                    .external_port = 40003,
                                    .lifetime_s = 7200};
}

static void know(struct dtt_upnp *u, const struct router *r)
{
    snprintf(u->device.control, sizeof(u->device.control), "http://127.0.0.1:%u/ctl", r->port);
    snprintf(u->device.service, sizeof(u->device.service),
             "urn:schemas-upnp-org:service:WANIPConnection:1");
}

static void finish(uv_loop_t *loop, struct dtt_upnp *u)
{
    dtt_upnp_close(u);
    uv_run(loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(loop), 0);
}

/* The loop itself says when the job has ended. */
static struct dtt_portmap_done wait_for(uv_loop_t *loop, struct dtt_upnp *u)
{
    struct dtt_portmap_done done = {0};
    time_t end = time(NULL) + DEADLINE_S;
    while (!dtt_upnp_take(u, &done)) {
        assert_true(time(NULL) < end);
        uv_run(loop, UV_RUN_ONCE);
    }
    return done;
}

static unsigned map_with(int error)
{
    uv_loop_t loop;
    struct dtt_upnp u;
    struct router r = {.error = error};
    struct dtt_portmap_job j = job(false);
    struct dtt_addr wanted = dtt_addr_v4(81, 10, 1, 1, 40003);
    assert_int_equal(uv_loop_init(&loop), 0);
    router_start(&r);
    dtt_upnp_init(&u, &loop);
    know(&u, &r);
    assert_true(dtt_upnp_start(&u, &j));
    assert_false(dtt_upnp_start(&u, &j)); /* one at a time */
    struct dtt_portmap_done done = wait_for(&loop, &u);
    if (done.code == DTT_UPNP_OK) {
        assert_true(dtt_addr_eq(&done.external, &wanted));
    }
    j.is_unmap = true;
    assert_true(dtt_upnp_start(&u, &j));
    dtt_upnp_wait_unmapped(&u, DEADLINE_S * 1000);
    assert_int_equal(wait_for(&loop, &u).code, DTT_UPNP_OK);
    assert_int_equal(r.unmapped, 1);
    finish(&loop, &u);
    router_end(&r);
    return done.code;
}

static void mapped_and_unmapped(void **state)
{
    (void)state;
    if (!dtt_upnp_is_there()) {
        skip();
    }
    assert_int_equal(map_with(0), DTT_UPNP_OK);
}

static void errors_are_told(void **state)
{
    (void)state;
    if (!dtt_upnp_is_there()) {
        skip();
    }
    assert_int_equal(map_with(725), DTT_UPNP_ONLY_PERMANENT);
    assert_int_equal(map_with(718), DTT_UPNP_CONFLICT);
    assert_int_equal(map_with(606), DTT_UPNP_NOT_AUTHORIZED);
}

/* A router that says nothing holds up nobody. */
static void a_mute_router_is_left_alone(void **state)
{
    uv_loop_t loop;
    struct dtt_upnp u;
    static struct router r = {.is_mute = true}; /* outlives us, as the thread does */
    struct dtt_portmap_job j = job(true);
    time_t began = time(NULL);
    (void)state;
    if (!dtt_upnp_is_there()) {
        skip();
    }
    assert_int_equal(uv_loop_init(&loop), 0);
    router_start(&r);
    dtt_upnp_init(&u, &loop);
    know(&u, &r);
    assert_true(dtt_upnp_start(&u, &j));
    dtt_upnp_wait_unmapped(&u, 100);
    finish(&loop, &u);
    assert_true(time(NULL) - began < 5); /* miniupnpc itself waits for longer */
    router_end(&r);
}

/* Nobody is there, and nobody is spoken to outside this machine. */
static void nobody_answers_the_search(void **state)
{
    uv_loop_t loop;
    struct dtt_upnp u;
    struct dtt_portmap_job j = job(false);
    (void)state;
    if (!dtt_upnp_is_there()) {
        skip();
    }
    assert_int_equal(uv_loop_init(&loop), 0);
    dtt_upnp_init(&u, &loop);
    j.gateway = dtt_addr_v4(127, 0, 0, 9, 5351);
    assert_true(dtt_upnp_start(&u, &j));
    dtt_upnp_wait_unmapped(&u, DEADLINE_S * 1000); /* it maps: not waited for */
    assert_int_equal(wait_for(&loop, &u).code, DTT_UPNP_ABSENT);
    assert_int_equal(u.device.control[0], 0);
    j.is_unmap = true; /* of what is not known */
    assert_true(dtt_upnp_start(&u, &j));
    assert_int_equal(wait_for(&loop, &u).code, DTT_UPNP_ABSENT);
    assert_true(dtt_upnp_start(&u, &j));
    finish(&loop, &u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls),
        cmocka_unit_test(mapped_and_unmapped),
        cmocka_unit_test(errors_are_told),
        cmocka_unit_test(a_mute_router_is_left_alone),
        cmocka_unit_test(nobody_answers_the_search),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
