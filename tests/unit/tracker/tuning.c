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
    uint64_t redial, recall;
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
    dtt_tracker_tuning_make(&t, preset, NULL);
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
    assert_ms(t.recall_time_ns, f->recall);
    assert_int_equal(t.recall_messages, 256);
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
        .recall = 120000,
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seed_has_the_figures_of_0_1),
        cmocka_unit_test(rust_has_the_figures_of_0_3_5),
        cmocka_unit_test(default_has_the_documented_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
