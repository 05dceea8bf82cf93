/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/hkdf.h"

#include <sodium.h>

#define BLOCK crypto_auth_hmacsha256_BYTES

void dtt_hkdf_sha256(uint8_t *out, size_t len, struct dtt_slice salt, struct dtt_slice ikm,
                     struct dtt_slice info)
{
    crypto_auth_hmacsha256_state state;
    uint8_t prk[BLOCK];
    uint8_t block[BLOCK];
    uint8_t counter = 0;
    /* No salt is one of zeros, as HMAC fills its key up; libsodium wants a pointer all the same. */
    crypto_auth_hmacsha256_init(&state, salt.len > 0 ? salt.data : &counter, salt.len);
    crypto_auth_hmacsha256_update(&state, ikm.data, ikm.len);
    crypto_auth_hmacsha256_final(&state, prk);
    while (len > 0) {
        size_t n = len < BLOCK ? len : BLOCK;
        crypto_auth_hmacsha256_init(&state, prk, sizeof(prk));
        if (counter > 0) {
            crypto_auth_hmacsha256_update(&state, block, sizeof(block));
        }
        counter++;
        crypto_auth_hmacsha256_update(&state, info.data, info.len);
        crypto_auth_hmacsha256_update(&state, &counter, 1);
        crypto_auth_hmacsha256_final(&state, block);
        memcpy(out, block, n);
        out += n;
        len -= n;
    }
    sodium_memzero(&state, sizeof(state));
    sodium_memzero(prk, sizeof(prk));
    sodium_memzero(block, sizeof(block));
}
