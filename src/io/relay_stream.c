/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/relay_stream.h"

#include "codec/url.h"
#include "crypto/ed25519.h"

#include <stdlib.h>

#define PUSH_MAX ((size_t)16 * 1024)

struct dtt_relay_stream {
    struct dtt_relay_stream_config cfg;
    struct dtt_url url;
    struct dtt_relay *relay;
    struct dtt_stream *stream; /* NULL: none is wished for */
};

/* A little at a time, and the next when that has gone: what waits with the client has a bound,
 * and the client sees how fast the relay reads. */
static void push(struct dtt_relay_stream *s, struct dtt_now now)
{
    struct dtt_slice out = dtt_relay_output(s->relay);
    while (s->stream && out.len > 0 && dtt_stream_is_idle(s->stream)) {
        size_t n = out.len < PUSH_MAX ? out.len : PUSH_MAX;
        if (dtt_stream_write(s->stream, now, dtt_slice(out.data, n)) != DTT_OK) {
            return;
        }
        dtt_relay_sent(s->relay, now, n);
        out = dtt_relay_output(s->relay);
    }
}

static void open_stream(struct dtt_relay_stream *s, struct dtt_now now);

static void close_stream(struct dtt_relay_stream *s)
{
    dtt_stream_close(s->stream);
    s->stream = NULL;
}

/* Does what the client asks for, until it asks for nothing more. */
static void run(struct dtt_relay_stream *s, struct dtt_now now)
{
    struct dtt_relay_event event;
    while (dtt_relay_next(s->relay, now, &event)) {
        switch (event.type) {
        case DTT_RELAY_EVENT_CONNECT: open_stream(s, now); break;
        case DTT_RELAY_EVENT_DISCONNECT: close_stream(s); break;
        default: s->cfg.on_event(s->cfg.user, now, &event); break;
        }
    }
    push(s, now);
}

/* ------------------------------------------------------------- the stream */

static void on_open(void *user, struct dtt_now now)
{
    struct dtt_relay_stream *s = user;
    uint8_t id[DTT_ID_BYTES], material[DTT_RELAY_MATERIAL_BYTES];
    dtt_ed25519_public_key(id, s->cfg.seed);
    bool is_exported = dtt_stream_export(s->stream, DTT_RELAY_EXPORT_LABEL,
                                         dtt_slice(id, sizeof(id)), material, sizeof(material));
    dtt_relay_connected(s->relay, now, is_exported ? material : NULL);
    run(s, now);
}

static void on_bytes(void *user, struct dtt_now now, struct dtt_slice bytes)
{
    struct dtt_relay_stream *s = user;
    dtt_relay_recv(s->relay, now, bytes);
    run(s, now);
    if (s->cfg.on_read) {
        s->cfg.on_read(s->cfg.user, now);
    }
}

static void on_room(void *user, struct dtt_now now)
{
    push(user, now);
}

static void on_end(void *user, struct dtt_now now, enum dtt_stream_end end, const char *why)
{
    struct dtt_relay_stream *s = user;
    (void)end;
    close_stream(s);
    dtt_relay_disconnected(s->relay, now, why);
    run(s, now);
}

static void open_stream(struct dtt_relay_stream *s, struct dtt_now now)
{
    struct dtt_stream_config cfg = {.loop = s->cfg.loop,
                                    .host = s->url.host,
                                    .port = s->url.port,
                                    .trust = s->url.is_tls ? s->cfg.trust : NULL,
                                    .is_stale = s->cfg.is_stale,
                                    .scopes = s->cfg.scopes,
                                    .timeout_ms = DTT_RELAY_OPEN_NS / DTT_MS,
                                    .user = s,
                                    .on_open = on_open,
                                    .on_bytes = on_bytes,
                                    .on_room = on_room,
                                    .on_end = on_end};
    int err = dtt_stream_open(&s->stream, now, &cfg);
    if (err) {
        s->stream = NULL;
        dtt_relay_disconnected(s->relay, now, dtt_error_text(err));
    }
}

/* --------------------------------------------------------------- the face */

int dtt_relay_stream_new(struct dtt_relay_stream **ret, struct dtt_now now,
                         const struct dtt_relay_stream_config *cfg)
{
    struct dtt_relay_config client = {.ctx = cfg->ctx, .seed = cfg->seed};
    struct dtt_relay_stream *s = calloc(1, sizeof(*s));
    if (!s) {
        return DTT_ENOMEM;
    }
    s->cfg = *cfg;
    client.authority = s->url.authority;
    int err = dtt_url_parse_with_query(cfg->url, &s->url, &client.query);
    err = err ? err : dtt_relay_new(&s->relay, now, &client);
    if (err) {
        free(s);
        return err;
    }
    *ret = s;
    return DTT_OK;
}

void dtt_relay_stream_free(struct dtt_relay_stream *s)
{
    if (s) {
        dtt_stream_close(s->stream);
        dtt_relay_free(s->relay);
        free(s);
    }
}

int dtt_relay_stream_send(struct dtt_relay_stream *s, struct dtt_now now, const struct dtt_id *to,
                          size_t segment, struct dtt_slice datagrams)
{
    int err = dtt_relay_send(s->relay, to, segment, datagrams);
    push(s, now);
    return err;
}

const struct dtt_relay *dtt_relay_stream_client(const struct dtt_relay_stream *s)
{
    return s->relay;
}

enum dtt_addr_scope dtt_relay_stream_scope(const struct dtt_relay_stream *s)
{
    return dtt_stream_scope(s->stream);
}

void dtt_relay_stream_moved(struct dtt_relay_stream *s, struct dtt_now now)
{
    dtt_relay_moved(s->relay, now);
    run(s, now);
}

uint64_t dtt_relay_stream_deadline(const struct dtt_relay_stream *s)
{
    uint64_t stream_ns = s->stream ? dtt_stream_deadline(s->stream) : DTT_NEVER;
    return dtt_min_ns(stream_ns, dtt_relay_deadline(s->relay));
}

void dtt_relay_stream_tick(struct dtt_relay_stream *s, struct dtt_now now)
{
    if (s->stream) {
        dtt_stream_tick(s->stream, now);
    }
    dtt_relay_tick(s->relay, now);
    run(s, now);
}
