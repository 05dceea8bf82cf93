/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A relay that says what a test tells it to, in memory, and the client that listens to it: what the
 * client did stands in its log. Include after support/vectors.h.
 */
#ifndef TESTS_UNIT_RELAY_PEER_H
#define TESTS_UNIT_RELAY_PEER_H

#include "relay/relay.h"
#include "relay/upgrade.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEER_LOG 256
/* A test that fails allocations has others for the relay itself. */
#ifndef PEER_MALLOC
#    define PEER_MALLOC malloc
#endif

struct peer {
    struct dtt_ctx ctx;
    uint8_t seed[DTT_SEED_BYTES];
    struct dtt_now now;
    struct dtt_relay *relay;
    bool has_stream; /* as the client wishes */
    size_t n_log;
    struct dtt_relay_event log[PEER_LOG]; /* without its pointers, but `why` */
    char why[DTT_RELAY_WHY_MAX];
    uint8_t data[1024]; /* of the last datagrams */
    uint8_t out[DTT_RELAY_OUT_MAX + DTT_RELAY_OUT_RESERVE];
    size_t out_len; /* what the client sent since it was last looked at */
};

static inline const struct dtt_relay_event *peer_last(const struct peer *p)
{
    assert_true(p->n_log > 0);
    return &p->log[p->n_log - 1];
}

/* Takes the client's events, and its bytes if the relay reads. */
static inline void peer_run(struct peer *p, bool is_reading)
{
    struct dtt_relay_event event;
    while (dtt_relay_next(p->relay, p->now, &event)) {
        assert_true(p->n_log < PEER_LOG);
        if (event.type == DTT_RELAY_EVENT_CONNECT || event.type == DTT_RELAY_EVENT_DISCONNECT) {
            assert_true(p->has_stream == (event.type == DTT_RELAY_EVENT_DISCONNECT));
            p->has_stream = !p->has_stream;
        }
        if (event.type == DTT_RELAY_EVENT_DATAGRAMS && event.data.len <= sizeof(p->data)) {
            memcpy(p->data, event.data.data, event.data.len);
        }
        memcpy(p->why, event.why, strlen(event.why) + 1);
        p->log[p->n_log] = event;
        p->log[p->n_log].data.data = NULL;
        p->log[p->n_log++].why = NULL;
    }
    struct dtt_slice out = dtt_relay_output(p->relay);
    if (is_reading && out.len > 0) {
        assert_true(out.len <= sizeof(p->out) - p->out_len);
        memcpy(p->out + p->out_len, out.data, out.len);
        p->out_len += out.len;
        dtt_relay_sent(p->relay, p->now, out.len);
    }
}

static inline void peer_tick(struct peer *p, uint64_t later_ns)
{
    p->now.mono_ns += later_ns;
    dtt_relay_tick(p->relay, p->now);
    peer_run(p, true);
}

/* The relay says `bytes`, of which `step` come at a time. */
static inline void peer_say(struct peer *p, struct dtt_slice bytes, size_t step)
{
    while (bytes.len > 0 && p->has_stream) {
        size_t n = bytes.len < step ? bytes.len : step;
        uint8_t *block = PEER_MALLOC(n); /* a read past its end would be seen */
        assert_non_null(block);
        memcpy(block, bytes.data, n); /* NOLINT(clang-analyzer-core.NonNullParamChecker) */
        dtt_relay_recv(p->relay, p->now, dtt_slice(block, n));
        peer_run(p, true);
        free(block);
        bytes = dtt_slice(bytes.data + n, bytes.len - n);
    }
}

static inline void peer_say_text(struct peer *p, const char *text)
{
    peer_say(p, dtt_slice(text, strlen(text)), strlen(text));
}

/* Writes a frame of a server's. */
static inline size_t peer_frame(uint8_t *ret, bool is_last, uint8_t opcode,
                                struct dtt_slice content)
{
    struct dtt_writer w = dtt_writer(ret, content.len + 10);
    uint8_t len[8] = {0};
    dtt_write_u8(&w, (uint8_t)((is_last ? 0x80 : 0) | opcode));
    if (content.len < 126) {
        dtt_write_u8(&w, (uint8_t)content.len);
    } else if (content.len < 65536) {
        dtt_put_be16(len, (uint16_t)content.len);
        dtt_write_u8(&w, 126);
        dtt_write(&w, len, 2);
    } else {
        dtt_put_be32(len + 4, (uint32_t)content.len);
        dtt_write_u8(&w, 127);
        dtt_write(&w, len, 8);
    }
    dtt_write_slice(&w, content);
    return w.len;
}

static inline void peer_say_frame(struct peer *p, uint8_t opcode, struct dtt_slice content)
{
    uint8_t *frame = PEER_MALLOC(content.len + 10);
    assert_non_null(frame);
    peer_say(p, dtt_slice(frame, peer_frame(frame, true, opcode, content)), SIZE_MAX);
    free(frame);
}

