/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/publisher.h"

#include <assert.h>
#include <string.h>

/* A record is due at `at_ns`, or sooner if it already was. */
static void make_due(struct dtt_publisher *p, uint64_t at_ns)
{
    if (p->tuning->record_cap > 0) {
        p->due_ns = dtt_min_ns(p->due_ns, at_ns);
    }
}

/* Every change of state. WAITING, where everything ends, may be entered from anywhere. */
static void enter(struct dtt_publisher *p, enum dtt_publisher_state state)
{
    switch (state) {
    case DTT_PUBLISHER_WAITING: break;
    case DTT_PUBLISHER_ASKING: assert(p->state == DTT_PUBLISHER_WAITING); break;
    case DTT_PUBLISHER_CHECKING: assert(p->state == DTT_PUBLISHER_ASKING); break;
    case DTT_PUBLISHER_PUTTING:
        assert(p->state == DTT_PUBLISHER_WAITING || p->state == DTT_PUBLISHER_CHECKING);
        break;
    }
    p->state = state;
    p->unsent = p->open = state == DTT_PUBLISHER_PUTTING ? p->kinds : 0;
}

void dtt_publisher_init(struct dtt_publisher *p, const struct dtt_tracker_tuning *tuning,
                        dtt_slot_kinds kinds, struct dtt_rng *rng, uint64_t mono_ns)
{
    memset(p, 0, sizeof(*p));
    p->tuning = tuning;
    p->kinds = kinds;
    p->rng = rng;
    p->due_ns = p->again_ns = p->put_ns = p->told_ns = p->joined_ns = DTT_NEVER;
    dtt_bucket_init(&p->moves, 1, DTT_PUBLISHER_MOVES * DTT_PUBLISHER_MOVED_S, mono_ns);
    if (tuning->publish_on_start) {
        make_due(p, mono_ns);
    }
}

void dtt_publisher_hold(struct dtt_publisher *p, uint64_t mono_ns)
{
    p->hold_ns = dtt_add_ns(mono_ns, DTT_PUBLISHER_HOLD_NS);
}

void dtt_publisher_release(struct dtt_publisher *p, uint64_t mono_ns)
{
    p->hold_ns = dtt_min_ns(p->hold_ns, mono_ns);
}

void dtt_publisher_moved(struct dtt_publisher *p, uint64_t mono_ns)
{
    /* Nothing is published yet, or the record is made later, with the new addresses. */
    if (p->put_ns == DTT_NEVER || p->unsent == p->kinds) {
        return;
    }
    p->is_stale = true;
    if (!dtt_bucket_take(&p->moves, DTT_PUBLISHER_MOVED_S, mono_ns)) {
        make_due(p, dtt_bucket_ready_ns(&p->moves, DTT_PUBLISHER_MOVED_S, mono_ns));
        return;
    }
    if (p->state == DTT_PUBLISHER_PUTTING) {
        enter(p, DTT_PUBLISHER_WAITING);
    }
    make_due(p, mono_ns);
}

void dtt_publisher_sought(struct dtt_publisher *p, uint64_t mono_ns)
{
    bool is_told = p->told_ns != DTT_NEVER && mono_ns - p->told_ns < DTT_PUBLISHER_SOUGHT_NS;
    p->sought_ns = dtt_add_ns(mono_ns, DTT_PUBLISHER_SOUGHT_NS);
    p->is_seen &= p->put_ns != DTT_NEVER && mono_ns - p->put_ns < DTT_PUBLISHER_GONE_NS;
    if (p->is_stale) {
        make_due(p, mono_ns);
    } else if (is_told && !p->is_seen && p->state == DTT_PUBLISHER_WAITING) {
        p->again_ns = dtt_min_ns(p->again_ns, mono_ns);
    }
}

void dtt_publisher_seen(struct dtt_publisher *p)
{
    p->is_seen = true;
}

