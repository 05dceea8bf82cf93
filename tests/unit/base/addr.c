/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/addr.h"

#include "base/rng.h"
#include "support/vectors.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static struct dtt_rng rng;

static int setup(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {1};
    (void)state;
    dtt_rng_init(&rng, seed, "test");
    return 0;
}

static struct dtt_addr parsed(const char *text)
{
    struct dtt_addr a;
    if (dtt_addr_parse(text, &a) != DTT_OK) {
        fail_msg("%s does not parse", text);
    }
    return a;
}

/* Groups are often zero, so that "::" appears in every place and length. */
static struct dtt_addr random_addr(void)
{
    uint16_t port = (uint16_t)dtt_rng_u64(&rng);
    uint8_t ip[16];
    dtt_rng_bytes(&rng, ip, sizeof(ip));
    if (dtt_rng_below(&rng, 2)) {
        return dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], port);
    }
    for (size_t i = 0; i < 16; i += 2) {
        if (dtt_rng_below(&rng, 2)) {
            ip[i] = 0;
            ip[i + 1] = (uint8_t)(dtt_rng_below(&rng, 3) ? 0 : ip[i + 1]);
        }
    }
    return dtt_addr_v6(ip, port);
}

static void test_format_vectors(void **state)
{
    /* The examples of RFC 5952 sections 4 and 5, and the ends of the ranges. */
    static const struct {
        const char *in;
        const char *out;
    } vectors[] = {
        {"1.2.3.4:5", "1.2.3.4:5"},
        {"0.0.0.0:0", "0.0.0.0:0"},
        {"255.255.255.255:65535", "255.255.255.255:65535"},
        {"[2001:0db8::0001]:80", "[2001:db8::1]:80"},
        {"[2001:db8:0:0:0:0:2:1]:80", "[2001:db8::2:1]:80"},
        {"[2001:db8:0:1:1:1:1:1]:80", "[2001:db8:0:1:1:1:1:1]:80"},
        {"[2001:0:0:1:0:0:0:1]:80", "[2001:0:0:1::1]:80"},
        {"[2001:db8:0:0:1:0:0:1]:80", "[2001:db8::1:0:0:1]:80"},
        {"[2001:DB8::A]:80", "[2001:db8::a]:80"},
        {"[::]:1", "[::]:1"},
        {"[::1]:1", "[::1]:1"},
        {"[1::]:1", "[1::]:1"},
        {"[1:2:3:4:5:6:7::]:1", "[1:2:3:4:5:6:7:0]:1"},
        {"[::2:3:4:5:6:7:8]:1", "[0:2:3:4:5:6:7:8]:1"},
        {"[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535",
         "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535"},
        {"[64:ff9b::192.0.2.33]:9", "[64:ff9b::c000:221]:9"},
        {"[::ffff:192.0.2.1]:9", "192.0.2.1:9"},
        {"[FE80::1%2]:9", "[fe80::1%2]:9"},
        {"[febf::1%4294967295]:65535", "[febf::1%4294967295]:65535"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct dtt_addr a = parsed(vectors[i].in);
        char text[DTT_ADDR_TEXT_MAX];
        dtt_addr_format(&a, text);
        assert_string_equal(text, vectors[i].out);
    }
    struct dtt_addr none = {0};
    char text[DTT_ADDR_TEXT_MAX];
    dtt_addr_format(&none, text);
    assert_string_equal(text, "-");
}

static void test_parse_refuses(void **state)
{
    static const char *const wrong[] = {
        "",
        ":",
        "1",
        "1.2.3.4",
        "1.2.3.4:",
        "1.2.3:5",
        "1.2.3.4.5:6",
        "1.2.3.256:5",
        "1.2.3.04:5",
        "01.2.3.4:5",
        "1.2.3.4:65536",
        "1.2.3.4:05",
        "1.2.3.4:5 ",
        " 1.2.3.4:5",
        "1.2.3.4:-1",
        "1.2.3.4:+1",
        "1..3.4:5",
        ".1.2.3:5",
        "1.2.3.4:123456",
        "0x1.2.3.4:5",
        "localhost:5",
        "[fe80::1%]:5",
        "[fe80::1%0]:5",
        "[fe80::1%02]:5",
        "[fe80::1%eth0]:5",
        "[fe80::1%4294967296]:5",
        "[fe80::1%2:5",
        "[2001:db8::1%2]:5",
        "[::ffff:1.2.3.4%2]:5",
        "1.2.3.4%2:5",
        "[]:5",
        "[:]:5",
        "[:::]:5",
        "[::1]",
        "[::1]:",
        "[::1",
        "::1:5",
        "[::1]5",
        "[1:2:3:4:5:6:7]:5",
        "[1:2:3:4:5:6:7:8:9]:5",
        "[1:2:3:4:5:6:7:8::]:5",
        "[::1::]:5",
        "[1:]:5",
        "[:1]:5",
        "[12345::]:5",
        "[::g]:5",
        "[::1%lo]:5",
        "[1.2.3.4]:5",
        "[::1.2.3]:5",
        "[::1.2.3.4:1]:5",
        "[1:2:3:4:5:6:7:1.2.3.4]:5",
        "[::1.2.3.256]:5",
        "[[::1]]:5",
        "[::1]:5]",
    };
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        struct dtt_addr a = dtt_addr_v4(9, 9, 9, 9, 9);
        if (dtt_addr_parse(wrong[i], &a) != DTT_EADDR) {
            fail_msg("'%s' parses", wrong[i]);
        }
        assert_int_equal(a.ip[0], 9); /* written only on success */
    }
}

