/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/outq.h"

#include <assert.h>
#include <stdlib.h>

struct header {
    struct dtt_addr to;
    uint16_t len;
};

void dtt_outq_fini(struct dtt_outq *queue)
{
    free(queue->data);
    *queue = (struct dtt_outq){0};
}

static bool grow(struct dtt_outq *queue, size_t need)
{
    size_t cap = queue->cap ? queue->cap : 256; /* a query or two */
    while (cap < need) {
        cap *= 2;
    }
    uint8_t *data = cap <= DTT_OUTQ_BYTES ? realloc(queue->data, cap) : NULL;
    if (!data) {
        return false;
    }
    queue->data = data;
    queue->cap = cap;
    return true;
}

uint8_t *dtt_outq_reserve(struct dtt_outq *queue, size_t max)
{
    size_t need = sizeof(struct header) + max;
    if (queue->count == DTT_OUTQ_PACKETS || max > UINT16_MAX) {
        return NULL;
    }
    if (queue->count == 0) {
        queue->head = 0;
        queue->tail = 0;
    }
    if (queue->cap - queue->tail < need && queue->head > 0 && queue->head >= queue->cap / 2) {
        memmove(queue->data, queue->data + queue->head, queue->tail - queue->head);
        queue->tail -= queue->head;
        queue->head = 0;
    }
    if (queue->cap - queue->tail < need && !grow(queue, queue->tail + need)) {
        return NULL;
    }
    return queue->data + queue->tail + sizeof(struct header);
}

void dtt_outq_commit(struct dtt_outq *queue, const struct dtt_addr *to, size_t len)
{
    struct header h = {.to = *to, .len = (uint16_t)len};
    memcpy(queue->data + queue->tail, &h, sizeof(h));
    queue->tail += sizeof(h) + len;
    queue->count++;
}

bool dtt_outq_pop(struct dtt_outq *queue, struct dtt_addr *to, struct dtt_slice *ret)
{
    struct header h;
    if (queue->count == 0) {
        return false;
    }
    assert(queue->count > 0);
    memcpy(&h, queue->data + queue->head, sizeof(h));
    *to = h.to;
    *ret = dtt_slice(queue->data + queue->head + sizeof(h), h.len);
    queue->head += sizeof(h) + h.len;
    queue->count--;
    return true;
}

void dtt_outq_trim(struct dtt_outq *queue)
{
    if (queue->count == 0) {
        dtt_outq_fini(queue);
    }
}
