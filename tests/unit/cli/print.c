/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "print.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define NAME "\"quoted\" \\ back\nslash\t\x01\x7f caf\xc3\xa9"

/* What `print` writes to standard output: one line of JSON, or NULL when there is none. */
static json_t *printed(void (*print)(void))
{
    FILE *file = tmpfile();
    char text[4096];
    int saved = dup(STDOUT_FILENO);
    size_t len;
    json_t *root;
    json_error_t err;

    assert_non_null(file);
    fflush(stdout);
    assert_true(dup2(fileno(file), STDOUT_FILENO) >= 0);
    print();
    fflush(stdout);
    assert_true(dup2(saved, STDOUT_FILENO) >= 0);
    close(saved);
    rewind(file);
    len = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[len] = '\0';
    if (len == 0) {
        return NULL;
    }
    assert_ptr_equal(strchr(text, '\n'), text + len - 1);
    root = json_loads(text, 0, &err);
    if (!root) {
        fail_msg("%s: %s", text, err.text);
    }
    return root;
}

static void print_named(void)
{
    struct print_line line;

    print_begin(&line, "check");
    dtt_json_text(&line.json, NAME, NAME);
    print_end(&line);
}

static void print_hostile_message(void)
{
    struct dtt_event event = {.size = sizeof(event), .type = DTT_EVENT_MESSAGE};

    event.u.message.data = (const uint8_t *)NAME;
    event.u.message.len = strlen(NAME);
    print_event_json(&event);
}

static void print_too_long(void)
{
    struct print_line line;

    print_begin(&line, NULL);
    for (size_t i = 0; i < OUTPUT_LINE_MAX / sizeof(NAME) + 1; i++) {
        dtt_json_text(&line.json, "name", NAME);
    }
    print_end(&line);
}

static void any_name_passes_unchanged(void **state)
{
    json_t *root = printed(print_named);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(root, NAME)), NAME);
    json_decref(root);
    root = printed(print_hostile_message);
    assert_string_equal(json_string_value(json_object_get(root, "text")), NAME);
    json_decref(root);
}

static void half_a_line_is_not_printed(void **state)
{
    (void)state;
    assert_null(printed(print_too_long));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_name_passes_unchanged),
        cmocka_unit_test(half_a_line_is_not_printed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
