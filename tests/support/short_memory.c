/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * For LD_PRELOAD: of the allocations of the whole process, libraries included, one in
 * DTT_FAIL_ONE_IN fails, which ones follows from DTT_FAIL_SEED.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>

#define EXPORTED __attribute__((visibility("default")))

/* glibc's own, under which it is reached from a malloc of ours. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);

EXPORTED void *malloc(size_t n);
EXPORTED void *calloc(size_t n, size_t size);
EXPORTED void *realloc(void *p, size_t n);

static atomic_uint_fast64_t count;
static uint64_t one_in, seed;

__attribute__((constructor)) static void begin(void)
{
    const char *text = getenv("DTT_FAIL_SEED");
    seed = text ? strtoull(text, NULL, 10) : 0;
    text = getenv("DTT_FAIL_ONE_IN");
    one_in = text ? strtoull(text, NULL, 10) : 0;
}

static int is_short(void)
{
    if (one_in == 0) {
        return 0;
    }
    /* SplitMix64 of the allocation's number, so that threads do not disturb one another. */
    uint64_t z = (seed << 32) + atomic_fetch_add(&count, 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    if ((z ^ (z >> 31)) % one_in != 0) {
        return 0;
    }
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return is_short() ? NULL : __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
    return is_short() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *p, size_t n)
{
    return is_short() ? NULL : __libc_realloc(p, n);
}
