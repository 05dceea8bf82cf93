/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Ed25519 (RFC 8032). There are two verifiers because the network has two: BEP 44 items are checked
 * as every DHT node does, records as verify_strict of ed25519-dalek does.
 */
#ifndef DTT_CRYPTO_ED25519_H
#define DTT_CRYPTO_ED25519_H

#include "base/memo.h"

void dtt_ed25519_public_key(uint8_t pk[32], const uint8_t seed[32]);
void dtt_ed25519_sign(uint8_t sig[64], struct dtt_slice msg, const uint8_t seed[32]);
/** Plain check, for BEP 44 items. */
bool dtt_ed25519_verify(const uint8_t sig[64], struct dtt_slice msg, const uint8_t pk[32]);
/** The same check, but made once: `valid`, which may be NULL, remembers a success. */
bool dtt_ed25519_verify_once(struct dtt_memo *valid, const uint8_t sig[64], struct dtt_slice msg,
                             const uint8_t pk[32]);
/**
 * verify_strict: S < L, neither R nor the key of small order, R recomputed and compared as bytes.
 */
bool dtt_ed25519_verify_strict(const uint8_t sig[64], struct dtt_slice msg, const uint8_t pk[32]);
/** The 32 bytes decompress to a curve point (ZIP 215 rules, as dalek's from_bytes). */
bool dtt_ed25519_is_point(const uint8_t pk[32]);
/** The same check, but made once: `valid`, which may be NULL, remembers a success. */
bool dtt_ed25519_is_point_once(struct dtt_memo *valid, const uint8_t pk[32]);

#endif