/* Somebody looks for an address that we have not told yet. */
static bool is_missed(const struct dtt_publisher *p, struct dtt_now now)
{
    return p->is_stale && p->sought_ns > now.mono_ns;
}

void dtt_publisher_answer(struct dtt_publisher *p, uint64_t mono_ns)
{
    p->is_urgent = true;
    make_due(p, dtt_add_ns(mono_ns, DTT_PUBLISHER_ANSWER_NS));
}

void dtt_publisher_restart(struct dtt_publisher *p, uint64_t mono_ns)
{
    enter(p, DTT_PUBLISHER_WAITING);
    p->attempt = 0;
    p->fail_wait_ns = 0;
    p->is_urgent = true;
    make_due(p, mono_ns);
}

void dtt_publisher_joined(struct dtt_publisher *p, uint64_t mono_ns)
{
    /* Neighbours that come and go must not cause a record each time. */
    if (!p->tuning->publish ||
        (p->joined_ns != DTT_NEVER && mono_ns - p->joined_ns < p->tuning->publish_base_ns)) {
        return;
    }
    p->joined_ns = mono_ns;
    make_due(p, dtt_add_ns(mono_ns, p->tuning->publish_first_ns));
}

void dtt_publisher_elected(struct dtt_publisher *p, uint64_t mono_ns, uint32_t rank, uint32_t of)
{
    uint64_t share_ns = DTT_PUBLISHER_SPREAD_NS / of;
    uint64_t after = DTT_PUBLISHER_ELECTED_NS + rank * share_ns + dtt_rng_below(p->rng, share_ns);
    if (p->tuning->publish) {
        make_due(p, dtt_add_ns(mono_ns, after));
    }
}

void dtt_publisher_on_duty(struct dtt_publisher *p, struct dtt_now now)
{
    if (p->tuning->publish && !dtt_publisher_is_visible(p, dtt_now_minute(now))) {
        make_due(p, now.mono_ns);
    }
}

bool dtt_publisher_is_visible(const struct dtt_publisher *p, uint64_t minute)
{
    return p->put_ns != DTT_NEVER && p->copies > 0 && p->minute + 1 >= minute;
}

void dtt_publisher_found_nobody(struct dtt_publisher *p, struct dtt_now now)
{
    if (p->state == DTT_PUBLISHER_WAITING && p->attempt == 0 && p->fail_wait_ns == 0 &&
        (p->put_ns == DTT_NEVER || p->minute != dtt_now_minute(now))) {
        make_due(p, now.mono_ns);
    }
}

void dtt_publisher_turn(struct dtt_publisher *p, uint64_t mono_ns)
{
    /* A put that keeps failing has its own timers, and a retry makes the new minute's record. */
    if (p->put_ns == DTT_NEVER || p->attempt > 0 || p->fail_wait_ns > 0) {
        return;
    }
    enter(p, DTT_PUBLISHER_WAITING);
    make_due(p, dtt_add_ns(mono_ns, dtt_rng_below(p->rng, DTT_PUBLISHER_TURN_NS)));
}

void dtt_publisher_store_ready(struct dtt_publisher *p, uint64_t mono_ns)
{
    if (p->hold_ns > mono_ns) {
        p->hold_ns = dtt_add_ns(mono_ns, DTT_PUBLISHER_SEEN_NS);
    }
    if (p->state == DTT_PUBLISHER_WAITING && (p->attempt > 0 || p->fail_wait_ns > 0)) {
        make_due(p, mono_ns);
    }
}

static uint64_t period(struct dtt_publisher *p)
{
    uint64_t ns =
        dtt_add_ns(p->tuning->publish_base_ns, dtt_rng_below(p->rng, p->tuning->publish_jitter_ns));
    return ns > DTT_PUBLISHER_GAP_NS ? ns : DTT_PUBLISHER_GAP_NS;
}

