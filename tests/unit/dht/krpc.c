/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/krpc.h"

#include "codec/bencode.h"
#include "dht/item.h"
#include "support/krpc_stable.h"
#include "support/vectors.h"

#include <stdlib.h>

static struct dtt_krpc decode(const char *text)
{
    struct dtt_krpc m;
    assert_int_equal(dtt_krpc_decode(dtt_slice(text, strlen(text)), &m), 0);
    return m;
}

static void refuse(const char *text)
{
    struct dtt_krpc m;
    assert_int_equal(dtt_krpc_decode(dtt_slice(text, strlen(text)), &m), DTT_EPROTO);
}

#define ID "2:id20:abcdefghij0123456789"

static void test_bep_examples_both_ways(void **state)
{
    (void)state;
    json_t *root = vectors_load("dht.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "krpc"), i, v)
    {
        struct dtt_slice in = vectors_hex(v, "hex");
        struct dtt_krpc m;
        uint8_t out[1400];
        assert_int_equal(dtt_krpc_decode(in, &m), 0);
        assert_false(m.is_malformed);
        int len = dtt_krpc_encode(&m, out, sizeof(out));
        assert_true(len > 0);
        assert_true(dtt_slice_eq(dtt_slice(out, (size_t)len), in));
        for (size_t cap = 0; cap < in.len; cap++) {
            assert_int_equal(dtt_krpc_encode(&m, out, cap), DTT_ETOOBIG);
        }
        free((void *)(uintptr_t)in.data);
    }
    assert_int_equal(i, 11);
    json_decref(root);
}

static void test_fields(void **state)
{
    (void)state;
    struct dtt_krpc m =
        decode("d1:ad3:casi4e" ID "1:k2:kk4:salt1:s3:seqi5e3:sig3:sss6:target2:tt5:token4:tokn"
               "1:vd1:ai1ee4:wantl2:n42:n6ee1:q3:put2:roi1e1:t4:aaaa1:v4:XX121:y1:qe");
    assert_int_equal(m.type, DTT_KRPC_QUERY);
    assert_int_equal(m.method, DTT_KRPC_M_PUT);
    assert_true(m.is_read_only);
    assert_true(m.cas.is_set && m.cas.n == 4 && m.seq.is_set && m.seq.n == 5);
    assert_true(dtt_slice_is(m.id, "abcdefghij0123456789"));
    assert_true(dtt_slice_is(m.k, "kk") && dtt_slice_is(m.salt, "s") && dtt_slice_is(m.sig, "sss"));
    assert_true(dtt_slice_is(m.target, "tt") && dtt_slice_is(m.token, "tokn"));
    assert_true(dtt_slice_is(m.v, "d1:ai1ee") && m.is_v_canonical);
    assert_int_equal(m.want, DTT_KRPC_WANTS_V4 | DTT_KRPC_WANTS_V6);
    assert_true(dtt_slice_is(m.t, "aaaa") && dtt_slice_is(m.client, "XX12"));
    assert_false(m.is_malformed || m.port.is_set || m.nodes.data);
}

static void test_error(void **state)
{
    (void)state;
    struct dtt_krpc m = decode("d1:eli302e3:olde1:t4:aaaa1:y1:ee");
    assert_int_equal(m.type, DTT_KRPC_ERROR);
    assert_int_equal(m.error, 302);
    assert_true(dtt_slice_is(m.error_text, "old"));
    m = decode("d1:ele1:t4:aaaa1:y1:ee");
    assert_int_equal(m.error, 0);
    m = decode("d1:e3:abc1:t4:aaaa1:y1:ee");
    assert_int_equal(m.error, 0);
}

/* A known key of the wrong type is absent and noted; the message lives. */
static void test_is_liberal(void **state)
{
    (void)state;
    struct dtt_krpc m = decode("d1:ad" ID "3:seq1:16:targeti1ee1:q3:get1:t1:a1:y1:qe");
    assert_true(m.is_malformed);
    assert_false(m.seq.is_set);
    assert_null(m.target.data);
    m = decode("d1:ad2:id3:abce1:q4:ping1:t20:aaaaaaaaaaaaaaaaaaaa1:y1:qe");
    assert_true(m.is_malformed);
    assert_null(m.id.data);
    m = decode("d1:ad" ID "1:vi-0ee1:q3:put1:t1:a1:y1:qe");
    assert_false(m.is_v_canonical);
    m = decode("d2:ip3:abc1:rd" ID "1:pi6881ee1:t1:a1:vi7e1:y1:re");
    assert_int_equal(m.type, DTT_KRPC_REPLY);
    m = decode("d1:ad" ID "e1:q10:frobnicate1:t1:a1:y1:qe");
    assert_int_equal(m.method, DTT_KRPC_M_UNKNOWN);
}

static void test_refuses(void **state)
{
    (void)state;
    refuse("");
    refuse("d1:t1:a1:y1:q");
    refuse("i1234567890123456e");
    refuse("l1:t1:a1:y1:rxxxxe");
    refuse("d1:ad" ID "e1:q4:ping1:t1:a1:y1:qe0:e"); /* something behind it */
    refuse("d1:ad" ID "e1:q4:ping1:t0:1:y1:qe");     /* t empty */
    refuse("d1:ad" ID "e1:q4:ping1:y1:qe");          /* t missing */
    refuse("d1:ad" ID "e1:q4:ping1:t1:a1:y1:xe");    /* y unknown */
    refuse("d1:ad" ID "e1:q4:ping1:t1:ae");          /* y missing */
    refuse("d1:ad" ID "e1:q4:ping1:t33:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1:y1:qe");
    refuse("d1:ad" ID "1:vlllllllllllleeeeeeeeeeeeee1:q3:put1:t1:a1:y1:qe"); /* too deep */
}

static void test_lists(void **state)
{
    (void)state;
    struct dtt_krpc m = decode("d1:rd" ID "6:valuesl6:\x01\x02\x03\x04\x1a\xe1"
                               "3:abc6:"
                               "\x05\x06\x07\x08\x1a\xe2"
                               "ee1:t1:a1:y1:re");
    struct dtt_reader r = dtt_reader(m.values);
    struct dtt_addr a;
    assert_true(dtt_krpc_next_value(&r, &a));
    assert_int_equal(a.ip[0], 1);
    assert_true(dtt_krpc_next_value(&r, &a));
    assert_int_equal(a.port, 0x1ae2);
    assert_false(dtt_krpc_next_value(&r, &a));
    uint8_t id[20];
    uint8_t nodes[2 * DTT_KRPC_NODE4_BYTES + 5] = {7};
    nodes[DTT_KRPC_NODE4_BYTES] = 8;
    r = dtt_reader(dtt_slice(nodes, sizeof(nodes)));
    assert_true(dtt_krpc_next_node(&r, DTT_FAMILY_V4, id, &a));
    assert_int_equal(id[0], 7);
    assert_true(dtt_krpc_next_node(&r, DTT_FAMILY_V4, id, &a));
    assert_int_equal(id[0], 8);
    assert_false(dtt_krpc_next_node(&r, DTT_FAMILY_V4, id, &a));
}

static void test_encode_refuses_unknown_method(void **state)
{
    uint8_t out[64];
    (void)state;
    struct dtt_krpc m = {.type = DTT_KRPC_QUERY};
    assert_int_equal(dtt_krpc_encode(&m, out, sizeof(out)), DTT_EINVAL);
}

/* Whatever decodes can be encoded in the one valid way, and means the same again. */
static void check_stable(void *user, struct dtt_slice in)
{
    struct dtt_krpc m;
    (void)user;
    if (dtt_krpc_decode(in, &m) == 0) {
        assert_true(krpc_is_stable(&m));
    }
}

/* A message with every argument and return value there is: each has its place on the wire. */
static void test_every_field_has_its_place(void **state)
{
    static const uint8_t bytes[DTT_KRPC_SIG_BYTES] = {1};
    const struct dtt_slice some = {bytes, DTT_NODE_ID_BYTES};
    struct dtt_krpc m = {.is_read_only = true,
                         .is_v_canonical = true,
                         .want = DTT_KRPC_WANTS_V4 | DTT_KRPC_WANTS_V6,
                         .t = dtt_slice(bytes, DTT_KRPC_T_BYTES),
                         .ip = dtt_slice(bytes, 6),
                         .client = dtt_slice(DTT_KRPC_CLIENT, 4),
                         .id = some,
                         .target = some,
                         .info_hash = some,
                         .token = some,
                         .nodes = some,
                         .nodes6 = some,
                         .values = dtt_slice("6:abcdef", 8),
                         .k = some,
                         .salt = some,
                         .sig = some,
                         .v = dtt_slice("i1e", 3),
                         .seq = dtt_krpc_int(1),
                         .cas = dtt_krpc_int(2),
                         .port = dtt_krpc_int(3),
                         .implied_port = dtt_krpc_int(4),
                         .proof = dtt_krpc_int(5),
                         .siblings = dtt_krpc_int(6)};
    (void)state;
    for (int type = DTT_KRPC_QUERY; type <= DTT_KRPC_REPLY; type++) {
        m.type = (enum dtt_krpc_type)type;
        m.method = DTT_KRPC_M_GET;
        assert_true(krpc_is_stable(&m));
    }
}

static void test_sweeps(void **state)
{
    (void)state;
    json_t *root = vectors_load("dht.json");
    json_t *v;
    size_t i;
    json_array_foreach(vectors_at(root, "krpc"), i, v)
    {
        struct dtt_slice in = vectors_hex(v, "hex");
        sweep_truncations(in, check_stable, NULL);
        sweep_bit_flips(in, check_stable, NULL);
        free((void *)(uintptr_t)in.data);
    }
    json_decref(root);
}

/* Calls `check` for each datagram that other implementations sent. */
static void each_capture(void (*check)(json_t *packet, struct dtt_slice in, void *user), void *user)
{
    json_t *root = vectors_load("krpc-captures.json");
    json_t *p;
    size_t i;
    json_array_foreach(vectors_at(root, "packets"), i, p)
    {
        struct dtt_slice in = vectors_hex(p, "hex");
        check(p, in, user);
        free((void *)(uintptr_t)in.data);
    }
    json_decref(root);
}

struct capture_count {
    size_t types[3], errors[8], signed_puts, signed_replies;
    size_t senders[6];
};

/* The place of a text in a list. */
static size_t index_of(const char *text, const char *const *list, size_t n)
{
    size_t i = 0;
    while (i < n && strcmp(text, list[i]) != 0) {
        i++;
    }
    assert_true(i < n);
    return i;
}

static void check_capture(json_t *p, struct dtt_slice in, void *user)
{
    static const char *const senders[] = {"libtorrent-2.0.8", "bittorrent-dht-11.0.12",
                                          "mainline-7.0.0",   "transmission-3.00",
                                          "aria2-1.36.0",     "test-client"};
    static const char *const errors[] = {"e:203", "e:205", "e:206", "e:207", "e:301", "e:302"};
    struct capture_count *n = user;
    const char *kind = vectors_text(p, "kind");
    struct dtt_krpc m;
    assert_int_equal(dtt_krpc_decode(in, &m), 0);
    n->senders[index_of(vectors_text(p, "from"), senders, 6)]++;
    n->types[m.type]++;
    assert_int_equal(kind[0] == 'e' ? atoi(kind + 2) : 0, m.error);
    if (m.type == DTT_KRPC_ERROR) {
        n->errors[index_of(kind, errors, 6)]++;
        return;
    }
    assert_non_null(m.id.data);
    assert_false(m.is_malformed);
    if (m.sig.data) {
        assert_int_equal(m.sig.len, DTT_KRPC_SIG_BYTES);
        assert_int_equal(m.k.len, DTT_KRPC_KEY_BYTES);
        assert_true(m.is_v_canonical);
    }
    /* Signatures of others hold over the raw bytes of v; those of the test client were made to be
       refused. A salt is in no reply, so it stands beside it. */
    if (m.sig.data && strcmp(vectors_text(p, "from"), "test-client") != 0) {
        bool is_put = m.type == DTT_KRPC_QUERY;
        const char *salt = is_put ? NULL : vectors_text(p, "salt");
        assert_true(dtt_item_verify(NULL, m.sig.data, m.k.data,
                                    is_put ? m.salt : dtt_slice(salt, strlen(salt)), m.seq.n, m.v));
        n->signed_puts += is_put;
        n->signed_replies += !is_put;
    }
}

/* Datagrams of libtorrent, bittorrent-dht, mainline, Transmission and aria2. */
static void test_captures(void **state)
{
    struct capture_count n = {0};
    (void)state;
    each_capture(check_capture, &n);
    assert_true(n.types[DTT_KRPC_QUERY] > 40 && n.types[DTT_KRPC_REPLY] > 40);
    for (size_t i = 0; i < 6; i++) {
        assert_true(n.senders[i] >= 6 && n.errors[i] > 0);
    }
    assert_true(n.signed_puts > 2 && n.signed_replies > 10);
}

static void sweep_capture(json_t *p, struct dtt_slice in, void *user)
{
    (void)p;
    check_stable(user, in);
    sweep_truncations(in, check_stable, user);
    sweep_bit_flips(in, check_stable, user);
}

static void test_captures_cut_and_flipped(void **state)
{
    (void)state;
    each_capture(sweep_capture, NULL);
}

static void methods_have_words(void **state)
{
    (void)state;
    assert_string_equal(dtt_krpc_method_word(DTT_KRPC_M_GET), "get");
    assert_string_equal(dtt_krpc_method_word(DTT_KRPC_M_FIND_NODE), "find_node");
    assert_string_equal(dtt_krpc_method_word(DTT_KRPC_M_UNKNOWN), "unknown");
    assert_string_equal(dtt_krpc_method_word(DTT_KRPC_M_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_have_words),
        cmocka_unit_test(test_bep_examples_both_ways),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_error),
        cmocka_unit_test(test_is_liberal),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_encode_refuses_unknown_method),
        cmocka_unit_test(test_every_field_has_its_place),
        cmocka_unit_test(test_sweeps),
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_captures_cut_and_flipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
