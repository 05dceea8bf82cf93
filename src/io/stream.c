/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/stream.h"

#include "base/buffer.h"
#include "io/host.h"
#include "io/resolve.h"
#include "io/sockaddr.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* An address that does not answer by then, while another is left, has lost its turn. */
#define ATTEMPT_NS (1500 * DTT_MS)
/* So long may bytes wait without one of them going out. */
#define STALL_NS (15 * DTT_S)
/* What the kernel may hold for a server that reads slowly. By itself it takes megabytes, and what
 * is sent last, such as a ping, would wait for minutes. */
#define SEND_BUFFER (64 * 1024)
/* Blocks read before everything else in the loop has its turn. */
#define READ_ROUNDS 16

enum state { RESOLVE, CONNECT, AUTHORITIES, HANDSHAKE, OPEN, FAILED, OVER };

/* libuv may look at a handle until its closing is told, so each lives apart from the stream. */
struct watcher {
    uv_poll_t poll;
    struct dtt_stream *of;
};

struct dtt_stream {
    struct dtt_stream_config cfg;
    char host[DTT_HOST_MAX];
    enum state state;
    uint64_t open_by_ns; /* the deadline of all states before OPEN */
    uint64_t attempt_ns; /* of CONNECT: when the next address has its turn */
    uint64_t stall_ns;   /* of OPEN: when waiting bytes have waited too long */
    struct watcher *watcher;
    int events; /* what it watches for */
    struct dtt_resolve *resolve;
    struct dtt_addr addrs[DTT_RESOLVE_ADDRS];
    size_t n_addrs, next_addr;
    int fd;
    struct dtt_tls *tls;
    bool has_trust;        /* borrowed until there is `tls` */
    struct dtt_buffer out; /* bytes for the wire */
    enum dtt_stream_end end;
    char why[DTT_TLS_WHY_MAX];
    bool is_busy;   /* in functions of the user: not to be freed */
    bool is_closed; /* by the user */
};

/* -------------------------------------------------------------- watching */

static void tell_stale(struct dtt_stream *s)
{
    if (s->cfg.is_stale) {
        *s->cfg.is_stale = true;
    }
}

static void on_watcher_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void unwatch(struct dtt_stream *s)
{
    if (s->watcher) {
        s->watcher->of = NULL;
        tell_stale(s);
        uv_close((uv_handle_t *)&s->watcher->poll, on_watcher_closed);
        s->watcher = NULL;
        s->events = 0;
    }
}

static void on_ready(uv_poll_t *handle, int status, int events);

/* Watches the descriptor for `events`; false: it cannot. */
static bool watch(struct dtt_stream *s, int fd, int events)
{
    if (!s->watcher) {
        struct watcher *w = calloc(1, sizeof(*w));
        if (!w || uv_poll_init(s->cfg.loop, &w->poll, fd) != 0) {
            free(w);
            return false;
        }
        w->of = s;
        w->poll.data = w;
        s->watcher = w;
    }
    if (events == s->events) {
        return true;
    }
    tell_stale(s);
    s->events = events;
    return uv_poll_start(&s->watcher->poll, events, on_ready) == 0;
}

/* ------------------------------------------------------------------- end */

static void drop_socket(struct dtt_stream *s)
{
    unwatch(s);
    if (s->fd >= 0) {
        close(s->fd);
        s->fd = -1;
    }
}

static void return_trust(struct dtt_stream *s)
{
    if (s->has_trust) {
        s->has_trust = false;
        dtt_tls_trust_return(s->cfg.trust);
    }
}

/* Lets go of all but the memory of the stream itself. */
static void release(struct dtt_stream *s)
{
    drop_socket(s);
    dtt_resolve_free(s->resolve);
    s->resolve = NULL;
    dtt_tls_free(s->tls);
    s->tls = NULL;
    return_trust(s);
    dtt_buffer_clear(&s->out);
}

/* `why` NULL: s->why says it already. The user is told when no call of his is under way. */
static void fail(struct dtt_stream *s, enum dtt_stream_end end, const char *why)
{
    if (s->state < FAILED) {
        s->state = FAILED;
        s->end = end;
        if (why) {
            snprintf(s->why, sizeof(s->why), "%s", why);
        }
        release(s);
    }
}

static void tell_end(struct dtt_stream *s, struct dtt_now now)
{
    static const char *const texts[] = {
#define X(name, text) [name] = text,
        DTT_STREAM_ENDS(X)
#undef X
    };
    char why[256];
    snprintf(why, sizeof(why), "%s%s%s", texts[s->end], s->why[0] ? ": " : "", s->why);
    s->cfg.on_end(s->cfg.user, now, s->end, why);
}

