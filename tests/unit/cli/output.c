/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct output_line line;

static void put(const char *text)
{
    strcpy(line.text, text);
    output_line_put(&line, strlen(text));
}

static void test_line(void **state)
{
    char got[16];
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    output_line_init(&line, ends[1]);
    assert_int_equal(output_line_flush(&line), OUTPUT_IDLE);
    put("hello");
    assert_int_equal(output_line_flush(&line), OUTPUT_IDLE);
    assert_int_equal(read(ends[0], got, sizeof(got)), 6);
    assert_memory_equal(got, "hello\n", 6);
    close(ends[0]);
    close(ends[1]);
}

/* The pipe blocks, and yet nobody waits: every byte comes out once it is read. */
static void test_full_pipe(void **state)
{
    static char got[65536];
    size_t written = 0, n_read = 0;
    ssize_t n = 0;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    output_line_init(&line, ends[1]);
    for (;;) {
        memset(line.text, 'x', OUTPUT_LINE_MAX - 1);
        output_line_put(&line, OUTPUT_LINE_MAX - 1);
        written += OUTPUT_LINE_MAX;
        if (output_line_flush(&line) != OUTPUT_IDLE) {
            break;
        }
        assert_true(written < 64 * 1024 * 1024);
    }
    while (n_read < written) {
        n = read(ends[0], got, sizeof(got));
        assert_true(n > 0);
        n_read += (size_t)n;
        assert_true(output_line_flush(&line) <= OUTPUT_PENDING);
    }
    assert_int_equal(n_read, written);
    assert_int_equal(got[n - 1], '\n');
    close(ends[0]);
    close(ends[1]);
}

static void test_reader_gone(void **state)
{
    int ends[2];

    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    output_line_init(&line, ends[1]);
    put("hello");
    assert_int_equal(output_line_flush(&line), OUTPUT_GONE);
    close(ends[1]);
}

static void test_device_full(void **state)
{
    int fd = open("/dev/full", O_WRONLY);

    (void)state;
    if (fd < 0) {
        skip();
    }
    output_line_init(&line, fd);
    put("hello");
    assert_int_equal(output_line_flush(&line), OUTPUT_FAILED);
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void test_color(void **state)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY);
    int null = open("/dev/null", O_RDWR);

    (void)state;
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_false(output_has_color(null));
    if (fd >= 0 && isatty(fd)) {
        assert_true(output_has_color(fd));
        setenv("NO_COLOR", "1", 1);
        assert_false(output_has_color(fd));
        setenv("NO_COLOR", "", 1);
        assert_true(output_has_color(fd));
        setenv("TERM", "dumb", 1);
        assert_false(output_has_color(fd));
    }
    close(null);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line),        cmocka_unit_test(test_full_pipe),
        cmocka_unit_test(test_reader_gone), cmocka_unit_test(test_device_full),
        cmocka_unit_test(test_color),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
