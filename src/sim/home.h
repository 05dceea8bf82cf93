/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Homes: the NATs between a host and the internet. A home has one router, with one host behind it
 * or several that reach each other directly, one by one or all at once by multicast, and some
 * routers have their carrier's before them:
 *
 *     host ─┐
 *     host ─┴─ home's NAT ─┐
 *     host ─── home's NAT ─┴─ carrier's NAT ─── internet
 */
#ifndef DTT_SIM_HOME_H
#define DTT_SIM_HOME_H

#include "lan/link.h"
#include "sim/world.h"

#define DTT_SIM_HOME_HOSTS 200 /**< in one home, at most */
#define DTT_SIM_HOME_LINK 2    /**< number of each host's interface in it */

/** Where a datagram is when it has left its home, or was turned back in it. */
struct dtt_sim_way {
    struct dtt_addr from;        /**< as who gets it sees it; port 0: dropped on the way */
    uint32_t hops;               /**< that it has left */
    struct dtt_sim_nat *turn;    /**< comes in at this one again; NULL: it is on the internet */
    struct dtt_sim_host *direct; /**< it is for this one, in the same home; NULL: it is not */
};

/** A NAT of the world; its address is not set yet. NULL: out of memory. */
struct dtt_sim_nat *dtt_sim_home_router(struct dtt_sim_world *w,
                                        const struct dtt_sim_nat_rules *rules,
                                        struct dtt_sim_nat *carrier);
/** The NAT that the internet sees of a host that has one. */
struct dtt_sim_nat *dtt_sim_home_outermost(const struct dtt_sim_host *h);
/** The group of multicast DNS, in which all hosts of a home are (docs/protocol/lan.md). */
struct dtt_addr dtt_sim_home_group(void);
/** What the host's interface in its home is for multicast DNS. */
struct dtt_lan_link dtt_sim_home_link(const struct dtt_sim_host *h);
/** A host in the home of `h`, itself too, with number `from` or the next one; NULL: no more. */
struct dtt_sim_host *dtt_sim_home_next(const struct dtt_sim_host *h, uint32_t from);
/** A datagram on its way out of the host. */
struct dtt_sim_way dtt_sim_home_out(const struct dtt_sim_host *h, uint16_t port,
                                    const struct dtt_addr *to, uint32_t hops);
/** Who gets a datagram that comes to port `port` of a NAT, with so many hops left; or NULL. */
struct dtt_sim_host *dtt_sim_home_in(struct dtt_sim_world *w, struct dtt_sim_nat *nat,
                                     const struct dtt_addr *from, uint16_t port, uint32_t hops);
/**
 * A KRPC query as one of a read-only node (BEP 43), which nobody names to others; other bytes as
 * they are. In a DHT of millions no node that two homes know is likely to name one to the other, in
 * one of hundreds all do, and their pings then open the NATs for each other. `buf` takes
 * `data.len` + DTT_SIM_HOME_MARK bytes.
 */
struct dtt_slice dtt_sim_home_hide(uint8_t *buf, struct dtt_slice data);

#define DTT_SIM_HOME_MARK 7

#endif
