/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Records, which a member of a topic publishes on the DHT once in a while, signed with its own key
 * and sealed for holders of the secret. These functions compute only: they need no node and do no
 * I/O (but for the entropy that sealing needs). C99 and C++11 clean.
 */
#ifndef DTT_RECORD_H
#define DTT_RECORD_H

#include <dtt/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DTT_RECORD_PEERS 5  /**< active peers a record can name */
#define DTT_RECORD_HASHES 5 /**< message hashes a record can name */
#define DTT_RECORD_ADDRS 8  /**< addresses of the publisher a record can carry */
/** Largest sealed value: BEP 44 allows 1000 bytes bencoded, "996:" takes four of them. */
#define DTT_RECORD_VALUE_MAX 996
/** Largest content of a record: sealing takes the rest of the value. */
#define DTT_RECORD_CONTENT_MAX 712

/** DTT_RECORD_VALUE_MAX of the library in use, for bindings. Any thread. */
DTT_API size_t dtt_record_value_max(void);

/** DTT_RECORD_CONTENT_MAX likewise. */
DTT_API size_t dtt_record_content_max(void);

/**
 * Secret rotation: derives the encryption seed of a minute. It must be a pure function and the same
 * at every member; it replaces the default SHA-512(topic hash | minute big endian |
 * SHA-512(secret)[..32])[..32]. `secret_hash` is SHA-512(secret)[..32]. It is called within calls
 * into the library, and returns 0 when `ret_seed` is written. With anything else the minute is left
 * out: a joined topic counts it and dtt_topic_why says so; a call about one minute alone fails with
 * DTT_EROTATE.
 */
typedef int (*dtt_rotation_fn)(void *user, const uint8_t topic_hash[32], uint64_t minute,
                               const uint8_t secret_hash[32], uint8_t ret_seed[32]);

/** Where members of a topic leave their records (docs/protocol/slots.md of the source). */
enum dtt_slot_kind {
    DTT_SLOT_PUBLIC = 0,  /**< of distributed-topic-tracker 0.3: from topic name and minute */
    DTT_SLOT_SECRET = 1,  /**< from the secret too: nobody else can find or fill it */
    DTT_SLOT_OLD_LINE = 2 /**< of the 0.1 and 0.2 line: another salt */
};

/** Names a topic's slot of one minute and the secret that opens it. Strings are borrowed. */
struct dtt_slot_config {
    size_t size;               /**< sizeof(struct dtt_slot_config) */
    const char *name;          /**< topic name, or NULL when topic_hash is given */
    const uint8_t *topic_hash; /**< 32 bytes, or NULL when name is given */
    uint64_t minute;           /**< unix time / 60 */
    const void *secret;        /**< shared secret; dtt_slot_derive needs it for DTT_SLOT_SECRET */
    size_t secret_len;         /**< bytes */
    dtt_rotation_fn rotation;  /**< NULL: the default */
    void *rotation_user;
    int kind; /**< enum dtt_slot_kind, for dtt_slot_derive: a record is the same in all slots */
};

/** Where on the DHT a slot lies (BEP 44 mutable item). */
struct dtt_slot_info {
    size_t size;            /**< sizeof(struct dtt_slot_info), set by the caller */
    uint8_t public_key[32]; /**< k */
    uint8_t salt[32];
    uint8_t target[20]; /**< SHA-1(k | salt) */
};

/** An opened record. */
struct dtt_record_info {
    size_t size; /**< sizeof(struct dtt_record_info), set by the caller */
    struct dtt_id publisher;
    uint64_t minute;
    size_t n_active_peers;
    struct dtt_id active_peers[DTT_RECORD_PEERS];
    size_t n_message_hashes;
    uint8_t message_hashes[DTT_RECORD_HASHES][32];
    size_t n_addrs; /**< 0 for records of Rust nodes */
    struct dtt_addr addrs[DTT_RECORD_ADDRS];
    uint64_t unix_s; /**< when it was written, by its publisher's clock; 0: it does not say */
    struct dtt_reach reach; /**< of the publisher; neither it nor the time is written alone */
};

/** Derives a slot's DHT coordinates. Errors: DTT_EINVAL, DTT_EROTATE. Any thread. */
DTT_API int dtt_slot_derive(const struct dtt_slot_config *slot, struct dtt_slot_info *ret);

/**
 * Opens and verifies a sealed record. Errors: DTT_EPROTO (malformed), DTT_EAUTH (another secret,
 * damaged, or a bad signature), DTT_ETOPIC, DTT_EMINUTE, DTT_EROTATE, DTT_EINVAL, DTT_ENOMEM. *ret
 * is written only on success. Any thread.
 */
DTT_API int dtt_record_open(const struct dtt_slot_config *slot, const void *value, size_t len,
                            struct dtt_record_info *ret);

/**
 * Signs a record with `seed` and seals it. `record->publisher` and `record->minute` are ignored:
 * they follow from the seed and the slot. `buf` has `cap` >= DTT_RECORD_VALUE_MAX bytes; *ret_len
 * gets the bytes used. Errors: DTT_EINVAL, DTT_ETOOBIG, DTT_EROTATE, DTT_EIO (no entropy). Any
 * thread.
 */
DTT_API int dtt_record_seal(const struct dtt_slot_config *slot, const uint8_t seed[DTT_SEED_BYTES],
                            const struct dtt_record_info *record, void *buf, size_t cap,
                            size_t *ret_len);

/**
 * As dtt_record_seal with content of the application's own: `content_len` bytes, at most
 * DTT_RECORD_CONTENT_MAX. Errors: as dtt_record_seal. Any thread.
 */
DTT_API int dtt_record_seal_content(const struct dtt_slot_config *slot,
                                    const uint8_t seed[DTT_SEED_BYTES], const void *content,
                                    size_t content_len, void *buf, size_t cap, size_t *ret_len);

/**
 * As dtt_record_open, but gives the content as it is. `buf` has `cap` >= DTT_RECORD_CONTENT_MAX
 * bytes. Errors: as dtt_record_open. Any thread.
 */
DTT_API int dtt_record_open_content(const struct dtt_slot_config *slot, const void *value,
                                    size_t len, struct dtt_id *ret_publisher, void *buf, size_t cap,
                                    size_t *ret_len);

#ifdef __cplusplus
}
#endif

#endif
