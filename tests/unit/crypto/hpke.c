/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/hpke.h"

#include "codec/text.h"
#include "crypto/ed25519.h"
#include "crypto/hpke_schedule.h"
#include "support/vectors.h"

#include <dtt/types.h>
#include <sodium.h>

static struct dtt_slice text(const char *s)
{
    return dtt_slice(s, strlen(s));
}

static void from_hex(uint8_t *out, size_t len, const char *hex)
{
    assert_int_equal(dtt_hex_decode(out, len, hex, strlen(hex)), 0);
}

static void assert_hex(const uint8_t *got, size_t len, const char *want)
{
    char hex[257];
    assert_true(2 * len < sizeof(hex));
    dtt_hex_encode(hex, dtt_slice(got, len));
    assert_string_equal(hex, want);
}

/* RFC 9180 appendix A.2.1: this suite, base mode, sequence number 0. */
static const char sk_e[] = "f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600";
static const char sk_r[] = "8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb";
static const char pk_r[] = "4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a";
static const char enc_hex[] = "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a";
static const char info[] = "Ode on a Grecian Urn";
static const char aad[] = "Count-0";
static const char plain[] = "Beauty is truth, truth beauty";
static const char ciphertext[] =
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28";
#define PLAIN_LEN (sizeof(plain) - 1)

static void test_rfc9180_schedule(void **state)
{
    (void)state;
    uint8_t sk[32], pk[32], enc[32], dh[32], shared[32];
    struct dtt_hpke_schedule s;
    from_hex(sk, 32, sk_e);
    from_hex(pk, 32, pk_r);
    from_hex(enc, 32, enc_hex);
    assert_int_equal(crypto_scalarmult(dh, sk, pk), 0);
    dtt_hpke_shared_secret(shared, dh, enc, pk);
    assert_hex(shared, 32, "0bbe78490412b4bbea4812666f7916932b828bba79942424abb65244930d69a7");
    dtt_hpke_schedule(&s, shared, text(info));
    assert_hex(s.key, 32, "ad2744de8e17f4ebba575b3f5f5a8fa1f69c2a07f6e7500bc60ca6e3e3ec1c91");
    assert_hex(s.nonce, 12, "5c4d98150661b848853b547f");
}

static void test_rfc9180_seal(void **state)
{
    (void)state;
    uint8_t sk[32], pk[32], enc[32], out[PLAIN_LEN + DTT_HPKE_TAG_BYTES];
    from_hex(sk, 32, sk_e);
    from_hex(pk, 32, pk_r);
    assert_int_equal(dtt_hpke_seal(enc, out, pk, sk, text(info), text(aad), text(plain)), 0);
    assert_hex(enc, 32, enc_hex);
    assert_hex(out, sizeof(out), ciphertext);
}

static void test_rfc9180_open(void **state)
{
    (void)state;
    uint8_t sk[32], enc[32], sealed[PLAIN_LEN + DTT_HPKE_TAG_BYTES], out[PLAIN_LEN];
    from_hex(sk, 32, sk_r);
    from_hex(enc, 32, enc_hex);
    from_hex(sealed, sizeof(sealed), ciphertext);
    struct dtt_slice in = dtt_slice(sealed, sizeof(sealed));
    assert_int_equal(dtt_hpke_open(out, sk, enc, text(info), text(aad), in), 0);
    assert_memory_equal(out, plain, PLAIN_LEN);
    assert_int_equal(dtt_hpke_open(out, sk, enc, text("x"), text(aad), in), DTT_EAUTH);
    assert_int_equal(dtt_hpke_open(out, sk, enc, text(info), text("x"), in), DTT_EAUTH);
    sk[1] ^= 1;
    assert_int_equal(dtt_hpke_open(out, sk, enc, text(info), text(aad), in), DTT_EAUTH);
}

/* A forged message leaves nothing of its plaintext behind. */
static void test_failure_gives_no_plaintext(void **state)
{
    (void)state;
    uint8_t sk[32], enc[32], sealed[PLAIN_LEN + DTT_HPKE_TAG_BYTES], out[PLAIN_LEN];
    from_hex(sk, 32, sk_r);
    from_hex(enc, 32, enc_hex);
    from_hex(sealed, sizeof(sealed), ciphertext);
    sealed[sizeof(sealed) - 1] ^= 1;
    assert_int_equal(
        dtt_hpke_open(out, sk, enc, text(info), text(aad), dtt_slice(sealed, sizeof(sealed))),
        DTT_EAUTH);
    assert_memory_not_equal(out, plain, PLAIN_LEN);
}

static void open_must_fail(void *user, struct dtt_slice in)
{
    uint8_t out[PLAIN_LEN];
    if (in.len < DTT_HPKE_ENC_BYTES) {
        return;
    }
    struct dtt_slice sealed = dtt_slice(in.data + 32, in.len - 32);
    int err = dtt_hpke_open(out, user, in.data, text(info), text(aad), sealed);
    assert_int_equal(err, sealed.len < DTT_HPKE_TAG_BYTES ? DTT_EPROTO : DTT_EAUTH);
}

