/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Record: topic 32 | minute u64 LE | publisher 32 | content | signature 64, and its sealed form
 * (EncryptedRecord) u32 LE length | data blob | key blob, as distributed-topic-tracker 0.3.
 */
#ifndef DTT_RECORD_RECORD_H
#define DTT_RECORD_RECORD_H

#include "base/rng.h"
#include "record/content.h"
#include "record/slot.h"

#define DTT_RECORD_OVERHEAD 136
#define DTT_RECORD_PLAIN_MAX (DTT_RECORD_OVERHEAD + DTT_CONTENT_MAX)

/** A verified record. */
struct dtt_record {
    uint8_t topic[32];
    uint64_t minute;
    struct dtt_id publisher;
    size_t content_len;
    uint8_t content[DTT_CONTENT_MAX];
};

/** Builds and signs the plain form. DTT_ETOOBIG when content is over DTT_CONTENT_MAX. */
int dtt_record_sign(struct dtt_writer *w, const uint8_t topic[32], uint64_t minute,
                    struct dtt_slice content, const uint8_t node_seed[32]);
/** Parses and verifies the plain form: DTT_EPROTO, DTT_ETOPIC, DTT_EMINUTE, DTT_EAUTH. */
int dtt_record_verify(struct dtt_slice plain, const uint8_t topic[32], uint64_t minute,
                      struct dtt_record *ret);

/** Seals a plain record for holders of `enc_seed`; fresh keys come from `rng`. DTT_ETOOBIG. */
int dtt_record_encrypt(struct dtt_writer *w, struct dtt_slice plain, const uint8_t enc_seed[32],
                       struct dtt_rng *rng);

/** What sealing draws at random: the seed of the one-time key and two X25519 private keys. */
struct dtt_record_keys {
    uint8_t seed[32];
    uint8_t data_ephemeral[32];
    uint8_t key_ephemeral[32];
};
/** dtt_record_encrypt with given keys; for tests against fixed vectors. */
int dtt_record_encrypt_with(struct dtt_writer *w, struct dtt_slice plain,
                            const uint8_t enc_seed[32], const struct dtt_record_keys *keys);

/**
 * Opens a sealed record into `plain` (room for DTT_RECORD_PLAIN_MAX bytes). DTT_EPROTO, DTT_EAUTH.
 * More than DTT_RECORD_VALUE_MAX bytes are malformed: BEP 44 cannot have carried them.
 */
int dtt_record_decrypt(uint8_t *plain, size_t *ret_len, struct dtt_slice sealed,
                       const uint8_t enc_seed[32]);

/** Decrypt then verify. */
int dtt_record_unseal(struct dtt_slice sealed, const uint8_t topic[32], uint64_t minute,
                      const uint8_t enc_seed[32], struct dtt_record *ret);

/**
 * Signs `content` and seals it for all who know the secret: the value of a slot of that minute.
 * Fresh keys come from `rng`, so equal contents give unequal bytes. DTT_ETOOBIG.
 */
int dtt_record_make(struct dtt_writer *w, const struct dtt_secret *secret, const uint8_t topic[32],
                    uint64_t minute, struct dtt_slice content, const uint8_t node_seed[32],
                    struct dtt_rng *rng);
/** Opens and verifies what dtt_record_make has made. */
int dtt_record_read(struct dtt_slice sealed, const struct dtt_secret *secret,
                    const uint8_t topic[32], uint64_t minute, struct dtt_record *ret);
/**
 * The public form of a record. Content in another format than a tracker's is no error: the
 * publisher is still a member, about whom nothing else is known.
 */
void dtt_record_describe(const struct dtt_record *r, struct dtt_record_info *ret);

#endif
