/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "chat_input.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void reads(const char *line, enum chat_verb verb, const char *text)
{
    struct chat_input in = chat_input_read(line, strlen(line));

    assert_int_equal(in.verb, verb);
    if (text) {
        assert_int_equal(in.len, strlen(text));
        assert_memory_equal(in.text, text, in.len);
    }
}

static void test_read(void **state)
{
    (void)state;
    reads("hello /help", CHAT_SAY, "hello /help");
    reads("  two spaces are kept  ", CHAT_SAY, "  two spaces are kept  ");
    reads("", CHAT_NOTHING, NULL);
    reads(" \t ", CHAT_NOTHING, NULL);
    reads("/help", CHAT_HELP, "");
    reads("/quit  ", CHAT_QUIT, "");
    reads("/who  is there ", CHAT_WHO, "is there");
    reads("/me waves to all ", CHAT_ME, "/me waves to all");
    reads("/name Ann B ", CHAT_NAME, "Ann B");
    reads("/me", CHAT_ME, "");
    reads("/me  ", CHAT_ME, "");
    reads("/", CHAT_UNKNOWN, "/");
    reads("/helpme now", CHAT_UNKNOWN, "/helpme");
    reads("/hel", CHAT_UNKNOWN, "/hel");
    reads("/etc/passwd is short", CHAT_UNKNOWN, "/etc/passwd");
    reads("//help", CHAT_SAY, "/help");
    reads("//", CHAT_SAY, "/");
}

static void acts(const char *message, const char *action)
{
    size_t len = 0;
    const char *found = chat_input_action(message, strlen(message), &len);

    assert_int_equal(found != NULL, action != NULL);
    if (action) {
        assert_int_equal(len, strlen(action));
        assert_memory_equal(found, action, len);
    }
}

static void test_action(void **state)
{
    (void)state;
    acts("/me waves", "waves");
    acts("/me ", NULL);
    acts("/mewaves", NULL);
    acts("he said /me waves", NULL);
}

static void test_help(void **state)
{
    size_t n = 0;

    (void)state;
    while (chat_input_help(n)) {
        assert_int_equal(chat_input_help(n)[0], '/');
        assert_true(strlen(chat_input_help(n)) < 70);
        n++;
    }
    assert_int_equal(n, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_action),
        cmocka_unit_test(test_help),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
