/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "weeks/heap.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

/* Stands before each block, and keeps it aligned. */
union header {
    struct {
        size_t len;
        uint32_t host;
        uint32_t module;
    } of;
    max_align_t align;
};

static size_t live[HEAP_HOSTS][HEAP_MODULE_COUNT];
static uint32_t current;
static union header *leaked; /* reachable, so that no sanitizer wonders */

void heap_enter(uint32_t host)
{
    assert(host < HEAP_HOSTS);
    current = host;
}

size_t heap_live(uint32_t host, enum heap_module m)
{
    return live[host][m];
}

const char *heap_module_name(enum heap_module m)
{
    static const char *const names[] = {
#define X(name) #name,
        HEAP_MODULES(X)
#undef X
    };
    return names[m];
}

/* A block keeps the host and module for which it was first allocated. */
static void *resize(void *p, size_t n, enum heap_module m)
{
    union header *old = p ? (union header *)p - 1 : NULL;
    size_t len = old ? old->of.len : 0;
    uint32_t host = old ? old->of.host : current;
    uint32_t module = old ? old->of.module : (uint32_t)m;
    union header *h = n < SIZE_MAX - sizeof(*h) ? realloc(old, sizeof(*h) + n) : NULL;
    if (!h) {
        return NULL;
    }
    assert(live[host][module] >= len);
    live[host][module] += n - len;
    h->of.len = n;
    h->of.host = host;
    h->of.module = module;
    return h + 1;
}

static void *zeroed(size_t n, size_t size, enum heap_module m)
{
    void *p = size == 0 || n < SIZE_MAX / size ? resize(NULL, n * size, m) : NULL;
    return p ? memset(p, 0, n * size) : NULL;
}

static void release(void *p)
{
    if (p) {
        union header *h = (union header *)p - 1;
        assert(live[h->of.host][h->of.module] >= h->of.len);
        live[h->of.host][h->of.module] -= h->of.len;
        free(h);
    }
}

void heap_leak(enum heap_module m, size_t n)
{
    union header **p = resize(NULL, n > sizeof(leaked) ? n : sizeof(leaked), m);
    if (p) {
        *p = leaked;
        leaked = (union header *)p;
    }
}

#define X(name)                                        \
    void *heap_##name##_malloc(size_t n);              \
    void *heap_##name##_calloc(size_t n, size_t size); \
    void *heap_##name##_realloc(void *p, size_t n);    \
    void heap_##name##_free(void *p);                  \
    void *heap_##name##_malloc(size_t n)               \
    {                                                  \
        return resize(NULL, n, HEAP_##name);           \
    }                                                  \
    void *heap_##name##_calloc(size_t n, size_t size)  \
    {                                                  \
        return zeroed(n, size, HEAP_##name);           \
    }                                                  \
    void *heap_##name##_realloc(void *p, size_t n)     \
    {                                                  \
        return resize(p, n, HEAP_##name);              \
    }                                                  \
    void heap_##name##_free(void *p)                   \
    {                                                  \
        release(p);                                    \
    }
HEAP_MODULES(X)
#undef X
