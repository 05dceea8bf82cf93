/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "lan/lan.h"

#include "lan/name.h"
#include "support/vectors.h"

#include <sodium.h>

#define MINUTE_NS (60 * DTT_S)
#define START_MINUTE 29000000
#define TOPIC 7

static const uint8_t topic[32] = {1};

struct host {
    struct dtt_ctx ctx;
    struct dtt_lan *lan;
    struct dtt_secret secret;
};

static struct dtt_now now;

/* Seconds after the start of the minute. */
static void set_time(double s)
{
    now.mono_ns = DTT_S + (uint64_t)(s * 1e9);
    now.wall_ns = (int64_t)(START_MINUTE * MINUTE_NS + (uint64_t)(s * 1e9));
}

static struct dtt_addr at(uint8_t number)
{
    return dtt_addr_v4(192, 168, 1, number, DTT_LAN_PORT);
}

static void start(struct host *h, uint8_t number)
{
    struct dtt_lan_link link = {.index = 3, .family = DTT_FAMILY_V4, .n_nets = 1};
    memset(h, 0, sizeof(*h));
    h->ctx.seed[0] = number;
    link.nets[0].addr = at(number);
    link.nets[0].addr.port = 0;
    link.nets[0].prefix_len = 24;
    dtt_secret_init(&h->secret, dtt_slice("secret", 6), NULL, NULL);
    assert_int_equal(dtt_lan_new(&h->lan, &h->ctx, now), DTT_OK);
    dtt_lan_set_links(h->lan, now, &link, 1);
    assert_int_equal(dtt_lan_join(h->lan, now, TOPIC, topic, &h->secret), DTT_OK);
}

static void stop(struct host *h)
{
    dtt_lan_free(h->lan);
}

/* The bytes that a host gives for its record. */
static struct dtt_slice record_of(const struct host *h)
{
    static uint8_t bytes[668];
    memset(bytes, h->ctx.seed[0], sizeof(bytes));
    return dtt_slice(bytes, sizeof(bytes));
}

/* Runs what is due, gives records that are wanted and takes a packet. */
static bool next_packet(struct host *h, struct dtt_lan_packet *ret)
{
    struct dtt_lan_event ev;
    dtt_lan_tick(h->lan, now);
    while (dtt_lan_next_event(h->lan, now, &ev)) {
        assert_int_equal(ev.type, DTT_LAN_WANT);
        dtt_lan_answer(h->lan, ev.number, ev.minute, record_of(h));
    }
    return dtt_lan_next_packet(h->lan, now, ret);
}

static unsigned count_packets(struct host *h)
{
    struct dtt_lan_packet p;
    unsigned n = 0;
    while (next_packet(h, &p)) {
        n++;
    }
    return n;
}

/* A question of another host of which only the name is known. */
static size_t write_question(uint8_t *buf, size_t cap, const struct host *h, uint64_t minute)
{
    const struct dtt_dns_header header = {.id = 9, .questions = 1};
    struct dtt_writer w = dtt_writer(buf, cap);
    struct dtt_dns_name name;
    uint8_t seed[32];
    assert_int_equal(dtt_secret_rotate(seed, &h->secret, topic, minute), DTT_OK);
    dtt_lan_name(&name, topic, minute, seed);
    dtt_dns_write_header(&w, &header);
    dtt_dns_write_question(&w, &name, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN);
    assert_false(w.failed);
    return w.len;
}

static size_t write_answer(uint8_t *buf, size_t cap, const struct host *h, struct dtt_slice value)
{
    const struct dtt_dns_header header = {.flags = DTT_DNS_FLAG_RESPONSE, .answers = 1};
    struct dtt_writer w = dtt_writer(buf, cap);
    struct dtt_dns_name name;
    uint8_t seed[32];
    assert_int_equal(dtt_secret_rotate(seed, &h->secret, topic, START_MINUTE), DTT_OK);
    dtt_lan_name(&name, topic, START_MINUTE, seed);
    dtt_dns_write_header(&w, &header);
    dtt_dns_write_name(&w, &name);
    dtt_dns_write_fields(&w, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN, 60, dtt_dns_text_len(value.len));
    dtt_dns_write_text(&w, value);
    return w.len;
}

static void recv_from(struct host *h, const struct dtt_addr *from, const uint8_t *data, size_t len)
{
    dtt_lan_recv(h->lan, now, 3, from, dtt_slice(data, len));
}

