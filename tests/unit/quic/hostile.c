/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Peers that put into their packets what no honest implementation would. Frames get there by a
 * function of ngtcp2's crypto helper that this file replaces.
 */
#include "net.h"
#include "quic/conn.h"
#include "support/vectors.h"

#include <malloc.h>
#include <stdlib.h>

static struct net n;
static struct net_node *good;
static struct net_node *evil;
static dtt_quic_conn good_conn;
static dtt_quic_conn evil_conn;
static int64_t evil_stream;

/* What becomes of the next payload that is longer than 1,000 bytes. */
static struct dtt_slice frames;
static uint8_t hide_extension; /* the low byte of an extension of 00xx to rename */

int ngtcp2_crypto_encrypt_cb(uint8_t *dest, const ngtcp2_crypto_aead *aead,
                             const ngtcp2_crypto_aead_ctx *aead_ctx, const uint8_t *plaintext,
                             size_t plaintextlen, const uint8_t *nonce, size_t noncelen,
                             const uint8_t *aad, size_t aadlen)
{
    uint8_t payload[2048] = {0};
    assert_true(plaintextlen <= sizeof(payload));
    if (frames.len && plaintextlen > 1000) {
        memcpy(payload, frames.data, frames.len);
        frames.len = 0;
    } else {
        memcpy(payload, plaintext, plaintextlen);
    }
    /* With the high byte of its length, or it might be found in the random bytes before it. */
    for (size_t i = 0; hide_extension && i + 2 < plaintextlen; i++) {
        if (payload[i] == 0 && payload[i + 1] == hide_extension && payload[i + 2] == 0) {
            payload[i] = 0x7a;
            hide_extension = 0;
        }
    }
    return ngtcp2_crypto_encrypt(dest, aead, aead_ctx, payload, plaintextlen, nonce, noncelen, aad,
                                 aadlen);
}

/* A connection between the two; the evil one dialled it, or was dialled. */
static void start(bool is_evil_dialer)
{
    net_init(&n, 1);
    good = net_add(&n, NULL);
    evil = net_add(&n, NULL);
    if (is_evil_dialer) {
        net_connect(&n, evil, good, &evil_conn, &good_conn);
    } else {
        net_connect(&n, good, evil, &good_conn, &evil_conn);
    }
    net_run(&n, DTT_S);
    assert_int_equal(dtt_quic_open_uni(evil->q, evil_conn, &evil_stream), DTT_OK);
}

static void send_frames(const void *data, size_t len)
{
    static const uint8_t filler[1100];
    assert_int_equal(
        dtt_quic_write(evil->q, evil_conn, evil_stream, dtt_slice(filler, 1100), false), DTT_OK);
    frames = dtt_slice(data, len);
    net_run(&n, 200 * DTT_MS);
    assert_int_equal(frames.len, 0);
}

static void assert_ended(const char *why)
{
    const struct dtt_quic_event *e = net_event(good, DTT_QUIC_CLOSED, good_conn);
    if (!e) {
        fail_msg("not ended by %s", why);
        return;
    }
    assert_int_equal(e->reason, DTT_REASON_PROTOCOL_ERROR);
    assert_int_equal(net_event(evil, DTT_QUIC_CLOSED, evil_conn)->reason,
                     DTT_REASON_PROTOCOL_ERROR);
    net_fini(&n);
}

/* ngtcp2 0.12.1 would fail an assertion. */
static void refuses_hello_without_parameters(void **state)
{
    (void)state;
    net_init(&n, 1);
    good = net_add(&n, NULL);
    evil = net_add(&n, NULL);
    hide_extension = 0x39;
    dtt_quic_conn c = net_dial(&n, evil, good);
    assert_int_equal(hide_extension, 0);
    net_run(&n, 15 * DTT_S);
    const struct dtt_quic_event *e = net_event(evil, DTT_QUIC_CLOSED, c);
    assert_non_null(e);
    assert_int_equal(e->reason, DTT_REASON_REFUSED);
    assert_int_equal(good->event_count, 0);
    assert_int_equal(net_live(good), 0);
    net_fini(&n);
}

