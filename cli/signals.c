/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* A signal handler gets no argument of ours, so this is the command's one variable with state. */
static volatile sig_atomic_t pipe_end = -1;

static void on_signal(int number)
{
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    ssize_t n = write(pipe_end, &byte, 1);
    /* A full pipe holds signals enough. */
    (void)n;
    errno = saved;
}

static int prepare(int fd)
{
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
        return -1;
    }
    return fcntl(fd, F_SETFL, O_NONBLOCK);
}

int signals_open(bool terminal)
{
    static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
    size_t n = terminal ? 5 : 3;
    struct sigaction action;
    int ends[2];
    if (pipe(ends) != 0 || prepare(ends[0]) != 0 || prepare(ends[1]) != 0) {
        return -1;
    }
    pipe_end = ends[1];
    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < n; i++) {
        struct sigaction before;
        /* nohup stays in force. */
        if (all[i] == SIGHUP && sigaction(SIGHUP, NULL, &before) == 0 &&
            before.sa_handler == SIG_IGN) {
            continue;
        }
        if (sigaction(all[i], &action, NULL) != 0) {
            return -1;
        }
    }
    return ends[0];
}

int signals_next(int fd)
{
    unsigned char byte;
    return read(fd, &byte, 1) == 1 ? byte : 0;
}
