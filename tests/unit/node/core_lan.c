/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole nodes on one link, in virtual time, with no DHT at all. */
#include "node/core_lan.h"

#include "codec/dns.h"
#include "node/core_topic.h"
#include "node/inside.h"
#include "support/vectors.h"

#define HOSTS_MAX 4
#define LINK 3
#define PORT 7000

struct host {
    struct dtt_ctx ctx;
    struct dtt_core *core;
    struct dtt_topic *topic;
    struct dtt_addr addr;
    int64_t ahead_ns; /* its clock */
    unsigned n_found;
    struct dtt_event_lan found;
    bool is_joined;
    uint64_t joined_ms;
};

static struct {
    struct dtt_now now;
    size_t n;
    struct host hosts[HOSTS_MAX];
    bool is_lan_iroh; /* hosts added from now on */
} net;

static void begin(void)
{
    memset(&net, 0, sizeof(net));
    net.now.mono_ns = DTT_S;
    net.now.wall_ns = (int64_t)(29000000 * 60 * DTT_S + 20 * DTT_S);
}

static void end(void)
{
    for (size_t i = 0; i < net.n; i++) {
        dtt_core_free(net.hosts[i].core);
    }
}

static struct dtt_addr link_local(uint8_t number, uint32_t zone)
{
    const uint8_t ip[16] = {0xfe, 0x80, [15] = number};
    return dtt_addr_v6_zone(ip, 0, zone);
}

static struct dtt_now now_of(const struct host *h)
{
    struct dtt_now now = net.now;
    now.wall_ns += h->ahead_ns;
    return now;
}

/* `has_v4`: it has 192.168.1.N, and 169.254.1.N; else only an address of the link. */
static struct host *add_with_clock(const char *secret, bool has_v4, int64_t ahead_ns)
{
    struct host *h = &net.hosts[net.n++];
    h->ahead_ns = ahead_ns;
    const uint8_t number = (uint8_t)net.n;
    struct dtt_core_config cfg = {.ctx = &h->ctx, .has_lan = true, .is_lan_iroh = net.is_lan_iroh};
    struct dtt_topic_config topic = {
        .size = sizeof(topic), .name = "lan party", .secret = secret, .secret_len = strlen(secret)};
    struct dtt_lan_link link = {.index = LINK, .n_nets = 1};
    if (has_v4) {
        h->addr = dtt_addr_v4(192, 168, 1, number, PORT);
        link.nets[0].prefix_len = 24;
        link.nets[1].addr = dtt_addr_v4(169, 254, 1, number, 0);
        link.nets[1].prefix_len = 16;
        link.n_nets = 2;
    } else {
        h->addr = link_local(number, LINK);
        h->addr.port = PORT;
        link.nets[0].prefix_len = 64;
    }
    link.family = h->addr.family;
    link.nets[0].addr = h->addr;
    link.nets[0].addr.port = 0;
    cfg.bound[0] = (struct dtt_addr){.family = h->addr.family, .port = PORT};
    h->ctx.seed[0] = cfg.node_seed[0] = number;
    assert_int_equal(dtt_core_new(&h->core, &cfg, now_of(h)), DTT_OK);
    dtt_core_set_local_addrs(h->core, now_of(h), &h->addr, has_v4);
    dtt_core_lan_set_links(h->core, now_of(h), &link, 1);
    assert_int_equal(dtt_core_topic_join(h->core, now_of(h), &topic, NULL, &h->topic), DTT_OK);
    return h;
}

static struct host *add(const char *secret, bool has_v4)
{
    return add_with_clock(secret, has_v4, 0);
}

static struct host *find(const struct dtt_addr *addr)
{
    for (size_t i = 0; i < net.n; i++) {
        if (dtt_addr_eq(&net.hosts[i].addr, addr)) {
            return &net.hosts[i];
        }
    }
    return NULL;
}

