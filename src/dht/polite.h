/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Politeness: how much we send to one global address and to all, and how much work we do for one
 * source. Rates per key live in a small hashed table: keys that collide share a slot, nobody is
 * ever banned. The figures and their reasons: docs/design/dht.md.
 */
#ifndef DTT_DHT_POLITE_H
#define DTT_DHT_POLITE_H

#include "base/addr.h"
#include "base/bucket.h"
#include "base/time.h"

#define DTT_POLITE_SLOTS 256

/*
 * Datagrams to one endpoint. Answers leave the rest to our own queries: an attacker that asks from
 * enough (forged) endpoints fills every slot with answers, and must not silence us.
 */
#define DTT_POLITE_REMOTE_PER_S 3
#define DTT_POLITE_REMOTE_BURST 15
#define DTT_POLITE_REMOTE_ANSWERS 12
/* Datagrams in all; answers leave the lower half of the burst to our own queries. */
#define DTT_POLITE_ALL_PER_S 1000
#define DTT_POLITE_ALL_BURST 2000
/* Queries answered for one address (IPv4 /32, IPv6 /64), before any expensive work. */
#define DTT_POLITE_SERVE_PER_S 20
#define DTT_POLITE_SERVE_BURST 100

enum dtt_polite_kind {
    DTT_POLITE_QUERY, /**< ours */
    DTT_POLITE_ANSWER /**< to a query of another node */
};

enum dtt_polite_verdict {
    DTT_POLITE_YES,
    DTT_POLITE_LATER, /**< the budget of all is used up, until dtt_polite_ready_ns */
    DTT_POLITE_NO     /**< this remote has had enough for now */
};

/* A leaky bucket in four bytes, empty when zero. */
struct dtt_rate {
    uint16_t level; /**< 256ths of what has been taken and not yet leaked */
    uint16_t at;    /**< time of `level`, in 64ths of a second; when it wraps, too little leaks */
};

struct dtt_polite {
    uint8_t hash_key[16];
    struct dtt_bucket all;
    struct dtt_polite_rates {
        struct dtt_rate remote[DTT_POLITE_SLOTS]; /**< by endpoint */
        struct dtt_rate serve[DTT_POLITE_SLOTS];  /**< by address */
    } * rates;                                    /**< NULL until a global address is met */
};

void dtt_polite_init(struct dtt_polite *polite, const uint8_t hash_key[16], struct dtt_now now);
void dtt_polite_fini(struct dtt_polite *polite);

/** May a datagram go to `to` now? Takes the tokens when it may. */
enum dtt_polite_verdict dtt_polite_send(struct dtt_polite *polite, struct dtt_now now,
                                        const struct dtt_addr *to, enum dtt_polite_kind kind);
/** When the budget of all has room for a query again. */
uint64_t dtt_polite_ready_ns(struct dtt_polite *polite, struct dtt_now now);
/** May a query from `from` be worked on? */
bool dtt_polite_serve(struct dtt_polite *polite, struct dtt_now now, const struct dtt_addr *from);

#endif
