/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "pkarr/client.h"

#include "support/vectors.h"

#include <sodium.h>
#include <stdio.h>

#define WALL_US INT64_C(1750000000000000)
#define OLD "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
#define TAKEN "HTTP/1.1 204 No Content\r\n\r\n"

static const uint8_t seed[32] = {7};
static const char *const urls[] = {"http://one.test/pkarr", "http://two.test:81"};

struct fixture {
    struct dtt_ctx ctx;
    struct dtt_pkarr_client *client;
    struct dtt_id id;
    uint64_t ms;
};

static struct dtt_now now_of(const struct fixture *f)
{
    return (struct dtt_now){.mono_ns = f->ms * DTT_MS,
                            .wall_ns = (WALL_US + (int64_t)f->ms * 1000) * 1000};
}

static void start(struct fixture *f, size_t n_urls)
{
    uint8_t secret[64];
    *f = (struct fixture){.ms = 1000};
    assert_int_equal(crypto_sign_seed_keypair(f->id.bytes, secret, seed), 0);
    const struct dtt_pkarr_client_config cfg = {
        .ctx = &f->ctx, .id = f->id, .seed = seed, .urls = urls, .n_urls = n_urls};
    assert_int_equal(dtt_pkarr_client_new(&f->client, &cfg), DTT_OK);
}

static void stop(struct fixture *f)
{
    dtt_pkarr_client_free(f->client);
}

static void publish(struct fixture *f, const char *packet)
{
    dtt_pkarr_client_publish(f->client, now_of(f), dtt_slice(packet, strlen(packet)));
    dtt_pkarr_client_tick(f->client, now_of(f));
}

/* Runs until the next deadline, and returns how many milliseconds that was. */
static uint64_t pass(struct fixture *f)
{
    uint64_t t = dtt_pkarr_client_deadline(f->client);
    assert_true(t != DTT_NEVER);
    uint64_t ms = t / DTT_MS + (t % DTT_MS > 0);
    uint64_t passed = ms > f->ms ? ms - f->ms : 0;
    f->ms += passed;
    dtt_pkarr_client_tick(f->client, now_of(f));
    return passed;
}

/* The next request, which begins with `head`. */
static uint32_t expect(struct fixture *f, const char *head)
{
    uint32_t number = 0;
    const struct dtt_url *url;
    assert_true(dtt_pkarr_client_next_request(f->client, &number, &url));
    struct dtt_slice r = dtt_pkarr_client_request(f->client, number);
    assert_true(r.len >= strlen(head));
    assert_memory_equal(r.data, head, strlen(head));
    return number;
}

static void expect_no_request(struct fixture *f)
{
    uint32_t number;
    const struct dtt_url *url;
    assert_false(dtt_pkarr_client_next_request(f->client, &number, &url));
}

static void answer(struct fixture *f, uint32_t number, const char *text)
{
    dtt_pkarr_client_recv(f->client, now_of(f), number, dtt_slice(text, strlen(text)));
}

static void answer_packet(struct fixture *f, uint32_t number, int64_t time_us, const char *packet)
{
    uint8_t body[DTT_PKARR_SIGNED_MAX];
    char head[64];
    const struct dtt_pkarr_signed s = {.time_us = time_us,
                                       .packet = dtt_slice(packet, strlen(packet))};
    struct dtt_writer w = dtt_writer(body, sizeof(body));
    dtt_pkarr_signed_write(&w, seed, &s);
    snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", w.len);
    answer(f, number, head);
    dtt_pkarr_client_recv(f->client, now_of(f), number, dtt_slice(body, w.len));
}

/* What a PUT carries: it ends in a signed packet of ours with this content. */
static int64_t time_of_put(struct fixture *f, uint32_t number, const char *packet)
{
    struct dtt_slice r = dtt_pkarr_client_request(f->client, number);
    size_t len = DTT_PKARR_SIGNATURE_BYTES + DTT_PKARR_TIME_BYTES + strlen(packet);
    struct dtt_pkarr_signed s;
    assert_true(r.len > len);
    assert_true(dtt_pkarr_signed_read(dtt_slice(r.data + r.len - len, len), &f->id, NULL, &s));
    assert_true(dtt_slice_is(s.packet, packet));
    return s.time_us;
}

