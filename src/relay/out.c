/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/out.h"

#include <stdlib.h>

static bool reserve(struct dtt_relay_out *o, size_t len)
{
    if (len <= o->cap) {
        return true;
    }
    size_t cap = len < o->max / 2 ? 2 * len : o->max;
    uint8_t *data = realloc(o->data, cap);
    if (!data) {
        return false;
    }
    o->data = data;
    o->cap = cap;
    return true;
}

bool dtt_relay_out_append(struct dtt_relay_out *o, struct dtt_slice bytes)
{
    if (bytes.len > o->max - o->len || !reserve(o, o->len + bytes.len)) {
        return false;
    }
    if (bytes.len > 0) {
        memcpy(o->data + o->len, bytes.data, bytes.len);
        o->len += bytes.len;
    }
    return true;
}

void dtt_relay_out_take(struct dtt_relay_out *o, size_t n)
{
    if (n == o->len) {
        dtt_relay_out_clear(o);
        return;
    }
    o->len -= n;
    memmove(o->data, o->data + n, o->len);
}

void dtt_relay_out_clear(struct dtt_relay_out *o)
{
    free(o->data);
    o->data = NULL;
    o->len = o->cap = 0;
}
