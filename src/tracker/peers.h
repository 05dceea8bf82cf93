/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The peers of the topic that we know: idle, being dialled, or neighbours. The table is bounded. A
 * peer whose dial failed is dialled again after its own back-off. The idle peer dialled first is
 * the one heard of in the newest minute.
 */
#ifndef DTT_TRACKER_PEERS_H
#define DTT_TRACKER_PEERS_H

#include "base/ctx.h"
#include "base/time.h"
#include "tracker/tuning.h"

#include <dtt/record.h>
#include <stdbool.h>

#define DTT_PEERS_MAX 256
#define DTT_PEERS_NAMED_MAX 64                /**< named by the user, these never give way */
#define DTT_PEERS_DIALS_MAX 32                /**< dials under way at once */
#define DTT_PEERS_BACKOFF_NS (5 * DTT_S)      /**< after the first failure, then doubling ... */
#define DTT_PEERS_BACKOFF_MAX_NS (60 * DTT_S) /**< ... up to this */
#define DTT_PEERS_BACKOFF_SHUT_NS \
    (20 * DTT_S)                 /**< ... or this while a record says it is not open */
#define DTT_PEERS_FAILURES_MAX 5 /**< then a peer that no record names any more is dropped */

enum dtt_peer_state { DTT_PEER_IDLE, DTT_PEER_DIALLING, DTT_PEER_NEIGHBOR };

enum dtt_peer_source {
    DTT_PEER_HEARSAY,   /**< an active peer in somebody's record, or a past neighbour */
    DTT_PEER_PUBLISHER, /**< it published a record itself */
    DTT_PEER_NAMED      /**< by the user */
};

/** When something was told of a peer. */
struct dtt_peer_told {
    uint64_t minute;
    uint64_t unix_s; /**< within the minute, as in struct dtt_record_info; 0: not known */
};

struct dtt_tracker_peer {
    struct dtt_id id;
    enum dtt_peer_state state;
    bool is_named;
    bool tells_reach;    /**< in its records: it takes its turn as a doorman */
    bool is_at_door;     /**< dialled for the swarm, as a newcomer that cannot reach us */
    bool is_shut;        /**< its last record says that it lets in whom it has sent to first */
    bool is_wanted;      /**< by a merge pass or the user: dialled even with neighbours */
    uint8_t source;      /**< enum dtt_peer_source of the newest minute */
    uint64_t minute;     /**< newest minute in which we heard of it */
    uint64_t heard_seq;  /**< order of first hearing */
    uint64_t not_before; /**< mono; back-off */
    uint64_t dialled_ns; /**< mono; start of the last dial; DTT_NEVER: none yet */
    uint64_t lost_until; /**< mono; a neighbour that fell silent is wanted back until then */
    uint32_t failures;   /**< since it was last a neighbour */
    size_t n_addrs;
    struct dtt_peer_told addrs_told; /**< of the newest ones */
    struct dtt_addr addrs[DTT_RECORD_ADDRS];
};

struct dtt_peers {
    struct dtt_ctx *ctx;
    const struct dtt_tracker_tuning *tuning;
    struct dtt_rng *rng;
    struct dtt_id self;
    uint64_t seq;
    size_t n_named;
    size_t n_dialling;
    size_t n_neighbors;
    size_t count;
    struct dtt_tracker_peer list[DTT_PEERS_MAX];
};

/** `tuning` and `rng` are borrowed. `self` is never in the table. */
void dtt_peers_init(struct dtt_peers *peers, struct dtt_ctx *ctx,
                    const struct dtt_tracker_tuning *tuning, struct dtt_rng *rng,
                    const struct dtt_id *self);

/**
 * Hears of a peer. An address that is new ends a back-off. When the list is full the idle peer of
 * the oldest minute gives way.
 */
void dtt_peers_hear(struct dtt_peers *peers, const struct dtt_id *id, enum dtt_peer_source source,
                    struct dtt_peer_told told, const struct dtt_addr *addrs, size_t n);

struct dtt_tracker_peer *dtt_peers_find(struct dtt_peers *peers, const struct dtt_id *id);

/**
 * Chooses the best peer to dial and marks it as dialling; NULL when none is ready or too many dials
 * are under way. With `only_wanted` only peers that are wanted or were lost not long ago.
 */
struct dtt_tracker_peer *dtt_peers_dial(struct dtt_peers *peers, uint64_t mono_ns,
                                        bool only_wanted);
/** When dtt_peers_dial may next have something: the earliest end of a back-off. */
uint64_t dtt_peers_ready_ns(const struct dtt_peers *peers, bool only_wanted);
/** Peers that could be dialled now or later. */
uint32_t dtt_peers_idle(const struct dtt_peers *peers);

/** False for a peer that is not being dialled. */
bool dtt_peers_failed(struct dtt_peers *peers, const struct dtt_id *id, struct dtt_now now);
/** Fails the dials that came to nothing; returns how many. */
uint32_t dtt_peers_expire(struct dtt_peers *peers, struct dtt_now now);
uint64_t dtt_peers_expiry_ns(const struct dtt_peers *peers);
/** False when it is a neighbour already, or there is no room. */
bool dtt_peers_up(struct dtt_peers *peers, const struct dtt_id *id, uint64_t minute);
/** `is_silent`: there was no goodbye. False when it was no neighbour. */
bool dtt_peers_down(struct dtt_peers *peers, const struct dtt_id *id, struct dtt_now now,
                    bool is_silent);
/** The network is another one: past failures say nothing any more. */
void dtt_peers_forgive(struct dtt_peers *peers);
/** Forgets what merge passes chose, not what the user wants. */
void dtt_peers_unwant(struct dtt_peers *peers);
/** The counters are right, and only idle peers are wanted. */
bool dtt_peers_are_sound(const struct dtt_peers *peers);

#endif
