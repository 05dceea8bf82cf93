/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/slot.h"

#include "codec/bencode.h"
#include "crypto/hash.h"
#include "dht/item.h"
#include "support/vectors.h"

#include <stdlib.h>

static void assert_hex_member(json_t *o, const char *path, const uint8_t *got, size_t len)
{
    struct dtt_slice want = vectors_hex(o, path);
    assert_int_equal(want.len, len);
    assert_memory_equal(got, want.data, len);
    free((void *)want.data);
}

static void assert_target(json_t *o, const char *path, const struct dtt_slot *slot)
{
    uint8_t target[20];
    dtt_sha1_2(target, dtt_slice(slot->key, 32), dtt_slice(slot->salt, 32));
    assert_hex_member(o, path, target, 20);
}

static void test_slot_of_both_lines(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *d = vectors_at(root, "derived");
    uint8_t topic[32];
    struct dtt_slot slot;
    vectors_hex_into(d, "topic_hash", topic, 32);
    dtt_slot_init(&slot, DTT_SLOT_PUBLIC, topic, 29000000, NULL);
    assert_true(slot.minute == 29000000);
    assert_hex_member(d, "signing_seed", slot.seed, 32);
    assert_hex_member(d, "signing_public_key", slot.key, 32);
    assert_hex_member(d, "salt_v0_3", slot.salt, 32);
    assert_target(d, "dht_target_v0_3", &slot);
    dtt_slot_init(&slot, DTT_SLOT_OLD_LINE, topic, 29000000, NULL);
    assert_hex_member(d, "signing_public_key", slot.key, 32);
    assert_hex_member(d, "salt_seed_to_v0_2", slot.salt, 32);
    assert_target(d, "dht_target_seed_to_v0_2", &slot);
    json_decref(root);
}

/* A rotation of the user's, as slots.json describes it. */
static int rotation(void *user, const uint8_t topic_hash[32], uint64_t minute,
                    const uint8_t secret_hash[32], uint8_t ret_seed[32])
{
    const uint8_t *mask = user;
    for (unsigned i = 0; i < 32; i++) {
        ret_seed[i] = (uint8_t)(topic_hash[i] ^ secret_hash[i] ^ minute ^ *mask);
    }
    return 0;
}

/* slots.json: each kind of slot, and the signature of an item in it. */
static void assert_slot(json_t *o, const char *name, enum dtt_slot_kind kind,
                        const uint8_t topic[32], const uint8_t enc_seed[32], struct dtt_slice value)
{
    struct dtt_slot slot;
    uint8_t sig[64];
    uint8_t bencoded[64];
    struct dtt_writer w = dtt_writer(bencoded, sizeof(bencoded));
    json_t *want = vectors_at(o, name);
    uint64_t minute = (uint64_t)json_integer_value(vectors_at(o, "minute"));
    dtt_slot_init(&slot, kind, topic, minute, enc_seed);
    assert_true(slot.minute == minute && slot.kind == kind);
    assert_hex_member(want, "signing_seed", slot.seed, 32);
    assert_hex_member(want, "k", slot.key, 32);
    assert_hex_member(want, "salt", slot.salt, 32);
    assert_target(want, "target", &slot);
    dtt_bencode_write_str(&w, value);
    assert_int_equal(dtt_item_sign(sig, slot.seed, dtt_slice(slot.salt, 32),
                                   json_integer_value(vectors_at(want, "seq")),
                                   dtt_slice(bencoded, w.len)),
                     DTT_OK);
    assert_hex_member(want, "sig", sig, 64);
}

static void test_slots_of_all_kinds(void **state)
{
    (void)state;
    json_t *root = vectors_load("slots.json");
    json_t *o;
    uint8_t mask = 0x80;
    size_t i;
    json_array_foreach(vectors_at(root, "cases"), i, o)
    {
        uint8_t topic[32], seed[32];
        const char *name = vectors_text(o, "topic_name");
        const char *text = vectors_text(o, "secret");
        struct dtt_slice part = dtt_slice(name, strlen(name));
        struct dtt_slice value = vectors_hex(o, "value");
        struct dtt_secret secret;
        dtt_sha512_32(topic, &part, 1);
        assert_hex_member(o, "topic_hash", topic, 32);
        dtt_secret_init(&secret, dtt_slice(text, strlen(text)),
                        json_object_get(o, "rotation") ? rotation : NULL, &mask);
        dtt_secret_rotate(seed, &secret, topic,
                          (uint64_t)json_integer_value(vectors_at(o, "minute")));
        assert_hex_member(o, "encryption_seed", seed, 32);
        assert_slot(o, "public", DTT_SLOT_PUBLIC, topic, seed, value);
        assert_slot(o, "secret_slot", DTT_SLOT_SECRET, topic, seed, value);
        assert_slot(o, "old_line", DTT_SLOT_OLD_LINE, topic, seed, value);
        free((void *)value.data);
    }
    assert_int_equal(i, 7);
    json_decref(root);
}