/* ngtcp2 before 1.5 would abort. */
static void survives_ids_retired_twice(void **state)
{
    (void)state;
    static const uint8_t evil_frames[] = "\x18\x09\x09\x08"
                                         "aaaaaaaa"
                                         "AAAAAAAAAAAAAAAA"
                                         "\x18\x03\x03\x08"
                                         "bbbbbbbb"
                                         "BBBBBBBBBBBBBBBB"
                                         "\x18\x03\x03\x08"
                                         "bbbbbbbb"
                                         "BBBBBBBBBBBBBBBB";
    for (int who = 0; who < 2; who++) {
        start(who);
        send_frames(evil_frames, sizeof(evil_frames) - 1);
        if (net_count(good, DTT_QUIC_CLOSED) == 0) { /* too many ids, where none are retired */
            send_frames(evil_frames, sizeof(evil_frames) - 1);
        }
        net_fini(&n);
    }
}

/* The second half of a ClientHello comes first: it is kept only of a client that is really there.
 */
static void demands_retry_when_hello_comes_in_disorder(void **state)
{
    (void)state;
    static const uint8_t second_half[] = "\x06\x40\x80\x04"
                                         "tail";
    net_init(&n, 1);
    good = net_add(&n, NULL);
    evil = net_add(&n, NULL);
    frames = dtt_slice(second_half, sizeof(second_half) - 1);
    dtt_quic_conn c = net_dial(&n, evil, good);
    assert_int_equal(frames.len, 0);
    net_run(&n, 5 * DTT_S);
    assert_int_equal(good->ctx.counters[DTT_COUNTER_QUIC_TX_RETRIES], 1);
    assert_non_null(net_event(evil, DTT_QUIC_CONNECTED, c));
    net_fini(&n);
}

static const struct {
    const char *what;
    size_t len;
    const char *bytes;
} violations[] = {
    {"a byte beyond the window of the stream", 8, "\x0e\x02\x80\x04\x00\x00\x01x"},
    {"a byte beyond the window of the stream, by reset", 7, "\x04\x06\x00\x80\x04\x00\x01"},
    {"a unidirectional stream too many", 6, "\x0a\x41\x92\x01x\x00"},
    {"the 5th bidirectional stream", 4, "\x0a\x11\x01x"},
    {"data on our own stream", 4, "\x0a\x03\x01x"},
    {"a reset of a stream only we send on", 4, "\x04\x03\x00\x00"},
    {"an acknowledgement of what was never sent", 7, "\x02\x80\x0f\x00\x00\x00\x00"},
    {"a frame of a type that does not exist", 1, "\x21"},
    {"a frame cut short", 5, "\x1c\x00\x00\x7f\xff"},
};

/* Even and odd ids are the client's and the server's: these are written for a client. */
static void ends_at_violations(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(violations) / sizeof(violations[0]); i++) {
        start(true);
        send_frames(violations[i].bytes, violations[i].len);
        assert_ended(violations[i].what);
    }
}

/* ---- what strangers may cost */

#define STRANGERS 64 /* as many as an endpoint accepts */
#define STRANGERS_COST ((size_t)STRANGERS * (DTT_QCONN_STRANGER_SHARE - DTT_NG_CONN_BYTES))
#define STRANGERS_MOST ((size_t)STRANGERS * DTT_QCONN_STRANGER_SHARE)
#define LEFT_OVER ((size_t)512 * 1024)

/* What connections of one endpoint have in common stands first in it. */
static const struct dtt_qshared *shared(const struct net_node *node)
{
    return (const struct dtt_qshared *)node->q;
}

/* Of ngtcp2, as the good one counts it. */
static size_t counted(void)
{
    return shared(good)->strangers.used + shared(good)->trusted.used;
}

