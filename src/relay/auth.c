/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "relay/auth.h"

#include "crypto/blake3.h"
#include "crypto/ed25519.h"

/* The id, and the signature as postcard writes it: with its length. */
static void write_signature(struct dtt_writer *w, const uint8_t seed[DTT_SEED_BYTES],
                            struct dtt_slice message)
{
    uint8_t id[DTT_ID_BYTES], signature[64];
    dtt_ed25519_public_key(id, seed);
    dtt_ed25519_sign(signature, message, seed);
    dtt_write(w, id, sizeof(id));
    dtt_write_u8(w, sizeof(signature));
    dtt_write(w, signature, sizeof(signature));
}

void dtt_relay_auth_field(char ret[DTT_RELAY_AUTH_TEXT_MAX], const uint8_t seed[DTT_SEED_BYTES],
                          const uint8_t material[DTT_RELAY_MATERIAL_BYTES])
{
    const size_t half = DTT_RELAY_MATERIAL_BYTES / 2;
    uint8_t body[DTT_RELAY_AUTH_BODY_BYTES];
    struct dtt_writer w = dtt_writer(body, sizeof(body));
    write_signature(&w, seed, dtt_slice(material, half));
    dtt_write(&w, material + half, half);
    dtt_base64_encode_url(ret, dtt_slice(body, w.len));
}

void dtt_relay_auth_answer(struct dtt_writer *w, const uint8_t seed[DTT_SEED_BYTES],
                           const uint8_t challenge[DTT_RELAY_CHALLENGE_BYTES])
{
    uint8_t message[DTT_BLAKE3_BYTES];
    dtt_blake3_derive_key(message, DTT_RELAY_CHALLENGE_CONTEXT,
                          dtt_slice(challenge, DTT_RELAY_CHALLENGE_BYTES));
    dtt_write_u8(w, DTT_RELAY_CLIENT_AUTH);
    write_signature(w, seed, dtt_slice(message, sizeof(message)));
}
