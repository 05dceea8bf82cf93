/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "author/replay.h"

#include "support/vectors.h"

static struct dtt_now at_s(uint64_t s)
{
    return (struct dtt_now){.mono_ns = s * DTT_S};
}

static void each_number_counts_once(void **state)
{
    struct dtt_replay r = {0};
    static bool is_known[4096];
    uint32_t draw = 1;
    (void)state;
    /* In any order within what is known one by one; held against an array. */
    uint64_t highest = 1000;
    while (highest < sizeof(is_known) - 3) {
        draw = draw * 1664525 + 1013904223;
        uint64_t low = highest >= 1000 + DTT_REPLAY_KNOWN ? highest - DTT_REPLAY_KNOWN + 1 : 1000;
        uint64_t seq = low + (draw >> 8) % (highest + 3 - low);
        assert_int_equal(dtt_replay_take(&r, at_s(0), seq, false), !is_known[seq]);
        is_known[seq] = true;
        highest = seq > highest ? seq : highest;
    }
}

static void a_leap_forgets_the_numbers_before(void **state)
{
    struct dtt_replay r = {0};
    (void)state;
    assert_true(dtt_replay_take(&r, at_s(0), 5, false));
    assert_true(dtt_replay_take(&r, at_s(0), 5 + 3 * DTT_REPLAY_KNOWN, false));
    assert_true(dtt_replay_take(&r, at_s(0), 4 + 3 * DTT_REPLAY_KNOWN, false));
    assert_false(dtt_replay_take(&r, at_s(0), 4 + 3 * DTT_REPLAY_KNOWN, false));
    assert_true(dtt_replay_take(&r, at_s(0), UINT64_MAX, false));
    assert_false(dtt_replay_take(&r, at_s(0), UINT64_MAX, false));
    assert_true(dtt_replay_take(&r, at_s(0), UINT64_MAX - 1, false));
}

static void old_numbers_are_settled(void **state)
{
    struct dtt_replay r = {0};
    const uint64_t far = 2 * DTT_REPLAY_KNOWN;
    (void)state;
    assert_true(dtt_replay_take(&r, at_s(0), 10, true));
    assert_true(dtt_replay_take(&r, at_s(1), 10 + far, true));
    /* One that was overtaken: whoever sees to equal ones vouches for it, for a while. */
    assert_true(dtt_replay_take(&r, at_s(2), 9, true));
    assert_false(dtt_replay_take(&r, at_s(2), 9, false));
    assert_true(dtt_replay_take(&r, at_s(31), 11 + far, true));
    assert_true(dtt_replay_take(&r, at_s(59), 8, true));
    assert_false(dtt_replay_take(&r, at_s(62), 8, true));
    assert_true(dtt_replay_take(&r, at_s(62), 12 + far, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_number_counts_once),
        cmocka_unit_test(a_leap_forgets_the_numbers_before),
        cmocka_unit_test(old_numbers_are_settled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
