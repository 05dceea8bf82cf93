/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "support/vectors.h"

#include "codec/postcard.h"
#include "gossip/addr_info.h"

#include <stdlib.h>

static void check_vector(json_t *v)
{
    struct dtt_slice in = vectors_hex(v, "hex");
    struct dtt_addr got[DTT_ADDR_INFO_ADDRS];
    size_t n = 99;
    json_t *want;
    size_t i;
    assert_int_equal(dtt_addr_info_read(in, got, &n), DTT_OK);
    assert_int_equal(n, json_array_size(vectors_at(v, "decoded.direct_addresses")));
    json_array_foreach(vectors_at(v, "decoded.direct_addresses"), i, want)
    {
        struct dtt_addr a;
        const char *family = json_object_iter_key(json_object_iter(want));
        assert_int_equal(dtt_addr_parse(vectors_text(want, family), &a), DTT_OK);
        assert_true(dtt_addr_eq(&a, &got[i]));
    }
    uint8_t buf[512];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    char relay[DTT_URL_MAX];
    json_t *url = vectors_at(v, "decoded.relay_url");
    dtt_addr_info_relay(in, relay);
    assert_string_equal(relay, json_is_null(url) ? "" : json_string_value(url));
    dtt_addr_info_write(&w, relay, got, n);
    assert_true(dtt_slice_eq(in, dtt_slice(buf, w.len)));
    free((void *)in.data);
}

static void vectors(void **state)
{
    (void)state;
    json_t *root = vectors_load("gossip.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "addr_info"), i, v)
    {
        check_vector(v);
    }
    assert_true(i >= 4);
    json_decref(root);
}

static void read_any(void *user, struct dtt_slice in)
{
    struct dtt_addr got[DTT_ADDR_INFO_ADDRS];
    size_t n = 0;
    int err = dtt_addr_info_read(in, got, &n);
    assert_true(err == DTT_OK || err == DTT_EPROTO);
    assert_true(n <= DTT_ADDR_INFO_ADDRS);
    if (user && in.len) {
        assert_int_equal(err, DTT_EPROTO);
    }
}

/* A relay that cannot be one, or is too long, is none; the addresses beside it count. */
static void relays_that_cannot_be(void **state)
{
    static const char *const bad[] = {"", "x", "ftp://a/", "http://a b/", "http://a/\x01"};
    uint8_t buf[600];
    char relay[DTT_URL_MAX], longest[DTT_URL_MAX + 1];
    (void)state;
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "http://a/", 9);
    longest[DTT_URL_MAX] = '\0';
    for (size_t i = 0; i <= sizeof(bad) / sizeof(bad[0]); i++) {
        const char *text = i < sizeof(bad) / sizeof(bad[0]) ? bad[i] : longest;
        struct dtt_writer w = dtt_writer(buf, sizeof(buf));
        struct dtt_addr got[DTT_ADDR_INFO_ADDRS];
        size_t n;
        dtt_postcard_write_bool(&w, true);
        dtt_postcard_write_varint(&w, strlen(text));
        dtt_write_text(&w, text);
        dtt_write(&w, "\x01\x00\x01\x02\x03\x04\x07", 7);
        dtt_addr_info_relay(dtt_slice(buf, w.len), relay);
        assert_string_equal(relay, "");
        assert_int_equal(dtt_addr_info_read(dtt_slice(buf, w.len), got, &n), DTT_OK);
        assert_int_equal(n, 1);
    }
    dtt_addr_info_relay(dtt_slice(NULL, 0), relay);
    assert_string_equal(relay, "");
}

