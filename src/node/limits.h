/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How much a node takes on, and the times that it gives its connections. */
#ifndef DTT_NODE_LIMITS_H
#define DTT_NODE_LIMITS_H

#include "base/time.h"
#include "record/slot.h"

#define DTT_CORE_TOPICS 64 /**< topics a node */
#define DTT_CORE_OPS 64    /**< DHT operations, lookups and publications of the application */
#define DTT_CORE_ADDRS DTT_RECORD_ADDRS /**< own addresses told to others */
#define DTT_CORE_SLOT_OPS 48  /**< reads and writes of slots under way, of all topics in turn */
#define DTT_CORE_ADDR_GETS 8  /**< peers being located */
#define DTT_CORE_NAMED_GETS 2 /**< of these, on hearsay */
/*
 * Each topic reads and writes its slots of two minutes. A lookup of the application has as many
 * operations as that. The last two read and put our own addresses.
 */
#define DTT_CORE_SLOTS (2 * DTT_SLOT_KINDS)
#define DTT_CORE_WAITS \
    (2 * DTT_CORE_SLOTS * DTT_CORE_TOPICS + DTT_CORE_SLOTS * DTT_CORE_OPS + DTT_CORE_ADDR_GETS + 2)

#define DTT_CORE_IDLE_NS (15 * DTT_S)         /**< a silent connection is given up after this */
#define DTT_CORE_RELAYED_IDLE_NS (30 * DTT_S) /**< and one that began by a relay after this */
#define DTT_CORE_REACH_NS (1 * DTT_S)         /**< so often a node looks at its own reach, */
#define DTT_CORE_UNKNOWN_NS (50 * DTT_MS)     /**< and so often while that is unknown */
#define DTT_CORE_KEEP_ALIVE_NS (5 * DTT_S)    /**< so often it is kept from being silent */

#endif
