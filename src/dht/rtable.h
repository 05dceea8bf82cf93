/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Routing table of one address family (BEP 5, BEP 32): buckets of k = 8 live nodes by common prefix
 * with our id, split only on our side, plus a few spare contacts per bucket. A node becomes live
 * only by answering a query of ours. Among global addresses one IP holds one place.
 */
#ifndef DTT_DHT_RTABLE_H
#define DTT_DHT_RTABLE_H

#include "base/addr.h"
#include "base/time.h"
#include "dht/krpc_wire.h"

#define DTT_RTABLE_K 8
#define DTT_RTABLE_SPARE 3       /**< spare contacts of a bucket */
#define DTT_RTABLE_BUCKETS 32    /**< at most; 8 * 2^32 nodes fill them */
#define DTT_RTABLE_PER_NETWORK 2 /**< live nodes of one /24 or /64 in a bucket */
#define DTT_RTABLE_FAILS_BAD 2   /**< failures in a row: not handed out, replaced when possible */
#define DTT_RTABLE_FAILS_MAX 5   /**< failures in a row: forgotten */
#define DTT_RTABLE_GOOD_S 900    /**< BEP 5: good for 15 minutes after an answer */

#define DTT_RNODE_GLOBAL 1u    /**< globally routable address */
#define DTT_RNODE_SECURE 2u    /**< id fits the address (BEP 42) */
#define DTT_RNODE_ROUTER 4u    /**< a contact to start from: first to make room */
#define DTT_RNODE_BEP44 8u     /**< has answered get or put */
#define DTT_RNODE_NO_BEP44 16u /**< answered others but was silent on get */

struct dtt_rnode {
    uint8_t id[DTT_NODE_ID_BYTES];
    uint8_t ip[16];
    uint16_t port;
    uint16_t rtt;     /**< smoothed, in units of 100 us; 0 unknown */
    uint32_t heard_s; /**< last matched answer, seconds of the monotonic clock */
    uint8_t fails;    /**< in a row */
    uint8_t flags;
};

struct dtt_rbucket {
    uint32_t refreshed_s; /**< last lookup into its range */
    uint8_t live;
    uint8_t spare;
    struct dtt_rnode nodes[DTT_RTABLE_K];
    struct dtt_rnode spares[DTT_RTABLE_SPARE]; /**< the newest last */
};

struct dtt_rtable {
    uint8_t self[DTT_NODE_ID_BYTES];
    uint8_t family;
    size_t n; /**< buckets; the last one holds all longer prefixes */
    size_t live;
    struct dtt_rbucket *buckets;
};

/** Allocates nothing yet. */
void dtt_rtable_init(struct dtt_rtable *table, uint8_t family,
                     const uint8_t self[DTT_NODE_ID_BYTES]);
void dtt_rtable_fini(struct dtt_rtable *table);

struct dtt_addr dtt_rnode_addr(const struct dtt_rtable *table, const struct dtt_rnode *node);

/**
 * A node has answered a query of ours. `flags` are added; BEP44 clears NO_BEP44. True when it has
 * become live: it was not, and is not spare or refused (limits, full, own id, no memory).
 */
bool dtt_rtable_seen(struct dtt_rtable *table, struct dtt_now now,
                     const uint8_t id[DTT_NODE_ID_BYTES], const struct dtt_addr *addr,
                     uint64_t rtt_ns, unsigned flags);

/** A node we have not asked. True: there is room, so a ping is due. Otherwise kept as spare. */
bool dtt_rtable_suggest(struct dtt_rtable *table, const uint8_t id[DTT_NODE_ID_BYTES],
                        const struct dtt_addr *addr);

/**
 * A query stayed without answer (`weight` 1) or the address is unreachable (2). True and `*ret`
 * (taken out of the spare contacts) when a replacement is worth a ping now.
 */
bool dtt_rtable_failed(struct dtt_rtable *table, const struct dtt_addr *addr, unsigned weight,
                       struct dtt_rnode *ret);

/** The live node at this address, or NULL. */
struct dtt_rnode *dtt_rtable_find(const struct dtt_rtable *table, const struct dtt_addr *addr);
/** The live node with this id, or NULL. */
struct dtt_rnode *dtt_rtable_find_id(const struct dtt_rtable *table,
                                     const uint8_t id[DTT_NODE_ID_BYTES]);

#define DTT_RTABLE_CLOSEST_MAX 32

/**
 * Up to `max` (<= DTT_RTABLE_CLOSEST_MAX) live nodes that are not bad, closest to `target` first.
 * `global_only` leaves out private addresses, `exclude` (or NULL) one id.
 */
size_t dtt_rtable_closest(const struct dtt_rtable *table, const uint8_t target[DTT_NODE_ID_BYTES],
                          bool global_only, const uint8_t *exclude, size_t max,
                          const struct dtt_rnode **ret);

/** Forgets the contacts to start from: enough other nodes are known. */
void dtt_rtable_drop_routers(struct dtt_rtable *table);

/** The live node not heard from for the longest time, or NULL. */
struct dtt_rnode *dtt_rtable_stalest(const struct dtt_rtable *table);

/** The bucket whose range holds `id`; NULL while the table is empty. */
struct dtt_rbucket *dtt_rtable_bucket_of(const struct dtt_rtable *table,
                                         const uint8_t id[DTT_NODE_ID_BYTES]);

/** Our id has changed: sorts all nodes anew. On lack of memory some are forgotten. */
void dtt_rtable_set_self(struct dtt_rtable *table, const uint8_t self[DTT_NODE_ID_BYTES]);

/** What always holds, for assertions. */
bool dtt_rtable_is_sound(const struct dtt_rtable *table);

#endif
