/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/reads.h"

#include <string.h>

/* The reads of a minute, one a kind; NULL when it is not looked at. */
static struct dtt_read *reads_of(struct dtt_reads *r, uint64_t minute)
{
    if (minute <= r->minute && r->minute - minute < r->depth) {
        return r->slots[minute % DTT_READS_MINUTES];
    }
    return r->far->minute == minute ? r->far : NULL;
}

static const struct dtt_read *current(const struct dtt_reads *r)
{
    return r->slots[r->minute % DTT_READS_MINUTES];
}

static void reset(struct dtt_reads *r, uint64_t minute)
{
    for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
        r->slots[minute % DTT_READS_MINUTES][k] =
            (struct dtt_read){.minute = minute, .answered_ns = DTT_NEVER};
    }
}

void dtt_reads_init(struct dtt_reads *r, uint64_t timeout_ns, uint64_t minute)
{
    memset(r, 0, sizeof(*r));
    r->timeout_ns = timeout_ns;
    r->depth = 2;
    r->minute = minute;
    for (uint64_t i = 0; i < DTT_READS_MINUTES && i <= minute; i++) {
        reset(r, minute - i);
    }
    r->far->minute = UINT64_MAX;
}

void dtt_reads_turn(struct dtt_reads *r, uint64_t minute)
{
    r->minute = minute;
    for (uint64_t i = 0; i < DTT_READS_MINUTES && i <= minute; i++) {
        if (i >= r->depth || r->slots[(minute - i) % DTT_READS_MINUTES]->minute != minute - i) {
            reset(r, minute - i);
        }
    }
}

/* Reads the slots of a minute that have not answered within the last `fresh_ns`. */
static void start_minute(struct dtt_reads *r, uint64_t minute, uint64_t mono_ns,
                         dtt_slot_kinds kinds, uint64_t fresh_ns)
{
    struct dtt_read *s = reads_of(r, minute);
    for (unsigned k = 0; k < DTT_SLOT_KINDS && s; k++) {
        bool is_fresh = s[k].answered_ns != DTT_NEVER && mono_ns - s[k].answered_ns < fresh_ns;
        if ((kinds & 1u << k) && !is_fresh && s[k].state == DTT_READ_IDLE) {
            s[k].state = DTT_READ_DUE;
            s[k].deadline_ns = dtt_add_ns(mono_ns, r->timeout_ns);
        }
    }
}

void dtt_reads_start_current(struct dtt_reads *r, uint64_t mono_ns, dtt_slot_kinds kinds)
{
    start_minute(r, r->minute, mono_ns, kinds, 0);
}

void dtt_reads_start_previous(struct dtt_reads *r, uint64_t mono_ns, dtt_slot_kinds kinds)
{
    start_minute(r, r->minute - 1, mono_ns, kinds, 0);
}

void dtt_reads_start(struct dtt_reads *r, uint64_t mono_ns, dtt_slot_kinds kinds)
{
    dtt_reads_start_current(r, mono_ns, kinds);
    start_minute(r, r->minute - 1, mono_ns, kinds, DTT_READS_OLD_FRESH_NS);
}

void dtt_reads_start_older(struct dtt_reads *r, uint64_t mono_ns, dtt_slot_kinds kinds)
{
    start_minute(r, r->minute - 1, mono_ns, kinds, DTT_READS_OLD_FRESH_NS);
    start_minute(r, r->minute - 2, mono_ns, kinds, DTT_READS_OLD_FRESH_NS);
}

/* The earliest deadline of `n` reads. */
static uint64_t deadline_of(const struct dtt_read *s, size_t n)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < n; i++) {
        if (s[i].state != DTT_READ_IDLE) {
            at = dtt_min_ns(at, s[i].deadline_ns);
        }
    }
    return at;
}

