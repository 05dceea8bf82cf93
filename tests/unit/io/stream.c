/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/stream.h"

#include "io/host.h"
#include "io/resolve.h"
#include "support/vectors.h"

#include "support/certificate.h"
#include "support/loopback.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>

#define TIMEOUT_MS 10000
/* A server's end waits so long for what the client was told to send. */
#define PATIENCE_S 20

/* ------------------------------------------- the name "localhost" in two tests */

static bool has_dead_address; /* an address where nobody listens comes before the others */

size_t __real_dtt_resolve_take(struct dtt_resolve *r, struct dtt_addr ret[DTT_RESOLVE_ADDRS]);
size_t __wrap_dtt_resolve_take(struct dtt_resolve *r, struct dtt_addr ret[DTT_RESOLVE_ADDRS]);

size_t __wrap_dtt_resolve_take(struct dtt_resolve *r, struct dtt_addr ret[DTT_RESOLVE_ADDRS])
{
    struct dtt_addr found[DTT_RESOLVE_ADDRS];
    size_t n = __real_dtt_resolve_take(r, found), n_ret = 0;
    if (has_dead_address) {
        ret[n_ret++] = dtt_addr_v4(127, 0, 0, 2, found[0].port);
    }
    for (size_t i = 0; i < n; i++) {
        if (found[i].family == DTT_FAMILY_V4) { /* where the servers here listen */
            ret[n_ret++] = found[i];
        }
    }
    return n_ret;
}

/* -------------------------------------------------------------- both ends */

static int accept_one(int listener)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = accept(listener, NULL, NULL);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return fd;
}

/* What the client's end was told. `close_in`: the call in which it closes the stream. */
enum told { TOLD_OPEN = 1, TOLD_BYTES = 2, TOLD_ROOM = 4, TOLD_END = 8 };

struct client {
    bool is_stale;
    uv_loop_t loop;
    struct dtt_stream *stream;
    enum told close_in;
    unsigned told; /* set of enum told */
    uint8_t in[256 * 1024];
    size_t in_len;
    enum dtt_stream_end end;
    char why[2 * DTT_TLS_WHY_MAX];
};

static void tell(struct client *c, enum told what)
{
    assert_false(c->told & TOLD_END); /* nothing comes after the end */
    c->told |= what;
    if (c->close_in == what) {
        dtt_stream_close(c->stream);
        c->stream = NULL;
    }
}

static void on_open(void *user, struct dtt_now now)
{
    (void)now;
    tell(user, TOLD_OPEN);
}

static void on_bytes(void *user, struct dtt_now now, struct dtt_slice bytes)
{
    struct client *c = user;
    (void)now;
    assert_true(bytes.len <= sizeof(c->in) - c->in_len);
    memcpy(c->in + c->in_len, bytes.data, bytes.len);
    c->in_len += bytes.len;
    tell(c, TOLD_BYTES);
}

static void on_room(void *user, struct dtt_now now)
{
    (void)now;
    tell(user, TOLD_ROOM);
}

static void on_end(void *user, struct dtt_now now, enum dtt_stream_end end, const char *why)
{
    struct client *c = user;
    (void)now;
    c->end = end;
    snprintf(c->why, sizeof(c->why), "%s", why);
    tell(c, TOLD_END);
}

static struct client *client_new(const char *host, uint16_t port, struct dtt_tls_trust *trust)
{
    struct client *c = calloc(1, sizeof(*c));
    assert_non_null(c);
    assert_int_equal(uv_loop_init(&c->loop), 0);
    struct dtt_stream_config cfg = {.loop = &c->loop,
                                    .host = host,
                                    .port = port,
                                    .trust = trust,
                                    .is_stale = &c->is_stale,
                                    .timeout_ms = TIMEOUT_MS,
                                    .user = c,
                                    .on_open = on_open,
                                    .on_bytes = on_bytes,
                                    .on_room = on_room,
                                    .on_end = on_end};
    assert_int_equal(dtt_stream_open(&c->stream, dtt_host_now(), &cfg), DTT_OK);
    assert_int_equal(c->told, 0); /* never from within the call */
    return c;
}

