/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a core knows and does at this moment, as JSON for viewers and bug reports. Each module
 * writes its own part; no secret, no name of a topic and no content of a message is in any.
 */
#ifndef DTT_NODE_SNAPSHOT_H
#define DTT_NODE_SNAPSHOT_H

#include "codec/json.h"
#include "dht/dht.h"
#include "node/core.h"

struct dtt_snapshot_stats {
    struct dtt_dht_stats dht;
    size_t lan_links; /**< where members are looked for in the local network */
    size_t topics;
    size_t links;       /**< peers with a connection or a dial */
    size_t neighbors;   /**< of these, in some topic */
    size_t connections; /**< with them */
    size_t dials;       /**< under way */
    size_t events;      /**< not taken yet */
    uint64_t events_lost;
    unsigned resolving;  /**< bootstrap names being looked up */
    unsigned threadless; /**< and those for whose look-up there is no thread */
};
void dtt_snapshot_stats(const struct dtt_core *c, struct dtt_snapshot_stats *ret);

/** Adds its members to the open object. Docs: dtt_node_snapshot_json. */
void dtt_snapshot_core(struct dtt_json *j, const struct dtt_core *c, struct dtt_now now);

#endif
