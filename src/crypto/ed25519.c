/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/ed25519.h"

#include <sodium.h>

/* The neutral element: x = 0, y = 1. */
static const uint8_t identity[32] = {1};

void dtt_ed25519_public_key(uint8_t pk[32], const uint8_t seed[32])
{
    uint8_t sk[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(pk, sk, seed);
    sodium_memzero(sk, sizeof(sk));
}

void dtt_ed25519_sign(uint8_t sig[64], struct dtt_slice msg, const uint8_t seed[32])
{
    uint8_t pk[32];
    uint8_t sk[crypto_sign_SECRETKEYBYTES];
    crypto_sign_seed_keypair(pk, sk, seed);
    crypto_sign_detached(sig, NULL, msg.data, msg.len, sk);
    sodium_memzero(sk, sizeof(sk));
}

bool dtt_ed25519_verify(const uint8_t sig[64], struct dtt_slice msg, const uint8_t pk[32])
{
    return crypto_sign_verify_detached(sig, msg.data, msg.len, pk) == 0;
}

bool dtt_ed25519_verify_once(struct dtt_memo *valid, const uint8_t sig[64], struct dtt_slice msg,
                             const uint8_t pk[32])
{
    const struct dtt_slice parts[] = {dtt_slice(sig, 64), msg, dtt_slice(pk, 32)};
    struct dtt_memo_mark mark;
    if (dtt_memo_find(valid, "ed25519 signature", parts, 3, &mark)) {
        return true;
    }
    if (!dtt_ed25519_verify(sig, msg, pk)) {
        return false;
    }
    dtt_memo_keep(valid, &mark, NULL);
    return true;
}

bool dtt_ed25519_is_point(const uint8_t pk[32])
{
    uint8_t sum[32];
    return crypto_core_ed25519_add(sum, pk, identity) == 0;
}

bool dtt_ed25519_is_point_once(struct dtt_memo *valid, const uint8_t pk[32])
{
    const struct dtt_slice parts[] = {dtt_slice(pk, 32)};
    struct dtt_memo_mark mark;
    if (dtt_memo_find(valid, "ed25519 point", parts, 1, &mark)) {
        return true;
    }
    if (!dtt_ed25519_is_point(pk)) {
        return false;
    }
    dtt_memo_keep(valid, &mark, NULL);
    return true;
}

/* The order of the base point: 2^252 + 27742317777372353535851937790883648493, little endian. */
static bool is_below_order(const uint8_t s[32])
{
    static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                      0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};
    for (unsigned i = 32; i-- > 0;) {
        if (s[i] != order[i]) {
            return s[i] < order[i];
        }
    }
    return false;
}

/* SHA-512(R | A | message) modulo the order. */
static void challenge(uint8_t h[32], const uint8_t r[32], const uint8_t a[32], struct dtt_slice msg)
{
    crypto_hash_sha512_state state;
    uint8_t wide[64];
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, r, 32);
    crypto_hash_sha512_update(&state, a, 32);
    crypto_hash_sha512_update(&state, msg.data, msg.len);
    crypto_hash_sha512_final(&state, wide);
    crypto_core_ed25519_scalar_reduce(h, wide);
}

/* 1, 2, 4 and 8 times a point: false when it is none. */
static bool small_multiples(uint8_t out[4][32], const uint8_t p[32])
{
    return crypto_core_ed25519_add(out[0], p, identity) == 0 &&
           crypto_core_ed25519_add(out[1], out[0], out[0]) == 0 &&
           crypto_core_ed25519_add(out[2], out[1], out[1]) == 0 &&
           crypto_core_ed25519_add(out[3], out[2], out[2]) == 0;
}

/*
 * out = s * B - h * A. libsodium multiplies only points of the prime order subgroup, so h is
 * split: h * A = (h / 8) * (8 * A) + (h % 8) * A. False when A is of small order.
 */
static bool recompute_r(uint8_t out[32], const uint8_t s[32], const uint8_t h[32], uint8_t a[4][32])
{
    uint8_t eighth[32];
    uint8_t part[32];
    for (unsigned i = 0; i < 32; i++) {
        eighth[i] = (uint8_t)(h[i] >> 3 | (i < 31 ? h[i + 1] << 5 : 0));
    }
    /* It refuses the scalar 0 too; no signature that needs it can be made. */
    if (crypto_scalarmult_ed25519_noclamp(part, eighth, a[3]) != 0 ||
        crypto_scalarmult_ed25519_base_noclamp(out, s) != 0 ||
        crypto_core_ed25519_sub(out, out, part) != 0) {
        return false;
    }
    for (unsigned i = 0; i < 3; i++) {
        if ((h[0] >> i & 1) && crypto_core_ed25519_sub(out, out, a[i]) != 0) {
            return false;
        }
    }
    return true;
}

/* verify_strict to the letter, for any key. */
static bool verify_any_key(const uint8_t sig[64], struct dtt_slice msg, const uint8_t pk[32])
{
    uint8_t a[4][32];
    uint8_t r[4][32];
    uint8_t h[32];
    uint8_t expected[32];
    challenge(h, sig, pk, msg);
    return is_below_order(sig + 32) && small_multiples(a, pk) && small_multiples(r, sig) &&
           memcmp(r[3], identity, 32) != 0 && recompute_r(expected, sig + 32, h, a) &&
           memcmp(expected, sig, 32) == 0;
}

/* y is below p, as libsodium wants it of keys; only 19 numbers are not. */
static bool is_canonical(const uint8_t pk[32])
{
    bool is_high = (pk[31] & 0x7f) == 0x7f && pk[0] >= 0xed;
    for (unsigned i = 1; is_high && i < 31; i++) {
        is_high = pk[i] == 0xff;
    }
    return !is_high;
}

/* libsodium before 1.0.19: R is recomputed and compared as bytes, small orders are refused. */
static bool is_libsodium_strict(void)
{
    return sodium_library_version_major() < 26;
}

bool dtt_ed25519_verify_strict(const uint8_t sig[64], struct dtt_slice msg, const uint8_t pk[32])
{
    if (!dtt_ed25519_verify(sig, msg, pk)) {
        return !is_canonical(pk) && verify_any_key(sig, msg, pk);
    }
    /*
     * Since 1.0.19 libsodium multiplies the equation by the cofactor, which is exact only where key
     * and R lie in the subgroup of prime order, as they usually do.
     */
    return is_libsodium_strict() ||
           (crypto_core_ed25519_is_valid_point(pk) && crypto_core_ed25519_is_valid_point(sig)) ||
           verify_any_key(sig, msg, pk);
}
