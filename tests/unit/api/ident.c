/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include <dtt/types.h>

static void test_forms_of_an_id(void **state)
{
    (void)state;
    json_t *root = vectors_load("iroh.json");
    json_t *ids = vectors_at(root, "endpoint_ids");
    assert_true(json_array_size(ids) > 0);
    for (size_t i = 0; i < json_array_size(ids); i++) {
        json_t *o = json_array_get(ids, i);
        uint8_t seed[DTT_SEED_BYTES];
        struct dtt_id id, parsed;
        char text[DTT_ID_TEXT_MAX];
        vectors_hex_into(o, "secret_seed", seed, sizeof(seed));
        dtt_id_from_seed(seed, &id);
        dtt_id_format(&id, text);
        assert_string_equal(text, vectors_text(o, "hex"));
        assert_int_equal(dtt_id_parse(text, &parsed), 0);
        assert_memory_equal(&parsed, &id, sizeof(id));
        memset(&parsed, 0, sizeof(parsed));
        assert_int_equal(dtt_id_parse(vectors_text(o, "base32_lower"), &parsed), 0);
        assert_memory_equal(&parsed, &id, sizeof(id));
        /* z-base-32 has the length of base32 but is not a form that people type. */
        if (dtt_id_parse(vectors_text(o, "z_base_32"), &parsed) == 0) {
            assert_memory_not_equal(&parsed, &id, sizeof(id));
        }
    }
    json_decref(root);
}

static const char hex[] = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29";
static const char upper32[] = "HNVCPPGOW2SC2YVDVDICU3YNONSTEFLXDXREHJR2YBEKDC2Z3IUQ";

static void test_case_matters_in_hex_only(void **state)
{
    (void)state;
    struct dtt_id a, b;
    char text[sizeof(hex)];
    assert_int_equal(dtt_id_parse(hex, &a), 0);
    assert_int_equal(dtt_id_parse(upper32, &b), 0);
    assert_memory_equal(&a, &b, sizeof(a));
    memcpy(text, hex, sizeof(hex));
    text[1] = 'B';
    assert_int_equal(dtt_id_parse(text, &a), DTT_EINVAL);
}

static void test_malformed_ids(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "3b6a27",
        "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da2",
        "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da290",
        "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da2g",
        " b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29",
        "hnvcppgow2sc2yvdvdicu3ynonsteflxdxrehjr2ybekdc2z3iu",
        "hnvcppgow2sc2yvdvdicu3ynonsteflxdxrehjr2ybekdc2z3iuqq",
        "hnvcppgow2sc2yvdvdicu3ynonsteflxdxrehjr2ybekdc2z3iur", /* bits after the last byte */
        "hnvcppgow2sc2yvdvdicu3ynonsteflxdxrehjr2ybekdc2z3iu=",
        "0200000000000000000000000000000000000000000000000000000000000000", /* no point */
    };
    struct dtt_id id, untouched;
    memset(&id, 0x11, sizeof(id));
    untouched = id;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(dtt_id_parse(texts[i], &id), DTT_EINVAL);
    }
    assert_int_equal(dtt_id_parse(NULL, &id), DTT_EINVAL);
    assert_int_equal(dtt_id_parse(hex, NULL), DTT_EINVAL);
    assert_memory_equal(&id, &untouched, sizeof(id));
}

static void a_seed_is_fresh(void **state)
{
    uint8_t a[DTT_SEED_BYTES] = {0}, b[DTT_SEED_BYTES] = {0};
    (void)state;
    assert_int_equal(dtt_seed_generate(a), 0);
    assert_int_equal(dtt_seed_generate(b), 0);
    assert_memory_not_equal(a, b, sizeof(a));
}

static void test_topic_hash(void **state)
{
    (void)state;
    json_t *root = vectors_load("records.json");
    uint8_t want[32], got[32];
    vectors_hex_into(root, "derived.topic_hash", want, 32);
    dtt_topic_hash(vectors_text(root, "inputs.topic_name"), got);
    assert_memory_equal(got, want, 32);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms_of_an_id), cmocka_unit_test(test_case_matters_in_hex_only),
        cmocka_unit_test(test_malformed_ids),  cmocka_unit_test(a_seed_is_fresh),
        cmocka_unit_test(test_topic_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
