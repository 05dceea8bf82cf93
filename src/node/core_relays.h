/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The relays of a core (relays.h). What it sends over one is among its packets (core.h). */
#ifndef DTT_NODE_CORE_RELAYS_H
#define DTT_NODE_CORE_RELAYS_H

#include "node/core.h"
#include "node/relays.h"

/* ---- driver side; `i` is the place of the relay in struct dtt_core_config, or of a foreign one */

/** The foreign relay in the place `i`, to which the driver is to be connected; another `serial` is
 * another one, and 0 none. That of a given one is 0. */
const struct dtt_relays_one *dtt_core_relays_foreign(const struct dtt_core *c, size_t i);

/** The relay takes datagrams from now on, or no more. */
void dtt_core_relays_set_up(struct dtt_core *c, struct dtt_now now, size_t i, bool is_up);
/** Why it does not serve (relays.h). */
void dtt_core_relays_set_trouble(struct dtt_core *c, struct dtt_now now, size_t i,
                                 const struct dtt_relays_trouble *trouble);
/** How long it takes to answer a ping. */
void dtt_core_relays_set_rtt(struct dtt_core *c, struct dtt_now now, size_t i, uint64_t rtt_ns);
/** The next relay of which it is to be seen, by a ping, whether it lives; false: none. */
bool dtt_core_relays_next_doubted(struct dtt_core *c, size_t *ret);
/** Datagrams of `segment` bytes each (the last may be shorter) came over it from an endpoint. */
void dtt_core_relays_recv(struct dtt_core *c, struct dtt_now now, size_t i, const struct dtt_id *id,
                          size_t segment, struct dtt_slice datagrams);

/* ---- core side */

void dtt_core_relays_init(struct dtt_core *c, const struct dtt_core_config *cfg,
                          const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);

/** Does what is due, and tells the program how relays are. */
void dtt_core_relays_tick(struct dtt_core *c, struct dtt_now now);
/** Where a packet to an invented address goes; false: nowhere now. */
bool dtt_core_relays_route(struct dtt_core *c, struct dtt_core_packet *packet);

#endif
