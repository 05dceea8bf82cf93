/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/record.h"

#include "crypto/hash.h"
#include "io/entropy.h"

#include <sodium.h>

/* The topic hash of a slot config that names its topic in exactly one way. */
static int topic_of(const struct dtt_slot_config *slot, uint8_t ret[32])
{
    if (!slot || slot->size < sizeof(*slot) || !slot->name == !slot->topic_hash) {
        return DTT_EINVAL;
    }
    if (slot->name) {
        dtt_topic_hash(slot->name, ret);
    } else {
        memcpy(ret, slot->topic_hash, 32);
    }
    return DTT_OK;
}

/* The same for a slot that is to be read or written: also its encryption seed. */
static int keys_of(const struct dtt_slot_config *slot, uint8_t ret_topic[32], uint8_t ret_seed[32])
{
    struct dtt_secret secret;
    int err = topic_of(slot, ret_topic);
    if (err || !slot->secret) {
        return DTT_EINVAL;
    }
    dtt_secret_init(&secret, dtt_slice(slot->secret, slot->secret_len), slot->rotation,
                    slot->rotation_user);
    dtt_secret_rotate(ret_seed, &secret, ret_topic, slot->minute);
    sodium_memzero(&secret, sizeof(secret));
    return DTT_OK;
}

int dtt_slot_derive(const struct dtt_slot_config *config, struct dtt_slot_info *ret)
{
    struct dtt_slot slot;
    uint8_t topic[32];
    uint8_t enc_seed[32] = {0};
    int err = topic_of(config, topic);
    if (err || !ret || ret->size < sizeof(*ret) || config->kind < DTT_SLOT_PUBLIC ||
        config->kind > DTT_SLOT_OLD_LINE ||
        (config->kind == DTT_SLOT_SECRET && keys_of(config, topic, enc_seed) != DTT_OK)) {
        return DTT_EINVAL;
    }
    dtt_slot_init(&slot, (enum dtt_slot_kind)config->kind, topic, config->minute, enc_seed);
    memcpy(ret->public_key, slot.key, 32);
    memcpy(ret->salt, slot.salt, 32);
    dtt_sha1_2(ret->target, dtt_slice(slot.key, 32), dtt_slice(slot.salt, 32));
    sodium_memzero(enc_seed, sizeof(enc_seed));
    sodium_memzero(&slot, sizeof(slot));
    return DTT_OK;
}

/* The sealed record behind `value`, opened and verified. */
static int unseal(const struct dtt_slot_config *slot, const void *value, size_t len,
                  struct dtt_record *ret)
{
    uint8_t topic[32];
    uint8_t enc_seed[32];
    if ((!value && len) || keys_of(slot, topic, enc_seed) != DTT_OK) {
        return DTT_EINVAL;
    }
    int err = dtt_record_unseal(dtt_slice(value, len), topic, slot->minute, enc_seed, ret);
    sodium_memzero(enc_seed, sizeof(enc_seed));
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
    struct dtt_record_info info = {
        .size = ret->size, .publisher = record.publisher, .minute = record.minute};
    /* Content that cannot be read does not make the record invalid: its author still counts. */
    (void)dtt_content_read(dtt_slice(record.content, record.content_len), &info);
    *ret = info;
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

static int seal(struct dtt_writer *w, const struct dtt_slot_config *slot, const uint8_t seed[32],
                struct dtt_slice content, struct dtt_rng *rng)
{
    uint8_t topic[32];
    uint8_t enc_seed[32];
    uint8_t plain[DTT_RECORD_PLAIN_MAX];
    struct dtt_writer p = dtt_writer(plain, sizeof(plain));
    int err = keys_of(slot, topic, enc_seed);
    if (err) {
        return err;
    }
    err = dtt_record_sign(&p, topic, slot->minute, content, seed);
    if (err == DTT_OK) {
        err = dtt_record_encrypt(w, dtt_slice(plain, p.len), enc_seed, rng);
    }
    sodium_memzero(enc_seed, sizeof(enc_seed));
    return err;
}

int dtt_record_seal_content(const struct dtt_slot_config *slot, const uint8_t seed[DTT_SEED_BYTES],
                            const void *content, size_t content_len, void *buf, size_t cap,
                            size_t *ret_len)
{
    uint8_t entropy[DTT_RNG_SEED_BYTES];
    struct dtt_rng rng;
    if (!seed || (!content && content_len) || !buf || cap < DTT_RECORD_VALUE_MAX || !ret_len) {
        return DTT_EINVAL;
    }
    int err = dtt_entropy(entropy, sizeof(entropy));
    if (err) {
        return err;
    }
    struct dtt_writer w = dtt_writer(buf, cap);
    dtt_rng_init(&rng, entropy, "record");
    err = seal(&w, slot, seed, dtt_slice(content, content_len), &rng);
    dtt_rng_fini(&rng);
    sodium_memzero(entropy, sizeof(entropy));
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
