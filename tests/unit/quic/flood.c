/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The endpoint among crowds and garbage: more clients than it can serve, and what nobody meant. */
#include "net.h"
#include "support/vectors.h"

/* A client that hears nothing but Retry. */
static bool hears_retry(void *user, struct net_packet *p)
{
    const struct net_node *client = user;
    return !dtt_addr_eq(&p->to, &client->addr) || (p->data[0] & 0xf0) == 0xf0;
}

static void demands_retry_in_a_flood(void **state)
{
    (void)state;
    struct net n;
    struct dtt_quic_config cfg = {.max_strangers = 128};
    net_init(&n, 20);
    struct net_node *hub = net_add(&n, &cfg);
    struct net_node *flood = net_add(&n, NULL);
    struct net_node *good = net_add(&n, NULL);
    uint64_t *metrics = hub->ctx.counters;
    flood->is_deaf = true;
    for (int i = 0; i < 40; i++) {
        net_dial(&n, flood, hub);
    }
    net_run(&n, 100 * DTT_MS);
    assert_int_equal(net_live(hub), 16);
    assert_int_equal(metrics[DTT_COUNTER_QUIC_TX_RETRIES], 24);
    uint64_t before = metrics[DTT_COUNTER_QUIC_TX_RETRIES];
    dtt_quic_conn c = net_dial(&n, good, hub);
    net_run(&n, 500 * DTT_MS);
    assert_non_null(net_event(good, DTT_QUIC_CONNECTED, c));
    assert_true(metrics[DTT_COUNTER_QUIC_TX_RETRIES] > before);
    net_run(&n, 15 * DTT_S);
    assert_int_equal(net_live(hub), 1);
    assert_int_equal(net_count(hub, DTT_QUIC_CLOSED), 0);
    assert_true(metrics[DTT_COUNTER_QUIC_ACCEPTS_FAILED] >= 16);
    net_fini(&n);
}

/* Sixty at once: some must repeat their first packets, and all get in. */
static void a_crowd_takes_turns(void **state)
{
    (void)state;
    struct net n;
    dtt_quic_conn c[60];
    net_init(&n, 29);
    struct net_node *hub = net_add(&n, NULL);
    for (size_t i = 0; i < 60; i++) {
        c[i] = net_dial(&n, net_add(&n, NULL), hub);
    }
    net_run(&n, 5 * DTT_S);
    for (size_t i = 0; i < 60; i++) {
        assert_non_null(net_event(n.nodes[1 + i], DTT_QUIC_CONNECTED, c[i]));
    }
    assert_true(hub->ctx.counters[DTT_COUNTER_QUIC_CLIENTS_DEFERRED] > 0);
    assert_int_equal(hub->ctx.counters[DTT_COUNTER_QUIC_CLIENTS_REFUSED], 0);
    net_fini(&n);
}

/* A host that holds all unfinished handshakes gives one up for a client of another host. */
static void one_host_does_not_stall_others(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 30);
    struct net_node *hub = net_add(&n, NULL);
    struct net_node *flood = net_add(&n, NULL);
    struct net_node *good = net_add(&n, NULL);
    n.filter = hears_retry;
    n.user = flood;
    for (int i = 0; i < 60; i++) {
        net_dial(&n, flood, hub);
    }
    net_run(&n, DTT_S);
    assert_int_equal(net_live(hub), 24);
    dtt_quic_conn c = net_dial(&n, good, hub);
    net_run(&n, 200 * DTT_MS);
    assert_non_null(net_event(good, DTT_QUIC_CONNECTED, c));
    net_fini(&n);
}

/* Only 10.0.0.0/24 hears more than Retry. */
static bool others_hear_retry(void *user, struct net_packet *p)
{
    (void)user;
    return p->to.ip[1] == 0 || (p->data[0] & 0xf0) == 0xf0;
}

/* Handshakes that stall give way, and nobody has more than others: each network has one. */
static void stalled_handshakes_make_room(void **state)
{
    (void)state;
    struct net n;
    net_init(&n, 31);
    struct net_node *hub = net_add(&n, NULL);
    struct net_node *good = net_add(&n, NULL);
    n.filter = others_hear_retry;
    for (uint8_t i = 1; i <= 24; i++) {
        struct net_node *flood = net_add(&n, NULL);
        flood->addr.ip[1] = i;
        net_dial(&n, flood, hub);
    }
    net_run(&n, 200 * DTT_MS);
    assert_int_equal(net_live(hub), 24);
    dtt_quic_conn c = net_dial(&n, good, hub);
    net_run(&n, 40 * DTT_MS);
    assert_null(net_event(good, DTT_QUIC_CONNECTED, c));
    assert_int_equal(net_live(hub), 24);
    net_run(&n, 2 * DTT_S); /* its packet is repeated */
    assert_non_null(net_event(good, DTT_QUIC_CONNECTED, c));
    assert_int_equal(hub->ctx.counters[DTT_COUNTER_QUIC_ACCEPTS_FAILED], 1);
    net_fini(&n);
}

