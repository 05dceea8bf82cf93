/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A race of dials: the addresses of one peer, one after the other at short intervals and a few at a
 * time, until one connects or none is left.
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
#define DTT_RACE_RETRY_NS (1 * DTT_S)      /**< until budget is asked for again, at most */

struct dtt_dial {
    dtt_quic_conn conn;
    struct dtt_addr addr;
};

struct dtt_race {
    struct dtt_dial dials[DTT_RACE_DIALS_MAX];
    size_t n_dials;
    size_t n_late; /**< addresses that came later: they do not wait for the place of a silent one */
    struct dtt_addr todo[DTT_BOOK_ADDRS]; /**< not tried yet */
    size_t n_todo;
    struct dtt_addr seen[DTT_RACE_ADDRS]; /**< those that take part */
    size_t n_seen;
    uint64_t retry_ns; /**< an address waits for the budget of its host; DTT_NEVER: none does */
    bool is_hearsay;   /**< only another peer vouches for this one: it waits for nothing */
    struct dtt_addr failed; /**< the address that failed last; family none: none was known */
    enum dtt_reason reason; /**< why it failed */
};

/** Begins with the addresses of the book; false when it has none. */
bool dtt_race_start(struct dtt_race *r, const struct dtt_book *book, const struct dtt_id *peer);

/**
 * Dials the next address whose host has budget, if one more dial `may_dial`. False when none is
 * under way and none waits: the race is lost.
 */
bool dtt_race_next(struct dtt_race *r, struct dtt_ctx *ctx, const struct dtt_transport *t,
                   struct dtt_destinations *destinations, struct dtt_now now,
                   const struct dtt_id *peer, bool may_dial);
/** An address is learnt while the race is on: it takes part. False when it does already, or when
 * there are too many. */
bool dtt_race_join(struct dtt_race *r, const struct dtt_addr *addr);
/** When dtt_race_next should be called again, or DTT_NEVER. */
uint64_t dtt_race_deadline(const struct dtt_race *r, struct dtt_now now);
/** A dial came to its end: takes it out of the race. False when `conn` is none of this race. */
bool dtt_race_take(struct dtt_race *r, dtt_quic_conn conn, enum dtt_reason reason);
/** Closes all dials; their addresses are tried again, before those that wait. */
void dtt_race_again(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now);
/** Closes all dials and forgets the addresses. */
void dtt_race_stop(struct dtt_race *r, const struct dtt_transport *t, struct dtt_now now);

#endif
