/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The client of a relay over real streams: what it says is tested in tests/unit/relay. */
#define _GNU_SOURCE
#include "io/relay_stream.h"

#include "io/host.h"
#include "io/sockaddr.h"
#include "relay/upgrade.h"
#include "support/vectors.h"

#include "support/certificate.h"

#include <pthread.h>
#include <sodium.h>
#include <sys/time.h>

#define PATIENCE_S 20

/* A relay for one client: it lets it in, answers its first ping, and sends its next message back as
 * one that came from the client itself. */
struct fake {
    int listener;
    uint16_t port;
    const struct certificate *certificate; /* NULL: http */
    const char *answer;                    /* instead of the upgrade; NULL: none */
    gnutls_session_t tls;
    int fd;
    bool has_field; /* the request had keying material */
};

static void fake_init(struct fake *f, const struct certificate *certificate)
{
    struct dtt_addr addr = dtt_addr_v4(127, 0, 0, 1, 0);
    union dtt_sockaddr sa;
    socklen_t len = dtt_sockaddr_write(&addr, &sa);
    *f = (struct fake){.certificate = certificate};
    f->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(f->listener, &sa.sa, len), 0);
    assert_int_equal(listen(f->listener, 8), 0);
    assert_int_equal(getsockname(f->listener, &sa.sa, &len), 0);
    f->port = dtt_sockaddr_read(&sa).port;
}

static void fake_accept(struct fake *f)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    f->fd = accept(f->listener, NULL, NULL);
    assert_true(f->fd >= 0);
    setsockopt(f->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (f->certificate) {
        f->tls = certificate_accept(f->certificate, "NORMAL");
        gnutls_transport_set_int(f->tls, f->fd);
        int rv;
        do {
            rv = gnutls_handshake(f->tls);
        } while (rv == GNUTLS_E_AGAIN);
        assert_int_equal(rv, 0);
    }
}

static size_t fake_recv(struct fake *f, void *buf, size_t len)
{
    ssize_t n = f->tls ? gnutls_record_recv(f->tls, buf, len) : recv(f->fd, buf, len, 0);
    assert_true(n > 0);
    return (size_t)n;
}

static void fake_send(struct fake *f, const void *data, size_t len)
{
    ssize_t n = f->tls ? gnutls_record_send(f->tls, data, len) : send(f->fd, data, len, 0);
    assert_int_equal(n, len);
}

static void fake_end(struct fake *f)
{
    if (f->tls) {
        gnutls_deinit(f->tls);
        f->tls = NULL;
    }
    close(f->fd);
}

