/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tracker/tracker.h"

#include <dtt/dtt.h>

/* The documented figures in milliseconds, apart from counts. */
struct figures {
    uint32_t cap, put_retries, width, copies, swarm_records, merge_below, merge_dials;
    uint64_t get, put, retry_base, retry_jitter, no_record, no_record_max, pace, join, retry;
    uint64_t redial;
    bool on_start, settle, secret;
    uint64_t pub_first, pub_base, pub_jitter, fail_min, fail_max;
    uint64_t merge_first, merge_base, merge_jitter;
};

static void assert_ms(uint64_t ns, uint64_t ms)
{
    assert_int_equal(ns, ms * DTT_MS);
}

static void assert_figures(int preset, const struct figures *f)
{
    struct dtt_tracker_tuning t;
    dtt_tracker_preset(&t, preset);
    assert_int_equal(t.record_cap, f->cap);
    assert_int_equal(t.put_retries, f->put_retries);
    assert_int_equal(t.slot_width, f->width);
    assert_int_equal(t.slot_copies, f->copies);
    assert_int_equal(t.swarm_records, f->swarm_records);
    assert_int_equal(t.bubble_below, f->merge_below);
    assert_int_equal(t.bubble_dials, f->merge_dials);
    assert_int_equal(t.overlap_dials, f->merge_dials);
    assert_true(t.publish);
    assert_int_equal(t.secret_slot, f->secret);
    assert_false(t.old_line_slot);
    assert_false(t.older_first);
    assert_ms(t.dial_timeout_ns, 30000);
    assert_ms(t.redial_lost_ns, f->redial);
    assert_ms(t.get_timeout_ns, f->get);
    assert_ms(t.put_timeout_ns, f->put);
    assert_ms(t.put_retry_base_ns, f->retry_base);
    assert_ms(t.put_retry_jitter_ns, f->retry_jitter);
    assert_ms(t.no_record_wait_ns, f->no_record);
    assert_ms(t.no_record_wait_max_ns, f->no_record_max);
    assert_ms(t.dial_pace_ns, f->pace);
    assert_ms(t.join_wait_ns, f->join);
    assert_ms(t.retry_wait_ns, f->retry);
    assert_int_equal(t.publish_on_start, f->on_start);
    assert_int_equal(t.merge_settle, f->settle);
    assert_ms(t.publish_first_ns, f->pub_first);
    assert_ms(t.publish_base_ns, f->pub_base);
    assert_ms(t.publish_jitter_ns, f->pub_jitter);
    assert_ms(t.publish_fail_min_ns, f->fail_min);
    assert_ms(t.publish_fail_max_ns, f->fail_max);
    assert_ms(t.bubble_first_ns, f->merge_first);
    assert_ms(t.bubble_base_ns, f->merge_base);
    assert_ms(t.bubble_jitter_ns, f->merge_jitter);
    assert_ms(t.overlap_first_ns, f->merge_first);
    assert_ms(t.overlap_base_ns, f->merge_base);
    assert_ms(t.overlap_jitter_ns, f->merge_jitter);
}

static void seed_has_the_figures_of_0_1(void **state)
{
    (void)state;
    const struct figures f = {
        .cap = 10,
        .width = 20,
        .copies = 20,
        .get = 10000,
        .put = 10000,
        .put_retries = 2,
        .retry_base = 0,
        .retry_jitter = 2000,
        .no_record = 100,
        .no_record_max = 100,
        .pace = 100,
        .join = 500,
        .retry = 100,
        .on_start = false,
        .pub_first = 0,
        .pub_base = 0,
        .pub_jitter = 60000,
        .fail_min = 1000,
        .fail_max = 60000,
        .merge_below = 4,
        .merge_dials = 30,
        .settle = false,
        .merge_first = 0,
        .merge_base = 0,
        .merge_jitter = 60000,
    };
    assert_figures(DTT_PRESET_SEED, &f);
}

