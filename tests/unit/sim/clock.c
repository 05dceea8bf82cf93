/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/clock.h"

#include "support/vectors.h"

#define EPOCH ((int64_t)(1740000000 * DTT_S))
#define HOUR (3600 * DTT_S)

static void an_exact_clock(void **state)
{
    const struct dtt_sim_clock c = {0};
    (void)state;
    struct dtt_now a = dtt_sim_clock_now(&c, EPOCH, 0);
    struct dtt_now b = dtt_sim_clock_now(&c, EPOCH, HOUR);
    assert_true(a.mono_ns > 0);
    assert_int_equal(a.wall_ns, EPOCH);
    assert_int_equal(b.mono_ns - a.mono_ns, HOUR);
    assert_int_equal(b.wall_ns - a.wall_ns, HOUR);
}

static void drift_and_offset(void **state)
{
    const struct dtt_sim_clock fast = {.drift_ppm = 100, .offset_ns = 5 * (int64_t)DTT_S};
    const struct dtt_sim_clock slow = {.drift_ppm = -100, .offset_ns = -90 * (int64_t)DTT_S};
    (void)state;
    struct dtt_now a = dtt_sim_clock_now(&fast, EPOCH, HOUR);
    struct dtt_now b = dtt_sim_clock_now(&slow, EPOCH, HOUR);
    assert_int_equal(a.wall_ns, EPOCH + (int64_t)(HOUR + 360 * DTT_MS + 5 * DTT_S));
    assert_int_equal(b.wall_ns, EPOCH + (int64_t)(HOUR - 360 * DTT_MS - 90 * DTT_S));
}

/* The world wakes a host at the first instant at which its deadline has come, not a moment off. */
static void when_is_the_first_instant(void **state)
{
    (void)state;
    for (int64_t ppm = -500; ppm <= 500; ppm += 25) {
        const struct dtt_sim_clock c = {.drift_ppm = ppm};
        for (uint64_t t = 1; t < 20 * HOUR; t = 3 * t + 7) {
            uint64_t mono = dtt_sim_clock_now(&c, EPOCH, t).mono_ns;
            uint64_t when = dtt_sim_clock_when(&c, mono);
            assert_true(when <= t);
            assert_true(dtt_sim_clock_now(&c, EPOCH, when).mono_ns >= mono);
            assert_true(when == 0 || dtt_sim_clock_now(&c, EPOCH, when - 1).mono_ns < mono);
        }
    }
    const struct dtt_sim_clock c = {0};
    assert_int_equal(dtt_sim_clock_when(&c, DTT_NEVER), DTT_NEVER);
    assert_int_equal(dtt_sim_clock_when(&c, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_exact_clock),
        cmocka_unit_test(drift_and_offset),
        cmocka_unit_test(when_is_the_first_instant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
