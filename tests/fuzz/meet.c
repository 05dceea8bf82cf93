/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The first byte chooses: a message as it comes, or a plain text that a holder of the secret seals
 * and signs, so that what lies under seal and signature is reached, too. */
#include "crypto/ed25519.h"
#include "crypto/hkdf.h"
#include "record/meet_message.h"

#include <sodium.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const uint8_t topic[32] = {1};
static const uint8_t enc_seed[32] = {2};
static const uint8_t node_seed[32] = {3};
#define MINUTE 29000000
#define PLAIN_MAX 256

static void check(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* What was read can be written, and is the same then. */
static void read_message(struct dtt_slice s)
{
    struct dtt_meet_message meet;
    struct dtt_meet_message again;
    struct dtt_meet_head head;
    uint8_t bytes[DTT_MEET_MESSAGE_MAX];
    if (dtt_meet_message_open(s, enc_seed, topic, &meet) != DTT_OK) {
        return;
    }
    check(dtt_meet_message_read_head(s, &head) == DTT_OK && meet.n <= DTT_MEET_MESSAGE_ADDRS);
    struct dtt_id us;
    dtt_ed25519_public_key(us.bytes, node_seed);
    if (memcmp(&us, &meet.from, sizeof(us)) == 0) {
        size_t n = dtt_meet_message_seal(bytes, &meet, &head, enc_seed, topic, node_seed);
        check(n == s.len &&
              dtt_meet_message_open(dtt_slice(bytes, n), enc_seed, topic, &again) == DTT_OK);
        check(again.n == meet.n && memcmp(&again.to, &meet.to, sizeof(again.to)) == 0);
    }
}

static void seal_plain(struct dtt_slice plain)
{
    static const char label[] = "dtt meet 1";
    uint8_t key[32], where[40] = {0}, out[16 + PLAIN_MAX + 64 + 16] = {0};
    uint8_t text[10 + 32 + 16 + PLAIN_MAX];
    uint8_t signed_plain[PLAIN_MAX + 64];
    unsigned long long n = 0;
    struct dtt_writer w = dtt_writer(text, sizeof(text));
    if (plain.len > PLAIN_MAX) {
        return;
    }
    memcpy(where, topic, 32);
    dtt_put_le64(where + 32, MINUTE);
    dtt_put_le32(out, MINUTE);
    dtt_hkdf_sha256(key, 32, dtt_slice(label, 10), dtt_slice(enc_seed, 32), dtt_slice(where, 40));
    dtt_write(&w, label, 10);
    dtt_write(&w, topic, 32);
    dtt_write(&w, out, 16);
    dtt_write_slice(&w, plain);
    if (plain.len > 0) {
        memcpy(signed_plain, plain.data, plain.len);
    }
    dtt_ed25519_sign(signed_plain + plain.len, dtt_slice(text, w.len), node_seed);
    crypto_aead_chacha20poly1305_ietf_encrypt(out + 16, &n, signed_plain, plain.len + 64, NULL, 0,
                                              NULL, out + 4, key);
    read_message(dtt_slice(out, 16 + (size_t)n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    if (data[0] == 0) {
        read_message(dtt_slice(data + 1, len - 1));
    } else {
        seal_plain(dtt_slice(data + 1, len - 1));
    }
    return 0;
}
