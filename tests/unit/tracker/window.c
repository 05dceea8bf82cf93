/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"
#include "tracker/window.h"

static void hash_of(uint8_t ret[32], unsigned n)
{
    memset(ret, 0, 32);
    dtt_put_le32(ret, n + 1);
}

static void add(struct dtt_window *w, uint64_t s, unsigned n)
{
    uint8_t h[32];
    hash_of(h, n);
    dtt_window_add(w, s * DTT_S, h);
}

static bool has(const struct dtt_window *w, unsigned n)
{
    uint8_t h[32];
    hash_of(h, n);
    return dtt_window_has(w, h);
}

static void newest_five_come_oldest_first(void **state)
{
    (void)state;
    struct dtt_window w = {0};
    uint8_t got[DTT_RECORD_HASHES][32];
    uint8_t want[32];
    assert_int_equal(dtt_window_newest(&w, got), 0);
    add(&w, 1, 0);
    assert_int_equal(dtt_window_newest(&w, got), 1);
    for (unsigned i = 1; i < 9; i++) {
        add(&w, 1, i);
    }
    assert_int_equal(dtt_window_newest(&w, got), 5);
    for (unsigned i = 0; i < 5; i++) {
        hash_of(want, 4 + i);
        assert_memory_equal(got[i], want, 32);
    }
    assert_true(has(&w, 0));
    assert_false(has(&w, 9));
}

static void a_full_window_drops_its_oldest(void **state)
{
    (void)state;
    struct dtt_window w = {0};
    for (unsigned i = 0; i < DTT_WINDOW_MAX + 3; i++) {
        add(&w, 1, i);
    }
    assert_int_equal(w.count, DTT_WINDOW_MAX);
    assert_false(has(&w, 2));
    assert_true(has(&w, 3));
    assert_true(has(&w, DTT_WINDOW_MAX + 2));
}

static void old_hashes_expire_but_not_the_advertised_ones(void **state)
{
    (void)state;
    struct dtt_window w = {0};
    for (unsigned i = 0; i < 10; i++) {
        add(&w, i, i);
    }
    dtt_window_expire(&w, 182 * DTT_S);
    assert_false(has(&w, 1));
    assert_true(has(&w, 2));
    dtt_window_expire(&w, 100000 * DTT_S);
    assert_int_equal(w.count, DTT_RECORD_HASHES);
    assert_false(has(&w, 4));
    assert_true(has(&w, 5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_five_come_oldest_first),
        cmocka_unit_test(a_full_window_drops_its_oldest),
        cmocka_unit_test(old_hashes_expire_but_not_the_advertised_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
