/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/token.h"

#include <sodium.h>

static void make(uint8_t ret[DTT_TOKEN_BYTES], const uint8_t secret[DTT_TOKEN_SECRET_BYTES],
                 uint64_t epoch, const struct dtt_addr *addr,
                 const uint8_t target[DTT_NODE_ID_BYTES])
{
    uint8_t in[8 + 1 + 16 + DTT_NODE_ID_BYTES];
    _Static_assert(DTT_TOKEN_BYTES == crypto_shorthash_BYTES, "a token is one SipHash");
    dtt_put_be64(in, epoch);
    in[8] = addr->family;
    memcpy(in + 9, addr->ip, 16);
    memcpy(in + 25, target, DTT_NODE_ID_BYTES);
    crypto_shorthash(ret, in, sizeof(in), secret);
}

void dtt_token_make(uint8_t ret[DTT_TOKEN_BYTES], const uint8_t secret[DTT_TOKEN_SECRET_BYTES],
                    struct dtt_now now, const struct dtt_addr *addr,
                    const uint8_t target[DTT_NODE_ID_BYTES])
{
    make(ret, secret, now.mono_ns / DTT_TOKEN_EPOCH_NS, addr, target);
}

bool dtt_token_is_valid(struct dtt_slice token, const uint8_t secret[DTT_TOKEN_SECRET_BYTES],
                        struct dtt_now now, const struct dtt_addr *addr,
                        const uint8_t target[DTT_NODE_ID_BYTES])
{
    uint8_t expect[DTT_TOKEN_BYTES];
    bool is_valid = false;
    for (unsigned age = 0; age < 2 && token.len == DTT_TOKEN_BYTES; age++) {
        make(expect, secret, now.mono_ns / DTT_TOKEN_EPOCH_NS - age, addr, target);
        is_valid |= sodium_memcmp(token.data, expect, DTT_TOKEN_BYTES) == 0;
    }
    return is_valid;
}
