/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bytes of a relay after its TLS: the head of its answer, and then messages in WebSocket's
 * frames, each a frame of the relay protocol. However they are cut, the same is read.
 */
#include "relay/frame.h"
#include "relay/upgrade.h"
#include "relay/websocket.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds) {
        abort();
    }
}

/* What was read, as a number that depends on all of it. */
struct digest {
    uint64_t sum;
    int err;
};

static void add(struct digest *d, const void *data, size_t len)
{
    d->sum = d->sum * 31 + len;
    for (size_t i = 0; i < len; i++) {
        d->sum = d->sum * 31 + ((const uint8_t *)data)[i];
    }
}

static void add_message(struct digest *d, struct dtt_slice message)
{
    struct dtt_relay_frame f;
    add(d, message.data, message.len);
    for (unsigned version = 1; version <= 2; version++) {
        if (dtt_relay_frame_read(message, version, &f) == DTT_OK) {
            must(f.data.len <= message.len && f.type <= DTT_RELAY_STATUS);
            add(d, f.data.data, f.data.len);
        }
    }
}

static void read_websocket(struct digest *d, struct dtt_slice bytes, size_t step)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {1};
    struct dtt_buffer out = {.max = 4096};
    struct dtt_websocket *w;
    struct dtt_rng rng;
    dtt_rng_init(&rng, seed, "fuzz");
    must(dtt_websocket_new(&w, &rng, &out, DTT_RELAY_MESSAGE_MAX) == DTT_OK);
    for (size_t at = 0; at < bytes.len && d->err == 0; at += step) {
        struct dtt_slice message;
        size_t n = bytes.len - at < step ? bytes.len - at : step;
        dtt_websocket_recv(w, dtt_slice(bytes.data + at, n));
        while ((d->err = dtt_websocket_next(w, &message)) == 1) {
            must(message.len <= DTT_RELAY_MESSAGE_MAX);
            add_message(d, message);
        }
    }
    must(out.len <= out.max);
    add(d, out.data, out.len);
    dtt_websocket_free(w);
    dtt_buffer_clear(&out);
}

static struct digest read_all(struct dtt_slice bytes, size_t step)
{
    static const uint8_t key[DTT_UPGRADE_KEY_BYTES] = {0};
    struct digest d = {0};
    struct dtt_upgrade u;
    size_t at = 0;
    dtt_upgrade_init(&u, key);
    while (at < bytes.len && !u.is_over) {
        size_t n = bytes.len - at < step ? bytes.len - at : step;
        int used = dtt_upgrade_recv(&u, dtt_slice(bytes.data + at, n));
        if (used < 0) {
            d.err = used;
            return d;
        }
        at += (size_t)used;
    }
    must(!u.is_over || (u.head.status >= 100 && u.head.status <= 999));
    add(&d, &u.head.status, sizeof(u.head.status));
    add(&d, &u.version, sizeof(u.version));
    add(&d, &u.is_websocket, sizeof(u.is_websocket));
    read_websocket(&d, dtt_slice(bytes.data + at, bytes.len - at), step);
    return d;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dtt_slice bytes = dtt_slice(data, size);
    add_message(&(struct digest){0}, bytes);
    struct digest whole = read_all(bytes, size + 1);
    for (size_t step = 1; step < 4; step++) {
        struct digest cut = read_all(bytes, step);
        must(cut.err == whole.err && (whole.err != 0 || cut.sum == whole.sum));
    }
    return 0;
}
