/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/cid.h"

#include "support/oom.h"
#include "support/vectors.h"

#include <dtt/types.h>

static struct dtt_ctx ctx;

static ngtcp2_cid cid_of(const char *text)
{
    ngtcp2_cid cid;
    ngtcp2_cid_init(&cid, (const uint8_t *)text, strlen(text));
    return cid;
}

static struct dtt_qcid_key key_of(const ngtcp2_cid *cid)
{
    return dtt_qcid_key(cid->data, cid->datalen);
}

/* Nobody looks into a connection here. */
static struct dtt_qconn *conn_of(int number)
{
    static char conns[3];
    return (struct dtt_qconn *)(void *)&conns[number];
}

#define conn_a conn_of(0)
#define conn_b conn_of(1)

static void finds_owners(void **state)
{
    (void)state;
    struct dtt_qcid_table t;
    struct dtt_qcid_owner a = {.conn = conn_a};
    struct dtt_qcid_owner b = {.conn = conn_b};
    ngtcp2_cid one = cid_of("abcdefgh");
    ngtcp2_cid two = cid_of("abcdefg");
    ngtcp2_cid three = cid_of("abcdefghijklmnopqrst");
    dtt_qcid_init(&t, &ctx, ctx.seed, 4);
    assert_null(dtt_qcid_find(&t, dtt_qcid_key(one.data, one.datalen)));
    assert_int_equal(dtt_qcid_add(&t, &a, key_of(&one)), DTT_OK);
    assert_int_equal(dtt_qcid_add(&t, &a, key_of(&two)), DTT_OK);
    assert_int_equal(dtt_qcid_add(&t, &b, key_of(&three)), DTT_OK);
    assert_int_equal(dtt_qcid_add(&t, &b, key_of(&one)), DTT_EFULL);
    assert_ptr_equal(dtt_qcid_find(&t, dtt_qcid_key(one.data, one.datalen)), conn_a);
    assert_ptr_equal(dtt_qcid_find(&t, dtt_qcid_key(two.data, two.datalen)), conn_a);
    assert_ptr_equal(dtt_qcid_find(&t, dtt_qcid_key(three.data, three.datalen)), conn_b);
    assert_null(dtt_qcid_find(&t, dtt_qcid_key(three.data, 19)));
    assert_null(dtt_qcid_find(&t, dtt_qcid_key(three.data, 0)));
    assert_null(dtt_qcid_find(&t, dtt_qcid_key(three.data, 21)));

    dtt_qcid_remove(&t, &b, key_of(&one)); /* not b's */
    assert_ptr_equal(dtt_qcid_find(&t, dtt_qcid_key(one.data, one.datalen)), conn_a);
    dtt_qcid_remove(&t, &a, key_of(&one));
    assert_null(dtt_qcid_find(&t, dtt_qcid_key(one.data, one.datalen)));
    assert_int_equal(a.count, 1);
    dtt_qcid_clear(&t, &a);
    dtt_qcid_clear(&t, &b);
    assert_int_equal(dtt_map_count(&t.map), 0);
    dtt_qcid_fini(&t);
}

static void finds_owners_of_tokens(void **state)
{
    (void)state;
    struct dtt_qcid_table t;
    struct dtt_qcid_owner a = {.conn = conn_a};
    struct dtt_qcid_owner b = {.conn = conn_b};
    const uint8_t token[NGTCP2_STATELESS_RESET_TOKENLEN] = "abcdefghijklmno";
    ngtcp2_cid same;
    ngtcp2_cid_init(&same, token, sizeof(token));
    dtt_qcid_init(&t, &ctx, ctx.seed, 2);
    assert_int_equal(dtt_qcid_add(&t, &a, key_of(&same)), DTT_OK);
    assert_null(dtt_qcid_find(&t, dtt_qcid_token_key(token)));
    assert_int_equal(dtt_qcid_add(&t, &b, dtt_qcid_token_key(token)), DTT_OK);
    assert_int_equal(dtt_qcid_add(&t, &a, dtt_qcid_token_key(token)), DTT_EFULL);
    assert_ptr_equal(dtt_qcid_find(&t, dtt_qcid_token_key(token)), conn_b);
    assert_ptr_equal(dtt_qcid_find(&t, dtt_qcid_key(same.data, same.datalen)), conn_a);
    dtt_qcid_remove(&t, &a, dtt_qcid_token_key(token)); /* not a's */
    assert_ptr_equal(dtt_qcid_find(&t, dtt_qcid_token_key(token)), conn_b);
    dtt_qcid_remove(&t, &b, dtt_qcid_token_key(token));
    assert_null(dtt_qcid_find(&t, dtt_qcid_token_key(token)));
    dtt_qcid_clear(&t, &a);
    dtt_qcid_fini(&t);
}

