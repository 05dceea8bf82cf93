/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The search for a first neighbour, in passes: read the slots, dial the peers that they name, wait,
 * start over. Dialling does not wait for the end of a read; this machine decides when to read next.
 */
#ifndef DTT_TRACKER_SEARCH_H
#define DTT_TRACKER_SEARCH_H

#include "base/rng.h"
#include "tracker/tuning.h"

/** After losing a neighbour sooner than this the search waits as after a pass in vain. */
#define DTT_SEARCH_FLAP_NS (5 * DTT_S)

enum dtt_search_state {
    DTT_SEARCH_QUIET,    /**< there are neighbours */
    DTT_SEARCH_READING,  /**< slot reads are under way */
    DTT_SEARCH_DIALLING, /**< reads are over, peers are left to dial */
    DTT_SEARCH_WAITING   /**< until wake_ns */
};

struct dtt_search {
    const struct dtt_tracker_tuning *tuning;
    struct dtt_rng *rng;
    enum dtt_search_state state;
    bool wants_read;    /**< the slots are to be read; the owner starts it and clears this */
    bool is_stale;      /**< the read under way does not count: another one follows it */
    bool has_dialled;   /**< in this pass */
    uint64_t since_ns;  /**< start of the search; DTT_NEVER in QUIET */
    uint64_t joined_ns; /**< when the search ended last */
    uint64_t dialled_ns;
    uint64_t wake_ns;
    uint32_t n_vain;   /**< passes in vain since the last lasting neighbour */
    uint32_t n_passes; /**< since the search began, this one included */
};

/** Starts searching. `tuning` and `rng` are borrowed. */
void dtt_search_init(struct dtt_search *s, const struct dtt_tracker_tuning *tuning,
                     struct dtt_rng *rng, uint64_t mono_ns);
void dtt_search_joined(struct dtt_search *s, uint64_t mono_ns);
/** The last neighbour was lost. */
void dtt_search_lost(struct dtt_search *s, uint64_t mono_ns);
/**
 * Something changed that makes reading now worthwhile. `is_stale`: a read under way belongs to the
 * state before the change and is followed by another one.
 */
void dtt_search_hurry(struct dtt_search *s, bool is_stale);
/** A peer was dialled. */
void dtt_search_dialled(struct dtt_search *s, uint64_t mono_ns);
/**
 * `is_busy`: slot reads are under way; `is_ready`: a peer could be dialled now. True when a
 * pass ended in vain.
 */
bool dtt_search_step(struct dtt_search *s, uint64_t mono_ns, bool is_busy, bool is_ready);
uint64_t dtt_search_deadline(const struct dtt_search *s);

#endif
