/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Streams from end to end: integrity, back pressure, limits, batches. */
#include "quic/transmit.h"

#include "net.h"
#include "support/vectors.h"

#include <stdlib.h>

#define STREAMS 8

static struct net n;
static struct net_node *a;
static struct net_node *b;
static dtt_quic_conn ca;
static dtt_quic_conn cb;

static void start(uint64_t seed, const struct dtt_quic_config *cfg)
{
    net_init(&n, seed);
    a = net_add(&n, cfg);
    b = net_add(&n, cfg);
    net_connect(&n, a, b, &ca, &cb);
    net_run(&n, DTT_S);
}

static uint8_t pattern(int64_t stream, size_t at)
{
    return (uint8_t)((size_t)stream * 7 + at * 31 + (at >> 9));
}

static int write_at(struct net_node *node, dtt_quic_conn c, int64_t stream, size_t at, size_t len,
                    bool fin)
{
    uint8_t *data = malloc(len ? len : 1);
    assert_non_null(data);
    for (size_t i = 0; i < len; i++) {
        data[i] = pattern(stream, at + i);
    }
    int err = dtt_quic_write(node->q, c, stream, dtt_slice(data, len), fin);
    free(data);
    return err;
}

static void assert_received(const struct net_node *node, dtt_quic_conn c, int64_t stream,
                            size_t len)
{
    const struct net_bytes *got = net_stream(node, c, stream);
    assert_non_null(got);
    assert_int_equal(got->len, len);
    assert_true(got->fin);
    for (size_t i = 0; i < len; i++) {
        if (got->data[i] != pattern(stream, i)) {
            fail_msg("stream %d differs at %zu", (int)stream, i);
        }
    }
}

/* 1 MiB over several streams in pieces of all sizes, both ways, through a bad network. */
static void carries_bytes_through_a_bad_network(uint64_t seed)
{
    const size_t total = 1024 * 1024 / STREAMS;
    struct net_node *node[2];
    dtt_quic_conn conn[2];
    int64_t stream[2][STREAMS];
    size_t written[2][STREAMS] = {{0}};
    size_t done = 0;
    start(seed, NULL);
    n.loss = 100;
    n.dup = 50;
    n.jitter_ns = 15 * DTT_MS;
    node[0] = a;
    node[1] = b;
    conn[0] = ca;
    conn[1] = cb;
    for (int side = 0; side < 2; side++) {
        for (int i = 0; i < STREAMS; i++) {
            assert_int_equal(dtt_quic_open_uni(node[side]->q, conn[side], &stream[side][i]),
                             DTT_OK);
        }
    }
    for (int round = 0; done < 2 * STREAMS; round++) {
        assert_true(round < 100000);
        for (int k = 0; k < 2 * STREAMS; k++) {
            int side = k % 2;
            int i = k / 2;
            size_t left = total - written[side][i];
            size_t len = (size_t)dtt_rng_below(&n.rng, dtt_rng_below(&n.rng, 8) ? 600 : 9000) + 1;
            len = len < left ? len : left;
            if (left == 0) {
                continue;
            }
            int err = write_at(node[side], conn[side], stream[side][i], written[side][i], len,
                               len == left);
            if (err == DTT_OK) {
                written[side][i] += len;
                done += len == left;
            } else {
                assert_int_equal(err, DTT_EAGAIN);
            }
        }
        net_run(&n, 2 * DTT_MS);
    }
    net_run(&n, 120 * DTT_S);
    for (int i = 0; i < STREAMS; i++) {
        assert_received(b, cb, stream[0][i], total);
        assert_received(a, ca, stream[1][i], total);
    }
    assert_int_equal(dtt_quic_unacked(a->q, ca), 0);
    assert_int_equal(dtt_quic_unacked(b->q, cb), 0);
    net_fini(&n);
}

static void carries_bytes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        carries_bytes_through_a_bad_network(seed);
    }
}

