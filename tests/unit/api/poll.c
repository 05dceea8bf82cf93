/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A loop that waits for the node's descriptor, processes and drains sees every event, in order. */
#include "support/vectors.h"

#include <dtt/dtt.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#define OPENS 1000
#define DEADLINE_S 120

static const char *const loopback[] = {"127.0.0.1:0"};

static dtt_node *open_node(unsigned flags, const char *bootstrap)
{
    struct dtt_config cfg = {.size = sizeof(cfg),
                             .listen = loopback,
                             .n_listen = 1,
                             .bootstrap = &bootstrap,
                             .n_bootstrap = bootstrap != NULL,
                             .flags = flags | (bootstrap ? 0u : (unsigned)DTT_NODE_NO_BOOTSTRAP)};
    dtt_node *n = NULL;
    assert_int_equal(dtt_node_open(&n, &cfg), 0);
    return n;
}

static bool is_readable(const dtt_node *n, int timeout_ms)
{
    struct pollfd p = {.fd = dtt_node_fd(n), .events = POLLIN};
    return poll(&p, 1, timeout_ms) == 1;
}

/* The next event as such a loop gets it: it never asks for one before its descriptor says so. */
static const struct dtt_event *poll_event(dtt_node *n)
{
    const struct dtt_event *ev = NULL;
    while (!ev) {
        if (!is_readable(n, DEADLINE_S * 1000)) {
            fail_msg("the descriptor sleeps");
        }
        assert_int_equal(dtt_node_process(n), 0);
        ev = dtt_node_next_event(n);
    }
    return ev;
}

/* A DHT node that answers on a thread of its own, quickly enough to overtake an open. */
struct responder {
    dtt_node *node;
    pthread_t thread;
    atomic_bool is_over;
    char addr[DTT_ADDR_TEXT_MAX];
};

static void *respond(void *arg)
{
    struct responder *r = arg;
    while (!atomic_load(&r->is_over)) {
        dtt_node_wait(r->node, -1);
        while (dtt_node_next_event(r->node)) {
        }
    }
    return NULL;
}

static void responder_start(struct responder *r)
{
    struct dtt_addr addr;
    r->node = open_node(DTT_NODE_DHT_ONLY, NULL);
    atomic_init(&r->is_over, false);
    assert_int_equal(dtt_node_addrs(r->node, &addr, 1), 1);
    dtt_addr_format(&addr, r->addr);
    assert_int_equal(pthread_create(&r->thread, NULL, respond, r), 0);
}

static void responder_stop(struct responder *r)
{
    atomic_store(&r->is_over, true);
    dtt_node_wake(r->node);
    pthread_join(r->thread, NULL);
    dtt_node_close(r->node);
}

static void listening_is_always_first(void **state)
{
    struct responder r;
    (void)state;
    responder_start(&r);
    for (int i = 0; i < OPENS; i++) {
        dtt_node *n = open_node(i % 4 == 1 ? 0 : DTT_NODE_DHT_ONLY, i % 2 ? r.addr : NULL);
        if (i % 8 < 4) {
            assert_int_equal(dtt_node_next_event(n)->type, DTT_EVENT_LISTENING);
        } else {
            assert_int_equal(poll_event(n)->type, DTT_EVENT_LISTENING);
        }
        if (i % 100 == 1) {
            assert_int_equal(poll_event(n)->type, DTT_EVENT_DHT_READY);
        }
        dtt_node_close(n);
    }
    responder_stop(&r);
}

static void the_descriptor_follows_the_queue(void **state)
{
    dtt_node *n = open_node(DTT_NODE_DHT_ONLY, NULL);
    (void)state;
    assert_true(is_readable(n, DEADLINE_S * 1000));
    assert_int_equal(dtt_node_timeout_ms(n), 0);
    assert_int_equal(dtt_node_process(n), 0);
    assert_true(is_readable(n, DEADLINE_S * 1000));
    assert_int_equal(dtt_node_next_event(n)->type, DTT_EVENT_LISTENING);
    assert_false(is_readable(n, 0));
    assert_true(dtt_node_timeout_ms(n) != 0);
    assert_null(dtt_node_next_event(n));
    dtt_node_close(n);
}

static void what_a_call_queues_is_seen(void **state)
{
    dtt_node *n = open_node(0, NULL);
    struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = "room", .secret = "s", .secret_len = 1, .user = &cfg};
    dtt_topic *t = NULL;
    (void)state;
    assert_int_equal(poll_event(n)->type, DTT_EVENT_LISTENING);
    assert_int_equal(dtt_topic_join(&t, n, &cfg), 0);
    uint32_t first = dtt_topic_id(t);
    assert_ptr_equal(dtt_topic_node(t), n);
    assert_ptr_equal(dtt_topic_user(t), &cfg);
    uint8_t hash[DTT_TOPIC_HASH_BYTES];
    dtt_topic_hash("room", hash);
    assert_memory_equal(dtt_topic_hash_of(t), hash, sizeof(hash));
    dtt_topic_leave(t);
    const struct dtt_event *ev = poll_event(n);
    if (ev->type == DTT_EVENT_RECORD_PUBLISHED) { /* in our own store */
        ev = poll_event(n);
    }
    assert_int_equal(ev->type, DTT_EVENT_LEFT);
    assert_null(ev->topic);
    assert_ptr_equal(ev->topic_user, &cfg);
    assert_int_equal(ev->topic_id, first);
    assert_memory_equal(ev->topic_hash, hash, sizeof(hash));

    /* The same topic again is another one: its number tells them apart. */
    assert_int_equal(dtt_topic_join(&t, n, &cfg), 0);
    assert_true(dtt_topic_id(t) > first);
    dtt_node_close(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listening_is_always_first),
        cmocka_unit_test(the_descriptor_follows_the_queue),
        cmocka_unit_test(what_a_call_queues_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