static void sweeps(void **state)
{
    (void)state;
    json_t *root = vectors_load("gossip.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "addr_info"), i, v)
    {
        struct dtt_slice in = vectors_hex(v, "hex");
        sweep_truncations(in, read_any, &i);
        sweep_bit_flips(in, read_any, NULL);
        free((void *)in.data);
    }
    json_decref(root);
}

static void refused(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } cases[] = {
        {"\x02\x00", 2},         /* option tag */
        {"\x01\x01\xff\x00", 4}, /* a relay that is not UTF-8 */
        {"\x00\x01\x02", 3},     /* address family */
        {"\x00\x02\x00"
         "abcd\x01",
         8}, /* one of two addresses */
        {"\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"
         "abcd\x01",
         17},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_addr got[DTT_ADDR_INFO_ADDRS];
        size_t n = 99;
        assert_int_equal(dtt_addr_info_read(dtt_slice(cases[i].bytes, cases[i].len), got, &n),
                         DTT_EPROTO);
        assert_int_equal(n, 99);
    }
}

static void empty(void **state)
{
    (void)state;
    struct dtt_addr got[DTT_ADDR_INFO_ADDRS];
    size_t n = 99;
    assert_int_equal(dtt_addr_info_read(dtt_slice(NULL, 0), got, &n), DTT_OK);
    assert_int_equal(n, 0);
}

/* A set: sorted, each once, at most DTT_ADDR_INFO_ADDRS. */
static void a_set(void **state)
{
    (void)state;
    struct dtt_addr in[40];
    struct dtt_addr got[DTT_ADDR_INFO_ADDRS];
    static const uint8_t v6[16] = {0x20, 1};
    uint8_t buf[512];
    size_t n;
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    in[0] = dtt_addr_v6(v6, 1);
    in[1] = dtt_addr_v4(9, 9, 9, 9, 2);
    in[2] = dtt_addr_v4(9, 9, 9, 9, 1);
    in[3] = in[1];
    in[4] = (struct dtt_addr){.family = DTT_FAMILY_NONE};
    dtt_addr_info_write(&w, "", in, 5);
    assert_int_equal(dtt_addr_info_read(dtt_slice(buf, w.len), got, &n), DTT_OK);
    assert_int_equal(n, 3);
    assert_true(dtt_addr_eq(&got[0], &in[2]) && dtt_addr_eq(&got[1], &in[1]) &&
                dtt_addr_eq(&got[2], &in[0]));

    /* Forty on the wire, in falling order and some of them twice. */
    w = dtt_writer(buf, sizeof(buf));
    dtt_write(&w, "\x00\x28", 2);
    for (uint8_t i = 0; i < 40; i++) {
        uint8_t addr[6] = {0, 10, 0, 0, (uint8_t)(20 - i / 2), 7};
        dtt_write(&w, addr, sizeof(addr));
    }
    assert_int_equal(dtt_addr_info_read(dtt_slice(buf, w.len), got, &n), DTT_OK);
    assert_int_equal(n, DTT_ADDR_INFO_ADDRS);
    for (size_t i = 1; i < n; i++) {
        assert_true(dtt_addr_cmp(&got[i - 1], &got[i]) < 0);
    }
}

static void the_mark_follows_the_info(void **state)
{
    uint8_t buf[256];
    struct dtt_addr in = dtt_addr_v4(1, 2, 3, 4, 5), got[DTT_ADDR_INFO_ADDRS];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    size_t n;
    (void)state;
    dtt_addr_info_write(&w, "", &in, 1);
    assert_false(dtt_addr_info_has_mark(dtt_slice(buf, w.len)));
    size_t len = w.len;
    dtt_addr_info_write_mark(&w);
    assert_int_equal(w.len, len + 4);
    assert_true(dtt_addr_info_has_mark(dtt_slice(buf, w.len)));
    assert_int_equal(dtt_addr_info_read(dtt_slice(buf, w.len), got, &n), DTT_OK);
    assert_int_equal(n, 1);
    for (size_t cut = 0; cut < w.len; cut++) {
        assert_false(dtt_addr_info_has_mark(dtt_slice(buf, cut)));
    }
    buf[w.len - 1] = 2; /* of a version that we do not know */
    assert_false(dtt_addr_info_has_mark(dtt_slice(buf, w.len)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mark_follows_the_info),
        cmocka_unit_test(vectors),
        cmocka_unit_test(relays_that_cannot_be),
        cmocka_unit_test(sweeps),
        cmocka_unit_test(refused),
        cmocka_unit_test(empty),
        cmocka_unit_test(a_set),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
