/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/slot.h"

#include "crypto/ed25519.h"
#include "crypto/hash.h"

void dtt_slot_init(struct dtt_slot *ret, enum dtt_slot_line line, const uint8_t topic[32],
                   uint64_t minute)
{
    uint8_t le[8];
    dtt_put_le64(le, minute);
    const struct dtt_slice parts[] = {dtt_slice("salt", 4), dtt_slice(topic, 32), dtt_slice(le, 8)};
    ret->minute = minute;
    dtt_sha512_32(ret->seed, parts + 1, 2);
    dtt_ed25519_public_key(ret->key, ret->seed);
    if (line == DTT_SLOT_LINE_0_2) {
        /* Upstream's mistake, kept for its wire: this salt is the signing seed itself. */
        memcpy(ret->salt, ret->seed, sizeof(ret->salt));
    } else {
        dtt_sha512_32(ret->salt, parts, 3);
    }
}

void dtt_secret_init(struct dtt_secret *ret, struct dtt_slice secret, dtt_rotation_fn rotation,
                     void *rotation_user)
{
    dtt_sha512_32(ret->hash, &secret, 1);
    ret->rotation = rotation;
    ret->rotation_user = rotation_user;
}

void dtt_secret_rotate(uint8_t ret_seed[32], const struct dtt_secret *s, const uint8_t topic[32],
                       uint64_t minute)
{
    if (s->rotation) {
        s->rotation(s->rotation_user, topic, minute, s->hash, ret_seed);
        return;
    }
    /* Big endian here, little endian in the slot: so it is in Rust. */
    uint8_t be[8];
    dtt_put_be64(be, minute);
    const struct dtt_slice parts[] = {dtt_slice(topic, 32), dtt_slice(be, 8),
                                      dtt_slice(s->hash, 32)};
    dtt_sha512_32(ret_seed, parts, 3);
}