static void a_request_is_a_line_and_three_fields(void **state)
{
    struct fixture f;
    char want[512];
    (void)state;
    start(&f, 2);
    char name[DTT_PKARR_NAME_MAX];
    dtt_pkarr_name(name, &f.id, "");
    publish(&f, "packet");
    snprintf(want, sizeof(want),
             "GET /pkarr/%s HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n\r\n",
             name + strlen("_iroh."));
    uint32_t one = expect(&f, want);
    assert_int_equal(dtt_pkarr_client_request(f.client, one).len, strlen(want));
    snprintf(want, sizeof(want), "GET /%s HTTP/1.1\r\nHost: two.test:81\r\n",
             name + strlen("_iroh."));
    expect(&f, want);
    answer(&f, one, OLD);
    snprintf(want, sizeof(want),
             "PUT /pkarr/%s HTTP/1.1\r\nHost: one.test\r\nConnection: close\r\n"
             "Content-Length: 78\r\nContent-Type: application/x-pkarr-signed-packet\r\n\r\n",
             name + strlen("_iroh."));
    expect(&f, want);
    stop(&f);
}

static void our_packet_is_kept_there(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 1);
    expect_no_request(&f);
    publish(&f, "first");
    answer(&f, expect(&f, "GET "), OLD);
    uint32_t put = expect(&f, "PUT ");
    assert_int_equal(time_of_put(&f, put, "first"), WALL_US + 1000000);
    answer(&f, put, TAKEN);
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_PUBLISHED], 1);
    publish(&f, "first"); /* no news */
    expect_no_request(&f);
    assert_in_range(pass(&f), DTT_PKARR_AGAIN_NS / DTT_MS,
                    (DTT_PKARR_AGAIN_NS + DTT_PKARR_AGAIN_JITTER_NS) / DTT_MS);
    answer_packet(&f, expect(&f, "GET "), WALL_US + 1000000, "first");
    put = expect(&f, "PUT ");
    assert_int_equal(time_of_put(&f, put, "first"), WALL_US + (int64_t)f.ms * 1000);
    publish(&f, "second"); /* while the first is on its way */
    answer(&f, put, TAKEN);
    assert_int_equal(pass(&f), 0);
    answer(&f, expect(&f, "GET "), OLD);
    put = expect(&f, "PUT ");
    time_of_put(&f, put, "second");
    answer(&f, put, TAKEN);
    publish(&f, "");
    expect_no_request(&f);
    assert_true(dtt_pkarr_client_deadline(f.client) == DTT_NEVER);
    stop(&f);
}

/* Written by a clock that was ahead by a century, it would keep all others out. */
static void ours_is_newer_than_what_stands_there(void **state)
{
    const int64_t century = WALL_US + INT64_C(100) * 365 * 86400 * 1000000;
    struct fixture f;
    (void)state;
    start(&f, 1);
    publish(&f, "ours");
    answer_packet(&f, expect(&f, "GET "), century, "ours of then");
    uint32_t put = expect(&f, "PUT ");
    assert_int_equal(time_of_put(&f, put, "ours"), century + 1);
    answer(&f, put, TAKEN);
    pass(&f);
    answer(&f, expect(&f, "GET "), OLD);
    assert_int_equal(time_of_put(&f, expect(&f, "PUT "), "ours"), century + 2);
    stop(&f);
}

/* What is not signed by us says nothing of the time. */
static void a_forged_packet_of_ours_is_replaced(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 1);
    publish(&f, "ours");
    answer(&f, expect(&f, "GET "), "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nxyz");
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_REFUSED], 1);
    assert_int_equal(time_of_put(&f, expect(&f, "PUT "), "ours"), WALL_US + 1000000);
    stop(&f);
}

static void a_busy_server_is_left_alone(void **state)
{
    struct fixture f;
    (void)state;
    start(&f, 1);
    publish(&f, "ours");
    answer(&f, expect(&f, "GET "), OLD);
    answer(&f, expect(&f, "PUT "), "HTTP/1.1 429 No\r\nRetry-After: 60\r\n\r\n");
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_PUBLISH_FAILED], 1);
    publish(&f, "news"); /* not even for news */
    expect_no_request(&f);
    assert_int_equal(dtt_pkarr_client_resolve(f.client, now_of(&f), &(struct dtt_id){{1}}), 0);
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_SKIPPED], 1);
    assert_in_range(pass(&f), 60000, 63000);
    answer(&f, expect(&f, "GET "), OLD);
    answer(&f, expect(&f, "PUT "), "HTTP/1.1 429 No\r\nRetry-After: 86400\r\n\r\n");
    assert_in_range(pass(&f), DTT_PKARR_REST_MAX_NS / DTT_MS,
                    (DTT_PKARR_REST_MAX_NS + DTT_PKARR_RETRY_MAX_NS) / DTT_MS);
    stop(&f);
}

