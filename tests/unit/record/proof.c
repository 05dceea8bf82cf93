/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "record/proof.h"
#include "crypto/hash.h"

#include "support/vectors.h"

static const uint8_t seed[32] = {1};
static const uint8_t topic[32] = {2};

static void read_bond(json_t *v, struct dtt_proof_bond *ret)
{
    vectors_hex_into(v, "exporter", ret->exporter, sizeof(ret->exporter));
    vectors_hex_into(v, "prover", ret->prover.bytes, sizeof(ret->prover.bytes));
    vectors_hex_into(v, "verifier", ret->verifier.bytes, sizeof(ret->verifier.bytes));
    ret->is_dialler = json_is_true(vectors_at(v, "is_dialler"));
}

static void test_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("proof.json");
    json_t *v;
    size_t i;
    uint8_t want[32];
    uint8_t got[32];
    vectors_hex_into(root, "stream_topic", want, sizeof(want));
    const struct dtt_slice name =
        dtt_slice(DTT_PROOF_STREAM_TOPIC, sizeof(DTT_PROOF_STREAM_TOPIC) - 1);
    dtt_sha512_32(got, &name, 1);
    assert_memory_equal(got, want, sizeof(want));
    assert_memory_equal(dtt_proof_stream_topic, want, sizeof(want));
    json_array_foreach(vectors_at(root, "proofs"), i, v)
    {
        struct dtt_proof_bond bond;
        struct dtt_proof_claim claim;
        uint8_t enc_seed[32];
        uint8_t frame[DTT_PROOF_LEN];
        uint8_t written[DTT_PROOF_LEN];
        uint64_t minute = (uint64_t)json_integer_value(vectors_at(v, "minute"));
        read_bond(v, &bond);
        vectors_hex_into(v, "encryption_seed", enc_seed, sizeof(enc_seed));
        vectors_hex_into(v, "proof", frame, sizeof(frame));
        assert_int_equal(dtt_proof_read(dtt_slice(frame, sizeof(frame)), &claim), DTT_OK);
        assert_int_equal(claim.minute, minute);
        assert_true(dtt_proof_is_good(&claim, enc_seed, &bond));
        dtt_proof_write(written, enc_seed, claim.topic, minute, &bond);
        assert_memory_equal(written, frame, sizeof(frame));
    }
    json_decref(root);
}

/* What a proof is bound to: each of it, changed alone, makes it worthless. */
static void test_is_good_for_one_bond_only(void **state)
{
    (void)state;
    const struct dtt_proof_bond bond = {
        .exporter = {3}, .prover = {{4}}, .verifier = {{5}}, .is_dialler = true};
    struct dtt_proof_bond other;
    struct dtt_proof_claim claim;
    struct dtt_proof_claim wrong;
    uint8_t other_seed[32] = {9};
    uint8_t frame[DTT_PROOF_LEN];
    dtt_proof_write(frame, seed, topic, 7, &bond);
    assert_int_equal(dtt_proof_read(dtt_slice(frame, sizeof(frame)), &claim), DTT_OK);
    assert_true(dtt_proof_is_good(&claim, seed, &bond));
    assert_false(dtt_proof_is_good(&claim, other_seed, &bond));
    other = bond;
    other.exporter[31] ^= 1;
    assert_false(dtt_proof_is_good(&claim, seed, &other));
    other = bond;
    other.is_dialler = false;
    assert_false(dtt_proof_is_good(&claim, seed, &other));
    other = bond;
    other.prover = bond.verifier;
    other.verifier = bond.prover;
    assert_false(dtt_proof_is_good(&claim, seed, &other));
    wrong = claim;
    wrong.minute++;
    assert_false(dtt_proof_is_good(&wrong, seed, &bond));
    wrong = claim;
    wrong.topic[0]++;
    assert_false(dtt_proof_is_good(&wrong, seed, &bond));
}

static void refused(void *user, struct dtt_slice in)
{
    const struct dtt_proof_bond *bond = user;
    struct dtt_proof_claim claim;
    assert_false(dtt_proof_read(in, &claim) == DTT_OK && dtt_proof_is_good(&claim, seed, bond));
}

static void test_damaged(void **state)
{
    (void)state;
    struct dtt_proof_bond bond = {.exporter = {3}, .prover = {{4}}, .verifier = {{5}}};
    uint8_t frame[DTT_PROOF_LEN];
    dtt_proof_write(frame, seed, topic, 7, &bond);
    sweep_truncations(dtt_slice(frame, sizeof(frame)), refused, &bond);
    sweep_bit_flips(dtt_slice(frame, sizeof(frame)), refused, &bond);
}

static void test_minutes(void **state)
{
    (void)state;
    struct dtt_proof_claim claim = {.minute = 100};
    assert_false(dtt_proof_is_timely(&claim, 97));
    assert_true(dtt_proof_is_timely(&claim, 98));
    assert_true(dtt_proof_is_timely(&claim, 102));
    assert_false(dtt_proof_is_timely(&claim, 103));
    claim.minute = UINT64_MAX;
    assert_false(dtt_proof_is_timely(&claim, 1));
    claim.minute = 0;
    assert_true(dtt_proof_is_timely(&claim, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_is_good_for_one_bond_only),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