/* At once, after 1, 3 and 7 s, then within 2 s of each new minute. */
static void asks_at_its_pace(void **state)
{
    static const double due[] = {0, 1, 3, 7, 60, 120};
    struct host h;
    (void)state;
    set_time(0);
    start(&h, 1);
    for (size_t i = 0; i < sizeof(due) / sizeof(due[0]); i++) {
        uint64_t asked = h.ctx.counters[DTT_COUNTER_LAN_TX_QUESTIONS];
        if (due[i] > 0) {
            set_time(due[i] - 0.001);
            assert_int_equal(count_packets(&h), 0);
        }
        set_time(due[i] < 60 ? due[i] : due[i] + 2);
        assert_int_equal(count_packets(&h), 1);
        assert_int_equal(h.ctx.counters[DTT_COUNTER_LAN_TX_QUESTIONS], asked + 1);
    }
    stop(&h);
}

/* A question that is answered after a while; what was asked for is what comes. */
static void two_hosts_find_each_other(void **state)
{
    struct host ann, bob;
    struct dtt_lan_packet p;
    struct dtt_lan_event ev;
    const struct dtt_addr from_ann = at(1), from_bob = at(2);
    (void)state;
    set_time(0);
    start(&ann, 1);
    start(&bob, 2);
    assert_true(next_packet(&ann, &p));
    recv_from(&bob, &from_ann, p.data.data, p.data.len);
    assert_int_equal(count_packets(&bob), 1); /* its own question */
    uint64_t due_ns = dtt_lan_deadline(bob.lan);
    assert_in_range(due_ns, now.mono_ns + 20 * DTT_MS, now.mono_ns + 120 * DTT_MS);
    set_time(0.019);
    assert_int_equal(count_packets(&bob), 0);
    set_time(0.12);
    assert_true(next_packet(&bob, &p));
    assert_int_equal(p.index, 3);
    assert_int_equal(p.family, DTT_FAMILY_V4);
    recv_from(&ann, &from_bob, p.data.data, p.data.len);
    assert_true(dtt_lan_next_event(ann.lan, now, &ev));
    assert_int_equal(ev.type, DTT_LAN_VALUE);
    assert_int_equal(ev.number, TOPIC);
    assert_int_equal(ev.minute, START_MINUTE);
    assert_int_equal(ev.index, 3);
    assert_true(dtt_slice_eq(dtt_slice(ev.value, ev.value_len), record_of(&bob)));
    /* The same once more is nothing new. */
    recv_from(&ann, &from_bob, p.data.data, p.data.len);
    assert_false(dtt_lan_next_event(ann.lan, now, &ev));
    stop(&ann);
    stop(&bob);
}

/* What we send comes back to us: the question is not answered, the record is no news. */
static void echoes_are_nothing(void **state)
{
    struct host h;
    struct dtt_lan_packet p;
    struct dtt_lan_event ev;
    uint8_t buf[DTT_LAN_PACKET_MAX];
    const struct dtt_addr own = at(1), other = at(2);
    (void)state;
    set_time(0);
    start(&h, 1);
    assert_true(next_packet(&h, &p));
    memcpy(buf, p.data.data, p.data.len);
    recv_from(&h, &own, buf, p.data.len);
    set_time(0.2);
    assert_int_equal(count_packets(&h), 0);
    size_t len = write_question(buf, sizeof(buf), &h, START_MINUTE);
    recv_from(&h, &other, buf, len);
    set_time(0.4);
    assert_true(next_packet(&h, &p));
    memcpy(buf, p.data.data, p.data.len);
    recv_from(&h, &own, buf, p.data.len);
    assert_false(dtt_lan_next_event(h.lan, now, &ev));
    stop(&h);
}

