/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Handshakes are tested with connections around them (conn.c, quic.c); here what stands alone. */
#include "quic/tls.h"

#include "codec/text.h"
#include "support/oom.h"
#include "support/vectors.h"

#include <stdlib.h>

static void derives_the_id(void **state)
{
    (void)state;
    static const struct {
        const char *seed;
        const char *id;
    } known[] = {
        /* RFC 8032, section 7.1, tests 1 to 3 */
        {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
         "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"},
        {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
         "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"},
        {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
         "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"},
        {"0000000000000000000000000000000000000000000000000000000000000000",
         "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"},
    };
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        uint8_t seed[32];
        uint8_t id[32];
        struct dtt_qtls *t;
        assert_int_equal(dtt_hex_decode(seed, 32, known[i].seed, 64), 0);
        assert_int_equal(dtt_hex_decode(id, 32, known[i].id, 64), 0);
        assert_int_equal(dtt_qtls_new(&t, seed, "x"), DTT_OK);
        assert_memory_equal(dtt_qtls_id(t), id, sizeof(id));
        dtt_qtls_free(t);
    }
}

static ngtcp2_conn *no_conn(ngtcp2_crypto_conn_ref *ref)
{
    (void)ref;
    return NULL;
}

static void starts_and_ends_sessions(void **state)
{
    (void)state;
    const uint8_t seed[32] = {1};
    const struct dtt_id peer = {{2}};
    const ngtcp2_crypto_conn_ref ref = {.get_conn = no_conn};
    struct dtt_qtls *t;
    struct dtt_qtls_session s;
    assert_int_equal(dtt_qtls_new(&t, seed, "x"), DTT_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(dtt_qtls_start(&s, t, &ref, i ? &peer : NULL), DTT_OK);
        assert_non_null(s.native);
        assert_int_equal(s.is_client, i);
        assert_false(s.is_verified || s.is_wrong_key);
        assert_false(dtt_qtls_is_alpn_agreed(&s));
        dtt_qtls_end(&s);
        assert_null(s.native);
        dtt_qtls_end(&s);
        assert_false(dtt_qtls_is_alpn_agreed(&s));
    }
    dtt_qtls_free(t);
}

static void checks_alpn(void **state)
{
    (void)state;
    const uint8_t seed[32] = {1};
    struct dtt_qtls *t = NULL;
    char alpn[257];
    memset(alpn, 'x', sizeof(alpn));
    alpn[256] = '\0';
    assert_int_equal(dtt_qtls_new(&t, seed, NULL), DTT_EINVAL);
    assert_int_equal(dtt_qtls_new(&t, seed, ""), DTT_EINVAL);
    assert_int_equal(dtt_qtls_new(&t, seed, alpn), DTT_EINVAL);
    assert_null(t);
    oom_arm(1);
    assert_int_equal(dtt_qtls_new(&t, seed, "x"), DTT_ENOMEM);
    assert_true(oom_disarm());
    dtt_qtls_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(derives_the_id),
        cmocka_unit_test(starts_and_ends_sessions),
        cmocka_unit_test(checks_alpn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
