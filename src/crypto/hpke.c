/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/hpke.h"

#include "crypto/hash.h"
#include "crypto/hpke_schedule.h"

#include <dtt/types.h>
#include <sodium.h>

/* RFC 9180 section 7: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20Poly1305. */
static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_suite[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x03};
#define MODE_BASE 0

void dtt_x25519_private_from_seed(uint8_t sk[32], const uint8_t seed[32])
{
    struct dtt_slice part = dtt_slice(seed, 32);
    dtt_sha512_32(sk, &part, 1);
}

void dtt_x25519_public_from_seed(uint8_t pk[32], const uint8_t seed[32])
{
    uint8_t sk[32];
    dtt_x25519_private_from_seed(sk, seed);
    crypto_scalarmult_base(pk, sk);
    sodium_memzero(sk, sizeof(sk));
}

static struct dtt_slice text(const char *s)
{
    return dtt_slice(s, strlen(s));
}

static void hmac(uint8_t out[32], struct dtt_slice key, const struct dtt_slice *parts, size_t n)
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, key.data, key.len);
    for (size_t i = 0; i < n; i++) {
        crypto_auth_hmacsha256_update(&state, parts[i].data, parts[i].len);
    }
    crypto_auth_hmacsha256_final(&state, out);
    sodium_memzero(&state, sizeof(state));
}

/* LabeledExtract of RFC 9180 section 4. */
static void extract(uint8_t prk[32], struct dtt_slice salt, struct dtt_slice suite,
                    const char *label, struct dtt_slice ikm)
{
    const struct dtt_slice parts[] = {text("HPKE-v1"), suite, text(label), ikm};
    hmac(prk, salt, parts, sizeof(parts) / sizeof(parts[0]));
}

/* LabeledExpand. All outputs fit one block of HKDF (RFC 5869): its counter byte is always 1. */
static void expand(uint8_t *out, uint8_t len, const uint8_t prk[32], struct dtt_slice suite,
                   const char *label, struct dtt_slice info)
{
    const uint8_t length[2] = {0, len};
    const uint8_t counter[1] = {1};
    const struct dtt_slice parts[] = {
        dtt_slice(length, 2), text("HPKE-v1"), suite, text(label), info, dtt_slice(counter, 1)};
    uint8_t block[32];
    hmac(block, dtt_slice(prk, 32), parts, sizeof(parts) / sizeof(parts[0]));
    memcpy(out, block, len);
    sodium_memzero(block, sizeof(block));
}

void dtt_hpke_shared_secret(uint8_t ret[32], const uint8_t dh[32], const uint8_t enc[32],
                            const uint8_t pk[32])
{
    struct dtt_slice suite = dtt_slice(kem_suite, sizeof(kem_suite));
    uint8_t prk[32];
    uint8_t context[64];
    memcpy(context, enc, 32);
    memcpy(context + 32, pk, 32);
    extract(prk, text(""), suite, "eae_prk", dtt_slice(dh, 32));
    expand(ret, 32, prk, suite, "shared_secret", dtt_slice(context, sizeof(context)));
    sodium_memzero(prk, sizeof(prk));
}

void dtt_hpke_schedule(struct dtt_hpke_schedule *ret, const uint8_t shared_secret[32],
                       struct dtt_slice info)
{
    const struct dtt_slice suite = dtt_slice(hpke_suite, sizeof(hpke_suite));
    const struct dtt_slice none = text("");
    uint8_t context[65] = {MODE_BASE};
    uint8_t secret[32];
    extract(context + 1, none, suite, "psk_id_hash", none);
    extract(context + 33, none, suite, "info_hash", info);
    extract(secret, dtt_slice(shared_secret, 32), suite, "secret", none);
    struct dtt_slice ctx = dtt_slice(context, sizeof(context));
    expand(ret->key, sizeof(ret->key), secret, suite, "key", ctx);
    expand(ret->nonce, sizeof(ret->nonce), secret, suite, "base_nonce", ctx);
    sodium_memzero(secret, sizeof(secret));
}

/* The schedule both sides share: `own` multiplies `other`; enc and pk are both public keys. */
static int agree(struct dtt_hpke_schedule *ret, const uint8_t own[32], const uint8_t other[32],
                 const uint8_t enc[32], const uint8_t pk[32], struct dtt_slice info)
{
    uint8_t dh[32];
    uint8_t shared_secret[32];
    /* libsodium refuses the all-zero result, as RFC 9180 section 7.1.4 demands. */
    if (crypto_scalarmult(dh, own, other) != 0) {
        return DTT_ECRYPTO;
    }
    dtt_hpke_shared_secret(shared_secret, dh, enc, pk);
    dtt_hpke_schedule(ret, shared_secret, info);
    sodium_memzero(dh, sizeof(dh));
    sodium_memzero(shared_secret, sizeof(shared_secret));
    return DTT_OK;
}

int dtt_hpke_seal(uint8_t enc[32], uint8_t *out, const uint8_t pk[32], const uint8_t eph[32],
                  struct dtt_slice info, struct dtt_slice aad, struct dtt_slice msg)
{
    struct dtt_hpke_schedule s;
    crypto_scalarmult_base(enc, eph);
    if (agree(&s, eph, pk, enc, pk, info) != DTT_OK) {
        return DTT_ECRYPTO;
    }
    crypto_aead_chacha20poly1305_ietf_encrypt(out, NULL, msg.data, msg.len, aad.data, aad.len, NULL,
                                              s.nonce, s.key);
    sodium_memzero(&s, sizeof(s));
    return DTT_OK;
}

int dtt_hpke_open(uint8_t *out, const uint8_t sk[32], const uint8_t enc[32], struct dtt_slice info,
                  struct dtt_slice aad, struct dtt_slice sealed)
{
    struct dtt_hpke_schedule s;
    uint8_t pk[32];
    if (sealed.len < DTT_HPKE_TAG_BYTES) {
        return DTT_EPROTO;
    }
    crypto_scalarmult_base(pk, sk);
    if (agree(&s, sk, enc, enc, pk, info) != DTT_OK) {
        return DTT_EAUTH;
    }
    int bad = crypto_aead_chacha20poly1305_ietf_decrypt(out, NULL, NULL, sealed.data, sealed.len,
                                                        aad.data, aad.len, s.nonce, s.key);
    sodium_memzero(&s, sizeof(s));
    return bad ? DTT_EAUTH : DTT_OK;
}
