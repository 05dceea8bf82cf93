/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SHA-1, SHA-512 and CRC32C of whole messages. */
#ifndef DTT_CRYPTO_HASH_H
#define DTT_CRYPTO_HASH_H

#include "base/bytes.h"

/** SHA-1 of a followed by b, which may be empty. */
void dtt_sha1_2(uint8_t out[20], struct dtt_slice a, struct dtt_slice b);
/** SHA-512 of the concatenation of `n` parts, cut to 32 bytes: what all DTT derivations use. */
void dtt_sha512_32(uint8_t out[32], const struct dtt_slice *parts, size_t n);
/** CRC-32C (Castagnoli), for BEP 42 node ids. */
uint32_t dtt_crc32c(struct dtt_slice in);

#endif
