/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * We and a peer that is dialled, by what each knows of its own router: who of the two holds ports
 * open and who guesses them (birthday.h), and what stands between them when a dial has failed.
 */
#ifndef DTT_NODE_PAIR_H
#define DTT_NODE_PAIR_H

#include "node/link.h"

#define DTT_PAIR_FRESH_NS (120 * DTT_S)  /**< a peer is guessed at for so long after its record */
#define DTT_PAIR_HOPELESS_NS (3 * DTT_S) /**< of dials where only a network of both could help */
#define DTT_PAIR_DEAF_NS (12 * DTT_S)    /**< of the DHT without an answer ... */
#define DTT_PAIR_DEAF_QUERIES 4          /**< ... to so many queries ends an attempt */

/** Its record was read, or our own router is known: begins where nothing but guessing helps, and
 * where that does not, either, sees to it that the race ends soon. */
void dtt_pair_consider(struct dtt_links *p, struct dtt_now now, struct dtt_link *link);
/** Knocks, or asks for sockets, as is due. */
void dtt_pair_tick(struct dtt_links *p, struct dtt_now now);
/** The driver has opened these; none at all ends the attempt. */
void dtt_pair_opened(struct dtt_links *p, struct dtt_now now, const struct dtt_addr *bound,
                     size_t n);
/** A knock came in at a spare socket: the peer is dialled from there. */
void dtt_pair_knocked(struct dtt_links *p, struct dtt_now now, struct dtt_spare *spare,
                      const struct dtt_addr *remote);
/** The peer is connected, however. */
void dtt_pair_met(struct dtt_links *p, struct dtt_now now, const struct dtt_id *peer);
/** The attempt ends: the network is another one, or takes no more. */
void dtt_pair_stop(struct dtt_links *p, struct dtt_now now);
/**
 * How many queries the DHT was asked and how many it answered so far: when it falls silent during
 * an attempt, the router may have no port left for the rest of the house.
 */
void dtt_pair_heard(struct dtt_links *p, struct dtt_now now, uint32_t asked, uint32_t answered);
/** What stands between us and a peer whose race is lost; `reason` when that is all that is known.
 */
enum dtt_reason dtt_pair_reason(const struct dtt_links *p, struct dtt_now now,
                                const struct dtt_link *link, enum dtt_reason reason);

#endif
