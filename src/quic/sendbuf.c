/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/sendbuf.h"

#include <dtt/types.h>
#include <stdlib.h>

/* Small writes share a block of this size. */
#define BLOCK_MIN 1024

struct dtt_qblock {
    struct dtt_qblock *next;
    uint64_t offset; /* of data[0] in the stream */
    size_t len;
    size_t cap;
    uint8_t data[];
};

void dtt_qsendbuf_drop(struct dtt_qsendbuf *b)
{
    while (b->head) {
        struct dtt_qblock *k = b->head;
        b->head = k->next;
        free(k);
    }
    b->tail = b->unsent = NULL;
}

void dtt_qsendbuf_fini(struct dtt_qsendbuf *b)
{
    dtt_qsendbuf_drop(b);
    memset(b, 0, sizeof(*b));
}

static void put(struct dtt_qsendbuf *b, struct dtt_qblock *k, const uint8_t *data, size_t len)
{
    if (len == 0) {
        return;
    }
    memcpy(k->data + k->len, data, len);
    k->len += len;
    b->end += len;
    if (!b->unsent) {
        b->unsent = k;
    }
}

int dtt_qsendbuf_append(struct dtt_qsendbuf *b, struct dtt_slice data)
{
    size_t room = b->tail ? b->tail->cap - b->tail->len : 0;
    struct dtt_qblock *k = NULL;
    if (data.len > room) {
        size_t cap = data.len - room > BLOCK_MIN ? data.len - room : BLOCK_MIN;
        k = malloc(sizeof(*k) + cap);
        if (!k) {
            return DTT_ENOMEM;
        }
        *k = (struct dtt_qblock){.offset = b->end + room, .cap = cap};
    } else {
        room = data.len;
    }
    if (room) {
        put(b, b->tail, data.data, room);
    }
    if (k) {
        if (b->tail) {
            b->tail->next = k;
        } else {
            b->head = k;
        }
        b->tail = k;
        put(b, k, data.data + room, data.len - room);
    }
    return DTT_OK;
}

size_t dtt_qsendbuf_next(const struct dtt_qsendbuf *b, ngtcp2_vec *ret, size_t max, bool *fin)
{
    size_t n = 0;
    uint64_t at = b->sent;
    for (struct dtt_qblock *k = b->unsent; k && n < max; k = k->next) {
        size_t skip = (size_t)(at - k->offset);
        ret[n++] = (ngtcp2_vec){.base = k->data + skip, .len = k->len - skip};
        at = k->offset + k->len;
    }
    *fin = b->fin && at == b->end;
    return n;
}

void dtt_qsendbuf_sent(struct dtt_qsendbuf *b, size_t n, bool fin)
{
    b->sent += n;
    while (b->unsent && b->sent >= b->unsent->offset + b->unsent->len) {
        b->unsent = b->unsent->next;
    }
    if (fin && b->sent == b->end) {
        b->fin_sent = true;
    }
}

void dtt_qsendbuf_acked(struct dtt_qsendbuf *b, uint64_t end)
{
    if (end <= b->acked || end > b->sent) {
        return;
    }
    b->acked = end;
    while (b->head && b->head->offset + b->head->len <= end) {
        struct dtt_qblock *k = b->head;
        b->head = k->next;
        free(k);
    }
    if (!b->head) {
        b->tail = NULL;
    }
}
