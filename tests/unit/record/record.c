/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/record.h"

#include "crypto/ed25519.h"
#include "support/vectors.h"

#include <stdlib.h>

#define MINUTE 29000000

/* The worked example that all vectors share. */
struct fixed {
    json_t *root;
    uint8_t topic[32];
    uint8_t enc_seed[32];
    uint8_t node_seed[32];
    struct dtt_record_keys keys;
};

static int setup(void **state)
{
    static struct fixed f;
    f.root = vectors_load("records.json");
    vectors_hex_into(f.root, "derived.topic_hash", f.topic, 32);
    vectors_hex_into(f.root, "derived.encryption_seed", f.enc_seed, 32);
    vectors_hex_into(f.root, "fixed.node_seed", f.node_seed, 32);
    vectors_hex_into(f.root, "fixed.one_time_seed", f.keys.seed, 32);
    vectors_hex_into(f.root, "fixed.data_ephemeral_sk", f.keys.data_ephemeral, 32);
    vectors_hex_into(f.root, "fixed.key_ephemeral_sk", f.keys.key_ephemeral, 32);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    json_decref(((struct fixed *)*state)->root);
    return 0;
}

static json_t *record_at(const struct fixed *f, size_t i)
{
    json_t *r = json_array_get(vectors_at(f->root, "records"), i);
    assert_non_null(r);
    return r;
}

static void assert_slice(struct dtt_slice got, struct dtt_slice want)
{
    assert_int_equal(got.len, want.len);
    assert_memory_equal(got.data, want.data, want.len);
    free((void *)want.data);
}

static void test_fixed_records_are_sealed_byte_for_byte(void **state)
{
    const struct fixed *f = *state;
    for (size_t i = 0; i < 2; i++) {
        json_t *r = record_at(f, i);
        struct dtt_slice content = vectors_hex(r, "content_hex");
        uint8_t plain[DTT_RECORD_PLAIN_MAX], sealed[DTT_RECORD_VALUE_MAX];
        struct dtt_writer p = dtt_writer(plain, sizeof(plain));
        struct dtt_writer w = dtt_writer(sealed, sizeof(sealed));
        assert_int_equal(dtt_record_sign(&p, f->topic, MINUTE, content, f->node_seed), 0);
        assert_slice(dtt_slice(plain, p.len), vectors_hex(r, "record_hex"));
        assert_int_equal(
            dtt_record_encrypt_with(&w, dtt_slice(plain, p.len), f->enc_seed, &f->keys), 0);
        assert_int_equal(w.len, 604);
        assert_slice(dtt_slice(sealed, w.len), vectors_hex(r, "encrypted_record_hex"));
        free((void *)content.data);
    }
}

static void test_fixed_records_are_opened(void **state)
{
    const struct fixed *f = *state;
    for (size_t i = 0; i < 2; i++) {
        json_t *r = record_at(f, i);
        struct dtt_slice value = vectors_hex(r, "encrypted_record_hex");
        uint8_t plain[DTT_RECORD_PLAIN_MAX];
        size_t len;
        struct dtt_record rec;
        struct dtt_id publisher;
        assert_int_equal(dtt_record_decrypt(plain, &len, value, f->enc_seed), 0);
        assert_slice(dtt_slice(plain, len), vectors_hex(r, "record_hex"));
        assert_int_equal(dtt_record_unseal(value, f->topic, MINUTE, f->enc_seed, &rec), 0);
        vectors_hex_into(f->root, "fixed.node_public_key", publisher.bytes, 32);
        assert_memory_equal(rec.publisher.bytes, publisher.bytes, 32);
        assert_memory_equal(rec.topic, f->topic, 32);
        assert_true(rec.minute == MINUTE);
        assert_slice(dtt_slice(rec.content, rec.content_len), vectors_hex(r, "content_hex"));
        free((void *)value.data);
    }
}

