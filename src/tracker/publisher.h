/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * When our record is published. A record goes out when it is due; while we have neighbours the
 * slot is read first, and nothing is published if enough others are visible in it.
 */
#ifndef DTT_TRACKER_PUBLISHER_H
#define DTT_TRACKER_PUBLISHER_H

#include "base/bucket.h"
#include "base/rng.h"
#include "tracker/reads.h"
#include "tracker/tuning.h"

#define DTT_PUBLISHER_ANSWER_NS (4 * DTT_S)  /**< a twin has noted when it started by then */
#define DTT_PUBLISHER_HOLD_NS (2 * DTT_S)    /**< the first record waits for the store at most */
#define DTT_PUBLISHER_SEEN_NS (400 * DTT_MS) /**< and then for the outside address */
#define DTT_PUBLISHER_SOUGHT_NS (15 * DTT_S) /**< after that the connection has ended */
#define DTT_PUBLISHER_GONE_NS (3 * DTT_S)    /**< a record that was seen may have been replaced */
#define DTT_PUBLISHER_GAP_NS (1 * DTT_S)     /**< between the starts of two records */
#define DTT_PUBLISHER_FRESH_NS (5 * DTT_S)   /**< a slot read within this time is not read again */
#define DTT_PUBLISHER_TURN_NS (1 * DTT_S)    /**< a new minute's record starts within this */
/** Records because of new addresses: so many at once, and one more each time that passes. */
#define DTT_PUBLISHER_MOVES 3
#define DTT_PUBLISHER_MOVED_S 5
/** An elected member's record starts after the first of these, in its share of the second. */
#define DTT_PUBLISHER_ELECTED_NS (2 * DTT_S)
#define DTT_PUBLISHER_SPREAD_NS (48 * DTT_S)

enum dtt_publisher_state {
    DTT_PUBLISHER_WAITING,  /**< until due_ns */
    DTT_PUBLISHER_ASKING,   /**< the current slot is to be read, see dtt_publisher_next_read */
    DTT_PUBLISHER_CHECKING, /**< it is being read, to count the others */
    DTT_PUBLISHER_PUTTING   /**< until all puts are over, or deadline_ns */
};

struct dtt_publisher {
    const struct dtt_tracker_tuning *tuning;
    struct dtt_rng *rng;
    enum dtt_publisher_state state;
    dtt_slot_kinds kinds;    /**< the slots we publish in */
    dtt_slot_kinds unsent;   /**< PUTTING: puts not yet handed out by dtt_publisher_next ... */
    dtt_slot_kinds open;     /**< ... and puts not yet over, those included */
    uint32_t copies;         /**< most nodes that have the record in one slot; 0: not stored */
    bool is_news;            /**< stored, and not yet told */
    bool has_stored;         /**< at least one record */
    bool is_urgent;          /**< the next record does not wait for a read */
    bool is_stale;           /**< our last record tells other addresses than we have */
    uint64_t sought_ns;      /**< until then a neighbour that hears us no more may read it */
    bool is_seen;            /**< somebody holds our last record, as a read has shown */
    uint64_t told_ns;        /**< start of the last put that told new addresses; DTT_NEVER: none */
    uint64_t hold_ns;        /**< the first record waits until then for our outside address */
    uint32_t attempt;        /**< failed ones in a row */
    uint64_t minute;         /**< of the last record */
    uint64_t due_ns;         /**< next record; also set while another one is under way */
    uint64_t again_ns;       /**< next one unless the last one is seen; DTT_NEVER: none */
    uint64_t put_ns;         /**< start of the last put; DTT_NEVER: none yet */
    struct dtt_bucket moves; /**< for records because of new addresses */
    uint64_t joined_ns;      /**< last time a join made a record due; DTT_NEVER: none yet */
    uint64_t deadline_ns;    /**< PUTTING */
    uint64_t fail_wait_ns;   /**< last back-off; 0 after a success */
};

