/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The local network as a second place where records are read and written. A core without one
 * (struct dtt_core_config) passes all of this over.
 */
#ifndef DTT_NODE_CORE_LAN_H
#define DTT_NODE_CORE_LAN_H

#include "lan/lan.h"
#include "node/core.h"

/* ---- driver side */

/** As dtt_lan_set_links, dtt_lan_recv and dtt_lan_next_packet. */
void dtt_core_lan_set_links(struct dtt_core *c, struct dtt_now now,
                            const struct dtt_lan_link *links, size_t n);
void dtt_core_lan_recv(struct dtt_core *c, struct dtt_now now, uint32_t index,
                       const struct dtt_addr *from, struct dtt_slice datagram);
bool dtt_core_lan_next_packet(struct dtt_core *c, struct dtt_now now, struct dtt_lan_packet *ret);

/* ---- core side */

/** Our addresses have changed. */
void dtt_core_lan_addrs(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addrs,
                        size_t n);

/** Hands on one output; false when there is none. */
bool dtt_core_lan_route(struct dtt_core *c, struct dtt_now now);

#endif
