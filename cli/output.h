/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Output of the command: data on standard output, talk on standard error, an exit code at the end.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#if defined(__GNUC__)
#    define OUTPUT_PRINTF(f, a) __attribute__((format(printf, f, a)))
#else
#    define OUTPUT_PRINTF(f, a)
#endif

/** Exit codes; those above 63 are the sysexits.h ones. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,    /**< `dtt demo` or a scenario of `dtt sim` has failed */
    EXIT_USAGE = 2,     /**< the command line, or a file it names, is wrong */
    EXIT_DATA = 65,     /**< input was refused */
    EXIT_REACH = 69,    /**< no peer or no DHT node in time */
    EXIT_INTERNAL = 70, /**< out of memory, or a defect */
    EXIT_IO = 74        /**< a socket, file or standard output failed */
};

/** Prints "dtt: SENTENCE" and a newline on standard error. */
void output_say(const char *format, ...) OUTPUT_PRINTF(1, 2);

/** As output_say, and returns `code`: `return output_fail(EXIT_USAGE, "...")`. */
int output_fail(int code, const char *format, ...) OUTPUT_PRINTF(2, 3);

/** Whether colour is welcome on this descriptor: a terminal, no NO_COLOR, TERM not dumb. */
bool output_has_color(int fd);

/** Flushes stdio's standard output: an exit code, EXIT_OK also when the reader has gone. */
int output_finish(void);

/** Bound of a line: a message with every byte escaped in JSON, and its frame. */
#define OUTPUT_LINE_MAX 32768

enum output_state {
    OUTPUT_IDLE,    /**< everything is written */
    OUTPUT_PENDING, /**< the descriptor takes no more now: poll it for POLLOUT */
    OUTPUT_GONE,    /**< the reader has closed its end */
    OUTPUT_FAILED   /**< errno says why */
};

/**
 * Writes whole lines to standard output without blocking, so that a slow reader cannot stop the
 * node: the next event is pulled when the last line is out.
 */
struct output_line {
    int fd;
    size_t len, done;
    char text[OUTPUT_LINE_MAX];
};

void output_line_init(struct output_line *l, int fd);

/** The line is `len` bytes of l->text, cut to OUTPUT_LINE_MAX - 1; adds the newline. */
void output_line_put(struct output_line *l, size_t len);

/** Writes what can be written now. */
enum output_state output_line_flush(struct output_line *l);

#endif