static void wait_ns(struct dtt_publisher *p, uint64_t mono_ns, uint64_t ns)
{
    enter(p, DTT_PUBLISHER_WAITING);
    make_due(p, dtt_add_ns(mono_ns, ns));
}

/*
 * A record is stored, or not needed. The next one is due after the period; with elections there is
 * none, and the next one is made due by an election or a search.
 */
static void wait_for_turn(struct dtt_publisher *p, uint64_t mono_ns)
{
    enter(p, DTT_PUBLISHER_WAITING);
    if (p->tuning->swarm_records == 0 && p->tuning->publish) {
        make_due(p, dtt_add_ns(mono_ns, period(p)));
    }
}

static void put_failed(struct dtt_publisher *p, uint64_t mono_ns)
{
    const struct dtt_tracker_tuning *tu = p->tuning;
    /* The next attempt covers whatever became due meanwhile. */
    p->due_ns = DTT_NEVER;
    if (p->attempt++ < tu->put_retries) {
        wait_ns(p, mono_ns,
                dtt_add_ns(tu->put_retry_base_ns, dtt_rng_below(p->rng, tu->put_retry_jitter_ns)));
        return;
    }
    p->attempt = 0;
    if (tu->publish_fail_min_ns == 0) {
        wait_for_turn(p, mono_ns);
        return;
    }
    uint64_t wait = dtt_add_ns(p->fail_wait_ns, p->fail_wait_ns);
    wait = wait < tu->publish_fail_min_ns ? tu->publish_fail_min_ns : wait;
    p->fail_wait_ns = dtt_min_ns(wait, tu->publish_fail_max_ns);
    wait_ns(p, mono_ns, dtt_add_ns(p->fail_wait_ns, dtt_rng_below(p->rng, p->fail_wait_ns / 4)));
}

/* All puts of a record are over, or have had their time. */
static void end_puts(struct dtt_publisher *p, uint64_t mono_ns)
{
    if (p->copies == 0) {
        put_failed(p, mono_ns);
        return;
    }
    p->is_news = true;
    p->has_stored = true;
    p->attempt = 0;
    p->fail_wait_ns = 0;
    wait_for_turn(p, mono_ns);
}

bool dtt_publisher_next_read(struct dtt_publisher *p)
{
    if (p->state != DTT_PUBLISHER_ASKING) {
        return false;
    }
    enter(p, DTT_PUBLISHER_CHECKING);
    return true;
}

bool dtt_publisher_next(struct dtt_publisher *p, enum dtt_slot_kind *ret_kind)
{
    assert((p->unsent & ~p->open) == 0);
    for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
        if (p->unsent & 1u << k) {
            p->unsent &= ~(1u << k);
            *ret_kind = (enum dtt_slot_kind)k;
            return true;
        }
    }
    return false;
}

void dtt_publisher_done(struct dtt_publisher *p, uint64_t mono_ns, enum dtt_slot_kind kind,
                        uint64_t minute, uint32_t copies)
{
    dtt_slot_kinds bit = 1u << kind;
    if (p->state != DTT_PUBLISHER_PUTTING || !(p->open & ~p->unsent & bit) || minute != p->minute) {
        return;
    }
    p->open &= ~bit;
    p->copies = copies > p->copies ? copies : p->copies;
    if (p->open == 0) {
        end_puts(p, mono_ns);
    }
}

static void put(struct dtt_publisher *p, struct dtt_now now)
{
    enter(p, DTT_PUBLISHER_PUTTING);
    p->told_ns = p->is_stale ? now.mono_ns : p->told_ns;
    p->is_stale = p->is_seen = false;
    p->copies = 0;
    p->minute = dtt_now_minute(now);
    p->put_ns = now.mono_ns;
    p->deadline_ns = dtt_add_ns(now.mono_ns, p->tuning->put_timeout_ns);
    p->due_ns = p->again_ns = DTT_NEVER;
}

