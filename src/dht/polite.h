/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Politeness: how much we send to one address, to one network and to all, and how much work we do
 * for one source. Rates per key live in a small hashed table without memory of its own: keys that
 * collide share a bucket, nobody is ever banned. Limits are below what libtorrent tolerates (50
 * packets in 10 s from one address, then silence for 5 minutes). They hold for global addresses;
 * loopback and private networks are the owner's own business.
 */
#ifndef DTT_DHT_POLITE_H
#define DTT_DHT_POLITE_H

#include "base/addr.h"
#include "base/bucket.h"
#include "base/time.h"

#define DTT_POLITE_SLOTS 128

/* Our queries to one address: at most 45 in any 10 s. */
#define DTT_POLITE_REMOTE_PER_S 2
#define DTT_POLITE_REMOTE_BURST 25
/* Our queries in all. */
#define DTT_POLITE_ALL_PER_S 500
#define DTT_POLITE_ALL_BURST 1000
/* Queries answered for one address (IPv4 /32, IPv6 /64), before any expensive work. */
#define DTT_POLITE_SERVE_PER_S 20
#define DTT_POLITE_SERVE_BURST 100
/* Bytes of answers beyond three times the query, for sources that have not proved their address:
 * per network (IPv4 /24, IPv6 /48), and for all of them together. */
#define DTT_POLITE_UNPROVEN_PER_S     1024
#define DTT_POLITE_UNPROVEN_BURST     16384
#define DTT_POLITE_UNPROVEN_ALL_PER_S 65536
#define DTT_POLITE_UNPROVEN_ALL_BURST 262144

/* One rate for many keys: a leaky bucket per slot, empty when zero. */
struct dtt_rates {
    uint32_t per_s;
    uint32_t burst;
    struct dtt_rate {
        uint32_t level; /**< thousandths of what has been taken and not yet leaked */
        uint32_t at_ms; /**< when that was */
    } slots[DTT_POLITE_SLOTS];
};

enum dtt_polite_rate { DTT_POLITE_REMOTE, DTT_POLITE_SERVE, DTT_POLITE_UNPROVEN, DTT_POLITE_RATES };

struct dtt_polite {
    uint8_t hash_key[16];
    struct dtt_bucket all;
    struct dtt_bucket unproven_all;
    struct dtt_rates *rates; /**< DTT_POLITE_RATES; NULL until a global address is met */
};

void dtt_polite_init(struct dtt_polite *p, const uint8_t hash_key[16], struct dtt_now now);
void dtt_polite_fini(struct dtt_polite *p);

/** May a query go to `to` now? Takes the tokens when it may. */
bool dtt_polite_query(struct dtt_polite *p, struct dtt_now now, const struct dtt_addr *to);
/** When the budget for all queries has room again. */
uint64_t dtt_polite_ready_ns(struct dtt_polite *p, struct dtt_now now);
/** May a query from `from` be worked on? */
bool dtt_polite_serve(struct dtt_polite *p, struct dtt_now now, const struct dtt_addr *from);
/** May `bytes` beyond the usual go to a source that has not proved its address? */
bool dtt_polite_unproven(struct dtt_polite *p, struct dtt_now now, const struct dtt_addr *to,
                         size_t bytes);

#endif
