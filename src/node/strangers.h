/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Whether strangers reach us, proven and not guessed: a datagram that came from an address to which
 * we had not sent for ten minutes, nor it to us, passed every filter before us. Two such, from
 * different networks (IPv4 /16, IPv6 /32), are the proof; it holds for ten minutes.
 *
 * A filter lets in what it knows, and it knows for minutes to whom we have sent; some keep an entry
 * for as long as the other side sends. So both are remembered, in a table of places: where two
 * addresses share one, a stranger passes for somebody known, never the other way round. Whoever
 * forges the sender of a datagram still has to get it through the filter.
 */
#ifndef DTT_NODE_STRANGERS_H
#define DTT_NODE_STRANGERS_H

#include "base/addr.h"
#include "base/map.h"
#include "base/time.h"

#define DTT_STRANGERS_PLACES 4096
#define DTT_STRANGERS_NS (600 * DTT_S)
#define DTT_STRANGERS_NEED 2
/** At first, and in another network, a filter may know to whom a former process has sent. */
#define DTT_STRANGERS_SETTLE_NS (180 * DTT_S)

struct dtt_stranger {
    struct dtt_addr addr; /**< family 0: none */
    uint64_t seen_ns;
};

struct dtt_strangers {
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    uint64_t from_ns;                       /**< nobody counts before */
    uint32_t known_s[DTT_STRANGERS_PLACES]; /**< mono seconds + 1 of the last datagram; 0: none */
    struct dtt_stranger last[2][DTT_STRANGERS_NEED]; /**< by family, of different networks */
};

void dtt_strangers_init(struct dtt_strangers *s, struct dtt_now now,
                        const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
/** The network is another one: what was proven is void. */
void dtt_strangers_moved(struct dtt_strangers *s, struct dtt_now now);
void dtt_strangers_sent(struct dtt_strangers *s, struct dtt_now now, const struct dtt_addr *to);
/** True when it came from a stranger. */
bool dtt_strangers_heard(struct dtt_strangers *s, struct dtt_now now, const struct dtt_addr *from);
/** They reach us. */
bool dtt_strangers_reach_us(const struct dtt_strangers *s, struct dtt_now now, uint8_t family);

#endif