/* A message of the relay protocol. */
static inline void peer_say_message(struct peer *p, const void *message, size_t len)
{
    peer_say_frame(p, 2, dtt_slice(message, len));
}

/* The first frame that the client sent, without its mask, and takes it away. */
static inline size_t peer_heard(struct peer *p, uint8_t *ret_opcode, uint8_t *ret, size_t cap)
{
    uint8_t *at = p->out;
    if (p->out_len == 0) {
        return 0;
    }
    size_t len = at[1] & 0x7f, head = 2;
    assert_true(at[0] & 0x80 && at[1] & 0x80); /* whole, and masked */
    if (len == 126) {
        len = dtt_get_be16(at + 2);
        head = 4;
    } else if (len == 127) {
        len = dtt_get_be32(at + 6);
        head = 10;
    }
    *ret_opcode = at[0] & 0x0f;
    assert_true(len <= cap && head + 4 + len <= p->out_len);
    for (size_t i = 0; i < len; i++) {
        ret[i] = at[head + 4 + i] ^ at[head + i % 4];
    }
    p->out_len -= head + 4 + len;
    memmove(at, at + head + 4 + len, p->out_len);
    return len;
}

/** A client that wishes for a stream. */
static inline struct peer *peer_new(void)
{
    struct peer *p = calloc(1, sizeof(*p));
    struct dtt_relay_config cfg = {.authority = "localhost:3340", .query = ""};
    assert_non_null(p);
    p->now.mono_ns = 1000 * DTT_S;
    cfg.ctx = &p->ctx;
    cfg.seed = p->seed; /* zeros: key a of the vectors */
    assert_int_equal(dtt_relay_new(&p->relay, p->now, &cfg), DTT_OK);
    peer_tick(p, 0);
    assert_true(p->has_stream);
    return p;
}

static inline void peer_free(struct peer *p)
{
    dtt_relay_free(p->relay);
    free(p);
}

/* Says yes to the upgrade, if the client asks for it. The answer to the key is computed as the
 * client does: that it is right, the recorded sessions show. */
static inline void peer_upgrade(struct peer *p, const char *protocol)
{
    char answer[512], key[25];
    uint8_t bytes[DTT_UPGRADE_KEY_BYTES];
    struct dtt_upgrade u;
    size_t len;
    dtt_relay_connected(p->relay, p->now, NULL);
    peer_run(p, true);
    if (p->out_len == 0) {
        return;
    }
    p->out[p->out_len] = '\0';
    const char *field = strstr((char *)p->out, "Sec-WebSocket-Key: ");
    assert_non_null(field);
    memcpy(key, field + 19, 24);
    key[24] = '\0';
    assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), key, 24, NULL, &len, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    dtt_upgrade_init(&u, bytes);
    p->out_len = 0;
    snprintf(answer, sizeof(answer),
             "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nSec-WebSocket-Accept: "
             "%s\r\nsec-websocket-protocol: %s\r\n\r\n",
             u.accept, protocol);
    peer_say_text(p, answer);
}

/** An open connection whose first ping has been answered after `rtt_ns`. */
static inline struct peer *peer_open(const char *protocol, uint64_t rtt_ns)
{
    struct peer *p = peer_new();
    uint8_t ping[16] = {0}, opcode;
    peer_upgrade(p, protocol);
    assert_int_equal(dtt_relay_state(p->relay), DTT_RELAY_STATE_AUTHENTICATING);
    peer_say_message(p, "\x02", 1);
    assert_int_equal(dtt_relay_state(p->relay), DTT_RELAY_STATE_OPEN);
    assert_int_equal(peer_last(p)->type, DTT_RELAY_EVENT_UP);
    assert_int_equal(peer_heard(p, &opcode, ping, sizeof(ping)), 9);
    assert_int_equal(ping[0], DTT_RELAY_PING);
    ping[0] = DTT_RELAY_PONG;
    p->now.mono_ns += rtt_ns;
    peer_say_message(p, ping, 9);
    assert_int_equal(peer_last(p)->type, DTT_RELAY_EVENT_PONG);
    assert_int_equal(dtt_relay_rtt_ns(p->relay), rtt_ns);
    return p;
}

/** The connection ended so. */
static inline void peer_must_be_down(struct peer *p, enum dtt_relay_end end, const char *why)
{
    assert_int_equal(peer_last(p)->type, DTT_RELAY_EVENT_DOWN);
    assert_int_equal(peer_last(p)->end, end);
    assert_string_equal(p->why, why);
    assert_int_equal(dtt_relay_state(p->relay), DTT_RELAY_STATE_WAITING);
    assert_false(p->has_stream);
    assert_int_equal(dtt_relay_output(p->relay).len, 0);
}

#endif
