/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Peers that put into their packets what no honest implementation would. Frames get there by a
 * function of ngtcp2's crypto helper that this file replaces.
 */
#include "net.h"
#include "quic/conn.h"
#include "support/vectors.h"

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
    for (size_t i = 0; hide_extension && i + 1 < plaintextlen; i++) {
        if (payload[i] == 0 && payload[i + 1] == hide_extension) {
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
    assert_int_equal(good->ctx.metrics[DTT_METRIC_QUIC_RETRY_SENT], 1);
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
    {"the 101st unidirectional stream", 6, "\x0a\x41\x92\x01x\x00"},
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_hello_without_parameters),
        cmocka_unit_test(survives_ids_retired_twice),
        cmocka_unit_test(demands_retry_when_hello_comes_in_disorder),
        cmocka_unit_test(ends_at_violations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
