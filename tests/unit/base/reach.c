/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/reach.h"

#include "base/addr.h"
#include "support/vectors.h"

static size_t written(const struct dtt_reach *r, uint8_t ret[DTT_REACH_VALUE_MAX])
{
    struct dtt_writer w = dtt_writer(ret, DTT_REACH_VALUE_MAX);
    dtt_reach_write(&w, r);
    assert_false(w.failed);
    return w.len;
}

/* What is read: tests/vectors/extension.json. */
static void what_is_not_sound_is_not_written(void **state)
{
    uint8_t bytes[DTT_REACH_VALUE_MAX];
    struct dtt_reach r = {.is_told = 1, .kind = DTT_REACH_VARY, .step = 16};
    (void)state;
    assert_int_equal(written(&r, bytes), 0); /* no address */
    r.last = dtt_addr_v4(192, 0, 2, 1, 7);
    assert_int_equal(written(&r, bytes), DTT_REACH_VALUE_MAX);
    r.step = 17;
    assert_int_equal(written(&r, bytes), 0);
    r.step = -17;
    assert_int_equal(written(&r, bytes), 0);
    r.kind = DTT_REACH_OPEN;
    assert_int_equal(written(&r, bytes), 3);
    r.kind = DTT_REACH_VARY + 1;
    assert_int_equal(written(&r, bytes), 0);
    r.kind = -1;
    assert_int_equal(written(&r, bytes), 0);
    r = (struct dtt_reach){.kind = DTT_REACH_CONE};
    assert_int_equal(written(&r, bytes), 0); /* not told */
}

static void a_long_age_saturates(void **state)
{
    uint8_t bytes[DTT_REACH_VALUE_MAX];
    struct dtt_reach r = {.is_told = 1, .kind = DTT_REACH_CONE, .age_s = 65536};
    (void)state;
    assert_int_equal(written(&r, bytes), 3);
    assert_int_equal(dtt_reach_read(dtt_slice(bytes, 3), &r), DTT_OK);
    assert_int_equal(r.age_s, 65535);
}

static void the_instant_of_joining_does_not_move(void **state)
{
    struct dtt_reach r = {.is_told = 1, .age_s = 10};
    (void)state;
    assert_int_equal(dtt_reach_joined_s(&r, 100), 90);
    r.age_s = 70;
    assert_int_equal(dtt_reach_joined_s(&r, 160), 90);
    assert_int_equal(dtt_reach_joined_s(&r, 0), 0);
    assert_int_equal(dtt_reach_joined_s(&r, 60), 0);
    r.is_told = 0;
    assert_int_equal(dtt_reach_joined_s(&r, 160), 0);
}

static void each_class_has_a_name(void **state)
{
    (void)state;
    assert_string_equal(dtt_reach_name(DTT_REACH_UNKNOWN), "unknown");
    assert_string_equal(dtt_reach_name(DTT_REACH_OPEN), "open");
    assert_string_equal(dtt_reach_name(DTT_REACH_CONE), "cone");
    assert_string_equal(dtt_reach_name(DTT_REACH_VARY), "vary");
    assert_string_equal(dtt_reach_name(99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_not_sound_is_not_written),
        cmocka_unit_test(a_long_age_saturates),
        cmocka_unit_test(the_instant_of_joining_does_not_move),
        cmocka_unit_test(each_class_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
