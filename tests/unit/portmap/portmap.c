/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The home router is played by this file; time is virtual. */
#include "portmap/portmap.h"

#include "support/vectors.h"

static const uint8_t nonce[DTT_PCP_NONCE_BYTES] = {1, 2, 3};
static struct dtt_ctx ctx;
static struct dtt_portmap p;
static struct dtt_addr gateway, client, seen, nowhere;
static uint64_t ms, router_booted_ms;

static struct dtt_now now(void)
{
    return (struct dtt_now){.mono_ns = ms * DTT_MS};
}

static int start(void **state)
{
    (void)state;
    ctx = (struct dtt_ctx){0};
    ms = 1000000;
    router_booted_ms = 0;
    nowhere = (struct dtt_addr){0};
    gateway = dtt_addr_v4(192, 168, 1, 1, 0);
    client = dtt_addr_v4(192, 168, 1, 10, 40003);
    seen = dtt_addr_v4(81, 10, 1, 1, 0);
    dtt_portmap_init(&p, &ctx, nonce);
    dtt_portmap_set_place(&p, now(), &gateway, &client);
    return 0;
}

static int end(void **state)
{
    (void)state;
    dtt_portmap_fini(&p);
    return 0;
}

static void want(void)
{
    dtt_portmap_want(&p, now(), true, &seen);
}

static void go(uint64_t after_ms)
{
    ms += after_ms;
    dtt_portmap_tick(&p, now());
}

static bool recv_from(const struct dtt_addr *from, const uint8_t *bytes, size_t len)
{
    return dtt_portmap_recv(&p, now(), from, dtt_slice(bytes, len));
}

static void hear(const uint8_t *bytes, size_t len)
{
    struct dtt_addr router = gateway;
    router.port = DTT_PCP_PORT;
    assert_true(recv_from(&router, bytes, len));
}

/* The next packet; its length, 0: none. */
static size_t said(uint8_t ret[DTT_PORTMAP_PACKET_MAX])
{
    return dtt_portmap_next_packet(&p, ret);
}

static void must_say(uint8_t version, size_t len)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    assert_int_equal(said(packet), len);
    assert_int_equal(packet[0], version);
}

static void must_be_silent(void)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    assert_int_equal(said(packet), 0);
}

/* A PCP answer to the request said last. */
static void pcp(unsigned result, const struct dtt_addr *external, uint32_t lifetime_s)
{
    uint8_t b[DTT_PCP_MAP_BYTES];
    struct dtt_pcp_map map = {.client = client, .external = *external, .lifetime_s = lifetime_s};
    memcpy(map.nonce, nonce, sizeof(nonce));
    dtt_pcp_write_map(b, &map);
    b[1] |= 0x80;
    b[3] = (uint8_t)result;
    memset(b + 8, 0, 16);
    dtt_put_be32(b + 8, (uint32_t)((ms - router_booted_ms) / 1000));
    hear(b, sizeof(b));
}

static void pmp_version(void)
{
    hear((const uint8_t[]){0, 0x81, 0, 1, 0, 0, 0, 9}, 8);
}

static void pmp_address(const struct dtt_addr *a)
{
    const uint8_t b[12] = {0, 128, 0, 0, 0, 0, 0, 9, a->ip[0], a->ip[1], a->ip[2], a->ip[3]};
    hear(b, sizeof(b));
}

static void pmp_map(uint16_t inside, uint16_t outside, uint32_t lifetime_s)
{
    uint8_t b[16] = {0, 129, 0, 0, 0, 0, 0, 9};
    dtt_put_be16(b + 8, inside);
    dtt_put_be16(b + 10, outside);
    dtt_put_be32(b + 12, lifetime_s);
    hear(b, sizeof(b));
}

static struct dtt_portmap_report told(enum dtt_portmap_outcome outcome)
{
    struct dtt_portmap_report r;
    assert_true(dtt_portmap_next_report(&p, &r));
    assert_int_equal(r.outcome, outcome);
    return r;
}