/* Garbage that provokes resets, and clients of one network, leave Retry packets for another one. */
static void retries_have_shares(void **state)
{
    (void)state;
    struct net n;
    struct dtt_quic_config cfg = {.max_strangers = 8};
    uint8_t garbage[30] = {0x40, 'x'};
    net_init(&n, 28);
    struct net_node *hub = net_add(&n, &cfg);
    struct net_node *flood = net_add(&n, NULL);
    struct net_node *good = net_add(&n, NULL);
    good->addr.ip[1] = 1;
    flood->is_deaf = true;
    for (int i = 0; i < 200; i++) {
        net_dial(&n, flood, hub);
        for (int k = 0; k < 10; k++) {
            net_inject(&n, &flood->addr, &hub->addr, dtt_slice(garbage, sizeof(garbage)));
        }
        net_run(&n, 100 * DTT_US);
    }
    net_run(&n, 100 * DTT_MS);
    assert_in_range(hub->ctx.counters[DTT_COUNTER_QUIC_TX_RETRIES], 50, 60);
    assert_in_range(hub->ctx.counters[DTT_COUNTER_QUIC_TX_RESETS], 100, 120);
    dtt_quic_conn c = net_dial(&n, good, hub);
    net_run(&n, 200 * DTT_MS);
    assert_non_null(net_event(good, DTT_QUIC_CONNECTED, c));
    net_fini(&n);
}

/* Another dial of the last node. */
static int redial(struct net *n, struct net_node *hub)
{
    const struct net_node *last = n->nodes[n->node_count - 1];
    dtt_quic_conn c;
    return dtt_quic_dial(hub->q, n->now, dtt_quic_id(last->q), &hub->addr, &last->addr, &c);
}

static void refuses_when_full(void **state)
{
    (void)state;
    struct net n;
    struct dtt_quic_config cfg = {.max_conns = 4, .max_strangers = 4};
    dtt_quic_conn c = 0;
    net_init(&n, 21);
    struct net_node *hub = net_add(&n, &cfg);
    for (int i = 0; i < 4; i++) {
        struct net_node *node = net_add(&n, NULL);
        c = net_dial(&n, node, hub);
        net_run(&n, DTT_S);
        if (i < 3) {
            assert_non_null(net_event(node, DTT_QUIC_CONNECTED, c));
        } else { /* the last place is kept for our own dials */
            net_assert_closed(node, c, DTT_REASON_REFUSED, false);
        }
    }
    assert_int_equal(hub->ctx.counters[DTT_COUNTER_QUIC_CLIENTS_REFUSED], 1);
    c = net_dial(&n, hub, n.nodes[4]);
    net_run(&n, DTT_S);
    assert_non_null(net_event(hub, DTT_QUIC_CONNECTED, c));
    assert_int_equal(redial(&n, hub), DTT_EFULL);
    /* A closed connection counts until its event is taken. */
    hub->is_lazy = true;
    dtt_quic_close(hub->q, n.now, c, 0, "");
    assert_int_equal(redial(&n, hub), DTT_EFULL);
    hub->is_lazy = false;
    net_drain(&n, hub);
    assert_int_equal(redial(&n, hub), DTT_OK);
    net_fini(&n);
}

/* Handshakes that fail at once leave something behind each, but not in the way of others. */
static void survives_a_flood_of_bad_handshakes(void **state)
{
    (void)state;
    struct net n;
    struct dtt_quic_config few = {.max_conns = 16};
    struct dtt_quic_config wrong = {.alpn = "wrong"};
    net_init(&n, 27);
    struct net_node *hub = net_add(&n, &few);
    struct net_node *flood = net_add(&n, &wrong);
    struct net_node *good = net_add(&n, NULL);
    for (int i = 0; i < 100; i++) {
        net_dial(&n, flood, hub);
        net_run(&n, 5 * DTT_MS);
    }
    dtt_quic_conn c = net_dial(&n, good, hub);
    net_run(&n, 500 * DTT_MS);
    assert_non_null(net_event(good, DTT_QUIC_CONNECTED, c));
    c = net_dial(&n, hub, good);
    net_run(&n, 500 * DTT_MS);
    assert_non_null(net_event(hub, DTT_QUIC_CONNECTED, c));
    /* Each was told why. */
    assert_int_equal(net_count(flood, DTT_QUIC_CLOSED), 100);
    for (size_t i = 0; i < flood->event_count; i++) {
        assert_true(flood->events[i].reason == DTT_REASON_WRONG_ALPN ||
                    flood->events[i].reason == DTT_REASON_REFUSED);
    }
    net_fini(&n);
}

