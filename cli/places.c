/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct {
    const char *variable;
    const char *in_home;
} places[] = {{"XDG_DATA_HOME", ".local/share"}, {"XDG_STATE_HOME", ".local/state"}};

/* The specification has relative paths ignored. */
static const char *absolute(const char *variable)
{
    const char *path = getenv(variable);
    return path && path[0] == '/' ? path : NULL;
}

/* Makes the folders of `path` that are missing. */
static bool make_folders(char *path)
{
    for (char *at = path + 1;; at++) {
        char c = *at;
        if (c != '/' && c != '\0') {
            continue;
        }
        *at = '\0';
        bool is_good = mkdir(path, 0700) == 0 || errno == EEXIST;
        *at = c;
        if (!is_good || c == '\0') {
            return is_good;
        }
    }
}

bool places_find(enum place place, const char *name, char ret[PLACES_PATH_MAX])
{
    const char *base = absolute(places[place].variable);
    const char *home = absolute("HOME");
    struct stat st;
    int n;
    if (base) {
        n = snprintf(ret, PLACES_PATH_MAX, "%s/dtt", base);
    } else if (home) {
        n = snprintf(ret, PLACES_PATH_MAX, "%s/%s/dtt", home, places[place].in_home);
    } else {
        ret[0] = '\0';
        return false;
    }
    if ((size_t)n + strlen(name) + 2 > PLACES_PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    if (!make_folders(ret) || stat(ret, &st) != 0) {
        return false;
    }
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid()) {
        errno = S_ISDIR(st.st_mode) ? EACCES : ENOTDIR;
        return false;
    }
    snprintf(ret + n, PLACES_PATH_MAX - (size_t)n, "/%s", name);
    return true;
}