/* The heap of both; a sanitizer's is not told. */
static size_t heap(void)
{
    return mallinfo2().uordblks;
}

/* Streams with gaps: 6, 10, 14 and so on. */
static size_t gap_streams = 3;

/* One byte in two of these, from gap `from` on; how many gaps fitted in. */
static size_t write_gaps(uint8_t *dest, size_t len, size_t from)
{
    size_t made = 0;
    for (size_t at = 0; at + 8 <= len; at += 8, made++) {
        size_t gap = from + made;
        uint16_t offset = (uint16_t)(1 + gap / gap_streams * 2);
        uint8_t frame[] = {0x0e, 0, 0, 0, 0, 0x40, 1, 'x'};
        dtt_put_be16(frame + 1, (uint16_t)(0x4000 | (6 + 4 * (gap % gap_streams))));
        dtt_put_be16(frame + 3, 0x4000 | offset);
        memcpy(dest + at, frame, sizeof(frame));
    }
    return made;
}

/* Makes `count` gaps from `first` on, unless the connection ends before that. */
static void make_gaps(dtt_quic_conn c, size_t first, size_t count)
{
    static const uint8_t filler[1100];
    uint8_t buf[1048]; /* whole frames */
    int64_t stream = 2;
    if (first == 0) {
        assert_int_equal(dtt_quic_open_uni(evil->q, c, &stream), DTT_OK);
    }
    for (size_t made = 0; made < count;) {
        size_t len = 8 * (count - made) < sizeof(buf) ? 8 * (count - made) : sizeof(buf);
        made += write_gaps(buf, len, first + made);
        if (dtt_quic_write(evil->q, c, stream, dtt_slice(filler, 1100), false) != DTT_OK) {
            return;
        }
        frames = dtt_slice(buf, len);
        net_run(&n, 2 * n.latency_ns);
        frames.len = 0;
    }
}

static size_t refused(void)
{
    return good->ctx.counters[DTT_COUNTER_QUIC_MEMORY_REFUSED];
}

static void forget(void)
{
    net_forget(good);
    net_forget(evil);
}

/*
 * However many gaps each of them makes in its streams, all strangers together cost little more than
 * so many idle connections, and nothing when they have left.
 */
static void bounds_what_strangers_cost(void **state)
{
    (void)state;
    static const struct {
        size_t conns;
        size_t gaps;
    } crowds[] = {{STRANGERS, 1}, {STRANGERS, 2}, {36, 3}, {36, 200}, {36, 500}, {STRANGERS, 1400}};
    for (size_t i = 0; i < sizeof(crowds) / sizeof(crowds[0]); i++) {
        dtt_quic_conn c[STRANGERS];
        const size_t count = crowds[i].conns;
        net_init(&n, i);
        n.latency_ns = DTT_MS;
        good = net_add(&n, NULL);
        evil = net_add(&n, NULL);
        good->is_attacked = true;
        size_t before = heap();
        for (size_t k = 0; k < count; k++, forget()) {
            c[k] = net_dial(&n, evil, good);
            net_run(&n, 20 * DTT_MS);
            assert_non_null(net_event(evil, DTT_QUIC_CONNECTED, c[k]));
            net_say(&n, evil, c[k], "hello");
            net_run(&n, 20 * DTT_MS);
        }
        size_t idle = heap();
        size_t most = idle;
        size_t idle_counted = counted();
        size_t most_counted = idle_counted;
        for (size_t k = 0; k < count; k++, forget()) {
            make_gaps(c[k], 0, crowds[i].gaps);
            most = heap() > most ? heap() : most;
            most_counted = counted() > most_counted ? counted() : most_counted;
        }
        assert_true(most_counted - idle_counted <= STRANGERS_COST);
        assert_true(most_counted <= STRANGERS_MOST);
        assert_true(most - idle < 2 * STRANGERS_COST);
        assert_true(crowds[i].gaps < 1000 || refused() > count / 2);
        for (size_t k = 0; k < count; k++, forget()) {
            dtt_quic_close(evil->q, n.now, c[k], 0, "");
            net_run(&n, DTT_MS);
        }
        net_run(&n, 60 * DTT_S);
        assert_int_equal(counted(), 0);
        assert_true(heap() - before < LEFT_OVER);
        net_fini(&n);
    }
}

