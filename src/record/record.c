/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/record.h"

#include "crypto/ed25519.h"
#include "crypto/hpke.h"

#include <sodium.h>

#define HEADER_BYTES 72 /* topic, minute, publisher */
#define SIGNATURE_BYTES 64

/* The parameters of ed25519-dalek-hpke 0.0.4: constants, not placeholders. */
static const char hpke_info[] = "arbitrary_info_bytes";
static const char hpke_aad[] = "arbitrary_seal_bytes";

/* Blob of ed25519-dalek-hpke: u64 LE length of enc (always 32) | enc | ciphertext | tag. */
#define BLOB_HEADER (8 + DTT_HPKE_ENC_BYTES)
#define BLOB_OVERHEAD (BLOB_HEADER + DTT_HPKE_TAG_BYTES)
/* The key blob carries the one-time seed. */
#define KEY_BLOB_BYTES (BLOB_OVERHEAD + 32)

int dtt_record_sign(struct dtt_writer *w, const uint8_t topic[32], uint64_t minute,
                    struct dtt_slice content, const uint8_t node_seed[32])
{
    if (content.len > DTT_CONTENT_MAX) {
        return DTT_ETOOBIG;
    }
    uint8_t *p = dtt_write_room(w, DTT_RECORD_OVERHEAD + content.len);
    if (!p) {
        return DTT_ETOOBIG;
    }
    memcpy(p, topic, 32);
    dtt_put_le64(p + 32, minute);
    dtt_ed25519_public_key(p + 40, node_seed);
    if (content.len) {
        memcpy(p + HEADER_BYTES, content.data, content.len);
    }
    size_t signed_len = HEADER_BYTES + content.len;
    dtt_ed25519_sign(p + signed_len, dtt_slice(p, signed_len), node_seed);
    return DTT_OK;
}

int dtt_record_verify(struct dtt_slice plain, const uint8_t topic[32], uint64_t minute,
                      struct dtt_record *ret)
{
    if (plain.len < DTT_RECORD_OVERHEAD || plain.len > DTT_RECORD_PLAIN_MAX) {
        return DTT_EPROTO;
    }
    const uint8_t *p = plain.data;
    size_t signed_len = plain.len - SIGNATURE_BYTES;
    if (sodium_memcmp(p, topic, 32) != 0) {
        return DTT_ETOPIC;
    }
    if (dtt_get_le64(p + 32) != minute) {
        return DTT_EMINUTE;
    }
    if (!dtt_ed25519_verify_strict(p + signed_len, dtt_slice(p, signed_len), p + 40)) {
        return DTT_EAUTH;
    }
    memcpy(ret->topic, topic, 32);
    ret->minute = minute;
    memcpy(ret->publisher.bytes, p + 40, 32);
    ret->content_len = signed_len - HEADER_BYTES;
    memcpy(ret->content, p + HEADER_BYTES, ret->content_len);
    return DTT_OK;
}

/* Appends the blob of `msg` for the holder of `seed`. */
static int seal_blob(struct dtt_writer *w, const uint8_t seed[32], const uint8_t eph[32],
                     struct dtt_slice msg)
{
    uint8_t pk[32];
    uint8_t *p = dtt_write_room(w, BLOB_OVERHEAD + msg.len);
    if (!p) {
        return DTT_ETOOBIG;
    }
    dtt_put_le64(p, DTT_HPKE_ENC_BYTES);
    dtt_x25519_public_from_seed(pk, seed);
    return dtt_hpke_seal(p + 8, p + BLOB_HEADER, pk, eph,
                         dtt_slice(hpke_info, sizeof(hpke_info) - 1),
                         dtt_slice(hpke_aad, sizeof(hpke_aad) - 1), msg);
}

/* Opens a blob; `out` has room for blob.len - BLOB_OVERHEAD bytes. */
static int open_blob(uint8_t *out, struct dtt_slice blob, const uint8_t seed[32])
{
    uint8_t sk[32];
    if (blob.len < BLOB_OVERHEAD || dtt_get_le64(blob.data) != DTT_HPKE_ENC_BYTES) {
        return DTT_EPROTO;
    }
    dtt_x25519_private_from_seed(sk, seed);
    int err = dtt_hpke_open(out, sk, blob.data + 8, dtt_slice(hpke_info, sizeof(hpke_info) - 1),
                            dtt_slice(hpke_aad, sizeof(hpke_aad) - 1),
                            dtt_slice(blob.data + BLOB_HEADER, blob.len - BLOB_HEADER));
    sodium_memzero(sk, sizeof(sk));
    return err;
}

