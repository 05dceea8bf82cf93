/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/outq.h"

#include "dht/inside.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>

#define TRIM_NS (60 * DTT_S) /* after this much quiet the memory is given back */

struct header {
    struct dtt_addr from;
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

void dtt_outq_commit(struct dtt_outq *queue, const struct dtt_addr *from, const struct dtt_addr *to,
                     size_t len)
{
    struct header h = {.from = *from, .to = *to, .len = (uint16_t)len};
    memcpy(queue->data + queue->tail, &h, sizeof(h));
    queue->tail += sizeof(h) + len;
    queue->count++;
}

bool dtt_outq_pop(struct dtt_outq *queue, struct dtt_addr *from, struct dtt_addr *to,
                  struct dtt_slice *ret)
{
    struct header h;
    if (queue->count == 0) {
        return false;
    }
    memcpy(&h, queue->data + queue->head, sizeof(h));
    *from = h.from;
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

void dtt_outq_answer(struct dtt_dht *d, const struct dtt_addr *asked, const struct dtt_addr *asker)
{
    bool is_known = asked && asker;
    d->answer_to = is_known ? *asker : (struct dtt_addr){0};
    d->answer_from = is_known ? *asked : (struct dtt_addr){0};
}

int dtt_outq_send(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                  enum dtt_polite_kind kind, struct dtt_slice data)
{
    bool is_query = kind == DTT_POLITE_QUERY;
    if (!dtt_dht_has_family(d, to->family)) {
        return DTT_EREFUSED;
    }
    uint8_t *room = data.len <= DTT_DHT_PACKET_MAX ? dtt_outq_reserve(&d->out, data.len) : NULL;
    if (!room) {
        DTT_COUNT(d->ctx, DHT_TX_DROPPED);
        return DTT_EFULL;
    }
    enum dtt_polite_verdict verdict = dtt_polite_send(&d->polite, now, to, kind);
    if (verdict != DTT_POLITE_YES) {
        bool is_late = verdict == DTT_POLITE_LATER;
        DTT_COUNT_N(d->ctx, DHT_QUERIES_DEFERRED, is_query && is_late);
        DTT_COUNT_N(d->ctx, DHT_QUERIES_REFUSED, is_query && !is_late);
        DTT_COUNT_N(d->ctx, DHT_ANSWERS_DROPPED, !is_query && is_late);
        DTT_COUNT_N(d->ctx, DHT_ANSWERS_REFUSED, !is_query && !is_late);
        return is_late ? DTT_EAGAIN : DTT_EREFUSED;
    }
    memcpy(room, data.data, data.len);
    struct dtt_addr from = {0};
    if (dtt_addr_eq(to, &d->answer_to)) {
        from = d->answer_from;
    }
    dtt_outq_commit(&d->out, &from, to, data.len);
    if (d->trim_ns == DTT_NEVER) {
        d->trim_ns = now.mono_ns + TRIM_NS;
    }
    return DTT_OK;
}
