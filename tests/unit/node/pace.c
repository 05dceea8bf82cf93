/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "node/pace.h"

static struct dtt_pace pace;
static struct dtt_now now;

static int setup(void **state)
{
    (void)state;
    pace = (struct dtt_pace){0};
    now = (struct dtt_now){.mono_ns = 1000 * DTT_S};
    return 0;
}

static bool may_say(size_t all, size_t ready, size_t left)
{
    return dtt_pace_may_say(&pace, now,
                            &(struct dtt_pace_neighbors){.all = all, .ready = ready, .left = left});
}

/* How long nothing can be said while half of two are ready, asked each millisecond; 0: it can. */
static uint64_t waits_ns(void)
{
    uint64_t start_ns = now.mono_ns;
    while (!may_say(2, 1, 0)) {
        now.mono_ns += DTT_MS;
    }
    return now.mono_ns - start_ns;
}

static void those_that_are_ready_are_not_kept_waiting(void **state)
{
    (void)state;
    assert_true(may_say(1, 1, 0));
    assert_true(may_say(5, 5, 0));
    assert_false(may_say(0, 0, 0));
    now.mono_ns += 100 * DTT_S;
    assert_false(may_say(1, 0, 0)); /* the only one, for ever */
    now.mono_ns += 100 * DTT_S;
    assert_false(may_say(1, 0, 0));
    assert_false(may_say(1, 0, 1));
    assert_false(may_say(4, 1, 3));
    assert_true(may_say(4, 2, 2)); /* nobody waits for the other two */
    assert_int_equal(pace.waited_ns, 0);
}

static void patience_ends(void **state)
{
    (void)state;
    assert_false(may_say(2, 1, 0));
    assert_true(may_say(2, 2, 0)); /* it was quick */
    assert_int_equal(waits_ns(), DTT_PACE_PATIENCE_NS);
    for (int i = 0; i < 9999; i++) { /* and stays away until half of it is back */
        now.mono_ns += DTT_MS;
        assert_int_equal(waits_ns(), 0);
    }
    now.mono_ns += DTT_MS;
    assert_int_equal(waits_ns(), DTT_PACE_PATIENCE_NS / 2);
}

/* However the slow ones take turns, over long a fifth of the time is waited. */
static void waiting_is_a_fifth_of_the_time(void **state)
{
    uint64_t start_ns = now.mono_ns;
    uint64_t waited_ns = 0;
    (void)state;
    while (now.mono_ns - start_ns < 1000 * DTT_S) {
        waited_ns += waits_ns();
        now.mono_ns += DTT_MS;
    }
    assert_in_range(waited_ns, 195 * DTT_S, 205 * DTT_S);
}

/* Time that passes while all are ready, or nothing is to be said, brings it back. */
static void rest_brings_it_back(void **state)
{
    (void)state;
    assert_int_equal(waits_ns(), DTT_PACE_PATIENCE_NS);
    now.mono_ns += DTT_PACE_REST * DTT_PACE_PATIENCE_NS;
    assert_int_equal(waits_ns(), DTT_PACE_PATIENCE_NS);
    now.mono_ns += 1000 * DTT_PACE_PATIENCE_NS;
    assert_int_equal(waits_ns(), DTT_PACE_PATIENCE_NS); /* and no more */
}

#define T(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(those_that_are_ready_are_not_kept_waiting),
        T(patience_ends),
        T(waiting_is_a_fifth_of_the_time),
        T(rest_brings_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