static void client_free(struct client *c)
{
    dtt_stream_close(c->stream);
    uv_run(&c->loop, UV_RUN_DEFAULT); /* nothing is left to wait for */
    assert_int_equal(uv_loop_close(&c->loop), 0);
    free(c);
}

static void run_until_told(struct client *c, enum told what)
{
    while (!(c->told & what)) {
        if (c->stream && dtt_stream_deadline(c->stream) == 0) {
            dtt_stream_tick(c->stream, dtt_host_now());
        } else {
            assert_true(uv_run(&c->loop, UV_RUN_ONCE) != 0 || c->told & what);
        }
    }
}

/* ------------------------------------------------------------------ plain */

static void bytes_go_both_ways_until_the_server_closes(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "localhost"};
    uint16_t port;
    char buf[16];
    int listener = loopback_listen(&port);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        has_dead_address = i == 2; /* the next address has its turn */
        struct client *c = client_new(hosts[i], port, NULL);
        run_until_told(c, TOLD_OPEN);
        int fd = accept_one(listener);
        assert_int_equal(dtt_stream_write(c->stream, dtt_host_now(), dtt_slice("ping", 4)), DTT_OK);
        assert_int_equal(recv(fd, buf, sizeof(buf), 0), 4);
        assert_int_equal(send(fd, "pong", 4, 0), 4);
        run_until_told(c, TOLD_BYTES);
        assert_memory_equal(c->in, "pong", 4);
        assert_int_equal(dtt_stream_deadline(c->stream), DTT_NEVER);
        uint8_t material[8];
        assert_false(dtt_stream_export(c->stream, "x", dtt_slice(NULL, 0), material, 8));
        close(fd);
        run_until_told(c, TOLD_END);
        assert_int_equal(c->end, DTT_STREAM_CLOSED);
        assert_int_equal(dtt_stream_write(c->stream, dtt_host_now(), dtt_slice("x", 1)),
                         DTT_ESTATE);
        assert_int_equal(dtt_stream_room(c->stream), 0);
        client_free(c);
    }
    has_dead_address = false;
    close(listener);
}

static void a_server_that_is_not_there_is_told(void **state)
{
    uint16_t port;
    char label[65];
    int listener = loopback_listen(&port);
    (void)state;
    close(listener);
    struct client *c = client_new("127.0.0.1", port, NULL);
    run_until_told(c, TOLD_END);
    assert_int_equal(c->end, DTT_STREAM_UNREACHABLE);
    assert_string_equal(c->why, "the server cannot be reached: Connection refused");
    client_free(c);

    memset(label, 'x', 64); /* no name is so long: no server is asked */
    label[64] = '\0';
    c = client_new(label, port, NULL);
    run_until_told(c, TOLD_END);
    assert_int_equal(c->end, DTT_STREAM_NO_NAME);
    assert_string_equal(c->why, "the name has no address");
    client_free(c);

    struct dtt_stream *s = NULL;
    struct dtt_stream_config cfg = {.host = "", .port = 1};
    assert_int_equal(dtt_stream_open(&s, dtt_host_now(), &cfg), DTT_EINVAL);
    cfg = (struct dtt_stream_config){.host = "localhost"};
    assert_int_equal(dtt_stream_open(&s, dtt_host_now(), &cfg), DTT_EINVAL);
    assert_null(s);
}

static void a_stream_may_be_closed_in_each_call_and_state(void **state)
{
    static const enum told calls[] = {TOLD_OPEN, TOLD_BYTES, TOLD_END};
    uint16_t port;
    int listener = loopback_listen(&port);
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct client *c = client_new("127.0.0.1", port, NULL);
        c->close_in = calls[i];
        int fd = accept_one(listener);
        assert_int_equal(send(fd, "x", 1, 0), 1);
        close(fd);
        run_until_told(c, calls[i]);
        assert_null(c->stream);
        client_free(c);
    }
    client_free(client_new("localhost", port, NULL)); /* the name is still asked for */
    client_free(client_new("127.0.0.1", port, NULL)); /* it has not connected */
    close(listener);
}

