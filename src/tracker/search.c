/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/search.h"

#include <assert.h>
#include <string.h>

/*
 * The wait after a pass in vain grows by its first value, up to STEEP times that value: others may
 * be starting at this moment. Then it grows by 1/FLAT of it, for a member that may be alone for
 * days.
 */
#define STEEP 4
#define FLAT 10

/* Every change of state. READING may be entered from anywhere, and anew while it lasts. */
static void enter(struct dtt_search *s, enum dtt_search_state state)
{
    switch (state) {
    case DTT_SEARCH_QUIET: assert(s->state != DTT_SEARCH_QUIET); break;
    case DTT_SEARCH_READING: break;
    case DTT_SEARCH_DIALLING: assert(s->state == DTT_SEARCH_READING && !s->is_stale); break;
    case DTT_SEARCH_WAITING:
        assert(s->state == DTT_SEARCH_DIALLING || s->state == DTT_SEARCH_QUIET);
        break;
    }
    s->state = state;
    s->wants_read = state == DTT_SEARCH_READING;
}

static void read_slots(struct dtt_search *s)
{
    enter(s, DTT_SEARCH_READING);
    s->has_dialled = false;
    s->n_passes++;
}

void dtt_search_init(struct dtt_search *s, const struct dtt_tracker_tuning *tuning,
                     struct dtt_rng *rng, uint64_t mono_ns)
{
    memset(s, 0, sizeof(*s));
    s->tuning = tuning;
    s->rng = rng;
    s->since_ns = mono_ns;
    read_slots(s);
}

void dtt_search_joined(struct dtt_search *s, uint64_t mono_ns)
{
    enter(s, DTT_SEARCH_QUIET);
    s->is_stale = false;
    s->since_ns = DTT_NEVER;
    s->joined_ns = mono_ns;
}

static bool has_ramp(const struct dtt_search *s)
{
    return s->tuning->no_record_wait_max_ns > s->tuning->no_record_wait_ns;
}

/* The wait after one more pass in vain. A fixed wait, as in Rust, has no jitter. */
static uint64_t next_wait(struct dtt_search *s)
{
    uint64_t first = s->tuning->no_record_wait_ns;
    uint64_t wait = first;
    if (!has_ramp(s)) {
        return wait;
    }
    if (s->n_vain < 1000) {
        s->n_vain++;
    }
    wait = s->n_vain <= STEEP ? s->n_vain * first
                              : STEEP * first + (s->n_vain - STEEP) * (first / FLAT);
    wait = dtt_min_ns(wait, s->tuning->no_record_wait_max_ns);
    return wait - wait / 8 + dtt_rng_below(s->rng, wait / 4);
}

static void wait_until(struct dtt_search *s, uint64_t wake_ns)
{
    enter(s, DTT_SEARCH_WAITING);
    s->wake_ns = wake_ns;
}

void dtt_search_lost(struct dtt_search *s, uint64_t mono_ns)
{
    s->since_ns = mono_ns;
    s->n_passes = 0;
    if (mono_ns - s->joined_ns < DTT_SEARCH_FLAP_NS) {
        wait_until(s, dtt_add_ns(mono_ns, next_wait(s)));
    } else {
        s->n_vain = 0;
        read_slots(s);
    }
}

void dtt_search_hurry(struct dtt_search *s, bool is_stale)
{
    if (s->state == DTT_SEARCH_QUIET) {
        return;
    }
    s->is_stale = is_stale && s->state == DTT_SEARCH_READING;
    read_slots(s);
}

void dtt_search_dialled(struct dtt_search *s, uint64_t mono_ns)
{
    s->has_dialled = true;
    s->dialled_ns = mono_ns;
}

static void end_pass(struct dtt_search *s, uint64_t mono_ns)
{
    const struct dtt_tracker_tuning *tu = s->tuning;
    uint64_t wake_ns = mono_ns;
    if (s->has_dialled) {
        uint64_t joined_by_ns = dtt_add_ns(s->dialled_ns, tu->join_wait_ns);
        wake_ns = joined_by_ns > mono_ns ? joined_by_ns : mono_ns;
        wake_ns = dtt_add_ns(wake_ns, tu->retry_wait_ns);
    }
    /* Peers that never answer must not keep the reads at the pace of the first seconds. */
    if (!s->has_dialled || has_ramp(s)) {
        uint64_t at = dtt_add_ns(mono_ns, next_wait(s));
        wake_ns = at > wake_ns ? at : wake_ns;
    }
    wait_until(s, wake_ns);
}

bool dtt_search_step(struct dtt_search *s, uint64_t mono_ns, bool is_busy, bool is_ready)
{
    if (s->state == DTT_SEARCH_WAITING && s->wake_ns <= mono_ns) {
        read_slots(s);
    }
    if (s->state == DTT_SEARCH_READING && !s->wants_read && !is_busy) {
        if (s->is_stale) {
            s->is_stale = false;
            read_slots(s);
        } else {
            enter(s, DTT_SEARCH_DIALLING);
        }
    }
    if (s->state == DTT_SEARCH_DIALLING && !is_ready) {
        end_pass(s, mono_ns);
        return true;
    }
    return false;
}

uint64_t dtt_search_deadline(const struct dtt_search *s)
{
    return s->state == DTT_SEARCH_WAITING ? s->wake_ns : DTT_NEVER;
}