static void must_tell_addr(enum dtt_portmap_outcome outcome, const struct dtt_addr *addr)
{
    struct dtt_portmap_report r = told(outcome);
    assert_true(dtt_addr_eq(&r.addr, addr));
}

static void must_not_tell(void)
{
    struct dtt_portmap_report r;
    assert_false(dtt_portmap_next_report(&p, &r));
}

static struct dtt_addr outside(uint16_t port)
{
    struct dtt_addr a = seen;
    a.port = port;
    return a;
}

/* A mapping held by PCP for two hours at the port that we would like. */
static void hold(void)
{
    struct dtt_addr a = outside(40003);
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(0, &a, 7200);
    must_tell_addr(DTT_PORTMAP_HELD, &a);
}

/* ---- PCP */

static void nothing_without_a_wish(void **state)
{
    (void)state;
    go(1000);
    must_be_silent();
    assert_int_equal(dtt_portmap_deadline(&p), DTT_NEVER);
    dtt_portmap_set_place(&p, now(), &nowhere, &nowhere);
    want();
    go(10000);
    must_be_silent();
    dtt_portmap_set_place(&p, now(), &gateway, &client);
    must_say(2, DTT_PCP_MAP_BYTES);
}

static void held_renewed_given_back(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    struct dtt_addr a = outside(40003);
    (void)state;
    hold();
    assert_non_null(dtt_portmap_held(&p));
    assert_int_equal(dtt_portmap_deadline(&p), now().mono_ns + DTT_PORTMAP_RENEW_NS);
    for (int i = 0; i < 20; i++) { /* for longer than it was granted */
        go(DTT_PORTMAP_RENEW_NS / DTT_MS);
        must_say(2, DTT_PCP_MAP_BYTES);
        pcp(0, &a, 7200);
        must_not_tell();
        assert_non_null(dtt_portmap_held(&p));
    }
    dtt_portmap_close(&p);
    assert_int_equal(said(packet), DTT_PCP_MAP_BYTES);
    assert_int_equal(dtt_get_be32(packet + 4), 0); /* the lifetime */
    dtt_portmap_close(&p);
    must_be_silent();
    assert_null(dtt_portmap_held(&p));
    want();
    go(1000000);
    must_be_silent();
}

/* A short life is renewed at its half, but not more than once a minute. */
static void lifetimes(void **state)
{
    struct dtt_addr a = outside(40003);
    (void)state;
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(0, &a, 400);
    assert_int_equal(p.due_ns, now().mono_ns + 200 * DTT_S);
    go(200000);
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(0, &a, 1);
    assert_int_equal(p.due_ns, now().mono_ns + DTT_PORTMAP_RENEW_MIN_NS);
    go(60000);
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(0, &a, UINT32_MAX);
    assert_int_equal(p.expires_ns, now().mono_ns + DTT_PORTMAP_LIFE_MAX_S * DTT_S);
}

static void asked_four_times(void **state)
{
    uint64_t sent[8];
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    size_t n = 0;
    uint64_t began = ms;
    (void)state;
    want();
    for (int i = 0; i < 700; i++) {
        if (said(packet) > 0) {
            assert_true(n < 4);
            sent[n++] = ms - began;
        }
        go(10);
    }
    assert_int_equal(n, 4);
    assert_int_equal(sent[0], 0);
    assert_int_equal(sent[1], 250);
    assert_int_equal(sent[2], 750);
    assert_int_equal(sent[3], 1750);
    told(DTT_PORTMAP_ABSENT);
    /* Then only after ten minutes; a change of the network is a reason to ask at once. */
    go(DTT_PORTMAP_REST_NS / DTT_MS - 10000);
    must_be_silent();
    dtt_portmap_moved(&p, now());
    must_say(2, DTT_PCP_MAP_BYTES);
    go(3000);
    go(DTT_PORTMAP_REST_NS / DTT_MS);
    must_say(2, DTT_PCP_MAP_BYTES);
    must_not_tell(); /* the same as before */
}

