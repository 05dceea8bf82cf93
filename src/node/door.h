/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Doors: the ways through our own NAT that are kept open for peers whose record was read
 * (docs/protocol/dialling.md). Of two that both keep one outside port the one that joined later,
 * the newcomer, has read the other's record first: it whispers, which opens its door, and lets the
 * elder dial. A door:
 *
 *     opened ──► WHISPERING: a knock each 2 s ──► KEPT: one each 15 s ──► forgotten
 *                   5 or 12 s, then we dial        │   ▲   2 minutes after the peer's last record
 *                                        our dial  ▼   │
 *                                        failed   PATIENT (newcomer): one each 15 s, for 90 s
 *                                                 QUIET (elder, the second time): none for 35 s
 *
 * The elder's doors are KEPT from the beginning. A few at a time: the one that ends first makes
 * room. All knocks are whispers: what is to arrive is the dial.
 *
 * A dial that has failed may have come too early, so that the elder's router gives the elder
 * another port towards the newcomer: for as long as the newcomer goes on and 30 s more, and as long
 * as the elder itself sends there. So both have to keep still, and it is the elder that is to dial
 * then, from the port that it had before.
 */
#ifndef DTT_NODE_DOOR_H
#define DTT_NODE_DOOR_H

#include "base/addr.h"
#include "base/time.h"

#define DTT_DOORS_MAX 8
#define DTT_DOOR_ADDRS 4 /**< knocked at, a peer */
#define DTT_DOOR_WHISPER_NS (2 * DTT_S)
#define DTT_DOOR_KEEP_NS (15 * DTT_S)
#define DTT_DOOR_KEPT_NS (120 * DTT_S) /**< after the last record of the peer */
/** The newcomer whispers so long when both joined at about one time (the elder, alone for less than
 * 15 seconds, reads each 4), and longer when they did not. */
#define DTT_DOOR_BRIEF_NS (5 * DTT_S)
#define DTT_DOOR_LONG_NS (12 * DTT_S)
#define DTT_DOOR_TOGETHER_S 10 /**< joined at about one time */
/** A router forgets in 30 s what nobody sends any more. */
#define DTT_DOOR_QUIET_NS (35 * DTT_S)
/** The elder's two dials, of 10 s each and 5 s apart, its silence, and what those of the newcomer
 * leave behind at its router for 30 s fit into this, in whatever order they come. */
#define DTT_DOOR_PATIENT_NS (90 * DTT_S)

/** One of two members, as far as its record tells. */
struct dtt_door_side {
    struct dtt_id id;
    bool is_cone; /**< behind a NAT or firewall that keeps one outside port and shuts others out */
    uint64_t joined_s; /**< unix time */
};

/** How long `us` whispers at `peer` before it dials; 0: it dials at once. */
uint64_t dtt_door_patience_ns(const struct dtt_door_side *us, const struct dtt_door_side *peer);

enum dtt_door_state { DTT_DOOR_WHISPERING, DTT_DOOR_KEPT, DTT_DOOR_PATIENT, DTT_DOOR_QUIET };

struct dtt_door {
    struct dtt_id id;
    enum dtt_door_state state;
    unsigned n_failed; /**< dials, in a row */
    uint64_t aloud_ns; /**< we dial from then on; in all states but KEPT that is to come */
    uint64_t next_ns;  /**< of the next knock */
    uint64_t until_ns;
    size_t n;
    struct dtt_addr addrs[DTT_DOOR_ADDRS]; /**< global */
};

/** Zero it to initialise. */
struct dtt_doors {
    size_t n;
    struct dtt_door list[DTT_DOORS_MAX];
};

/**
 * Opens a door for a peer, or finds the one that is open, which does not begin anew; its addresses
 * are replaced by the global ones of `addrs`. Returns when the peer may be dialled. Without a
 * global address there is no door, and it may be dialled now.
 */
uint64_t dtt_doors_open(struct dtt_doors *d, struct dtt_now now, const struct dtt_id *peer,
                        uint64_t patience_ns, const struct dtt_addr *addrs, size_t n);
/** A new record of the peer: its door, if there is one, stays open for longer. */
void dtt_doors_renew(struct dtt_doors *d, struct dtt_now now, const struct dtt_id *peer);
/** A dial of the peer has failed, whether the newcomer's or the elder's. */
void dtt_doors_failed(struct dtt_doors *d, struct dtt_now now, const struct dtt_id *peer,
                      bool is_newcomer);
/** The network is another one: what failed before is forgotten. */
void dtt_doors_moved(struct dtt_doors *d, struct dtt_now now);
/** The peer is connected. */
void dtt_doors_close(struct dtt_doors *d, const struct dtt_id *peer);
/** Takes a door at which it is time to knock: copies its addresses, returns their number; 0: none.
 */
size_t dtt_doors_take(struct dtt_doors *d, struct dtt_now now, struct dtt_addr ret[DTT_DOOR_ADDRS]);
uint64_t dtt_doors_deadline(const struct dtt_doors *d);

#endif
