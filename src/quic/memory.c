/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/memory.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>

/* Stands before each block, and keeps it aligned. */
union header {
    size_t len;
    max_align_t align;
};

/*
 * glibc keeps several freed blocks of each small size, and the pages that they lie in, for the next
 * use. With fewer sizes a crowd leaves less behind.
 */
#define GRAIN 256

static bool may_have(struct dtt_qmemory *m, size_t more)
{
    if (m->used + more > m->max ||
        (m->pool->used + more > m->pool->max && m->used + more > m->pool->share)) {
        m->is_refused = true;
        return false;
    }
    return true;
}

static void count(struct dtt_qmemory *m, size_t more, size_t less)
{
    assert(m->used >= less && m->pool->used >= m->used);
    m->used += more - less;
    m->pool->used += more - less;
}

static void *mem_realloc(void *ptr, size_t size, void *user)
{
    struct dtt_qmemory *m = user;
    union header *old = ptr ? (union header *)ptr - 1 : NULL;
    size_t less = old ? old->len : 0;
    size_t more = size + sizeof(union header);
    if (size > SIZE_MAX / 4 || (more > less && !may_have(m, more - less))) {
        return NULL;
    }
    union header *h = realloc(old, (more + GRAIN - 1) / GRAIN * GRAIN);
    if (!h) {
        return NULL;
    }
    count(m, more, less);
    h->len = more;
    return h + 1;
}

static void *mem_malloc(size_t size, void *user)
{
    return mem_realloc(NULL, size, user);
}

static void *mem_calloc(size_t n, size_t size, void *user)
{
    if (size && n > SIZE_MAX / 4 / size) {
        return NULL;
    }
    void *ptr = mem_realloc(NULL, n * size, user);
    if (ptr) {
        memset(ptr, 0, n * size);
    }
    return ptr;
}

static void mem_free(void *ptr, void *user)
{
    if (ptr) {
        union header *h = (union header *)ptr - 1;
        count(user, 0, h->len);
        free(h);
    }
}

void dtt_qmemory_init(struct dtt_qmemory *m, struct dtt_qmemory_pool *pool, size_t max)
{
    *m = (struct dtt_qmemory){
        .mem = {.user_data = m,
                .malloc = mem_malloc,
                .free = mem_free,
                .calloc = mem_calloc,
                .realloc = mem_realloc},
        .pool = pool,
        .max = max,
    };
}

void dtt_qmemory_move(struct dtt_qmemory *m, struct dtt_qmemory_pool *pool, size_t max)
{
    assert(m->pool->used >= m->used);
    m->pool->used -= m->used;
    pool->used += m->used;
    m->pool = pool;
    m->max = max;
}