/** What the publisher needs to know at a step. */
struct dtt_publisher_view {
    bool is_searching;
    bool is_reading;      /**< a read of the current slot is under way */
    uint64_t answered_ns; /**< when one last answered; DTT_NEVER: none yet */
    uint32_t others;      /**< publishers seen in the current minute */
};

enum dtt_publisher_result { DTT_PUBLISHER_NOTHING, DTT_PUBLISHER_CAPPED, DTT_PUBLISHER_TIMED_OUT };

/** `tuning` and `rng` are borrowed. `kinds` is not empty. */
void dtt_publisher_init(struct dtt_publisher *p, const struct dtt_tracker_tuning *tuning,
                        dtt_slot_kinds kinds, struct dtt_rng *rng, uint64_t mono_ns);

/**
 * Our addresses changed: the cap does not hold for a record that puts the last one right. A put
 * under way is replaced at once: many storing nodes keep the first value of a slot, and that one
 * should be of use.
 */
void dtt_publisher_moved(struct dtt_publisher *p, uint64_t mono_ns);
/**
 * A neighbour and we do not hear each other. If our addresses have just changed, a record is due at
 * once, without a read and whatever the cap. When this is called again, another one is due unless a
 * read shows the last one: of a slot that is full many nodes keep what they have, and the others
 * the last record that was written, be it of somebody else.
 */
void dtt_publisher_sought(struct dtt_publisher *p, uint64_t mono_ns);
/** Our last record is visible in a slot. */
void dtt_publisher_seen(struct dtt_publisher *p);
/** The outside address is about to be known: the first record waits for it, but not for long. */
void dtt_publisher_hold(struct dtt_publisher *p, uint64_t mono_ns);
/** It is known, or not to be waited for. */
void dtt_publisher_release(struct dtt_publisher *p, uint64_t mono_ns);
/** A record is to go out in a moment, whatever others have published. */
void dtt_publisher_answer(struct dtt_publisher *p, uint64_t mono_ns);
/** The network or the clock changed: a record is due now, and one under way no longer counts. */
void dtt_publisher_restart(struct dtt_publisher *p, uint64_t mono_ns);
void dtt_publisher_joined(struct dtt_publisher *p, uint64_t mono_ns);
/**
 * We publish in the minute that has just begun, as number `rank` of `of` members in that order.
 * When more are elected than wanted, the last of them find enough records in the slot.
 */
void dtt_publisher_elected(struct dtt_publisher *p, uint64_t mono_ns, uint32_t rank, uint32_t of);
/** A member on duty at the door is to be known to newcomers, or their routers do not let it in. */
void dtt_publisher_on_duty(struct dtt_publisher *p, struct dtt_now now);
/** A record of ours may be seen by those that look at `minute` and the one before. */
bool dtt_publisher_is_visible(const struct dtt_publisher *p, uint64_t minute);
/** A search pass found nobody: at least one record a minute. */
void dtt_publisher_found_nobody(struct dtt_publisher *p, struct dtt_now now);
/** A new minute began while searching. */
void dtt_publisher_turn(struct dtt_publisher *p, uint64_t mono_ns);
/** Storing works now: a failed put need not wait for its timer. */
void dtt_publisher_store_ready(struct dtt_publisher *p, uint64_t mono_ns);
/** True, once, when the current slot is to be read. */
bool dtt_publisher_next_read(struct dtt_publisher *p);
/** Takes a put that is to be made. */
bool dtt_publisher_next(struct dtt_publisher *p, enum dtt_slot_kind *ret_kind);
/** A put of `minute` is over. The record counts as stored when one of the slots has it. */
void dtt_publisher_done(struct dtt_publisher *p, uint64_t mono_ns, enum dtt_slot_kind kind,
                        uint64_t minute, uint32_t copies);

enum dtt_publisher_result dtt_publisher_step(struct dtt_publisher *p, struct dtt_now now,
                                             const struct dtt_publisher_view *view);
uint64_t dtt_publisher_deadline(const struct dtt_publisher *p);

#endif
