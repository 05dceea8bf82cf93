/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "portmap/natpmp.h"

#include "support/vectors.h"

#include <stdlib.h>

static json_t *root;

static int read_vector(const char *path, struct dtt_natpmp_answer *ret)
{
    struct dtt_slice bytes = vectors_hex(root, path);
    int err = dtt_natpmp_read(bytes, ret);
    free((void *)bytes.data);
    return err;
}

static void requests(void **state)
{
    uint8_t wanted[DTT_NATPMP_MAP_BYTES], got[DTT_NATPMP_MAP_BYTES];
    (void)state;
    dtt_natpmp_write_address(got);
    vectors_hex_into(root, "natpmp.address_request", wanted, DTT_NATPMP_ADDRESS_BYTES);
    assert_memory_equal(got, wanted, DTT_NATPMP_ADDRESS_BYTES);
    dtt_natpmp_write_map(got, 40003, 40003, 7200);
    vectors_hex_into(root, "natpmp.map_request", wanted, sizeof(wanted));
    assert_memory_equal(got, wanted, sizeof(wanted));
}

static void answers(void **state)
{
    struct dtt_natpmp_answer a;
    struct dtt_addr external = dtt_addr_v4(81, 10, 1, 1, 0);
    (void)state;
    assert_int_equal(read_vector("natpmp.address", &a), DTT_OK);
    assert_int_equal(a.op, DTT_NATPMP_OP_ADDRESS);
    assert_int_equal(a.epoch_s, 100);
    assert_true(dtt_addr_eq(&a.external, &external));
    assert_int_equal(read_vector("natpmp.map", &a), DTT_OK);
    assert_int_equal(a.op, DTT_NATPMP_OP_MAP_UDP);
    assert_int_equal(a.inside_port, 40003);
    assert_int_equal(a.external_port, 40003);
    assert_int_equal(a.lifetime_s, 7200);
    assert_int_equal(read_vector("natpmp.refused", &a), DTT_OK);
    assert_int_equal(a.result, DTT_NATPMP_NOT_AUTHORIZED);
    assert_int_equal(read_vector("natpmp.version", &a), DTT_OK);
    assert_int_equal(a.result, DTT_NATPMP_UNSUPP_VERSION);
    /* Requests are no answers. */
    assert_int_equal(read_vector("natpmp.map_request", &a), DTT_EPROTO);
    assert_int_equal(read_vector("natpmp.address_request", &a), DTT_EPROTO);
}

static void count(void *user, struct dtt_slice in)
{
    struct dtt_natpmp_answer a;
    size_t *n_read = user;
    if (dtt_natpmp_read(in, &a) == DTT_OK) {
        *n_read += a.result == DTT_NATPMP_SUCCESS;
        assert_true(a.result != DTT_NATPMP_SUCCESS || a.op != DTT_NATPMP_OP_MAP_UDP ||
                    a.external_port != 0 || a.lifetime_s == 0);
    }
}

static void damaged(void **state)
{
    struct dtt_slice bytes = vectors_hex(root, "natpmp.map");
    size_t n_read = 0;
    (void)state;
    sweep_truncations(bytes, count, &n_read);
    assert_int_equal(n_read, 0);
    sweep_bit_flips(bytes, count, &n_read);
    assert_int_equal(n_read, 96); /* all but version, opcode and result */
    free((void *)bytes.data);
}

static void a_port_is_needed(void **state)
{
    uint8_t bytes[16];
    struct dtt_natpmp_answer a;
    (void)state;
    vectors_hex_into(root, "natpmp.map", bytes, sizeof(bytes));
    bytes[10] = bytes[11] = 0;
    assert_int_equal(dtt_natpmp_read(dtt_slice(bytes, sizeof(bytes)), &a), DTT_EPROTO);
    memset(bytes + 12, 0, 4); /* the answer to a deletion */
    assert_int_equal(dtt_natpmp_read(dtt_slice(bytes, sizeof(bytes)), &a), DTT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(answers),
        cmocka_unit_test(damaged),
        cmocka_unit_test(a_port_is_needed),
    };
    root = vectors_load("portmap.json");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(root);
    return failed;
}
