/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Addresses that have proved themselves: something only a receiver of our datagrams can know came
 * back from them, a write token or the transaction id of a ping. A newer address takes the place of
 * an older one with the same hash, which has to prove itself again. And gets whose answer waits
 * until the asker has proved its address: what answering later needs.
 */
#ifndef DTT_DHT_PROOF_H
#define DTT_DHT_PROOF_H

#include "base/addr.h"
#include "base/time.h"
#include "dht/krpc_wire.h"

#define DTT_PROOF_SLOTS 128
#define DTT_PROOF_LIFETIME_S 900

struct dtt_proofs {
    uint8_t hash_key[16];
    struct dtt_proof {
        uint32_t tag;
        uint32_t until_s;
    } * slots; /**< NULL until a first one */
};

void dtt_proofs_init(struct dtt_proofs *proofs, const uint8_t hash_key[16]);
void dtt_proofs_fini(struct dtt_proofs *proofs);

/** The address has proved itself. The port does not count: NATs change it. */
void dtt_proofs_add(struct dtt_proofs *proofs, struct dtt_now now, const struct dtt_addr *addr);
bool dtt_proofs_has(const struct dtt_proofs *proofs, struct dtt_now now,
                    const struct dtt_addr *addr);

#define DTT_HELD_MAX 64 /**< memory for them is there only while some wait */
#define DTT_HELD_PER_ADDRESS 4

struct dtt_held_get {
    struct dtt_addr from;
    struct dtt_addr asked; /**< the address of ours that it came to */
    uint8_t id[DTT_NODE_ID_BYTES];
    uint8_t target[DTT_NODE_ID_BYTES];
    uint8_t t[DTT_KRPC_T_MAX];
    uint8_t t_len;
    uint8_t want;
    bool has_seq;
    int64_t seq;
    uint32_t len; /**< bytes of the query */
};

/** Zero it to initialise. */
struct dtt_held {
    struct dtt_held_get *gets; /**< oldest first */
    size_t n;
};

void dtt_held_fini(struct dtt_held *held);

/** DTT_EFULL, DTT_ENOMEM. */
int dtt_held_add(struct dtt_held *held, const struct dtt_held_get *get);
/** True while a get of this endpoint waits. */
bool dtt_held_has(const struct dtt_held *held, const struct dtt_addr *from);
/** Takes the oldest query of this endpoint out. */
bool dtt_held_take(struct dtt_held *held, const struct dtt_addr *from, struct dtt_held_get *ret);

#endif
