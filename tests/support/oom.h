/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Fails the n-th allocation. Include once in a test whose executable is linked with oom_args:
 *
 *     for (long n = 1; ; n++) { oom_arm(n); ... code under test ...; if (!oom_disarm()) break; }
 */
#ifndef TESTS_SUPPORT_OOM_H
#define TESTS_SUPPORT_OOM_H

#include <stdbool.h>
#include <stddef.h>

static long oom_left; /* 0: off; n: the n-th allocation from now fails */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool oom_now(void)
{
    return oom_left > 0 && --oom_left == 0;
}

void *__wrap_malloc(size_t n)
{
    return oom_now() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return oom_now() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return oom_now() ? NULL : __real_realloc(p, n);
}

static void oom_arm(long n)
{
    oom_left = n;
}

/** True when the armed failure happened. */
static bool oom_disarm(void)
{
    bool happened = oom_left == 0;
    oom_left = 0;
    return happened;
}

#endif
