/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/ring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* An empty ring gives back what it grew to beyond so many bytes. */
#define KEPT 4096

void dtt_ring_init(struct dtt_ring *r, size_t elem_size, size_t max)
{
    assert(elem_size > 0);
    *r = (struct dtt_ring){.elem = elem_size, .max = max};
}

void dtt_ring_fini(struct dtt_ring *r)
{
    free(r->data);
    memset(r, 0, sizeof(*r));
}

static int grow(struct dtt_ring *r)
{
    size_t cap = r->cap ? r->cap * 2 : 4;
    if (cap > r->max) {
        cap = r->max;
    }
    uint8_t *data = malloc(cap * r->elem);
    if (!data) {
        return -1;
    }
    for (size_t i = 0; i < r->count; i++) {
        memcpy(data + i * r->elem, dtt_ring_at(r, i), r->elem);
    }
    free(r->data);
    r->data = data;
    r->cap = cap;
    r->head = 0;
    return 0;
}

void *dtt_ring_push(struct dtt_ring *r)
{
    if (r->count == r->max || (r->count == r->cap && grow(r) != 0)) {
        return NULL;
    }
    r->count++;
    return dtt_ring_at(r, r->count - 1);
}

void *dtt_ring_at(struct dtt_ring *r, size_t i)
{
    assert(i < r->count && r->count <= r->cap && r->head < r->cap);
    return r->data + (r->head + i) % r->cap * r->elem;
}

void *dtt_ring_front(struct dtt_ring *r)
{
    return r->count ? dtt_ring_at(r, 0) : NULL;
}

void dtt_ring_pop(struct dtt_ring *r)
{
    if (r->count > 0) {
        r->head = (r->head + 1) % r->cap;
        r->count--;
    }
    if (r->count == 0 && r->cap * r->elem > KEPT) {
        free(r->data);
        dtt_ring_init(r, r->elem, r->max);
    }
}

bool dtt_ring_take(struct dtt_ring *r, void *ret)
{
    const void *front = dtt_ring_front(r);
    if (front) {
        memcpy(ret, front, r->elem);
        dtt_ring_pop(r);
    }
    return front != NULL;
}