static void a_flapping_network_costs_little(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    size_t n = 0;
    (void)state;
    want();
    for (int i = 0; i < 6000; i++) { /* a minute */
        n += said(packet) > 0;
        dtt_portmap_moved(&p, now());
        go(10);
    }
    assert_in_range(n, 4, 60 / 5 * 4 + 4);
}

static void refused_is_told_with_its_reason(void **state)
{
    (void)state;
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(DTT_PCP_NOT_AUTHORIZED, &nowhere, 0);
    struct dtt_portmap_report r = told(DTT_PORTMAP_REFUSED);
    assert_int_equal(r.code, DTT_PCP_NOT_AUTHORIZED);
    assert_string_equal(dtt_portmap_reason(&r), "the router does not allow port mappings");
    assert_string_equal(dtt_portmap_way_word(r.way), "PCP");
    must_be_silent();
    assert_int_equal(p.state, DTT_PORTMAP_RESTING);
    r.code = 77;
    assert_string_equal(dtt_portmap_reason(&r), "the router answers with an error");
}

static void another_address_is_a_second_nat(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    struct dtt_addr others[] = {dtt_addr_v4(100, 64, 0, 2, 40003), dtt_addr_v4(81, 10, 1, 2, 9),
                                dtt_addr_v4(0, 0, 0, 0, 40003)};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(start(NULL), 0);
        want();
        must_say(2, DTT_PCP_MAP_BYTES);
        pcp(0, &others[i], 7200);
        others[i].port = 0;
        must_tell_addr(DTT_PORTMAP_SECOND_NAT, &others[i]);
        assert_null(dtt_portmap_held(&p));
        assert_int_equal(said(packet), DTT_PCP_MAP_BYTES);
        assert_int_equal(dtt_get_be32(packet + 4), 0); /* given back */
    }
}

/* The DHT sees us elsewhere: the router has another address now. */
static void a_new_address_is_asked_for_at_once(void **state)
{
    struct dtt_addr a;
    (void)state;
    hold();
    seen = dtt_addr_v4(81, 10, 7, 7, 0);
    a = outside(40003);
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(0, &a, 7200);
    must_tell_addr(DTT_PORTMAP_HELD, &a);
}

static void not_renewed_is_lost(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    size_t n = 0;
    (void)state;
    hold();
    while (dtt_portmap_held(&p) && ms < 1000000 + 7200000 + 1000) {
        go(100);
        n += said(packet) > 0;
    }
    assert_null(dtt_portmap_held(&p));
    assert_in_range(ms, 1000000 + 7200000 - 1000, 1000000 + 7200000 + 1000);
    assert_in_range(n, 4, 500); /* four packets a minute */
    told(DTT_PORTMAP_LOST);
    assert_int_equal(p.state, DTT_PORTMAP_ASKING);
}

static void refused_when_renewed(void **state)
{
    (void)state;
    hold();
    dtt_portmap_moved(&p, now());
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(DTT_PCP_NOT_AUTHORIZED, &nowhere, 0);
    told(DTT_PORTMAP_REFUSED);
    assert_null(dtt_portmap_held(&p));
}

static void another_router(void **state)
{
    (void)state;
    hold();
    gateway = dtt_addr_v4(10, 0, 0, 1, 0);
    client = dtt_addr_v4(10, 0, 0, 7, 40003);
    ms += 10000;
    dtt_portmap_set_place(&p, now(), &gateway, &client);
    assert_null(dtt_portmap_held(&p));
    told(DTT_PORTMAP_LOST);
    must_say(2, DTT_PCP_MAP_BYTES);
    dtt_portmap_set_place(&p, now(), &gateway, &client); /* no news */
    must_be_silent();
}

/* The last topic has been left. */
static void no_longer_wanted(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    (void)state;
    hold();
    dtt_portmap_want(&p, now(), false, &seen);
    assert_null(dtt_portmap_held(&p));
    assert_int_equal(said(packet), DTT_PCP_MAP_BYTES);
    assert_int_equal(dtt_get_be32(packet + 4), 0);
    must_not_tell();
    go(100000);
    must_be_silent();
}

