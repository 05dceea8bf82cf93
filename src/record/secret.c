/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/secret.h"

#include "crypto/hash.h"

#include <sodium.h>

void dtt_secret_init(struct dtt_secret *ret, struct dtt_slice secret, dtt_rotation_fn rotation,
                     void *rotation_user)
{
    dtt_sha512_32(ret->hash, &secret, 1);
    ret->rotation = rotation;
    ret->rotation_user = rotation_user;
}

int dtt_secret_rotate(uint8_t ret_seed[32], const struct dtt_secret *s, const uint8_t topic[32],
                      uint64_t minute)
{
    if (s->rotation) {
        int status = s->rotation(s->rotation_user, topic, minute, s->hash, ret_seed);
        if (status != 0) {
            sodium_memzero(ret_seed, 32);
        }
        return status == 0 ? DTT_OK : DTT_EROTATE;
    }
    /* Big endian here, little endian in the slot, as in the Rust crate. */
    uint8_t be[8];
    dtt_put_be64(be, minute);
    const struct dtt_slice parts[] = {dtt_slice(topic, 32), dtt_slice(be, 8),
                                      dtt_slice(s->hash, 32)};
    dtt_sha512_32(ret_seed, parts, 3);
    return DTT_OK;
}
