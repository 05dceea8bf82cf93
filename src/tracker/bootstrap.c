/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/bootstrap.h"

#include <string.h>

/*
 * The wait between reads that found nobody grows by its first value up to STEEP times it, when
 * somebody else may be starting at this moment, then by a tenth of it, as alone may mean for days.
 */
#define STEEP 4
#define FLAT  10

static void read_slots(struct dtt_bootstrap *b)
{
    b->state = DTT_BOOTSTRAP_READING;
    b->wants_read = true;
    b->has_dialled = false;
    b->passes++;
}

void dtt_bootstrap_init(struct dtt_bootstrap *b, const struct dtt_tracker_tuning *tuning,
                        struct dtt_rng *rng, uint64_t mono_ns)
{
    memset(b, 0, sizeof(*b));
    b->tuning = tuning;
    b->rng = rng;
    b->since_ns = mono_ns;
    read_slots(b);
}

void dtt_bootstrap_joined(struct dtt_bootstrap *b, uint64_t mono_ns)
{
    b->state = DTT_BOOTSTRAP_QUIET;
    b->wants_read = false;
    b->is_again = false;
    b->since_ns = DTT_NEVER;
    b->joined_ns = mono_ns;
}

static bool has_ramp(const struct dtt_bootstrap *b)
{
    return b->tuning->no_record_wait_max_ns > b->tuning->no_record_wait_ns;
}

/* The wait after one more vain pass. Only the growing one has jitter: the others are documented. */
static uint64_t next_wait(struct dtt_bootstrap *b)
{
    uint64_t first = b->tuning->no_record_wait_ns;
    uint64_t wait = first;
    if (!has_ramp(b)) {
        return wait;
    }
    if (b->vain < 1000) {
        b->vain++;
    }
    wait = b->vain <= STEEP ? b->vain * first : STEEP * first + (b->vain - STEEP) * (first / FLAT);
    wait = dtt_min_ns(wait, b->tuning->no_record_wait_max_ns);
    return wait - wait / 8 + dtt_rng_below(b->rng, wait / 4);
}

static void wait_until(struct dtt_bootstrap *b, uint64_t wake_ns)
{
    b->state = DTT_BOOTSTRAP_WAITING;
    b->wake_ns = wake_ns;
}

void dtt_bootstrap_lost(struct dtt_bootstrap *b, uint64_t mono_ns)
{
    b->since_ns = mono_ns;
    b->passes = 0;
    if (mono_ns - b->joined_ns < DTT_BOOTSTRAP_FLAP_NS) {
        wait_until(b, dtt_add_ns(mono_ns, next_wait(b)));
    } else {
        b->vain = 0;
        read_slots(b);
    }
}

void dtt_bootstrap_hurry(struct dtt_bootstrap *b, bool is_again)
{
    if (b->state == DTT_BOOTSTRAP_QUIET) {
        return;
    }
    b->is_again = is_again && b->state == DTT_BOOTSTRAP_READING;
    read_slots(b);
}

void dtt_bootstrap_dialled(struct dtt_bootstrap *b, uint64_t mono_ns)
{
    b->has_dialled = true;
    b->dialled_ns = mono_ns;
}

static void end_pass(struct dtt_bootstrap *b, uint64_t mono_ns)
{
    const struct dtt_tracker_tuning *tu = b->tuning;
    uint64_t wake_ns = mono_ns;
    if (b->has_dialled) {
        uint64_t joined_by_ns = dtt_add_ns(b->dialled_ns, tu->join_wait_ns);
        wake_ns = joined_by_ns > mono_ns ? joined_by_ns : mono_ns;
        wake_ns = dtt_add_ns(wake_ns, tu->retry_wait_ns);
    }
    /* Candidates that never answer must not keep the reads at the pace of the first seconds. */
    if (!b->has_dialled || has_ramp(b)) {
        uint64_t at = dtt_add_ns(mono_ns, next_wait(b));
        wake_ns = at > wake_ns ? at : wake_ns;
    }
    wait_until(b, wake_ns);
}

bool dtt_bootstrap_step(struct dtt_bootstrap *b, uint64_t mono_ns, bool is_busy, bool is_ready)
{
    if (b->state == DTT_BOOTSTRAP_WAITING && b->wake_ns <= mono_ns) {
        read_slots(b);
    }
    if (b->state == DTT_BOOTSTRAP_READING && !b->wants_read && !is_busy) {
        if (b->is_again) {
            b->is_again = false;
            read_slots(b);
        } else {
            b->state = DTT_BOOTSTRAP_DIALLING;
        }
    }
    if (b->state == DTT_BOOTSTRAP_DIALLING && !is_ready) {
        end_pass(b, mono_ns);
        return true;
    }
    return false;
}

uint64_t dtt_bootstrap_deadline(const struct dtt_bootstrap *b)
{
    return b->state == DTT_BOOTSTRAP_WAITING ? b->wake_ns : DTT_NEVER;
}
