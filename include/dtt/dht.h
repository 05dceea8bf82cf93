/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The node's DHT by itself: BEP 5 and BEP 44 operations. Each call starts an operation and returns
 * its number at once; its events (DTT_EVENT_DHT_...) carry that number, the last one is
 * DTT_EVENT_DHT_DONE, DTT_EVENT_DHT_PUT or DTT_EVENT_DHT_ANNOUNCE, with its status.
 *
 * Operations wait for a first DHT node to answer; if none does within ten seconds, or no node is
 * known, they end with DTT_ETIMEDOUT. A silent node is given up after some seconds. There is no
 * time-out to set: dtt_node_dht_cancel ends an operation. At most 64 run at a time (DTT_EFULL);
 * joined topics have room of their own. C99 and C++11 clean. Threads
 * and copies as in dtt.h.
 */
#ifndef DTT_DHT_H
#define DTT_DHT_H

#include <dtt/dtt.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DTT_DHT_VALUE_MAX 1000 /**< bencoded bytes (BEP 44) */
#define DTT_DHT_SALT_MAX 64

/** DTT_DHT_VALUE_MAX of the library in use, for bindings. Any thread. */
DTT_API size_t dtt_dht_value_max(void);

/** What to get: an immutable item by `target`, or a mutable item by `key` and `salt`. */
struct dtt_dht_get {
    size_t size;
    const uint8_t *target; /**< 20 bytes: SHA-1 of the bencoded value, or NULL */
    const uint8_t *key;    /**< 32 bytes, or NULL */
    const void *salt;
    size_t salt_len; /**< 0..64 */
};

/** What to put: mutable when `seed` is given, immutable otherwise. */
struct dtt_dht_put {
    size_t size;
    const void *value;   /**< stored as a bencoded byte string */
    size_t value_len;    /**< at most 996 bytes: 1000 bencoded */
    const uint8_t *seed; /**< 32-byte secret key */
    const void *salt;
    size_t salt_len;
    int64_t seq; /**< >= 0 */
    int has_cas; /**< compare-and-swap against `cas` */
    int64_t cas;
    int verify; /**< read the value back and count the nodes that return it */
};

/**
 * Finds all distinct values: one DTT_EVENT_DHT_VALUE for each value when it first arrives, then
 * DTT_EVENT_DHT_DONE with the nodes that returned each. The same get within three seconds gives the
 * same result again without asking any node. Errors: DTT_EINVAL, DTT_EFULL, DTT_ENOMEM.
 */
DTT_API int dtt_node_dht_get(dtt_node *n, const struct dtt_dht_get *get, uint32_t *ret_op);

/** Stores a value on the closest nodes; ends with DTT_EVENT_DHT_PUT. Errors: also DTT_ETOOBIG. */
DTT_API int dtt_node_dht_put(dtt_node *n, const struct dtt_dht_put *put, uint32_t *ret_op);

/** Finds the nodes closest to `target` (20 bytes): DTT_EVENT_DHT_NODE each, then _DONE. */
DTT_API int dtt_node_dht_find(dtt_node *n, const uint8_t target[20], uint32_t *ret_op);

/** Pings one node: DTT_EVENT_DHT_NODE when it answers, then DTT_EVENT_DHT_DONE. */
DTT_API int dtt_node_dht_ping(dtt_node *n, const struct dtt_addr *addr, uint32_t *ret_op);

/**
 * Finds the peers announced under `info_hash` (20 bytes, BEP 5): one DTT_EVENT_DHT_PEER for each as
 * it arrives, 1024 at most, then DTT_EVENT_DHT_DONE. Errors: DTT_EINVAL, DTT_EFULL, DTT_ENOMEM.
 */
DTT_API int dtt_node_dht_get_peers(dtt_node *n, const uint8_t info_hash[20], uint32_t *ret_op);

/**
 * Announces this machine at `port` as a peer of `info_hash` (20 bytes, BEP 5); port 0 stands for
 * the DHT node's own port as other nodes see it. Nodes keep the announcement for half an hour or
 * so. Ends with DTT_EVENT_DHT_ANNOUNCE. Errors: DTT_EINVAL, DTT_EFULL, DTT_ENOMEM.
 */
DTT_API int dtt_node_dht_announce(dtt_node *n, const uint8_t info_hash[20], uint16_t port,
                                  uint32_t *ret_op);

/** What the DHT node knows and holds at this moment. */
struct dtt_dht_status {
    size_t size;       /**< sizeof(struct dtt_dht_status), set by the caller */
    uint8_t id[20];    /**< its node id */
    uint32_t nodes_v4; /**< nodes that answer, by family */
    uint32_t nodes_v6;
    uint32_t items;      /**< values stored for others (BEP 44) */
    uint32_t peers;      /**< peers announced by others (BEP 5) */
    uint32_t bootstraps; /**< bootstrap nodes whose addresses are known */
    uint32_t resolving;  /**< bootstrap hosts whose names are being looked up */
};

/** Writes min(ret->size, ours) bytes. Errors: DTT_EINVAL. */
DTT_API int dtt_node_dht_status(const dtt_node *n, struct dtt_dht_status *ret);

/** Ends an operation early; its last event still comes, with status DTT_ECLOSED. */
DTT_API void dtt_node_dht_cancel(dtt_node *n, uint32_t op);

#ifdef __cplusplus
}
#endif

#endif
