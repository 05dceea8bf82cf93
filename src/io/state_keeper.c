/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/state_keeper.h"

#include "dht/state.h"
#include "io/host.h"
#include "io/state_write.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum phase {
    RESTING,
    WRITING,
    HANGING, /* it takes so long that this was told */
    CLOSED
};

struct dtt_state_keeper {
    uv_loop_t *loop;
    struct dtt_ctx *ctx;
    struct dtt_events *events;
    char *path;
    enum phase phase;
    int fd; /* of the write: WRITING, HANGING; else -1 */
    uv_poll_t poll;
    enum dtt_state_file_use use;
    uint64_t since_ns;   /* when the write began */
    uint64_t due_ns;     /* RESTING: when the next one begins */
    uint64_t backoff_ns; /* 0: the last one was good */
    uint64_t asked_ns;
    uint64_t kept_ns;  /* when the file was last replaced because the program asked */
    bool is_tried;     /* a write has been good */
    bool is_failing;   /* told to fail, and not yet told to work again */
    bool is_asked;     /* the program waits for the end of a save */
    bool is_answering; /* the save under way is the one */
};

int dtt_state_keeper_new(struct dtt_state_keeper **ret, const char *path, uv_loop_t *loop,
                         struct dtt_ctx *ctx, struct dtt_events *events)
{
    struct dtt_state_keeper *k = calloc(1, sizeof(*k));
    char *there = k ? dtt_state_file_locate(path) : NULL;
    if (!there) {
        free(k);
        return DTT_ENOMEM;
    }
    *k = (struct dtt_state_keeper){
        .loop = loop, .ctx = ctx, .events = events, .path = there, .fd = -1};
    *ret = k;
    return DTT_OK;
}

void dtt_state_keeper_free(struct dtt_state_keeper *k)
{
    if (k) {
        free(k->path);
        free(k);
    }
}

const char *dtt_state_keeper_path(const struct dtt_state_keeper *k)
{
    return k->path;
}

static void tell(struct dtt_state_keeper *k, struct dtt_now now, int status, int error)
{
    struct dtt_event ev = {.type = DTT_EVENT_STATE_FILE};
    struct dtt_event_state_file *e = &ev.u.state_file;
    e->status = status;
    if (error == EBUSY) {
        snprintf(e->reason, sizeof(e->reason), "another process is writing it");
    } else if (error == EAGAIN) {
        snprintf(e->reason, sizeof(e->reason), "no process can be started; raise 'ulimit -u'");
    } else if (error && strerror_r(error, e->reason, sizeof(e->reason)) != 0) {
        e->reason[0] = '\0';
    }
    if (status != DTT_OK && k->phase == RESTING && k->due_ns > now.mono_ns) {
        e->retry_ms = (k->due_ns - now.mono_ns) / DTT_MS;
    }
    dtt_events_push(k->events, now, &ev, dtt_slice(NULL, 0));
}

void dtt_state_keeper_refuse(struct dtt_state_keeper *k, struct dtt_now now, int status)
{
    DTT_TRACE(k->ctx, IO_STATE_REFUSED, dtt_tv_text(k->path));
    tell(k, now, status, 0);
}

/* Decides when to write again, and what there is to tell. */
static void settle(struct dtt_state_keeper *k, struct dtt_now now, int error)
{
    bool is_answer = k->is_answering || (k->is_asked && error);
    k->phase = RESTING;
    k->is_answering = false;
    if (error) {
        k->backoff_ns = k->backoff_ns ? 2 * k->backoff_ns : DTT_STATE_KEEPER_RETRY_NS;
        k->backoff_ns = dtt_min_ns(k->backoff_ns, DTT_STATE_KEEPER_EVERY_NS);
        k->due_ns = now.mono_ns + k->backoff_ns;
        DTT_TRACE(k->ctx, IO_STATE_NOT_WRITTEN, dtt_tv_text(k->path), dtt_tv_int(error));
    } else {
        k->due_ns =
            now.mono_ns + (k->is_tried ? DTT_STATE_KEEPER_EVERY_NS : DTT_STATE_KEEPER_FIRST_NS);
        k->kept_ns = is_answer ? now.mono_ns : k->kept_ns;
        k->backoff_ns = 0;
        k->is_tried = true;
    }
    if (is_answer || k->is_failing != (error != 0)) {
        tell(k, now, error ? DTT_EIO : DTT_OK, error);
    }
    k->is_failing = error != 0;
    k->is_asked = k->is_asked && !is_answer;
    if (k->is_asked) { /* what has just ended began before the program asked */
        k->due_ns = now.mono_ns;
    }
}

