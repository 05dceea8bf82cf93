/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/closed.h"

#include "crypto/hash.h"

#include <dtt/types.h>
#include <sodium.h>

/* The label contains the version of the derivation. */
static const char label[] = "dtt closed topic 1";

/* Of scrypt (RFC 7914): 16 MiB, five times. */
#define COST_N 16384
#define COST_R 8
#define COST_P 5

int dtt_closed_topic(uint8_t ret[32], const char *name, struct dtt_slice secret)
{
    const struct dtt_slice open = dtt_slice(name, strlen(name));
    uint8_t salt[sizeof(label) - 1 + 32];
    uint8_t secret_hash[32];
    memcpy(salt, label, sizeof(label) - 1);
    dtt_sha512_32(salt + sizeof(label) - 1, &open, 1);
    /* Hashed first: HMAC takes a short key for the same one with zeros after it. */
    dtt_sha512_32(secret_hash, &secret, 1);
    int err = crypto_pwhash_scryptsalsa208sha256_ll(secret_hash, sizeof(secret_hash), salt,
                                                    sizeof(salt), COST_N, COST_R, COST_P, ret, 32);
    sodium_memzero(secret_hash, sizeof(secret_hash));
    return err ? DTT_ENOMEM : DTT_OK;
}
