/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Lines of a descriptor, one read at a time, of at most DTT_MESSAGE_MAX bytes each. */
#ifndef CLI_LINES_H
#define CLI_LINES_H

#include <stdbool.h>
#include <stddef.h>

enum line_state {
    LINE_NONE,    /**< read on */
    LINE_READY,   /**< *ret_line, *ret_len */
    LINE_TOO_LONG /**< once for each line, at its end; *ret_len is its length */
};

struct lines {
    int fd;
    bool is_ended;   /**< no more will come */
    size_t number;   /**< of the line returned last, from 1 */
    size_t overlong; /**< bytes already dropped of a line that is too long */
    size_t start, end;
    char buffer[8192];
};

void lines_init(struct lines *l, int fd);

/** One read: 0, or an errno. Call it when the descriptor polls readable and LINE_NONE is left. */
int lines_fill(struct lines *l);

/** The next line without its newline, valid until lines_fill. The last one needs no newline. */
enum line_state lines_next(struct lines *l, const char **ret_line, size_t *ret_len);

#endif
