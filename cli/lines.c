/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lines.h"

#include <dtt/dtt.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

void lines_init(struct lines *l, int fd)
{
    l->fd = fd;
    l->is_ended = false;
    l->number = l->overlong = l->start = l->end = 0;
}

int lines_fill(struct lines *l)
{
    memmove(l->buffer, l->buffer + l->start, l->end - l->start);
    l->end -= l->start;
    l->start = 0;
    ssize_t n = read(l->fd, l->buffer + l->end, sizeof(l->buffer) - l->end);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return 0;
    }
    if (n < 0) {
        return errno;
    }
    l->is_ended = n == 0;
    l->end += (size_t)n;
    return 0;
}

/* Ends the line at `len` bytes from the start; `skip` bytes more are its newline. */
static enum line_state take(struct lines *l, size_t len, size_t skip, const char **ret_line,
                            size_t *ret_len)
{
    size_t whole = l->overlong + len;
    *ret_line = l->buffer + l->start;
    *ret_len = whole;
    l->start += len + skip;
    l->overlong = 0;
    l->number++;
    return whole > DTT_MESSAGE_MAX ? LINE_TOO_LONG : LINE_READY;
}

enum line_state lines_next(struct lines *l, const char **ret_line, size_t *ret_len)
{
    size_t left = l->end - l->start;
    const char *newline = memchr(l->buffer + l->start, '\n', left);
    if (newline) {
        return take(l, (size_t)(newline - (l->buffer + l->start)), 1, ret_line, ret_len);
    }
    if (l->is_ended && l->overlong + left > 0) {
        return take(l, left, 0, ret_line, ret_len);
    }
    if (l->overlong + left > DTT_MESSAGE_MAX) {
        l->overlong += left;
        l->start = l->end = 0;
    }
    return LINE_NONE;
}
