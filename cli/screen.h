/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A terminal with a line being edited at the bottom, above which text can appear at any time. */
#ifndef CLI_SCREEN_H
#define CLI_SCREEN_H

#include <histedit.h>
#include <stdbool.h>
#include <stddef.h>

#define SCREEN_PROMPT_MAX 128
#define SCREEN_LINE_MAX 16384

struct screen {
    EditLine *editor;
    History *history;
    bool is_editing; /**< the prompt and perhaps a line are on the screen */
    char prompt[SCREEN_PROMPT_MAX];
    char line[SCREEN_LINE_MAX];
    /** Waits until a key can be read; false ends the input. Text may be printed meanwhile. */
    bool (*wait_key)(void *user);
    void *user;
};

/** Takes over the terminal of standard input and output; false if that fails. */
bool screen_open(struct screen *s, bool (*wait_key)(void *user), void *user);

/** Changes the prompt, also of the line being edited. */
void screen_set_prompt(struct screen *s, const char *prompt);

/**
 * Lets the person edit a line and takes it off the screen. Returns its bytes, without newline,
 * valid until the next call, or NULL at the end of the input.
 */
const char *screen_read(struct screen *s, size_t *ret_len);

/** Prints a line of text above the line being edited. */
void screen_print(struct screen *s, const char *text);

/** Prints a sentence of our own there, behind "-- "; it is broken between words. */
void screen_remark(struct screen *s, const char *sentence, bool is_dim);

/** Adapts to another size of the terminal. */
void screen_resize(struct screen *s);

/** Stops the process as Ctrl-Z does; returns when it is continued. */
void screen_suspend(struct screen *s);

/** Restores the terminal. A line that was being typed stays on the screen. */
void screen_close(struct screen *s);

#endif
