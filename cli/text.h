/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Text that goes to or comes from people: hex digits, UTF-8, and strangers' bytes made safe for a
 * terminal.
 */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Writes 2 * len lower-case digits and a NUL. */
void text_hex(char *out, const void *data, size_t len);

/** Exactly 2 * len hex digits of either case; false for anything else. */
bool text_unhex(uint8_t *out, size_t len, const char *digits, size_t n_digits);

/** First code point of the `len` bytes at `p`: its length in bytes, or 0 when it is not UTF-8. */
size_t text_decode(const uint8_t *p, size_t len, uint32_t *ret_code);

/** Writes a code point as UTF-8: 1 to 4 bytes. */
size_t text_encode(char out[4], uint32_t code);

/** Room for `len` cleaned bytes and the NUL: a bad byte becomes three. */
#define TEXT_CLEAN_SIZE(len) (3 * (len) + 1)

/**
 * Copies bytes from a stranger so that they can do nothing to a terminal or to the layout: control
 * characters, direction overrides and what is not UTF-8 become U+FFFD, white space becomes a space.
 * `out` holds TEXT_CLEAN_SIZE(len). Returns the length.
 */
size_t text_clean(char *out, const void *data, size_t len);

#endif
