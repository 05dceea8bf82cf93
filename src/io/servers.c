/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/servers.h"

#include "io/host.h"
#include "io/io.h"
#include "io/resolve.h"

#include <stdio.h>
#include <stdlib.h>

/* ---- pkarr servers */

struct dtt_server_stream {
    struct dtt_servers *of;
    uint32_t number;
    struct dtt_stream *stream;
};

static void drop_stream(struct dtt_server_stream *x)
{
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        if (x->of->streams[i] == x) {
            x->of->streams[i] = NULL;
        }
    }
    dtt_stream_close(x->stream);
    free(x);
}

static bool is_wanted(const struct dtt_server_stream *x)
{
    return dtt_lookups_request(x->of->core, x->number).len > 0;
}

static void on_open(void *user, struct dtt_now now)
{
    struct dtt_server_stream *x = user;
    (void)dtt_stream_write(x->stream, now, dtt_lookups_request(x->of->core, x->number));
}

static void on_bytes(void *user, struct dtt_now now, struct dtt_slice bytes)
{
    struct dtt_server_stream *x = user;
    dtt_lookups_recv(x->of->core, now, x->number, bytes);
    if (!is_wanted(x)) {
        drop_stream(x);
    }
}

static void on_end(void *user, struct dtt_now now, enum dtt_stream_end end, const char *why)
{
    struct dtt_server_stream *x = user;
    dtt_lookups_ended(x->of->core, now, x->number, end == DTT_STREAM_CLOSED ? NULL : why);
    drop_stream(x);
}

static void open_stream(struct dtt_servers *s, struct dtt_now now, uint32_t number,
                        const struct dtt_url *url)
{
    size_t at = 0;
    while (at < DTT_PKARR_EXCHANGES && s->streams[at]) {
        at++;
    }
    struct dtt_server_stream *x = at < DTT_PKARR_EXCHANGES ? calloc(1, sizeof(*x)) : NULL;
    int err = x ? DTT_OK : DTT_ENOMEM;
    if (x) {
        *x = (struct dtt_server_stream){.of = s, .number = number};
        const struct dtt_stream_config cfg = {.loop = s->loop,
                                              .host = url->host,
                                              .port = url->port,
                                              .trust = url->is_tls ? &s->trust : NULL,
                                              .is_stale = s->is_stale,
                                              .timeout_ms = DTT_PKARR_PATIENCE_NS / DTT_MS,
                                              .user = x,
                                              .on_open = on_open,
                                              .on_bytes = on_bytes,
                                              .on_end = on_end};
        err = dtt_stream_open(&x->stream, now, &cfg);
    }
    if (err) {
        free(x);
        dtt_lookups_ended(s->core, now, number, dtt_error_text(err));
    } else {
        s->streams[at] = x;
    }
}

static void run_streams(struct dtt_servers *s, struct dtt_now now)
{
    uint32_t number;
    const struct dtt_url *url;
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        if (s->streams[i] && !is_wanted(s->streams[i])) {
            drop_stream(s->streams[i]);
        }
        if (s->streams[i]) {
            dtt_stream_tick(s->streams[i]->stream, now);
        }
    }
    while (dtt_lookups_next_request(s->core, &number, &url)) {
        open_stream(s, now, number, url);
    }
}

/* ---- name servers */

struct dtt_server_text {
    struct dtt_servers *of;
    uint32_t number;
    struct dtt_resolve *resolve;
    uv_poll_t poll;
};

static void free_text(uv_handle_t *handle)
{
    free(handle->data);
}

static void drop_text(struct dtt_server_text *x)
{
    for (size_t i = 0; i < DTT_SERVERS_TEXTS; i++) {
        if (x->of->texts[i] == x) {
            x->of->texts[i] = NULL;
        }
    }
    dtt_resolve_free(x->resolve);
    *x->of->is_stale = true;
    uv_close((uv_handle_t *)&x->poll, free_text);
}

static void on_text(uv_poll_t *handle, int status, int events)
{
    struct dtt_server_text *x = handle->data;
    uint8_t answer[DTT_RESOLVE_TEXT_MAX];
    size_t len = dtt_resolve_take_text(x->resolve, answer);
    (void)status;
    (void)events;
    dtt_lookups_text(x->of->core, dtt_host_now(), x->number, dtt_slice(answer, len));
    drop_text(x);
}

static bool open_text(struct dtt_servers *s, uint32_t number, const char *name)
{
    size_t at = 0;
    while (at < DTT_SERVERS_TEXTS && s->texts[at]) {
        at++;
    }
    struct dtt_server_text *x = at < DTT_SERVERS_TEXTS ? calloc(1, sizeof(*x)) : NULL;
    if (!x || dtt_resolve_start_text(&x->resolve, name) != DTT_OK) {
        free(x);
        return false;
    }
    if (uv_poll_init(s->loop, &x->poll, dtt_resolve_fd(x->resolve)) != 0) {
        dtt_resolve_free(x->resolve);
        free(x);
        return false;
    }
    x->of = s;
    x->number = number;
    x->poll.data = x;
    s->texts[at] = x;
    if (uv_poll_start(&x->poll, UV_READABLE, on_text) != 0) {
        drop_text(x);
        return false;
    }
    return true;
}

/* A thread that nobody waits for any more keeps its place: so there are never more of them. */
static void run_texts(struct dtt_servers *s, struct dtt_now now)
{
    uint32_t number;
    char name[DTT_PKARR_NAME_MAX];
    while (dtt_lookups_next_text(s->core, &number, name)) {
        if (!open_text(s, number, name)) {
            dtt_lookups_text(s->core, now, number, dtt_slice(NULL, 0));
        }
        *s->is_stale = true; /* and the core has something to hand on, if there was no thread */
    }
}

int dtt_servers_init(struct dtt_servers *s, struct dtt_now now, const struct dtt_io_config *cfg)
{
    if (cfg->ca_file) {
        s->ca_file = strdup(cfg->ca_file);
        s->trust.ca_file = s->ca_file;
    }
    s->relays = (struct dtt_relay_clients){.ctx = s->ctx,
                                           .core = s->core,
                                           .loop = s->loop,
                                           .is_stale = s->is_stale,
                                           .trust = &s->trust};
    return s->ca_file || !cfg->ca_file
               ? dtt_relay_clients_init(&s->relays, now, cfg->node_seed, cfg->relays, cfg->n_relays)
               : DTT_ENOMEM;
}

void dtt_servers_run(struct dtt_servers *s, struct dtt_now now)
{
    run_streams(s, now);
    run_texts(s, now);
    dtt_relay_clients_run(&s->relays, now);
}

uint64_t dtt_servers_deadline(const struct dtt_servers *s)
{
    uint64_t t = dtt_relay_clients_deadline(&s->relays);
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        if (s->streams[i]) {
            t = dtt_min_ns(t, dtt_stream_deadline(s->streams[i]->stream));
        }
    }
    return t;
}

void dtt_servers_fini(struct dtt_servers *s)
{
    dtt_relay_clients_fini(&s->relays);
    for (size_t i = 0; i < DTT_PKARR_EXCHANGES; i++) {
        if (s->streams[i]) {
            drop_stream(s->streams[i]);
        }
    }
    for (size_t i = 0; i < DTT_SERVERS_TEXTS; i++) {
        if (s->texts[i]) {
            drop_text(s->texts[i]);
        }
    }
    free(s->ca_file);
    s->ca_file = NULL;
}