/* Whatever has not been written yet is written all the same. */
static void let_go(struct dtt_state_keeper *k)
{
    close(k->fd);
    k->fd = -1;
}

static void unwatch(struct dtt_state_keeper *k)
{
    uv_poll_stop(&k->poll);
    uv_close((uv_handle_t *)&k->poll, NULL);
}

static void on_written(uv_poll_t *handle, int status, int events)
{
    struct dtt_state_keeper *k = handle->data;
    int error = dtt_state_write_result(k->fd);
    (void)status;
    (void)events;
    unwatch(k);
    let_go(k);
    settle(k, dtt_host_now(), error);
}

static int start(struct dtt_state_keeper *k, struct dtt_slice bytes)
{
    int fd = dtt_state_write_start(k->path, bytes, k->use);
    if (fd < 0) {
        return -fd;
    }
    k->fd = fd;
    int err = uv_poll_init(k->loop, &k->poll, fd);
    if (err) { /* the write goes on, but nobody will know */
        let_go(k);
        return -err;
    }
    k->poll.data = k;
    uv_poll_start(&k->poll, UV_READABLE, on_written);
    return 0;
}

void dtt_state_keeper_save(struct dtt_state_keeper *k, struct dtt_now now, struct dtt_slice bytes)
{
    static const uint8_t room[DTT_DHT_STATE_MAX];
    bool is_pointless = bytes.len == 0 && k->is_tried && !k->is_failing;
    if (k->phase != RESTING) {
        return;
    }
    k->is_answering = k->is_asked;
    k->use = bytes.len ? DTT_STATE_FILE_SAVE : DTT_STATE_FILE_TRY;
    k->since_ns = now.mono_ns;
    int error = is_pointless ? 0 : start(k, bytes.len ? bytes : dtt_slice(room, sizeof(room)));
    if (error || is_pointless) {
        settle(k, now, error);
    } else {
        k->phase = WRITING;
    }
}

uint64_t dtt_state_keeper_deadline(const struct dtt_state_keeper *k)
{
    switch (k->phase) {
    case RESTING: return k->due_ns;
    case WRITING: return k->since_ns + DTT_STATE_KEEPER_SLOW_NS;
    case HANGING:
    case CLOSED: break;
    }
    return DTT_NEVER;
}

bool dtt_state_keeper_run(struct dtt_state_keeper *k, struct dtt_now now)
{
    if (now.mono_ns < dtt_state_keeper_deadline(k)) {
        return false;
    }
    if (k->phase == WRITING) {
        k->phase = HANGING;
        k->is_failing = true;
        tell(k, now, DTT_ETIMEDOUT, ETIMEDOUT);
        return false;
    }
    return k->phase == RESTING;
}

void dtt_state_keeper_ask(struct dtt_state_keeper *k, struct dtt_now now)
{
    k->asked_ns = k->is_asked ? k->asked_ns : now.mono_ns;
    k->is_asked = true;
    if (k->phase == RESTING) {
        k->due_ns = now.mono_ns;
    }
}

/* Waits until then for the write under way. False when it goes on. */
static bool await(struct dtt_state_keeper *k, uint64_t end_ns)
{
    struct pollfd p = {.fd = k->fd, .events = POLLIN};
    uint64_t now_ns = dtt_host_now().mono_ns;
    int n = 0;
    while (n == 0 && now_ns < end_ns) {
        n = poll(&p, 1, (int)((end_ns - now_ns + DTT_MS - 1) / DTT_MS));
        n = n < 0 && errno == EINTR ? 0 : n;
        now_ns = dtt_host_now().mono_ns;
    }
    let_go(k);
    return n > 0;
}

void dtt_state_keeper_close(struct dtt_state_keeper *k, struct dtt_now now, struct dtt_slice bytes)
{
    uint64_t end_ns = (k->is_asked ? k->asked_ns : now.mono_ns) + DTT_STATE_KEEPER_PATIENCE_NS;
    bool is_kept = k->kept_ns > 0 && now.mono_ns - k->kept_ns < DTT_STATE_KEEPER_PATIENCE_NS;
    bool is_free = true;
    if (k->fd >= 0) {
        unwatch(k);
        is_free = await(k, k->phase == HANGING ? 0 : end_ns);
    }
    /* Beside a write that goes on, another one would be refused, or be late and come after what
     * the next node writes. */
    if (bytes.len > 0 && !is_kept && is_free) {
        k->fd = dtt_state_write_start(k->path, bytes, DTT_STATE_FILE_SAVE);
    }
    if (k->fd >= 0) {
        await(k, end_ns);
    }
    k->phase = CLOSED;
}
