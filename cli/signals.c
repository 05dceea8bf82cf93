/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "signals.h"

#include "output.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

int signals_open(bool terminal)
{
    static const int all[] = {SIGINT, SIGTERM, SIGHUP, SIGWINCH, SIGTSTP};
    size_t n = terminal ? 5 : 3;
    sigset_t caught;
    sigemptyset(&caught);
    for (size_t i = 0; i < n; i++) {
        struct sigaction action;
        /* A process started by nohup goes on ignoring SIGHUP. */
        if (all[i] != SIGHUP || sigaction(SIGHUP, NULL, &action) != 0 ||
            action.sa_handler != SIG_IGN) {
            sigaddset(&caught, all[i]);
        }
    }
    int fd = sigprocmask(SIG_BLOCK, &caught, NULL) == 0
                 ? signalfd(-1, &caught, SFD_NONBLOCK | SFD_CLOEXEC)
                 : -1;
    if (fd < 0) {
        output_say("cannot catch signals: %s", strerror(errno));
    }
    return fd;
}

int signals_next(int fd)
{
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info) ? (int)info.ssi_signo : 0;
}
