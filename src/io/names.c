/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/names.h"

#include "base/trace.h"
#include "io/host.h"

#include <stdlib.h>

#define RETRY_FIRST_NS (5 * DTT_S)
#define RETRY_MAX_NS (300 * DTT_S)

struct dtt_name {
    struct dtt_names *of;
    char host[DTT_HOST_MAX];
    uint16_t port;
    struct dtt_resolve *resolve; /* NULL: none under way */
    uv_poll_t poll;
    uint64_t retry_ns; /* when to try again; DTT_NEVER: known, or under way */
    uint64_t backoff_ns;
    bool is_threadless; /* the last one was not made, for want of a thread */
};

static void later(struct dtt_name *l, struct dtt_now now)
{
    l->backoff_ns = l->backoff_ns ? dtt_min_ns(2 * l->backoff_ns, RETRY_MAX_NS) : RETRY_FIRST_NS;
    l->retry_ns = now.mono_ns + l->backoff_ns;
}

static void on_resolved(uv_poll_t *handle, int status, int events)
{
    struct dtt_name *l = handle->data;
    struct dtt_names *s = l->of;
    struct dtt_now now = dtt_host_now();
    struct dtt_addr addrs[DTT_RESOLVE_ADDRS];
    size_t n = dtt_resolve_take(l->resolve, addrs);
    (void)status;
    (void)events;
    uv_poll_stop(&l->poll);
    uv_close((uv_handle_t *)&l->poll, NULL);
    dtt_resolve_free(l->resolve);
    l->resolve = NULL;
    for (size_t k = 0; k < n; k++) {
        s->on_address(s->user, now, &addrs[k]);
    }
    if (n == 0) {
        DTT_TRACE(s->ctx, IO_RESOLVE_FAILED, dtt_tv_text(l->host), dtt_tv_text("no address"));
        later(l, now);
    }
    s->on_end(s->user, now);
}

static void start(struct dtt_name *l, struct dtt_now now)
{
    struct dtt_names *s = l->of;
    l->retry_ns = DTT_NEVER;
    int err = dtt_resolve_start(&l->resolve, l->host, l->port);
    if (!err && uv_poll_init(s->loop, &l->poll, dtt_resolve_fd(l->resolve)) != 0) {
        dtt_resolve_free(l->resolve);
        err = DTT_EIO;
    }
    l->is_threadless = err == DTT_EAGAIN;
    if (err) {
        DTT_TRACE(s->ctx, IO_RESOLVE_FAILED, dtt_tv_text(l->host),
                  dtt_tv_text(l->is_threadless ? "no thread" : "not started"));
        l->resolve = NULL;
        later(l, now);
        return;
    }
    l->poll.data = l;
    uv_poll_start(&l->poll, UV_READABLE, on_resolved);
}

int dtt_names_init(struct dtt_names *s, size_t n)
{
    s->list = calloc(n ? n : 1, sizeof(*s->list));
    return s->list ? DTT_OK : DTT_ENOMEM;
}

void dtt_names_fini(struct dtt_names *s)
{
    for (size_t i = 0; i < s->n; i++) {
        dtt_resolve_free(s->list[i].resolve);
    }
    free(s->list);
}

int dtt_names_add(struct dtt_names *s, struct dtt_now now, const char *text)
{
    struct dtt_name *l = &s->list[s->n];
    int err = dtt_addr_split_host(text, l->host, &l->port);
    if (!err) {
        l->of = s;
        start(l, now);
        s->n++;
    }
    return err;
}

void dtt_names_count(const struct dtt_names *s, unsigned *ret_resolving, unsigned *ret_threadless)
{
    *ret_resolving = *ret_threadless = 0;
    for (size_t i = 0; i < s->n; i++) {
        *ret_resolving += s->list[i].resolve != NULL;
        *ret_threadless += s->list[i].is_threadless;
    }
}

uint64_t dtt_names_deadline(const struct dtt_names *s)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < s->n; i++) {
        at = dtt_min_ns(at, s->list[i].retry_ns);
    }
    return at;
}

bool dtt_names_tick(struct dtt_names *s, struct dtt_now now)
{
    bool is_any = false;
    for (size_t i = 0; i < s->n; i++) {
        if (s->list[i].retry_ns <= now.mono_ns) {
            start(&s->list[i], now);
            is_any = true;
        }
    }
    return is_any;
}
