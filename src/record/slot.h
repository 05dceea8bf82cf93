/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The slot of a topic in one minute: the BEP 44 key pair and salt under which all members publish,
 * and the encryption seed of that minute.
 */
#ifndef DTT_RECORD_SLOT_H
#define DTT_RECORD_SLOT_H

#include "base/bytes.h"

#include <dtt/record.h>

struct dtt_slot {
    uint64_t minute;
    uint8_t seed[32]; /**< signing seed; known to everybody who knows the topic name */
    uint8_t key[32];  /**< its public key: BEP 44 k */
    uint8_t salt[32];
};

/** Salt rule: SALT_0_3 since Rust 0.3.0, SALT_0_2 for the 0.1 and 0.2 line. */
enum dtt_slot_line { DTT_SLOT_LINE_0_3, DTT_SLOT_LINE_0_2 };

void dtt_slot_init(struct dtt_slot *ret, enum dtt_slot_line line, const uint8_t topic[32],
                   uint64_t minute);

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