static void pushes_back_when_the_buffer_is_full(void **state)
{
    (void)state;
    struct dtt_quic_config cfg = {.stream_buffer_max = 10000};
    int64_t stream;
    start(4, &cfg);
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
    assert_int_equal(write_at(a, ca, stream, 0, 10001, false), DTT_ETOOBIG);
    assert_int_equal(write_at(a, ca, stream, 0, 9000, false), DTT_OK);
    assert_int_equal(dtt_quic_unacked(a->q, ca), 9000);
    assert_int_equal(write_at(a, ca, stream, 9000, 1001, false), DTT_EAGAIN);
    assert_int_equal(a->ctx.counters[DTT_COUNTER_QUIC_WRITES_REFUSED], 1);
    net_run(&n, DTT_S);
    const struct dtt_quic_event *e = net_event(a, DTT_QUIC_WRITABLE, ca);
    assert_non_null(e);
    assert_int_equal(e->stream, stream);
    assert_int_equal(a->event_count, 1);
    assert_int_equal(write_at(a, ca, stream, 9000, 1001, true), DTT_OK);
    assert_int_equal(write_at(a, ca, stream, 10001, 1, true), DTT_ECLOSED);
    assert_int_equal(write_at(a, ca, stream + 4, 0, 1, true), DTT_ECLOSED);
    net_run(&n, DTT_S);
    assert_received(b, cb, stream, 10001);
    assert_int_equal(write_at(a, ca, stream, 10001, 1, true), DTT_ECLOSED);
    assert_int_equal(a->event_count, 1);
    net_fini(&n);
}

/* A receiver that takes no events holds no more than its window, and the rest waits here. */
static void waits_for_a_slow_receiver(void **state)
{
    (void)state;
    struct dtt_quic_config cfg = {.stream_buffer_max = 64 * 1024};
    int64_t stream;
    size_t written = 0;
    start(5, &cfg);
    b->is_lazy = true;
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
    for (int i = 0; i < 2000; i++) {
        while (written < 4 * DTT_QCONN_STREAM_WINDOW &&
               write_at(a, ca, stream, written, 4096, false) == DTT_OK) {
            written += 4096;
        }
        net_run(&n, 5 * DTT_MS);
    }
    /* b acknowledges a window full; a's buffer is full behind it. */
    assert_int_equal(written, DTT_QCONN_STREAM_WINDOW + 64 * 1024);
    b->is_lazy = false;
    net_drain(&n, b);
    for (int i = 0; i < 2000; i++) {
        while (written < 4 * DTT_QCONN_STREAM_WINDOW &&
               write_at(a, ca, stream, written, 4096,
                        written + 4096 == 4 * DTT_QCONN_STREAM_WINDOW) == DTT_OK) {
            written += 4096;
        }
        net_run(&n, 5 * DTT_MS);
    }
    assert_received(b, cb, stream, 4 * DTT_QCONN_STREAM_WINDOW);
    assert_true(net_count(a, DTT_QUIC_WRITABLE) > 0);
    net_fini(&n);
}

/* The window of the connection bounds all streams together; none of them starves afterwards. */
static void shares_the_window_of_the_connection(void **state)
{
    (void)state;
    int64_t stream[STREAMS];
    size_t unacked = 0;
    start(6, NULL);
    b->is_lazy = true;
    for (int i = 0; i < STREAMS; i++) {
        assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream[i]), DTT_OK);
        assert_int_equal(write_at(a, ca, stream[i], 0, 200 * 1024, true), DTT_OK);
    }
    net_run(&n, 10 * DTT_S);
    unacked = dtt_quic_unacked(a->q, ca);
    assert_int_equal(unacked, (size_t)STREAMS * 200 * 1024 - DTT_QCONN_WINDOW);
    b->is_lazy = false;
    net_drain(&n, b);
    net_run(&n, 10 * DTT_S);
    for (int i = 0; i < STREAMS; i++) {
        assert_received(b, cb, stream[i], 200 * 1024);
    }
    net_fini(&n);
}

