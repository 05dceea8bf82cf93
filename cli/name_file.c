/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "name_file.h"

#include "places.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX ".name"

/* The file of the identity, which is one in the user's data folder for "default". */
static const char *locate(const char *identity, char ours[PLACES_PATH_MAX])
{
    bool is_ours = strcmp(identity, "default") == 0 && places_find(PLACE_DATA, "identity", ours);
    return is_ours ? ours : identity;
}

int name_file_read(const char *identity, char ret_name[DTT_NAME_MAX + 1])
{
    char path[PATH_MAX], ours[PLACES_PATH_MAX];
    ret_name[0] = '\0';
    if ((size_t)snprintf(path, sizeof(path), "%s" SUFFIX, locate(identity, ours)) >= sizeof(path)) {
        return ENAMETOOLONG;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT ? 0 : errno;
    }
    ssize_t n = read(fd, ret_name, DTT_NAME_MAX);
    int error = n < 0 ? errno : 0;
    close(fd);
    ret_name[n > 0 ? n : 0] = '\0';
    ret_name[strcspn(ret_name, "\r\n")] = '\0';
    return error;
}

static int write_line(int fd, const char *name)
{
    char line[DTT_NAME_MAX + 2];
    int len = snprintf(line, sizeof(line), "%s\n", name);
    ssize_t n = write(fd, line, (size_t)len);
    return n == len ? 0 : n < 0 ? errno : EIO;
}

int name_file_write(const char *identity, const char *name)
{
    char path[PATH_MAX], temporary[PATH_MAX], ours[PLACES_PATH_MAX];
    identity = locate(identity, ours);
    bool fits = (size_t)snprintf(path, sizeof(path), "%s" SUFFIX, identity) < sizeof(path) &&
                (size_t)snprintf(temporary, sizeof(temporary), "%s" SUFFIX ".XXXXXX", identity) <
                    sizeof(temporary);
    int fd = fits ? mkstemp(temporary) : -1;
    if (fd < 0) {
        return fits ? errno : ENAMETOOLONG;
    }
    int error = write_line(fd, name);
    close(fd);
    if (!error && rename(temporary, path) != 0) {
        error = errno;
    }
    if (error) {
        unlink(temporary);
    }
    return error;
}