/* Sixty that hold all they can get: one that is honest gets in over a bad network, and is heard. */
static void an_honest_stranger_gets_in(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        net_init(&n, seed);
        n.latency_ns = DTT_MS;
        good = net_add(&n, NULL);
        evil = net_add(&n, NULL);
        struct net_node *honest = net_add(&n, NULL);
        good->is_attacked = true;
        for (size_t k = 0; k < 60; k++, forget()) {
            dtt_quic_conn c = net_dial(&n, evil, good);
            net_run(&n, 20 * DTT_MS);
            assert_non_null(net_event(evil, DTT_QUIC_CONNECTED, c));
            make_gaps(c, 0, 2);
        }
        size_t refused_before = refused();
        n.latency_ns = 20 * DTT_MS;
        n.jitter_ns = 20 * DTT_MS;
        n.loss = 50;
        dtt_quic_conn c = net_dial(&n, honest, good);
        net_run(&n, 8 * DTT_S);
        assert_non_null(net_event(honest, DTT_QUIC_CONNECTED, c));
        const struct dtt_quic_event *up = net_event(good, DTT_QUIC_CONNECTED, 0);
        assert_non_null(up);
        dtt_quic_conn accepted = up->conn;
        for (int i = 0; i < 8; i++) {
            net_say(&n, honest, c, "first frames");
            net_run(&n, 2 * DTT_MS);
        }
        net_run(&n, 8 * DTT_S);
        net_assert_heard(good, accepted, "first frames");
        assert_int_equal(refused(), refused_before);
        net_fini(&n);
    }
}

/* A peer that is trusted and makes gaps comes to its own bound, and nobody else suffers. */
static void bounds_what_a_trusted_peer_costs(void **state)
{
    dtt_quic_conn of_other;
    dtt_quic_conn other_conn;
    (void)state;
    net_init(&n, 1);
    n.latency_ns = DTT_MS;
    good = net_add(&n, NULL);
    evil = net_add(&n, NULL);
    struct net_node *other = net_add(&n, NULL);
    good->is_attacked = true;
    net_connect(&n, other, good, &other_conn, &of_other);
    net_connect(&n, evil, good, &evil_conn, &good_conn);
    size_t most = 0;
    gap_streams = 96;
    for (int i = 0; i < 40 && !net_event(evil, DTT_QUIC_CLOSED, evil_conn); i++) {
        make_gaps(evil_conn, 1000 * (size_t)i, 1000);
        most = counted() > most ? counted() : most;
        net_say(&n, other, other_conn, "hello");
        net_run(&n, 5 * DTT_MS);
    }
    gap_streams = 3;
    assert_true(most > DTT_QCONN_PEER_MEMORY / 2);
    assert_true(most <= DTT_QCONN_PEER_MEMORY + 2 * DTT_NG_CONN_BYTES);
    assert_non_null(net_event(good, DTT_QUIC_CLOSED, good_conn));
    assert_null(net_event(good, DTT_QUIC_CLOSED, of_other));
    net_say(&n, other, other_conn, "still here");
    net_run(&n, DTT_S);
    net_assert_heard(good, of_other, "still here");
    net_fini(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_hello_without_parameters),
        cmocka_unit_test(survives_ids_retired_twice),
        cmocka_unit_test(demands_retry_when_hello_comes_in_disorder),
        cmocka_unit_test(ends_at_violations),
        cmocka_unit_test(bounds_what_strangers_cost),
        cmocka_unit_test(an_honest_stranger_gets_in),
        cmocka_unit_test(bounds_what_a_trusted_peer_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
