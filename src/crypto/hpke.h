/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * HPKE (RFC 9180), base mode, one message per context: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * ChaCha20-Poly1305; and the X25519 keys that ed25519-dalek-hpke derives from Ed25519 keys.
 */
#ifndef DTT_CRYPTO_HPKE_H
#define DTT_CRYPTO_HPKE_H

#include "base/bytes.h"

#define DTT_HPKE_ENC_BYTES 32
#define DTT_HPKE_TAG_BYTES 16

/** X25519 private key of an Ed25519 seed: SHA-512(seed)[..32], clamped when used. */
void dtt_x25519_private_from_seed(uint8_t sk[32], const uint8_t seed[32]);
void dtt_x25519_public_from_seed(uint8_t pk[32], const uint8_t seed[32]);

/**
 * Seals `msg` to `pk` with the ephemeral private key `eph` (32 random bytes; wiped by the caller).
 * enc gets 32 bytes, out msg.len + 16. DTT_ECRYPTO when pk is of low order.
 */
int dtt_hpke_seal(uint8_t enc[32], uint8_t *out, const uint8_t pk[32], const uint8_t eph[32],
                  struct dtt_slice info, struct dtt_slice aad, struct dtt_slice msg);
/**
 * Opens `sealed` (ciphertext and tag); out gets sealed.len - 16 bytes, zeros when the tag is wrong.
 * DTT_EAUTH for any cryptographic mismatch (all-zero shared secret included), DTT_EPROTO when
 * shorter than a tag.
 */
int dtt_hpke_open(uint8_t *out, const uint8_t sk[32], const uint8_t enc[32], struct dtt_slice info,
                  struct dtt_slice aad, struct dtt_slice sealed);

#endif