static void a_restarted_router_is_noticed(void **state)
{
    struct dtt_addr a = outside(40003);
    (void)state;
    hold();
    go(DTT_PORTMAP_RENEW_NS / DTT_MS);
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(0, &a, 7200);
    assert_int_equal(ctx.counters[DTT_COUNTER_PORTMAP_ROUTER_RESTARTS], 0);
    go(DTT_PORTMAP_RENEW_NS / DTT_MS);
    must_say(2, DTT_PCP_MAP_BYTES);
    router_booted_ms = ms;
    pcp(0, &a, 7200);
    assert_int_equal(ctx.counters[DTT_COUNTER_PORTMAP_ROUTER_RESTARTS], 1);
    assert_non_null(dtt_portmap_held(&p));
}

/* ---- hostile */

static void others_are_not_heard(void **state)
{
    struct dtt_addr a = outside(40003);
    struct dtt_addr other = dtt_addr_v4(192, 168, 1, 2, DTT_PCP_PORT);
    struct dtt_addr port = gateway;
    uint8_t b[DTT_PCP_MAP_BYTES];
    struct dtt_pcp_map map = {.client = client, .external = a, .lifetime_s = 7200};
    (void)state;
    memcpy(map.nonce, nonce, sizeof(nonce));
    dtt_pcp_write_map(b, &map);
    b[1] |= 0x80;
    memset(b + 8, 0, 16);
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    assert_false(recv_from(&other, b, sizeof(b)));
    port.port = 5350;
    assert_false(recv_from(&port, b, sizeof(b)));
    assert_null(dtt_portmap_held(&p));
    b[24] ^= 1; /* the nonce */
    hear(b, sizeof(b));
    assert_null(dtt_portmap_held(&p));
    assert_int_equal(ctx.counters[DTT_COUNTER_PORTMAP_RX_DROPPED], 1);
    b[24] ^= 1;
    hear(b, sizeof(b));
    assert_non_null(dtt_portmap_held(&p));
    /* Nothing is asked any more: nothing is believed. */
    told(DTT_PORTMAP_HELD);
    pcp(DTT_PCP_NOT_AUTHORIZED, &nowhere, 0);
    pmp_version();
    pmp_map(40003, 1, 7200);
    assert_int_equal(ctx.counters[DTT_COUNTER_PORTMAP_RX_DROPPED], 4);
    must_not_tell();
}

/* ---- NAT-PMP */

static void nat_pmp_where_there_is_no_pcp(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    (void)state;
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    pmp_version();
    must_say(0, DTT_NATPMP_ADDRESS_BYTES);
    pmp_address(&seen);
    must_say(0, DTT_NATPMP_MAP_BYTES);
    pmp_map(40004, 7, 7200); /* another machine's */
    assert_null(dtt_portmap_held(&p));
    pmp_map(40003, 50000, 7200);
    struct dtt_portmap_report r = told(DTT_PORTMAP_HELD);
    assert_int_equal(r.way, DTT_PORTMAP_WAY_NATPMP);
    assert_int_equal(r.addr.port, 50000);
    /* The port that it gave is asked for again, and the address first. */
    go(DTT_PORTMAP_RENEW_NS / DTT_MS);
    must_say(0, DTT_NATPMP_ADDRESS_BYTES);
    pmp_address(&seen);
    assert_int_equal(said(packet), DTT_NATPMP_MAP_BYTES);
    assert_int_equal(dtt_get_be16(packet + 6), 50000);
    pmp_map(40003, 50000, 7200);
    must_not_tell();
    dtt_portmap_close(&p);
    assert_int_equal(said(packet), DTT_NATPMP_MAP_BYTES);
    assert_int_equal(dtt_get_be32(packet + 8), 0);
    assert_int_equal(dtt_get_be16(packet + 6), 0);
}

