/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/outq.h"

#include <assert.h>
#include <stdlib.h>

struct header {
    struct dtt_addr to;
    uint16_t len;
};

void dtt_outq_init(struct dtt_outq *q)
{
    memset(q, 0, sizeof(*q));
}

void dtt_outq_fini(struct dtt_outq *q)
{
    free(q->data);
    dtt_outq_init(q);
}

static bool grow(struct dtt_outq *q, size_t need)
{
    size_t cap = q->cap ? q->cap : 256; /* a query or two */
    while (cap < need) {
        cap *= 2;
    }
    uint8_t *data = cap <= DTT_OUTQ_BYTES ? realloc(q->data, cap) : NULL;
    if (!data) {
        return false;
    }
    q->data = data;
    q->cap = cap;
    return true;
}

uint8_t *dtt_outq_reserve(struct dtt_outq *q, size_t max)
{
    size_t need = sizeof(struct header) + max;
    if (q->count == DTT_OUTQ_PACKETS || max > UINT16_MAX) {
        return NULL;
    }
    if (q->count == 0) {
        q->head = 0;
        q->tail = 0;
    }
    if (q->cap - q->tail < need && q->head > 0 && q->head >= q->cap / 2) {
        memmove(q->data, q->data + q->head, q->tail - q->head);
        q->tail -= q->head;
        q->head = 0;
    }
    if (q->cap - q->tail < need && !grow(q, q->tail + need)) {
        return NULL;
    }
    return q->data + q->tail + sizeof(struct header);
}

void dtt_outq_commit(struct dtt_outq *q, const struct dtt_addr *to, size_t len)
{
    struct header h = {.to = *to, .len = (uint16_t)len};
    memcpy(q->data + q->tail, &h, sizeof(h));
    q->tail += sizeof(h) + len;
    q->count++;
}

bool dtt_outq_pop(struct dtt_outq *q, struct dtt_addr *to, struct dtt_slice *ret)
{
    struct header h;
    if (q->count == 0) {
        return false;
    }
    assert(q->count > 0);
    memcpy(&h, q->data + q->head, sizeof(h));
    *to = h.to;
    *ret = dtt_slice(q->data + q->head + sizeof(h), h.len);
    q->head += sizeof(h) + h.len;
    q->count--;
    return true;
}

void dtt_outq_trim(struct dtt_outq *q)
{
    if (q->count == 0) {
        dtt_outq_fini(q);
    }
}
