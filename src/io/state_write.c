/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _GNU_SOURCE
#include "io/state_write.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * What the new process does. The program may have had threads that held locks, so it calls nothing
 * but the system. It keeps no descriptor of the program's: while it waits for the disk, sockets are
 * to be free for the next node, and pipes are to end.
 */
static void write_and_end(const char *path, struct dtt_slice bytes, enum dtt_state_file_use use,
                          int result)
{
    if (dup2(result, STDIN_FILENO) < 0) {
        _exit(1);
    }
    closefrom(STDIN_FILENO + 1);
    int error = dtt_state_file_write(path, bytes, use);
    _exit(write(STDIN_FILENO, &error, sizeof(error)) != (ssize_t)sizeof(error));
}

/* Starts it as nobody's child, so that the program never has to wait for it. An errno, or 0. */
static int start_process(const char *path, struct dtt_slice bytes, enum dtt_state_file_use use,
                         int result)
{
    int status = 0;
    pid_t pid = fork();
    if (pid < 0) {
        return errno;
    }
    if (pid == 0) {
        pid = fork();
        if (pid == 0) {
            write_and_end(path, bytes, use, result);
        }
        _exit(pid < 0 ? errno : 0);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    /* Somebody else may have waited for it: then the result will tell. */
    return WIFEXITED(status) ? WEXITSTATUS(status) : EAGAIN;
}

int dtt_state_write_start(const char *path, struct dtt_slice bytes, enum dtt_state_file_use use)
{
    sigset_t all, usual;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -errno;
    }
    /* Signals for the program, of its terminal too, are not for its writer. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &usual);
    int error = start_process(path, bytes, use, ends[1]);
    pthread_sigmask(SIG_SETMASK, &usual, NULL);
    close(ends[1]);
    if (error) {
        close(ends[0]);
        return -error;
    }
    return ends[0];
}

int dtt_state_write_result(int fd)
{
    int error;
    /* Without a word it was killed. */
    return read(fd, &error, sizeof(error)) == (ssize_t)sizeof(error) ? error : EINTR;
}