/* Writes until no more is taken; returns how much was. */
static size_t fill(struct client *c, struct dtt_now now)
{
    static uint8_t block[8192];
    size_t total = 0;
    while (dtt_stream_write(c->stream, now, dtt_slice(block, sizeof(block))) == DTT_OK) {
        total += sizeof(block);
        assert_true(total < 64 * 1024 * 1024);
    }
    assert_true(dtt_stream_room(c->stream) < sizeof(block));
    return total;
}

static void what_waits_is_bounded_and_has_a_deadline(void **state)
{
    uint16_t port;
    uint8_t buf[65536];
    int listener = loopback_listen(&port);
    (void)state;
    struct client *c = client_new("127.0.0.1", port, NULL);
    run_until_told(c, TOLD_OPEN);
    int fd = accept_one(listener);
    struct dtt_now now = dtt_host_now();
    size_t left = fill(c, now);
    assert_int_equal(dtt_stream_deadline(c->stream), now.mono_ns + 15 * DTT_S);
    while (left > 0) {
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        left -= n > 0 ? (size_t)n : 0;
        uv_run(&c->loop, UV_RUN_NOWAIT);
    }
    assert_true(c->told & TOLD_ROOM);
    assert_int_equal(dtt_stream_room(c->stream), DTT_STREAM_OUT_MAX);
    assert_int_equal(dtt_stream_deadline(c->stream), DTT_NEVER);

    fill(c, now); /* and now nobody reads */
    now.mono_ns = dtt_stream_deadline(c->stream);
    now.mono_ns--;
    dtt_stream_tick(c->stream, now);
    assert_false(c->told & TOLD_END);
    now.mono_ns++;
    dtt_stream_tick(c->stream, now);
    assert_true(c->told & TOLD_END);
    assert_int_equal(c->end, DTT_STREAM_STALLED);
    client_free(c);
    close(fd);
    close(listener);
}

/* -------------------------------------------------------------------- TLS */

struct tls_server {
    const struct certificate *certificate;
    int listener;
    bool resets;
};

/* Accepts one client, sends all back that it says, and ends with it, or resets it. */
static void *serve(void *arg)
{
    struct tls_server *server = arg;
    char buf[16384];
    uint8_t material[16];
    int fd = accept_one(server->listener);
    gnutls_session_t s = certificate_accept(server->certificate, "NORMAL");
    gnutls_transport_set_int(s, fd);
    int rv;
    do {
        rv = gnutls_handshake(s);
    } while (rv == GNUTLS_E_AGAIN || rv == GNUTLS_E_INTERRUPTED);
    if (rv == 0 &&
        gnutls_prf_rfc5705(s, 5, "label", 0, NULL, sizeof(material), (char *)material) == 0) {
        gnutls_record_send(s, material, sizeof(material));
    }
    const struct linger resets = {.l_onoff = 1};
    if (server->resets) {
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &resets, sizeof(resets));
    }
    ssize_t n = server->resets ? -1 : rv;
    while (n >= 0 && (n = gnutls_record_recv(s, buf, sizeof(buf))) > 0) {
        n = gnutls_record_send(s, buf, (size_t)n);
    }
    gnutls_deinit(s);
    close(fd);
    return NULL;
}

int __real_gnutls_certificate_set_x509_trust_file(gnutls_certificate_credentials_t cred,
                                                  const char *file, gnutls_x509_crt_fmt_t type);
int __wrap_gnutls_certificate_set_x509_trust_file(gnutls_certificate_credentials_t cred,
                                                  const char *file, gnutls_x509_crt_fmt_t type);

static atomic_int n_read;      /* times that authorities were read */
static atomic_int n_read_here; /* by the thread of the loop */
static pthread_t loop_thread;

