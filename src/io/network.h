/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The host's network: which addresses are ours, and when that changes. The kernel tells (netlink);
 * where it does not, looking from time to time has to do. An interface that goes up and down all
 * the time is looked at eight times, then every five seconds.
 */
#ifndef DTT_IO_NETWORK_H
#define DTT_IO_NETWORK_H

#include "base/addr.h"
#include "base/bucket.h"
#include "base/time.h"
#include "node/limits.h"

#define DTT_NETWORK_SETTLE_NS (50 * DTT_MS) /**< changes that come together are one */
#define DTT_NETWORK_EVERY_NS (60 * DTT_S)   /**< when something else woke us anyway */
#define DTT_NETWORK_CONTACTS 8

struct dtt_network {
    int fd; /**< readable: call dtt_network_heard; -1: the kernel tells nothing */
    struct dtt_addr bound[2];
    struct dtt_addr contacts[DTT_NETWORK_CONTACTS]; /**< where the DHT is */
    size_t n_contacts;
    struct dtt_addr addrs[DTT_CORE_ADDRS]; /**< those that others are told, best first */
    size_t n_addrs;
    uint64_t all;   /**< hash of all addresses, and of those in use */
    bool is_looked; /**< at all */
    bool is_rerouted;
    uint64_t look_ns; /**< the next look; only that after a change is a reason to wake up */
    bool is_look_due; /**< at look_ns, after a change */
    struct dtt_bucket looks;
};

/** Cannot fail; `bound`: our sockets, at most one a family. */
void dtt_network_init(struct dtt_network *n, struct dtt_now now, const struct dtt_addr bound[2]);
void dtt_network_fini(struct dtt_network *n);
/** The route to a contact shows which address of ours is in use. Those beyond 8 are ignored. */
void dtt_network_add_contact(struct dtt_network *n, struct dtt_now now,
                             const struct dtt_addr *addr);
/** The kernel has something to tell. Until the next look `fd` is better left alone. */
void dtt_network_heard(struct dtt_network *n, struct dtt_now now);
/** When dtt_network_look is due, or DTT_NEVER. */
uint64_t dtt_network_deadline(const struct dtt_network *n);

enum dtt_network_change {
    DTT_NETWORK_MOVED = 1, /**< addresses or routes differ: connections may be affected */
    DTT_NETWORK_ADDRS = 2, /**< `addrs` differ */
    DTT_NETWORK_LOOKED = 4 /**< there was a look, whatever it showed */
};
/** Looks if it is time to: a set of these. */
unsigned dtt_network_look(struct dtt_network *n, struct dtt_now now);

#endif
