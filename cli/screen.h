/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A terminal in which text appears line by line, and below it, always in the same place, a status
 * and the line being edited. On a plain one, for a screen reader or TERM=dumb, nothing is ever
 * changed in place: the terminal itself edits the line, and there is no status.
 */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include "editor.h"
#include "lines.h"

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#define SCREEN_PROMPT_MAX 128
#define SCREEN_STATUS_MAX 512
/* Rows that the status, and then the line, take at most; a line that has more scrolls. */
#define SCREEN_STATUS_ROWS 7
#define SCREEN_LINE_ROWS 24

/** Colours, for a screen that has them. */
#define SCREEN_DIM "\033[2m"
#define SCREEN_BOLD "\033[1m"
#define SCREEN_NORMAL "\033[0m"

enum screen_key {
    SCREEN_NONE,      /**< wait until standard input can be read, then call screen_fill */
    SCREEN_LINE,      /**< a line, or several that were pasted */
    SCREEN_TOO_LONG,  /**< a line of a plain terminal that no message can hold */
    SCREEN_INTERRUPT, /**< Ctrl-C has thrown away what was typed */
    SCREEN_END        /**< the input has ended */
};

struct screen {
    bool is_plain;
    bool has_color;
    bool is_shown;        /**< status and line are on the screen, as far as they are known: */
    bool is_taken;        /**< the line was returned by screen_next */
    unsigned row, column; /**< of the cursor, from the first row of the status on */
    unsigned widths[SCREEN_STATUS_ROWS + SCREEN_LINE_ROWS]; /**< of the rows above it */
    char prompt[SCREEN_PROMPT_MAX];
    char status[SCREEN_STATUS_MAX];
    struct editor editor;
    struct termios before;
    char keys[1024]; /**< that were read, and not taken yet */
    size_t key, n_keys;
    bool is_ended;
    struct lines lines;                             /**< of a plain terminal */
    char drawn[SCREEN_PROMPT_MAX + EDITOR_MAX + 1]; /**< prompt and line */
};

/** Takes over the terminal of standard input and output; false, after a sentence, if that fails. */
bool screen_open(struct screen *s, bool is_plain);

/** Changes what stands below the text; "" is no status. */
void screen_set_prompt(struct screen *s, const char *prompt);
void screen_set_status(struct screen *s, const char *status);

/** Shows status and line again, where something was printed or changed; call it before waiting. */
void screen_show(struct screen *s);

/** Reads standard input once. False if it fails. */
bool screen_fill(struct screen *s);

/**
 * What was typed: a line of *ret_len bytes, valid until the next call. It is gone from the screen.
 */
enum screen_key screen_next(struct screen *s, const char **ret_line, size_t *ret_len);

/**
 * Prints `head` and `text` above the line being edited; the rows after the first are indented, so
 * that none looks like a head. The head is one row and may have colours; `style` is the sequence of
 * a colour for the text, or "".
 */
void screen_print(struct screen *s, const char *head, const char *text, const char *style);

/** Rings the bell. */
void screen_ring(struct screen *s);

/** Adapts to another size of the terminal. */
void screen_resize(struct screen *s);

/** Stops the process as Ctrl-Z does; returns when it is continued. */
void screen_suspend(struct screen *s);

/** Restores the terminal. A line that was being typed stays on the screen. */
void screen_close(struct screen *s);

#endif
