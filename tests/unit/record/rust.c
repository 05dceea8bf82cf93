/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the Rust crates derive and seal (tests/interop writes the file) is ours too. */
#include "record/record.h"
#include "record/slot.h"

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "record/content.h"
#include "support/vectors.h"

#include <stdio.h>
#include <stdlib.h>

static void expect_hex(json_t *o, const char *path, const void *got, size_t len)
{
    struct dtt_slice want = vectors_hex(o, path);
    assert_true(dtt_slice_eq(want, dtt_slice(got, len)));
    free((void *)(uintptr_t)want.data);
}

/* The values of a list of 32-byte hex strings, one after the other. */
static void expect_list(json_t *o, const char *name, const void *got, size_t n)
{
    json_t *list = vectors_at(o, name);
    assert_int_equal(json_array_size(list), n);
    for (size_t i = 0; i < n; i++) {
        char text[65];
        const uint8_t *bytes = (const uint8_t *)got + 32 * i;
        for (size_t k = 0; k < 32; k++) {
            snprintf(text + 2 * k, 3, "%02x", bytes[k]);
        }
        assert_string_equal(json_string_value(json_array_get(list, i)), text);
    }
}

/* Each line of the tracker meets in a slot of another kind; records are the same. */
static const struct line {
    const char *file;
    enum dtt_slot_kind kind;
} lines[] = {
    {"rust/records.json", DTT_SLOT_PUBLIC},
    {"rust/records-0.2.json", DTT_SLOT_OLD_LINE},
};

/* Calls `check` with each case of each line. */
static void for_each_record(void (*check)(json_t *o, enum dtt_slot_kind kind))
{
    for (size_t line = 0; line < sizeof(lines) / sizeof(lines[0]); line++) {
        json_t *root = vectors_load(lines[line].file), *o;
        size_t i;
        json_array_foreach(vectors_at(root, "records"), i, o)
        {
            check(o, lines[line].kind);
        }
        assert_true(i > 0);
        json_decref(root);
    }
}

/* Topic hash, slot and encryption seed of a case. */
static void derive(json_t *o, enum dtt_slot_kind kind, uint8_t topic[32], struct dtt_slot *slot,
                   uint8_t seed[32])
{
    struct dtt_slice name = vectors_hex(o, "topic");
    struct dtt_slice bytes = vectors_hex(o, "secret");
    struct dtt_secret secret;
    uint64_t minute = (uint64_t)json_integer_value(vectors_at(o, "minute"));
    dtt_sha512_32(topic, &name, 1);
    dtt_slot_init(slot, kind, topic, minute, NULL);
    dtt_secret_init(&secret, bytes, NULL, NULL);
    dtt_secret_rotate(seed, &secret, topic, minute);
    free((void *)(uintptr_t)name.data);
    free((void *)(uintptr_t)bytes.data);
}

static void check_derived(json_t *o, enum dtt_slot_kind kind)
{
    struct dtt_slot slot;
    uint8_t topic[32], seed[32], key[32], target[20];
    derive(o, kind, topic, &slot, seed);
    dtt_ed25519_public_key(key, seed);
    dtt_sha1_2(target, dtt_slice(slot.key, 32), dtt_slice(slot.salt, 32));
    expect_hex(o, "topic_hash", topic, sizeof(topic));
    expect_hex(o, "signing_seed", slot.seed, sizeof(slot.seed));
    expect_hex(o, "signing_key", slot.key, sizeof(slot.key));
    expect_hex(o, "salt", slot.salt, sizeof(slot.salt));
    expect_hex(o, "target", target, sizeof(target));
    expect_hex(o, "encryption_seed", seed, sizeof(seed));
    expect_hex(o, "encryption_key", key, sizeof(key));
}

static void derives_the_same(void **state)
{
    (void)state;
    for_each_record(check_derived);
}

static void check_opened(json_t *o, enum dtt_slot_kind kind)
{
    struct dtt_slot slot;
    struct dtt_record record;
    struct dtt_record_info info = {.size = sizeof(info)};
    uint8_t topic[32], seed[32];
    struct dtt_slice sealed = vectors_hex(o, "sealed");
    derive(o, kind, topic, &slot, seed);
    assert_int_equal(dtt_record_unseal(sealed, topic, slot.minute, seed, &record), DTT_OK);
    expect_hex(o, "publisher", record.publisher.bytes, sizeof(record.publisher.bytes));
    assert_int_equal(dtt_content_read(dtt_slice(record.content, record.content_len), &info),
                     DTT_OK);
    expect_list(o, "active_peers", info.active_peers, info.n_active_peers);
    expect_list(o, "message_hashes", info.message_hashes, info.n_message_hashes);
    assert_int_equal(info.n_addrs, 0);
    free((void *)(uintptr_t)sealed.data);
}

static void opens_what_rust_sealed(void **state)
{
    (void)state;
    for_each_record(check_opened);
}

static void check_signed(json_t *o, enum dtt_slot_kind kind)
{
    struct dtt_slot slot;
    uint8_t topic[32], seed[32], identity[32], buf[DTT_RECORD_VALUE_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    struct dtt_slice plain = vectors_hex(o, "record");
    derive(o, kind, topic, &slot, seed);
    vectors_hex_into(o, "identity", identity, sizeof(identity));
    struct dtt_slice content = dtt_slice(plain.data + 72, plain.len - 136);
    assert_int_equal(dtt_record_sign(&w, topic, slot.minute, content, identity), DTT_OK);
    assert_true(dtt_slice_eq(plain, dtt_slice(buf, w.len)));
    free((void *)(uintptr_t)plain.data);
}

/* Ed25519 signatures are deterministic: the same record, byte for byte. */
static void signs_the_same(void **state)
{
    (void)state;
    for_each_record(check_signed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_the_same),
        cmocka_unit_test(opens_what_rust_sealed),
        cmocka_unit_test(signs_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
