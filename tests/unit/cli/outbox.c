/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void add(struct outbox *o, const char *text)
{
    assert_true(outbox_add(o, text, strlen(text)));
}

static void takes(struct outbox *o, const char *text)
{
    struct outbox_line *line = outbox_take(o);
    assert_non_null(line);
    assert_int_equal(line->len, strlen(text));
    assert_memory_equal(line->text, text, line->len);
    free(line);
}

static void test_way(void **state)
{
    struct outbox o = {0};

    (void)state;
    assert_null(outbox_next(&o));
    add(&o, "one");
    add(&o, "two");
    add(&o, "three");
    assert_memory_equal(outbox_next(&o)->text, "one", 3);
    outbox_sent(&o);
    outbox_sent(&o);
    assert_int_equal(o.n_sent, 2);
    assert_int_equal(o.n_waiting, 1);
    outbox_confirm(&o, 1);
    assert_int_equal(o.n_sent, 1);
    takes(&o, "two");
    takes(&o, "three");
    assert_null(outbox_take(&o));
    add(&o, "four");
    assert_memory_equal(outbox_next(&o)->text, "four", 4);
    outbox_free(&o);
    assert_int_equal(o.n_bytes, 0);
}

static void test_drop(void **state)
{
    struct outbox o = {0};

    (void)state;
    add(&o, "sent");
    outbox_sent(&o);
    add(&o, "bad");
    outbox_drop(&o);
    assert_null(outbox_next(&o));
    add(&o, "good");
    assert_memory_equal(outbox_next(&o)->text, "good", 4);
    takes(&o, "sent");
    outbox_drop(&o);
    assert_null(outbox_take(&o));
    add(&o, "last");
    takes(&o, "last");
}

static void test_bounds(void **state)
{
    struct outbox o = {0};
    static char big[OUTBOX_BYTES_MAX];

    (void)state;
    for (size_t i = 0; i < OUTBOX_LINES_MAX; i++) {
        add(&o, "x");
    }
    assert_false(outbox_add(&o, "x", 1));
    outbox_free(&o);
    assert_true(outbox_add(&o, big, sizeof(big)));
    assert_false(outbox_add(&o, "x", 1));
    outbox_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_way),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
