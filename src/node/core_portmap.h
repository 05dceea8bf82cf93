/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A core's mapping at the home router: when there is to be one, and what becomes of it. */
#ifndef DTT_NODE_CORE_PORTMAP_H
#define DTT_NODE_CORE_PORTMAP_H

#include "node/core.h"
#include "portmap/portmap.h"

/** A node that others reach without one shows so within this time of its start. */
#define DTT_CORE_PORTMAP_DELAY_NS (1 * DTT_S)

void dtt_core_portmap_init(struct dtt_core *c, struct dtt_now now);
uint64_t dtt_core_portmap_deadline(const struct dtt_core *c);
void dtt_core_portmap_tick(struct dtt_core *c, struct dtt_now now);
/** Tells what has become of the mapping. True: our own addresses are others now. */
bool dtt_core_portmap_settle(struct dtt_core *c, struct dtt_now now);
/** The next datagram to the router. */
bool dtt_core_portmap_next_packet(struct dtt_core *c, struct dtt_core_packet *ret);

#endif
