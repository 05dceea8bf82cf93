/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/state_file.h"

#include <dtt/types.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Written first, in the same folder. */
#define FRESH_SUFFIX ".new"
/* Attempts to open it while somebody else renames it away. */
#define FRESH_ATTEMPTS 3
/* As many links are followed as the kernel follows. */
#define LINKS_MAX 40

static bool folder_of(const char *path, char ret[PATH_MAX])
{
    char copy[PATH_MAX];
    size_t n = strlen(path) + 1;
    if (n > sizeof(copy)) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(copy, path, n);
    const char *folder = dirname(copy);
    memcpy(ret, folder, strlen(folder) + 1);
    return true;
}

/* NULL, or what is wrong with it. */
static const char *fault_of(const char *path)
{
    char folder[PATH_MAX];
    struct stat st;
    bool is_there = stat(path, &st) == 0;
    if (!is_there && errno != ENOENT) {
        return strerror(errno);
    }
    if (is_there && S_ISDIR(st.st_mode)) {
        return "it is a folder";
    }
    if (is_there && !S_ISREG(st.st_mode)) {
        return "it is not a regular file";
    }
    if (is_there && faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) != 0) {
        return strerror(errno);
    }
    return folder_of(path, folder) && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0
               ? NULL
               : strerror(errno);
}

/* A link to a file that is not there yet is followed, so that the file is made and the link stays.
 */
static bool follow_link(char at[PATH_MAX])
{
    char to[PATH_MAX], folder[PATH_MAX];
    ssize_t n = readlink(at, to, sizeof(to) - 1);
    if (n <= 0 || !folder_of(at, folder)) {
        return false;
    }
    to[n] = '\0';
    size_t before = to[0] == '/' ? 0 : strlen(folder) + 1;
    if (before + (size_t)n >= PATH_MAX) {
        return false;
    }
    if (before > 0) {
        memcpy(at, folder, before - 1);
        at[before - 1] = '/';
    }
    memcpy(at + before, to, (size_t)n + 1);
    return true;
}

char *dtt_state_file_locate(const char *path)
{
    char folder[PATH_MAX];
    char at[PATH_MAX];
    char *there = realpath(path, NULL);
    if (there || errno == ENOMEM) {
        return there;
    }
    size_t len = strlen(path);
    if (len >= sizeof(at)) { /* each write will tell why it fails */
        return strdup(path);
    }
    memcpy(at, path, len + 1);
    for (unsigned i = 0; i < LINKS_MAX && follow_link(at); i++) {
    }
    char *parent = folder_of(at, folder) ? realpath(folder, NULL) : NULL;
    if (!parent) { /* likewise */
        return errno == ENOMEM ? NULL : strdup(at);
    }
    const char *name = basename(at);
    size_t size = strlen(parent) + strlen(name) + 2;
    there = malloc(size);
    if (there) {
        snprintf(there, size, "%s/%s", parent, name);
    }
    free(parent);
    return there;
}

int dtt_state_file_check(const char *path, char *why, size_t cap)
{
    char *there = dtt_state_file_locate(path);
    const char *fault = there ? fault_of(there) : strerror(ENOMEM);
    size_t len = strlen(path);
    if (len == 0 || (!fault && path[len - 1] == '/')) {
        fault = "it names no file";
    }
    if (fault && why) {
        snprintf(why, cap, "state cannot be kept in '%.512s': %s", path, fault);
    }
    free(there);
    return fault ? DTT_EIO : DTT_OK;
}

int dtt_state_file_read(const char *path, uint8_t *buf, size_t cap)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
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
    return st.st_size > (off_t)cap ? DTT_EPROTO : (int)len;
}

static int write_all(int fd, struct dtt_slice bytes)
{
    size_t done = 0;
    while (done < bytes.len) {
        ssize_t n = write(fd, bytes.data + done, bytes.len - done);
        if (n < 0 && errno != EINTR) {
            return errno;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return 0;
}

static bool is_same(int fd, const char *path)
{
    struct stat ours, theirs;
    return fstat(fd, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_dev == theirs.st_dev &&
           ours.st_ino == theirs.st_ino;
}

/*
 * Opens the new file and locks it: a write that hung may go on while another node, or this one
 * started again, writes too, and a half written file must not get the name. Minus an errno.
 */
static int open_fresh(const char *fresh)
{
    for (int i = 0; i < FRESH_ATTEMPTS; i++) {
        int fd = open(fresh, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
        if (fd < 0) {
            return -errno;
        }
        /* A file system without locks is written all the same. */
        bool is_taken = flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        if (!is_taken && is_same(fd, fresh)) {
            int error = ftruncate(fd, 0) == 0 ? 0 : errno;
            if (error) {
                close(fd);
            }
            return error ? -error : fd;
        }
        close(fd);
        if (is_taken) {
            return -EBUSY;
        }
    }
    return -EBUSY;
}

/* The name is on the disk only when its folder is. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    int fd = folder_of(path, folder) ? open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0) {
        return errno;
    }
    /* Some file systems cannot sync a folder, and say so. */
    int error = fsync(fd) != 0 && errno != EINVAL ? errno : 0;
    close(fd);
    return error;
}

int dtt_state_file_write(const char *path, struct dtt_slice bytes, enum dtt_state_file_use use)
{
    char fresh[PATH_MAX + sizeof(FRESH_SUFFIX)];
    size_t len = strlen(path);
    if (len >= PATH_MAX) {
        return ENAMETOOLONG;
    }
    memcpy(fresh, path, len);
    memcpy(fresh + len, FRESH_SUFFIX, sizeof(FRESH_SUFFIX));
    int fd = open_fresh(fresh);
    if (fd < 0) {
        return -fd;
    }
    int error = write_all(fd, bytes);
    if (!error && fsync(fd) != 0) {
        error = errno;
    }
    bool is_save = use == DTT_STATE_FILE_SAVE;
    if (!error && is_save && rename(fresh, path) != 0) {
        error = errno;
    }
    if (error || !is_save) {
        unlink(fresh);
    }
    close(fd); /* the lock goes with it */
    return error || !is_save ? error : sync_folder(path);
}