/* All hosts hear what one sends, itself too. */
static void send_to_all(struct host *h)
{
    struct dtt_lan_packet p;
    struct dtt_addr from = h->addr;
    uint8_t copy[DTT_LAN_PACKET_MAX];
    from.port = DTT_LAN_PORT;
    while (dtt_core_lan_next_packet(h->core, now_of(h), &p)) {
        size_t len = p.data.len;
        assert_int_equal(p.index, LINK);
        memcpy(copy, p.data.data, len);
        for (size_t i = 0; i < net.n; i++) {
            dtt_core_lan_recv(net.hosts[i].core, now_of(&net.hosts[i]), LINK, &from,
                              dtt_slice(copy, len));
        }
    }
}

static void run_host(struct host *h)
{
    struct dtt_core_packet p;
    const struct dtt_event *ev;
    dtt_core_run(h->core, now_of(h));
    send_to_all(h);
    while (dtt_core_next_packet(h->core, now_of(h), &p)) {
        struct host *to = find(&p.remote);
        for (size_t at = 0; to && at < p.data.len;) {
            size_t n = p.segment && p.data.len - at > p.segment ? p.segment : p.data.len - at;
            dtt_core_recv(to->core, now_of(to), &to->addr, &h->addr, p.ecn,
                          dtt_slice(p.data.data + at, n));
            at += n;
        }
    }
    while ((ev = dtt_events_next(dtt_core_events(h->core))) != NULL) {
        if (ev->type == DTT_EVENT_LAN) {
            h->n_found++;
            h->found = ev->u.lan;
        } else if (ev->type == DTT_EVENT_JOINED) {
            h->is_joined = true;
            h->joined_ms = ev->u.joined.elapsed_ms;
        }
    }
}

static void run(uint64_t ns)
{
    for (uint64_t t = 0; t < ns; t += DTT_MS) {
        for (size_t i = 0; i < net.n; i++) {
            run_host(&net.hosts[i]);
        }
        net.now.mono_ns += DTT_MS;
        net.now.wall_ns += (int64_t)DTT_MS;
    }
}

static void two_meet(bool has_v4)
{
    begin();
    struct host *ann = add("secret", has_v4);
    run(10 * DTT_S);
    assert_false(ann->is_joined);
    struct host *bob = add("secret", has_v4);
    run(2 * DTT_S);
    assert_true(ann->is_joined);
    assert_true(bob->is_joined);
    assert_in_range(bob->joined_ms, 0, 1000);
    assert_int_equal(bob->n_found, 1);
    assert_memory_equal(&bob->found.peer, dtt_core_id(ann->core), sizeof(struct dtt_id));
    run(130 * DTT_S); /* two more minutes, with their records, are no news */
    assert_int_equal(bob->n_found, 1);
    assert_true(ann->n_found <= 1);
    end();
}

static void two_hosts_meet_without_a_dht(void **state)
{
    (void)state;
    two_meet(true);
}

static void addresses_of_the_link_are_enough(void **state)
{
    (void)state;
    two_meet(false);
}

/* As those of machines do that cannot ask for the time. */
static void clocks_that_differ_by_two_minutes_do_not_matter(void **state)
{
    (void)state;
    begin();
    struct host *ann = add_with_clock("secret", true, -60 * (int64_t)DTT_S);
    run(10 * DTT_S);
    struct host *bob = add_with_clock("secret", true, 60 * (int64_t)DTT_S);
    run(2 * DTT_S);
    assert_true(ann->is_joined && bob->is_joined);
    end();
}

static void another_secret_is_another_name(void **state)
{
    (void)state;
    begin();
    struct host *ann = add("secret", true);
    struct host *bob = add("another", true);
    run(10 * DTT_S);
    assert_false(ann->is_joined || bob->is_joined);
    assert_int_equal(ann->ctx.counters[DTT_COUNTER_LAN_QUESTIONS], 0);
    end();
}

