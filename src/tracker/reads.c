/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/reads.h"

#include <string.h>

static struct dtt_read *read_of(struct dtt_reads *r, uint64_t minute)
{
    struct dtt_read *s = &r->slots[minute % DTT_READS_SLOTS];
    return s->minute == minute ? s : NULL;
}

static const struct dtt_read *current(const struct dtt_reads *r)
{
    return &r->slots[r->minute % DTT_READS_SLOTS];
}

static void reset(struct dtt_reads *r, uint64_t minute)
{
    r->slots[minute % DTT_READS_SLOTS] =
        (struct dtt_read){.minute = minute, .answered_ns = DTT_NEVER};
}

void dtt_reads_init(struct dtt_reads *r, uint64_t timeout_ns, uint64_t minute)
{
    memset(r, 0, sizeof(*r));
    r->timeout_ns = timeout_ns;
    r->minute = minute;
    reset(r, minute);
    reset(r, minute - 1);
}

void dtt_reads_turn(struct dtt_reads *r, uint64_t minute)
{
    r->minute = minute;
    for (uint64_t i = 0; i < DTT_READS_SLOTS; i++) {
        if (!read_of(r, minute - i)) {
            reset(r, minute - i);
        }
    }
}

static void start(struct dtt_reads *r, struct dtt_read *s, uint64_t mono_ns)
{
    if (s->state == DTT_READ_IDLE) {
        s->state = DTT_READ_DUE;
        s->deadline_ns = dtt_add_ns(mono_ns, r->timeout_ns);
    }
}

void dtt_reads_start(struct dtt_reads *r, uint64_t mono_ns)
{
    struct dtt_read *old = read_of(r, r->minute - 1);
    dtt_reads_start_current(r, mono_ns);
    if (old->answered_ns == DTT_NEVER || mono_ns - old->answered_ns >= DTT_READS_OLD_FRESH_NS) {
        start(r, old, mono_ns);
    }
}

void dtt_reads_start_current(struct dtt_reads *r, uint64_t mono_ns)
{
    start(r, read_of(r, r->minute), mono_ns);
}

bool dtt_reads_next(struct dtt_reads *r, uint64_t *ret_minute)
{
    /* The current minute first: its records are the newest. */
    for (uint64_t i = 0; i < DTT_READS_SLOTS; i++) {
        struct dtt_read *s = read_of(r, r->minute - i);
        if (s->state == DTT_READ_DUE) {
            s->state = DTT_READ_RUNNING;
            *ret_minute = s->minute;
            return true;
        }
    }
    return false;
}

void dtt_reads_done(struct dtt_reads *r, uint64_t mono_ns, uint64_t minute, uint32_t answered)
{
    struct dtt_read *s = read_of(r, minute);
    r->done += answered > 0;
    if (!s || s->state != DTT_READ_RUNNING) {
        return;
    }
    s->state = DTT_READ_IDLE;
    if (answered > 0) {
        s->answered_ns = mono_ns;
    }
}

void dtt_reads_tick(struct dtt_reads *r, uint64_t mono_ns)
{
    for (size_t i = 0; i < DTT_READS_SLOTS; i++) {
        if (r->slots[i].state != DTT_READ_IDLE && r->slots[i].deadline_ns <= mono_ns) {
            r->slots[i].state = DTT_READ_IDLE;
        }
    }
}

uint64_t dtt_reads_deadline(const struct dtt_reads *r)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < DTT_READS_SLOTS; i++) {
        if (r->slots[i].state != DTT_READ_IDLE) {
            at = dtt_min_ns(at, r->slots[i].deadline_ns);
        }
    }
    return at;
}

bool dtt_reads_is_busy(const struct dtt_reads *r)
{
    return dtt_reads_deadline(r) != DTT_NEVER;
}

bool dtt_reads_is_busy_current(const struct dtt_reads *r)
{
    return current(r)->state != DTT_READ_IDLE;
}

uint64_t dtt_reads_current_answered_ns(const struct dtt_reads *r)
{
    return current(r)->answered_ns;
}
