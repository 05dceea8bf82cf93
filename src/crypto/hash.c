/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/hash.h"

#include <nettle/sha1.h>
#include <sodium.h>

void dtt_sha1_2(uint8_t out[20], struct dtt_slice a, struct dtt_slice b)
{
    struct sha1_ctx ctx;
    sha1_init(&ctx);
    sha1_update(&ctx, a.len, a.data);
    sha1_update(&ctx, b.len, b.data);
    sha1_digest(&ctx, SHA1_DIGEST_SIZE, out);
}

void dtt_sha512_32(uint8_t out[32], const struct dtt_slice *parts, size_t n)
{
    crypto_hash_sha512_state state;
    uint8_t full[64];
    crypto_hash_sha512_init(&state);
    for (size_t i = 0; i < n; i++) {
        crypto_hash_sha512_update(&state, parts[i].data, parts[i].len);
    }
    crypto_hash_sha512_final(&state, full);
    memcpy(out, full, 32);
    /* The input may be a secret and the output a key. */
    sodium_memzero(&state, sizeof(state));
    sodium_memzero(full, sizeof(full));
}

uint32_t dtt_crc32c(struct dtt_slice in)
{
    /* Bit by bit: the inputs are the 4 or 8 bytes of a masked address. */
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < in.len; i++) {
        crc ^= in.data[i];
        for (unsigned bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0);
        }
    }
    return ~crc;
}