bool dtt_reads_start_far(struct dtt_reads *r, uint64_t mono_ns, uint64_t minute,
                         dtt_slot_kinds kinds)
{
    bool is_in_view = minute <= r->minute && r->minute - minute < r->depth;
    if (is_in_view || deadline_of(r->far, DTT_SLOT_KINDS) != DTT_NEVER || minute == UINT64_MAX) {
        return false;
    }
    for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
        bool is_due = kinds & 1u << k;
        r->far[k] = (struct dtt_read){.state = is_due ? DTT_READ_DUE : DTT_READ_IDLE,
                                      .minute = minute,
                                      .deadline_ns = dtt_add_ns(mono_ns, r->timeout_ns),
                                      .answered_ns = DTT_NEVER};
    }
    return true;
}

/* Takes one of the reads of a minute that is due. */
static bool take_due(struct dtt_read *s, enum dtt_slot_kind *ret_kind, uint64_t *ret_minute)
{
    for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
        if (s[k].state == DTT_READ_DUE) {
            s[k].state = DTT_READ_RUNNING;
            *ret_kind = (enum dtt_slot_kind)k;
            *ret_minute = s[k].minute;
            return true;
        }
    }
    return false;
}

bool dtt_reads_next(struct dtt_reads *r, enum dtt_slot_kind *ret_kind, uint64_t *ret_minute)
{
    /* The current minute first: its records are the newest. */
    for (uint64_t i = 0; i < r->depth; i++) {
        struct dtt_read *s = reads_of(r, r->minute - i);
        if (s && take_due(s, ret_kind, ret_minute)) {
            return true;
        }
    }
    return take_due(r->far, ret_kind, ret_minute);
}

void dtt_reads_done(struct dtt_reads *r, uint64_t mono_ns, enum dtt_slot_kind kind, uint64_t minute,
                    uint32_t answered)
{
    struct dtt_read *s = reads_of(r, minute);
    r->done += answered > 0;
    if (!s || s[kind].state != DTT_READ_RUNNING) {
        return;
    }
    s[kind].state = DTT_READ_IDLE;
    if (answered > 0) {
        s[kind].answered_ns = mono_ns;
    }
}

/* Gives up those of a minute that have had their time. */
static void expire(struct dtt_read *s, uint64_t mono_ns)
{
    for (size_t k = 0; k < DTT_SLOT_KINDS; k++) {
        if (s[k].state != DTT_READ_IDLE && s[k].deadline_ns <= mono_ns) {
            s[k].state = DTT_READ_IDLE;
        }
    }
}

void dtt_reads_tick(struct dtt_reads *r, uint64_t mono_ns)
{
    for (size_t i = 0; i < DTT_READS_MINUTES; i++) {
        expire(r->slots[i], mono_ns);
    }
    expire(r->far, mono_ns);
}

static uint64_t deadline_in_view(const struct dtt_reads *r)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < DTT_READS_MINUTES; i++) {
        at = dtt_min_ns(at, deadline_of(r->slots[i], DTT_SLOT_KINDS));
    }
    return at;
}

uint64_t dtt_reads_deadline(const struct dtt_reads *r)
{
    return dtt_min_ns(deadline_in_view(r), deadline_of(r->far, DTT_SLOT_KINDS));
}

bool dtt_reads_is_busy(const struct dtt_reads *r)
{
    return deadline_in_view(r) != DTT_NEVER;
}

bool dtt_reads_is_busy_current(const struct dtt_reads *r)
{
    return deadline_of(current(r), DTT_SLOT_KINDS) != DTT_NEVER;
}

uint64_t dtt_reads_current_answered_ns(const struct dtt_reads *r, dtt_slot_kinds kinds)
{
    uint64_t since = DTT_NEVER;
    const struct dtt_read *now = current(r);
    for (unsigned k = 0; k < DTT_SLOT_KINDS; k++) {
        if (kinds & 1u << k) {
            if (now[k].answered_ns == DTT_NEVER) {
                return DTT_NEVER;
            }
            since = dtt_min_ns(since, now[k].answered_ns);
        }
    }
    return since;
}
