/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/timerq.h"

#include "base/array.h"
#include "base/time.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>
#include <string.h>

void dtt_timerq_init(struct dtt_timerq *q)
{
    memset(q, 0, sizeof(*q));
}

void dtt_timerq_fini(struct dtt_timerq *q)
{
    for (size_t i = 0; i < q->count; i++) {
        assert(q->heap[i].timer->slot == i + 1);
        q->heap[i].timer->slot = 0;
    }
    free(q->heap);
    dtt_timerq_init(q);
}

/* The keys lie in the heap itself: comparing them touches no timer. */
static bool before(const struct dtt_timerq_entry *a, const struct dtt_timerq_entry *b)
{
    return a->deadline != b->deadline ? a->deadline < b->deadline : a->seq < b->seq;
}

static void place(struct dtt_timerq *q, size_t i, struct dtt_timerq_entry e)
{
    q->heap[i] = e;
    e.timer->slot = i + 1;
}

/* Four children each: half the levels, and those of one parent lie side by side. */
#define CHILDREN 4

static void sift_up(struct dtt_timerq *q, size_t i)
{
    struct dtt_timerq_entry e = q->heap[i];
    while (i > 0) {
        size_t parent = (i - 1) / CHILDREN;
        if (!before(&e, &q->heap[parent])) {
            break;
        }
        place(q, i, q->heap[parent]);
        i = parent;
    }
    place(q, i, e);
}

static void sift_down(struct dtt_timerq *q, size_t i)
{
    struct dtt_timerq_entry e = q->heap[i];
    for (;;) {
        size_t first = CHILDREN * i + 1;
        size_t least = first;
        if (first >= q->count) {
            break;
        }
        for (size_t k = first + 1; k < q->count && k < first + CHILDREN; k++) {
            least = before(&q->heap[k], &q->heap[least]) ? k : least;
        }
        if (!before(&q->heap[least], &e)) {
            break;
        }
        place(q, i, q->heap[least]);
        i = least;
    }
    place(q, i, e);
}

int dtt_timerq_set(struct dtt_timerq *q, struct dtt_timer *t, uint64_t deadline)
{
    assert(t->slot <= q->count && (t->slot == 0 || q->heap[t->slot - 1].timer == t));
    if (t->slot == 0) {
        struct dtt_timerq_entry *heap = dtt_array_room(q->heap, q->count, &q->cap, sizeof(*heap));
        if (!heap) {
            return DTT_ENOMEM;
        }
        q->heap = heap;
        t->slot = ++q->count;
    }
    t->deadline = deadline;
    t->seq = q->seq++;
    place(q, t->slot - 1, (struct dtt_timerq_entry){deadline, t->seq, t});
    sift_up(q, t->slot - 1);
    sift_down(q, t->slot - 1);
    return DTT_OK;
}

int dtt_timerq_follow(struct dtt_timerq *q, struct dtt_timer *t, uint64_t deadline)
{
    if (deadline != DTT_NEVER) {
        return dtt_timerq_set(q, t, deadline);
    }
    dtt_timerq_cancel(q, t);
    return DTT_OK;
}

void dtt_timerq_cancel(struct dtt_timerq *q, struct dtt_timer *t)
{
    if (t->slot == 0) {
        return;
    }
    size_t i = t->slot - 1;
    assert(i < q->count && q->heap[i].timer == t);
    struct dtt_timerq_entry last = q->heap[--q->count];
    t->slot = 0;
    if (last.timer != t) {
        place(q, i, last);
        sift_up(q, i);
        sift_down(q, last.timer->slot - 1);
    }
}

uint64_t dtt_timerq_deadline(const struct dtt_timerq *q)
{
    return q->count ? q->heap[0].deadline : DTT_NEVER;
}

struct dtt_timer *dtt_timerq_pop(struct dtt_timerq *q, uint64_t now_mono_ns)
{
    if (q->count == 0 || q->heap[0].deadline > now_mono_ns) {
        return NULL;
    }
    struct dtt_timer *t = q->heap[0].timer;
    dtt_timerq_cancel(q, t);
    return t;
}