static void rust_has_the_figures_of_0_3_5(void **state)
{
    (void)state;
    const struct figures f = {
        .cap = 5,
        .width = 20,
        .copies = 20,
        .get = 10000,
        .put = 10000,
        .put_retries = 3,
        .retry_base = 5000,
        .retry_jitter = 10000,
        .no_record = 1500,
        .no_record_max = 1500,
        .pace = 100,
        .join = 500,
        .retry = 2000,
        .on_start = true,
        .pub_first = 10000,
        .pub_base = 10000,
        .pub_jitter = 50000,
        .fail_min = 0,
        .fail_max = 0,
        .merge_below = 4,
        .merge_dials = 2,
        .settle = false,
        .merge_first = 30000,
        .merge_base = 60000,
        .merge_jitter = 120000,
    };
    assert_figures(DTT_PRESET_RUST_0_3, &f);
}

static void default_has_the_documented_figures(void **state)
{
    (void)state;
    const struct figures f = {
        .cap = 5,
        .width = 12,
        .copies = 4,
        .swarm_records = 5,
        .redial = 600000,
        .secret = true,
        .get = 10000,
        .put = 20000,
        .put_retries = 3,
        .retry_base = 2000,
        .retry_jitter = 3000,
        .no_record = 500,
        .no_record_max = 5000,
        .pace = 100,
        .join = 500,
        .retry = 500,
        .on_start = true,
        .pub_first = 2000,
        .pub_base = 20000,
        .pub_jitter = 40000,
        .fail_min = 2000,
        .fail_max = 60000,
        .merge_below = 4,
        .merge_dials = 2,
        .settle = true,
        .merge_first = 30000,
        .merge_base = 480000,
        .merge_jitter = 240000,
    };
    assert_figures(DTT_PRESET_DEFAULT, &f);
}

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
    dtt_tracker_tune(&t, DTT_PRESET_DEFAULT, &tuning);
    assert_ms(t.get_timeout_ns, 250);
    assert_int_equal(t.record_cap, 0);
    assert_int_equal(t.put_retries, 0);
    assert_int_equal(t.slot_copies, 12);
    assert_false(t.secret_slot);
    assert_true(t.old_line_slot);
    assert_ms(t.put_timeout_ns, 20000); /* the preset's */
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
    assert_int_equal(dtt_tuning_check(&tuning, 3, NULL, 0), DTT_EINVAL);
    assert_int_equal(dtt_tuning_check(&tuning, DTT_PRESET_SEED, NULL, 0), DTT_OK);
}

static void each_knob_is_told_and_its_presets_are_in_range(void **state)
{
    (void)state;
    struct dtt_knob k;
    size_t n = 0;
    while (dtt_tuning_knob(n, &k)) {
        assert_true(k.min <= k.max && strlen(k.help) > 10);
        for (unsigned p = 0; p < 3; p++) {
            assert_in_range(k.presets[p], (unsigned)k.min, (unsigned)k.max);
        }
        n++;
    }
    /* All fields but the size are knobs. */
    assert_int_equal(
        n, (offsetof(struct dtt_tuning, old_line_slot) - sizeof(size_t)) / sizeof(int) + 1);
    for (int p = DTT_PRESET_DEFAULT; p <= DTT_PRESET_RUST_0_3; p++) {
        struct dtt_tuning none = {.size = sizeof(none)};
        assert_int_equal(dtt_tuning_check(&none, p, NULL, 0), DTT_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seed_has_the_figures_of_0_1),
        cmocka_unit_test(rust_has_the_figures_of_0_3_5),
        cmocka_unit_test(default_has_the_documented_figures),
        cmocka_unit_test(knobs_are_set_by_name),
        cmocka_unit_test(what_a_knob_cannot_be_is_said),
        cmocka_unit_test(knobs_that_do_not_fit_together_are_refused),
        cmocka_unit_test(each_knob_is_told_and_its_presets_are_in_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
