/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Bytes in memory that grows with them, up to a maximum, such as those that wait to be sent. */
#ifndef DTT_BASE_BUFFER_H
#define DTT_BASE_BUFFER_H

#include "base/bytes.h"

/** Zero it, and set `max`. */
struct dtt_buffer {
    uint8_t *data;
    size_t len, cap;
    size_t max; /**< bytes at most */
};

/** Appends all of it; false: more than `max`, or out of memory. */
bool dtt_buffer_append(struct dtt_buffer *b, struct dtt_slice bytes);
/** Drops the first `n` bytes, and gives the memory back when none are left. */
void dtt_buffer_take(struct dtt_buffer *b, size_t n);
/** Drops all bytes and gives the memory back. */
void dtt_buffer_clear(struct dtt_buffer *b);

#endif