static void test_text_round_trip(void **state)
{
    (void)state;
    for (int i = 0; i < 20000; i++) {
        struct dtt_addr a = random_addr();
        char text[DTT_ADDR_TEXT_MAX];
        dtt_addr_format(&a, text);
        struct dtt_addr b = parsed(text);
        assert_memory_equal(&a, &b, sizeof(a));
    }
}

/* libc accepts the same hosts as we do and reads the same bytes from them. */
static void agree_with_libc(const char *text)
{
    char host[64];
    struct dtt_addr a;
    uint8_t ip[16] = {0};
    int err = dtt_addr_parse(text, &a);
    size_t n = strlen(text);
    bool v6 = text[0] == '[';
    const char *tail = v6 ? "]:7" : ":7";
    if (n < strlen(tail) + (v6 ? 1 : 0) || strcmp(text + n - strlen(tail), tail) != 0) {
        assert_int_equal(err, DTT_EADDR);
        return;
    }
    snprintf(host, sizeof(host), "%.*s", (int)(n - strlen(tail) - (v6 ? 1 : 0)),
             text + (v6 ? 1 : 0));
    bool ok = inet_pton(v6 ? AF_INET6 : AF_INET, host, ip) == 1;
    if (ok != (err == DTT_OK)) {
        fail_msg("%s: libc says %d, we say %d", text, ok, err);
    }
    if (ok) {
        struct dtt_addr b = v6 ? dtt_addr_v6(ip, 7) : dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], 7);
        assert_memory_equal(&a, &b, sizeof(a));
    }
}

static void test_parse_agrees_with_libc(void **state)
{
    static const char alphabet[] = "0123456789abcdefF:.:.";
    (void)state;
    for (int i = 0; i < 100000; i++) {
        struct dtt_addr a = random_addr();
        char text[DTT_ADDR_TEXT_MAX + 8];
        a.port = 7;
        dtt_addr_format(&a, text);
        for (uint64_t edits = dtt_rng_below(&rng, 3); edits > 0; edits--) {
            size_t n = strlen(text);
            size_t from = text[0] == '[' ? 1 : 0;
            size_t at = from + (size_t)dtt_rng_below(&rng, n - 2 - from);
            char c = alphabet[dtt_rng_below(&rng, sizeof(alphabet) - 1)];
            switch (dtt_rng_below(&rng, 3)) {
            case 0: text[at] = c; break;
            case 1: memmove(text + at, text + at + 1, n - at); break;
            default: memmove(text + at + 1, text + at, n - at + 1); text[at] = c;
            }
        }
        /* An edit may have made another port; that is not libc's business. */
        if (strlen(text) > 2 && strcmp(text + strlen(text) - 2, ":7") == 0) {
            agree_with_libc(text);
        }
    }
}

static void test_compact(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        struct dtt_addr a = random_addr();
        struct dtt_addr b;
        uint8_t buf[DTT_ADDR_COMPACT6];
        struct dtt_writer w = dtt_writer(buf, sizeof(buf));
        dtt_addr_write_compact(&w, &a);
        assert_false(w.failed);
        assert_int_equal(w.len, a.family == DTT_FAMILY_V4 ? DTT_ADDR_COMPACT4 : DTT_ADDR_COMPACT6);
        assert_int_equal(dtt_addr_from_compact(dtt_slice(buf, w.len), &b), DTT_OK);
        assert_memory_equal(&a, &b, sizeof(a));
    }
    uint8_t buf[32] = {0};
    struct dtt_addr out;
    for (size_t n = 0; n <= sizeof(buf); n++) {
        bool fits = n == DTT_ADDR_COMPACT4 || n == DTT_ADDR_COMPACT6;
        assert_int_equal(dtt_addr_from_compact(dtt_slice(buf, n), &out), fits ? 0 : DTT_EPROTO);
    }
    struct dtt_addr a = dtt_addr_v4(1, 2, 3, 4, 0x1a2b);
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_addr_write_compact(&w, &a);
    assert_memory_equal(buf, "\x01\x02\x03\x04\x1a\x2b", 6);
    w = dtt_writer(buf, 5);
    dtt_addr_write_compact(&w, &a);
    assert_true(w.failed);
}

