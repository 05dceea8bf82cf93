/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Paths that carry less than they did. */
#include "quic/mtu.h"

#include "net.h"
#include "support/vectors.h"

#include <string.h>

#define MESSAGE 4000

static struct net n;
static struct net_node *a;
static struct net_node *b;
static dtt_quic_conn ca;
static dtt_quic_conn cb;

/* What vanishes: datagrams above a size, towards one node or both. */
struct hole {
    size_t max;
    const struct net_node *to;
    size_t longest; /* that passed */
    size_t dropped;
};
static struct hole hole;

static bool passes(void *user, struct net_packet *p)
{
    struct hole *h = user;
    bool is_hit = p->len > h->max && (!h->to || dtt_addr_eq(&p->to, &h->to->addr));
    h->dropped += is_hit;
    h->longest = !is_hit && p->len > h->longest ? p->len : h->longest;
    return !is_hit;
}

static void dig(size_t max, const struct net_node *to)
{
    hole = (struct hole){.max = max, .to = to};
}

static void start(uint64_t seed, size_t max)
{
    net_init(&n, seed);
    n.filter = passes;
    n.user = &hole;
    dig(max, NULL);
    a = net_add(&n, NULL);
    b = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    net_run(&n, 5 * DTT_S);
}

static uint64_t black_holes(const struct net_node *node)
{
    return node->ctx.counters[DTT_COUNTER_QUIC_BLACK_HOLES];
}

static int64_t open_stream(struct net_node *node, dtt_quic_conn c)
{
    int64_t stream;
    assert_int_equal(dtt_quic_open_uni(node->q, c, &stream), DTT_OK);
    return stream;
}

static void write_bytes(struct net_node *node, dtt_quic_conn c, int64_t stream, size_t len)
{
    static const uint8_t bytes[MESSAGE];
    assert_int_equal(dtt_quic_write(node->q, c, stream, dtt_slice(bytes, len), false), DTT_OK);
}

static void run_until_acked(struct net_node *node, dtt_quic_conn c, uint64_t limit_ns)
{
    uint64_t end = n.now.mono_ns + limit_ns;
    net_drain(&n, node);
    while (dtt_quic_unacked(node->q, c) > 0 && n.now.mono_ns < end) {
        net_run(&n, 10 * DTT_MS);
    }
    assert_int_equal(dtt_quic_unacked(node->q, c), 0);
    net_run(&n, 2 * DTT_S); /* the verdict may come later, by the PTO */
}

/* IPv4 and IPv6 over 1300 and 1280 bytes, and the least; towards one end, the other and both. */
static void a_shrunk_path_is_noticed(void **state)
{
    static const size_t sizes[] = {1272, 1252, 1252, 1232, 1200};
    (void)state;
    for (size_t i = 0; i < (sizeof(sizes) / sizeof(sizes[0])) * 3; i++) {
        size_t max = sizes[i / 3];
        start(i + 1, SIZE_MAX);
        assert_true(hole.longest > 1400); /* ngtcp2 has found more than the least */
        int64_t sa = open_stream(a, ca);
        int64_t sb = open_stream(b, cb);
        dig(max, i % 3 == 0 ? NULL : i % 3 == 1 ? a : b);
        write_bytes(a, ca, sa, MESSAGE);
        write_bytes(b, cb, sb, MESSAGE);
        run_until_acked(a, ca, 5 * DTT_S);
        run_until_acked(b, cb, 5 * DTT_S);
        assert_true(hole.dropped > 0 && hole.longest >= 1200);
        assert_int_equal(black_holes(a), i % 3 != 1);
        assert_int_equal(black_holes(b), i % 3 != 2);
        /* Now it is known: nothing long is lost any more. */
        size_t dropped = hole.dropped;
        write_bytes(a, ca, sa, MESSAGE);
        write_bytes(b, cb, sb, MESSAGE);
        run_until_acked(a, ca, 500 * DTT_MS);
        run_until_acked(b, cb, 500 * DTT_MS);
        assert_int_equal(hole.dropped, dropped);
        assert_null(net_event(a, DTT_QUIC_CLOSED, ca));
        net_fini(&n);
    }
}

/* What passes on another stream does not hide what is stuck on this one. */
static void a_busy_stream_hides_no_hole(void **state)
{
    (void)state;
    start(1, SIZE_MAX);
    int64_t large = open_stream(a, ca);
    int64_t small = open_stream(a, ca);
    dig(1272, NULL);
    write_bytes(a, ca, large, MESSAGE);
    net_drain(&n, a);
    for (int i = 0; i < 60; i++) {
        write_bytes(a, ca, small, 100);
        net_run(&n, 50 * DTT_MS);
    }
    assert_int_equal(black_holes(a), 1);
    run_until_acked(a, ca, DTT_S);
    net_fini(&n);
}

/* A lot on the way, more than the window of the congestion controller: nothing of it gets lost. */
static void a_full_buffer_gets_through(void **state)
{
    (void)state;
    start(1, SIZE_MAX);
    int64_t s = open_stream(a, ca);
    dig(1272, NULL);
    for (int i = 0; i < 50; i++) {
        write_bytes(a, ca, s, MESSAGE);
    }
    run_until_acked(a, ca, 15 * DTT_S);
    assert_int_equal(net_stream(b, cb, s)->len, 50 * MESSAGE);
    net_fini(&n);
}

