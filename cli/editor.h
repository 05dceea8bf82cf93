/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The line being typed: takes the bytes of a terminal's keys, draws nothing. Keys are those of
 * Emacs, as in shells. What is pasted (bracketed paste) keeps its newlines, so that it is one text.
 */
#ifndef CLI_EDITOR_H
#define CLI_EDITOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than this is not taken. */
#define EDITOR_MAX 65536
#define EDITOR_HISTORY 200
#define EDITOR_PARAMETERS_MAX 16

enum editor_result {
    EDITOR_MORE,      /**< nothing but the line has changed */
    EDITOR_LINE,      /**< Enter: take the line, then call editor_clear */
    EDITOR_INTERRUPT, /**< Ctrl-C; what was typed is gone, and Ctrl-Y brings it back */
    EDITOR_LEAVE,     /**< Ctrl-C or Ctrl-D with nothing typed */
    EDITOR_SUSPEND,   /**< Ctrl-Z */
    EDITOR_REDRAW     /**< Ctrl-L */
};

enum editor_state {
    EDITOR_PLAIN,
    EDITOR_ESCAPE,    /**< after ESC */
    EDITOR_PARAMETERS /**< after ESC [ or ESC O */
};

struct editor {
    char text[EDITOR_MAX + 1]; /**< UTF-8 */
    size_t len, cursor;
    bool is_cut;  /**< some was left out, as it was too long */
    bool pasting; /**< within a bracketed paste */
    bool after_return;

    enum editor_state state;
    char parameters[EDITOR_PARAMETERS_MAX + 1]; /* of an escape sequence */
    size_t n_parameters;
    uint8_t partial[4]; /* of a character */
    size_t n_partial;

    char *killed;                  /* what Ctrl-Y brings back */
    char *history[EDITOR_HISTORY]; /* the oldest first */
    size_t n_history, at_history;  /* at n_history: the line that is typed, then kept in */
    char *draft;
};

enum editor_result editor_key(struct editor *e, uint8_t byte);

/** Empties the line. */
void editor_clear(struct editor *e);

/** Remembers the line for the keys up and down. */
void editor_remember(struct editor *e);

/** Lines of the text: 1 unless it was pasted. */
size_t editor_n_lines(const struct editor *e);

/** Frees what it holds; zero is an empty editor. */
void editor_free(struct editor *e);

#endif