/* The end of each way in from the loop: tells of a failure, and frees what was closed meanwhile. */
static void settle(struct dtt_stream *s, struct dtt_now now)
{
    if (s->state == FAILED && !s->is_closed) {
        s->state = OVER;
        tell_end(s, now);
    }
    s->is_busy = false;
    if (s->is_closed) {
        free(s);
    }
}

void dtt_stream_close(struct dtt_stream *s)
{
    if (!s) {
        return;
    }
    release(s);
    s->state = OVER;
    s->is_closed = true;
    if (!s->is_busy) {
        free(s);
    }
}

/* --------------------------------------------------------------- sending */

static bool append(void *user, struct dtt_slice bytes)
{
    struct dtt_stream *s = user;
    return dtt_buffer_append(&s->out, bytes);
}

/* Sends what the kernel takes, and watches for it to take more. */
static void flush(struct dtt_stream *s, struct dtt_now now)
{
    size_t sent = 0;
    while (sent < s->out.len) {
        ssize_t n = send(s->fd, s->out.data + sent, s->out.len - sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            fail(s, DTT_STREAM_BROKEN, strerror(errno));
            return;
        }
        if (n < 0) {
            break;
        }
        sent += (size_t)n;
    }
    dtt_buffer_take(&s->out, sent);
    if (s->out.len == 0) {
        s->stall_ns = DTT_NEVER;
    } else if (sent > 0 || s->stall_ns == DTT_NEVER) {
        s->stall_ns = now.mono_ns + STALL_NS;
    }
    if (!watch(s, s->fd, UV_READABLE | (s->out.len > 0 ? UV_WRITABLE : 0))) {
        fail(s, DTT_STREAM_BROKEN, "it cannot be watched");
    }
}

size_t dtt_stream_room(const struct dtt_stream *s)
{
    size_t costs = s->tls ? (DTT_STREAM_OUT_MAX / DTT_TLS_RECORD_MAX + 1) * DTT_TLS_OVERHEAD : 0;
    size_t used = s->out.len + costs;
    return s->state == OPEN && used < DTT_STREAM_OUT_MAX ? DTT_STREAM_OUT_MAX - used : 0;
}

bool dtt_stream_is_idle(const struct dtt_stream *s)
{
    return s->state == OPEN && s->out.len == 0;
}

int dtt_stream_write(struct dtt_stream *s, struct dtt_now now, struct dtt_slice bytes)
{
    if (s->state != OPEN) {
        return DTT_ESTATE;
    }
    if (bytes.len > dtt_stream_room(s)) {
        return DTT_EAGAIN;
    }
    bool is_taken = s->tls ? dtt_tls_send(s->tls, bytes) == DTT_OK : append(s, bytes);
    if (!is_taken) {
        fail(s, DTT_STREAM_BROKEN, "out of memory");
        return DTT_OK; /* on_end tells */
    }
    flush(s, now);
    return DTT_OK;
}

bool dtt_stream_export(const struct dtt_stream *s, const char *label, struct dtt_slice context,
                       uint8_t *ret, size_t len)
{
    return s->tls && dtt_tls_export(s->tls, label, context, ret, len);
}

/* ------------------------------------------------------------- receiving */

/* The wire of TLS, and without TLS the stream itself. DTT_EIO: s->why says what it is. */
static ssize_t pull(void *user, void *buf, size_t len)
{
    struct dtt_stream *s = user;
    ssize_t n = recv(s->fd, buf, len, 0);
    if (n >= 0) {
        return n;
    }
    if (errno == EAGAIN || errno == EINTR) {
        return DTT_EAGAIN;
    }
    snprintf(s->why, sizeof(s->why), "%s", strerror(errno));
    return DTT_EIO;
}

static void receive(struct dtt_stream *s, struct dtt_now now)
{
    uint8_t buf[DTT_TLS_RECORD_MAX]; /* a whole record: TLS keeps none of it back */
    for (int round = 0; round < READ_ROUNDS && s->state == OPEN; round++) {
        ssize_t n = s->tls ? dtt_tls_recv(s->tls, buf, sizeof(buf)) : pull(s, buf, sizeof(buf));
        if (n > 0) {
            s->cfg.on_bytes(s->cfg.user, now, dtt_slice(buf, (size_t)n));
        } else if (n == 0) {
            fail(s, DTT_STREAM_CLOSED, "");
        } else if (n != DTT_EAGAIN) {
            fail(s, DTT_STREAM_BROKEN, n == DTT_EIO ? NULL : "a bad record");
        } else {
            return;
        }
    }
}

