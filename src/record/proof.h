/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The proof, on one connection, that a peer holds a topic's secret: a MAC by a key of the minute
 * over what only the two ends of this connection know (docs/protocol/proof.md).
 */
#ifndef DTT_RECORD_PROOF_H
#define DTT_RECORD_PROOF_H

#include "base/bytes.h"

#include <dtt/types.h>

#define DTT_PROOF_LEN 73    /**< version, topic, minute, MAC */
#define DTT_PROOF_MINUTES 2 /**< how far the clocks of prover and verifier may differ */
#define DTT_PROOF_EXPORTER "EXPORTER-dtt-proof" /**< TLS exporter label (RFC 8446, 7.5) */
#define DTT_PROOF_EXPORTER_LEN 32
#define DTT_PROOF_STREAM_TOPIC "dtt proof v1" /**< hashed: dtt_proof_stream_topic */

/** The connection that a proof is good for, seen from the prover. */
struct dtt_proof_bond {
    uint8_t exporter[DTT_PROOF_EXPORTER_LEN];
    struct dtt_id prover;
    struct dtt_id verifier;
    bool is_dialler; /**< the prover dialled */
};

/** What a proof says; it is no proof before dtt_proof_is_good. */
struct dtt_proof_claim {
    uint8_t topic[32];
    uint64_t minute;
    uint8_t mac[32];
};

/** The topic id in the header of a stream that carries proofs. */
extern const uint8_t dtt_proof_stream_topic[32];

/** `enc_seed`: the encryption seed of `minute` (dtt_secret_rotate). */
void dtt_proof_write(uint8_t ret[DTT_PROOF_LEN], const uint8_t enc_seed[32],
                     const uint8_t topic[32], uint64_t minute, const struct dtt_proof_bond *bond);

/** DTT_EPROTO: not a proof of this version. */
int dtt_proof_read(struct dtt_slice s, struct dtt_proof_claim *ret);
/** Whether the claimed minute is near enough to `minute`, our own, to be looked at. */
bool dtt_proof_is_timely(const struct dtt_proof_claim *claim, uint64_t minute);
/** `enc_seed`: of the claimed topic and minute. Compares in constant time. */
bool dtt_proof_is_good(const struct dtt_proof_claim *claim, const uint8_t enc_seed[32],
                       const struct dtt_proof_bond *bond);

#endif
