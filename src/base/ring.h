/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Bounded first-in first-out queue of elements of one size. Grows on demand up to its maximum;
 * an empty one is small again.
 */
#ifndef DTT_BASE_RING_H
#define DTT_BASE_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dtt_ring {
    uint8_t *data;
    size_t elem; /**< bytes of an element */
    size_t max;  /**< elements at most */
    size_t cap;  /**< elements allocated */
    size_t head; /**< index of the oldest */
    size_t count;
};

/** Allocates nothing yet. */
void dtt_ring_init(struct dtt_ring *r, size_t elem_size, size_t max);
void dtt_ring_fini(struct dtt_ring *r);
/** Room for a new last element, uninitialised; NULL when full or out of memory. */
void *dtt_ring_push(struct dtt_ring *r);
/** The oldest element, or NULL. Valid until the next push or pop. */
void *dtt_ring_front(struct dtt_ring *r);
/** Element i counted from the oldest, 0 <= i < count. */
void *dtt_ring_at(struct dtt_ring *r, size_t i);
/** Drops the oldest element; fine when empty. */
void dtt_ring_pop(struct dtt_ring *r);
/** Copies the oldest element to `ret` and drops it; false when empty. */
bool dtt_ring_take(struct dtt_ring *r, void *ret);

#endif