/* What refuses at each step of docs/protocol/records.md. */
static const int error_of_step[] = {DTT_OK,     DTT_EPROTO, DTT_EPROTO,  DTT_EAUTH, DTT_EAUTH,
                                    DTT_EPROTO, DTT_ETOPIC, DTT_EMINUTE, DTT_EAUTH};
#define STEPS 8
#define STEP_PLAIN 5 /* the first one that sees the plain record */

static void test_cases_are_decided_as_by_rust(void **state)
{
    const struct fixed *f = *state;
    json_t *cases = vectors_at(f->root, "cases");
    size_t accepted = 0;
    assert_int_equal(json_array_size(cases), 53);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *c = json_array_get(cases, i);
        json_int_t step = json_integer_value(json_object_get(c, "fails_at"));
        struct dtt_slice value = vectors_hex(c, "value_hex");
        uint8_t plain[DTT_RECORD_PLAIN_MAX];
        size_t len;
        struct dtt_record rec;
        int err = dtt_record_unseal(value, f->topic, MINUTE, f->enc_seed, &rec);
        assert_in_range(step, 0, STEPS);
        if (err != error_of_step[step]) {
            fail_msg("%s: %s", vectors_text(c, "name"), dtt_error_name(err));
        }
        bool accept = strcmp(vectors_text(c, "expect"), "accept") == 0;
        assert_int_equal(accept, step == 0);
        accepted += accept;
        err = dtt_record_decrypt(plain, &len, value, f->enc_seed);
        assert_int_equal(err == DTT_OK, accept || step >= STEP_PLAIN);
        free((void *)value.data);
    }
    assert_int_equal(accepted, 2);
}

static void unseal_must_fail(void *user, struct dtt_slice in)
{
    const struct fixed *f = user;
    struct dtt_record rec;
    int err = dtt_record_unseal(in, f->topic, MINUTE, f->enc_seed, &rec);
    assert_true(err == DTT_EPROTO || err == DTT_EAUTH);
}

static void test_damaged_values_are_refused(void **state)
{
    struct fixed *f = *state;
    for (size_t i = 0; i < 2; i++) {
        struct dtt_slice value = vectors_hex(record_at(f, i), "encrypted_record_hex");
        sweep_truncations(value, unseal_must_fail, f);
        sweep_bit_flips(value, unseal_must_fail, f);
        free((void *)value.data);
    }
}

static void verify_must_fail(void *user, struct dtt_slice in)
{
    const struct fixed *f = user;
    struct dtt_record rec;
    int err = dtt_record_verify(in, f->topic, MINUTE, &rec);
    assert_true(err == DTT_EPROTO || err == DTT_EAUTH || err == DTT_ETOPIC || err == DTT_EMINUTE);
}

static void test_damaged_plain_records_are_refused(void **state)
{
    struct fixed *f = *state;
    struct dtt_slice plain = vectors_hex(record_at(f, 1), "record_hex");
    sweep_truncations(plain, verify_must_fail, f);
    sweep_bit_flips(plain, verify_must_fail, f);
    free((void *)plain.data);
}

static void test_verification_order(void **state)
{
    const struct fixed *f = *state;
    struct dtt_slice plain = vectors_hex(record_at(f, 1), "record_hex");
    uint8_t other[32] = {1};
    uint8_t bad[DTT_RECORD_PLAIN_MAX];
    struct dtt_record rec;
    memset(&rec, 0xaa, sizeof(rec));
    struct dtt_record untouched = rec;
    memcpy(bad, plain.data, plain.len);
    bad[plain.len - 1] ^= 1;
    struct dtt_slice forged = dtt_slice(bad, plain.len);
    assert_int_equal(dtt_record_verify(forged, other, MINUTE + 1, &rec), DTT_ETOPIC);
    assert_int_equal(dtt_record_verify(forged, f->topic, MINUTE + 1, &rec), DTT_EMINUTE);
    assert_int_equal(dtt_record_verify(forged, f->topic, MINUTE, &rec), DTT_EAUTH);
    assert_memory_equal(&rec, &untouched, sizeof(rec));
    assert_int_equal(dtt_record_verify(plain, f->topic, MINUTE, &rec), DTT_OK);
    free((void *)plain.data);
}

