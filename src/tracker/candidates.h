/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The peers we know of: who could be dialled, whom we are dialling, who is a neighbour. Bounded;
 * each peer carries its own failures and back-off. The candidate dialled next is the one of whom
 * we heard in the newest minute.
 */
#ifndef DTT_TRACKER_CANDIDATES_H
#define DTT_TRACKER_CANDIDATES_H

#include "base/ctx.h"
#include "base/time.h"
#include "tracker/tuning.h"

#include <dtt/record.h>
#include <stdbool.h>

#define DTT_CANDIDATES_MAX            256
#define DTT_CANDIDATES_NAMED_MAX      64 /**< of them protected from giving way to others */
#define DTT_CANDIDATES_DIALS_MAX      32 /**< dials under way at once */
#define DTT_CANDIDATES_BACKOFF_NS     (5 * DTT_S) /**< after the first failure, then doubling ... */
#define DTT_CANDIDATES_BACKOFF_MAX_NS (60 * DTT_S) /**< ... up to this */
#define DTT_CANDIDATES_FAILURES_MAX   5 /**< then a peer that no record names any more is dropped */

enum dtt_candidate_state { DTT_CANDIDATE_IDLE, DTT_CANDIDATE_DIALLING, DTT_CANDIDATE_NEIGHBOR };

enum dtt_candidate_source {
    DTT_CANDIDATE_HEARSAY,   /**< an active peer in somebody's record, or a past neighbour */
    DTT_CANDIDATE_PUBLISHER, /**< it published a record itself */
    DTT_CANDIDATE_NAMED      /**< by the user or by gossip */
};

struct dtt_candidate {
    struct dtt_id id;
    enum dtt_candidate_state state;
    bool is_named;
    bool is_wanted;      /**< by a merge pass or the user: dialled even with neighbours */
    bool has_dialled;    /**< at least once */
    uint8_t source;      /**< enum dtt_candidate_source of the newest minute */
    uint64_t minute;     /**< newest minute in which we heard of it */
    uint64_t heard_seq;  /**< order of first hearing */
    uint64_t not_before; /**< mono; back-off */
    uint64_t dialled_ns; /**< mono; start of the last dial */
    uint64_t lost_until; /**< mono; a neighbour that fell silent is wanted back until then */
    uint32_t failures;   /**< since it was last a neighbour */
    size_t n_addrs;
    uint64_t addrs_minute; /**< newest minute in which they were told */
    struct dtt_addr addrs[DTT_RECORD_ADDRS];
};

struct dtt_candidates {
    struct dtt_ctx *ctx;
    const struct dtt_tracker_tuning *tuning;
    struct dtt_rng *rng;
    struct dtt_id self;
    uint64_t seq;
    size_t n_named;
    size_t n_dialling;
    size_t n_neighbors;
    size_t count;
    struct dtt_candidate list[DTT_CANDIDATES_MAX];
};

/** `tuning` and `rng` are borrowed. `self` is never a candidate. */
void dtt_candidates_init(struct dtt_candidates *c, struct dtt_ctx *ctx,
                         const struct dtt_tracker_tuning *tuning, struct dtt_rng *rng,
                         const struct dtt_id *self);

/**
 * Hears of a peer in `minute`. An address that is new ends a back-off. When the list is full the
 * idle peer of the oldest minute gives way.
 */
void dtt_candidates_hear(struct dtt_candidates *c, const struct dtt_id *id,
                         enum dtt_candidate_source source, uint64_t minute,
                         const struct dtt_addr *addrs, size_t n);

struct dtt_candidate *dtt_candidates_find(struct dtt_candidates *c, const struct dtt_id *id);

/**
 * The best peer to dial at `mono_ns`, now dialling; NULL when none is ready or too many dials are
 * under way. With `only_wanted`, of those a merge pass chose or that were lost not long ago.
 */
struct dtt_candidate *dtt_candidates_dial(struct dtt_candidates *c, uint64_t mono_ns,
                                          bool only_wanted);
/** When dtt_candidates_dial may next have something: the earliest end of a back-off. */
uint64_t dtt_candidates_ready_ns(const struct dtt_candidates *c, bool only_wanted);
/** Peers that could be dialled now or later. */
uint32_t dtt_candidates_waiting(const struct dtt_candidates *c);

/** False for a peer that is not being dialled. */
bool dtt_candidates_failed(struct dtt_candidates *c, const struct dtt_id *id, struct dtt_now now);
/** Fails the dials that came to nothing; returns how many. */
uint32_t dtt_candidates_expire(struct dtt_candidates *c, struct dtt_now now);
uint64_t dtt_candidates_expiry_ns(const struct dtt_candidates *c);
/** False when it is one already, or there is no room. */
bool dtt_candidates_up(struct dtt_candidates *c, const struct dtt_id *id, uint64_t minute);
/** `is_silent`: it did not say goodbye. False when it was none. */
bool dtt_candidates_down(struct dtt_candidates *c, const struct dtt_id *id, struct dtt_now now,
                         bool is_silent);
/** The network is another one: past failures say nothing any more. */
void dtt_candidates_forgive(struct dtt_candidates *c);
/** Forgets what merge passes chose, not what the user wants. */
void dtt_candidates_unwant(struct dtt_candidates *c);

#endif
