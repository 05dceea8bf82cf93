/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Makes bytes of strangers safe for a terminal. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>

/** Room for `len` cleaned bytes and the NUL: a bad byte becomes three. */
#define TEXT_CLEAN_SIZE(len) (3 * (len) + 1)

/**
 * Copies bytes from a stranger so that they can do nothing to a terminal or to the layout: control
 * characters, direction overrides and what is not UTF-8 become U+FFFD, white space becomes a space.
 * `out` holds TEXT_CLEAN_SIZE(len). Returns the length.
 */
size_t text_clean(char *out, const void *data, size_t len);

/** The same, but line breaks stay, two at a time at most, and none at the end. */
size_t text_clean_lines(char *out, const void *data, size_t len);

/** Joins words as "a, b, c" for a sentence. */
void text_join(char *out, size_t cap, const char *const *words, size_t n);

#endif