static void test_random_records_survive_the_round_trip(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {'r'};
    struct dtt_rng rng;
    dtt_rng_init(&rng, seed, "test");
    for (unsigned round = 0; round < 200; round++) {
        uint8_t topic[32], enc_seed[32], node_seed[32], pk[32];
        uint8_t content[DTT_CONTENT_MAX];
        uint8_t plain[DTT_RECORD_PLAIN_MAX], sealed[DTT_RECORD_VALUE_MAX];
        struct dtt_writer p = dtt_writer(plain, sizeof(plain));
        struct dtt_writer w = dtt_writer(sealed, sizeof(sealed));
        struct dtt_record rec;
        uint64_t minute = dtt_rng_u64(&rng);
        size_t len =
            round < 2 ? round * DTT_CONTENT_MAX : (size_t)dtt_rng_below(&rng, DTT_CONTENT_MAX + 1);
        dtt_rng_bytes(&rng, topic, 32);
        dtt_rng_bytes(&rng, enc_seed, 32);
        dtt_rng_bytes(&rng, node_seed, 32);
        dtt_rng_bytes(&rng, content, len);
        assert_int_equal(dtt_record_sign(&p, topic, minute, dtt_slice(content, len), node_seed), 0);
        assert_int_equal(dtt_record_encrypt(&w, dtt_slice(plain, p.len), enc_seed, &rng), 0);
        assert_int_equal(w.len, 4 + 56 + 136 + len + 88);
        struct dtt_slice value = dtt_slice(sealed, w.len);
        assert_int_equal(dtt_record_unseal(value, topic, minute, enc_seed, &rec), 0);
        dtt_ed25519_public_key(pk, node_seed);
        assert_memory_equal(rec.publisher.bytes, pk, 32);
        assert_int_equal(rec.content_len, len);
        assert_memory_equal(rec.content, content, len);
        enc_seed[0] ^= 1;
        assert_int_equal(dtt_record_unseal(value, topic, minute, enc_seed, &rec), DTT_EAUTH);
    }
}

static void test_limits(void **state)
{
    const struct fixed *f = *state;
    static const uint8_t content[DTT_CONTENT_MAX + 1];
    uint8_t plain[DTT_RECORD_PLAIN_MAX + 1] = {0}, sealed[DTT_RECORD_VALUE_MAX + 1];
    struct dtt_writer w = dtt_writer(plain, sizeof(plain));
    struct dtt_record rec;
    assert_int_equal(
        dtt_record_sign(&w, f->topic, MINUTE, dtt_slice(content, sizeof(content)), f->node_seed),
        DTT_ETOOBIG);
    assert_int_equal(w.len, 0);
    /* A buffer that is one byte short. */
    w = dtt_writer(plain, 136 + 320 - 1);
    assert_int_equal(dtt_record_sign(&w, f->topic, MINUTE, dtt_slice(content, 320), f->node_seed),
                     DTT_ETOOBIG);
    w = dtt_writer(sealed, sizeof(sealed));
    assert_int_equal(
        dtt_record_encrypt_with(&w, dtt_slice(plain, sizeof(plain)), f->enc_seed, &f->keys),
        DTT_ETOOBIG);
    w = dtt_writer(sealed, 603);
    assert_int_equal(dtt_record_encrypt_with(&w, dtt_slice(plain, 456), f->enc_seed, &f->keys),
                     DTT_ETOOBIG);
    assert_int_equal(dtt_record_verify(dtt_slice(plain, sizeof(plain)), f->topic, MINUTE, &rec),
                     DTT_EPROTO);
    /* A well-formed frame that no DHT node would store. */
    memset(sealed, 0, sizeof(sealed));
    dtt_put_le32(sealed, sizeof(sealed) - 4 - 88);
    dtt_put_le64(sealed + 4, 32);
    dtt_put_le64(sealed + sizeof(sealed) - 88, 32);
    assert_int_equal(
        dtt_record_unseal(dtt_slice(sealed, sizeof(sealed)), f->topic, MINUTE, f->enc_seed, &rec),
        DTT_EPROTO);
    /* One byte less is only not for us. */
    dtt_put_le32(sealed, sizeof(sealed) - 1 - 4 - 88);
    dtt_put_le64(sealed + sizeof(sealed) - 1 - 88, 32);
    assert_int_equal(dtt_record_unseal(dtt_slice(sealed, sizeof(sealed) - 1), f->topic, MINUTE,
                                       f->enc_seed, &rec),
                     DTT_EAUTH);
}

