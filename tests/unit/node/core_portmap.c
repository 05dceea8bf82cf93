/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* When a node asks its router and what becomes of the answer; what it knows of the router without.
 * Votes are put in by hand. */
#include "node/core_portmap.h"

#include "dht/inside.h"
#include "node/core_topic.h"
#include "node/inside.h"
#include "party.h"

static struct dtt_ctx ctx;
static struct dtt_core *c;
static struct dtt_topic *topic;
static struct dtt_addr gateway, client;
static uint64_t ms;

static struct dtt_now now(void)
{
    return (struct dtt_now){.mono_ns = ms * DTT_MS,
                            .wall_ns = INT64_C(1750000000) * 1000000000 + (int64_t)(ms * DTT_MS)};
}

static void open_core(enum dtt_core_portmap portmap, bool dht_only)
{
    struct dtt_core_config cfg = {.ctx = &ctx,
                                  .node_seed = {1},
                                  .portmap = portmap,
                                  .dht_only = dht_only,
                                  .bound = {{.family = DTT_FAMILY_V4, .port = 40003}}};
    ctx = (struct dtt_ctx){0};
    ms = 1000000;
    gateway = dtt_addr_v4(192, 168, 1, 1, 0);
    client = dtt_addr_v4(192, 168, 1, 10, 40003);
    topic = NULL;
    assert_int_equal(dtt_core_new(&c, &cfg, now()), DTT_OK);
    dtt_core_set_local_addrs(c, now(), &client, 1);
    dtt_core_set_gateway(c, now(), &gateway, &client);
}

static void join(void)
{
    struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = "room", .secret = "secret", .secret_len = 6};
    assert_int_equal(dtt_core_topic_join(c, now(), &cfg, NULL, &topic), DTT_OK);
}

/* Three networks see us there, each at a port of its own. */
static void vote(const struct dtt_addr *seen)
{
    for (uint8_t i = 0; i < 3; i++) {
        struct dtt_addr voter = dtt_addr_v4(50, i, 1, 1, 6881);
        struct dtt_addr addr = *seen;
        addr.port = (uint16_t)(1000 + i);
        dtt_votes_add(&c->dht->votes[0], now(), &voter, &addr, ms * DTT_MS);
    }
}

static struct dtt_addr router_addr(void)
{
    struct dtt_addr a = gateway;
    a.port = DTT_PCP_PORT;
    return a;
}

/* The datagrams to the router within a time; the last one. */
static size_t asked(uint64_t for_ms, uint8_t last[DTT_PORTMAP_PACKET_MAX])
{
    struct dtt_core_packet packet;
    struct dtt_addr router = router_addr();
    size_t n = 0;
    for (uint64_t end = ms + for_ms; ms <= end; ms += 10) {
        dtt_core_run(c, now());
        while (dtt_core_next_packet(c, now(), &packet)) {
            if (dtt_addr_eq(&packet.remote, &router)) {
                assert_true(dtt_addr_eq(&packet.local, &client));
                assert_true(packet.data.len <= DTT_PORTMAP_PACKET_MAX);
                memcpy(last, packet.data.data, packet.data.len);
                n++;
            }
        }
    }
    return n;
}

/* The router grants what was asked for last. */
static void grant(const uint8_t request[DTT_PORTMAP_PACKET_MAX], const struct dtt_addr *external)
{
    uint8_t b[DTT_PCP_MAP_BYTES];
    struct dtt_addr router = router_addr();
    memcpy(b, request, sizeof(b));
    b[1] |= 0x80;
    memset(b + 8, 0, 16);
    dtt_put_be16(b + 42, external->port);
    memcpy(b + 56, external->ip, 4);
    dtt_core_recv(c, now(), &client, &router, 0, dtt_slice(b, sizeof(b)));
    dtt_core_run(c, now());
}

/* What is told of the mapping; the other events are passed over. */
static int told(struct dtt_addr *ret)
{
    const struct dtt_event *ev;
    while ((ev = dtt_events_next(dtt_core_events(c))) != NULL) {
        if (ev->type == DTT_EVENT_PORT_MAPPING) {
            *ret = ev->u.port_mapping.addr;
            return ev->u.port_mapping.status;
        }
    }
    return 0;
}

static void a_node_behind_a_router(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    struct dtt_addr seen = dtt_addr_v4(81, 10, 1, 1, 40003), addr, addrs[DTT_CORE_ADDRS];
    (void)state;
    open_core(DTT_CORE_PORTMAP_TOPICS, false);
    vote(&seen);
    assert_int_equal(asked(2000, packet), 0); /* there is no topic */
    join();
    assert_int_equal(asked(10, packet), 1);
    grant(packet, &seen);
    assert_int_equal(told(&addr), DTT_PORT_MAPPING_HELD);
    assert_true(dtt_addr_eq(&addr, &seen));
    assert_true(dtt_self_addrs(&c->self, addrs) >= 2);
    assert_true(dtt_addr_eq(&addrs[0], &seen));
    assert_int_equal(c->reach.kind, DTT_REACH_OPEN);
    dtt_core_topic_leave(topic, now());
    assert_int_equal(asked(10, packet), 1);
    assert_int_equal(dtt_get_be32(packet + 4), 0); /* given back */
    assert_int_equal(dtt_self_addrs(&c->self, addrs), 1);
    dtt_core_free(c);
}

