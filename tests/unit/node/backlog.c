/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/backlog.h"

#include "support/vectors.h"

#define KIB 1024

static struct dtt_backlog b;
static struct dtt_now now;

static int setup(void **state)
{
    (void)state;
    b = (struct dtt_backlog){0};
    now = (struct dtt_now){.mono_ns = DTT_S};
    return 0;
}

/* A second later `waiting` bytes are left. */
static void look(size_t waiting)
{
    now.mono_ns += DTT_BACKLOG_LOOK_NS;
    dtt_backlog_look(&b, now, waiting);
}

static void a_fast_peer_may_have_much_to_take(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++) {
        for (int k = 0; k < 100; k++) {
            if (dtt_backlog_add(&b, now, 10 * KIB)) {
                dtt_backlog_count(&b, now, 130 * KIB); /* the rest is acknowledged */
            }
        }
        look(120 * KIB);
        assert_int_equal(b.slow_ns, 0);
    }
}

static void bytes_that_wait_for_a_look_make_a_peer_slow(void **state)
{
    (void)state;
    assert_false(dtt_backlog_add(&b, now, 80 * KIB));
    look(80 * KIB);
    assert_int_equal(b.slow_ns, 0);
    dtt_backlog_add(&b, now, 64 * KIB); /* and all else was acknowledged */
    look(65 * KIB);
    assert_int_equal(b.slow_ns, 0);
    look(65 * KIB);
    assert_int_equal(b.slow_ns, now.mono_ns);
    now.mono_ns += DTT_BACKLOG_LATE_NS - 1;
    assert_false(dtt_backlog_is_late(&b, now));
    now.mono_ns += 1;
    assert_true(dtt_backlog_is_late(&b, now));
    look(16 * KIB);
    assert_true(b.slow_ns != 0);
    look(16 * KIB - 1);
    assert_int_equal(b.slow_ns, 0);
    assert_false(dtt_backlog_is_late(&b, now));
}

static void a_peer_is_slow_at_once(void **state)
{
    (void)state;
    assert_false(dtt_backlog_add(&b, now, 90 * KIB));
    look(90 * KIB);
    assert_false(dtt_backlog_add(&b, now, 102 * KIB));
    assert_true(dtt_backlog_add(&b, now, 1));
    dtt_backlog_count(&b, now, 192 * KIB);
    assert_int_equal(b.slow_ns, 0);
    now.mono_ns += 5;
    dtt_backlog_count(&b, now, 192 * KIB + 1);
    assert_int_equal(b.slow_ns, now.mono_ns);
    assert_false(dtt_backlog_add(&b, now, 1)); /* it is known */
}

static void a_peer_that_takes_nothing_is_stalled(void **state)
{
    (void)state;
    now.mono_ns += 3600 * DTT_S; /* nothing to take for an hour is no stall */
    dtt_backlog_add(&b, now, 5000);
    for (int i = 0; i < 4; i++) {
        look(5000);
        assert_false(dtt_backlog_is_stalled(&b, now, true));
    }
    look(5000);
    assert_true(dtt_backlog_is_stalled(&b, now, true));
    assert_false(dtt_backlog_is_stalled(&b, now, false));
    dtt_backlog_add(&b, now, 1000);
    look(5999);
    assert_false(dtt_backlog_is_stalled(&b, now, true));
    now.mono_ns += DTT_BACKLOG_DEAF_NS;
    assert_true(dtt_backlog_is_stalled(&b, now, false));
    look(0);
    now.mono_ns += 3600 * DTT_S;
    assert_false(dtt_backlog_is_stalled(&b, now, true));
}

static void a_peer_that_acknowledges_nothing_is_silent(void **state)
{
    (void)state;
    look(0);
    now.mono_ns += 3600 * DTT_S;
    dtt_backlog_add(&b, now, 500);
    now.mono_ns += DTT_BACKLOG_LOOK_NS / 2;
    dtt_backlog_look(&b, now, 500);
    assert_false(b.is_silent);
    look(500);
    assert_true(b.is_silent);
    dtt_backlog_add(&b, now, 100);
    look(599);
    assert_false(b.is_silent);
    look(599);
    assert_true(b.is_silent);
    look(0);
    assert_false(b.is_silent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_fast_peer_may_have_much_to_take, setup),
        cmocka_unit_test_setup(bytes_that_wait_for_a_look_make_a_peer_slow, setup),
        cmocka_unit_test_setup(a_peer_is_slow_at_once, setup),
        cmocka_unit_test_setup(a_peer_that_takes_nothing_is_stalled, setup),
        cmocka_unit_test_setup(a_peer_that_acknowledges_nothing_is_silent, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
