/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/hkdf.h"

#include <assert.h>
#include <nettle/hkdf.h>
#include <nettle/hmac.h>
#include <sodium.h>

void dtt_hkdf_sha256(uint8_t *out, size_t len, struct dtt_slice salt, struct dtt_slice ikm,
                     struct dtt_slice info)
{
    assert(len <= DTT_HKDF_MAX);
    struct hmac_sha256_ctx ctx;
    uint8_t prk[SHA256_DIGEST_SIZE];
    hmac_sha256_set_key(&ctx, salt.len, salt.data);
    hkdf_extract(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
                 (nettle_hash_digest_func *)hmac_sha256_digest, sizeof(prk), ikm.len, ikm.data,
                 prk);
    hmac_sha256_set_key(&ctx, sizeof(prk), prk);
    hkdf_expand(&ctx, (nettle_hash_update_func *)hmac_sha256_update,
                (nettle_hash_digest_func *)hmac_sha256_digest, sizeof(prk), info.len, info.data,
                len, out);
    sodium_memzero(&ctx, sizeof(ctx));
    sodium_memzero(prk, sizeof(prk));
}