static void nat_pmp_sees_a_second_nat_first(void **state)
{
    struct dtt_addr other = dtt_addr_v4(10, 0, 0, 2, 0);
    (void)state;
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    pmp_version();
    must_say(0, DTT_NATPMP_ADDRESS_BYTES);
    pmp_address(&other);
    told(DTT_PORTMAP_SECOND_NAT);
    must_be_silent();
}

/* ICMP: there is no such service. */
static void unreachable_is_an_answer(void **state)
{
    struct dtt_addr router = gateway;
    (void)state;
    router.port = DTT_PCP_PORT;
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    dtt_portmap_unreachable(&p, now(), &client);
    must_not_tell();
    dtt_portmap_unreachable(&p, now(), &router);
    told(DTT_PORTMAP_ABSENT);
}

/* ---- UPnP */

static struct dtt_portmap_job job(bool is_unmap, uint32_t lifetime_s)
{
    struct dtt_portmap_job j;
    assert_true(dtt_portmap_next_job(&p, now(), &j));
    assert_int_equal(j.is_unmap, is_unmap);
    assert_int_equal(j.lifetime_s, lifetime_s);
    assert_false(dtt_portmap_next_job(&p, now(), &j)); /* one at a time */
    return j;
}

static void must_have_no_job(void)
{
    struct dtt_portmap_job j;
    assert_false(dtt_portmap_next_job(&p, now(), &j));
}

static void upnp_done(unsigned code, uint16_t port)
{
    struct dtt_portmap_done done = {.code = code, .external = outside(port)};
    dtt_portmap_upnp_done(&p, now(), &done);
}

static void want_upnp(void)
{
    dtt_portmap_set_upnp(&p, true);
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    must_have_no_job();
    go(250);
}

static void upnp_where_the_router_is_silent(void **state)
{
    (void)state;
    want_upnp();
    assert_int_equal(job(false, 7200).external_port, 40003);
    upnp_done(DTT_UPNP_OK, 40003);
    assert_int_equal(told(DTT_PORTMAP_HELD).way, DTT_PORTMAP_WAY_UPNP);
    go(3000);
    assert_int_equal(p.due_ns, p.expires_ns - 3600 * DTT_S); /* at half its life */
    go(3600000);
    job(false, 7200);
    upnp_done(DTT_UPNP_OK, 40003);
    must_not_tell();
    dtt_portmap_close(&p);
    assert_int_equal(job(true, 7200).external_port, 40003);
}

static void upnp_is_spared_by_an_answer(void **state)
{
    (void)state;
    dtt_portmap_set_upnp(&p, true);
    hold();
    go(1000);
    must_have_no_job();
}

static void upnp_routers_have_their_ways(void **state)
{
    (void)state;
    want_upnp();
    job(false, 7200);
    upnp_done(DTT_UPNP_ONLY_PERMANENT, 0);
    job(false, 0);
    upnp_done(DTT_UPNP_CONFLICT, 0);
    struct dtt_portmap_job j = job(false, 0);
    assert_int_not_equal(j.external_port, 40003);
    assert_true(j.external_port >= 1024);
    upnp_done(DTT_UPNP_OK, j.external_port);
    assert_int_equal(told(DTT_PORTMAP_HELD).addr.port, j.external_port);
    dtt_portmap_want(&p, now(), false, &seen); /* one for ever must be given back */
    assert_int_equal(job(true, 0).external_port, j.external_port);
    upnp_done(DTT_UPNP_OK, 0);
    must_have_no_job();
}

static void upnp_conflicts_end(void **state)
{
    (void)state;
    want_upnp();
    for (int i = 0; i < DTT_PORTMAP_UPNP_PORTS; i++) {
        job(false, 7200);
        upnp_done(DTT_UPNP_CONFLICT, 0);
    }
    must_have_no_job();
    go(3000);
    assert_int_equal(told(DTT_PORTMAP_REFUSED).code, DTT_UPNP_CONFLICT);
}