static void opens_as_many_streams_as_allowed(void **state)
{
    (void)state;
    int64_t stream[DTT_QCONN_PEER_STREAMS_MAX];
    int64_t more;
    start(7, NULL);
    for (int i = 0; i < DTT_QCONN_PEER_STREAMS_MAX; i++) {
        assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream[i]), DTT_OK);
        assert_int_equal(write_at(a, ca, stream[i], 0, 10, false), DTT_OK);
    }
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &more), DTT_EAGAIN);
    net_run(&n, DTT_S);
    assert_int_equal(a->event_count, 0);
    /* A stream that ended counts at the receiver until its last event is taken. */
    b->is_lazy = true;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(write_at(a, ca, stream[i], 10, 0, true), DTT_OK);
    }
    net_run(&n, DTT_S);
    assert_int_equal(a->event_count, 0);
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &more), DTT_EAGAIN);
    b->is_lazy = false;
    net_drain(&n, b);
    net_run(&n, DTT_S);
    const struct dtt_quic_event *e = net_event(a, DTT_QUIC_WRITABLE, ca);
    assert_non_null(e);
    assert_int_equal(e->stream, -1);
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &more), DTT_OK);
    net_fini(&n);
}

/* A stranger has eight streams and 16 KiB, and all the rest as soon as it is trusted. */
static void grants_strangers_little(void **state)
{
    (void)state;
    int64_t stream[9];
    net_init(&n, 12);
    a = net_add(&n, NULL);
    b = net_add(&n, NULL);
    ca = net_dial(&n, a, b);
    net_run(&n, DTT_S);
    cb = net_event(b, DTT_QUIC_CONNECTED, 0)->conn;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream[i]), DTT_OK);
    }
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream[8]), DTT_EAGAIN);
    b->is_lazy = true;
    assert_int_equal(write_at(a, ca, stream[0], 0, 40000, false), DTT_OK);
    net_run(&n, DTT_S);
    assert_int_equal(dtt_quic_unacked(a->q, ca), 40000 - 16 * 1024);
    dtt_quic_trust(b->q, cb, true);
    net_run(&n, DTT_S);
    assert_int_equal(dtt_quic_unacked(a->q, ca), 0);
    const struct dtt_quic_event *e = net_event(a, DTT_QUIC_WRITABLE, ca);
    assert_non_null(e);
    assert_int_equal(e->stream, -1);
    for (int i = 8; i < 100; i++) {
        assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream[8]), DTT_OK);
    }
    net_fini(&n);
}

/* Its credit a former peer keeps until it has used it; then it has what a stranger has. */
static void takes_trust_back(void **state)
{
    int64_t stream[101];
    int n_open = 0;
    (void)state;
    net_init(&n, 12);
    a = net_add(&n, NULL);
    b = net_add(&n, NULL);
    net_connect(&n, a, b, &ca, &cb);
    for (int round = 0; round < 2; round++) {
        dtt_quic_trust(b->q, cb, false);
        while (n_open < 100 && dtt_quic_open_uni(a->q, ca, &stream[n_open]) == DTT_OK) {
            assert_int_equal(write_at(a, ca, stream[n_open++], 0, 6000, true), DTT_OK);
        }
        assert_int_equal(n_open, 100);
        net_run(&n, DTT_S); /* all are taken */
        net_drain(&n, b);
        net_run(&n, DTT_S);
        for (n_open = 0; dtt_quic_open_uni(a->q, ca, &stream[n_open]) == DTT_OK; n_open++) {
        }
        assert_int_equal(n_open, 8);
        b->is_lazy = true;
        assert_int_equal(write_at(a, ca, stream[0], 0, 40000, false), DTT_OK);
        net_run(&n, DTT_S);
        /* ngtcp2 tells of credit in steps of half a window */
        assert_in_range(dtt_quic_unacked(a->q, ca), 40000 - 16 * 1024, 40000 - 8 * 1024);
        b->is_lazy = false;
        dtt_quic_trust(b->q, cb, true);
        net_run(&n, DTT_S);
        assert_int_equal(dtt_quic_unacked(a->q, ca), 0);
        for (int i = 0; i < n_open; i++) {
            assert_int_equal(write_at(a, ca, stream[i], i ? 0 : 40000, 1, true), DTT_OK);
        }
        net_run(&n, DTT_S);
        n_open = 0;
    }
    net_fini(&n);
}