/* ------------------------------------------------------------ connecting */

static void become_open(struct dtt_stream *s, struct dtt_now now)
{
    s->state = OPEN;
    s->cfg.on_open(s->cfg.user, now);
    if (s->state == OPEN) {
        receive(s, now); /* it may have come with the end of the handshake */
    }
}

static void shake_hands(struct dtt_stream *s, struct dtt_now now)
{
    int err = dtt_tls_handshake(s->tls, s->why);
    flush(s, now);
    if (s->state != HANDSHAKE || err == DTT_EAGAIN) {
        return;
    }
    switch (err) {
    case DTT_OK: become_open(s, now); break;
    case DTT_EAUTH: fail(s, DTT_STREAM_CERTIFICATE, NULL); break;
    case DTT_ECLOSED: fail(s, DTT_STREAM_CLOSED, "in the TLS handshake"); break;
    case DTT_EIO: fail(s, DTT_STREAM_BROKEN, NULL); break;
    default: fail(s, DTT_STREAM_TLS, NULL); break;
    }
}

static void start_tls(struct dtt_stream *s, struct dtt_now now)
{
    struct dtt_tls_wire wire = {.user = s, .push = append, .pull = pull};
    int err = dtt_tls_new(&s->tls, s->cfg.trust, s->host, &wire);
    return_trust(s);
    if (err) {
        fail(s, err == DTT_ENOENT ? DTT_STREAM_NO_TRUST : DTT_STREAM_BROKEN, dtt_error_text(err));
        return;
    }
    s->state = HANDSHAKE;
    shake_hands(s, now);
}

static void stop_resolve(struct dtt_stream *s)
{
    unwatch(s);
    dtt_resolve_free(s->resolve);
    s->resolve = NULL;
}

/* Reading them takes long: a thread does it, and where there is none, the handshake. */
static void ask_authorities(struct dtt_stream *s, struct dtt_now now)
{
    s->has_trust = dtt_tls_trust_borrow(s->cfg.trust) == DTT_OK;
    if (!s->has_trust || dtt_tls_trust_is_loaded(s->cfg.trust) ||
        dtt_resolve_start_authorities(&s->resolve, s->cfg.trust->store) != DTT_OK) {
        start_tls(s, now);
        return;
    }
    unwatch(s);
    s->state = AUTHORITIES;
    if (!watch(s, dtt_resolve_fd(s->resolve), UV_READABLE)) {
        fail(s, DTT_STREAM_BROKEN, "it cannot be watched");
    }
}

enum dtt_addr_scope dtt_stream_scope(const struct dtt_stream *s)
{
    return dtt_addr_scope(&s->addrs[s->next_addr - 1]);
}

static bool try_address(struct dtt_stream *s, const struct dtt_addr *addr)
{
    if (s->cfg.scopes && !(s->cfg.scopes & 1u << dtt_addr_scope(addr))) {
        errno = EACCES; /* who named the host may not make us connect there */
        return false;
    }
    union dtt_sockaddr sa;
    socklen_t len = dtt_sockaddr_write(addr, &sa);
    int on = 1, buffer = SEND_BUFFER;
    s->fd = socket(sa.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0) {
        return false;
    }
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    (void)setsockopt(s->fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
    if (connect(s->fd, &sa.sa, len) != 0 && errno != EINPROGRESS) {
        return false;
    }
    return watch(s, s->fd, UV_WRITABLE);
}

/* The next address that can be tried at all; the last of them says why there is none. */
static void try_next(struct dtt_stream *s, struct dtt_now now)
{
    while (s->next_addr < s->n_addrs) {
        drop_socket(s);
        if (try_address(s, &s->addrs[s->next_addr++])) {
            s->attempt_ns = s->next_addr < s->n_addrs ? now.mono_ns + ATTEMPT_NS : DTT_NEVER;
            return;
        }
        snprintf(s->why, sizeof(s->why), "%s", strerror(errno));
    }
    fail(s, DTT_STREAM_UNREACHABLE, NULL);
}

static void connected(struct dtt_stream *s, struct dtt_now now)
{
    int error = 0;
    socklen_t len = sizeof(error);
    if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0) {
        snprintf(s->why, sizeof(s->why), "%s", strerror(error));
        try_next(s, now);
    } else if (s->cfg.trust) {
        ask_authorities(s, now);
    } else if (watch(s, s->fd, UV_READABLE)) {
        become_open(s, now);
    } else {
        fail(s, DTT_STREAM_BROKEN, "it cannot be watched");
    }
}

