/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Error sentences of the code under test: caught, so that a test can look at them.
 */
#ifndef TESTS_CLI_QUIET_H
#define TESTS_CLI_QUIET_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct quiet {
    int saved;
    FILE *file;
    char text[1024];
};

/** From here on standard error goes into a file. */
static inline void quiet_begin(struct quiet *q)
{
    fflush(stderr);
    q->saved = dup(STDERR_FILENO);
    q->file = tmpfile();
    assert_non_null(q->file);
    assert_true(q->saved >= 0 && dup2(fileno(q->file), STDERR_FILENO) >= 0);
}

/** Standard error is what it was; returns what was said. */
static inline const char *quiet_end(struct quiet *q)
{
    size_t n;

    fflush(stderr);
    assert_true(dup2(q->saved, STDERR_FILENO) >= 0);
    close(q->saved);
    rewind(q->file);
    n = fread(q->text, 1, sizeof(q->text) - 1, q->file);
    q->text[n] = '\0';
    fclose(q->file);
    return q->text;
}

#endif
