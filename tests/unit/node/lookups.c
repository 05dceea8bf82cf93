/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Servers are asked where a peer is, and what becomes of their answers. */
#include "node/lookups.h"

#include "crypto/ed25519.h"
#include "node/inside.h"
#include "support/vectors.h"

#include <stdio.h>

#define WALL_US INT64_C(1750000000000000)
#define UNKNOWN "HTTP/1.1 404 Not Found\r\n\r\n"

static const uint8_t peer_seed[32] = {2};
static const char *const urls[] = {"http://one.test", "http://two.test"};
static const char *const origins[] = {"dns.test"};

static struct dtt_ctx ctx;
static struct dtt_core *c;
static struct dtt_id peer;
static struct dtt_addr near, far;
static uint64_t ms;

static struct dtt_now now(void)
{
    return (struct dtt_now){.mono_ns = ms * DTT_MS, .wall_ns = (WALL_US + (int64_t)ms) * 1000};
}

static void open_core(bool is_addrs_public)
{
    const struct dtt_core_config cfg = {.ctx = &ctx,
                                        .node_seed = {1},
                                        .pkarr = urls,
                                        .n_pkarr = 2,
                                        .dns_origins = origins,
                                        .n_dns_origins = 1,
                                        .is_addrs_public = is_addrs_public,
                                        .bound = {{.family = DTT_FAMILY_V4, .port = 40003}}};
    ctx = (struct dtt_ctx){0};
    ms = 1000000;
    near = dtt_addr_v4(8, 8, 8, 8, 4000);
    far = dtt_addr_v4(9, 9, 9, 9, 4000);
    dtt_ed25519_public_key(peer.bytes, peer_seed);
    assert_int_equal(dtt_core_new(&c, &cfg, now()), DTT_OK);
}

static void close_core(void)
{
    dtt_core_free(c);
}

/* Both requests for the peer's packet. */
static void take_requests(uint32_t ret[2])
{
    const struct dtt_url *url;
    for (int i = 0; i < 2; i++) {
        assert_true(dtt_lookups_next_request(c, &ret[i], &url));
        assert_string_equal(url->host, i == 0 ? "one.test" : "two.test");
        assert_memory_equal(dtt_lookups_request(c, ret[i]).data, "GET /", 5);
    }
    assert_false(dtt_lookups_next_request(c, &ret[0], &url));
}

static void answer_bytes(uint32_t number, struct dtt_slice bytes)
{
    dtt_lookups_recv(c, now(), number, bytes);
    while (dtt_lookups_route(c, now())) {
    }
}

static void answer(uint32_t number, const char *text)
{
    answer_bytes(number, dtt_slice(text, strlen(text)));
}

static void answer_packet(uint32_t number, int64_t time_us, const struct dtt_addr *addr)
{
    uint8_t packet[DTT_PKARR_PACKET_MAX], body[DTT_PKARR_SIGNED_MAX];
    char head[64];
    struct dtt_writer w = dtt_writer(packet, sizeof(packet));
    struct dtt_writer signed_w = dtt_writer(body, sizeof(body));
    dtt_pkarr_write(&w, &peer, "", addr, 1);
    dtt_pkarr_signed_write(
        &signed_w, peer_seed,
        &(struct dtt_pkarr_signed){.time_us = time_us, .packet = dtt_slice(packet, w.len)});
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", signed_w.len);
    answer(number, head);
    answer_bytes(number, dtt_slice(body, signed_w.len));
}

/* A name server's answer is a packet whose name is that of a domain. */
static void answer_text(uint32_t number, const struct dtt_addr *addr)
{
    uint8_t buf[512];
    char name[DTT_PKARR_NAME_MAX], text[DTT_ADDR_TEXT_MAX + 8] = "addr=";
    const struct dtt_dns_header header = {.flags = DTT_DNS_FLAG_RESPONSE, .answers = 1};
    struct dtt_dns_name owner;
    struct dtt_writer w = dtt_writer(buf, sizeof(buf));
    dtt_addr_format(addr, text + strlen(text));
    dtt_pkarr_name(name, &peer, origins[0]);
    dtt_dns_name_make(&owner, name);
    dtt_dns_write_header(&w, &header);
    dtt_dns_write_name(&w, &owner);
    dtt_dns_write_fields(&w, DTT_DNS_TYPE_TXT, DTT_DNS_CLASS_IN, 30, strlen(text) + 1);
    dtt_dns_write_text(&w, dtt_slice(text, strlen(text)));
    dtt_lookups_text(c, now(), number, dtt_slice(buf, w.len));
}

static uint32_t take_text(void)
{
    uint32_t number;
    char name[DTT_PKARR_NAME_MAX], want[DTT_PKARR_NAME_MAX];
    assert_true(dtt_lookups_next_text(c, &number, name));
    dtt_pkarr_name(want, &peer, "dns.test");
    assert_string_equal(name, want);
    return number;
}

static bool knows(const struct dtt_addr *addr)
{
    struct dtt_addr known[DTT_BOOK_ADDRS];
    return dtt_addr_is_in(known, dtt_book_get(&c->links.book, &peer, known), addr);
}

static size_t searches(void)
{
    size_t n = 0;
    for (size_t i = 0; i < DTT_LOOKUPS_MAX; i++) {
        n += c->lookups.list[i].is_used;
    }
    return n;
}

