/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Our address as others see it (the `ip` key of BEP 42), for one address family. One vote per
 * network (IPv4 /16, IPv6 /32), so that a liar with many hosts in one place has one voice. Votes
 * from private and loopback addresses count one per node, while no global node has voted. An
 * opinion needs some votes and more than half of all, or the last voices in a row.
 */
#ifndef DTT_DHT_VOTES_H
#define DTT_DHT_VOTES_H

#include "base/addr.h"
#include "base/time.h"

#define DTT_VOTES_MAX 16
#define DTT_VOTES_NEED 3
#define DTT_VOTES_NEED_LOCAL 2
#define DTT_VOTES_RECENT 6
#define DTT_VOTES_LIFETIME_NS (600 * DTT_S)

struct dtt_vote {
    struct dtt_addr voter;
    struct dtt_addr addr;
    uint64_t time_ns;
    uint64_t sent_ns; /**< when the voter was first asked, as far as we know */
};

/** Zero it to initialise. */
struct dtt_votes {
    size_t n;
    struct dtt_addr opinion; /**< family 0: none yet */
    uint32_t count;          /**< votes for the opinion */
    struct dtt_vote votes[DTT_VOTES_MAX];
};

/**
 * A matched answer from `voter` to a query that was sent at `sent_ns` called us `addr`. True when
 * the opinion has changed.
 */
bool dtt_votes_add(struct dtt_votes *votes, struct dtt_now now, const struct dtt_addr *voter,
                   const struct dtt_addr *addr, uint64_t sent_ns);
/** Forgets the votes, but not the opinion: the network is another one, or the host has slept. */
void dtt_votes_forget(struct dtt_votes *votes);

/**
 * The IP that more than half of the global voices name, DTT_VOTES_NEED at least, whatever ports
 * they do; port 0. False: there is none.
 */
bool dtt_votes_ip(const struct dtt_votes *votes, struct dtt_addr *ret);

#endif
