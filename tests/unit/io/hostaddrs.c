/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "io/hostaddrs.h"

#include "support/vectors.h"

#define PLACES 8
#define PORT4 4000
#define PORT6 6000

static const struct dtt_addr any4 = {.family = DTT_FAMILY_V4, .port = PORT4};
static const struct dtt_addr any6 = {.family = DTT_FAMILY_V6, .port = PORT6};

static struct dtt_addr addr(const char *ip)
{
    char text[DTT_ADDR_TEXT_MAX];
    struct dtt_addr ret;
    bool is_v6 = strchr(ip, ':') != NULL;
    snprintf(text, sizeof(text), is_v6 ? "[%s]:%d" : "%s:%d", ip, is_v6 ? PORT6 : PORT4);
    assert_int_equal(dtt_addr_parse(text, &ret), DTT_OK);
    return ret;
}

/* Words of addresses; '!' before one: its interface is a bridge. */
struct host {
    struct dtt_addr sources[20], others[20], ret[PLACES];
    bool is_bridge[20];
    struct dtt_hostaddrs h;
    size_t n;
};

static void choose(struct host *host, const char *sources, const char *others)
{
    char text[400];
    char *rest = text;
    host->h.n_sources = host->h.n_others = 0;
    snprintf(text, sizeof(text), "%s", sources);
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        host->sources[host->h.n_sources++] = addr(word);
    }
    rest = text;
    snprintf(text, sizeof(text), "%s", others);
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL;) {
        host->is_bridge[host->h.n_others] = *word == '!';
        host->others[host->h.n_others++] = addr(word + (*word == '!'));
    }
    host->h.sources = host->sources;
    host->h.others = host->others;
    host->h.is_bridge = host->is_bridge;
    host->n = dtt_hostaddrs_choose(&host->h, host->ret, PLACES);
}

static void expect(const struct host *host, const char *wanted)
{
    char text[400];
    char *rest = text;
    size_t n = 0;
    snprintf(text, sizeof(text), "%s", wanted);
    for (char *word; (word = strtok_r(rest, " ", &rest)) != NULL; n++) {
        struct dtt_addr a = addr(word);
        assert_true(n < host->n);
        assert_true(dtt_addr_eq(&host->ret[n], &a));
    }
    assert_int_equal(host->n, n);
}

static void bridges_do_not_crowd_out_the_uplink(void **state)
{
    struct host host = {.h.bound = {any4, any6}};
    (void)state;
    choose(&host, "192.168.1.2",
           "127.0.0.1 !172.17.0.1 !172.18.0.1 !172.19.0.1 !172.20.0.1 !172.21.0.1 !172.22.0.1 "
           "!172.23.0.1 !172.24.0.1 192.168.1.2 10.8.0.2 ::1 fe80::1");
    expect(&host, "192.168.1.2 10.8.0.2 172.17.0.1 172.18.0.1 172.19.0.1 172.20.0.1 172.21.0.1 "
                  "172.22.0.1");
    /* Nor do interfaces of which nobody can tell that they are for containers. */
    choose(
        &host, "192.168.1.2",
        "172.17.0.1 172.18.0.1 172.19.0.1 172.20.0.1 172.21.0.1 172.22.0.1 172.23.0.1 172.24.0.1 "
        "192.168.1.2 2001:db8::5");
    expect(&host, "192.168.1.2 2001:db8::5 172.17.0.1 172.18.0.1 172.19.0.1 172.20.0.1 172.21.0.1 "
                  "172.22.0.1");
}

static void each_family_has_a_place(void **state)
{
    struct host host = {.h.bound = {any4, any6}};
    (void)state;
    /* The route to the DHT is one of IPv6 only. */
    choose(
        &host, "2001:db8::1 fd00::1",
        "172.17.0.1 172.18.0.1 172.19.0.1 172.20.0.1 172.21.0.1 172.22.0.1 172.23.0.1 172.24.0.1 "
        "2001:db8::2 2001:db8::1 fd00::1");
    expect(&host, "2001:db8::1 fd00::1 172.17.0.1 2001:db8::2 172.18.0.1 172.19.0.1 172.20.0.1 "
                  "172.21.0.1");
    /* Many sources of one family, one of the other. */
    choose(&host, "10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7 10.0.0.8 fd00::1",
           "10.0.0.1");
    expect(&host, "10.0.0.1 fd00::1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5 10.0.0.6 10.0.0.7");
    /* No socket of a family: none of its addresses. */
    host.h.bound[1] = (struct dtt_addr){0};
    choose(&host, "10.0.0.1 fd00::1", "10.0.0.1 fd00::1 fd00::2");
    expect(&host, "10.0.0.1");
}

static void loopback_only_when_there_is_nothing_else(void **state)
{
    struct host host = {.h.bound = {any4, any6}};
    (void)state;
    choose(&host, "", "127.0.0.1 ::1 10.1.1.1");
    expect(&host, "10.1.1.1");
    choose(&host, "127.0.0.1 ::1", "127.0.0.1 ::1");
    expect(&host, "127.0.0.1 ::1");
    choose(&host, "169.254.3.4 fe80::1%2", "127.0.0.1 ::1 169.254.3.4 fe80::1%2");
    expect(&host, "169.254.3.4");
    choose(&host, "", "127.0.0.1 ::1 169.254.3.4 fd00::9");
    expect(&host, "fd00::9");
    choose(&host, "", "");
    expect(&host, "");
}

static void a_bound_address_is_the_only_one(void **state)
{
    struct host host = {.h.bound = {addr("127.0.0.5"), any6}};
    (void)state;
    choose(&host, "10.0.0.1", "10.0.0.1 ::1 fd00::1");
    expect(&host, "127.0.0.5 fd00::1");
    choose(&host, "10.0.0.1", "10.0.0.1 ::1");
    expect(&host, "127.0.0.5");
}

/* Whatever this machine has: usable addresses, our ports, loopback only alone. */
static void reads_what_the_host_says(void **state)
{
    const struct dtt_addr bound[2] = {any4, any6};
    struct dtt_addr ret[PLACES], contact = addr("127.0.0.1");
    size_t loopbacks = 0;
    uint64_t all, again;
    (void)state;
    size_t n = dtt_hostaddrs_read(bound, &contact, 1, ret, PLACES, &all);
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) {
        assert_true(dtt_addr_is_usable(&ret[i]));
        assert_int_equal(ret[i].port, ret[i].family == DTT_FAMILY_V4 ? PORT4 : PORT6);
        loopbacks += dtt_addr_scope(&ret[i]) == DTT_SCOPE_LOOPBACK;
    }
    assert_true(loopbacks == 0 || loopbacks == n);
    assert_int_equal(dtt_hostaddrs_read(bound, NULL, 0, ret, 1, &again), 1);
    assert_int_equal(dtt_hostaddrs_read(bound, &contact, 1, ret, PLACES, &again), n);
    assert_true(all == again);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bridges_do_not_crowd_out_the_uplink),
        cmocka_unit_test(each_family_has_a_place),
        cmocka_unit_test(loopback_only_when_there_is_nothing_else),
        cmocka_unit_test(a_bound_address_is_the_only_one),
        cmocka_unit_test(reads_what_the_host_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
