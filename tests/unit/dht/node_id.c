/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/node_id.h"

#include "support/vectors.h"

#include <stdio.h>

static struct dtt_rng make_rng(void)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {1};
    struct dtt_rng rng;
    dtt_rng_init(&rng, seed, "test");
    return rng;
}

static void test_common_and_cmp(void **state)
{
    uint8_t a[20] = {0}, b[20] = {0}, target[20] = {0};
    (void)state;
    assert_int_equal(dtt_node_id_common(a, b), 160);
    for (unsigned bit = 0; bit < 160; bit++) {
        memset(b, 0, sizeof(b));
        b[bit / 8] = (uint8_t)(0x80u >> bit % 8);
        assert_int_equal(dtt_node_id_common(a, b), bit);
        assert_true(dtt_node_id_cmp(target, a, b) < 0);
        assert_true(dtt_node_id_cmp(b, a, b) > 0);
    }
    assert_int_equal(dtt_node_id_cmp(target, b, b), 0);
}

static void test_random_in(void **state)
{
    struct dtt_rng rng = make_rng();
    uint8_t id[20], out[20];
    (void)state;
    dtt_rng_bytes(&rng, id, sizeof(id));
    for (unsigned common = 0; common <= 160; common++) {
        dtt_node_id_random_in(&rng, id, common, out);
        assert_int_equal(dtt_node_id_common(id, out), common);
    }
}

static void test_bep42(void **state)
{
    struct dtt_rng rng = make_rng();
    (void)state;
    json_t *root = vectors_load("dht.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "bep42"), i, v)
    {
        char text[DTT_ADDR_TEXT_MAX];
        struct dtt_addr addr;
        uint8_t id[20], own[20];
        vectors_hex_into(v, "id", id, sizeof(id));
        snprintf(text, sizeof(text), "%s:1", vectors_text(v, "ip"));
        assert_int_equal(dtt_addr_parse(text, &addr), 0);
        assert_true(dtt_node_id_is_secure(id, &addr));
        id[2] ^= 0x08; /* bit 20, the last that counts */
        assert_false(dtt_node_id_is_secure(id, &addr));
        id[2] ^= 0x0c;
        assert_true(dtt_node_id_is_secure(id, &addr));
        dtt_node_id_for_addr(&rng, &addr, own);
        assert_true(dtt_node_id_is_secure(own, &addr));
        addr.ip[1] ^= 1;
        assert_false(dtt_node_id_is_secure(own, &addr));
    }
    assert_int_equal(i, 5);
    json_decref(root);
}

static void test_bep42_v6_and_private(void **state)
{
    struct dtt_rng rng = make_rng();
    uint8_t id[20];
    struct dtt_addr addr;
    (void)state;
    assert_int_equal(dtt_addr_parse("[2001:db8:85a3:8d3::1]:1", &addr), 0);
    dtt_node_id_for_addr(&rng, &addr, id);
    assert_true(dtt_node_id_is_secure(id, &addr));
    addr.ip[15] = 9; /* only the first 64 bits count */
    assert_true(dtt_node_id_is_secure(id, &addr));
    addr.ip[7] ^= 1;
    assert_false(dtt_node_id_is_secure(id, &addr));
    memset(id, 0, sizeof(id));
    addr = dtt_addr_v4(127, 0, 0, 1, 1);
    assert_true(dtt_node_id_is_secure(id, &addr));
    addr = dtt_addr_v4(10, 0, 0, 1, 1);
    assert_true(dtt_node_id_is_secure(id, &addr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_common_and_cmp),
        cmocka_unit_test(test_random_in),
        cmocka_unit_test(test_bep42),
        cmocka_unit_test(test_bep42_v6_and_private),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
