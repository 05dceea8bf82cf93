/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a node of the DHT knows and does, as JSON. */
#ifndef DTT_DHT_SNAPSHOT_H
#define DTT_DHT_SNAPSHOT_H

#include "codec/json.h"
#include "dht/dht.h"

/** Adds its members to the open object. Docs: dtt_node_snapshot_json. */
void dtt_dht_snapshot(struct dtt_json *j, const struct dtt_dht *d, struct dtt_now now);

#endif