int dtt_record_encrypt_with(struct dtt_writer *w, struct dtt_slice plain,
                            const uint8_t enc_seed[32], const struct dtt_record_keys *keys)
{
    uint8_t length[4];
    if (plain.len > DTT_RECORD_PLAIN_MAX) {
        return DTT_ETOOBIG;
    }
    dtt_put_le32(length, (uint32_t)(plain.len + BLOB_OVERHEAD));
    dtt_write(w, length, sizeof(length));
    int err = seal_blob(w, keys->seed, keys->data_ephemeral, plain);
    return err ? err : seal_blob(w, enc_seed, keys->key_ephemeral, dtt_slice(keys->seed, 32));
}

int dtt_record_encrypt(struct dtt_writer *w, struct dtt_slice plain, const uint8_t enc_seed[32],
                       struct dtt_rng *rng)
{
    struct dtt_record_keys keys;
    dtt_rng_bytes(rng, &keys, sizeof(keys));
    int err = dtt_record_encrypt_with(w, plain, enc_seed, &keys);
    sodium_memzero(&keys, sizeof(keys));
    return err;
}

int dtt_record_decrypt(uint8_t *plain, size_t *ret_len, struct dtt_slice sealed,
                       const uint8_t enc_seed[32])
{
    if (sealed.len < 4 + BLOB_OVERHEAD + KEY_BLOB_BYTES || sealed.len > DTT_RECORD_VALUE_MAX ||
        dtt_get_le32(sealed.data) != sealed.len - 4 - KEY_BLOB_BYTES) {
        return DTT_EPROTO;
    }
    struct dtt_slice data_blob = dtt_slice(sealed.data + 4, sealed.len - 4 - KEY_BLOB_BYTES);
    struct dtt_slice key_blob = dtt_slice(data_blob.data + data_blob.len, KEY_BLOB_BYTES);
    uint8_t seed[32];
    int err = open_blob(seed, key_blob, enc_seed);
    if (err == DTT_OK) {
        err = open_blob(plain, data_blob, seed);
    }
    sodium_memzero(seed, sizeof(seed));
    if (err == DTT_OK) {
        *ret_len = data_blob.len - BLOB_OVERHEAD;
    }
    return err;
}

int dtt_record_unseal(struct dtt_slice sealed, const uint8_t topic[32], uint64_t minute,
                      const uint8_t enc_seed[32], struct dtt_record *ret)
{
    uint8_t plain[DTT_RECORD_PLAIN_MAX];
    size_t len;
    int err = dtt_record_decrypt(plain, &len, sealed, enc_seed);
    return err ? err : dtt_record_verify(dtt_slice(plain, len), topic, minute, ret);
}

int dtt_record_make(struct dtt_writer *w, const struct dtt_secret *secret, const uint8_t topic[32],
                    uint64_t minute, struct dtt_slice content, const uint8_t node_seed[32],
                    struct dtt_rng *rng)
{
    uint8_t buf[DTT_RECORD_PLAIN_MAX];
    uint8_t enc_seed[32];
    struct dtt_writer plain = dtt_writer(buf, sizeof(buf));
    int err = dtt_record_sign(&plain, topic, minute, content, node_seed);
    if (!err) {
        err = dtt_secret_rotate(enc_seed, secret, topic, minute);
    }
    if (!err) {
        err = dtt_record_encrypt(w, dtt_slice(buf, plain.len), enc_seed, rng);
        sodium_memzero(enc_seed, sizeof(enc_seed));
    }
    return !err && w->failed ? DTT_ETOOBIG : err;
}

int dtt_record_read(struct dtt_slice sealed, const struct dtt_secret *secret,
                    const uint8_t topic[32], uint64_t minute, struct dtt_record *ret)
{
    uint8_t enc_seed[32];
    int err = dtt_secret_rotate(enc_seed, secret, topic, minute);
    if (!err) {
        err = dtt_record_unseal(sealed, topic, minute, enc_seed, ret);
    }
    sodium_memzero(enc_seed, sizeof(enc_seed));
    return err;
}

void dtt_record_describe(const struct dtt_record *r, struct dtt_record_info *ret)
{
    *ret = (struct dtt_record_info){
        .size = sizeof(*ret), .publisher = r->publisher, .minute = r->minute};
    (void)dtt_content_read(dtt_slice(r->content, r->content_len), ret);
}