static void fake_upgrade(struct fake *f)
{
    char request[2048], answer[512];
    uint8_t key[DTT_UPGRADE_KEY_BYTES];
    size_t len = 0, key_len;
    struct dtt_upgrade u;
    while (len < 4 || memcmp(request + len - 4, "\r\n\r\n", 4) != 0) {
        len += fake_recv(f, request + len, sizeof(request) - 1 - len);
    }
    request[len] = '\0';
    f->has_field = strstr(request, DTT_RELAY_AUTH_FIELD) != NULL;
    if (f->answer) {
        fake_send(f, f->answer, strlen(f->answer));
        return;
    }
    const char *field = strstr(request, "Sec-WebSocket-Key: ");
    assert_non_null(field);
    assert_int_equal(sodium_base642bin(key, sizeof(key), field + 19, 24, NULL, &key_len, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    dtt_upgrade_init(&u, key);
    int n = snprintf(answer, sizeof(answer),
                     "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n"
                     "sec-websocket-accept: %s\r\nsec-websocket-protocol: iroh-relay-v2\r\n\r\n"
                     "\x82\x01\x02", /* and it is let in */
                     u.accept);
    fake_send(f, answer, (size_t)n);
}

/* The content of one masked frame of fewer than 126 bytes. */
static size_t fake_message(struct fake *f, uint8_t buf[256])
{
    uint8_t head[6];
    size_t got = 0;
    while (got < sizeof(head)) {
        got += fake_recv(f, head + got, sizeof(head) - got);
    }
    size_t len = head[1] & 0x7f;
    for (got = 0; got < len;) {
        got += fake_recv(f, buf + got, len - got);
    }
    for (size_t i = 0; i < len; i++) {
        buf[i] ^= head[2 + i % 4];
    }
    return len;
}

static void *fake_run(void *arg)
{
    struct fake *f = arg;
    uint8_t message[2 + 256];
    fake_accept(f);
    fake_upgrade(f);
    for (int i = 0; i < 2 && !f->answer; i++) {
        size_t len = fake_message(f, message + 2);
        message[0] = 0x82;
        message[1] = (uint8_t)len;
        message[2] = message[2] == DTT_RELAY_PING ? DTT_RELAY_PONG : DTT_RELAY_SERVER_DATAGRAM;
        fake_send(f, message, len + 2);
    }
    fake_end(f);
    return NULL;
}

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

static struct client *client_new(const char *host, uint16_t port, struct dtt_tls_trust *trust)
{
    struct client *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    assert_int_equal(uv_loop_init(&c->loop), 0);
    struct dtt_relay_stream_config cfg = {.ctx = &c->ctx,
                                          .loop = &c->loop,
                                          .seed = c->seed,
                                          .host = host,
                                          .authority = host,
                                          .query = "",
                                          .port = port,
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
    (void)state;
    certificate_init(&cert, "localhost", time(NULL) + CERTIFICATE_DAY);
    for (int is_tls = 0; is_tls < 2; is_tls++) {
        struct dtt_tls_trust trust = {.ca_file = cert.ca_file};
        struct fake f;
        pthread_t thread;
        fake_init(&f, is_tls ? &cert : NULL);
        assert_int_equal(pthread_create(&thread, NULL, fake_run, &f), 0);
        struct client *c = client_new("127.0.0.1", f.port, is_tls ? &trust : NULL);
        run_until(c, DTT_RELAY_EVENT_DATAGRAMS);
        assert_int_equal(c->n[DTT_RELAY_EVENT_UP], 1);
        assert_true(dtt_relay_rtt_ns(dtt_relay_stream_client(c->relay)) > 0);
        run_until(c, DTT_RELAY_EVENT_DOWN);
        assert_int_equal(c->end, DTT_RELAY_END_STREAM);
        assert_string_equal(c->why, "the server closed the connection");
        pthread_join(thread, NULL);
        assert_true(f.has_field == is_tls);
        client_free(c);
        close(f.listener);
    }
    certificate_fini(&cert);
}

static void a_relay_that_is_not_to_be_had_is_told(void **state)
{
    struct fake f;
    pthread_t thread;
    (void)state;
    fake_init(&f, NULL);
    f.answer = "HTTP/1.1 403 Forbidden\r\n\r\n";
    assert_int_equal(pthread_create(&thread, NULL, fake_run, &f), 0);
    struct client *c = client_new("127.0.0.1", f.port, NULL);
    run_until(c, DTT_RELAY_EVENT_DOWN);
    assert_int_equal(c->end, DTT_RELAY_END_REFUSED);
    assert_string_equal(c->why, "it answers with HTTP status 403");
    pthread_join(thread, NULL);
    client_free(c);
    close(f.listener);

    c = client_new("127.0.0.1", f.port, NULL);
    run_until(c, DTT_RELAY_EVENT_DOWN);
    assert_int_equal(c->end, DTT_RELAY_END_STREAM);
    assert_string_equal(c->why, "the server cannot be reached: Connection refused");
    client_free(c);

    c = client_new("127.0.0.1", 0, NULL); /* no port: the stream is not even begun */
    run_until(c, DTT_RELAY_EVENT_DOWN);
    assert_string_equal(c->why, "an argument is not valid");
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
