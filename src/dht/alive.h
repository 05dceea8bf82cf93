/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which nodes are alive: probes, which nobody waits for, and what silence means. */
#ifndef DTT_DHT_ALIVE_H
#define DTT_DHT_ALIVE_H

#include "dht/dht.h"
#include "dht/query.h"

/** Sends a probe unless one to this address is in flight. */
void dtt_alive_probe(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                     struct dtt_krpc *query);
/** Asks nodes of an earlier life, as many as may be asked at a time. */
void dtt_alive_ask_saved(struct dtt_dht *d, struct dtt_now now);
/**
 * Whether a contact that `teller` names may be asked: usable, of our families, neither we ourselves
 * nor beyond what `teller` may tell. Nobody from outside makes us send to private hosts, nobody but
 * this host to loopback.
 */
bool dtt_alive_may_ask(const struct dtt_dht *d, const uint8_t *id, const struct dtt_addr *addr,
                       const struct dtt_addr *teller);
/** A node we have not asked showed up: true when the table has room, so that a ping is due. */
bool dtt_alive_wants(struct dtt_dht *d, const uint8_t *id, const struct dtt_addr *addr);
/** Asks a newcomer whether it is there. */
void dtt_alive_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr);
/** A table node was silent: counts, and asks whether it is still there. */
void dtt_alive_silent(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                      unsigned weight);
/** A probe is over. */
void dtt_alive_probed(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end);

#endif