struct capture {
    struct net_packet packets[64];
    size_t count;
};

static bool keep(void *user, struct net_packet *p)
{
    struct capture *c = user;
    if (c->count < 64) {
        c->packets[c->count++] = *p;
    }
    return true;
}

/* Two nodes, the first two of the net, connect; all that they send is kept. */
static void connect_and_keep(struct net *n, uint64_t seed, struct capture *seen,
                             dtt_quic_conn *ret_a, dtt_quic_conn *ret_b)
{
    net_init(n, seed);
    struct net_node *a = net_add(n, NULL);
    struct net_node *b = net_add(n, NULL);
    n->filter = keep;
    n->user = seen;
    net_connect(n, a, b, ret_a, ret_b);
}

static void survives_garbage(void **state)
{
    (void)state;
    static struct capture seen;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    connect_and_keep(&n, 22, &seen, &ca, &cb);
    struct net_node *a = n.nodes[0];
    struct net_node *b = n.nodes[1];
    net_say(&n, a, ca, "one");
    net_say(&n, b, cb, "two");
    net_run(&n, DTT_S);
    n.filter = NULL;
    assert_in_range(seen.count, 8, 64);
    for (int i = 0; i < 20000; i++) {
        struct net_packet p = seen.packets[dtt_rng_below(&n.rng, seen.count)];
        size_t what = dtt_rng_below(&n.rng, 4);
        if (what == 0) { /* a bit */
            p.data[dtt_rng_below(&n.rng, p.len)] ^= (uint8_t)(1u << dtt_rng_below(&n.rng, 8));
        } else if (what == 1) { /* its length */
            p.len = dtt_rng_below(&n.rng, p.len + 1);
        } else if (what == 2) { /* what follows the header */
            size_t at = dtt_rng_below(&n.rng, p.len < 40 ? p.len : 40);
            dtt_rng_bytes(&n.rng, p.data + at, p.len - at);
        } else { /* all of it */
            p.len = dtt_rng_below(&n.rng, 1500);
            dtt_rng_bytes(&n.rng, p.data, p.len);
        }
        net_inject(&n, &p.from, &p.to, dtt_slice(p.data, p.len));
        net_run(&n, 100 * DTT_US);
    }
    net_run(&n, 15 * DTT_S);
    assert_int_equal(net_count(a, DTT_QUIC_CLOSED) + net_count(b, DTT_QUIC_CLOSED), 0);
    assert_int_equal(net_live(b), 1);
    net_say(&n, a, ca, "three");
    net_run(&n, DTT_S);
    net_assert_heard(b, cb, "three");
    net_fini(&n);
}

/* Replays of whole datagrams, long after the connection: nothing may come of them. */
static void ignores_replays(void **state)
{
    (void)state;
    static struct capture seen;
    struct net n;
    dtt_quic_conn ca;
    dtt_quic_conn cb;
    connect_and_keep(&n, 23, &seen, &ca, &cb);
    const struct net_node *a = n.nodes[0];
    const struct net_node *b = n.nodes[1];
    n.filter = NULL;
    net_run(&n, DTT_S);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < seen.count; i++) {
            const struct net_packet *p = &seen.packets[i];
            net_inject(&n, &p->from, &p->to, dtt_slice(p->data, p->len));
        }
        net_run(&n, 50 * DTT_MS);
        /* While the connection lives, its first packet does not even look like a new client. */
        assert_int_equal(net_live(b), round < 2);
        if (round == 1) {
            dtt_quic_close(a->q, n.now, ca, 0, "");
            net_run(&n, 50 * DTT_MS);
        }
    }
    assert_int_equal(net_count(b, DTT_QUIC_CONNECTED), 0);
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(demands_retry_in_a_flood),
        cmocka_unit_test(a_crowd_takes_turns),
        cmocka_unit_test(one_host_does_not_stall_others),
        cmocka_unit_test(stalled_handshakes_make_room),
        cmocka_unit_test(retries_have_shares),
        cmocka_unit_test(refuses_when_full),
        cmocka_unit_test(survives_a_flood_of_bad_handshakes),
        cmocka_unit_test(survives_garbage),
        cmocka_unit_test(ignores_replays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
