/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/tracker.h"

#include <dtt/dtt.h>

/* The first Rust version, 0.1.1. */
static const struct dtt_tracker_tuning seed = {
    .record_cap = 10,
    .get_timeout_ns = 10 * DTT_S,
    .put_timeout_ns = 10 * DTT_S,
    .put_retries = 2,
    .put_retry_base_ns = 0,
    .put_retry_jitter_ns = 2 * DTT_S,
    .no_record_wait_ns = 100 * DTT_MS,
    .no_record_wait_max_ns = 100 * DTT_MS,
    .dial_pace_ns = 100 * DTT_MS,
    .join_wait_ns = 500 * DTT_MS,
    .retry_wait_ns = 100 * DTT_MS,
    .publish_on_start = false,
    .publish_first_ns = 0,
    .publish_base_ns = 0,
    .publish_jitter_ns = 60 * DTT_S,
    .publish_fail_min_ns = 1 * DTT_S,
    .publish_fail_max_ns = 60 * DTT_S,
    .merge_below = 4,
    .merge_dials = 30,
    .merge_settle = false,
    .merge_first_ns = 0,
    .merge_base_ns = 0,
    .merge_jitter_ns = 60 * DTT_S,
};

/* distributed-topic-tracker 0.3.5 with its default configuration. */
static const struct dtt_tracker_tuning rust_0_3 = {
    .record_cap = 5,
    .get_timeout_ns = 10 * DTT_S,
    .put_timeout_ns = 10 * DTT_S,
    .put_retries = 3,
    .put_retry_base_ns = 5 * DTT_S,
    .put_retry_jitter_ns = 10 * DTT_S,
    .no_record_wait_ns = 1500 * DTT_MS,
    .no_record_wait_max_ns = 1500 * DTT_MS,
    .dial_pace_ns = 100 * DTT_MS,
    .join_wait_ns = 500 * DTT_MS,
    .retry_wait_ns = 2 * DTT_S,
    .publish_on_start = true,
    .publish_first_ns = 10 * DTT_S,
    .publish_base_ns = 10 * DTT_S,
    .publish_jitter_ns = 50 * DTT_S,
    .publish_fail_min_ns = 0,
    .publish_fail_max_ns = 0,
    .merge_below = 4,
    .merge_dials = 2,
    .merge_settle = false,
    .merge_first_ns = 30 * DTT_S,
    .merge_base_ns = 60 * DTT_S,
    .merge_jitter_ns = 120 * DTT_S,
};

/* First seconds as short as the slots allow, afterwards gentler on the DHT than either. */
static const struct dtt_tracker_tuning best = {
    .record_cap = 5,
    .get_timeout_ns = 10 * DTT_S,
    .put_timeout_ns = 20 * DTT_S,
    .put_retries = 3,
    .put_retry_base_ns = 2 * DTT_S,
    .put_retry_jitter_ns = 3 * DTT_S,
    .no_record_wait_ns = 500 * DTT_MS,
    .no_record_wait_max_ns = 5 * DTT_S,
    .dial_pace_ns = 100 * DTT_MS,
    .join_wait_ns = 500 * DTT_MS,
    .retry_wait_ns = 500 * DTT_MS,
    .publish_on_start = true,
    .publish_first_ns = 2 * DTT_S,
    .publish_base_ns = 20 * DTT_S,
    .publish_jitter_ns = 40 * DTT_S,
    .publish_fail_min_ns = 2 * DTT_S,
    .publish_fail_max_ns = 60 * DTT_S,
    .merge_below = 4,
    .merge_dials = 2,
    .merge_settle = true,
    .merge_first_ns = 30 * DTT_S,
    .merge_base_ns = 45 * DTT_S,
    .merge_jitter_ns = 45 * DTT_S,
    .secret_slot = true,
};

void dtt_tracker_preset(struct dtt_tracker_tuning *ret, int preset)
{
    *ret = preset == DTT_PRESET_SEED ? seed : preset == DTT_PRESET_RUST_0_3 ? rust_0_3 : best;
}

static void tune_bool(bool *knob, int value)
{
    if (value != 0) {
        *knob = value != DTT_OFF;
    }
}

void dtt_tracker_tune(struct dtt_tracker_tuning *ret, int preset, const struct dtt_tuning *tuning)
{
    dtt_tracker_preset(ret, preset);
    if (tuning) {
        tune_bool(&ret->secret_slot, tuning->secret_slot);
        tune_bool(&ret->old_line_slot, tuning->old_line_slot);
    }
}
