/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Keeps the routing tables true: takes what contacts to start from and probes bring, looks at the
 * stalest node or bucket, one at a time, changes our own id, and gives unused memory back.
 */
#ifndef DTT_DHT_UPKEEP_H
#define DTT_DHT_UPKEEP_H

#include "dht/dht.h"
#include "dht/query.h"
#include "dht/walks.h"

/** Our id is another one from now on. */
void dtt_upkeep_set_id(struct dtt_dht *d, const uint8_t id[20]);
/** Our external address has become known: an id that does not fit it is changed (BEP 42). */
void dtt_upkeep_address_known(struct dtt_dht *d, struct dtt_now now);
/** A node has become live, `is_first`: in an empty table. */
void dtt_upkeep_node_live(struct dtt_dht *d, struct dtt_now now, bool is_first);
void dtt_upkeep_walk_ended(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *walk);
/** The query to a contact to start from was answered, is slow, or dead. */
void dtt_upkeep_boot_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end);
/** A probe was answered, or is dead. */
void dtt_upkeep_probed(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end);
/** No node, no contact left to hear from, none promised: operations that wait end now. */
void dtt_upkeep_end_hopeless(struct dtt_dht *d, struct dtt_now now);
/** The host slept: nothing known is taken for granted any more. */
void dtt_upkeep_woke(struct dtt_dht *d, struct dtt_now now);
uint64_t dtt_upkeep_deadline(const struct dtt_dht *d);
void dtt_upkeep_tick(struct dtt_dht *d, struct dtt_now now);

#endif
