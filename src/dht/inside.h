/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The state of a node, shared by the files that it consists of. */
#ifndef DTT_DHT_INSIDE_H
#define DTT_DHT_INSIDE_H

#include "base/timerq.h"
#include "dht/dht.h"
#include "dht/outq.h"
#include "dht/peerstore.h"
#include "dht/polite.h"
#include "dht/proof.h"
#include "dht/query.h"
#include "dht/rtable.h"
#include "dht/state.h"
#include "dht/storage.h"
#include "dht/token.h"
#include "dht/txn.h"
#include "dht/votes.h"
#include "dht/walks.h"

#define DTT_DHT_OPS 96
#define DTT_DHT_PROBES 32 /**< in flight */

struct dtt_op;
struct dtt_bootstrap;

struct dtt_dht {
    struct dtt_ctx *ctx;
    struct dtt_dht_config cfg;
    struct dtt_rng rng;
    uint8_t id[DTT_NODE_ID_BYTES];
    uint8_t secret[DTT_TOKEN_SECRET_BYTES];
    struct dtt_rtable tables[2]; /**< IPv4, IPv6 */
    struct dtt_votes votes[2];
    struct dtt_txns txns;
    struct dtt_timerq timers; /**< of transactions */
    struct dtt_outq out;
    struct dtt_addr answer_to;   /**< whose datagram is being dealt with; no family: nobody's */
    struct dtt_addr answer_from; /**< the address of ours it came to */
    struct dtt_polite polite;
    struct dtt_proofs proofs;
    struct dtt_held held;
    struct dtt_storage storage;
    struct dtt_peerstore peers;
    struct dtt_query_rtt rtt;
    uint32_t asked, answered;

    struct dtt_walk *walks[DTT_WALKS_MAX];
    struct dtt_timerq walk_timers; /**< each walk has its place, most at DTT_NEVER */
    uint32_t walk_seq;
    uint32_t self_walk;    /**< number of the walk to our own id, 0 none */
    uint32_t refresh_walk; /**< number of a bucket's refresh, 0 none */
    uint64_t pace_ns;      /**< walks go on then; DTT_NEVER while nothing holds them up */

    struct dtt_op *ops[DTT_DHT_OPS]; /**< oldest first */
    size_t n_ops;
    uint32_t op_seq;
    bool knows_neighbours; /**< the walk to our own id has ended: our neighbours are in the table */
    bool ready_event;
    bool external_event[2];

    struct dtt_bootstrap *bootstraps;
    size_t n_bootstraps;
    bool expects_bootstrap;
    struct dtt_dht_state *saved; /**< nodes of an earlier life not yet asked */
    size_t saved_next;
    size_t probes;       /**< in flight */
    uint64_t refresh_ns; /**< next look at the tables */
    uint64_t trim_ns;    /**< gives unused memory back */
};

static inline size_t dtt_side_of(uint8_t family)
{
    return family == DTT_FAMILY_V6;
}

static inline bool dtt_dht_has_family(const struct dtt_dht *d, uint8_t family)
{
    return family == DTT_FAMILY_V4 ? d->cfg.has_v4 : family == DTT_FAMILY_V6 && d->cfg.has_v6;
}

static inline size_t dtt_dht_live(const struct dtt_dht *d)
{
    return d->tables[0].live + d->tables[1].live;
}

#endif
