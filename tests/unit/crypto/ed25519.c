/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/ed25519.h"

#include "codec/text.h"
#include "support/vectors.h"

#include <dtt/types.h>

#include <sodium.h>

static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
                                  0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};

static void from_hex(uint8_t *out, size_t len, const char *hex)
{
    assert_int_equal(dtt_hex_decode(out, len, hex, strlen(hex)), 0);
}

struct pair {
    uint8_t scalar[32]; /* private key a, reduced */
    uint8_t point[32];  /* A = a * B, perhaps with a torsion part added */
};

static void make_pair(struct pair *p, uint8_t label)
{
    uint8_t wide[64];
    crypto_hash_sha512(wide, &label, 1);
    crypto_core_ed25519_scalar_reduce(p->scalar, wide);
    assert_int_equal(crypto_scalarmult_ed25519_base_noclamp(p->point, p->scalar), 0);
}

/* SHA-512(R | A | message) modulo the order. */
static void challenge(uint8_t h[32], const uint8_t r[32], const uint8_t a[32], struct dtt_slice msg)
{
    uint8_t in[256];
    uint8_t wide[64];
    assert_true(msg.len <= sizeof(in) - 64);
    memcpy(in, r, 32);
    memcpy(in + 32, a, 32);
    memcpy(in + 64, msg.data, msg.len);
    crypto_hash_sha512(wide, in, 64 + msg.len);
    crypto_core_ed25519_scalar_reduce(h, wide);
}

/* Signs with chosen encodings of A and R: S = r + h * a. */
static void forge(uint8_t sig[64], struct dtt_slice msg, const struct pair *key,
                  const struct pair *nonce)
{
    uint8_t h[32];
    memcpy(sig, nonce->point, 32);
    challenge(h, nonce->point, key->point, msg);
    crypto_core_ed25519_scalar_mul(h, h, key->scalar);
    crypto_core_ed25519_scalar_add(sig + 32, h, nonce->scalar);
}

/* All encodings of the points of order 1, 2, 4 and 8: eight canonical, six others. */
struct small_order {
    uint8_t encoding[14][32];
};

static void load_small_order(struct small_order *ret)
{
    json_t *root = vectors_load("records.json");
    json_t *canonical = vectors_at(root, "small_order_points.canonical");
    json_t *other = vectors_at(root, "small_order_points.non_canonical");
    assert_int_equal(json_array_size(canonical), 8);
    assert_int_equal(json_array_size(other), 6);
    for (size_t i = 0; i < 14; i++) {
        json_t *hex = i < 8 ? json_array_get(canonical, i) : json_array_get(other, i - 8);
        from_hex(ret->encoding[i], 32, json_string_value(hex));
    }
    json_decref(root);
}

/* RFC 8032 section 7.1, tests 1 to 3. */
static void test_rfc8032(void **state)
{
    (void)state;
    static const struct {
        const char *seed, *pk, *msg, *sig;
    } cases[] = {
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
         "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e3970"
         "1cf9b46bd25bf5f0595bbe24655141438e7a100b"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
         "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613"
         "d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
         "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760"
         "984dc6594a7c15e9716ed28dc027beceea1ec40a"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t seed[32], pk[32], want_pk[32], msg[2], sig[64], want_sig[64];
        size_t len = strlen(cases[i].msg) / 2;
        from_hex(seed, 32, cases[i].seed);
        from_hex(want_pk, 32, cases[i].pk);
        from_hex(msg, len, cases[i].msg);
        from_hex(want_sig, 64, cases[i].sig);
        dtt_ed25519_public_key(pk, seed);
        assert_memory_equal(pk, want_pk, 32);
        dtt_ed25519_sign(sig, dtt_slice(msg, len), seed);
        assert_memory_equal(sig, want_sig, 64);
        assert_true(dtt_ed25519_is_point(pk));
        assert_true(dtt_ed25519_verify(sig, dtt_slice(msg, len), pk));
        assert_true(dtt_ed25519_verify_strict(sig, dtt_slice(msg, len), pk));
    }
}

static void test_bep44_items(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *records = vectors_at(root, "records");
    size_t checked = 0;
    for (size_t i = 0; i < json_array_size(records); i++) {
        const char *name;
        json_t *item;
        json_object_foreach(vectors_at(json_array_get(records, i), "bep44"), name, item)
        {
            uint8_t k[32], sig[64];
            struct dtt_slice in = vectors_hex(item, "signature_input_hex");
            vectors_hex_into(item, "k", k, 32);
            vectors_hex_into(item, "sig", sig, 64);
            assert_true(dtt_ed25519_verify(sig, in, k));
            sig[40] ^= 1;
            assert_false(dtt_ed25519_verify(sig, in, k));
            free((void *)in.data);
            checked++;
        }
    }
    assert_int_equal(checked, 4);
    json_decref(root);
}