static void test_scopes(void **state)
{
    static const struct {
        const char *text;
        enum dtt_addr_scope scope;
    } vectors[] = {
        {"1.2.3.4:1", DTT_SCOPE_GLOBAL},
        {"223.255.255.255:1", DTT_SCOPE_GLOBAL},
        {"9.255.255.255:1", DTT_SCOPE_GLOBAL},
        {"10.0.0.0:1", DTT_SCOPE_PRIVATE},
        {"10.255.255.255:1", DTT_SCOPE_PRIVATE},
        {"11.0.0.0:1", DTT_SCOPE_GLOBAL},
        {"172.15.255.255:1", DTT_SCOPE_GLOBAL},
        {"172.16.0.0:1", DTT_SCOPE_PRIVATE},
        {"172.31.255.255:1", DTT_SCOPE_PRIVATE},
        {"172.32.0.0:1", DTT_SCOPE_GLOBAL},
        {"192.168.0.1:1", DTT_SCOPE_PRIVATE},
        {"192.169.0.1:1", DTT_SCOPE_GLOBAL},
        {"100.63.255.255:1", DTT_SCOPE_GLOBAL},
        {"100.64.0.0:1", DTT_SCOPE_PRIVATE},
        {"100.127.255.255:1", DTT_SCOPE_PRIVATE},
        {"100.128.0.0:1", DTT_SCOPE_GLOBAL},
        {"169.254.1.1:1", DTT_SCOPE_LINK},
        {"127.0.0.1:1", DTT_SCOPE_LOOPBACK},
        {"127.255.255.255:1", DTT_SCOPE_LOOPBACK},
        {"0.0.0.0:1", DTT_SCOPE_UNUSABLE},
        {"0.1.2.3:1", DTT_SCOPE_UNUSABLE},
        {"224.0.0.1:1", DTT_SCOPE_UNUSABLE},
        {"255.255.255.255:1", DTT_SCOPE_UNUSABLE},
        {"[::]:1", DTT_SCOPE_UNUSABLE},
        {"[::1]:1", DTT_SCOPE_LOOPBACK},
        {"[::2]:1", DTT_SCOPE_UNUSABLE},
        {"[::1.2.3.4]:1", DTT_SCOPE_UNUSABLE},
        {"[ff02::1]:1", DTT_SCOPE_UNUSABLE},
        {"[fe80::1]:1", DTT_SCOPE_LINK},
        {"[febf::1]:1", DTT_SCOPE_LINK},
        {"[fec0::1]:1", DTT_SCOPE_GLOBAL},
        {"[fc00::1]:1", DTT_SCOPE_PRIVATE},
        {"[fdff::1]:1", DTT_SCOPE_PRIVATE},
        {"[2001:db8::1]:1", DTT_SCOPE_GLOBAL},
        {"[fd15:70a:510a::1]:1", DTT_SCOPE_PRIVATE},
        {"[fd15:70a:510c::1]:1", DTT_SCOPE_PRIVATE},
        {"[fd15:70a:510b::1]:1", DTT_SCOPE_UNUSABLE},
        {"[fd15:70a:510b:1::1]:1", DTT_SCOPE_UNUSABLE},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct dtt_addr a = parsed(vectors[i].text);
        if (dtt_addr_scope(&a) != vectors[i].scope) {
            fail_msg("%s: scope %d", vectors[i].text, (int)dtt_addr_scope(&a));
        }
        assert_int_equal(dtt_addr_is_usable(&a), vectors[i].scope != DTT_SCOPE_UNUSABLE);
        a.port = 0;
        assert_false(dtt_addr_is_usable(&a));
    }
    struct dtt_addr none = {.port = 1};
    assert_false(dtt_addr_is_usable(&none));
    /* A caller may fill the struct by hand: IPv4 inside IPv6 is nowhere to send to. */
    struct dtt_addr mapped = {.family = DTT_FAMILY_V6, .port = 1};
    memcpy(mapped.ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x01\x02\x03\x04", 16);
    assert_int_equal(dtt_addr_scope(&mapped), DTT_SCOPE_UNUSABLE);
}

static int compare(const void *a, const void *b)
{
    return dtt_addr_cmp(a, b);
}

static void test_order(void **state)
{
    static const char *const sorted[] = {"1.2.3.4:5", "1.2.3.4:6", "1.2.3.5:1", "2.0.0.0:1",
                                         "[::1]:1",   "[::1]:2",   "[2::]:1"};
    enum { N = sizeof(sorted) / sizeof(sorted[0]) };
    struct dtt_addr addrs[N];
    (void)state;
    for (size_t i = 0; i < N; i++) {
        addrs[i] = parsed(sorted[i]);
    }
    for (size_t i = 0; i < N; i++) {
        for (size_t k = 0; k < N; k++) {
            int c = dtt_addr_cmp(&addrs[i], &addrs[k]);
            assert_int_equal((c > 0) - (c < 0), (i > k) - (i < k));
            assert_int_equal(dtt_addr_eq(&addrs[i], &addrs[k]), i == k);
        }
    }
    assert_true(dtt_addr_same_ip(&addrs[0], &addrs[1]));
    assert_true(dtt_addr_is_in(addrs, 3, &addrs[2]));
    assert_false(dtt_addr_is_in(addrs, 2, &addrs[2]));
    assert_false(dtt_addr_is_in(NULL, 0, &addrs[2]));
    assert_false(dtt_addr_same_ip(&addrs[1], &addrs[2]));
    dtt_rng_shuffle(&rng, addrs, N, sizeof(addrs[0]));
    qsort(addrs, N, sizeof(addrs[0]), compare);
    for (size_t i = 0; i < N; i++) {
        char text[DTT_ADDR_TEXT_MAX];
        dtt_addr_format(&addrs[i], text);
        assert_string_equal(text, sorted[i]);
    }
}

static void test_split_host(void **state)
{
    static const struct {
        const char *text, *host;
        uint16_t port;
    } good[] = {{"router.example:6881", "router.example", 6881},
                {"h:1", "h", 1},
                {"1.2.3.4:65535", "1.2.3.4", 65535},
                {"[2001:db8::1]:80", "2001:db8::1", 80}};
    static const char *const bad[] = {"",        "h",        "h:",       ":1",    "h:0",
                                      "h:65536", "h:1x",     "h:000001", "a b:1", "a/b:1",
                                      "a@b:1",   "::1:5",    "[]:1",     "[::1]", "[h]:1",
                                      "[::1:5",  "[::1]x:5", "h:+1",     "h:-1"};
    char host[DTT_HOST_MAX], text[DTT_HOST_MAX + 8];
    uint16_t port;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        if (dtt_addr_split_host(good[i].text, host, &port) != DTT_OK) {
            fail_msg("%s is refused", good[i].text);
        }
        assert_string_equal(host, good[i].host);
        assert_int_equal(port, good[i].port);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        if (dtt_addr_split_host(bad[i], host, &port) != DTT_EADDR) {
            fail_msg("%s is taken", bad[i]);
        }
    }
    memset(text, 'a', sizeof(text));
    memcpy(text + DTT_HOST_MAX - 1, ":1", 3);
    assert_int_equal(dtt_addr_split_host(text, host, &port), DTT_OK);
    assert_int_equal(strlen(host), DTT_HOST_MAX - 1);
    memcpy(text + DTT_HOST_MAX, ":1", 3);
    text[DTT_HOST_MAX - 1] = 'a';
    assert_int_equal(dtt_addr_split_host(text, host, &port), DTT_EADDR);
}

