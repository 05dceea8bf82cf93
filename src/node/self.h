/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Our own addresses, and when they are put into the DHT: under our endpoint id, for peers that know
 * only the id, as the pkarr packet of iroh's mainline address lookup.
 */
#ifndef DTT_NODE_SELF_H
#define DTT_NODE_SELF_H

#include "base/time.h"
#include "codec/pkarr.h"
#include "node/limits.h"

#define DTT_SELF_DELAY_NS (1 * DTT_S)       /**< addresses found together go into one put */
#define DTT_SELF_SEEN_NS (400 * DTT_MS)     /**< the first put waits so for how others see us */
#define DTT_SELF_RETRY_NS (60 * DTT_S)      /**< after a put that no node stored */
#define DTT_SELF_AGAIN_NS (60 * 60 * DTT_S) /**< nodes drop items that are 2 hours old */

struct dtt_self {
    struct dtt_addr mapped;                /**< of the mapping held at the router */
    struct dtt_addr external[2];           /**< as the DHT sees us, IPv4 and IPv6 */
    struct dtt_addr local[DTT_CORE_ADDRS]; /**< of the host's interfaces */
    size_t n_local;
    bool is_local_known; /**< they were set once, if only to none */
    uint64_t due_ns;     /**< of the next put; DTT_NEVER: nothing to do */
    int64_t seq;         /**< microseconds of the first put of `packet` */
    size_t len;
    uint8_t packet[DTT_PKARR_PACKET_MAX];
};

void dtt_self_init(struct dtt_self *s);
/** Replaces the addresses of the host's interfaces. */
void dtt_self_set_local(struct dtt_self *s, const struct dtt_addr *addrs, size_t n);
void dtt_self_set_external(struct dtt_self *s, const struct dtt_addr *addr);
/** All of them, without repeats: the mapped one, the external ones, those of the interfaces. */
size_t dtt_self_addrs(const struct dtt_self *s, struct dtt_addr ret[DTT_CORE_ADDRS]);

/**
 * Those of them that others are told, best first: a loopback address only where there is nothing
 * else, since a peer that reads it elsewhere would dial itself.
 */
size_t dtt_self_told(const struct dtt_self *s, struct dtt_addr ret[DTT_CORE_ADDRS]);
/** Those of them that the public is told: where there is a global one, no other. */
size_t dtt_self_public(const struct dtt_self *s, struct dtt_addr ret[DTT_CORE_ADDRS]);
/** Somebody in the DHT has told how it sees us. */
bool dtt_self_is_seen(const struct dtt_self *s);
/** Something changed: the next put comes after `delay_ns` at the latest. */
void dtt_self_soon(struct dtt_self *s, struct dtt_now now, uint64_t delay_ns);
/** The put failed. */
void dtt_self_failed(struct dtt_self *s, struct dtt_now now);
/**
 * True when `packet` is to be put now with `seq`. It names our home relay, unless that is "",
 * and the addresses for the public; without any of them nothing is put.
 */
bool dtt_self_take(struct dtt_self *s, struct dtt_now now, const struct dtt_id *id,
                   const char *relay);

#endif
