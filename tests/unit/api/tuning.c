/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tracker/tuning.h"

#include <dtt/dtt.h>
#include <string.h>

static struct dtt_tuning tuning;
static char why[128];

static int set(const char *assignment)
{
    memset(why, 0, sizeof(why));
    tuning.size = sizeof(tuning);
    return dtt_tuning_set(&tuning, assignment, why, sizeof(why));
}

static void knobs_are_set_by_name(void **state)
{
    (void)state;
    struct dtt_tracker_tuning t;
    memset(&tuning, 0, sizeof(tuning));
    assert_int_equal(set("get_timeout=1.5s"), DTT_OK);
    assert_int_equal(tuning.get_timeout, 1500);
    assert_int_equal(set("get_timeout=250ms"), DTT_OK);
    assert_int_equal(tuning.get_timeout, 250);
    assert_int_equal(set("record_cap=off"), DTT_OK);
    assert_int_equal(set("put_retries=0"), DTT_OK);
    assert_int_equal(set("slot_copies=12"), DTT_OK);
    assert_int_equal(set("secret_slot=off"), DTT_OK);
    assert_int_equal(set("old_line_slot=on"), DTT_OK);
    assert_int_equal(dtt_tuning_check(&tuning, DTT_PRESET_DEFAULT, why, sizeof(why)), DTT_OK);
    dtt_tracker_tuning_make(&t, DTT_PRESET_DEFAULT, &tuning);
    assert_int_equal(t.get_timeout_ns, 250 * DTT_MS);
    assert_int_equal(t.record_cap, 0);
    assert_int_equal(t.put_retries, 0);
    assert_int_equal(t.slot_copies, 12);
    assert_false(t.secret_slot);
    assert_true(t.old_line_slot);
    assert_int_equal(t.put_timeout_ns, 20000 * DTT_MS); /* the preset's */
}

static void what_a_knob_cannot_be_is_said(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "nothing=1",
                                      "get_timeout",
                                      "get_timeout=",
                                      "get_timeout=off",
                                      "get_timeout=5",
                                      "get_timeout=1h",
                                      "get_timeout=99999999s",
                                      "get_timeout=99ms",
                                      "get_timeout=-1s",
                                      "get_timeout=0.5ms",
                                      "get_timeout=1 s",
                                      "record_cap=1001",
                                      "record_cap=x",
                                      "record_cap=1.5",
                                      "slot_width=33",
                                      "slot_width=off",
                                      "secret_slot=1",
                                      "secret_slot=maybe",
                                      "record_cap=99999999999999999999"};
    memset(&tuning, 0, sizeof(tuning));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct dtt_tuning before = tuning;
        before.size = sizeof(before);
        assert_int_equal(set(bad[i]), DTT_EINVAL);
        assert_true(strlen(why) > 10);
        assert_memory_equal(&tuning, &before, sizeof(before));
    }
    assert_int_equal(set("get_timeout=5"), DTT_EINVAL);
    assert_string_equal(why,
                        "get_timeout must be a time from 100 ms to 86400 s, as 1500ms or 1.5s");
    assert_int_equal(set("record_cap=x"), DTT_EINVAL);
    assert_string_equal(why, "record_cap must be a whole number from 1 to 1000 or off");
    assert_int_equal(dtt_tuning_set(&tuning, "x=1", NULL, 0), DTT_EINVAL);
}

static void knobs_that_do_not_fit_together_are_refused(void **state)
{
    (void)state;
    memset(&tuning, 0, sizeof(tuning));
    assert_int_equal(set("no_record_wait=6s"), DTT_OK);
    assert_int_equal(dtt_tuning_check(&tuning, DTT_PRESET_DEFAULT, why, sizeof(why)), DTT_EINVAL);
    assert_string_equal(why, "no_record_wait_max must not be less than no_record_wait");
    tuning.no_record_wait = 0;
    tuning.slot_width = 3;
    assert_int_equal(dtt_tuning_check(&tuning, DTT_PRESET_DEFAULT, why, sizeof(why)), DTT_EINVAL);
    assert_string_equal(why, "slot_copies must not be more than slot_width");
    tuning.slot_width = -7;
    assert_int_equal(dtt_tuning_check(&tuning, DTT_PRESET_DEFAULT, NULL, 0), DTT_EINVAL);
    tuning.slot_width = 0;
    tuning.publish_base = DTT_OFF; /* without a pause the DHT would be flooded */
    assert_int_equal(dtt_tuning_check(&tuning, DTT_PRESET_DEFAULT, NULL, 0), DTT_OK);
    tuning.publish_jitter = 900;
    assert_int_equal(dtt_tuning_check(&tuning, DTT_PRESET_DEFAULT, why, sizeof(why)), DTT_EINVAL);
    assert_string_equal(why, "publish_base and publish_jitter together must be 1 s at least");
    tuning.publish_base = tuning.publish_jitter = 0;
    assert_int_equal(dtt_tuning_check(&tuning, 3, NULL, 0), DTT_EINVAL);
    assert_int_equal(dtt_tuning_check(&tuning, DTT_PRESET_SEED, NULL, 0), DTT_OK);
}

