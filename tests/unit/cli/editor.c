/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "editor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"
#define LEFT "\033[D"
#define RIGHT "\033[C"
#define UP "\033[A"
#define DOWN "\033OB"
#define PASTE "\033[200~"
#define END_PASTE "\033[201~"
#define BAD "\xef\xbf\xbd"

static struct editor *editor;

static int setup(void **state)
{
    (void)state;
    editor = calloc(1, sizeof(*editor));
    return editor ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    editor_free(editor);
    free(editor);
    return 0;
}

/* What the last of these keys did. */
static enum editor_result type(const char *keys)
{
    enum editor_result result = EDITOR_MORE;
    for (; *keys; keys++) {
        assert_int_equal(result, EDITOR_MORE);
        result = editor_key(editor, (uint8_t)*keys);
    }
    return result;
}

/* The text, with the cursor as '_'. */
static void shows(const char *wanted)
{
    char text[256] = "";
    assert_true(editor->len < sizeof(text) - 2);
    memcpy(text, editor->text, editor->cursor);
    text[editor->cursor] = '_';
    memcpy(text + editor->cursor + 1, editor->text + editor->cursor, editor->len - editor->cursor);
    text[editor->len + 1] = '\0';
    assert_string_equal(text, wanted);
}

static void after(const char *keys, const char *wanted)
{
    assert_int_equal(type(keys), EDITOR_MORE);
    shows(wanted);
    editor_clear(editor);
}

static void test_keys(void **state)
{
    (void)state;
    after("hello", "hello_");
    after("hello\001J\005!", "Jhello!_");
    after("helo" LEFT "l", "hell_o");
    after("ab\002\002\002c\006\006\006d", "cabd_");
    after("one two three\027", "one two _");
    after("one two three\033b\033bx\033f y", "one xtwo y_ three");
    after("one two\033[1;5Dx", "one x_two");
    after("one two\025", "_");
    after("one two" LEFT LEFT "\013", "one t_");
    after("one two\025\031\031", "one twoone two_");
    after("abc\033[Hx\033[Fy\033[1~z\033[4~!", "zxabcy!_");
    after("abc" LEFT LEFT "\033[3~", "a_c");
    after("abc\001\004", "_bc");
    after("one two\001\033d", "_ two");
    after("a\tb", "a b_");
    after("\033[99;99;99;99;99;99mx", "x_");
    after("\033xy", "y_");
}

static void test_characters(void **state)
{
    (void)state;
    after("a" FAMILY "b" LEFT "\177", "a_b");
    after("a" FAMILY LEFT LEFT RIGHT RIGHT "x", "a" FAMILY "x_");
    after("e\xcc\x81\177", "_");
    after("\xff", BAD "_");
    after("\xc3(", BAD "(_");
    after("\xc2\x9b", BAD "_");
}

static void test_ends(void **state)
{
    (void)state;
    assert_int_equal(type("hi\r"), EDITOR_LINE);
    editor_clear(editor);
    assert_int_equal(type("half\003"), EDITOR_INTERRUPT);
    shows("_");
    assert_int_equal(type("\003"), EDITOR_LEAVE);
    after("\031", "half_");
    assert_int_equal(type("\004"), EDITOR_LEAVE);
    assert_int_equal(type("\032"), EDITOR_SUSPEND);
    assert_int_equal(type("\014"), EDITOR_REDRAW);
}

static void enter(const char *line)
{
    type(line);
    editor_remember(editor);
    editor_clear(editor);
}

static void test_history(void **state)
{
    (void)state;
    after("x" UP DOWN, "x_");
    enter("one");
    enter("two");
    enter("two");
    after("dra" UP, "two_");
    after("dra" UP UP UP, "one_");
    after("dra" UP UP DOWN, "two_");
    after("dra" UP UP DOWN DOWN DOWN, "dra_");
    for (int i = 0; i < EDITOR_HISTORY; i++) {
        enter(i % 2 ? "odd" : "even");
    }
    assert_int_equal(editor->n_history, EDITOR_HISTORY);
    after(UP UP, "even_");
}

static void test_paste(void **state)
{
    (void)state;
    assert_int_equal(
        type("a" PASTE "one\rtwo\r\n\nthree\nfour\033[Dx\033y\003\004\tz" END_PASTE "b"),
        EDITOR_MORE);
    assert_int_equal(editor_n_lines(editor), 5);
    shows("aone\ntwo\n\nthree\nfourxy zb_");
    assert_int_equal(type("\r"), EDITOR_LINE);
    editor_clear(editor);
    type(PASTE "one line\r" END_PASTE);
    assert_int_equal(editor_n_lines(editor), 1);
}

static void test_full(void **state)
{
    (void)state;
    for (size_t i = 0; i < EDITOR_MAX + 10; i++) {
        editor_key(editor, 'a');
    }
    assert_int_equal(editor->len, EDITOR_MAX);
    assert_true(editor->is_cut);
    editor_clear(editor);
    assert_false(editor->is_cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_characters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(test_history, setup, teardown),
        cmocka_unit_test_setup_teardown(test_paste, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