static void test_default_rotation(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *d = vectors_at(root, "derived");
    const char *text = vectors_text(root, "inputs.initial_secret");
    uint8_t topic[32], seed[32];
    struct dtt_secret secret;
    vectors_hex_into(d, "topic_hash", topic, 32);
    dtt_secret_init(&secret, dtt_slice(text, strlen(text)), NULL, NULL);
    assert_hex_member(d, "initial_secret_hash", secret.hash, 32);
    dtt_secret_rotate(seed, &secret, topic, 29000000);
    assert_hex_member(d, "encryption_seed", seed, 32);
    json_decref(root);
}

static void test_neighbours_in_time(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    const char *text = vectors_text(root, "inputs.initial_secret");
    const char *minute;
    json_t *o;
    size_t n = 0;
    uint8_t topic[32], seed[32];
    struct dtt_secret secret;
    vectors_hex_into(root, "derived.topic_hash", topic, 32);
    dtt_secret_init(&secret, dtt_slice(text, strlen(text)), NULL, NULL);
    json_object_foreach(vectors_at(root, "neighbours_in_time"), minute, o)
    {
        struct dtt_slot slot;
        uint64_t m = strtoull(minute, NULL, 10);
        dtt_slot_init(&slot, DTT_SLOT_PUBLIC, topic, m, NULL);
        assert_hex_member(o, "signing_public_key", slot.key, 32);
        assert_hex_member(o, "salt_v0_3", slot.salt, 32);
        assert_target(o, "dht_target_v0_3", &slot);
        dtt_slot_init(&slot, DTT_SLOT_OLD_LINE, topic, m, NULL);
        assert_target(o, "dht_target_seed_to_v0_2", &slot);
        dtt_secret_rotate(seed, &secret, topic, m);
        assert_hex_member(o, "encryption_seed", seed, 32);
        n++;
    }
    assert_int_equal(n, 2);
    json_decref(root);
}

static void test_kinds_in_use(void **state)
{
    (void)state;
    assert_int_equal(dtt_slot_kinds_used(false, false), 1u << DTT_SLOT_PUBLIC);
    assert_int_equal(dtt_slot_kinds_used(true, false),
                     1u << DTT_SLOT_PUBLIC | 1u << DTT_SLOT_SECRET);
    assert_int_equal(dtt_slot_kinds_used(true, true), (1u << DTT_SLOT_KINDS) - 1);
}

static void test_numbers_of_the_next_record(void **state)
{
    (void)state;
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_PUBLIC, 5, true, 4), INT64_MAX);
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_OLD_LINE, 5, false, 7), 0);
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_OLD_LINE, 5, true, 7), 8);
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_OLD_LINE, 5, true, INT64_MAX), INT64_MAX);
    /* Later records replace earlier ones, also those of somebody whose clock is ahead. */
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_SECRET, 5, false, 0), 5);
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_SECRET, 5, true, 4), 5);
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_SECRET, 5, true, 5), 6);
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_SECRET, 5, true, 9), 10);
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_SECRET, 5, true, INT64_MAX), INT64_MAX);
    assert_int_equal(dtt_slot_next_seq(DTT_SLOT_SECRET, UINT64_MAX, false, 0), 0);
}

static void test_a_topic_is_named_in_one_way(void **state)
{
    (void)state;
    uint8_t hash[32], got[32];
    const struct dtt_slice name = dtt_slice("room", 4);
    dtt_sha512_32(hash, &name, 1);
    assert_int_equal(dtt_slot_topic(got, "room", NULL), DTT_OK);
    assert_memory_equal(got, hash, sizeof(hash));
    assert_int_equal(dtt_slot_topic(got, NULL, hash), DTT_OK);
    assert_memory_equal(got, hash, sizeof(hash));
    assert_int_equal(dtt_slot_topic(got, "room", hash), DTT_EINVAL);
    assert_int_equal(dtt_slot_topic(got, NULL, NULL), DTT_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slot_of_both_lines),
        cmocka_unit_test(test_slots_of_all_kinds),
        cmocka_unit_test(test_default_rotation),
        cmocka_unit_test(test_neighbours_in_time),
        cmocka_unit_test(test_kinds_in_use),
        cmocka_unit_test(test_numbers_of_the_next_record),
        cmocka_unit_test(test_a_topic_is_named_in_one_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
