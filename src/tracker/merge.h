/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Joining bubbles: nodes that started together may have formed several swarms, and a swarm may
 * have been torn apart. Passes read the slots and choose strangers, publishers that are not
 * connected to us, for dialling. Which strangers count depends on the pass:
 *
 *   settle   the first passes after joining: all at first, then those that name neighbours
 *   bubble   fewer neighbours than tuning.bubble_below: all
 *   overlap  those that advertise only messages we have not seen, though we listened when the
 *            record was made
 *
 * Each kind has its own timer; passes that are due together share one reading. A read made for
 * another reason serves as a bubble and overlap pass too (dtt_merge_ride).
 */
#ifndef DTT_TRACKER_MERGE_H
#define DTT_TRACKER_MERGE_H

#include "base/rng.h"
#include "tracker/graph.h"
#include "tracker/tuning.h"

#define DTT_MERGE_SETTLE_PASSES 5
#define DTT_MERGE_GAP_NS (1 * DTT_S)    /**< at least, between two passes */
#define DTT_MERGE_READ_NS (3 * DTT_S)   /**< a pass waits this long for its reads */
#define DTT_MERGE_AGAIN_NS (25 * DTT_S) /**< a peer dialled this long ago may be chosen */

enum dtt_merge_state {
    DTT_MERGE_IDLE, /**< no neighbour: the search is at work */
    DTT_MERGE_WAITING,
    DTT_MERGE_READING
};

enum dtt_merge_kind { DTT_MERGE_SETTLE, DTT_MERGE_BUBBLE, DTT_MERGE_OVERLAP };
#define DTT_MERGE_KINDS 3

struct dtt_merge {
    const struct dtt_tracker_tuning *tuning;
    struct dtt_rng *rng;
    enum dtt_merge_state state;
    bool wants_read;    /**< the slots are to be read; the owner starts it and clears this */
    bool is_riding;     /**< the pass uses a read made for another reason */
    unsigned running;   /**< READING: the kinds of pass, bit 1 << kind */
    uint32_t n_settled; /**< settle passes since start_ns */
    uint64_t start_ns;  /**< of the settle passes; DTT_NEVER: never joined */
    uint64_t due_ns[DTT_MERGE_KINDS]; /**< WAITING */
    uint64_t until_ns;                /**< READING */
};

/** `tuning` and `rng` are borrowed. */
void dtt_merge_init(struct dtt_merge *m, const struct dtt_tracker_tuning *tuning,
                    struct dtt_rng *rng);
void dtt_merge_joined(struct dtt_merge *m, uint64_t mono_ns);
void dtt_merge_lost(struct dtt_merge *m);
/** The neighbours we have may be gone: a pass now, then as after joining. */
void dtt_merge_restart(struct dtt_merge *m, uint64_t mono_ns);
/** The slots are being read: chooses from what comes, as a bubble and an overlap pass. */
void dtt_merge_ride(struct dtt_merge *m, uint64_t mono_ns);
/**
 * `is_busy`: slot reads are under way. `members` of the swarm: the more there are, the more rarely
 * a due pass is made. True when a pass is to choose now (dtt_merge_choose), after which the next
 * one is awaited.
 */
bool dtt_merge_step(struct dtt_merge *m, uint64_t mono_ns, bool is_busy, uint32_t members,
                    const struct dtt_peers *peers, const struct dtt_window *w);
/** Marks strangers among the peers as wanted, one of each bubble; returns how many. */
uint32_t dtt_merge_choose(struct dtt_merge *m, struct dtt_now now, const struct dtt_view *v,
                          struct dtt_peers *peers, const struct dtt_window *w);
uint64_t dtt_merge_deadline(const struct dtt_merge *m);

#endif
