/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/meet_message.h"

#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "support/vectors.h"

#include <stdlib.h>

static const uint8_t seed[32] = {1};
static const uint8_t topic[32] = {2};
static const uint8_t node_seed[32] = {3};
static const struct dtt_meet_head head = {.minute = 29000000, .nonce = {4}};

static struct dtt_meet_message sample(size_t n)
{
    struct dtt_meet_message meet = {.kind = DTT_MEET_ASK, .to = {{5}}, .n = n};
    dtt_ed25519_public_key(meet.from.bytes, node_seed);
    for (size_t i = 0; i < n; i++) {
        meet.addrs[i] = dtt_addr_v4(203, 0, 113, (uint8_t)i, 4433);
    }
    return meet;
}

static void test_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("meet.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "messages"), i, v)
    {
        uint8_t enc_seed[32];
        uint8_t node[32];
        uint8_t written[DTT_MEET_MESSAGE_MAX];
        struct dtt_id from;
        struct dtt_id to;
        struct dtt_meet_message meet;
        struct dtt_meet_head h;
        uint8_t hash[32];
        struct dtt_slice message = vectors_hex(v, "message");
        json_t *addrs = vectors_at(v, "addrs");
        const char *name = vectors_text(v, "topic_name");
        const struct dtt_slice topic_name = dtt_slice(name, strlen(name));
        dtt_sha512_32(hash, &topic_name, 1);
        vectors_hex_into(v, "encryption_seed", enc_seed, sizeof(enc_seed));
        vectors_hex_into(v, "node_seed", node, sizeof(node));
        vectors_hex_into(v, "from", from.bytes, sizeof(from.bytes));
        vectors_hex_into(v, "to", to.bytes, sizeof(to.bytes));
        assert_int_equal(dtt_meet_message_read_head(message, &h), DTT_OK);
        assert_int_equal(h.minute, json_integer_value(vectors_at(v, "minute")));
        assert_int_equal(dtt_meet_message_open(message, enc_seed, hash, &meet), DTT_OK);
        assert_memory_equal(&meet.from, &from, sizeof(from));
        assert_memory_equal(&meet.to, &to, sizeof(to));
        assert_int_equal(meet.n, json_array_size(addrs));
        for (size_t k = 0; k < meet.n; k++) {
            struct dtt_addr want;
            const char *text = json_string_value(json_array_get(addrs, k));
            assert_int_equal(dtt_addr_parse(text, &want), DTT_OK);
            assert_true(dtt_addr_eq(&meet.addrs[k], &want));
        }
        assert_int_equal(dtt_meet_message_seal(written, &meet, &h, enc_seed, hash, node),
                         message.len);
        assert_memory_equal(written, message.data, message.len);
        free((void *)message.data);
    }
    json_decref(root);
}

/* Each bit of a message counts, and each byte of what it is bound to. */
static void test_nothing_can_be_changed(void **state)
{
    (void)state;
    uint8_t bytes[DTT_MEET_MESSAGE_MAX];
    struct dtt_meet_message meet = sample(2);
    struct dtt_meet_message got;
    size_t len = dtt_meet_message_seal(bytes, &meet, &head, seed, topic, node_seed);
    assert_int_equal(dtt_meet_message_open(dtt_slice(bytes, len), seed, topic, &got), DTT_OK);
    for (size_t i = 0; i < 8 * len; i++) {
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(dtt_meet_message_open(dtt_slice(bytes, len), seed, topic, &got),
                         DTT_EAUTH);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t i = 0; i < len; i++) {
        assert_int_not_equal(dtt_meet_message_open(dtt_slice(bytes, i), seed, topic, &got), DTT_OK);
    }
    const uint8_t other[32] = {9};
    assert_int_equal(dtt_meet_message_open(dtt_slice(bytes, len), other, topic, &got), DTT_EAUTH);
    assert_int_equal(dtt_meet_message_open(dtt_slice(bytes, len), seed, other, &got), DTT_EAUTH);
}

/* A holder of the secret cannot ask in the name of another one. */
static void test_who_asks_signs(void **state)
{
    (void)state;
    uint8_t bytes[DTT_MEET_MESSAGE_MAX];
    const uint8_t other[32] = {9};
    struct dtt_meet_message meet = sample(1);
    struct dtt_meet_message got;
    size_t len = dtt_meet_message_seal(bytes, &meet, &head, seed, topic, other);
    assert_int_equal(dtt_meet_message_open(dtt_slice(bytes, len), seed, topic, &got), DTT_EAUTH);
}

static void test_other_kinds_are_dropped(void **state)
{
    (void)state;
    uint8_t bytes[DTT_MEET_MESSAGE_MAX];
    struct dtt_meet_message meet = sample(1);
    struct dtt_meet_message got;
    meet.kind = (enum dtt_meet_kind)2;
    size_t len = dtt_meet_message_seal(bytes, &meet, &head, seed, topic, node_seed);
    assert_int_equal(dtt_meet_message_open(dtt_slice(bytes, len), seed, topic, &got), DTT_EPROTO);
}

static void test_lengths(void **state)
{
    (void)state;
    uint8_t bytes[DTT_MEET_MESSAGE_MAX + 1] = {0};
    struct dtt_meet_message meet = sample(DTT_MEET_MESSAGE_ADDRS);
    struct dtt_meet_message got;
    struct dtt_meet_head h;
    assert_int_equal(dtt_meet_message_seal(bytes, &meet, &head, seed, topic, node_seed), 190);
    for (size_t i = 0; i < DTT_MEET_MESSAGE_ADDRS; i++) {
        meet.addrs[i] = (struct dtt_addr){.family = DTT_FAMILY_V6, .port = 5, .ip = {0x20, 1, 5}};
    }
    size_t len = dtt_meet_message_seal(bytes, &meet, &head, seed, topic, node_seed);
    assert_int_equal(len, DTT_MEET_MESSAGE_MAX);
    assert_int_equal(dtt_meet_message_open(dtt_slice(bytes, len), seed, topic, &got), DTT_OK);
    assert_int_equal(got.n, DTT_MEET_MESSAGE_ADDRS);
    assert_true(dtt_addr_eq(&got.addrs[3], &meet.addrs[3]));
    assert_int_equal(dtt_meet_message_read_head(dtt_slice(bytes, DTT_MEET_MESSAGE_MAX + 1), &h),
                     DTT_EPROTO);
    assert_int_equal(dtt_meet_message_read_head(dtt_slice(bytes, 161), &h), DTT_EPROTO);
    assert_int_equal(dtt_meet_message_read_head(dtt_slice(bytes, 162), &h), DTT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),        cmocka_unit_test(test_nothing_can_be_changed),
        cmocka_unit_test(test_who_asks_signs), cmocka_unit_test(test_other_kinds_are_dropped),
        cmocka_unit_test(test_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