static int check(const void *t, int preset)
{
    memset(why, 0, sizeof(why));
    return dtt_tuning_check(t, preset, why, sizeof(why));
}

/* What such a program lacks is the preset's; what it sets counts as ever. */
static void a_shorter_tuning_is_of_an_older_program(void **state)
{
    (void)state;
    memset(&tuning, 0, sizeof(tuning));
    tuning.size = offsetof(struct dtt_tuning, redial_lost);
    tuning.old_line_slot = 7; /* behind its end: not looked at */
    assert_int_equal(check(&tuning, DTT_PRESET_DEFAULT), DTT_OK);
    assert_int_equal(dtt_tuning_set(&tuning, "merge_settle=off", why, sizeof(why)), DTT_OK);
    assert_int_equal(tuning.merge_settle, DTT_OFF);
    assert_int_equal(dtt_tuning_set(&tuning, "redial_lost=1s", why, sizeof(why)), DTT_EINVAL);
    assert_int_equal(tuning.redial_lost, 0);
    assert_non_null(strstr(why, "has no knob 'redial_lost'"));
    tuning.slot_width = 3;
    assert_int_equal(check(&tuning, DTT_PRESET_DEFAULT), DTT_EINVAL);
    assert_string_equal(why, "slot_copies must not be more than slot_width");
}

static void a_longer_tuning_may_set_nothing_unknown(void **state)
{
    (void)state;
    struct {
        struct dtt_tuning known;
        int unknown[2];
    } newer = {.known = {.size = sizeof(newer)}};
    assert_int_equal(dtt_tuning_set(&newer.known, "put_retries=2", why, sizeof(why)), DTT_OK);
    assert_int_equal(newer.known.put_retries, 2);
    assert_int_equal(check(&newer, DTT_PRESET_DEFAULT), DTT_OK);
    newer.unknown[1] = 1;
    assert_int_equal(check(&newer, DTT_PRESET_DEFAULT), DTT_EINVAL);
    assert_string_equal(why, "a knob is set that this version of the library does not have");
}

static void every_refusal_is_explained(void **state)
{
    (void)state;
    const struct dtt_tuning unsized = {0};
    const struct dtt_tuning sized = {.size = sizeof(sized)};
    assert_int_equal(check(NULL, DTT_PRESET_DEFAULT), DTT_EINVAL);
    assert_string_equal(why, "the size of the tuning is not set");
    assert_int_equal(check(&unsized, DTT_PRESET_DEFAULT), DTT_EINVAL);
    assert_string_equal(why, "the size of the tuning is not set");
    assert_int_equal(check(&sized, -1), DTT_EINVAL);
    assert_string_equal(why, "there is no preset -1");
    assert_int_equal(dtt_tuning_set(NULL, "put_retries=2", why, sizeof(why)), DTT_EINVAL);
    assert_string_equal(why, "there is no tuning or no knob to set");
    assert_int_equal(dtt_tuning_set(&tuning, NULL, why, sizeof(why)), DTT_EINVAL);
    tuning = unsized;
    assert_int_equal(dtt_tuning_set(&tuning, "put_retries=2", why, sizeof(why)), DTT_EINVAL);
    assert_string_equal(why, "a tuning of 0 bytes has no knob 'put_retries'");
}

static void each_knob_is_told_and_its_presets_are_in_range(void **state)
{
    (void)state;
    struct dtt_knob k = {.size = sizeof(k)};
    size_t n = 0;
    while (dtt_tuning_knob(n, &k) > 0) {
        assert_true(k.min <= k.max && strlen(k.help) > 10);
        for (int p = DTT_PRESET_DEFAULT; p <= DTT_PRESET_RUST_0_3; p++) {
            assert_in_range(dtt_knob_preset(n, p), (unsigned)k.min, (unsigned)k.max);
        }
        assert_int_equal(dtt_knob_preset(n, DTT_PRESET_RUST_0_3 + 1), DTT_EINVAL);
        assert_int_equal(dtt_knob_preset(n, -1), DTT_EINVAL);
        n++;
    }
    assert_int_equal(dtt_knob_preset(n, 0), DTT_EINVAL);
    k.size = 0;
    assert_int_equal(dtt_tuning_knob(0, &k), DTT_EINVAL);
    assert_int_equal(n, (sizeof(struct dtt_tuning) - sizeof(size_t)) / sizeof(int));
    for (int p = DTT_PRESET_DEFAULT; p <= DTT_PRESET_RUST_0_3; p++) {
        struct dtt_tuning none = {.size = sizeof(none)};
        assert_int_equal(dtt_tuning_check(&none, p, NULL, 0), DTT_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knobs_are_set_by_name),
        cmocka_unit_test(what_a_knob_cannot_be_is_said),
        cmocka_unit_test(knobs_that_do_not_fit_together_are_refused),
        cmocka_unit_test(a_shorter_tuning_is_of_an_older_program),
        cmocka_unit_test(a_longer_tuning_may_set_nothing_unknown),
        cmocka_unit_test(every_refusal_is_explained),
        cmocka_unit_test(each_knob_is_told_and_its_presets_are_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
