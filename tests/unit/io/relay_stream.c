/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The client of a relay over real streams: what it says is tested in tests/unit/relay. */
#define _GNU_SOURCE
#include "io/relay_stream.h"

#include "io/host.h"
#include "support/vectors.h"

#include "fake_relay.h"

#include <sys/resource.h>

/* ----------------------------------------------------------------- client */

struct client {
    uv_loop_t loop;
    struct dtt_ctx ctx;
    uint8_t seed[DTT_SEED_BYTES];
    struct dtt_relay_stream *relay;
    unsigned n[DTT_RELAY_EVENT_DATAGRAMS + 1];
    enum dtt_relay_end end;
    char why[DTT_RELAY_WHY_MAX];
};

static void on_event(void *user, struct dtt_now now, const struct dtt_relay_event *e)
{
    struct client *c = user;
    const struct dtt_id to = {.bytes = {7}};
    c->n[e->type]++;
    if (e->type == DTT_RELAY_EVENT_PONG) {
        assert_int_equal(dtt_relay_stream_send(c->relay, now, &to, 5, dtt_slice("hello", 5)),
                         DTT_OK);
    } else if (e->type == DTT_RELAY_EVENT_DATAGRAMS) {
        assert_memory_equal(&e->id, &to, sizeof(to));
        assert_true(dtt_slice_is(e->data, "hello"));
    } else if (e->type == DTT_RELAY_EVENT_DOWN) {
        c->end = e->end;
        snprintf(c->why, sizeof(c->why), "%s", e->why);
    }
}

static struct client *client_new(const char *url, struct dtt_tls_trust *trust)
{
    struct client *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    assert_int_equal(uv_loop_init(&c->loop), 0);
    struct dtt_relay_stream_config cfg = {.ctx = &c->ctx,
                                          .loop = &c->loop,
                                          .seed = c->seed,
                                          .url = url,
                                          .trust = trust,
                                          .user = c,
                                          .on_event = on_event};
    assert_int_equal(dtt_relay_stream_new(&c->relay, dtt_host_now(), &cfg), DTT_OK);
    return c;
}

static void run_until(struct client *c, enum dtt_relay_event_type type)
{
    while (c->n[type] == 0) {
        dtt_relay_stream_tick(c->relay, dtt_host_now());
        uv_run(&c->loop, c->n[type] == 0 && dtt_relay_stream_deadline(c->relay) > 0
                             ? UV_RUN_ONCE
                             : UV_RUN_NOWAIT);
    }
}

static void client_free(struct client *c)
{
    dtt_relay_stream_free(c->relay);
    uv_run(&c->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&c->loop), 0);
    free(c);
}

static void a_datagram_goes_there_and_comes_back(void **state)
{
    struct certificate cert;
    char url[64];
    (void)state;
    certificate_init(&cert, "localhost", time(NULL) + CERTIFICATE_DAY);
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        struct dtt_tls_trust trust = {.ca_file = cert.ca_file};
        struct fake f;
        fake_init(&f, is_tls ? &cert : NULL);
        fake_start(&f);
        snprintf(url, sizeof(url), "http%s://127.0.0.1:%u", is_tls ? "s" : "", f.port);
        struct client *c = client_new(url, &trust);
        run_until(c, DTT_RELAY_EVENT_DATAGRAMS);
        assert_int_equal(c->n[DTT_RELAY_EVENT_UP], 1);
        assert_true(dtt_relay_rtt_ns(dtt_relay_stream_client(c->relay)) > 0);
        run_until(c, DTT_RELAY_EVENT_DOWN);
        assert_int_equal(c->end, DTT_RELAY_END_STREAM);
        assert_string_equal(c->why, "the server closed the connection");
        pthread_join(f.thread, NULL);
        assert_true(f.has_field == is_tls);
        client_free(c);
        close(f.listener);
    }
    certificate_fini(&cert);
}

static void a_relay_that_is_not_to_be_had_is_told(void **state)
{
    struct fake f;
    char url[64];
    struct rlimit files;
    (void)state;
    fake_init(&f, NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", f.port);
    f.answer = "HTTP/1.1 403 Forbidden\r\n\r\n";
    fake_start(&f);
    struct client *c = client_new(url, NULL);
    run_until(c, DTT_RELAY_EVENT_DOWN);
    assert_int_equal(c->end, DTT_RELAY_END_REFUSED);
    assert_string_equal(c->why, "it answers with HTTP status 403");
    pthread_join(f.thread, NULL);
    client_free(c);
    close(f.listener);

    c = client_new(url, NULL);
    run_until(c, DTT_RELAY_EVENT_DOWN);
    assert_int_equal(c->end, DTT_RELAY_END_STREAM);
    assert_string_equal(c->why, "the server cannot be reached: Connection refused");
    client_free(c);

    c = client_new("http://localhost", NULL);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    const struct rlimit no_more = {.rlim_cur = 0, .rlim_max = files.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &no_more), 0); /* the stream is not even begun */
    run_until(c, DTT_RELAY_EVENT_DOWN);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_string_equal(c->why, dtt_error_text(DTT_EIO));
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_datagram_goes_there_and_comes_back),
        cmocka_unit_test(a_relay_that_is_not_to_be_had_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
