/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/state_file.h"

#include <dtt/types.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FRESH_SUFFIX ".new"

struct dtt_state_file {
    char *path;
    char *fresh; /* written first, in the same folder */
    char *folder;
    pthread_t thread;
    bool is_writing;
    int result; /* of the last write; the thread's own while it runs */
    uint8_t *data;
    size_t len;
    char names[];
};

struct dtt_state_file *dtt_state_file_new(const char *path)
{
    size_t n = strlen(path) + 1;
    struct dtt_state_file *f = calloc(1, sizeof(*f) + 3 * n + sizeof(FRESH_SUFFIX));
    if (!f) {
        return NULL;
    }
    f->path = f->names;
    f->fresh = f->path + n;
    f->folder = f->fresh + n + sizeof(FRESH_SUFFIX);
    memcpy(f->path, path, n);
    snprintf(f->fresh, n + sizeof(FRESH_SUFFIX), "%s%s", path, FRESH_SUFFIX);
    memcpy(f->folder, path, n);
    f->folder = dirname(f->folder);
    return f;
}

const char *dtt_state_file_path(const struct dtt_state_file *f)
{
    return f->path;
}

void dtt_state_file_free(struct dtt_state_file *f)
{
    if (f) {
        dtt_state_file_wait(f);
        free(f);
    }
}

int dtt_state_file_read(const struct dtt_state_file *f, uint8_t *buf, size_t cap)
{
    int fd = open(f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0) {
        return errno == ENOENT ? 0 : DTT_EIO;
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        close(fd);
        return DTT_EIO;
    }
    size_t len = 0;
    ssize_t n = 1;
    while (n > 0 && len < cap) {
        n = read(fd, buf + len, cap - len);
        len += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    if (n < 0) {
        return DTT_EIO;
    }
    return st.st_size > (off_t)cap ? 0 : (int)len;
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, data, len);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        data += n > 0 ? n : 0;
        len -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* The name is on the disk only when its folder is. */
static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
}

static int replace(const struct dtt_state_file *f)
{
    int fd = open(f->fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return DTT_EIO;
    }
    bool is_written = write_all(fd, f->data, f->len) && fsync(fd) == 0;
    if (close(fd) != 0 || !is_written || rename(f->fresh, f->path) != 0) {
        unlink(f->fresh);
        return DTT_EIO;
    }
    sync_folder(f->folder);
    return DTT_OK;
}

static void *run(void *arg)
{
    struct dtt_state_file *f = arg;
    f->result = replace(f);
    return NULL;
}

int dtt_state_file_wait(struct dtt_state_file *f)
{
    if (f->is_writing) {
        pthread_join(f->thread, NULL);
        f->is_writing = false;
        free(f->data);
        f->data = NULL;
    }
    return f->result;
}

int dtt_state_file_write(struct dtt_state_file *f, struct dtt_slice bytes)
{
    dtt_state_file_wait(f);
    f->data = malloc(bytes.len ? bytes.len : 1);
    if (!f->data) {
        return DTT_ENOMEM;
    }
    memcpy(f->data, bytes.data, bytes.len);
    f->len = bytes.len;
    f->is_writing = pthread_create(&f->thread, NULL, run, f) == 0;
    if (!f->is_writing) {
        free(f->data);
        f->data = NULL;
        return DTT_EIO;
    }
    return DTT_OK;
}