/* On a long way PTO is the measure, not a second. */
static void a_long_way_is_no_hole(void **state)
{
    (void)state;
    start(1, SIZE_MAX);
    n.latency_ns = 700 * DTT_MS;
    int64_t s = open_stream(a, ca);
    for (int i = 0; i < 10; i++) {
        write_bytes(a, ca, s, MESSAGE);
        run_until_acked(a, ca, 20 * DTT_S);
    }
    assert_true(black_holes(a) <= 1); /* before the round trip was known */
    dig(1272, NULL);
    write_bytes(a, ca, s, MESSAGE);
    run_until_acked(a, ca, 15 * DTT_S);
    net_fini(&n);
}

/* Probes that the path does not carry are lost on purpose. */
static void a_small_path_is_found_without_loss(void **state)
{
    static const size_t sizes[] = {1200, 1232, 1252};
    (void)state;
    for (size_t i = 0; i < (sizeof(sizes) / sizeof(sizes[0])); i++) {
        start(i + 1, sizes[i]);
        assert_true(hole.dropped > 0);
        size_t dropped = hole.dropped;
        int64_t s = open_stream(a, ca);
        write_bytes(a, ca, s, MESSAGE);
        run_until_acked(a, ca, DTT_S);
        net_run(&n, 60 * DTT_S);
        assert_int_equal(black_holes(a) + black_holes(b), 0);
        assert_int_equal(hole.dropped, dropped);
        net_fini(&n);
    }
}

static size_t longest_now(int64_t s)
{
    hole.longest = 0;
    write_bytes(a, ca, s, MESSAGE);
    run_until_acked(a, ca, 5 * DTT_S);
    return hole.longest;
}

/* The length is tried again: soon at first, then more and more rarely while the hole is there. */
static void the_length_is_tried_again(void **state)
{
    (void)state;
    start(1, SIZE_MAX);
    int64_t s = open_stream(a, ca);
    dig(1272, NULL);
    assert_true(longest_now(s) <= 1272);
    net_run(&n, 50 * DTT_S);
    assert_true(longest_now(s) <= 1272);
    assert_int_equal(black_holes(a), 1);
    net_run(&n, 20 * DTT_S);
    assert_true(longest_now(s) <= 1272); /* tried in vain */
    assert_int_equal(black_holes(a), 2);
    net_run(&n, 100 * DTT_S);
    assert_true(longest_now(s) <= 1272);
    assert_int_equal(black_holes(a), 2);
    dig(SIZE_MAX, NULL);
    net_run(&n, 30 * DTT_S);
    assert_true(longest_now(s) > 1400);
    assert_int_equal(black_holes(a), 2);
    /* A hole much later is a new one. */
    net_run(&n, 300 * DTT_S);
    dig(1272, NULL);
    assert_true(longest_now(s) <= 1272);
    dig(SIZE_MAX, NULL);
    net_run(&n, 61 * DTT_S);
    assert_true(longest_now(s) > 1400);
    net_fini(&n);
}

/* QUIC needs 1200 bytes: a connection that cannot send them ends, and both ends hear of it. */
static void a_path_below_the_least_ends_it(void **state)
{
    (void)state;
    start(1, SIZE_MAX);
    int64_t s = open_stream(a, ca);
    dig(1100, b);
    write_bytes(a, ca, s, MESSAGE);
    net_run(&n, 40 * DTT_S);
    net_assert_closed(a, ca, DTT_REASON_TIMEOUT, true);
    net_assert_closed(b, cb, DTT_REASON_CLOSED_BY_PEER, true);
    net_fini(&n);
}

/* The peer has changed its address: the new path is measured anew. */
static void another_path_is_measured_anew(void **state)
{
    (void)state;
    start(1, SIZE_MAX);
    int64_t s = open_stream(b, cb);
    dig(1272, NULL);
    write_bytes(b, cb, s, MESSAGE);
    run_until_acked(b, cb, 5 * DTT_S);
    assert_int_equal(black_holes(b), 1);
    dig(SIZE_MAX, NULL);
    a->mapped = dtt_addr_v4(192, 0, 2, 77, 7777);
    net_run(&n, 10 * DTT_S);
    assert_non_null(net_event(b, DTT_QUIC_MIGRATED, cb));
    write_bytes(b, cb, s, MESSAGE);
    run_until_acked(b, cb, 5 * DTT_S);
    assert_true(hole.longest > 1400);
    assert_int_equal(black_holes(b), 1);
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_shrunk_path_is_noticed),
        cmocka_unit_test(a_busy_stream_hides_no_hole),
        cmocka_unit_test(a_full_buffer_gets_through),
        cmocka_unit_test(a_long_way_is_no_hole),
        cmocka_unit_test(a_small_path_is_found_without_loss),
        cmocka_unit_test(the_length_is_tried_again),
        cmocka_unit_test(a_path_below_the_least_ends_it),
        cmocka_unit_test(another_path_is_measured_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