static void failures_are_repeated_ever_later(void **state)
{
    struct fixture f;
    uint64_t want = DTT_PKARR_RETRY_NS / DTT_MS;
    (void)state;
    start(&f, 1);
    publish(&f, "ours");
    for (int i = 0; i < 10; i++) {
        uint32_t number = expect(&f, "GET ");
        if (i % 3 == 0) {
            dtt_pkarr_client_ended(f.client, now_of(&f), number, "the name has no address");
        } else if (i % 3 == 1) {
            answer(&f, number, "HTTP/1.1 500 Oh\r\n\r\n");
        } else {
            assert_int_equal(pass(&f), DTT_PKARR_PATIENCE_NS / DTT_MS); /* silence */
        }
        assert_int_equal(dtt_pkarr_client_request(f.client, number).len, 0);
        assert_in_range(pass(&f), want, want * 3 / 2 + 1);
        want =
            want * 2 < DTT_PKARR_RETRY_MAX_NS / DTT_MS ? want * 2 : DTT_PKARR_RETRY_MAX_NS / DTT_MS;
    }
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_PUBLISH_FAILED], 10);
    stop(&f);
}

static void finds_packets_of_others(void **state)
{
    struct fixture f;
    struct dtt_pkarr_event ev;
    (void)state;
    start(&f, 2);
    assert_int_equal(dtt_pkarr_client_resolve(f.client, now_of(&f), &f.id), 2);
    uint32_t one = expect(&f, "GET /pkarr/"), two = expect(&f, "GET /");
    assert_false(dtt_pkarr_client_next_event(f.client, &ev));
    answer(&f, one, OLD);
    answer_packet(&f, two, 5, "packet");
    assert_int_equal(dtt_pkarr_client_deadline(f.client), 0); /* there is something to take */
    assert_true(dtt_pkarr_client_next_event(f.client, &ev));
    assert_memory_equal(&ev.id, &f.id, sizeof(f.id));
    assert_false(ev.is_found);
    assert_true(dtt_pkarr_client_next_event(f.client, &ev));
    assert_true(ev.is_found && ev.found.time_us == 5 && dtt_slice_is(ev.found.packet, "packet"));
    assert_false(dtt_pkarr_client_next_event(f.client, &ev));
    assert_true(dtt_pkarr_client_deadline(f.client) == DTT_NEVER);
    stop(&f);
}

/* Forged, broken, silent, of another id: each question has its end, and brings nothing. */
static void lies_bring_nothing(void **state)
{
    struct fixture f;
    struct dtt_pkarr_event ev;
    const struct dtt_id other = {{1}};
    (void)state;
    start(&f, 1);
    for (int lie = 0; lie < 4; lie++) {
        assert_int_equal(dtt_pkarr_client_resolve(f.client, now_of(&f), &other), 1);
        uint32_t number = expect(&f, "GET ");
        switch (lie) {
        case 0: answer_packet(&f, number, 5, "packet"); break;
        case 1: answer(&f, number, "\x16\x03\x01"); break;
        case 2: dtt_pkarr_client_ended(f.client, now_of(&f), number, NULL); break;
        default: pass(&f);
        }
        if (lie == 1) {
            dtt_pkarr_client_ended(f.client, now_of(&f), number, NULL);
        }
        assert_true(dtt_pkarr_client_next_event(f.client, &ev));
        assert_false(ev.is_found);
        assert_false(dtt_pkarr_client_next_event(f.client, &ev));
    }
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_REFUSED], 1);
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_UNANSWERED], 3);
    stop(&f);
}

/* However many questions there are, our own packet has its place. */
static void questions_are_bounded(void **state)
{
    struct fixture f;
    unsigned n = 0;
    (void)state;
    start(&f, 2);
    for (uint8_t i = 0; i < 40; i++) {
        n += dtt_pkarr_client_resolve(f.client, now_of(&f), &(struct dtt_id){{i}});
    }
    assert_int_equal(n, DTT_PKARR_EXCHANGES - DTT_PKARR_SERVERS);
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_SKIPPED], 80 - n);
    publish(&f, "ours");
    assert_int_equal(f.ctx.counters[DTT_COUNTER_PKARR_PUBLISH_FAILED], 0);
    stop(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_a_line_and_three_fields),
        cmocka_unit_test(our_packet_is_kept_there),
        cmocka_unit_test(ours_is_newer_than_what_stands_there),
        cmocka_unit_test(a_forged_packet_of_ours_is_replaced),
        cmocka_unit_test(a_busy_server_is_left_alone),
        cmocka_unit_test(failures_are_repeated_ever_later),
        cmocka_unit_test(finds_packets_of_others),
        cmocka_unit_test(lies_bring_nothing),
        cmocka_unit_test(questions_are_bounded),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
