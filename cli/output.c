/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

OUTPUT_PRINTF(1, 0)
static void say(const char *format, va_list args)
{
    fputs("dtt: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

void output_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

int output_fail(int code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
    return code;
}

bool output_has_color(int fd)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");
    if (no_color && *no_color) {
        return false;
    }
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

int output_finish(void)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) {
        return EXIT_OK;
    }
    if (errno == EPIPE) {
        return EXIT_OK;
    }
    return output_fail(EXIT_IO, "cannot write to standard output: %s", strerror(errno));
}

void output_line_init(struct output_line *l, int fd)
{
    l->fd = fd;
    l->len = l->done = 0;
}

void output_line_put(struct output_line *l, size_t len)
{
    if (len > OUTPUT_LINE_MAX - 1) {
        len = OUTPUT_LINE_MAX - 1;
    }
    l->text[len] = '\n';
    l->len = len + 1;
    l->done = 0;
}

enum output_state output_line_flush(struct output_line *l)
{
    while (l->done < l->len) {
        struct pollfd p = {.fd = l->fd, .events = POLLOUT};
        /* A pipe that polls writable takes PIPE_BUF bytes without blocking. */
        size_t n = l->len - l->done < PIPE_BUF ? l->len - l->done : PIPE_BUF;
        if (poll(&p, 1, 0) == 0) {
            return OUTPUT_PENDING;
        }
        ssize_t written = write(l->fd, l->text + l->done, n);
        if (written >= 0) {
            l->done += (size_t)written;
        } else if (errno == EAGAIN) {
            return OUTPUT_PENDING;
        } else if (errno == EPIPE) {
            return OUTPUT_GONE;
        } else if (errno != EINTR) {
            return OUTPUT_FAILED;
        }
    }
    return OUTPUT_IDLE;
}
