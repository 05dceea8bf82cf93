/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "crypto/blake3.h"

#include "codec/text.h"
#include "support/vectors.h"

#include <stdlib.h>

static void check(struct dtt_slice in, const char *want)
{
    uint8_t out[DTT_BLAKE3_BYTES];
    char hex[2 * DTT_BLAKE3_BYTES + 1];
    dtt_blake3(out, in);
    dtt_hex_encode(hex, dtt_slice(out, sizeof(out)));
    assert_string_equal(hex, want);
}

static void test_official_vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("blake3.json");
    json_t *cases = vectors_at(root, "cases");
    assert_int_equal(json_array_size(cases), 35);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *c = json_array_get(cases, i);
        size_t len = (size_t)json_integer_value(vectors_at(c, "input_len"));
        uint8_t *in = malloc(len ? len : 1);
        assert_non_null(in);
        for (size_t k = 0; k < len; k++) {
            in[k] = (uint8_t)(k % 251);
        }
        check(dtt_slice(in, len), vectors_text(c, "hash"));
        free(in);
    }
    json_decref(root);
}

static void test_a_key_derived_for_a_use(void **state)
{
    json_t *root = vectors_load("relay.json");
    json_t *cases = vectors_at(root, "challenge_auth");
    (void)state;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *c = json_array_get(cases, i);
        struct dtt_slice in = vectors_hex(c, "challenge");
        uint8_t out[DTT_BLAKE3_BYTES], want[DTT_BLAKE3_BYTES];
        vectors_hex_into(c, "derived", want, sizeof(want));
        dtt_blake3_derive_key(out, vectors_text(c, "context"), in);
        assert_memory_equal(out, want, sizeof(want));
        free((void *)in.data);
    }
    json_decref(root);
}

static void test_gossip_message_ids(void **state)
{
    (void)state;
    json_t *root = vectors_load("gossip.json");
    json_t *cases = vectors_at(root, "blake3");
    assert_true(json_array_size(cases) > 0);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        json_t *c = json_array_get(cases, i);
        struct dtt_slice in = vectors_hex(c, "input_hex");
        check(in, vectors_text(c, "hash"));
        free((void *)in.data);
    }
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_official_vectors),
        cmocka_unit_test(test_gossip_message_ids),
        cmocka_unit_test(test_a_key_derived_for_a_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
