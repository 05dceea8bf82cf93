/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/meet_message.h"

#include "crypto/ed25519.h"
#include "crypto/hkdf.h"

#include <assert.h>
#include <sodium.h>

#define HEAD (4 + DTT_MEET_MESSAGE_NONCE)
#define TAG 16 /* of ChaCha20-Poly1305 */
#define SIGNATURE 64
#define FIXED (1 + 32 + 32 + 1) /* kind, from, to, number of addresses */
#define PLAIN_MAX (DTT_MEET_MESSAGE_MAX - HEAD - TAG)
#define PLAIN_MIN (FIXED + SIGNATURE)
#define SIGNED_MAX (sizeof(label) - 1 + 32 + HEAD + PLAIN_MAX)

_Static_assert(PLAIN_MAX == PLAIN_MIN + DTT_MEET_MESSAGE_ADDRS * 19, "four IPv6 addresses fit");
_Static_assert(crypto_aead_chacha20poly1305_ietf_NPUBBYTES == DTT_MEET_MESSAGE_NONCE,
               "as in RFC 8439");
_Static_assert(crypto_aead_chacha20poly1305_ietf_ABYTES == TAG, "as in RFC 8439");

static const char label[] = "dtt meet 1";

static void derive_key(uint8_t ret[32], const uint8_t enc_seed[32], const uint8_t topic[32],
                       uint32_t minute)
{
    uint8_t where[40]; /* as for proofs */
    memcpy(where, topic, 32);
    dtt_put_le64(where + 32, minute);
    dtt_hkdf_sha256(ret, 32, dtt_slice(label, sizeof(label) - 1), dtt_slice(enc_seed, 32),
                    dtt_slice(where, sizeof(where)));
}

/* What is signed: the label, the topic, the head and the plain text up to the signature. */
static struct dtt_slice signed_bytes(uint8_t buf[SIGNED_MAX], const uint8_t topic[32],
                                     const uint8_t *head, struct dtt_slice plain)
{
    struct dtt_writer w = dtt_writer(buf, SIGNED_MAX);
    dtt_write(&w, label, sizeof(label) - 1);
    dtt_write(&w, topic, 32);
    dtt_write(&w, head, HEAD);
    dtt_write_slice(&w, plain);
    assert(!w.failed);
    return dtt_slice(buf, w.len);
}

size_t dtt_meet_message_seal(uint8_t ret[DTT_MEET_MESSAGE_MAX], const struct dtt_meet_message *meet,
                             const struct dtt_meet_head *head, const uint8_t enc_seed[32],
                             const uint8_t topic[32], const uint8_t node_seed[32])
{
    uint8_t plain[PLAIN_MAX];
    uint8_t to_sign[SIGNED_MAX];
    uint8_t key[32];
    struct dtt_writer w = dtt_writer(plain, sizeof(plain));
    unsigned long long len = 0;
    assert(meet->n <= DTT_MEET_MESSAGE_ADDRS);
    dtt_put_le32(ret, head->minute);
    memcpy(ret + 4, head->nonce, DTT_MEET_MESSAGE_NONCE);
    dtt_write_u8(&w, (uint8_t)meet->kind);
    dtt_write(&w, meet->from.bytes, 32);
    dtt_write(&w, meet->to.bytes, 32);
    dtt_write_u8(&w, (uint8_t)meet->n);
    for (size_t i = 0; i < meet->n; i++) {
        dtt_write_u8(&w, meet->addrs[i].family == DTT_FAMILY_V4 ? 4 : 6);
        dtt_addr_write_compact(&w, &meet->addrs[i]);
    }
    struct dtt_slice s = signed_bytes(to_sign, topic, ret, dtt_slice(plain, w.len));
    dtt_ed25519_sign(plain + w.len, s, node_seed);
    derive_key(key, enc_seed, topic, head->minute);
    crypto_aead_chacha20poly1305_ietf_encrypt(ret + HEAD, &len, plain, w.len + SIGNATURE, NULL, 0,
                                              NULL, head->nonce, key);
    sodium_memzero(key, sizeof(key));
    return HEAD + (size_t)len;
}

int dtt_meet_message_read_head(struct dtt_slice s, struct dtt_meet_head *ret)
{
    if (s.len < HEAD + PLAIN_MIN + TAG || s.len > DTT_MEET_MESSAGE_MAX) {
        return DTT_EPROTO;
    }
    ret->minute = dtt_get_le32(s.data);
    memcpy(ret->nonce, s.data + 4, DTT_MEET_MESSAGE_NONCE);
    return DTT_OK;
}

static int read_plain(struct dtt_slice plain, struct dtt_meet_message *ret)
{
    struct dtt_reader r = dtt_reader(plain);
    uint8_t kind = dtt_read_u8(&r);
    dtt_read_into(&r, ret->from.bytes, 32);
    dtt_read_into(&r, ret->to.bytes, 32);
    ret->n = dtt_read_u8(&r);
    if (r.failed || kind != DTT_MEET_ASK || ret->n > DTT_MEET_MESSAGE_ADDRS) {
        return DTT_EPROTO;
    }
    ret->kind = DTT_MEET_ASK;
    for (size_t i = 0; i < ret->n; i++) {
        uint8_t family = dtt_read_u8(&r);
        size_t len = family == 4 ? DTT_ADDR_COMPACT4 : DTT_ADDR_COMPACT6;
        if ((family != 4 && family != 6) ||
            dtt_addr_from_compact(dtt_read(&r, len), &ret->addrs[i]) != DTT_OK) {
            return DTT_EPROTO;
        }
    }
    return r.failed || dtt_reader_left(&r) != 0 ? DTT_EPROTO : DTT_OK;
}

int dtt_meet_message_open(struct dtt_slice s, const uint8_t enc_seed[32], const uint8_t topic[32],
                          struct dtt_meet_message *ret)
{
    uint8_t plain[PLAIN_MAX];
    uint8_t to_sign[SIGNED_MAX];
    uint8_t key[32];
    unsigned long long len = 0;
    struct dtt_meet_head head;
    struct dtt_meet_message meet = {.n = 0};
    if (dtt_meet_message_read_head(s, &head) != DTT_OK) {
        return DTT_EPROTO;
    }
    derive_key(key, enc_seed, topic, head.minute);
    int err = crypto_aead_chacha20poly1305_ietf_decrypt(plain, &len, NULL, s.data + HEAD,
                                                        s.len - HEAD, NULL, 0, head.nonce, key);
    sodium_memzero(key, sizeof(key));
    if (err) {
        return DTT_EAUTH;
    }
    struct dtt_slice content = dtt_slice(plain, (size_t)len - SIGNATURE);
    if (read_plain(content, &meet) != DTT_OK) {
        return DTT_EPROTO;
    }
    if (!dtt_ed25519_verify_strict(
            plain + content.len, signed_bytes(to_sign, topic, s.data, content), meet.from.bytes)) {
        return DTT_EAUTH;
    }
    *ret = meet;
    return DTT_OK;
}