/* Whatever is asked, and however often: four answers a second, and none to strangers. */
static void questions_cost_little(void **state)
{
    struct host h;
    uint8_t buf[DTT_LAN_PACKET_MAX];
    struct dtt_lan_packet p;
    const struct dtt_addr near = at(66);
    struct dtt_addr far = dtt_addr_v4(192, 168, 2, 66, DTT_LAN_PORT);
    struct dtt_addr wrong_port = at(66);
    wrong_port.port = 5354;
    (void)state;
    set_time(10);
    start(&h, 1);
    assert_int_equal(count_packets(&h), 1);
    size_t len = write_question(buf, sizeof(buf), &h, START_MINUTE);
    for (unsigned ms = 0; ms < 10000; ms += 5) {
        set_time(20 + ms / 1000.0);
        recv_from(&h, &near, buf, len);
        while (next_packet(&h, &p)) {
        }
    }
    uint64_t answers = h.ctx.counters[DTT_COUNTER_LAN_TX_ANSWERS];
    assert_in_range(answers, 38, 44);
    set_time(40);
    while (next_packet(&h, &p)) {
    }
    answers = h.ctx.counters[DTT_COUNTER_LAN_TX_ANSWERS];
    recv_from(&h, &far, buf, len);
    recv_from(&h, &wrong_port, buf, len);
    dtt_lan_recv(h.lan, now, 4, &near, dtt_slice(buf, len)); /* no such link */
    assert_int_equal(h.ctx.counters[DTT_COUNTER_LAN_RX_FOREIGN], 3);
    len = write_question(buf, sizeof(buf), &h, START_MINUTE + 3);
    recv_from(&h, &near, buf, len);
    set_time(41);
    while (next_packet(&h, &p)) {
    }
    assert_int_equal(h.ctx.counters[DTT_COUNTER_LAN_TX_ANSWERS], answers);
    stop(&h);
}

/* The clocks of two members may differ by two minutes. */
static void neighbouring_minutes_are_answered(void **state)
{
    (void)state;
    for (int off = -2; off <= 2; off++) {
        struct host h;
        struct dtt_lan_packet p;
        uint8_t buf[DTT_LAN_PACKET_MAX];
        const struct dtt_addr from = at(2);
        set_time(10);
        start(&h, 1);
        assert_int_equal(count_packets(&h), 1);
        size_t len = write_question(buf, sizeof(buf), &h, (uint64_t)(START_MINUTE + off));
        recv_from(&h, &from, buf, len);
        set_time(10.2);
        assert_true(next_packet(&h, &p));
        assert_int_equal(h.ctx.counters[DTT_COUNTER_LAN_TX_ANSWERS], 1);
        stop(&h);
    }
}

/* In a crowd not everybody answers. */
static void enough_answers_are_enough(void **state)
{
    struct host h;
    struct dtt_lan_packet p;
    uint8_t buf[DTT_LAN_PACKET_MAX];
    const struct dtt_addr from = at(2);
    (void)state;
    set_time(10);
    start(&h, 1);
    assert_int_equal(count_packets(&h), 1);
    recv_from(&h, &from, buf, write_question(buf, sizeof(buf), &h, START_MINUTE));
    for (int i = 0; i < DTT_LAN_ENOUGH; i++) {
        dtt_lan_verified(h.lan, TOPIC, START_MINUTE, 3, DTT_FAMILY_V4);
    }
    set_time(10.5);
    assert_false(next_packet(&h, &p));
    assert_int_equal(h.ctx.counters[DTT_COUNTER_LAN_ANSWERS_SPARED], 1);
    stop(&h);
}

/* Forged answers are counted, and those of others still come through. */
static void forged_answers_are_bounded(void **state)
{
    struct host h;
    struct dtt_lan_event ev;
    uint8_t buf[DTT_LAN_PACKET_MAX];
    uint8_t value[600] = {0};
    const struct dtt_addr bad = at(66), good = at(2);
    unsigned n = 0;
    (void)state;
    set_time(10);
    start(&h, 1);
    for (unsigned i = 0; i < 1000; i++) {
        memcpy(value, &i, sizeof(i));
        recv_from(&h, &bad, buf, write_answer(buf, sizeof(buf), &h, dtt_slice(value, 600)));
    }
    memset(value, 0xee, sizeof(value));
    recv_from(&h, &good, buf, write_answer(buf, sizeof(buf), &h, dtt_slice(value, 600)));
    while (dtt_lan_next_event(h.lan, now, &ev)) {
        n++;
    }
    assert_in_range(n, 2, 64);
    assert_int_equal(ev.value[0], 0xee);
    assert_int_equal(h.ctx.counters[DTT_COUNTER_LAN_VALUES_SKIPPED], 1001 - n);
    stop(&h);
}

