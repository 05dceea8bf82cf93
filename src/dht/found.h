/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What a walk looks for and what it has found: distinct values, their holders, peers. */
#ifndef DTT_DHT_FOUND_H
#define DTT_DHT_FOUND_H

#include "base/ctx.h"
#include "dht/dht.h"
#include "dht/krpc.h"
#include "dht/storage.h"

#define DTT_FOUND_PEERS 1024 /**< distinct peers of one walk */

enum dtt_goal_kind { DTT_GOAL_NODES, DTT_GOAL_ITEM, DTT_GOAL_PEERS };

/** What is looked for; two walks with the same goal are one. */
struct dtt_goal {
    enum dtt_goal_kind kind;
    bool is_mutable;
    uint8_t target[DTT_NODE_ID_BYTES];
    uint8_t key[DTT_KRPC_KEY_BYTES];
    uint8_t salt[DTT_KRPC_SALT_MAX];
    size_t salt_len;
};

/** A distinct value. */
struct dtt_found_value {
    struct dtt_addr from; /**< no family: our own storage */
    int64_t seq;
    uint32_t holders;
    uint8_t sig[DTT_KRPC_SIG_BYTES];
    uint16_t len;
    uint8_t v[];
};

struct dtt_found {
    struct dtt_found_value **values;
    size_t n_values;
    struct dtt_dht_holder *holders; /**< a node once for each value it returned */
    size_t n_holders;
    struct dtt_addr *peers;
    size_t n_peers;
};

void dtt_found_fini(struct dtt_found *found);

/** True when the answer of the node at `from` has a valid value, which is kept with its holder. */
bool dtt_found_take_value(struct dtt_ctx *ctx, struct dtt_found *found, const struct dtt_goal *goal,
                          const struct dtt_addr *from, const struct dtt_krpc *answer);
/** What we hold ourselves is found first. */
void dtt_found_take_own(struct dtt_found *found, const struct dtt_goal *goal,
                        const struct dtt_storage *storage);
/** Takes the peers of an answer that `teller` may tell of. */
void dtt_found_take_peers(struct dtt_found *found, struct dtt_slice values,
                          const struct dtt_addr *teller);

#endif
