/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/shares.h"

#include "support/vectors.h"

#define N(array) (sizeof(array) / sizeof(array[0]))

static void the_lowest_rank_goes(void **state)
{
    struct dtt_place places[] = {{.rank = 3, .host = 1, .network = 1, .used_ns = 1},
                                 {.rank = 3, .host = 1, .network = 1, .used_ns = 2},
                                 {.rank = 2, .host = 2, .network = 2, .used_ns = 9},
                                 {.rank = 1, .host = 3, .network = 3, .used_ns = 9},
                                 {.rank = 0, .host = 4, .network = 4, .used_ns = 9}};
    (void)state;
    for (size_t n = N(places); n > 1; n--) {
        assert_int_equal(dtt_shares_victim(places, n), n == 2 ? 0 : n - 1);
    }
}

static void in_a_rank_the_largest_source_goes(void **state)
{
    struct dtt_place places[] = {{.host = 1, .network = 1, .used_ns = 1},
                                 {.host = 2, .network = 2, .used_ns = 5},
                                 {.host = 2, .network = 2, .used_ns = 4},
                                 {.host = 3, .network = 3, .used_ns = 3, .rank = 2},
                                 {.host = 3, .network = 3, .used_ns = 2, .rank = 2},
                                 {.host = 3, .network = 3, .used_ns = 1, .rank = 2}};
    (void)state;
    assert_int_equal(dtt_shares_victim(places, N(places)), 2);
}

/* Many hosts of one network against two of a home, and two networks against one busy host. */
static void a_network_is_a_source_too(void **state)
{
    struct dtt_place places[12];
    (void)state;
    places[0] = (struct dtt_place){.host = 100, .network = 100, .used_ns = 1};
    places[1] = places[0];
    for (unsigned i = 2; i < N(places); i++) {
        places[i] = (struct dtt_place){.host = i, .network = 1, .used_ns = 100 - i};
    }
    assert_int_equal(dtt_shares_victim(places, N(places)), 11);
    places[2] = places[0];
    assert_int_equal(dtt_shares_victim(places, N(places)), 0);
}

static void among_equals_the_one_of_no_use_for_longest_goes(void **state)
{
    struct dtt_place places[] = {{.host = 1, .network = 1, .used_ns = 7},
                                 {.host = 2, .network = 2, .used_ns = 5},
                                 {.host = 3, .network = 3, .used_ns = 6}};
    (void)state;
    assert_int_equal(dtt_shares_victim(places, N(places)), 1);
    assert_int_equal(dtt_shares_victim(places, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lowest_rank_goes),
        cmocka_unit_test(in_a_rank_the_largest_source_goes),
        cmocka_unit_test(a_network_is_a_source_too),
        cmocka_unit_test(among_equals_the_one_of_no_use_for_longest_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