int __wrap_gnutls_certificate_set_x509_trust_file(gnutls_certificate_credentials_t cred,
                                                  const char *file, gnutls_x509_crt_fmt_t type)
{
    atomic_fetch_add(&n_read, 1);
    atomic_fetch_add(&n_read_here, pthread_equal(pthread_self(), loop_thread) != 0);
    return __real_gnutls_certificate_set_x509_trust_file(cred, file, type);
}

/* A system has so many that the loop would stand still: a thread reads them, once for all. */
static void authorities_do_not_stop_the_loop(void **state)
{
    struct certificate cert;
    struct client *c[3];
    int fds[3];
    uint16_t port;
    int listener = loopback_listen(&port);
    (void)state;
    certificate_init(&cert, "localhost", time(NULL) + CERTIFICATE_DAY);
    struct dtt_tls_trust trust = {.ca_file = cert.ca_file};
    loop_thread = pthread_self();
    n_read = n_read_here = 0;
    for (int i = 0; i < 3; i++) {
        c[i] = client_new("127.0.0.1", port, &trust);
        fds[i] = accept_one(listener);
    }
    for (int i = 0; i < 3; i++) {
        uint8_t hello[5];
        while (recv(fds[i], hello, sizeof(hello), MSG_DONTWAIT) < 0) {
            uv_run(&c[i]->loop, UV_RUN_NOWAIT);
        }
        assert_int_equal(hello[0], 22); /* a handshake (RFC 8446, section 5.1) */
    }
    assert_int_equal(n_read, 1);
    assert_int_equal(n_read_here, 0);
    for (int i = 0; i < 3; i++) {
        client_free(c[i]);
        close(fds[i]);
    }
    assert_null(trust.store);
    close(listener);
    certificate_fini(&cert);
}

/* Who leaves meanwhile waits for nothing. */
static void a_stream_may_end_while_authorities_are_read(void **state)
{
    struct certificate cert;
    uint16_t port;
    int listener = loopback_listen(&port);
    (void)state;
    certificate_init(&cert, "localhost", time(NULL) + CERTIFICATE_DAY);
    struct dtt_tls_trust trust = {.ca_file = cert.ca_file};
    for (int i = 0; i < 20; i++) {
        struct client *c = client_new("127.0.0.1", port, &trust);
        int fd = accept_one(listener);
        while (!trust.store) {
            uv_run(&c->loop, UV_RUN_ONCE);
        }
        client_free(c);
        assert_null(trust.store);
        close(fd);
    }
    close(listener);
    certificate_fini(&cert);
}

static void TLS_streams_carry_bytes(void **state)
{
    struct certificate cert;
    uint16_t port;
    pthread_t thread;
    uint8_t sent[150000], material[16];
    (void)state;
    certificate_init(&cert, "localhost", time(NULL) + CERTIFICATE_DAY);
    struct tls_server server = {.certificate = &cert, .listener = loopback_listen(&port)};
    struct dtt_tls_trust trust = {.ca_file = cert.ca_file};
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    struct client *c = client_new("localhost", port, &trust);
    run_until_told(c, TOLD_OPEN);
    assert_null(trust.store);
    assert_true(
        dtt_stream_export(c->stream, "label", dtt_slice(NULL, 0), material, sizeof(material)));
    for (size_t i = 0; i < sizeof(sent); i++) {
        sent[i] = (uint8_t)(i * 31 >> 3);
    }
    size_t at = 0;
    while (c->in_len < sizeof(material) + sizeof(sent)) {
        size_t room = dtt_stream_room(c->stream);
        size_t n = sizeof(sent) - at < room ? sizeof(sent) - at : room;
        assert_int_equal(dtt_stream_write(c->stream, dtt_host_now(), dtt_slice(sent + at, n)),
                         DTT_OK);
        at += n;
        uv_run(&c->loop, UV_RUN_ONCE);
        assert_false(c->told & TOLD_END);
    }
    assert_memory_equal(c->in, material, sizeof(material));
    assert_memory_equal(c->in + sizeof(material), sent, sizeof(sent));
    client_free(c);
    pthread_join(thread, NULL);

    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    struct certificate other;
    certificate_init(&other, "localhost", time(NULL) + CERTIFICATE_DAY);
    struct dtt_tls_trust wrong = {.ca_file = other.ca_file};
    c = client_new("localhost", port, &wrong);
    run_until_told(c, TOLD_END);
    assert_int_equal(c->end, DTT_STREAM_CERTIFICATE);
    assert_non_null(strstr(c->why, "NOT trusted"));
    client_free(c);
    pthread_join(thread, NULL);
    certificate_fini(&other);

    struct dtt_tls_trust none = {.ca_file = "/nonexistent"};
    c = client_new("127.0.0.1", port, &none);
    run_until_told(c, TOLD_END);
    assert_int_equal(c->end, DTT_STREAM_NO_TRUST);
    client_free(c);
    close(server.listener);
    certificate_fini(&cert);
}