static uint64_t start_ns(const struct dtt_publisher *p)
{
    bool is_first = p->put_ns == DTT_NEVER;
    uint64_t gap_ns = is_first ? p->hold_ns : dtt_add_ns(p->put_ns, DTT_PUBLISHER_GAP_NS);
    uint64_t due_ns = dtt_min_ns(p->due_ns, p->again_ns);
    return due_ns > gap_ns ? due_ns : gap_ns;
}

/* Who has no neighbours or is missed by one must be found: it publishes without reading first. */
static bool has_to_read(const struct dtt_publisher *p, struct dtt_now now,
                        const struct dtt_publisher_view *view)
{
    return !view->is_searching && !p->is_urgent && p->attempt == 0 && !is_missed(p, now) &&
           (p->again_ns != DTT_NEVER || view->answered_ns == DTT_NEVER ||
            now.mono_ns - view->answered_ns >= DTT_PUBLISHER_FRESH_NS);
}

/*
 * Enough others are visible. What is wrong in a record of ours that is visible too is put right,
 * and a first record that has waited for our address is not too late because of it.
 */
static bool is_capped(const struct dtt_publisher *p, struct dtt_now now,
                      const struct dtt_publisher_view *view)
{
    if (p->put_ns == DTT_NEVER && p->hold_ns > 0 && view->is_searching) {
        return false;
    }
    bool is_wrong = p->is_stale && p->minute + 1 >= dtt_now_minute(now);
    return !is_wrong && !is_missed(p, now) && p->again_ns == DTT_NEVER &&
           dtt_tracker_is_capped(p->tuning, view->others);
}

static enum dtt_publisher_result put_or_skip(struct dtt_publisher *p, struct dtt_now now,
                                             const struct dtt_publisher_view *view)
{
    /* What else is due is looked at in the next step. */
    if (p->again_ns != DTT_NEVER && p->is_seen && !p->is_stale) {
        p->again_ns = DTT_NEVER;
        enter(p, DTT_PUBLISHER_WAITING);
        return DTT_PUBLISHER_NOTHING;
    }
    p->is_urgent = false;
    if (!is_capped(p, now, view)) {
        put(p, now);
        return DTT_PUBLISHER_NOTHING;
    }
    p->due_ns = DTT_NEVER;
    p->attempt = 0;
    wait_for_turn(p, now.mono_ns);
    return DTT_PUBLISHER_CAPPED;
}

enum dtt_publisher_result dtt_publisher_step(struct dtt_publisher *p, struct dtt_now now,
                                             const struct dtt_publisher_view *view)
{
    switch (p->state) {
    case DTT_PUBLISHER_WAITING:
        if (start_ns(p) > now.mono_ns) {
            return DTT_PUBLISHER_NOTHING;
        }
        if (!is_capped(p, now, view) && has_to_read(p, now, view)) {
            enter(p, DTT_PUBLISHER_ASKING);
            return DTT_PUBLISHER_NOTHING;
        }
        return put_or_skip(p, now, view);
    case DTT_PUBLISHER_ASKING: return DTT_PUBLISHER_NOTHING;
    case DTT_PUBLISHER_CHECKING:
        return view->is_reading ? DTT_PUBLISHER_NOTHING : put_or_skip(p, now, view);
    case DTT_PUBLISHER_PUTTING:
        if (p->deadline_ns > now.mono_ns) {
            return DTT_PUBLISHER_NOTHING;
        }
        end_puts(p, now.mono_ns);
        return DTT_PUBLISHER_TIMED_OUT;
    }
    return DTT_PUBLISHER_NOTHING;
}

uint64_t dtt_publisher_deadline(const struct dtt_publisher *p)
{
    switch (p->state) {
    case DTT_PUBLISHER_WAITING: return start_ns(p);
    case DTT_PUBLISHER_PUTTING: return p->deadline_ns;
    case DTT_PUBLISHER_ASKING:
    case DTT_PUBLISHER_CHECKING: break;
    }
    return DTT_NEVER;
}