/* Records of the local network alone do not keep ours out of the DHT, and are said to be such. */
static void they_are_told_from_those_of_the_dht(void **state)
{
    struct dtt_why why = {.size = sizeof(why)};
    (void)state;
    begin();
    struct host *ann = add("secret", true);
    add("secret", true);
    add("secret", true);
    run(3 * DTT_S);
    dtt_core_topic_why(ann->topic, net.now, &why);
    assert_in_range(why.records_seen, 1, 2);
    assert_int_equal(why.records_lan, why.records_seen);
    assert_int_equal(ann->ctx.counters[DTT_COUNTER_TRACKER_RECORDS_CAPPED], 0);
    end();
}

/* Garbage under the right name is counted, and nobody is told that the secret differs. */
static void forged_answers_are_refused(void **state)
{
    uint8_t garbage[604] = {0};
    struct dtt_why why = {.size = sizeof(why)};
    struct dtt_lan_packet p;
    (void)state;
    begin();
    struct host *ann = add("secret", true);
    dtt_core_run(ann->core, net.now);
    assert_true(dtt_core_lan_next_packet(ann->core, net.now, &p));
    struct dtt_dns_message m;
    struct dtt_dns_entry e;
    uint8_t buf[DTT_LAN_PACKET_MAX];
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    const struct dtt_dns_header header = {.flags = DTT_DNS_FLAG_RESPONSE, .answers = 1};
    const struct dtt_addr from = dtt_addr_v4(192, 168, 1, 66, DTT_LAN_PORT);
    assert_true(dtt_dns_open(&m, p.data) && dtt_dns_next(&m, &e));
    dtt_dns_write_header(&w, &header);
    dtt_dns_write_name(&w, &e.name);
    dtt_dns_write_fields(&w, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN, 60, dtt_dns_text_len(604));
    dtt_dns_write_text(&w, dtt_slice(garbage, sizeof(garbage)));
    dtt_core_lan_recv(ann->core, net.now, LINK, &from, dtt_slice(buf, w.len));
    dtt_core_run(ann->core, net.now);
    assert_int_equal(ann->ctx.counters[DTT_COUNTER_LAN_VALUES_REFUSED], 1);
    assert_int_equal(ann->ctx.counters[DTT_COUNTER_LAN_FOUND], 0);
    dtt_core_topic_why(ann->topic, net.now, &why);
    assert_int_equal(why.records_refused, 0);
    end();
}

/* `bob` knows where `ann` has been; whether the network tells him where she is now. */
static bool finds_who_has_moved(bool is_lan_iroh)
{
    struct dtt_peer_addr peer = {.size = sizeof(peer)};
    begin();
    struct host *ann, *bob;
    net.is_lan_iroh = true;
    ann = add("secret", true);
    net.is_lan_iroh = is_lan_iroh;
    bob = add("another", true);
    peer.id = *dtt_core_id(ann->core);
    peer.addr = dtt_addr_v4(192, 168, 1, 66, PORT);
    run(DTT_S);
    dtt_core_topic_add_peer(bob->topic, net.now, &peer);
    run(8 * DTT_S);
    assert_int_equal(ann->n_found + bob->n_found, 0); /* their secrets differ */
    assert_true((bob->ctx.counters[DTT_COUNTER_LAN_IROH_HEARD] > 0) == is_lan_iroh);
    bool is_found = bob->is_joined;
    end();
    return is_found;
}

static void irohs_service_says_where_somebody_is(void **state)
{
    (void)state;
    assert_true(finds_who_has_moved(true));
    assert_false(finds_who_has_moved(false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hosts_meet_without_a_dht),
        cmocka_unit_test(addresses_of_the_link_are_enough),
        cmocka_unit_test(clocks_that_differ_by_two_minutes_do_not_matter),
        cmocka_unit_test(another_secret_is_another_name),
        cmocka_unit_test(they_are_told_from_those_of_the_dht),
        cmocka_unit_test(forged_answers_are_refused),
        cmocka_unit_test(irohs_service_says_where_somebody_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
