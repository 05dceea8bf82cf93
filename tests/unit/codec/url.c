/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/url.h"

#include "support/vectors.h"

static void takes_urls_of_servers(void **state)
{
    static const struct {
        const char *text, *host, *authority, *path;
        uint16_t port;
        bool is_tls;
    } cases[] = {
        {"https://dns.iroh.link/pkarr", "dns.iroh.link", "dns.iroh.link", "/pkarr", 443, true},
        {"http://127.0.0.1:8080", "127.0.0.1", "127.0.0.1:8080", "", 8080, false},
        {"https://use1-1.relay.n0.iroh.link./", "use1-1.relay.n0.iroh.link",
         "use1-1.relay.n0.iroh.link.", "", 443, true},
        {"http://[2001:db8::1]/a/b/", "2001:db8::1", "[2001:db8::1]", "/a/b", 80, false},
        {"HTTPS://A.Example./B", "a.example", "A.Example.", "/B", 443, true},
        {"Http://a/", "a", "a", "", 80, false},
        {"https://[::1]:1/", "::1", "[::1]:1", "", 1, true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct dtt_url url;
        assert_int_equal(dtt_url_parse(cases[i].text, &url), DTT_OK);
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.authority, cases[i].authority);
        assert_string_equal(url.path, cases[i].path);
        assert_int_equal(url.port, cases[i].port);
        assert_int_equal(url.is_tls, cases[i].is_tls);
    }
}

static void refuses_others(void **state)
{
    static const char *const bad[] = {
        "",           "dns.iroh.link",       "ftp://a/",        "https://",
        "https:///a", "https://a:0/",        "https://a:x/",    "https://a:65536/",
        "http://a b", "http://a/\r\nX: y",   "http://u@a/",     "http://a/?token=1",
        "http://a/#", "http://[::1",         "http://::1/",     "httpx://a/",
        "http://./",  "http://[fe80::1%1]/", "http://\xc3\xa4/"};
    char longest[DTT_URL_MAX + 1];
    struct dtt_url url;
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(dtt_url_parse(bad[i], &url), DTT_EADDR);
    }
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "http://a/", 9);
    longest[DTT_URL_MAX] = '\0';
    assert_int_equal(dtt_url_parse(longest, &url), DTT_EADDR);
    longest[DTT_URL_MAX - 1] = '\0';
    assert_int_equal(dtt_url_parse(longest, &url), DTT_OK);
}

static void takes_a_query_where_one_may_be(void **state)
{
    static const struct {
        const char *text, *query;
        size_t bare_len;
    } cases[] = {
        {"https://use1-1.relay.n0.iroh.link./", "", 35}, {"http://localhost:3340", "", 21},
        {"https://[::1]:1/?token=t", "?token=t", 16},    {"https://a?token=t?u", "?token=t?u", 9},
        {"http://127.0.0.1/x?a=b&c=d", "?a=b&c=d", 18},  {"http://a/?", "?", 9},
    };
    static const char *const bad[] = {
        "",         "localhost",     "ftp://a",       "https://",       "http://a:0",
        "http://?", "http://a/?b c", "http://a/?b#c", "http://a/?\x01", "http://u@a/?b",
        "?token=t", "http://?b"};
    char longest[2 * DTT_URL_MAX + 16];
    struct dtt_url url;
    const char *query;
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(dtt_url_parse_with_query(cases[i].text, &url, &query), DTT_OK);
        assert_string_equal(query, cases[i].query);
        assert_null(strchr(url.path, '?'));
        assert_null(strchr(url.authority, '?'));
        assert_int_equal(dtt_url_bare_len(cases[i].text), cases[i].bare_len);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(dtt_url_parse_with_query(bad[i], &url, &query), DTT_EADDR);
    }
    snprintf(longest, sizeof(longest), "http://a/?%0*d", DTT_URL_MAX - 2, 0);
    assert_int_equal(dtt_url_parse_with_query(longest, &url, &query), DTT_OK);
    snprintf(longest, sizeof(longest), "http://a/?%0*d", DTT_URL_MAX - 1, 0);
    assert_int_equal(dtt_url_parse_with_query(longest, &url, &query), DTT_EADDR);
    snprintf(longest, sizeof(longest), "http://%0*d/", DTT_URL_MAX, 0);
    assert_int_equal(dtt_url_parse_with_query(longest, &url, &query), DTT_EADDR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_urls_of_servers),
        cmocka_unit_test(refuses_others),
        cmocka_unit_test(takes_a_query_where_one_may_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
