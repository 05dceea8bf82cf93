/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "identity.h"

#include "output.h"
#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Checks the open file and reads it. */
static int read_seed(const char *path, int fd, uint8_t *seed)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return output_fail(EXIT_USAGE, "cannot read the identity file '%s': %s", path,
                           strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return output_fail(EXIT_USAGE, "identity file '%s' is not a regular file", path);
    }
    if (st.st_mode & (S_IRWXG | S_IRWXO)) {
        return output_fail(EXIT_USAGE,
                           "identity file '%s' has mode %04o, so others can use it; "
                           "'chmod 600 %s' and try again",
                           path, (unsigned)(st.st_mode & 07777), path);
    }
    if (st.st_size != DTT_SEED_BYTES) {
        return output_fail(EXIT_USAGE, "identity file '%s' has %lld bytes; it should have %d", path,
                           (long long)st.st_size, DTT_SEED_BYTES);
    }
    ssize_t n = read(fd, seed, DTT_SEED_BYTES);
    if (n != DTT_SEED_BYTES) {
        return output_fail(EXIT_USAGE, "cannot read the identity file '%s': %s", path,
                           n < 0 ? strerror(errno) : "it ended early");
    }
    return EXIT_OK;
}

static int write_seed(int fd, const uint8_t *seed)
{
    ssize_t n = write(fd, seed, DTT_SEED_BYTES);
    if (n != DTT_SEED_BYTES) {
        return n < 0 ? errno : EIO;
    }
    return fsync(fd) == 0 ? 0 : errno;
}

/* The name is on the disk only when its folder is. An errno, or 0. */
static int sync_folder(char *path)
{
    int fd = open(dirname(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    /* Some file systems cannot sync a folder, and say so. */
    int error = fsync(fd) != 0 && errno != EINVAL ? errno : 0;
    close(fd);
    return error;
}

/*
 * Writes a fresh seed beside `path` and links it into place: so the file is never seen half
 * written, and one that appeared meanwhile is not replaced (EEXIST). An errno, or 0.
 */
static int make_file(const char *path)
{
    uint8_t seed[DTT_SEED_BYTES];
    size_t size = strlen(path) + sizeof(".XXXXXX");
    char *temporary = malloc(size);
    int error = 0;
    if (!temporary) {
        return ENOMEM;
    }
    snprintf(temporary, size, "%s.XXXXXX", path);
    int fd = mkstemp(temporary);
    if (fd < 0) {
        error = errno;
        free(temporary);
        return error;
    }
    if (dtt_seed_generate(seed) != 0) {
        error = EIO;
    } else {
        error = write_seed(fd, seed);
    }
    explicit_bzero(seed, sizeof(seed));
    close(fd);
    if (!error && link(temporary, path) != 0) {
        error = errno;
    }
    unlink(temporary);
    if (!error) {
        error = sync_folder(temporary);
    }
    free(temporary);
    return error;
}

/* The file that "default" stands for is written to `ours`. NULL: there is no place for it, as was
 * said. */
static const char *locate(const char *path, char ours[PLACES_PATH_MAX])
{
    if (strcmp(path, "default") != 0) {
        return path;
    }
    if (places_find(PLACE_DATA, "identity", ours)) {
        return ours;
    }
    if (!ours[0]) {
        output_fail(EXIT_IO,
                    "there is no place for the default identity: neither XDG_DATA_HOME nor "
                    "HOME is set; give '--identity FILE'");
    } else {
        output_fail(EXIT_IO,
                    "there is no place for the default identity: %s: %s; give '--identity "
                    "FILE'",
                    ours, strerror(errno));
    }
    return NULL;
}

void identity_hold(const char *name)
{
    char ours[PLACES_PATH_MAX];
    const char *file = locate(name, ours);
    int fd = file ? open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    /* Some network file systems have no such locks: then only the records of both tell. */
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        output_say("another program on this machine runs with the identity in '%s': give each its "
                   "own, or they get in each other's way",
                   file);
    }
}

int identity_load(const char *name, uint8_t ret_seed[DTT_SEED_BYTES])
{
    char ours[PLACES_PATH_MAX];
    const char *path = locate(name, ours);
    if (!path) {
        return EXIT_IO;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT) {
        int error = make_file(path);
        if (error && error != EEXIST) {
            return output_fail(EXIT_IO, "cannot make the identity file '%s': %s", path,
                               strerror(error));
        }
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd < 0) {
        return output_fail(EXIT_USAGE, "cannot read the identity file '%s': %s", path,
                           strerror(errno));
    }
    int code = read_seed(path, fd, ret_seed);
    close(fd);
    return code;
}