/* What a stranger may have is enough for its first frames, whatever the network does to them. */
static void bears_loss_of_first_frames(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        int64_t stream[8];
        net_init(&n, seed);
        a = net_add(&n, NULL);
        b = net_add(&n, NULL);
        ca = net_dial(&n, a, b);
        net_run(&n, DTT_S);
        cb = net_event(b, DTT_QUIC_CONNECTED, 0)->conn;
        n.loss = 200;
        n.dup = 50;
        n.jitter_ns = 50 * DTT_MS;
        for (int i = 0; i < 8; i++) {
            assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream[i]), DTT_OK);
        }
        for (size_t at = 0; at < 2000; at += 500) {
            for (int i = 0; i < 8; i++) {
                assert_int_equal(write_at(a, ca, stream[i], at, 500, at == 1500), DTT_OK);
            }
        }
        net_run(&n, 20 * DTT_S);
        for (int i = 0; i < 8; i++) {
            assert_received(b, cb, stream[i], 2000);
        }
        net_fini(&n);
    }
}

/* ngtcp2 before 0.13.0 keeps the peer's streams for ever: the connection bears it. */
static void opens_many_streams_in_a_row(void **state)
{
    (void)state;
    const int max = 1000;
    start(8, NULL);
    for (int i = 0; i < max; i++) {
        int64_t stream;
        assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
        assert_int_equal(stream, 4 * i + 2); /* RFC 9000, section 2.1 */
        assert_int_equal(write_at(a, ca, stream, 0, 20, true), DTT_OK);
        net_run(&n, 30 * DTT_MS);
    }
    net_run(&n, DTT_S);
    for (int i = 0; i < max; i++) {
        assert_received(b, cb, 4 * i + 2, 20);
    }
    assert_int_equal(net_count(b, DTT_QUIC_CLOSED), 0);
    assert_int_equal(net_count(a, DTT_QUIC_CLOSED), 0);
    net_fini(&n);
}

static void sends_in_batches(void **state)
{
    (void)state;
    int64_t stream;
    start(9, NULL);
    uint64_t packets = a->sent_packets;
    uint64_t batches = a->sent_batches;
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
    assert_int_equal(write_at(a, ca, stream, 0, 200 * 1024, true), DTT_OK);
    net_run(&n, 10 * DTT_S);
    assert_received(b, cb, stream, 200 * 1024);
    packets = a->sent_packets - packets;
    batches = a->sent_batches - batches;
    assert_true(packets >= 140);
    assert_true(batches * 3 < packets);
    net_fini(&n);
}

/* The bytes that came before a close are delivered before CLOSED, even when taken late. */
static void delivers_before_closed(void **state)
{
    (void)state;
    struct dtt_quic_event e;
    int64_t stream;
    start(10, NULL);
    b->is_lazy = true;
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
    assert_int_equal(write_at(a, ca, stream, 0, 3000, false), DTT_OK);
    net_run(&n, 100 * DTT_MS);
    dtt_quic_close(a->q, n.now, ca, 0, "");
    net_run(&n, 10 * DTT_S);
    size_t len = 0;
    while (dtt_quic_next_event(b->q, &e) && e.type == DTT_QUIC_DATA) {
        assert_false(e.fin);
        len += e.data.len;
    }
    assert_int_equal(len, 3000);
    assert_int_equal(e.type, DTT_QUIC_CLOSED);
    assert_int_equal(e.reason, DTT_REASON_CLOSED_BY_PEER);
    assert_int_equal(e.stream, -1);
    assert_false(dtt_quic_next_event(b->q, &e));
    net_fini(&n);
}

/* Who closes hears nothing more but CLOSED. */
static void drops_what_waits_when_closing(void **state)
{
    (void)state;
    struct dtt_quic_event e;
    int64_t stream;
    start(11, NULL);
    b->is_lazy = true;
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
    assert_int_equal(write_at(a, ca, stream, 0, 30000, true), DTT_OK);
    net_run(&n, DTT_S);
    dtt_quic_close(b->q, n.now, cb, 0, "");
    assert_true(dtt_quic_next_event(b->q, &e));
    assert_int_equal(e.type, DTT_QUIC_CLOSED);
    assert_false(dtt_quic_next_event(b->q, &e));
    net_fini(&n);
}

