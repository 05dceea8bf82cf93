/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Addresses that have proved themselves: something only a receiver of our datagrams can know came
 * back from them, a write token or the transaction id of a ping. A newer address takes the place of
 * an older one with the same hash, which has to prove itself again.
 */
#ifndef DTT_DHT_PROOF_H
#define DTT_DHT_PROOF_H

#include "base/addr.h"
#include "base/time.h"

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

#endif
