/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The dials of all links: whose turn it is (docs/design/admission.md), the peers whose addresses
 * are looked for, and those that could not be reached.
 */
#ifndef DTT_NODE_DIALS_H
#define DTT_NODE_DIALS_H

#include "node/links.h"
#include "node/race.h"

#define DTT_DIALS_MAX 48     /**< dials under way */
#define DTT_DIALS_HEARSAY 16 /**< of these, to peers that another one named */
#define DTT_DIALS_VIA 4      /**< of these, to peers that the same one named */

struct dtt_link;

/** Dials the peer of a new link, when its addresses are known or found. */
void dtt_dials_start(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/** Tries the next address. When the race is lost, tells of it and drops the link. */
void dtt_dials_next(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/** Goes on with the race of a connected peer; false: it is lost. */
bool dtt_dials_go_on(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/** Dials a connected peer once more. */
void dtt_dials_again(struct dtt_links *p, struct dtt_now now, struct dtt_link *link,
                     const struct dtt_addr *addr);
/** What a record of a peer, written at `unix_s`, tells of its reach; before dtt_dials_learn. */
void dtt_dials_record(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                      const struct dtt_reach *reach, uint64_t unix_s);
/** Our own reach, p->me, is another one now. */
void dtt_dials_reach(struct dtt_links *p, struct dtt_now now);
/** Our own addresses, those seen from outside among them: at most DTT_RECORD_ADDRS. */
void dtt_dials_own(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *addrs, size_t n);
/** The host's addresses or routes have changed: what dials sent before may have gone nowhere, and
 * their next try may be seconds away, so they begin anew. */
void dtt_dials_moved(struct dtt_links *p, struct dtt_now now);
/** The host has no route to an address: dials there end. */
void dtt_dials_no_route(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *addr);
/**
 * The end of a meeting with a peer (meet.h): it has knocked from `addr`, where it is dialled at
 * once; NULL: nobody could tell it, and a dial waits for it no more.
 */
void dtt_dials_met(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                   const struct dtt_addr *addr);
/** No topic needs the peer any more: a dial on hearsay ends. */
void dtt_dials_unneeded(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id);

/** The user names addresses of a peer. Those that a race for the peer lacks join it. */
void dtt_dials_name(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                    const struct dtt_addr *addrs, size_t n);
/** Others do: the same for those that they may name. */
void dtt_dials_learn(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                     const struct dtt_addr *addrs, size_t n);
/** A peer's home relay; "": it names none. */
void dtt_dials_relay(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                     const char *url);
/** A dial to the peer is under way, or its addresses are looked for. */
bool dtt_dials_seeks(const struct dtt_links *p, const struct dtt_id *id);
/**
 * The next peer to be dialled whose address nobody knows; dtt_dials_located must follow.
 * `is_hearsay`: of those that another peer named.
 */
bool dtt_dials_next_wanted(struct dtt_links *p, bool is_hearsay, struct dtt_id *ret);
/** The book may have learnt addresses of a wanted peer. `is_over`: no more are to come. */
void dtt_dials_located(struct dtt_links *p, struct dtt_now now, const struct dtt_id *id,
                       bool is_over);

/** A peer that could not be reached at any address. */
struct dtt_dial_failure {
    struct dtt_id peer;
    struct dtt_addr addr; /**< the one that tells most; family none: no address was known */
    const char *stage;
    enum dtt_reason reason; /**< of that one */
    int mine;               /**< enum dtt_reach_class of this node, when it was told ... */
    int theirs;             /**< ... and of the peer */
    size_t n_tries;
    struct dtt_try tries[DTT_RACE_TRIES]; /**< the global addresses first */
};
bool dtt_dials_next_failure(struct dtt_links *p, struct dtt_dial_failure *ret);

#endif
