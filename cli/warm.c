/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "warm.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* The state file is replaced at each save, so the lock is a file beside it. */
static bool take(struct warm *w, unsigned number)
{
    char name[32], lock[PLACES_PATH_MAX];
    struct stat st;
    snprintf(name, sizeof(name), "dht-%u.lock", number);
    if (!places_find(PLACE_STATE, name, lock)) {
        return false;
    }
    snprintf(name, sizeof(name), "dht-%u", number);
    if (!places_find(PLACE_STATE, name, w->path) ||
        (lstat(w->path, &st) == 0 && !S_ISREG(st.st_mode))) {
        return false;
    }
    w->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (w->lock < 0) {
        return false;
    }
    if (flock(w->lock, LOCK_EX | LOCK_NB) != 0) {
        close(w->lock);
        return false;
    }
    return true;
}

void warm_take(struct warm *w)
{
    for (unsigned i = 1; i <= WARM_FILES; i++) {
        if (take(w, i)) {
            return;
        }
    }
    w->path[0] = '\0';
}

void warm_give_back(struct warm *w)
{
    if (w->path[0]) {
        close(w->lock);
        w->path[0] = '\0';
    }
}
