/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The secret that the members of a topic share. docs/protocol/slots.md. */
#ifndef DTT_RECORD_SECRET_H
#define DTT_RECORD_SECRET_H

#include "base/bytes.h"

#include <dtt/record.h>

/** The secret of a topic and how it rotates. Wipe with sodium_memzero. */
struct dtt_secret {
    uint8_t hash[32]; /**< SHA-512(secret)[..32] */
    dtt_rotation_fn rotation;
    void *rotation_user;
};
void dtt_secret_init(struct dtt_secret *ret, struct dtt_slice secret, dtt_rotation_fn rotation,
                     void *rotation_user);
/** The encryption seed of a minute. DTT_EROTATE, with `ret_seed` all zero. */
int dtt_secret_rotate(uint8_t ret_seed[32], const struct dtt_secret *s, const uint8_t topic[32],
                      uint64_t minute);

#endif
