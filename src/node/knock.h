/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Knocks: datagrams of one zero byte, which is neither KRPC nor QUIC (docs/protocol/dialling.md).
 * One opens the way back through our own NAT, and nobody answers it. With a low hop limit, a
 * whisper, it dies before it comes to the other side's.
 */
#ifndef DTT_NODE_KNOCK_H
#define DTT_NODE_KNOCK_H

#include "node/links.h"

#define DTT_KNOCK_WHISPER 5 /**< hop limit: past a home's NAT and its carrier's */

/** A knock to be sent. */
struct dtt_knock {
    struct dtt_addr local; /**< the spare socket that it leaves from; no family: the usual one */
    struct dtt_addr addr;
    uint8_t hops; /**< hop limit; 0: that of the system */
};

/** The bytes of a knock. */
struct dtt_slice dtt_knock_bytes(void);
/** Whether a datagram that came is one. */
bool dtt_knock_is(struct dtt_slice datagram);
/** Knocks at an address; not when its host has no budget left (destinations.h). */
void dtt_knock_send(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *addr,
                    uint8_t hops);
/** One that is not in that budget, as it has its own (birthday.h). */
void dtt_knock_push(struct dtt_links *p, const struct dtt_knock *knock);
/** The next one to be sent, or false. */
bool dtt_knock_next(struct dtt_links *p, struct dtt_knock *ret);

#endif
