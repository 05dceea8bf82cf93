/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/spares.h"

#include "support/vectors.h"

static struct dtt_spares s;

static int begin(void **state)
{
    (void)state;
    memset(&s, 0, sizeof(s));
    return 0;
}

static void open_some(size_t n)
{
    struct dtt_socket_wish wish;
    struct dtt_addr bound[DTT_SPARES_MAX];
    assert_true(dtt_spares_want(&s, n));
    assert_true(dtt_spares_next(&s, &wish));
    assert_int_equal(wish.n_open, n);
    assert_false(dtt_spares_next(&s, &wish));
    for (size_t i = 0; i < n; i++) {
        bound[i] = dtt_addr_v4(0, 0, 0, 0, (uint16_t)(1000 + i));
    }
    dtt_spares_opened(&s, bound, n);
}

static size_t close_all_wished(void)
{
    struct dtt_socket_wish wish;
    size_t n = 0;
    while (dtt_spares_next(&s, &wish)) {
        assert_int_equal(wish.n_open, 0);
        assert_null(dtt_spares_find(&s, &wish.close));
        n++;
    }
    return n;
}

static void the_winner_stays_for_life(void **state)
{
    struct dtt_addr to = dtt_addr_v4(192, 168, 1, 10, 1003);
    (void)state;
    open_some(10);
    assert_int_equal(close_all_wished(), 0);
    struct dtt_spare *winner = dtt_spares_find(&s, &to);
    assert_non_null(winner);
    winner->conn = 77;
    dtt_spares_release(&s);
    assert_int_equal(close_all_wished(), 9);
    assert_int_equal(dtt_spares_find(&s, &to)->conn, 77);
    dtt_spares_ended(&s, 76);
    assert_int_equal(close_all_wished(), 0);
    dtt_spares_ended(&s, 77);
    assert_int_equal(close_all_wished(), 1);
    assert_null(dtt_spares_find(&s, &to));
}

static void each_has_its_turn(void **state)
{
    unsigned seen = 0;
    (void)state;
    assert_null(dtt_spares_turn(&s));
    open_some(4);
    s.list[2].conn = 5;
    for (int i = 0; i < 3; i++) {
        seen |= 1u << (dtt_spares_turn(&s)->bound.port - 1000);
    }
    assert_int_equal(seen, 0xb);
}

static void there_are_never_more_than_allowed(void **state)
{
    (void)state;
    for (uint16_t i = 0; i < DTT_SPARES_USED; i++) {
        struct dtt_addr bound = dtt_addr_v4(0, 0, 0, 0, i + 1);
        dtt_spares_opened(&s, &bound, 1);
        assert_false(dtt_spares_want(&s, 1)); /* one is idle */
        s.list[i].conn = i + 1;
    }
    assert_false(dtt_spares_want(&s, DTT_SPARES_MAX));
    dtt_spares_ended(&s, 3);
    assert_int_equal(close_all_wished(), 1);
    open_some(DTT_SPARES_MAX);
    assert_false(dtt_spares_want(&s, 1));
    assert_int_equal(s.n, DTT_SPARES_MAX + DTT_SPARES_USED - 1);
}

static void what_is_not_wanted_any_more_is_not_opened(void **state)
{
    struct dtt_socket_wish wish;
    (void)state;
    assert_true(dtt_spares_want(&s, 5));
    dtt_spares_release(&s);
    assert_false(dtt_spares_next(&s, &wish));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_winner_stays_for_life, begin),
        cmocka_unit_test_setup(each_has_its_turn, begin),
        cmocka_unit_test_setup(there_are_never_more_than_allowed, begin),
        cmocka_unit_test_setup(what_is_not_wanted_any_more_is_not_opened, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