static void test_wildcards(void **state)
{
    static const char *const any[] = {"0.0.0.0:0", "0.0.0.0:5", "[::]:1"};
    static const char *const one[] = {"0.0.0.1:0", "127.0.0.1:5", "[::1]:1", "[1::]:0"};
    struct dtt_addr a;
    (void)state;
    for (size_t i = 0; i < sizeof(any) / sizeof(any[0]); i++) {
        a = parsed(any[i]);
        assert_true(dtt_addr_is_wildcard(&a));
    }
    for (size_t i = 0; i < sizeof(one) / sizeof(one[0]); i++) {
        a = parsed(one[i]);
        assert_false(dtt_addr_is_wildcard(&a));
    }
}

/* It tells two machines of two links apart here, and is nobody else's business. */
static void test_zones(void **state)
{
    struct dtt_addr two = parsed("[fe80::1%2]:9"), three = parsed("[fe80::1%3]:9");
    struct dtt_addr none = parsed("[fe80::1]:9"), back;
    uint8_t buf[DTT_ADDR_COMPACT6];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    (void)state;
    assert_int_equal(two.scope, 2);
    assert_false(dtt_addr_eq(&two, &three) || dtt_addr_same_ip(&two, &three));
    assert_true(dtt_addr_cmp(&two, &three) < 0 && dtt_addr_cmp(&none, &two) < 0);
    assert_true(dtt_addr_is_usable(&two));
    dtt_addr_write_compact(&w, &two);
    assert_int_equal(dtt_addr_from_compact(dtt_slice(buf, w.len), &back), DTT_OK);
    assert_true(dtt_addr_eq(&back, &none));
    assert_int_equal(dtt_addr_v6_zone(parsed("[2001:db8::1]:9").ip, 9, 2).scope, 0);
    back = parsed("1.2.3.4:5");
    back.scope = 2;
    assert_false(dtt_addr_is_usable(&back));
    assert_int_equal(sizeof(struct dtt_addr), 24);
}

