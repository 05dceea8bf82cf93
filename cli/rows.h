/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Text in the rows of a terminal. Its unit is the character as people see it, a grapheme cluster:
 * letters with their accents, a family of emoji, a flag. No row begins or ends within one.
 */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

struct row {
    size_t start, end; /**< its bytes in the text */
    unsigned width;    /**< columns that are taken, those before the text included */
};

struct rows_style {
    unsigned columns; /**< of the terminal, 2 or more */
    unsigned first;   /**< columns taken before the text in the first row */
    unsigned indent;  /**< and in the others; both are less than `columns` - 1 */
    bool by_words;    /**< break between words where possible, and drop the space there */
};

/**
 * Breaks UTF-8 text into rows, behind each newline and where a row is full. Unless `by_words`, a
 * newline takes a column, for a sign of it, and a last row that is full is followed by an empty
 * one, where the cursor stands. Returns how many rows there are; from number `skip` on, at most
 * `max` are written.
 */
size_t rows_break(const struct rows_style *style, const char *text, size_t len, size_t skip,
                  struct row *rows, size_t max);

/** Where the character at `at` ends, and the one before `at` begins. */
size_t rows_next(const char *text, size_t len, size_t at);
size_t rows_previous(const char *text, size_t len, size_t at);

/**
 * Columns of the text. Terminals differ about emoji made of several; this is the most that one
 * takes, so that a row is never longer on the screen than it is thought to be.
 */
unsigned rows_width(const char *text, size_t len);

#endif
