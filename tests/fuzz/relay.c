/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A relay that says anything at any time. The input is a script: a byte chooses what happens,
 * further ones are its argument. Whatever it is, the client wishes for one stream at a time, keeps
 * a deadline, and what waits for the relay stays within its bound.
 */
#include "relay/relay.h"
#include "relay/upgrade.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct world {
    struct dtt_ctx ctx;
    struct dtt_now now;
    struct dtt_relay *relay;
    bool has_stream;
    bool is_reading;
    uint64_t datagrams;
};

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

static struct dtt_slice take(struct dtt_reader *r)
{
    size_t n = dtt_read_u8(r);
    return dtt_read(r, n < dtt_reader_left(r) ? n : dtt_reader_left(r));
}

static void take_events(struct world *w)
{
    struct dtt_relay_event e;
    while (dtt_relay_next(w->relay, w->now, &e)) {
        must(strlen(e.why) < DTT_RELAY_WHY_MAX);
        switch (e.type) {
        case DTT_RELAY_EVENT_CONNECT:
        case DTT_RELAY_EVENT_DISCONNECT:
            must(w->has_stream == (e.type == DTT_RELAY_EVENT_DISCONNECT));
            w->has_stream = !w->has_stream;
            break;
        case DTT_RELAY_EVENT_DOWN:
            must(dtt_relay_state(w->relay) == DTT_RELAY_STATE_WAITING && !w->has_stream);
            must(dtt_relay_output(w->relay).len == 0);
            break;
        case DTT_RELAY_EVENT_DATAGRAMS:
            must(e.data.len > 0 && e.segment > 0);
            must((e.data.len - 1) / e.segment < DTT_RELAY_SEGMENTS_MAX);
            w->datagrams += e.data.data[0] + e.data.data[e.data.len - 1];
            break;
        default: must(dtt_relay_state(w->relay) == DTT_RELAY_STATE_OPEN); break;
        }
    }
    size_t len = dtt_relay_output(w->relay).len;
    must(len <= DTT_RELAY_OUT_MAX + DTT_RELAY_OUT_RESERVE);
    if (w->is_reading && len > 0) {
        dtt_relay_sent(w->relay, w->now, len);
    }
}

static void say(struct world *w, struct dtt_slice bytes)
{
    uint8_t *block = malloc(bytes.len ? bytes.len : 1); /* its end is its end */
    must(block != NULL);
    if (w->has_stream && bytes.len > 0) {
        memcpy(block, bytes.data, bytes.len);
        dtt_relay_recv(w->relay, w->now, dtt_slice(block, bytes.len));
        take_events(w);
    }
    free(block);
}

/* Opens the stream that is wished for, and says the right yes to the request. */
static void upgrade(struct world *w, unsigned version)
{
    struct dtt_upgrade u;
    uint8_t key[DTT_UPGRADE_KEY_BYTES];
    char answer[300];
    size_t key_len;
    if (!w->has_stream || dtt_relay_state(w->relay) != DTT_RELAY_STATE_CONNECTING) {
        return;
    }
    dtt_relay_connected(w->relay, w->now, NULL);
    struct dtt_slice out = dtt_relay_output(w->relay);
    static const char field[] = "Sec-WebSocket-Key: ";
    size_t at = 0;
    while (memcmp(out.data + at, field, sizeof(field) - 1) != 0) {
        at++;
        must(at + sizeof(field) + 24 <= out.len);
    }
    must(sodium_base642bin(key, sizeof(key), (const char *)out.data + at + sizeof(field) - 1, 24,
                           NULL, &key_len, NULL, sodium_base64_VARIANT_ORIGINAL) == 0);
    dtt_upgrade_init(&u, key);
    int len = snprintf(answer, sizeof(answer),
                       "HTTP/1.1 101 x\r\nupgrade: websocket\r\nsec-websocket-accept: "
                       "%s\r\nsec-websocket-protocol: iroh-relay-v%u\r\n\r\n",
                       u.accept, version);
    dtt_relay_sent(w->relay, w->now, out.len);
    say(w, dtt_slice(answer, (size_t)len));
}

/* A whole frame of WebSocket around the bytes. */
static void say_message(struct world *w, struct dtt_slice bytes)
{
    uint8_t frame[4 + 256] = {0x82, 126};
    dtt_put_be16(frame + 2, (uint16_t)bytes.len);
    if (bytes.len > 0) {
        memcpy(frame + 4, bytes.data, bytes.len);
    }
    say(w, dtt_slice(frame, 4 + bytes.len));
}

static void send_some(struct world *w, uint8_t size, uint8_t segment)
{
    static const uint8_t block[65536];
    const struct dtt_id to = {.bytes = {segment}};
    (void)dtt_relay_send(w->relay, &to, (size_t)segment * 8, dtt_slice(block, (size_t)size * 257));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[DTT_SEED_BYTES] = {7};
    struct world w = {.now.mono_ns = 1000 * DTT_S, .is_reading = true};
    struct dtt_relay_config cfg = {
        .ctx = &w.ctx, .seed = seed, .authority = "relay.test", .query = ""};
    struct dtt_reader r = dtt_reader(dtt_slice(data, size));
    must(dtt_relay_new(&w.relay, w.now, &cfg) == DTT_OK);
    while (dtt_reader_left(&r)) {
        switch (dtt_read_u8(&r) % 11) {
        case 0: w.now.mono_ns += dtt_read_u8(&r) * 10 * DTT_MS; break;
        case 1: w.now.mono_ns += dtt_read_u8(&r) * 10 * DTT_S; break;
        case 2: upgrade(&w, 1 + dtt_read_u8(&r) % 3); break;
        case 3: say(&w, take(&r)); break;
        case 4: say_message(&w, take(&r)); break;
        case 5: say_message(&w, dtt_slice("\x02", 1)); break;
        case 6: w.is_reading = !w.is_reading; break;
        case 7: send_some(&w, dtt_read_u8(&r), dtt_read_u8(&r)); break;
        case 8: dtt_relay_moved(w.relay, w.now); break;
        case 9:
            if (w.has_stream && dtt_relay_state(w.relay) == DTT_RELAY_STATE_CONNECTING) {
                dtt_relay_connected(w.relay, w.now, seed); /* any 32 bytes */
            }
            break;
        default:
            if (w.has_stream) {
                w.has_stream = false;
                dtt_relay_disconnected(w.relay, w.now, "over");
            }
            break;
        }
        dtt_relay_tick(w.relay, w.now);
        take_events(&w);
        dtt_relay_tick(w.relay, w.now); /* the end of a try may be the beginning of the next */
        take_events(&w);
        must(dtt_relay_deadline(w.relay) > w.now.mono_ns);
        must(w.has_stream == (dtt_relay_state(w.relay) != DTT_RELAY_STATE_WAITING));
    }
    dtt_relay_free(w.relay);
    return 0;
}