/* With the secret itself: what is made is read, sealed anew each time and described as it is. */
static void test_made_records_are_read(void **state)
{
    const struct fixed *f = *state;
    static const uint8_t seed[32] = {9};
    const struct dtt_addr addr = {.family = DTT_FAMILY_V4, .port = 7, .ip = {192, 0, 2, 1}};
    struct dtt_record_info info = {.n_addrs = 1, .addrs = {addr}}, got;
    uint8_t content[DTT_CONTENT_MAX], sealed[2][DTT_RECORD_VALUE_MAX], pk[32];
    struct dtt_writer c = dtt_writer(content, sizeof(content));
    struct dtt_secret secret, other;
    struct dtt_record rec;
    struct dtt_rng rng;
    dtt_secret_init(&secret, dtt_slice("secret", 6), NULL, NULL);
    dtt_secret_init(&other, dtt_slice("other", 5), NULL, NULL);
    dtt_rng_init(&rng, seed, "test");
    dtt_content_write(&c, &info);
    for (unsigned i = 0; i < 2; i++) {
        struct dtt_writer w = dtt_writer(sealed[i], sizeof(sealed[i]));
        struct dtt_slice bytes = dtt_slice(content, i == 0 ? c.len : 3);
        assert_int_equal(dtt_record_make(&w, &secret, f->topic, MINUTE, bytes, f->node_seed, &rng),
                         DTT_OK);
        struct dtt_slice value = dtt_slice(sealed[i], w.len);
        assert_int_equal(dtt_record_read(value, &secret, f->topic, MINUTE, &rec), DTT_OK);
        assert_int_equal(dtt_record_read(value, &secret, f->topic, MINUTE + 1, &rec), DTT_EAUTH);
        assert_int_equal(dtt_record_read(value, &other, f->topic, MINUTE, &rec), DTT_EAUTH);
        memset(&got, 0xff, sizeof(got));
        dtt_record_describe(&rec, &got);
        dtt_ed25519_public_key(pk, f->node_seed);
        assert_memory_equal(got.publisher.bytes, pk, sizeof(pk));
        assert_int_equal(got.minute, MINUTE);
        assert_int_equal(got.n_active_peers + got.n_message_hashes, 0);
        assert_int_equal(got.n_addrs, 1 - i); /* three bytes are no content of a tracker */
    }
    assert_memory_not_equal(sealed[0] + 12, sealed[1] + 12, 32);
    struct dtt_writer small = dtt_writer(sealed[0], 100);
    assert_int_equal(
        dtt_record_make(&small, &secret, f->topic, MINUTE, dtt_slice("x", 1), f->node_seed, &rng),
        DTT_ETOOBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_records_are_sealed_byte_for_byte),
        cmocka_unit_test(test_fixed_records_are_opened),
        cmocka_unit_test(test_cases_are_decided_as_by_rust),
        cmocka_unit_test(test_damaged_values_are_refused),
        cmocka_unit_test(test_damaged_plain_records_are_refused),
        cmocka_unit_test(test_verification_order),
        cmocka_unit_test(test_random_records_survive_the_round_trip),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_made_records_are_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
