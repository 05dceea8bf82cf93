/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "portmap/pcp.h"

#include "support/vectors.h"

#include <stdlib.h>

static json_t *root;

static struct dtt_pcp_map request(void)
{
    struct dtt_pcp_map map = {.client = dtt_addr_v4(192, 168, 1, 10, 40003),
                              .external = {.family = DTT_FAMILY_V4, .port = 40003},
                              .lifetime_s = 7200};
    vectors_hex_into(root, "pcp.nonce", map.nonce, sizeof(map.nonce));
    return map;
}

static int read_vector(const char *path, struct dtt_pcp_answer *ret)
{
    struct dtt_pcp_map map = request();
    struct dtt_slice bytes = vectors_hex(root, path);
    int err = dtt_pcp_read_map(bytes, &map, ret);
    free((void *)bytes.data);
    return err;
}

static void requests(void **state)
{
    struct dtt_pcp_map map = request();
    uint8_t wanted[DTT_PCP_MAP_BYTES], got[DTT_PCP_MAP_BYTES];
    (void)state;
    dtt_pcp_write_map(got, &map);
    vectors_hex_into(root, "pcp.request", wanted, sizeof(wanted));
    assert_memory_equal(got, wanted, sizeof(wanted));
    map.lifetime_s = 0;
    dtt_pcp_write_map(got, &map);
    vectors_hex_into(root, "pcp.deletion", wanted, sizeof(wanted));
    assert_memory_equal(got, wanted, sizeof(wanted));
}

static void answers(void **state)
{
    struct dtt_pcp_answer a;
    struct dtt_addr external = dtt_addr_v4(81, 10, 1, 1, 40003);
    (void)state;
    assert_int_equal(read_vector("pcp.granted", &a), DTT_OK);
    assert_int_equal(a.result, DTT_PCP_SUCCESS);
    assert_int_equal(a.lifetime_s, 7200);
    assert_int_equal(a.epoch_s, 100);
    assert_true(dtt_addr_eq(&a.external, &external));
    assert_int_equal(read_vector("pcp.refused", &a), DTT_OK);
    assert_int_equal(a.result, DTT_PCP_NOT_AUTHORIZED);
    assert_int_equal(a.lifetime_s, 1800);
    assert_int_equal(read_vector("pcp.version", &a), DTT_OK);
    assert_int_equal(a.result, DTT_PCP_UNSUPP_VERSION);
}

/* What others asked for is no answer to us: another nonce, port or protocol. */
static void answers_to_others(void **state)
{
    static const size_t at[] = {24, 35, 36, 40, 41};
    struct dtt_pcp_map map = request();
    struct dtt_pcp_answer a;
    uint8_t bytes[DTT_PCP_MAP_BYTES];
    (void)state;
    for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
        vectors_hex_into(root, "pcp.granted", bytes, sizeof(bytes));
        bytes[at[i]] ^= 1;
        assert_int_equal(dtt_pcp_read_map(dtt_slice(bytes, sizeof(bytes)), &map, &a), DTT_EPROTO);
    }
    /* A success without a port. */
    vectors_hex_into(root, "pcp.granted", bytes, sizeof(bytes));
    bytes[42] = bytes[43] = 0;
    assert_int_equal(dtt_pcp_read_map(dtt_slice(bytes, sizeof(bytes)), &map, &a), DTT_EPROTO);
    /* Our own request come back. */
    vectors_hex_into(root, "pcp.request", bytes, sizeof(bytes));
    assert_int_equal(dtt_pcp_read_map(dtt_slice(bytes, sizeof(bytes)), &map, &a), DTT_EPROTO);
}

static void must_be_refused_or_short(void *user, struct dtt_slice in)
{
    struct dtt_pcp_map map = request();
    struct dtt_pcp_answer a;
    size_t *n_read = user;
    *n_read += dtt_pcp_read_map(in, &map, &a) == DTT_OK;
}

static void damaged(void **state)
{
    struct dtt_slice bytes = vectors_hex(root, "pcp.granted");
    size_t n_read = 0;
    (void)state;
    sweep_truncations(bytes, must_be_refused_or_short, &n_read);
    assert_int_equal(n_read, 0);
    sweep_bit_flips(bytes, must_be_refused_or_short, &n_read);
    /* Of 480 bits those that may differ: reserved ones, result, lifetime, epoch, external. */
    assert_in_range(n_read, 200, 344);
    free((void *)bytes.data);
}

/* Options may follow, up to the largest message; their length is a multiple of four. */
static void lengths(void **state)
{
    static uint8_t bytes[DTT_PCP_ANSWER_MAX + 4];
    struct dtt_pcp_map map = request();
    struct dtt_pcp_answer a;
    (void)state;
    vectors_hex_into(root, "pcp.granted", bytes, DTT_PCP_MAP_BYTES);
    for (size_t len = 0; len <= sizeof(bytes); len++) {
        bool is_good = len >= DTT_PCP_MAP_BYTES && len <= DTT_PCP_ANSWER_MAX && len % 4 == 0;
        assert_int_equal(dtt_pcp_read_map(dtt_slice(bytes, len), &map, &a),
                         is_good ? DTT_OK : DTT_EPROTO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests), cmocka_unit_test(answers), cmocka_unit_test(answers_to_others),
        cmocka_unit_test(damaged),  cmocka_unit_test(lengths),
    };
    root = vectors_load("portmap.json");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(root);
    return failed;
}
