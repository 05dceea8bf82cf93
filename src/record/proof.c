/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/proof.h"

#include "crypto/hkdf.h"

#include <sodium.h>

#define VERSION 1

/* The salt of the key, and the first bytes under the MAC. */
static const char label[] = "dtt proof 1";

/* Each frame's topic is compared with it, so it is not computed. */
const uint8_t dtt_proof_stream_topic[32] = {
    0xe6, 0x74, 0x5a, 0x62, 0x6d, 0xf9, 0xb6, 0x24, 0xc4, 0x20, 0x29, 0x7d, 0xe9, 0xa5, 0xcd, 0xf9,
    0x44, 0x21, 0xc9, 0x07, 0xf2, 0x4f, 0x3b, 0x62, 0x34, 0x35, 0x57, 0x78, 0x30, 0x61, 0x0d, 0xcd};

static void compute_mac(uint8_t ret[32], const uint8_t enc_seed[32], const uint8_t topic[32],
                        uint64_t minute, const struct dtt_proof_bond *bond)
{
    crypto_auth_hmacsha256_state state;
    const uint8_t role = bond->is_dialler ? 0 : 1;
    uint8_t where[40]; /* topic, minute LE: as in the derivation of the secret slot */
    uint8_t key[32];
    memcpy(where, topic, 32);
    dtt_put_le64(where + 32, minute);
    dtt_hkdf_sha256(key, sizeof(key), dtt_slice(label, sizeof(label) - 1), dtt_slice(enc_seed, 32),
                    dtt_slice(where, sizeof(where)));
    crypto_auth_hmacsha256_init(&state, key, sizeof(key));
    crypto_auth_hmacsha256_update(&state, (const uint8_t *)label, sizeof(label) - 1);
    crypto_auth_hmacsha256_update(&state, &role, 1);
    crypto_auth_hmacsha256_update(&state, bond->exporter, sizeof(bond->exporter));
    crypto_auth_hmacsha256_update(&state, bond->prover.bytes, sizeof(bond->prover.bytes));
    crypto_auth_hmacsha256_update(&state, bond->verifier.bytes, sizeof(bond->verifier.bytes));
    crypto_auth_hmacsha256_final(&state, ret);
    sodium_memzero(&state, sizeof(state));
    sodium_memzero(key, sizeof(key));
}

void dtt_proof_write(uint8_t ret[DTT_PROOF_LEN], const uint8_t enc_seed[32],
                     const uint8_t topic[32], uint64_t minute, const struct dtt_proof_bond *bond)
{
    ret[0] = VERSION;
    memcpy(ret + 1, topic, 32);
    dtt_put_le64(ret + 33, minute);
    compute_mac(ret + 41, enc_seed, topic, minute, bond);
}

int dtt_proof_read(struct dtt_slice s, struct dtt_proof_claim *ret)
{
    if (s.len != DTT_PROOF_LEN || s.data[0] != VERSION) {
        return DTT_EPROTO;
    }
    memcpy(ret->topic, s.data + 1, 32);
    ret->minute = dtt_get_le64(s.data + 33);
    memcpy(ret->mac, s.data + 41, 32);
    return DTT_OK;
}

bool dtt_proof_is_timely(const struct dtt_proof_claim *claim, uint64_t minute)
{
    uint64_t apart = claim->minute > minute ? claim->minute - minute : minute - claim->minute;
    return apart <= DTT_PROOF_MINUTES;
}

bool dtt_proof_is_good(const struct dtt_proof_claim *claim, const uint8_t enc_seed[32],
                       const struct dtt_proof_bond *bond)
{
    uint8_t mac[32];
    compute_mac(mac, enc_seed, claim->topic, claim->minute, bond);
    return sodium_memcmp(mac, claim->mac, sizeof(mac)) == 0;
}
