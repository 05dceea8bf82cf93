/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The slot reads under way: at most one per slot, shared by all machines that want the slot read.
 * There are slots of several kinds in each of three minutes. A read is over when it is reported
 * done or after its timeout; what it brought until then counts.
 */
#ifndef DTT_TRACKER_READS_H
#define DTT_TRACKER_READS_H

#include "base/time.h"
#include "record/slot.h"

#define DTT_READS_MINUTES 3

/**
 * The slot of the previous minute hardly changes any more: when it answered less than this ago it
 * is not read again.
 */
#define DTT_READS_OLD_FRESH_NS (4 * DTT_S)

enum dtt_read_state { DTT_READ_IDLE, DTT_READ_DUE, DTT_READ_RUNNING };

struct dtt_read {
    enum dtt_read_state state;
    uint64_t minute;
    uint64_t deadline_ns; /**< RUNNING, DUE */
    uint64_t answered_ns; /**< end of the last read with answers; DTT_NEVER: none yet */
};

struct dtt_reads {
    uint64_t timeout_ns;
    uint64_t minute; /**< the current one */
    uint64_t depth;  /**< minutes looked at: 2, or 3; as the view's */
    uint32_t done;   /**< reads that ended with an answer */
    struct dtt_read slots[DTT_READS_MINUTES][DTT_SLOT_KINDS]; /**< minute m: index m % 3; by kind */
    struct dtt_read far[DTT_SLOT_KINDS]; /**< of one more minute; nobody waits for them */
};

/** With a depth of 2. */
void dtt_reads_init(struct dtt_reads *r, uint64_t timeout_ns, uint64_t minute);
/** A new minute is the current one: reads of minutes older than `depth` are forgotten. */
void dtt_reads_turn(struct dtt_reads *r, uint64_t minute);

/**
 * Reads the slots of these kinds, of the current and, unless it is fresh, of the previous minute.
 * Running reads go on.
 */
void dtt_reads_start(struct dtt_reads *r, uint64_t mono_ns, dtt_slot_kinds kinds);
/** Likewise of the two minutes before the current one. */
void dtt_reads_start_older(struct dtt_reads *r, uint64_t mono_ns, dtt_slot_kinds kinds);
/** Of the current minute only. */
void dtt_reads_start_current(struct dtt_reads *r, uint64_t mono_ns, dtt_slot_kinds kinds);
/** Of the previous one, fresh or not: something may have been written just before it ended. */
void dtt_reads_start_previous(struct dtt_reads *r, uint64_t mono_ns, dtt_slot_kinds kinds);
/**
 * Of any other minute; false for one that is read anyhow, and while such reads are under way. No
 * pass waits for them.
 */
bool dtt_reads_start_far(struct dtt_reads *r, uint64_t mono_ns, uint64_t minute,
                         dtt_slot_kinds kinds);
/** Takes a read that is to be made. */
bool dtt_reads_next(struct dtt_reads *r, enum dtt_slot_kind *ret_kind, uint64_t *ret_minute);

/** A read is over; `answered` nodes answered. One given up or forgotten before only counts. */
void dtt_reads_done(struct dtt_reads *r, uint64_t mono_ns, enum dtt_slot_kind kind, uint64_t minute,
                    uint32_t answered);
void dtt_reads_tick(struct dtt_reads *r, uint64_t mono_ns);
uint64_t dtt_reads_deadline(const struct dtt_reads *r);

bool dtt_reads_is_busy(const struct dtt_reads *r);
bool dtt_reads_is_busy_current(const struct dtt_reads *r);
/** Since when all current slots of these kinds have answered; DTT_NEVER: not all have yet. */
uint64_t dtt_reads_current_answered_ns(const struct dtt_reads *r, dtt_slot_kinds kinds);

#endif