struct signed_message {
    uint8_t pk[32];
    uint8_t msg[24];
};

static void must_fail(void *user, struct dtt_slice in)
{
    const struct signed_message *m = user;
    struct dtt_slice msg = dtt_slice(in.data + 64, in.len - 64);
    assert_false(dtt_ed25519_verify_strict(in.data, msg, m->pk));
    assert_false(dtt_ed25519_verify(in.data, msg, m->pk));
}

static void test_every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    static const uint8_t seed[32] = {5};
    struct signed_message m;
    uint8_t all[64 + sizeof(m.msg)];
    memset(m.msg, 'x', sizeof(m.msg));
    dtt_ed25519_public_key(m.pk, seed);
    dtt_ed25519_sign(all, dtt_slice(m.msg, sizeof(m.msg)), seed);
    memcpy(all + 64, m.msg, sizeof(m.msg));
    sweep_bit_flips(dtt_slice(all, sizeof(all)), must_fail, &m);
    for (unsigned bit = 0; bit < 256; bit++) {
        uint8_t pk[32];
        memcpy(pk, m.pk, 32);
        pk[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(dtt_ed25519_verify_strict(all, dtt_slice(m.msg, sizeof(m.msg)), pk));
    }
}

static void test_s_must_be_below_the_order(void **state)
{
    (void)state;
    static const struct dtt_slice msg = {(const uint8_t *)"m", 1};
    struct pair key, nonce;
    uint8_t sig[64];
    make_pair(&key, 1);
    make_pair(&nonce, 2);
    forge(sig, msg, &key, &nonce);
    assert_true(dtt_ed25519_verify_strict(sig, msg, key.point));
    sodium_add(sig + 32, order, 32);
    assert_false(dtt_ed25519_verify_strict(sig, msg, key.point));
    assert_false(dtt_ed25519_verify(sig, msg, key.point));
}

/* With A of small order S = r verifies under every message whose h is a multiple of 8. */
static void test_keys_of_small_order_are_refused(void **state)
{
    (void)state;
    struct small_order small;
    struct pair key, nonce;
    uint8_t sig[64];
    load_small_order(&small);
    make_pair(&nonce, 2);
    for (size_t i = 0; i < 14; i++) {
        memset(key.scalar, 0, 32);
        memcpy(key.point, small.encoding[i], 32);
        assert_true(dtt_ed25519_is_point(key.point));
        for (uint8_t m = 0; m < 32; m++) {
            forge(sig, dtt_slice(&m, 1), &key, &nonce);
            assert_false(dtt_ed25519_verify_strict(sig, dtt_slice(&m, 1), key.point));
        }
    }
}

/* The holder of a usual key can make S fit R of small order: r = 0. */
static void test_r_of_small_order_is_refused(void **state)
{
    (void)state;
    struct small_order small;
    struct pair key, nonce;
    uint8_t sig[64];
    load_small_order(&small);
    memset(nonce.scalar, 0, 32);
    for (size_t i = 0; i < 14; i++) {
        memcpy(nonce.point, small.encoding[i], 32);
        for (uint8_t m = 0; m < 32; m++) {
            make_pair(&key, 1);
            forge(sig, dtt_slice(&m, 1), &key, &nonce);
            assert_false(dtt_ed25519_verify_strict(sig, dtt_slice(&m, 1), key.point));
            /* The same with a key that has a torsion part itself. */
            crypto_core_ed25519_add(key.point, key.point, small.encoding[1]);
            forge(sig, dtt_slice(&m, 1), &key, &nonce);
            assert_false(dtt_ed25519_verify_strict(sig, dtt_slice(&m, 1), key.point));
        }
    }
}

/* Multiplies a point of order 8 by n. */
static void torsion(uint8_t out[32], const uint8_t t[32], unsigned n)
{
    memset(out, 0, 32);
    out[0] = 1;
    for (unsigned i = 0; i < n; i++) {
        crypto_core_ed25519_add(out, out, t);
    }
}

/*
 * A = aB + T and R = rB + kT with T of order 8. S = r + ha makes S*B - h*A = rB - hT, which is R
 * only when k = -h modulo 8; a check that multiplies by the cofactor would accept all of them.
 */
