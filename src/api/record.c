/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/record.h"

#include "crypto/hash.h"
#include "io/entropy.h"

#include <sodium.h>

/* The topic hash and the secret of a slot that is to be read or written. Wipe the secret. */
static int keys_of(const struct dtt_slot_config *slot, uint8_t ret_topic[32],
                   struct dtt_secret *ret_secret)
{
    if (!slot || slot->size < sizeof(*slot) || !slot->secret) {
        return DTT_EINVAL;
    }
    int err = dtt_slot_topic(ret_topic, slot->name, slot->topic_hash);
    if (!err) {
        dtt_secret_init(ret_secret, dtt_slice(slot->secret, slot->secret_len), slot->rotation,
                        slot->rotation_user);
    }
    return err;
}

int dtt_slot_derive(const struct dtt_slot_config *config, struct dtt_slot_info *ret)
{
    struct dtt_slot slot;
    struct dtt_secret secret;
    uint8_t topic[32];
    int err = DTT_OK;
    if (!config || config->size < sizeof(*config) || !ret || ret->size < sizeof(*ret)) {
        return DTT_EINVAL;
    }
    switch (config->kind) {
    case DTT_SLOT_PUBLIC:
    case DTT_SLOT_OLD_LINE: /* no secret is needed */
        if (dtt_slot_topic(topic, config->name, config->topic_hash) != DTT_OK) {
            return DTT_EINVAL;
        }
        dtt_slot_init(&slot, (enum dtt_slot_kind)config->kind, topic, config->minute, NULL);
        break;
    case DTT_SLOT_SECRET:
        if (keys_of(config, topic, &secret) != DTT_OK) {
            return DTT_EINVAL;
        }
        err = dtt_slot_make(&slot, DTT_SLOT_SECRET, &secret, topic, config->minute);
        sodium_memzero(&secret, sizeof(secret));
        break;
    default: return DTT_EINVAL;
    }
    if (err) {
        return err;
    }
    memcpy(ret->public_key, slot.key, 32);
    memcpy(ret->salt, slot.salt, 32);
    dtt_sha1_2(ret->target, dtt_slice(slot.key, 32), dtt_slice(slot.salt, 32));
    sodium_memzero(&slot, sizeof(slot));
    return DTT_OK;
}

/* The sealed record behind `value`, opened and verified. */
static int unseal(const struct dtt_slot_config *slot, const void *value, size_t len,
                  struct dtt_record *ret)
{
    uint8_t topic[32];
    struct dtt_secret secret;
    if ((!value && len) || keys_of(slot, topic, &secret) != DTT_OK) {
        return DTT_EINVAL;
    }
    int err = dtt_record_read(dtt_slice(value, len), &secret, topic, slot->minute, ret);
    sodium_memzero(&secret, sizeof(secret));
    return err;
}

int dtt_record_open(const struct dtt_slot_config *slot, const void *value, size_t len,
                    struct dtt_record_info *ret)
{
    struct dtt_record record;
    if (!ret || ret->size < sizeof(*ret)) {
        return DTT_EINVAL;
    }
    int err = unseal(slot, value, len, &record);
    if (err) {
        return err;
    }
    size_t size = ret->size;
    dtt_record_describe(&record, ret);
    ret->size = size;
    return DTT_OK;
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
    uint8_t topic[32];
    struct dtt_secret secret;
    struct dtt_rng rng;
    if (!seed || (!content && content_len) || !buf || cap < DTT_RECORD_VALUE_MAX || !ret_len ||
        keys_of(slot, topic, &secret) != DTT_OK) {
        return DTT_EINVAL;
    }
    struct dtt_writer w = dtt_writer(buf, cap);
    int err = dtt_entropy(entropy, sizeof(entropy));
    if (!err) {
        dtt_rng_init(&rng, entropy, "record");
        err = dtt_record_make(&w, &secret, topic, slot->minute, dtt_slice(content, content_len),
                              seed, &rng);
        dtt_rng_fini(&rng);
        sodium_memzero(entropy, sizeof(entropy));
    }
    sodium_memzero(&secret, sizeof(secret));
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
    if (!record || record->size < sizeof(*record) || record->n_active_peers > DTT_RECORD_PEERS ||
        record->n_message_hashes > DTT_RECORD_HASHES || record->n_addrs > DTT_RECORD_ADDRS) {
        return DTT_EINVAL;
    }
    dtt_content_write(&c, record);
    return dtt_record_seal_content(slot, seed, content, c.len, buf, cap, ret_len);
}