static void a_reset_is_told_as_one(void **state)
{
    struct certificate cert;
    uint16_t port;
    pthread_t thread;
    (void)state;
    certificate_init(&cert, "localhost", time(NULL) + CERTIFICATE_DAY);
    struct tls_server server = {
        .certificate = &cert, .listener = loopback_listen(&port), .resets = true};
    struct dtt_tls_trust trust = {.ca_file = cert.ca_file};
    assert_int_equal(pthread_create(&thread, NULL, serve, &server), 0);
    struct client *c = client_new("127.0.0.1", port, &trust);
    run_until_told(c, TOLD_END);
    assert_true(c->told & TOLD_OPEN);
    assert_string_equal(c->why, "the connection broke: Connection reset by peer");
    client_free(c);
    pthread_join(thread, NULL);
    close(server.listener);
    certificate_fini(&cert);
}

static void a_silent_TLS_server_is_given_up(void **state)
{
    struct certificate cert;
    uint16_t port;
    int listener = loopback_listen(&port);
    (void)state;
    certificate_init(&cert, "localhost", time(NULL) + CERTIFICATE_DAY);
    struct dtt_tls_trust trust = {.ca_file = cert.ca_file};
    struct dtt_now now = dtt_host_now();
    struct client *c = client_new("127.0.0.1", port, &trust);
    int fd = accept_one(listener);
    while (!dtt_tls_trust_is_loaded(&trust)) {
        uv_run(&c->loop, UV_RUN_ONCE);
    }
    assert_true(dtt_stream_deadline(c->stream) >= now.mono_ns + TIMEOUT_MS * DTT_MS);
    now.mono_ns = dtt_stream_deadline(c->stream);
    dtt_stream_tick(c->stream, now);
    assert_true(c->told & TOLD_END);
    assert_int_equal(c->end, DTT_STREAM_TIMEOUT);
    assert_null(trust.store);
    client_free(c);
    close(fd);

    c = client_new("127.0.0.1", port, &trust);
    fd = accept_one(listener);
    assert_int_equal(send(fd, "SSH-2.0-OpenSSH\r\n", 17, 0), 17);
    run_until_told(c, TOLD_END);
    assert_int_equal(c->end, DTT_STREAM_TLS);
    client_free(c);
    close(fd);
    close(listener);
    certificate_fini(&cert);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_go_both_ways_until_the_server_closes),
        cmocka_unit_test(a_server_that_is_not_there_is_told),
        cmocka_unit_test(a_stream_may_be_closed_in_each_call_and_state),
        cmocka_unit_test(what_waits_is_bounded_and_has_a_deadline),
        cmocka_unit_test(TLS_streams_carry_bytes),
        cmocka_unit_test(authorities_do_not_stop_the_loop),
        cmocka_unit_test(a_stream_may_end_while_authorities_are_read),
        cmocka_unit_test(a_reset_is_told_as_one),
        cmocka_unit_test(a_silent_TLS_server_is_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