static void bounds_each_connection(void **state)
{
    (void)state;
    struct dtt_qcid_table t;
    struct dtt_qcid_owner l = {.conn = conn_a};
    ngtcp2_cid cid;
    dtt_qcid_init(&t, &ctx, ctx.seed, 2);
    for (int i = 0; i < DTT_QCID_PER_CONN_MAX; i++) {
        dtt_qcid_generate(&t, DTT_QCID_LEN, &cid);
        assert_int_equal(cid.datalen, DTT_QCID_LEN);
        assert_int_equal(dtt_qcid_add(&t, &l, key_of(&cid)), DTT_OK);
    }
    dtt_qcid_generate(&t, DTT_QCID_LEN, &cid);
    assert_int_equal(dtt_qcid_add(&t, &l, key_of(&cid)), DTT_EFULL);
    dtt_qcid_clear(&t, &l);
    dtt_qcid_fini(&t);
}

/* Churn as a peer makes it: ids come and go, the table follows. */
static void survives_churn(void **state)
{
    (void)state;
    struct dtt_qcid_table t;
    struct dtt_qcid_owner l[3] = {{conn_of(0), 0}, {conn_of(1), 0}, {conn_of(2), 0}};
    ngtcp2_cid window[3][8];
    dtt_qcid_init(&t, &ctx, ctx.seed, 3);
    for (int round = 0; round < 2000; round++) {
        int who = round % 3;
        ngtcp2_cid *at = &window[who][round / 3 % 8];
        if (round >= 24) {
            dtt_qcid_remove(&t, &l[who], key_of(at));
            assert_null(dtt_qcid_find(&t, dtt_qcid_key(at->data, at->datalen)));
        }
        dtt_qcid_generate(&t, DTT_QCID_LEN, at);
        assert_int_equal(dtt_qcid_add(&t, &l[who], key_of(at)), DTT_OK);
    }
    for (int who = 0; who < 3; who++) {
        for (int i = 0; i < 8; i++) {
            assert_ptr_equal(dtt_qcid_find(&t, dtt_qcid_key(window[who][i].data, DTT_QCID_LEN)),
                             conn_of(who));
        }
        dtt_qcid_clear(&t, &l[who]);
    }
    dtt_qcid_fini(&t);
}

static void token_depends_on_key_and_id_only(void **state)
{
    (void)state;
    struct dtt_ctx other = {.seed = {1}};
    uint8_t seed[32] = {7};
    uint8_t stranger[32] = {8};
    struct dtt_qcid_table first;
    struct dtt_qcid_table again;
    struct dtt_qcid_table foreign;
    uint8_t token[4][NGTCP2_STATELESS_RESET_TOKENLEN];
    ngtcp2_cid one = cid_of("abcdefgh");
    ngtcp2_cid two = cid_of("abcdefgi");
    dtt_qcid_init(&first, &ctx, seed, 1);
    dtt_qcid_init(&again, &other, seed, 1);
    dtt_qcid_init(&foreign, &ctx, stranger, 1);
    assert_int_equal(dtt_qcid_reset_token(&first, &one, token[0]), DTT_OK);
    assert_int_equal(dtt_qcid_reset_token(&again, &one, token[1]), DTT_OK);
    assert_int_equal(dtt_qcid_reset_token(&first, &two, token[2]), DTT_OK);
    assert_int_equal(dtt_qcid_reset_token(&foreign, &one, token[3]), DTT_OK);
    assert_memory_equal(token[0], token[1], sizeof(token[0]));
    assert_memory_not_equal(token[0], token[2], sizeof(token[0]));
    assert_memory_not_equal(token[0], token[3], sizeof(token[0]));
    dtt_qcid_fini(&first);
    dtt_qcid_fini(&again);
    dtt_qcid_fini(&foreign);
}

static void survives_out_of_memory(void **state)
{
    (void)state;
    for (long n = 1;; n++) {
        struct dtt_qcid_table t;
        struct dtt_qcid_owner l = {.conn = conn_a};
        ngtcp2_cid cid;
        size_t added = 0;
        dtt_qcid_init(&t, &ctx, ctx.seed, 1);
        oom_arm(n);
        for (int i = 0; i < 20; i++) {
            dtt_qcid_generate(&t, DTT_QCID_LEN, &cid);
            int err = dtt_qcid_add(&t, &l, key_of(&cid));
            assert_true(err == DTT_OK || err == DTT_ENOMEM);
            added += err == DTT_OK;
        }
        bool failed = oom_disarm();
        assert_int_equal(l.count, added);
        assert_int_equal(dtt_map_count(&t.map), added);
        assert_int_equal(added, failed ? 19 : 20);
        dtt_qcid_clear(&t, &l);
        dtt_qcid_fini(&t);
        if (!failed) {
            break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_owners),
        cmocka_unit_test(finds_owners_of_tokens),
        cmocka_unit_test(bounds_each_connection),
        cmocka_unit_test(survives_churn),
        cmocka_unit_test(token_depends_on_key_and_id_only),
        cmocka_unit_test(survives_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
