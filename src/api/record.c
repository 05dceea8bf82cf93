/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/record.h"

#include "api/node_priv.h"
#include "base/reach.h"
#include "crypto/hash.h"
#include "io/host.h"

#include <sodium.h>

/* What opens and seals the records of a slot. Wipe it. */
struct keys {
    uint8_t topic[32];
    uint64_t minute;
    struct dtt_secret secret;
};

static int keys_of(const struct dtt_slot_config *config, struct keys *ret)
{
    struct dtt_slot_config slot;
    if (!dtt_read_sized(&slot, sizeof(slot), config) || !slot.secret ||
        dtt_slot_topic(ret->topic, slot.name, slot.topic_hash) != DTT_OK) {
        return DTT_EINVAL;
    }
    ret->minute = slot.minute;
    dtt_secret_init(&ret->secret, dtt_slice(slot.secret, slot.secret_len), slot.rotation,
                    slot.rotation_user);
    return DTT_OK;
}

static int derive(const struct dtt_slot_config *slot, struct dtt_slot *ret)
{
    uint8_t topic[32];
    struct keys keys;
    int err;
    switch (slot->kind) {
    case DTT_SLOT_PUBLIC:
    case DTT_SLOT_OLD_LINE: /* no secret is needed */
        err = dtt_slot_topic(topic, slot->name, slot->topic_hash);
        if (!err) {
            dtt_slot_init(ret, (enum dtt_slot_kind)slot->kind, topic, slot->minute, NULL);
        }
        return err;
    case DTT_SLOT_SECRET:
        err = keys_of(slot, &keys);
        if (!err) {
            err = dtt_slot_make(ret, DTT_SLOT_SECRET, &keys.secret, keys.topic, keys.minute);
            sodium_memzero(&keys, sizeof(keys));
        }
        return err;
    default: return DTT_EINVAL;
    }
}

int dtt_slot_derive(const struct dtt_slot_config *config, struct dtt_slot_info *ret)
{
    struct dtt_slot_config ours;
    struct dtt_slot_info info = {0};
    struct dtt_slot slot;
    if (!dtt_read_sized(&ours, sizeof(ours), config)) {
        return DTT_EINVAL;
    }
    int err = derive(&ours, &slot);
    if (err) {
        return err;
    }
    memcpy(info.public_key, slot.key, 32);
    memcpy(info.salt, slot.salt, 32);
    dtt_sha1_2(info.target, dtt_slice(slot.key, 32), dtt_slice(slot.salt, 32));
    sodium_memzero(&slot, sizeof(slot));
    return dtt_write_sized(ret, &info, sizeof(info)) ? DTT_OK : DTT_EINVAL;
}

/* The sealed record behind `value`, opened and verified. */
static int unseal(const struct dtt_slot_config *slot, const void *value, size_t len,
                  struct dtt_record *ret)
{
    struct keys keys;
    if ((!value && len) || keys_of(slot, &keys) != DTT_OK) {
        return DTT_EINVAL;
    }
    int err = dtt_record_read(dtt_slice(value, len), &keys.secret, keys.topic, keys.minute, ret);
    sodium_memzero(&keys, sizeof(keys));
    return err;
}

int dtt_record_open(const struct dtt_slot_config *slot, const void *value, size_t len,
                    struct dtt_record_info *ret)
{
    struct dtt_record record;
    struct dtt_record_info info;
    if (!ret || ret->size < sizeof(ret->size)) {
        return DTT_EINVAL;
    }
    int err = unseal(slot, value, len, &record);
    if (err) {
        return err;
    }
    dtt_record_describe(&record, &info);
    return dtt_write_sized(ret, &info, sizeof(info)) ? DTT_OK : DTT_EINVAL;
}

int dtt_record_open_content(const struct dtt_slot_config *slot, const void *value, size_t len,
                            struct dtt_id *ret_publisher, void *buf, size_t cap, size_t *ret_len)
{
    struct dtt_record record;
    if (!ret_publisher || !buf || cap < DTT_RECORD_CONTENT_MAX || !ret_len) {
        return DTT_EINVAL;
    }
    int err = unseal(slot, value, len, &record);
    if (err) {
        return err;
    }
    *ret_publisher = record.publisher;
    memcpy(buf, record.content, record.content_len);
    *ret_len = record.content_len;
    return DTT_OK;
}

int dtt_record_seal_content(const struct dtt_slot_config *slot, const uint8_t seed[DTT_SEED_BYTES],
                            const void *content, size_t content_len, void *buf, size_t cap,
                            size_t *ret_len)
{
    uint8_t entropy[DTT_RNG_SEED_BYTES];
    struct keys keys;
    struct dtt_rng rng;
    if (!seed || (!content && content_len) || !buf || cap < DTT_RECORD_VALUE_MAX || !ret_len ||
        keys_of(slot, &keys) != DTT_OK) {
        return DTT_EINVAL;
    }
    struct dtt_writer w = dtt_writer(buf, cap);
    int err = dtt_host_entropy(entropy, sizeof(entropy));
    if (!err) {
        dtt_rng_init(&rng, entropy, "record");
        err = dtt_record_make(&w, &keys.secret, keys.topic, keys.minute,
                              dtt_slice(content, content_len), seed, &rng);
        dtt_rng_fini(&rng);
        sodium_memzero(entropy, sizeof(entropy));
    }
    sodium_memzero(&keys, sizeof(keys));
    if (err == DTT_OK) {
        *ret_len = w.len;
    }
    return err;
}

int dtt_record_seal(const struct dtt_slot_config *slot, const uint8_t seed[DTT_SEED_BYTES],
                    const struct dtt_record_info *record, void *buf, size_t cap, size_t *ret_len)
{
    uint8_t content[DTT_CONTENT_MAX];
    struct dtt_writer c = dtt_writer(content, sizeof(content));
    struct dtt_record_info info;
    if (!dtt_read_sized(&info, sizeof(info), record) || info.n_active_peers > DTT_RECORD_PEERS ||
        info.n_message_hashes > DTT_RECORD_HASHES || info.n_addrs > DTT_RECORD_ADDRS ||
        (info.reach.is_told && !dtt_reach_is_sound(&info.reach))) {
        return DTT_EINVAL;
    }
    dtt_content_write(&c, &info);
    return dtt_record_seal_content(slot, seed, content, c.len, buf, cap, ret_len);
}
