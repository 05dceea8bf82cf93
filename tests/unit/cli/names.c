/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FAMILY "\xf0\x9f\x91\xa8\xe2\x80\x8d\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7"

static void cleans(const char *told, const char *wanted)
{
    char clean[NAMES_CLEAN_MAX];
    assert_int_equal(names_clean(told, clean), *wanted != '\0');
    assert_string_equal(clean, wanted);
}

static void test_clean(void **state)
{
    char longest[DTT_NAME_MAX + 1];

    (void)state;
    cleans("ann", "ann");
    cleans("  Ann   B.  ", "Ann B.");
    cleans("J\xc3\xbcrgen \xe6\x97\xa5\xe6\x9c\xac", "J\xc3\xbcrgen \xe6\x97\xa5\xe6\x9c\xac");
    cleans(FAMILY, FAMILY);
    cleans("", "");
    cleans("-- ann has left", "ann has left");
    cleans("* ann", "ann");
    cleans("ann: hi\nbob", "ann_ hibob");
    cleans("ann\xef\xbc\x9a#", "ann__"); /* FULLWIDTH COLON */
    cleans("\xe2\x80\xae"
           "nna",
           "nna");                                  /* right-to-left override */
    cleans("a\xe2\x80\x8bn\xe2\x80\x8dn", "ann");   /* zero width space and joiner */
    cleans("\xe3\x85\xa4\xe2\xa0\x80\xc2\xa0", ""); /* what looks empty */
    cleans("\033[31mann", "31mann");
    cleans("e\xcc\x81\xcc\x81\xcc\x81\xcc\x81", "e\xcc\x81\xcc\x81");
    cleans("\xff"
           "ann\xc3",
           "ann");
    memset(longest, 'x', DTT_NAME_MAX);
    longest[DTT_NAME_MAX] = '\0';
    cleans(longest, "xxxxxxxxxxxxxxxxxxxx");
}

static struct dtt_member member(uint8_t id, const char *name)
{
    struct dtt_member m = {.size = sizeof(m)};
    memset(m.id.bytes, id, sizeof(m.id.bytes));
    snprintf(m.name, sizeof(m.name), "%s", name);
    return m;
}

static void shows(const struct names *n, uint8_t id, const char *wanted)
{
    char shown[NAMES_SHOWN_MAX];
    struct dtt_member m = member(id, "");
    names_show(n, &m.id, shown);
    assert_string_equal(shown, wanted);
}

static void test_show(void **state)
{
    struct names *n = calloc(1, sizeof(*n));
    struct dtt_member own = member(1, "");
    struct dtt_member others[] = {member(2, "ann"),        member(3, "bob"),
                                  member(4, "An\xc3\xb1"), member(5, "me"),
                                  member(6, "deadbeef00"), member(7, ""),
                                  member(8, "B0b"),        member(9, "\xd0\xb2\xd0\xbe\xd0\xb2")};

    (void)state;
    assert_non_null(n);
    names_set_own(n, &own.id, "");
    shows(n, 1, "me");
    shows(n, 2, "0202020202");
    names_set(n, others, 2);
    shows(n, 2, "ann");
    shows(n, 3, "bob");
    shows(n, 9, "0909090909");
    names_set(n, others, 8);
    shows(n, 2, "ann#0202020202"); /* nobody has a name before another */
    shows(n, 4, "An\xc3\xb1#0404040404");
    shows(n, 5, "me#0505050505");
    shows(n, 6, "deadbeef00#0606060606");
    shows(n, 7, "0707070707");
    shows(n, 3, "bob#0303030303");
    shows(n, 8, "B0b#0808080808");
    shows(n, 9, "\xd0\xb2\xd0\xbe\xd0\xb2#0909090909");
    names_set_own(n, &own.id, "Bob");
    names_set(n, others, 2);
    shows(n, 1, "Bob"); /* ours is ours */
    shows(n, 3, "bob#0303030303");
    assert_true(names_is_own(n, &own.id));
    assert_false(names_is_own(n, &others[0].id));
    free(n);
}

static void test_mention(void **state)
{
    struct names *n = calloc(1, sizeof(*n));
    struct dtt_member own = member(1, "");

    (void)state;
    assert_non_null(n);
    names_set_own(n, &own.id, "");
    assert_false(names_is_mentioned(n, "me"));
    names_set_own(n, &own.id, "Ann");
    assert_true(names_is_mentioned(n, "ann: hello"));
    assert_true(names_is_mentioned(n, "hello, ANN"));
    assert_true(names_is_mentioned(n, "joann and ann!"));
    assert_false(names_is_mentioned(n, "joann"));
    assert_false(names_is_mentioned(n, "anna"));
    assert_false(names_is_mentioned(n, "hello"));
    free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clean),
        cmocka_unit_test(test_show),
        cmocka_unit_test(test_mention),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
