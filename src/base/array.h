/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Arrays on the heap that grow and shrink by one. */
#ifndef DTT_BASE_ARRAY_H
#define DTT_BASE_ARRAY_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/** `array` with room for one more than `n` elements, doubled when full. NULL without memory: then
 * `array` is as before. */
static inline void *dtt_array_room(void *array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return array;
    }
    size_t more = *cap ? 2 * *cap : 4;
    void *grown = realloc(array, more * size);
    *cap = grown ? more : *cap;
    return grown;
}

/** Takes element `i` of `*n` out; the order stays. */
static inline void dtt_array_remove(void *array, size_t *n, size_t size, size_t i)
{
    assert(i < *n);
    uint8_t *at = (uint8_t *)array + i * size;
    memmove(at, at + size, (--*n - i) * size);
}

#endif
