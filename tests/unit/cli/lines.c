/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lines.h"

#include <dtt/dtt.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct feed {
    int ends[2];
    struct lines lines;
    const char *line;
    size_t len;
};

static void begin(struct feed *f)
{
    assert_int_equal(pipe(f->ends), 0);
    lines_init(&f->lines, f->ends[0]);
}

static void end(struct feed *f)
{
    close(f->ends[0]);
}

/* Writes and reads again, in one step. */
static void give(struct feed *f, const void *data, size_t len)
{
    assert_int_equal(write(f->ends[1], data, len), len);
    assert_int_equal(lines_fill(&f->lines), 0);
}

static void finish(struct feed *f)
{
    close(f->ends[1]);
    assert_int_equal(lines_fill(&f->lines), 0);
    assert_true(f->lines.is_ended);
}

static enum line_state next(struct feed *f)
{
    return lines_next(&f->lines, &f->line, &f->len);
}

static void expect(struct feed *f, const char *line)
{
    assert_int_equal(next(f), LINE_READY);
    assert_int_equal(f->len, strlen(line));
    assert_memory_equal(f->line, line, f->len);
}

static void test_lines(void **state)
{
    struct feed f;

    (void)state;
    begin(&f);
    assert_int_equal(next(&f), LINE_NONE);
    give(&f, "one\n\ntwo\nthr", 12);
    expect(&f, "one");
    assert_int_equal(f.lines.number, 1);
    expect(&f, "");
    expect(&f, "two");
    assert_int_equal(f.lines.number, 3);
    assert_int_equal(next(&f), LINE_NONE);
    give(&f, "ee\nfour", 7);
    expect(&f, "three");
    assert_int_equal(next(&f), LINE_NONE);
    finish(&f);
    expect(&f, "four");
    assert_int_equal(f.lines.number, 5);
    assert_int_equal(next(&f), LINE_NONE);
    end(&f);
}

static void test_nothing(void **state)
{
    struct feed f;

    (void)state;
    begin(&f);
    finish(&f);
    assert_int_equal(next(&f), LINE_NONE);
    end(&f);
}

/* A line of `len` bytes in pieces of `step`; what comes after it must be whole. */
static void long_line(size_t len, size_t step, enum line_state state, int has_newline)
{
    static char data[20000];
    struct feed f;

    begin(&f);
    memset(data, 'x', sizeof(data));
    for (size_t done = 0; done < len; done += step) {
        give(&f, data, len - done < step ? len - done : step);
        assert_int_equal(next(&f), LINE_NONE);
    }
    if (has_newline) {
        give(&f, "\nafter\n", 7);
    } else {
        finish(&f);
    }
    assert_int_equal(next(&f), state);
    assert_int_equal(f.len, len);
    assert_int_equal(f.lines.number, 1);
    if (has_newline) {
        expect(&f, "after");
        assert_int_equal(f.lines.number, 2);
        close(f.ends[1]);
    }
    assert_int_equal(next(&f), LINE_NONE);
    end(&f);
}

static void test_limit(void **state)
{
    static const size_t steps[] = {1, 7, 4000, 8192};

    (void)state;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        for (int has_newline = 0; has_newline < 2; has_newline++) {
            long_line(DTT_MESSAGE_MAX, steps[i], LINE_READY, has_newline);
            long_line(DTT_MESSAGE_MAX + 1, steps[i], LINE_TOO_LONG, has_newline);
            long_line(19999, steps[i], LINE_TOO_LONG, has_newline);
        }
    }
}

/* A long line that comes with its newline in one read is too long as well. */
static void test_long_at_once(void **state)
{
    static char data[DTT_MESSAGE_MAX + 2];
    struct feed f;

    (void)state;
    begin(&f);
    memset(data, 'x', sizeof(data));
    data[DTT_MESSAGE_MAX + 1] = '\n';
    give(&f, data, sizeof(data));
    assert_int_equal(next(&f), LINE_TOO_LONG);
    assert_int_equal(f.len, DTT_MESSAGE_MAX + 1);
    finish(&f);
    assert_int_equal(next(&f), LINE_NONE);
    end(&f);
}

static void test_bad_descriptor(void **state)
{
    struct lines l;

    (void)state;
    lines_init(&l, -1);
    assert_int_not_equal(lines_fill(&l), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),          cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_limit),          cmocka_unit_test(test_long_at_once),
        cmocka_unit_test(test_bad_descriptor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