/* The first record waits for an address; where there is none it waits for nothing. */
static void how_the_router_maps_is_known_at_once(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    struct dtt_addr seen = dtt_addr_v4(81, 10, 1, 1, 0), other = seen;
    struct dtt_addr voter = dtt_addr_v4(50, 60, 1, 1, 6881);
    (void)state;
    open_core(DTT_CORE_PORTMAP_OFF, false);
    join();
    asked(300, packet);
    assert_int_equal(c->reach.kind, DTT_REACH_UNKNOWN);
    vote(&seen);
    other.port = 5000;
    dtt_votes_add(&c->dht->votes[0], now(), &voter, &other, ms * DTT_MS);
    asked(DTT_CORE_UNKNOWN_NS / DTT_MS, packet);
    assert_int_equal(c->reach.kind, DTT_REACH_VARY);
    dtt_core_free(c);
}

static void a_second_after_the_start(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    struct dtt_addr seen = dtt_addr_v4(81, 10, 1, 1, 0);
    (void)state;
    open_core(DTT_CORE_PORTMAP_TOPICS, false);
    join();
    vote(&seen);
    assert_int_equal(asked(980, packet), 0);
    assert_true(dtt_core_deadline(c) <= 1001000 * DTT_MS);
    assert_int_equal(asked(20, packet), 1);
    dtt_core_free(c);
}

static void nobody_is_asked(void **state)
{
    static const struct {
        enum dtt_core_portmap portmap;
        bool dht_only;
        uint8_t seen[4];
    } rows[] = {
        {DTT_CORE_PORTMAP_OFF, false, {81, 10, 1, 1}},
        {DTT_CORE_PORTMAP_TOPICS, true, {81, 10, 1, 1}},
        {DTT_CORE_PORTMAP_TOPICS, false, {192, 168, 7, 7}},  /* a DHT of the house */
        {DTT_CORE_PORTMAP_TOPICS, false, {100, 64, 1, 1}},   /* the same of a carrier */
        {DTT_CORE_PORTMAP_TOPICS, false, {192, 168, 1, 10}}, /* our own */
        {DTT_CORE_PORTMAP_TOPICS, false, {0, 0, 0, 0}},      /* unknown */
    };
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint8_t *ip = rows[i].seen;
        struct dtt_addr seen = dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], 0);
        open_core(rows[i].portmap, rows[i].dht_only);
        if (!rows[i].dht_only) {
            join();
        }
        vote(&seen);
        assert_int_equal(asked(3000, packet), 0);
        dtt_core_free(c);
    }
    /* A host whose interface has the global address. */
    struct dtt_addr own = dtt_addr_v4(81, 10, 1, 1, 40003);
    open_core(DTT_CORE_PORTMAP_TOPICS, false);
    dtt_core_set_local_addrs(c, now(), &own, 1);
    join();
    vote(&own);
    assert_int_equal(asked(3000, packet), 0);
    dtt_core_free(c);
}

static void on_request_without_topics(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    struct dtt_addr seen = dtt_addr_v4(81, 10, 1, 1, 40003), addr;
    (void)state;
    open_core(DTT_CORE_PORTMAP_ALWAYS, true);
    vote(&seen);
    assert_int_equal(asked(1010, packet), 1);
    grant(packet, &seen);
    assert_int_equal(told(&addr), DTT_PORT_MAPPING_HELD);
    dtt_core_shutdown(c, now());
    assert_int_equal(asked(10, packet), 1);
    assert_int_equal(dtt_get_be32(packet + 4), 0);
    dtt_core_free(c);
}

static void another_nat_is_told_and_not_published(void **state)
{
    uint8_t packet[DTT_PORTMAP_PACKET_MAX];
    struct dtt_addr seen = dtt_addr_v4(81, 10, 1, 1, 0), router = dtt_addr_v4(100, 64, 0, 2, 40003);
    struct dtt_addr addr, addrs[DTT_CORE_ADDRS];
    (void)state;
    open_core(DTT_CORE_PORTMAP_TOPICS, false);
    join();
    vote(&seen);
    assert_int_equal(asked(1010, packet), 1);
    grant(packet, &router);
    assert_int_equal(told(&addr), DTT_PORT_MAPPING_SECOND_NAT);
    assert_memory_equal(addr.ip, router.ip, 4);
    assert_false(dtt_addr_is_in(addrs, dtt_self_addrs(&c->self, addrs), &router));
    dtt_core_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_behind_a_router),
        cmocka_unit_test(how_the_router_maps_is_known_at_once),
        cmocka_unit_test(a_second_after_the_start),
        cmocka_unit_test(nobody_is_asked),
        cmocka_unit_test(on_request_without_topics),
        cmocka_unit_test(another_nat_is_told_and_not_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
