/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/buffer.h"

#include <stdlib.h>

static bool reserve(struct dtt_buffer *b, size_t len)
{
    if (len <= b->cap) {
        return true;
    }
    size_t cap = len < b->max / 2 ? 2 * len : b->max;
    uint8_t *data = realloc(b->data, cap);
    if (!data) {
        return false;
    }
    b->data = data;
    b->cap = cap;
    return true;
}

bool dtt_buffer_append(struct dtt_buffer *b, struct dtt_slice bytes)
{
    if (bytes.len > b->max - b->len || !reserve(b, b->len + bytes.len)) {
        return false;
    }
    if (bytes.len > 0) {
        memcpy(b->data + b->len, bytes.data, bytes.len);
        b->len += bytes.len;
    }
    return true;
}

void dtt_buffer_take(struct dtt_buffer *b, size_t n)
{
    if (n == b->len) {
        dtt_buffer_clear(b);
        return;
    }
    b->len -= n;
    memmove(b->data, b->data + n, b->len);
}

void dtt_buffer_clear(struct dtt_buffer *b)
{
    free(b->data);
    b->data = NULL;
    b->len = b->cap = 0;
}
