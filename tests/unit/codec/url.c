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
        "http://a/#", "http://[::1",         "http://::1/",     "HTTP://a/",
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_urls_of_servers),
        cmocka_unit_test(refuses_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