static void upnp_refusals_stop(void **state)
{
    static const unsigned codes[] = {DTT_UPNP_INVALID_ARGS, DTT_UPNP_ACTION_FAILED,
                                     DTT_UPNP_NOT_AUTHORIZED};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(start(NULL), 0);
        want_upnp();
        job(false, 7200);
        upnp_done(codes[i], 0);
        must_have_no_job();
        go(3000);
        assert_int_equal(told(DTT_PORTMAP_REFUSED).code, codes[i]);
    }
}

/* The router says no to PCP, and yes to UPnP. */
static void upnp_after_a_refusal(void **state)
{
    (void)state;
    dtt_portmap_set_upnp(&p, true);
    want();
    must_say(2, DTT_PCP_MAP_BYTES);
    pcp(DTT_PCP_NOT_AUTHORIZED, &nowhere, 0);
    must_not_tell();
    go(0);
    job(false, 7200);
    upnp_done(DTT_UPNP_OK, 40003);
    told(DTT_PORTMAP_HELD);
}

/* Both have been asked, and the datagram was faster: the other mapping is given back. */
static void upnp_comes_too_late(void **state)
{
    struct dtt_addr a = outside(40003);
    (void)state;
    want_upnp();
    job(false, 7200);
    pcp(0, &a, 7200);
    told(DTT_PORTMAP_HELD);
    upnp_done(DTT_UPNP_OK, 40005);
    assert_int_equal(job(true, 7200).external_port, 40005);
    assert_int_equal(dtt_portmap_held(&p)->addr.port, 40003);
}

/* A job that hangs is not waited for, and no other is given out. */
static void upnp_hangs(void **state)
{
    (void)state;
    want_upnp();
    job(false, 7200);
    go(3000);
    must_not_tell();
    go(DTT_PORTMAP_UPNP_PATIENCE_NS / DTT_MS);
    told(DTT_PORTMAP_ABSENT);
    go(DTT_PORTMAP_REST_NS / DTT_MS);
    go(250);
    must_have_no_job();
    must_say(2, DTT_PCP_MAP_BYTES);
    assert_true(dtt_portmap_deadline(&p) > now().mono_ns);
    upnp_done(DTT_UPNP_BROKEN, 0);
    go(3000);
    go(DTT_PORTMAP_REST_NS / DTT_MS);
    go(250);
    job(false, 7200);
}

static void upnp_of_a_second_nat(void **state)
{
    struct dtt_portmap_done done = {.external = dtt_addr_v4(100, 64, 0, 2, 40003)};
    (void)state;
    want_upnp();
    job(false, 7200);
    go(3000);
    dtt_portmap_upnp_done(&p, now(), &done);
    told(DTT_PORTMAP_SECOND_NAT);
    assert_null(dtt_portmap_held(&p));
    assert_int_equal(job(true, 7200).external_port, 40003);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_without_a_wish),
        TEST(held_renewed_given_back),
        TEST(lifetimes),
        TEST(asked_four_times),
        TEST(a_flapping_network_costs_little),
        TEST(refused_is_told_with_its_reason),
        TEST(another_address_is_a_second_nat),
        TEST(a_new_address_is_asked_for_at_once),
        TEST(not_renewed_is_lost),
        TEST(refused_when_renewed),
        TEST(another_router),
        TEST(no_longer_wanted),
        TEST(a_restarted_router_is_noticed),
        TEST(others_are_not_heard),
        TEST(nat_pmp_where_there_is_no_pcp),
        TEST(nat_pmp_sees_a_second_nat_first),
        TEST(unreachable_is_an_answer),
        TEST(upnp_where_the_router_is_silent),
        TEST(upnp_is_spared_by_an_answer),
        TEST(upnp_routers_have_their_ways),
        TEST(upnp_conflicts_end),
        TEST(upnp_refusals_stop),
        TEST(upnp_after_a_refusal),
        TEST(upnp_comes_too_late),
        TEST(upnp_hangs),
        TEST(upnp_of_a_second_nat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
