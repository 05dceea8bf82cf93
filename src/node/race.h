/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A race of dials: the addresses of one peer, one after the other at short intervals and a few at a
 * time, until one connects or none is left. Global ones come first. One that is nearer means
 * something in the peer's own home only: it is dialled at once where that is ours, and where the
 * peer names no global one; else a second later, as another host of ours may have it. The way by a
 * relay, which has an invented address and counts for no host, is dialled a little after the first
 * global address, or at once where none can be dialled now.
 */
#ifndef DTT_NODE_RACE_H
#define DTT_NODE_RACE_H

#include "base/ctx.h"
#include "node/book.h"
#include "node/destinations.h"
#include "node/transport.h"

#define DTT_RACE_DIALS 4     /**< under way at a time, of addresses known at its start */
#define DTT_RACE_DIALS_MAX 8 /**< with those of addresses that came later */
#define DTT_RACE_ADDRS 16    /**< addresses that take part */
#define DTT_RACE_STAGGER_NS (100 * DTT_MS) /**< between two addresses */
#define DTT_RACE_NEAR_NS (1 * DTT_S)       /**< from the start to the addresses of another home */
#define DTT_RACE_RELAYED_NS (250 * DTT_MS) /**< from the first global address to the relay */
#define DTT_RACE_COURTESY_NS (3 * DTT_S)   /**< the same to a peer that may dial us meanwhile */
#define DTT_RACE_RETRY_NS (1 * DTT_S)      /**< until budget is asked for again, at most */
#define DTT_RACE_TRIES 8                   /**< outcomes that are remembered */

struct dtt_dial {
    dtt_quic_conn conn;
    struct dtt_addr addr;
    unsigned datagrams; /**< taken out of its host's budget */
};

/** What came of an address. */
struct dtt_try {
    struct dtt_addr addr;
    enum dtt_reason reason;
};

struct dtt_race {
    struct dtt_dial dials[DTT_RACE_DIALS_MAX];
    size_t n_dials;
    size_t n_late; /**< addresses that came later: they do not wait for the place of a silent one */
    struct dtt_addr todo[DTT_BOOK_ADDRS]; /**< not tried yet */
    size_t n_todo;
    struct dtt_addr seen[DTT_RACE_ADDRS]; /**< those that take part */
    size_t n_seen;
    bool has_far;     /**< a global one is among them */
    bool is_home;     /**< the peer's home is ours; the caller says so before each dtt_race_next */
    uint64_t near_ns; /**< the others are dialled from then on */
    uint64_t relayed_ns; /**< and the way by a relay; 0: at once, no global one is dialled yet */
    bool is_courteous;   /**< the peer may dial us: the caller says so before each dtt_race_next */
    uint64_t held_ns;    /**< global IPv4 addresses are; the caller's, 0: at once */
    struct dtt_addr met; /**< the peer has knocked from there; no family: it has not */
    /** On hearsay: the peer was told to knock until then, so of its global IPv4 addresses only the
     * one is dialled where it has; the caller's, 0: nobody told it. */
    uint64_t told_ns;
    uint64_t kept_ns;  /**< it is not lost before then; the caller's: something else is tried */
    uint64_t end_ns;   /**< it is lost then, whatever goes on; the caller's, 0: never */
    uint64_t retry_ns; /**< an address waits for its time; DTT_NEVER: none does */
    /** Connections made before then are not heard, and that of the race takes their place; 0: of
     * none. */
    uint64_t missed_ns;
    bool is_hearsay; /**< only another peer vouches for this one: no budget is waited for */
    struct dtt_try tries[DTT_RACE_TRIES]; /**< what has failed, in the order of the first attempt */
    size_t n_tries;
    struct dtt_try worst; /**< of these the one that tells most; family none: none was known */
};

/** Begins with the addresses of the book; false when it has none. */
bool dtt_race_start(struct dtt_race *r, struct dtt_now now, const struct dtt_book *book,
                    const struct dtt_id *peer);

/**
 * Dials the next address whose time has come and whose host has budget, if one more dial
 * `may_dial`. False when none is under way and none waits: the race is lost.
 */
bool dtt_race_next(struct dtt_race *r, struct dtt_ctx *ctx, const struct dtt_transport *t,
                   struct dtt_destinations *destinations, struct dtt_now now,
                   const struct dtt_id *peer, bool may_dial);
/** An address is learnt while the race is on: it takes part. False when it does already, or when
 * there are too many. */
bool dtt_race_join(struct dtt_race *r, const struct dtt_addr *addr);
/** The peer has knocked from an address, so that the way there is open: it is dialled next. */
void dtt_race_met(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now,
                  const struct dtt_addr *addr);
/**
 * A dial that the caller made takes part; `datagrams`: taken out of its host's budget. False: too
 * many do.
 */
bool dtt_race_add(struct dtt_race *r, dtt_quic_conn conn, const struct dtt_addr *addr,
                  unsigned datagrams);
/** There is no room for a race on hearsay: no further address is tried. */
void dtt_race_refuse(struct dtt_race *r, struct dtt_ctx *ctx);
/** Whether something is under way, or waits. */
bool dtt_race_is_on(const struct dtt_race *r, struct dtt_now now);
/** When dtt_race_next should be called again, or DTT_NEVER. */
uint64_t dtt_race_deadline(const struct dtt_race *r, struct dtt_now now);
/** What a dial of this race has taken out of the budget of its host; 0 when it is none. */
unsigned dtt_race_datagrams(const struct dtt_race *r, dtt_quic_conn conn);
/** A dial came to its end: takes it out of the race. False when `conn` is none of this race. */
bool dtt_race_take(struct dtt_race *r, dtt_quic_conn conn, enum dtt_reason reason);
/** This host has no route to an address: its dial ends. False when there is none. */
bool dtt_race_no_route(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now,
                       const struct dtt_addr *addr);
/** Closes all dials; their addresses are tried again, before those that wait. */
void dtt_race_again(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now);
/**
 * Closes all dials and forgets the addresses. A dial that the peer may take for a connection
 * already is let be: to iroh-gossip the end of its newest connection is the end of the peer.
 */
void dtt_race_stop(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now);

#endif