static void all_are_asked_and_waited_for(void **state)
{
    uint32_t requests[2];
    (void)state;
    open_core(false);
    dtt_lookups_start(c, now(), &peer, false);
    take_requests(requests);
    uint32_t text = take_text();
    answer_text(text, &near);
    assert_true(knows(&near));
    answer(requests[0], UNKNOWN);
    dtt_lookups_walk_over(c, now(), &peer);
    assert_int_equal(searches(), 1); /* a server may answer still */
    answer_packet(requests[1], 1, &far);
    assert_true(knows(&far));
    assert_int_equal(searches(), 0);
    answer_text(text, &near); /* too late for anything */
    close_core();
}

/* Of two packets the later one counts, in whatever order they come. */
static void an_old_packet_is_passed_over(void **state)
{
    uint32_t requests[2];
    (void)state;
    open_core(false);
    dtt_lookups_start(c, now(), &peer, false);
    take_requests(requests);
    answer_packet(requests[1], 2, &near);
    answer_packet(requests[0], 1, &far);
    assert_true(knows(&near) && !knows(&far));
    assert_int_equal(ctx.counters[DTT_COUNTER_PKARR_FOUND], 1);
    close_core();
}

static void what_is_signed_comes_before_what_is_not(void **state)
{
    uint32_t requests[2];
    (void)state;
    for (int is_walk = 0; is_walk < 2; is_walk++) {
        open_core(false);
        const struct dtt_pkarr_place place = {.n = 1, .addrs = {near}};
        dtt_lookups_start(c, now(), &peer, false);
        take_requests(requests);
        if (is_walk) {
            dtt_lookups_walk_found(c, now(), &peer, &place);
        } else {
            answer_packet(requests[0], 1, &near);
        }
        answer_text(take_text(), &far);
        assert_true(!knows(&far));
        assert_int_equal(ctx.counters[DTT_COUNTER_NODE_TEXTS_FOUND], 0);
        close_core();
    }
}

static void what_no_server_answers_has_its_end(void **state)
{
    static const uint8_t garbage[] = {0, 0, 0x80, 0, 0, 1, 0, 1};
    uint32_t requests[2];
    (void)state;
    open_core(false);
    dtt_lookups_start(c, now(), &peer, false);
    take_requests(requests);
    dtt_lookups_text(c, now(), take_text(), dtt_slice(garbage, sizeof(garbage)));
    assert_int_equal(ctx.counters[DTT_COUNTER_NODE_TEXTS_REFUSED], 1);
    dtt_lookups_walk_over(c, now(), &peer);
    assert_true(dtt_lookups_deadline(&c->lookups) <= now().mono_ns + DTT_PKARR_PATIENCE_NS);
    ms += DTT_PKARR_PATIENCE_NS / DTT_MS;
    dtt_lookups_tick(c, now());
    while (dtt_lookups_route(c, now())) {
    }
    assert_int_equal(searches(), 0);
    dtt_lookups_start(c, now(), &peer, false); /* now it is the name server */
    take_requests(requests);
    answer(requests[0], UNKNOWN);
    answer(requests[1], UNKNOWN);
    uint32_t text = take_text();
    dtt_lookups_walk_over(c, now(), &peer);
    assert_int_equal(dtt_lookups_deadline(&c->lookups), now().mono_ns + DTT_LOOKUPS_NS);
    ms += DTT_LOOKUPS_NS / DTT_MS;
    dtt_lookups_tick(c, now());
    assert_int_equal(searches(), 0);
    answer_text(text, &near);
    assert_false(knows(&near));
    close_core();
}

static void searches_are_bounded(void **state)
{
    struct dtt_id id = {{0}};
    size_t n = 0;
    (void)state;
    open_core(false);
    for (; dtt_lookups_has_room(&c->lookups, true); n++) {
        id.bytes[0] = (uint8_t)n;
        dtt_lookups_start(c, now(), &id, true);
    }
    assert_int_equal(n, DTT_LOOKUPS_HEARSAY);
    for (; dtt_lookups_has_room(&c->lookups, false); n++) {
        id.bytes[0] = (uint8_t)n;
        dtt_lookups_start(c, now(), &id, false);
    }
    assert_int_equal(n, DTT_LOOKUPS_MAX);
    dtt_lookups_start(c, now(), &id, false); /* is under way: needs no place */
    assert_int_equal(searches(), DTT_LOOKUPS_MAX);
    close_core();
}

/* Ours is written when the user has said so, and not before. */
static void addresses_are_told_on_request(void **state)
{
    (void)state;
    for (int is_public = 0; is_public < 2; is_public++) {
        uint32_t number;
        const struct dtt_url *url;
        open_core(is_public);
        dtt_core_set_local_addrs(c, now(), &near, 1);
        dtt_lookups_publish(c, now());
        dtt_lookups_tick(c, now());
        assert_int_equal(dtt_lookups_next_request(c, &number, &url), is_public);
        if (is_public) {
            dtt_lookups_ended(c, now(), number, "the server cannot be reached");
            assert_int_equal(ctx.counters[DTT_COUNTER_PKARR_PUBLISH_FAILED], 1);
        }
        close_core();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_asked_and_waited_for),
        cmocka_unit_test(an_old_packet_is_passed_over),
        cmocka_unit_test(what_is_signed_comes_before_what_is_not),
        cmocka_unit_test(what_no_server_answers_has_its_end),
        cmocka_unit_test(searches_are_bounded),
        cmocka_unit_test(addresses_are_told_on_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
