/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Transactions: queries sent and not yet answered. The id on the wire is 22 random bits and the
 * number of a slot, under a random mask, so that an answer is found without a search.
 */
#ifndef DTT_DHT_TXN_H
#define DTT_DHT_TXN_H

#include "base/addr.h"
#include "base/rng.h"
#include "base/timerq.h"
#include "dht/krpc.h"

#define DTT_TXN_CHUNK 16 /**< slots allocated at a time */
#define DTT_TXN_MAX 1024

/** What to do with the answer. */
enum dtt_txn_purpose {
    DTT_TXN_WALK,  /**< a lookup's query; owner: walk number */
    DTT_TXN_PUT,   /**< a store request; owner: operation number */
    DTT_TXN_PING,  /**< dtt_dht_ping; owner: operation number */
    DTT_TXN_BOOT,  /**< a contact to start from */
    DTT_TXN_PROOF, /**< an asker has to prove its address; only its query waits */
    DTT_TXN_PROBE  /**< keeps the routing table true; nobody waits for it */
};

struct dtt_txn {
    struct dtt_timer timer;
    struct dtt_addr to;
    uint64_t sent_ns;
    uint32_t wire; /**< id as sent, big endian */
    uint32_t owner;
    uint16_t slot;
    uint8_t purpose;
    uint8_t method;      /**< enum dtt_krpc_method */
    bool is_slow;        /**< its soft timeout has passed */
    bool is_unreachable; /**< an ICMP error said so */
};

struct dtt_txns {
    struct dtt_txn *chunks[DTT_TXN_MAX / DTT_TXN_CHUNK];
    uint16_t used[DTT_TXN_MAX / DTT_TXN_CHUNK]; /**< a bit per slot */
    size_t count;
    uint32_t mask;
};

void dtt_txns_init(struct dtt_txns *txns, struct dtt_rng *rng);
/** Timers still armed are the caller's to forget. */
void dtt_txns_fini(struct dtt_txns *txns);

/** A fresh transaction with `to` and `wire` set, the rest zero; NULL when full or out of memory. */
struct dtt_txn *dtt_txns_new(struct dtt_txns *txns, struct dtt_rng *rng, const struct dtt_addr *to);
/** The transaction with this wire id asked at this endpoint, or NULL. */
struct dtt_txn *dtt_txns_match(const struct dtt_txns *txns, struct dtt_slice wire,
                               const struct dtt_addr *from);
void dtt_txns_free(struct dtt_txns *txns, struct dtt_txn *txn);

/** Transactions in slot order: the one after `txn`, or the first for NULL; NULL after the last. */
struct dtt_txn *dtt_txns_next(const struct dtt_txns *txns, const struct dtt_txn *txn);
/** Gives the memory of unused slots back. */
void dtt_txns_trim(struct dtt_txns *txns);

#endif