/* Bit 255 of enc, which X25519 ignores, is among the flips. */
static void test_damage_is_noticed(void **state)
{
    (void)state;
    uint8_t sk[32], blob[32 + PLAIN_LEN + DTT_HPKE_TAG_BYTES];
    from_hex(sk, 32, sk_r);
    from_hex(blob, 32, enc_hex);
    from_hex(blob + 32, sizeof(blob) - 32, ciphertext);
    sweep_bit_flips(dtt_slice(blob, sizeof(blob)), open_must_fail, sk);
    sweep_truncations(dtt_slice(blob, sizeof(blob)), open_must_fail, sk);
}

/* u = 0, 1, the two of order 8, p - 1, p and p + 1: all give a zero result. */
static void test_points_of_low_order_are_refused(void **state)
{
    (void)state;
    static const char *const points[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    uint8_t sk[32], point[32], enc[32], out[32] = {0};
    const uint8_t sealed[32] = {0};
    from_hex(sk, 32, sk_e);
    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        from_hex(point, 32, points[i]);
        assert_int_equal(dtt_hpke_seal(enc, out, point, sk, text(info), text(aad), text("m")),
                         DTT_ECRYPTO);
        assert_int_equal(
            dtt_hpke_open(out, sk, point, text(info), text(aad), dtt_slice(sealed, 32)), DTT_EAUTH);
    }
}

static void test_empty_message(void **state)
{
    (void)state;
    uint8_t sk[32], pk[32], eph[32], enc[32], tag[DTT_HPKE_TAG_BYTES], out[1];
    from_hex(sk, 32, sk_r);
    from_hex(pk, 32, pk_r);
    from_hex(eph, 32, sk_e);
    struct dtt_slice none = dtt_slice(NULL, 0);
    assert_int_equal(dtt_hpke_seal(enc, tag, pk, eph, none, none, none), 0);
    assert_int_equal(dtt_hpke_open(out, sk, enc, none, none, dtt_slice(tag, sizeof(tag))), 0);
}

static void check_intermediates(json_t *fixed, json_t *hpke, const char *eph, const char *pk_hex)
{
    uint8_t sk[32], enc[32], pk[32], dh[32], shared[32];
    struct dtt_hpke_schedule s;
    struct dtt_slice arbitrary = vectors_hex(fixed, "hpke.info_hex");
    vectors_hex_into(fixed, eph, sk, 32);
    from_hex(pk, 32, pk_hex);
    crypto_scalarmult_base(enc, sk);
    assert_int_equal(crypto_scalarmult(dh, sk, pk), 0);
    assert_hex(dh, 32, vectors_text(hpke, "dh"));
    dtt_hpke_shared_secret(shared, dh, enc, pk);
    assert_hex(shared, 32, vectors_text(hpke, "shared_secret"));
    dtt_hpke_schedule(&s, shared, arbitrary);
    assert_hex(s.key, 32, vectors_text(hpke, "key"));
    assert_hex(s.nonce, 12, vectors_text(hpke, "base_nonce"));
    free((void *)arbitrary.data);
}

static void test_schedules_of_records(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    json_t *fixed = vectors_at(root, "fixed");
    json_t *records = vectors_at(root, "records");
    for (size_t i = 0; i < json_array_size(records); i++) {
        json_t *r = json_array_get(records, i);
        check_intermediates(fixed, vectors_at(r, "hpke_data_intermediates"), "data_ephemeral_sk",
                            vectors_text(fixed, "one_time_x25519_public"));
        check_intermediates(fixed, vectors_at(r, "hpke_key_intermediates"), "key_ephemeral_sk",
                            vectors_text(root, "derived.x25519_public"));
    }
    json_decref(root);
}

static void test_x25519_keys_of_a_seed(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    uint8_t seed[32], sk[32], pk[32];
    vectors_hex_into(root, "derived.encryption_seed", seed, 32);
    dtt_x25519_private_from_seed(sk, seed);
    assert_hex(sk, 32, vectors_text(root, "derived.x25519_private_unclamped"));
    dtt_x25519_public_from_seed(pk, seed);
    assert_hex(pk, 32, vectors_text(root, "derived.x25519_public"));
    vectors_hex_into(root, "fixed.one_time_seed", seed, 32);
    dtt_x25519_public_from_seed(pk, seed);
    assert_hex(pk, 32, vectors_text(root, "fixed.one_time_x25519_public"));
    json_decref(root);
}

/* Senders in Rust convert the Ed25519 public key; receivers know the seed: both must agree. */
static void test_public_key_is_the_image_of_the_ed25519_one(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 32; i++) {
        uint8_t seed[32] = {i}, ed[32], want[32], got[32];
        dtt_ed25519_public_key(ed, seed);
        assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(want, ed), 0);
        dtt_x25519_public_from_seed(got, seed);
        assert_memory_equal(got, want, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc9180_schedule),
        cmocka_unit_test(test_rfc9180_seal),
        cmocka_unit_test(test_rfc9180_open),
        cmocka_unit_test(test_failure_gives_no_plaintext),
        cmocka_unit_test(test_damage_is_noticed),
        cmocka_unit_test(test_points_of_low_order_are_refused),
        cmocka_unit_test(test_empty_message),
        cmocka_unit_test(test_schedules_of_records),
        cmocka_unit_test(test_x25519_keys_of_a_seed),
        cmocka_unit_test(test_public_key_is_the_image_of_the_ed25519_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
