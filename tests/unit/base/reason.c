/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/reason.h"

#include "support/vectors.h"

static void words_and_sentences(void **state)
{
    (void)state;
#define CHECK(name, word, is_silence, sentence)       \
    assert_string_equal(dtt_reason_word(name), word); \
    assert_string_equal(dtt_reason_text(name), sentence);
    DTT_REASONS(CHECK)
#undef CHECK
    assert_int_equal(DTT_REASON_DISCONNECT, 1); /* programs have the numbers compiled in */
    assert_int_equal(DTT_REASON_LIMIT, 16);
    assert_int_equal(DTT_REASON_BUDGET, 17);
    assert_int_equal(DTT_REASON_USELESS, 18);
    assert_int_equal(DTT_REASON_MUTE, 19);
    assert_int_equal(DTT_REASON_NO_ROUTE, 20);
    assert_int_equal(DTT_REASON_OTHER_FAMILY, 23);
    assert_int_equal(DTT_REASON_RELAY_ONLY, 24);
}

static void unknown_ones(void **state)
{
    static const int unknown[] = {DTT_REASON_NONE, -1, DTT_REASON_RELAY_ONLY + 1, INT32_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        assert_string_equal(dtt_reason_word(unknown[i]), "?");
        assert_string_equal(dtt_reason_text(unknown[i]), "has gone");
    }
}

static void a_goodbye_is_no_silence(void **state)
{
    (void)state;
    assert_false(dtt_reason_is_silence(DTT_REASON_NONE));
    assert_false(dtt_reason_is_silence(DTT_REASON_DISCONNECT));
    assert_false(dtt_reason_is_silence(DTT_REASON_REPLACED));
    assert_false(dtt_reason_is_silence(DTT_REASON_CLOSED_BY_US));
    assert_true(dtt_reason_is_silence(DTT_REASON_CLOSED_BY_PEER));
    assert_true(dtt_reason_is_silence(DTT_REASON_TIMEOUT));
    assert_true(dtt_reason_is_silence(DTT_REASON_UNREACHABLE));
    assert_true(dtt_reason_is_silence(DTT_REASON_RESET));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_sentences),
        cmocka_unit_test(unknown_ones),
        cmocka_unit_test(a_goodbye_is_no_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