static void test_what_others_may_name(void **state)
{
    static const struct {
        const char *text;
        enum dtt_addr_scope nearest; /* from which on it may be named; UNUSABLE: never */
    } cases[] = {{"1.2.3.4:1024", DTT_SCOPE_GLOBAL},     {"10.0.0.1:5000", DTT_SCOPE_PRIVATE},
                 {"169.254.0.1:5000", DTT_SCOPE_LINK},   {"[fe80::1]:5000", DTT_SCOPE_LINK},
                 {"127.0.0.1:5000", DTT_SCOPE_LOOPBACK}, {"1.2.3.4:1023", DTT_SCOPE_UNUSABLE},
                 {"224.0.0.1:5000", DTT_SCOPE_UNUSABLE}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_addr a;
        assert_int_equal(dtt_addr_parse(cases[i].text, &a), DTT_OK);
        for (int nearest = DTT_SCOPE_GLOBAL; nearest < DTT_SCOPE_UNUSABLE; nearest++) {
            bool is_of_link = cases[i].nearest == DTT_SCOPE_LINK;
            assert_int_equal(dtt_addr_may_be_named(&a, (enum dtt_addr_scope)nearest),
                             is_of_link ? nearest == DTT_SCOPE_LINK
                                        : nearest >= (int)cases[i].nearest);
        }
    }
}

static void test_hosts_and_networks(void **state)
{
    static const uint8_t loop[16] = {[15] = 1};
    uint8_t ip[16] = {0x20, 1, 0xd, 0xb8, 0, 1, 0, 2, 3};
    struct dtt_addr a = dtt_addr_v4(192, 0, 2, 1, 1), b = dtt_addr_v4(192, 0, 2, 2, 1);
    struct dtt_addr six = dtt_addr_v6(ip, 1), other;
    (void)state;
    assert_true(dtt_addr_host(&a) != dtt_addr_host(&b));
    assert_true(dtt_addr_network(&a) == dtt_addr_network(&b));
    b.ip[2] = 3;
    assert_true(dtt_addr_network(&a) != dtt_addr_network(&b));
    ip[8] = 4;
    other = dtt_addr_v6(ip, 1);
    assert_true(dtt_addr_host(&six) == dtt_addr_host(&other));
    ip[7] = 5;
    other = dtt_addr_v6(ip, 1);
    assert_true(dtt_addr_host(&six) != dtt_addr_host(&other));
    assert_true(dtt_addr_network(&six) == dtt_addr_network(&other));
    ip[5] = 6;
    other = dtt_addr_v6(ip, 1);
    assert_true(dtt_addr_network(&six) != dtt_addr_network(&other));
    other = dtt_addr_v6(loop, 1);
    assert_true(dtt_addr_host(&other) != 0 && dtt_addr_network(&other) != 0);
    other = (struct dtt_addr){0};
    assert_true(dtt_addr_host(&other) == 0 && dtt_addr_network(&other) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_format_vectors),
        cmocka_unit_test(test_parse_refuses),
        cmocka_unit_test(test_text_round_trip),
        cmocka_unit_test(test_parse_agrees_with_libc),
        cmocka_unit_test(test_compact),
        cmocka_unit_test(test_scopes),
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_split_host),
        cmocka_unit_test(test_what_others_may_name),
        cmocka_unit_test(test_hosts_and_networks),
        cmocka_unit_test(test_wildcards),
        cmocka_unit_test(test_zones),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