static void assert_progress(int64_t stream, uint64_t written, uint64_t acked)
{
    uint64_t w, k;
    assert_true(dtt_quic_progress(a->q, ca, stream, &w, &k));
    assert_int_equal(w, written);
    assert_int_equal(k, acked);
}

static void tells_how_far_a_stream_has_come(void **state)
{
    (void)state;
    int64_t one, two;
    uint64_t w, k;
    start(12, NULL);
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &one), DTT_OK);
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &two), DTT_OK);
    assert_int_equal(write_at(a, ca, one, 0, 100, false), DTT_OK);
    assert_int_equal(write_at(a, ca, two, 0, 50, true), DTT_OK);
    assert_progress(one, 100, 0);
    net_run(&n, DTT_S);
    assert_progress(one, 100, 100);
    assert_progress(two, UINT64_MAX, UINT64_MAX); /* ended well */
    assert_false(dtt_quic_progress(a->q, ca + 100, one, &w, &k));
    net_fini(&n);
}

/* What was acknowledged before the end is known while the user deals with the end. */
static void tells_how_far_a_stream_came_before_the_end(void **state)
{
    (void)state;
    struct dtt_quic_event e;
    int64_t stream;
    uint64_t w, k;
    start(13, NULL);
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
    assert_int_equal(write_at(a, ca, stream, 0, 100, false), DTT_OK);
    net_run(&n, DTT_S);
    assert_int_equal(write_at(a, ca, stream, 100, 20, false), DTT_OK);
    a->is_lazy = true;
    dtt_quic_close(a->q, n.now, ca, 0, "");
    assert_progress(stream, 120, 100);
    assert_true(dtt_quic_next_event(a->q, &e));
    assert_int_equal(e.type, DTT_QUIC_CLOSED);
    assert_progress(stream, 120, 100);
    net_run(&n, 60 * DTT_S); /* it lingers no more */
    assert_progress(stream, 120, 100);
    assert_false(dtt_quic_next_event(a->q, &e));
    assert_false(dtt_quic_progress(a->q, ca, stream, &w, &k));
    net_fini(&n);
}

/* A peer that closes before its acknowledgement is due has told what it got. */
static void what_was_read_before_a_close_is_acknowledged(void **state)
{
    (void)state;
    struct dtt_quic_event e;
    int64_t stream;
    start(14, NULL);
    assert_int_equal(dtt_quic_open_uni(a->q, ca, &stream), DTT_OK);
    assert_int_equal(write_at(a, ca, stream, 0, 100, false), DTT_OK);
    net_run(&n, DTT_S);
    a->is_lazy = true;
    assert_int_equal(write_at(a, ca, stream, 100, 20, false), DTT_OK);
    while (net_stream(b, cb, stream)->len < 120) {
        net_run(&n, DTT_MS / 10);
    }
    assert_progress(stream, 120, 100);
    dtt_quic_close(b->q, n.now, cb, 0, "");
    net_run(&n, DTT_S);
    assert_true(dtt_quic_next_event(a->q, &e));
    assert_int_equal(e.type, DTT_QUIC_CLOSED);
    assert_int_equal(e.reason, DTT_REASON_CLOSED_BY_PEER);
    assert_progress(stream, 120, 120);
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(carries_bytes),
        cmocka_unit_test(pushes_back_when_the_buffer_is_full),
        cmocka_unit_test(waits_for_a_slow_receiver),
        cmocka_unit_test(shares_the_window_of_the_connection),
        cmocka_unit_test(opens_as_many_streams_as_allowed),
        cmocka_unit_test(grants_strangers_little),
        cmocka_unit_test(takes_trust_back),
        cmocka_unit_test(bears_loss_of_first_frames),
        cmocka_unit_test(opens_many_streams_in_a_row),
        cmocka_unit_test(sends_in_batches),
        cmocka_unit_test(delivers_before_closed),
        cmocka_unit_test(drops_what_waits_when_closing),
        cmocka_unit_test(tells_how_far_a_stream_has_come),
        cmocka_unit_test(tells_how_far_a_stream_came_before_the_end),
        cmocka_unit_test(what_was_read_before_a_close_is_acknowledged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