static void resolved(struct dtt_stream *s, struct dtt_now now)
{
    s->n_addrs = dtt_resolve_take(s->resolve, s->addrs);
    stop_resolve(s);
    if (s->n_addrs == 0) {
        fail(s, DTT_STREAM_NO_NAME, "");
        return;
    }
    s->state = CONNECT;
    try_next(s, now);
}

/* ------------------------------------------------------------ from the loop */

static void on_open_ready(struct dtt_stream *s, struct dtt_now now, int events)
{
    if (events & UV_WRITABLE) {
        flush(s, now);
        if (s->state == OPEN && s->out.len == 0 && s->cfg.on_room) {
            s->cfg.on_room(s->cfg.user, now);
        }
    }
    if (s->state == OPEN) {
        receive(s, now);
    }
}

static void on_ready(uv_poll_t *handle, int status, int events)
{
    struct watcher *w = handle->data;
    struct dtt_stream *s = w->of;
    struct dtt_now now = dtt_host_now();
    if (!s) {
        return;
    }
    if (status < 0) { /* an error of the socket: reading or writing tells which */
        events = s->events;
        s->events = 0; /* libuv has stopped the watcher */
    }
    s->is_busy = true;
    switch (s->state) {
    case RESOLVE: resolved(s, now); break;
    case CONNECT: connected(s, now); break;
    case AUTHORITIES:
        stop_resolve(s);
        start_tls(s, now);
        break;
    case HANDSHAKE: shake_hands(s, now); break;
    case OPEN: on_open_ready(s, now, events); break;
    default: break;
    }
    settle(s, now);
}

uint64_t dtt_stream_deadline(const struct dtt_stream *s)
{
    switch (s->state) {
    case CONNECT: return dtt_min_ns(s->open_by_ns, s->attempt_ns);
    case OPEN: return s->stall_ns;
    case FAILED: return 0;
    case OVER: return DTT_NEVER;
    default: return s->open_by_ns;
    }
}

void dtt_stream_tick(struct dtt_stream *s, struct dtt_now now)
{
    if (dtt_stream_deadline(s) > now.mono_ns) {
        return;
    }
    s->is_busy = true;
    if (s->state == OPEN) {
        fail(s, DTT_STREAM_STALLED, "");
    } else if (s->open_by_ns <= now.mono_ns) {
        fail(s, DTT_STREAM_TIMEOUT, "");
    } else if (s->state == CONNECT) {
        try_next(s, now);
    }
    settle(s, now);
}

/* ------------------------------------------------------------------ start */

/* The host is an address: there is nothing to ask. */
static bool read_address(const struct dtt_stream_config *cfg, struct dtt_addr *ret)
{
    char text[DTT_HOST_MAX + 16];
    bool is_v6 = strchr(cfg->host, ':') != NULL;
    int len = snprintf(text, sizeof(text), "%s%s%s:%u", is_v6 ? "[" : "", cfg->host,
                       is_v6 ? "]" : "", cfg->port);
    return len > 0 && (size_t)len < sizeof(text) && dtt_addr_parse(text, ret) == DTT_OK;
}

static int start(struct dtt_stream *s, struct dtt_now now)
{
    if (read_address(&s->cfg, &s->addrs[0])) {
        s->n_addrs = 1;
        s->state = CONNECT;
        try_next(s, now);
        return DTT_OK;
    }
    int err = dtt_resolve_start(&s->resolve, s->host, s->cfg.port);
    return !err && !watch(s, dtt_resolve_fd(s->resolve), UV_READABLE) ? DTT_EIO : err;
}

int dtt_stream_open(struct dtt_stream **ret, struct dtt_now now,
                    const struct dtt_stream_config *cfg)
{
    size_t len = strlen(cfg->host);
    if (len == 0 || len >= DTT_HOST_MAX || cfg->port == 0) {
        return DTT_EINVAL;
    }
    struct dtt_stream *s = calloc(1, sizeof(*s));
    if (!s) {
        return DTT_ENOMEM;
    }
    s->cfg = *cfg;
    memcpy(s->host, cfg->host, len + 1);
    s->out.max = DTT_STREAM_OUT_MAX + DTT_TLS_RECORD_MAX; /* a record of TLS's own, too */
    s->cfg.host = s->host;
    s->fd = -1;
    s->open_by_ns = now.mono_ns + cfg->timeout_ms * DTT_MS;
    s->stall_ns = DTT_NEVER;
    int err = start(s, now);
    if (err) {
        dtt_stream_close(s);
        return err;
    }
    *ret = s;
    return DTT_OK;
}
