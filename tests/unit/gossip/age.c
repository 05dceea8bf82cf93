/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "gossip/age.h"

static void fine_ages_are_milliseconds(void **state)
{
    (void)state;
    assert_int_equal(dtt_gossip_age_round(0), 0x8000);
    assert_int_equal(dtt_gossip_age_round(1), 0x8001);
    assert_int_equal(dtt_gossip_age_round(30 * DTT_S), 0x8000 | 30000);
    assert_int_equal(dtt_gossip_age_round(30720 * DTT_MS), 0x8000 | 30720);
    assert_true(dtt_gossip_age_of_round(0x8000 | 30000) == 30 * DTT_S);
}

static void long_ones_are_coarser(void **state)
{
    (void)state;
    assert_int_equal(dtt_gossip_age_round(30720 * DTT_MS + 1), 0x8000 | 30721);
    assert_int_equal(dtt_gossip_age_round(30976 * DTT_MS), 0x8000 | 30721);
    assert_int_equal(dtt_gossip_age_round(120 * DTT_S), 0x8000 | 31069);
    assert_true(dtt_gossip_age_of_round(0x8000 | 31069) == 120064 * DTT_MS);
    assert_int_equal(dtt_gossip_age_round(UINT64_MAX - DTT_S), 0xffff);
    assert_true(dtt_gossip_age_of_round(0xffff) >= DTT_GOSSIP_WINDOW_MAX_NS);
}

/* Never younger, and what was rounded stays. */
static void ages_are_rounded_up(void **state)
{
    (void)state;
    for (uint64_t age_ns = 0; age_ns <= DTT_GOSSIP_WINDOW_MAX_NS; age_ns += 77 * DTT_MS + 13) {
        uint16_t round = dtt_gossip_age_round(age_ns);
        uint64_t read_ns = dtt_gossip_age_of_round(round);
        assert_true(dtt_gossip_is_catch_up(round));
        assert_true(read_ns >= age_ns && read_ns < age_ns + 256 * DTT_MS);
        assert_int_equal(dtt_gossip_age_round(read_ns), round);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fine_ages_are_milliseconds),
        cmocka_unit_test(long_ones_are_coarser),
        cmocka_unit_test(ages_are_rounded_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