static void malformed_packets_are_counted(void **state)
{
    struct host h;
    struct dtt_lan_event ev;
    uint8_t buf[2000] = {0};
    const struct dtt_addr from = at(2);
    (void)state;
    set_time(10);
    start(&h, 1);
    size_t len = write_answer(buf, sizeof(buf), &h, dtt_slice("x", 1));
    for (size_t n = 0; n < len; n++) {
        uint64_t before = h.ctx.counters[DTT_COUNTER_LAN_RX_MALFORMED];
        recv_from(&h, &from, buf, n);
        assert_int_equal(h.ctx.counters[DTT_COUNTER_LAN_RX_MALFORMED], before + 1);
    }
    assert_false(dtt_lan_next_event(h.lan, now, &ev));
    uint64_t before = h.ctx.counters[DTT_COUNTER_LAN_RX_MALFORMED];
    recv_from(&h, &from, buf, DTT_LAN_PACKET_MAX + 1);
    assert_int_equal(h.ctx.counters[DTT_COUNTER_LAN_RX_MALFORMED], before + 1);
    stop(&h);
}

/* Another network: it is asked at once, and what was to be sent into the old one is not. */
static void new_links_are_asked(void **state)
{
    struct host h;
    struct dtt_lan_packet p;
    struct dtt_lan_link links[2] = {{.index = 3, .family = DTT_FAMILY_V4, .n_nets = 1},
                                    {.index = 5, .family = DTT_FAMILY_V6, .n_nets = 1}};
    (void)state;
    set_time(10);
    start(&h, 1);
    assert_int_equal(count_packets(&h), 1);
    set_time(30);
    assert_int_equal(count_packets(&h), 1);
    links[0].nets[0].addr = dtt_addr_v4(10, 0, 0, 1, 0);
    links[0].nets[0].prefix_len = 8;
    dtt_lan_set_links(h.lan, now, links, 2);
    assert_true(next_packet(&h, &p));
    assert_int_equal(p.index, 3);
    assert_true(next_packet(&h, &p));
    assert_int_equal(p.index, 5);
    assert_int_equal(p.family, DTT_FAMILY_V6);
    assert_false(next_packet(&h, &p));
    dtt_lan_set_links(h.lan, now, links, 2);
    assert_false(next_packet(&h, &p));
    dtt_lan_set_links(h.lan, now, NULL, 0);
    set_time(31);
    assert_false(next_packet(&h, &p));
    assert_int_equal(dtt_lan_deadline(h.lan), DTT_NEVER);
    dtt_lan_leave(h.lan, TOPIC);
    stop(&h);
}

/* The one that we have names no address of ours there. */
static void new_links_mean_a_new_record(void **state)
{
    struct host h;
    struct dtt_lan_event ev;
    struct dtt_lan_link link = {.index = 4, .family = DTT_FAMILY_V4, .n_nets = 1};
    uint8_t buf[DTT_LAN_PACKET_MAX];
    const struct dtt_addr from = at(2), there = dtt_addr_v4(10, 0, 0, 2, DTT_LAN_PORT);
    (void)state;
    set_time(10);
    start(&h, 1);
    size_t len = write_question(buf, sizeof(buf), &h, START_MINUTE);
    recv_from(&h, &from, buf, len);
    assert_int_equal(count_packets(&h), 1);
    set_time(10.2);
    assert_int_equal(count_packets(&h), 1);
    link.nets[0].addr = dtt_addr_v4(10, 0, 0, 1, 0);
    link.nets[0].prefix_len = 8;
    dtt_lan_set_links(h.lan, now, &link, 1);
    dtt_lan_recv(h.lan, now, 4, &there, dtt_slice(buf, len));
    set_time(10.4);
    dtt_lan_tick(h.lan, now);
    assert_true(dtt_lan_next_event(h.lan, now, &ev));
    assert_int_equal(ev.type, DTT_LAN_WANT);
    stop(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_at_its_pace),
        cmocka_unit_test(two_hosts_find_each_other),
        cmocka_unit_test(echoes_are_nothing),
        cmocka_unit_test(questions_cost_little),
        cmocka_unit_test(neighbouring_minutes_are_answered),
        cmocka_unit_test(enough_answers_are_enough),
        cmocka_unit_test(forged_answers_are_bounded),
        cmocka_unit_test(malformed_packets_are_counted),
        cmocka_unit_test(new_links_are_asked),
        cmocka_unit_test(new_links_mean_a_new_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
