/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/slot.h"

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "crypto/hkdf.h"

#include <sodium.h>

/* The label contains the version of the derivation. */
static const char secret_slot_label[] = "dtt secret slot 1";

/*
 * Derives key and salt from the encryption seed, so that only holders of the secret know them and
 * the application's rotation applies here too. Topic and minute are in the info because that
 * rotation may not depend on them.
 */
static void secret_slot(struct dtt_slot *ret, struct dtt_slice info, const uint8_t enc_seed[32])
{
    uint8_t okm[64];
    dtt_hkdf_sha256(okm, sizeof(okm), dtt_slice(secret_slot_label, sizeof(secret_slot_label) - 1),
                    dtt_slice(enc_seed, 32), info);
    memcpy(ret->seed, okm, 32);
    memcpy(ret->salt, okm + 32, 32);
    sodium_memzero(okm, sizeof(okm));
}

void dtt_slot_init(struct dtt_slot *ret, enum dtt_slot_kind kind, const uint8_t topic[32],
                   uint64_t minute, const uint8_t enc_seed[32])
{
    uint8_t where[40]; /* topic, minute LE */
    memcpy(where, topic, 32);
    dtt_put_le64(where + 32, minute);
    const struct dtt_slice parts[] = {dtt_slice("salt", 4), dtt_slice(where, sizeof(where))};
    ret->kind = kind;
    ret->minute = minute;
    switch (kind) {
    case DTT_SLOT_SECRET: secret_slot(ret, parts[1], enc_seed); break;
    case DTT_SLOT_OLD_LINE:
        dtt_sha512_32(ret->seed, parts + 1, 1);
        /* A mistake of the old line, kept to interoperate: the salt is the signing seed. */
        memcpy(ret->salt, ret->seed, sizeof(ret->salt));
        break;
    case DTT_SLOT_PUBLIC:
        dtt_sha512_32(ret->seed, parts + 1, 1);
        dtt_sha512_32(ret->salt, parts, 2);
        break;
    }
    dtt_ed25519_public_key(ret->key, ret->seed);
}

int64_t dtt_slot_next_seq(enum dtt_slot_kind kind, uint64_t unix_s, bool has_seen, int64_t seen)
{
    int64_t least = kind == DTT_SLOT_SECRET && unix_s < INT64_MAX ? (int64_t)unix_s : 0;
    if (kind == DTT_SLOT_PUBLIC) {
        return INT64_MAX;
    }
    return !has_seen || seen < least ? least : seen < INT64_MAX ? seen + 1 : INT64_MAX;
}

int dtt_slot_topic(uint8_t ret[32], const char *name, const uint8_t *topic_hash)
{
    if (!name == !topic_hash) {
        return DTT_EINVAL;
    }
    if (topic_hash) {
        memcpy(ret, topic_hash, 32);
    } else {
        struct dtt_slice part = dtt_slice(name, strlen(name));
        dtt_sha512_32(ret, &part, 1);
    }
    return DTT_OK;
}

int dtt_slot_make(struct dtt_slot *ret, enum dtt_slot_kind kind, const struct dtt_secret *s,
                  const uint8_t topic[32], uint64_t minute)
{
    uint8_t seed[32];
    int err = dtt_secret_rotate(seed, s, topic, minute);
    if (!err) {
        dtt_slot_init(ret, kind, topic, minute, seed);
    }
    sodium_memzero(seed, sizeof(seed));
    return err;
}
