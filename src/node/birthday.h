/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The birthday attack on routers: how two members meet of whom one, the vary side, has another
 * outside port for each peer, and the other, the cone side, is let nothing in that it has not sent
 * to (docs/protocol/dialling.md). Neither knows the other's port, so many are tried:
 *
 *     vary side   IDLE ─► WAITING ─► HOLDING ─► IDLE   256 spare sockets (spares.h) whisper at the
 *                                                      cone side: as many ports are open to it
 *     cone side   IDLE ─► GUESSING ─► IDLE             knocks at ports of the vary side, the next
 *                                                      ones first, as many routers count
 *
 * A knock that comes in at a spare socket has found its port; the vary side dials from there. One
 * attempt at a time, a pause between two, and few with a peer, with a host and with a network in an
 * hour: whoever names a victim's address in a record makes a member send it no more than that.
 */
#ifndef DTT_NODE_BIRTHDAY_H
#define DTT_NODE_BIRTHDAY_H

#include "base/addr.h"
#include "base/rng.h"
#include "base/time.h"

#define DTT_BIRTHDAY_GUESSES 1750                /**< 99.9 % against 256 ports */
#define DTT_BIRTHDAY_GUESS_NS (20 * DTT_MS)      /**< between two of them */
#define DTT_BIRTHDAY_NEXT 64                     /**< of the next ports, before random ones */
#define DTT_BIRTHDAY_SWEEP 1024                  /**< and later, in turn with random ones */
#define DTT_BIRTHDAY_OPEN_NS (5 * DTT_MS)        /**< between the first whispers of two sockets */
#define DTT_BIRTHDAY_HOLD_NS (50 * DTT_MS)       /**< and between later ones */
#define DTT_BIRTHDAY_PATIENCE_NS (1500 * DTT_MS) /**< a plain dial goes first */
#define DTT_BIRTHDAY_HELD_NS (42 * DTT_S) /**< all guesses, and the other side may read us late */
#define DTT_BIRTHDAY_HITS 4               /**< knocks that are followed, in one attempt */
#define DTT_BIRTHDAY_HIT_NS (1 * DTT_S)   /**< between two of them */
#define DTT_BIRTHDAY_PAUSE_NS (20 * DTT_S)
#define DTT_BIRTHDAY_TRIES 3   /**< with a peer, and with a host, in an hour */
#define DTT_BIRTHDAY_NETWORK 6 /**< with the hosts of an IPv4 /24 */
#define DTT_BIRTHDAY_HOUR_NS (3600 * DTT_S)
#define DTT_BIRTHDAY_MEMORY 64 /**< attempts remembered; a full memory allows no more */

enum dtt_birthday_state {
    DTT_BIRTHDAY_IDLE,
    DTT_BIRTHDAY_GUESSING,
    DTT_BIRTHDAY_WAITING,
    DTT_BIRTHDAY_HOLDING
};

struct dtt_birthday_attempt {
    struct dtt_id peer;
    struct dtt_addr addr;
    uint64_t at_ns;
};

/** Zero it and set the stream of random ports to initialise. */
struct dtt_birthday {
    enum dtt_birthday_state state;
    struct dtt_rng rng;
    struct dtt_id peer;
    struct dtt_addr addr; /**< GUESSING: of the vary side, its last port; else of the cone side */
    int step;             /**< GUESSING: from port to port */
    unsigned n;           /**< knocks so far */
    unsigned n_hits;      /**< HOLDING: knocks that were followed, and the last one */
    uint64_t hit_ns;
    uint64_t next_ns; /**< of the next knock; WAITING: when it begins */
    uint64_t end_ns;
    uint64_t pause_ns; /**< no other attempt before then */
    size_t n_made;
    struct dtt_birthday_attempt made[DTT_BIRTHDAY_MEMORY]; /**< of the last hour */
};

/**
 * The peer is the vary side, last seen at `last`, with ports that grow by `step` (0: by no rule
 * that is known): begins to guess. False: not now, as another
 * attempt is on, was a moment ago, or there were too many.
 */
bool dtt_birthday_guess(struct dtt_birthday *b, struct dtt_now now, const struct dtt_id *peer,
                        const struct dtt_addr *last, int step);
/** The peer is the cone side, at `addr`: waits a moment, then holds ports open to it. */
bool dtt_birthday_hold(struct dtt_birthday *b, struct dtt_now now, const struct dtt_id *peer,
                       const struct dtt_addr *addr);
/** WAITING, and nothing was sent so far: does so for this peer instead. False as above; then it is
 * with the other one still. */
bool dtt_birthday_hold_instead(struct dtt_birthday *b, struct dtt_now now,
                               const struct dtt_id *peer, const struct dtt_addr *addr);
/** True once, when the time of waiting is over: sockets are to be opened. */
bool dtt_birthday_wants_sockets(struct dtt_birthday *b, struct dtt_now now);
/** They are open. */
void dtt_birthday_opened(struct dtt_birthday *b, struct dtt_now now);
/** The attempt is over. */
void dtt_birthday_stop(struct dtt_birthday *b, struct dtt_now now);
/** Whether an attempt with the peer is on. */
bool dtt_birthday_is_with(const struct dtt_birthday *b, const struct dtt_id *peer);
/** An attempt with the peer was made in the last hour and came to its end. */
bool dtt_birthday_was_with(const struct dtt_birthday *b, struct dtt_now now,
                           const struct dtt_id *peer);
/** GUESSING: where to knock now. HOLDING: where to whisper, from the next socket. False: wait. */
bool dtt_birthday_take(struct dtt_birthday *b, struct dtt_now now, struct dtt_addr *ret);
/** HOLDING: a knock came in; whether it may be followed now. */
bool dtt_birthday_may_follow(const struct dtt_birthday *b, struct dtt_now now);
/** It is, which counts it. */
void dtt_birthday_followed(struct dtt_birthday *b, struct dtt_now now);
/** When something is due: a knock, the sockets, or the end. */
uint64_t dtt_birthday_deadline(const struct dtt_birthday *b);

#endif