static void test_torsion_is_decided_exactly(void **state)
{
    (void)state;
    struct small_order small;
    unsigned accepted = 0;
    load_small_order(&small);
    const uint8_t *t = small.encoding[1];
    struct pair key, nonce, r;
    make_pair(&key, 1);
    make_pair(&r, 2);
    crypto_core_ed25519_add(key.point, key.point, t);
    for (unsigned k = 0; k < 8; k++) {
        uint8_t kt[32];
        nonce = r;
        torsion(kt, t, k);
        crypto_core_ed25519_add(nonce.point, r.point, kt);
        for (uint8_t m = 0; m < 64; m++) {
            uint8_t sig[64], h[32];
            struct dtt_slice msg = dtt_slice(&m, 1);
            forge(sig, msg, &key, &nonce);
            challenge(h, nonce.point, key.point, msg);
            bool fits = (h[0] + k) % 8 == 0;
            assert_int_equal(dtt_ed25519_verify_strict(sig, msg, key.point), fits);
            accepted += fits;
            sodium_add(sig + 32, order, 32);
            assert_false(dtt_ed25519_verify_strict(sig, msg, key.point));
        }
    }
    assert_in_range(accepted, 1, 8 * 64 - 1);
}

/* A usual key, R with a torsion part: only cofactored checks accept it. */
static void test_torsion_in_r_alone_is_refused(void **state)
{
    (void)state;
    struct small_order small;
    struct pair key, r, nonce;
    load_small_order(&small);
    make_pair(&key, 1);
    make_pair(&r, 2);
    for (unsigned k = 1; k < 8; k++) {
        uint8_t kt[32], sig[64];
        nonce = r;
        torsion(kt, small.encoding[1], k);
        crypto_core_ed25519_add(nonce.point, r.point, kt);
        for (uint8_t m = 0; m < 8; m++) {
            forge(sig, dtt_slice(&m, 1), &key, &nonce);
            assert_false(dtt_ed25519_verify_strict(sig, dtt_slice(&m, 1), key.point));
        }
    }
}

static void test_points(void **state)
{
    (void)state;
    uint8_t p[32] = {0};
    /* y = 2 and y = 7 are on no point of the curve, y = 3 is; y + p is another name of y. */
    p[0] = 2;
    assert_false(dtt_ed25519_is_point(p));
    p[0] = 7;
    assert_false(dtt_ed25519_is_point(p));
    p[0] = 3;
    assert_true(dtt_ed25519_is_point(p));
    memset(p, 0xff, 32);
    p[31] = 0x7f;
    p[0] = 0xed + 3;
    assert_true(dtt_ed25519_is_point(p));
    p[31] = 0xff;
    assert_true(dtt_ed25519_is_point(p));
    p[0] = 0xed + 2;
    assert_false(dtt_ed25519_is_point(p));
    /* iroh's tests: 32 zero bytes parse. */
    memset(p, 0, 32);
    assert_true(dtt_ed25519_is_point(p));
    /* "-0": x = 0 with its sign bit set, y = 1 and y = -1. */
    p[0] = 1;
    p[31] = 0x80;
    assert_true(dtt_ed25519_is_point(p));
    memset(p, 0xff, 32);
    p[0] = 0xec;
    assert_true(dtt_ed25519_is_point(p));
}

/* What is remembered is just that signature of that message by that key. */
static void test_once(void **state)
{
    const uint8_t key[DTT_MEMO_KEY_BYTES] = {1};
    const uint8_t seed[32] = {2};
    const struct dtt_slice msg = dtt_slice("a message", 9);
    struct dtt_memo valid;
    uint8_t sig[64], pk[32];
    (void)state;
    assert_int_equal(dtt_memo_init(&valid, key, 64, 0), DTT_OK);
    dtt_ed25519_public_key(pk, seed);
    dtt_ed25519_sign(sig, msg, seed);
    for (int i = 0; i < 2; i++) {
        assert_true(dtt_ed25519_verify_once(&valid, sig, msg, pk));
        assert_true(dtt_ed25519_verify_once(NULL, sig, msg, pk));
        assert_true(dtt_ed25519_is_point_once(&valid, pk));
        assert_true(dtt_ed25519_is_point_once(NULL, pk));
    }
    assert_false(dtt_ed25519_verify_once(&valid, sig, dtt_slice("a massage", 9), pk));
    for (unsigned bit = 0; bit < 8 * sizeof(sig); bit++) {
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(dtt_ed25519_verify_once(&valid, sig, msg, pk));
        sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (unsigned bit = 0; bit < 8 * sizeof(pk); bit++) {
        pk[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(dtt_ed25519_verify_once(&valid, sig, msg, pk));
        assert_int_equal(dtt_ed25519_is_point_once(&valid, pk), dtt_ed25519_is_point(pk));
        pk[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(dtt_ed25519_verify_once(&valid, sig, msg, pk));
    dtt_memo_fini(&valid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc8032),
        cmocka_unit_test(test_bep44_items),
        cmocka_unit_test(test_every_flipped_bit_is_noticed),
        cmocka_unit_test(test_s_must_be_below_the_order),
        cmocka_unit_test(test_keys_of_small_order_are_refused),
        cmocka_unit_test(test_r_of_small_order_is_refused),
        cmocka_unit_test(test_torsion_is_decided_exactly),
        cmocka_unit_test(test_torsion_in_r_alone_is_refused),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
