/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/reads.h"

#include <string.h>

/* The reads of a minute, one a kind; NULL when it is not one of the last three. */
static struct dtt_read *reads_of(struct dtt_reads *r, uint64_t minute)
{
    struct dtt_read *s = r->slots[minute % DTT_READS_MINUTES];
    return s->minute == minute ? s : NULL;
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
}

void dtt_reads_turn(struct dtt_reads *r, uint64_t minute)
{
    r->minute = minute;
    for (uint64_t i = 0; i < DTT_READS_MINUTES && i <= minute; i++) {
        if (i >= r->depth || !reads_of(r, minute - i)) {
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

bool dtt_reads_next(struct dtt_reads *r, enum dtt_slot_kind *ret_kind, uint64_t *ret_minute)
{
    /* The current minute first: its records are the newest. */
    for (uint64_t i = 0; i < DTT_READS_MINUTES; i++) {
        struct dtt_read *s = reads_of(r, r->minute - i);
        for (unsigned k = 0; k < DTT_SLOT_KINDS && s; k++) {
            if (s[k].state == DTT_READ_DUE) {
                s[k].state = DTT_READ_RUNNING;
                *ret_kind = (enum dtt_slot_kind)k;
                *ret_minute = s[k].minute;
                return true;
            }
        }
    }
    return false;
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

void dtt_reads_tick(struct dtt_reads *r, uint64_t mono_ns)
{
    for (size_t i = 0; i < DTT_READS_MINUTES; i++) {
        for (size_t k = 0; k < DTT_SLOT_KINDS; k++) {
            struct dtt_read *s = &r->slots[i][k];
            if (s->state != DTT_READ_IDLE && s->deadline_ns <= mono_ns) {
                s->state = DTT_READ_IDLE;
            }
        }
    }
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

uint64_t dtt_reads_deadline(const struct dtt_reads *r)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < DTT_READS_MINUTES; i++) {
        at = dtt_min_ns(at, deadline_of(r->slots[i], DTT_SLOT_KINDS));
    }
    return at;
}

bool dtt_reads_is_busy(const struct dtt_reads *r)
{
    return dtt_reads_deadline(r) != DTT_NEVER;
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
