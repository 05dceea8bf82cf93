/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The slots of a topic in one minute: BEP 44 key pairs and salts under which all members publish,
 * and the encryption seed of that minute. docs/protocol/slots.md.
 */
#ifndef DTT_RECORD_SLOT_H
#define DTT_RECORD_SLOT_H

#include "base/bytes.h"

#include <dtt/record.h>

#define DTT_SLOT_KINDS 3

struct dtt_slot {
    enum dtt_slot_kind kind;
    uint64_t minute;
    uint8_t seed[32]; /**< signing seed; whoever knows it can write into the slot */
    uint8_t key[32];  /**< its public key: BEP 44 k */
    uint8_t salt[32];
};

/** `enc_seed`: the minute's encryption seed, needed for DTT_SLOT_SECRET only. */
void dtt_slot_init(struct dtt_slot *ret, enum dtt_slot_kind kind, const uint8_t topic[32],
                   uint64_t minute, const uint8_t enc_seed[32]);

/** The secret of a topic and how it rotates. Wipe with sodium_memzero. */
struct dtt_secret {
    uint8_t hash[32]; /**< SHA-512(secret)[..32] */
    dtt_rotation_fn rotation;
    void *rotation_user;
};
void dtt_secret_init(struct dtt_secret *ret, struct dtt_slice secret, dtt_rotation_fn rotation,
                     void *rotation_user);
/** The encryption seed of a minute. */
void dtt_secret_rotate(uint8_t ret_seed[32], const struct dtt_secret *s, const uint8_t topic[32],
                       uint64_t minute);

#endif
