/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/state_write.h"

#include "io/thread.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Shared by the node and the thread; the last to let go frees it. */
struct dtt_state_write {
    atomic_int refs;
    int fd;
    int error;
    enum dtt_state_file_use use;
    size_t len;
    const char *path;
    uint8_t bytes[]; /* and the path */
};

static void unref(struct dtt_state_write *w)
{
    if (atomic_fetch_sub(&w->refs, 1) == 1) {
        close(w->fd);
        free(w);
    }
}

static void *run(void *arg)
{
    struct dtt_state_write *w = arg;
    uint64_t one = 1;
    w->error = dtt_state_file_write(w->path, dtt_slice(w->bytes, w->len), w->use);
    /* The counter of an eventfd cannot overflow by one: this write does not fail. */
    (void)!write(w->fd, &one, sizeof(one));
    unref(w);
    return NULL;
}

int dtt_state_write_start(struct dtt_state_write **ret, const char *path, struct dtt_slice bytes,
                          enum dtt_state_file_use use)
{
    size_t n = strlen(path) + 1;
    struct dtt_state_write *w = malloc(sizeof(*w) + bytes.len + n);
    if (!w) {
        return ENOMEM;
    }
    *w = (struct dtt_state_write){.use = use, .len = bytes.len};
    memcpy(w->bytes, bytes.data, bytes.len);
    memcpy(w->bytes + bytes.len, path, n);
    w->path = (const char *)w->bytes + bytes.len;
    atomic_init(&w->refs, 2);
    w->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int error = w->fd < 0 ? errno : dtt_thread_start(run, w) ? 0 : EAGAIN;
    if (error) {
        if (w->fd >= 0) {
            close(w->fd);
        }
        free(w);
        return error;
    }
    *ret = w;
    return 0;
}

void dtt_state_write_free(struct dtt_state_write *w)
{
    if (w) {
        unref(w);
    }
}

int dtt_state_write_fd(const struct dtt_state_write *w)
{
    return w->fd;
}

int dtt_state_write_take(struct dtt_state_write *w)
{
    uint64_t count;
    /* Reading also makes what the thread has written visible here. */
    return read(w->fd, &count, sizeof(count)) == (ssize_t)sizeof(count) ? w->error : EAGAIN;
}
