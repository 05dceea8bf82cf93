/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The hosts that dials send to before anybody there has answered. Anyone can name an address, so
 * each host has a budget, whoever names it: 6 datagrams in 15 seconds. On hearsay it is one a dial,
 * and the next such dial waits 10 seconds, then 20, up to 640. An answer gives all back, and an
 * ICMP error what its dial took, so that members that are gone do not keep us from others on their
 * host; but anyone can forge one, so this has its bound, too. Knocks, of one byte each (knock.h),
 * have a budget of their own.
 */
#ifndef DTT_NODE_DESTINATIONS_H
#define DTT_NODE_DESTINATIONS_H

#include "base/addr.h"
#include "base/map.h"
#include "base/time.h"

#define DTT_DESTINATIONS_MAX 1024    /**< hosts */
#define DTT_DESTINATIONS_INITIALS 6  /**< unanswered datagrams a host and window */
#define DTT_DESTINATIONS_KNOCKS 8    /**< and knocks */
#define DTT_DESTINATIONS_REFUSALS 40 /**< dials in a row whose ICMP error gives budget back, */
#define DTT_DESTINATIONS_REFUSAL_NS (1 * DTT_S) /**< and one more each second */
#define DTT_DESTINATIONS_WINDOW_NS (15 * DTT_S)
#define DTT_DESTINATIONS_WAIT_NS (10 * DTT_S)   /**< after the first dial on hearsay */
#define DTT_DESTINATIONS_WAIT_MAX (640 * DTT_S) /**< it doubles up to this */

struct dtt_destinations {
    struct dtt_map hosts; /**< dtt_addr_host -> struct dtt_destination */
};

void dtt_destinations_init(struct dtt_destinations *d,
                           const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_destinations_fini(struct dtt_destinations *d);
/**
 * Takes the datagrams of a dial out of the budget of its host; how many it may send before it is
 * answered. 0: none before *ret_ready_ns.
 */
unsigned dtt_destinations_take(struct dtt_destinations *d, struct dtt_now now,
                               const struct dtt_addr *addr, bool is_hearsay,
                               uint64_t *ret_ready_ns);
/** Takes one knock out of the budget; false: there is none left. */
bool dtt_destinations_knock(struct dtt_destinations *d, struct dtt_now now,
                            const struct dtt_addr *addr);
/** There is no socket at `addr`, says an ICMP error: a dial ended that had taken `n` datagrams. */
void dtt_destinations_refused(struct dtt_destinations *d, struct dtt_now now,
                              const struct dtt_addr *addr, unsigned n);
/** A node of the protocol has answered from this host. */
void dtt_destinations_answered(struct dtt_destinations *d, const struct dtt_addr *addr);

#endif
