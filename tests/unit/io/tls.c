/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/tls.h"

#include "support/vectors.h"

#include "support/certificate.h"

#include <errno.h>

#define ANY "NORMAL"
#define OLD "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TOO_OLD "NORMAL:-VERS-ALL:+VERS-TLS1.1"

/* One direction of a wire in memory. */
struct pipe {
    uint8_t bytes[65536];
    size_t len;
    bool is_ended;
};

struct pair {
    struct pipe to_server, to_client;
    gnutls_session_t server;
    struct dtt_tls *client;
    char why[DTT_TLS_WHY_MAX];
};

static void put(struct pipe *p, const void *data, size_t len)
{
    assert_true(len <= sizeof(p->bytes) - p->len);
    memcpy(p->bytes + p->len, data, len);
    p->len += len;
}

static ssize_t take(struct pipe *p, void *buf, size_t len)
{
    if (p->len == 0) {
        return p->is_ended ? 0 : DTT_EAGAIN;
    }
    len = len < p->len ? len : p->len;
    memcpy(buf, p->bytes, len);
    p->len -= len;
    memmove(p->bytes, p->bytes + len, p->len);
    return (ssize_t)len;
}

static bool client_push(void *user, struct dtt_slice bytes)
{
    put(&((struct pair *)user)->to_server, bytes.data, bytes.len);
    return true;
}

static ssize_t client_pull(void *user, void *buf, size_t len)
{
    return take(&((struct pair *)user)->to_client, buf, len);
}

static ssize_t server_push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
    put(&((struct pair *)ptr)->to_client, data, len);
    return (ssize_t)len;
}

static ssize_t server_pull(gnutls_transport_ptr_t ptr, void *buf, size_t len)
{
    struct pair *p = ptr;
    ssize_t n = take(&p->to_server, buf, len);
    if (n < 0) {
        gnutls_transport_set_errno(p->server, EAGAIN);
        return -1;
    }
    return n;
}

static int server_wait(gnutls_transport_ptr_t ptr, unsigned ms)
{
    (void)ms;
    return ((struct pair *)ptr)->to_server.len > 0;
}

static struct pair *pair_new(const struct certificate *c, const char *priorities,
                             struct dtt_tls_trust *trust, const char *host)
{
    struct pair *p = calloc(1, sizeof(*p));
    struct dtt_tls_wire wire = {.user = p, .push = client_push, .pull = client_pull};
    assert_non_null(p);
    p->server = certificate_accept(c, priorities);
    gnutls_transport_set_ptr(p->server, p);
    gnutls_transport_set_push_function(p->server, server_push);
    gnutls_transport_set_pull_function(p->server, server_pull);
    gnutls_transport_set_pull_timeout_function(p->server, server_wait);
    assert_int_equal(dtt_tls_new(&p->client, trust, host, &wire), DTT_OK);
    return p;
}

static void pair_free(struct pair *p)
{
    dtt_tls_free(p->client);
    gnutls_deinit(p->server);
    free(p);
}

/* How the client's handshake ends. */
static int shake_hands(struct pair *p)
{
    int client = DTT_EAGAIN;
    for (int i = 0; i < 10 && client == DTT_EAGAIN; i++) {
        client = dtt_tls_handshake(p->client, p->why);
        (void)gnutls_handshake(p->server);
    }
    return client;
}

static void talk(const struct certificate *c, const char *priorities, const char *host)
{
    static const char label[] = "EXPORTER-test";
    struct dtt_tls_trust trust = {.ca_file = c->ca_file};
    struct pair *p = pair_new(c, priorities, &trust, host);
    uint8_t ours[32], theirs[32];
    char buf[32];
    assert_true(dtt_tls_trust_is_loaded(&trust));
    assert_int_equal(shake_hands(p), DTT_OK);
    assert_null(trust.store); /* given back with the last handshake */

    assert_int_equal(dtt_tls_recv(p->client, buf, sizeof(buf)), DTT_EAGAIN);
    assert_int_equal(dtt_tls_send(p->client, dtt_slice("hello", 5)), DTT_OK);
    assert_int_equal(gnutls_record_recv(p->server, buf, sizeof(buf)), 5);
    assert_int_equal(gnutls_record_send(p->server, "world!", 6), 6);
    assert_int_equal(dtt_tls_recv(p->client, buf, sizeof(buf)), 6);
    assert_memory_equal(buf, "world!", 6);

    assert_true(dtt_tls_export(p->client, label, dtt_slice("context", 7), ours, sizeof(ours)));
    assert_int_equal(gnutls_prf_rfc5705(p->server, sizeof(label) - 1, label, 7, "context",
                                        sizeof(theirs), (char *)theirs),
                     0);
    assert_memory_equal(ours, theirs, sizeof(ours));

    p->to_client.is_ended = true; /* without a goodbye */
    assert_int_equal(dtt_tls_recv(p->client, buf, sizeof(buf)), 0);
    pair_free(p);
}

static void a_server_with_a_good_certificate_is_talked_to(void **state)
{
    struct certificate c;
    (void)state;
    certificate_init(&c, "relay.test", time(NULL) + CERTIFICATE_DAY);
    talk(&c, ANY, "relay.test");
    talk(&c, ANY, "relay.test."); /* names of hosts may end in a dot, those of certificates not */
    talk(&c, ANY, "127.0.0.1");
    talk(&c, OLD, "relay.test");
    certificate_fini(&c);
}

static void refuse(const struct certificate *c, const char *ca_file, const char *priorities,
                   const char *host, int err, const char *why)
{
    struct dtt_tls_trust trust = {.ca_file = ca_file};
    struct pair *p = pair_new(c, priorities, &trust, host);
    assert_int_equal(shake_hands(p), err);
    assert_non_null(strstr(p->why, why));
    assert_int_not_equal(gnutls_handshake(p->server), 0); /* it is told */
    pair_free(p);
    assert_null(trust.store);
}

static void a_certificate_that_is_not_good_ends_the_handshake(void **state)
{
    struct certificate good, other, old;
    (void)state;
    certificate_init(&good, "relay.test", time(NULL) + CERTIFICATE_DAY);
    certificate_init(&other, "relay.test", time(NULL) + CERTIFICATE_DAY);
    certificate_init(&old, "relay.test", time(NULL) - CERTIFICATE_DAY);
    refuse(&good, good.ca_file, ANY, "relay.example", DTT_EAUTH, "name");
    refuse(&good, good.ca_file, ANY, "127.0.0.2", DTT_EAUTH, "name");
    refuse(&good, other.ca_file, ANY, "relay.test", DTT_EAUTH, "NOT trusted");
    refuse(&old, old.ca_file, ANY, "relay.test", DTT_EAUTH, "expired");
    refuse(&good, good.ca_file, TOO_OLD, "relay.test", DTT_EPROTO, "");
    certificate_fini(&good);
    certificate_fini(&other);
    certificate_fini(&old);
}

static void what_is_not_TLS_ends_the_handshake(void **state)
{
    static const char http[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
    struct certificate c;
    (void)state;
    certificate_init(&c, "relay.test", time(NULL) + CERTIFICATE_DAY);
    struct dtt_tls_trust trust = {.ca_file = c.ca_file};

    struct pair *p = pair_new(&c, ANY, &trust, "relay.test");
    assert_int_equal(dtt_tls_handshake(p->client, p->why), DTT_EAGAIN);
    put(&p->to_client, http, sizeof(http) - 1);
    assert_int_equal(dtt_tls_handshake(p->client, p->why), DTT_EPROTO);
    pair_free(p);

    p = pair_new(&c, ANY, &trust, "relay.test");
    p->to_client.is_ended = true;
    assert_int_equal(dtt_tls_handshake(p->client, p->why), DTT_ECLOSED);
    pair_free(p);
    certificate_fini(&c);
}

/* Else a server could keep the loop from everything else. */
static void a_flood_of_alerts_is_read_little_by_little(void **state)
{
    struct certificate c;
    char buf[32];
    (void)state;
    certificate_init(&c, "relay.test", time(NULL) + CERTIFICATE_DAY);
    struct dtt_tls_trust trust = {.ca_file = c.ca_file};
    struct pair *p = pair_new(&c, OLD, &trust, "relay.test");
    assert_int_equal(shake_hands(p), DTT_OK);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(gnutls_alert_send(p->server, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED),
                         0);
    }
    assert_int_equal(gnutls_record_send(p->server, "world!", 6), 6);
    size_t len = p->to_client.len;
    ssize_t n = dtt_tls_recv(p->client, buf, sizeof(buf));
    assert_int_equal(n, DTT_EAGAIN);
    assert_true(p->to_client.len > len / 2);
    while (n == DTT_EAGAIN && p->to_client.len > 0) {
        n = dtt_tls_recv(p->client, buf, sizeof(buf));
    }
    assert_int_equal(n, 6);
    pair_free(p);
    certificate_fini(&c);
}

static void the_authorities_are_loaded_once_and_given_back(void **state)
{
    struct certificate c;
    (void)state;
    certificate_init(&c, "relay.test", time(NULL) + CERTIFICATE_DAY);
    struct dtt_tls_trust trust = {.ca_file = c.ca_file};
    struct pair *a = pair_new(&c, ANY, &trust, "relay.test");
    struct dtt_tls_store *store = trust.store;
    struct pair *b = pair_new(&c, ANY, &trust, "relay.test");
    assert_ptr_equal(trust.store, store);
    assert_int_equal(shake_hands(a), DTT_OK);
    assert_ptr_equal(trust.store, store);
    pair_free(b); /* in the midst of its handshake */
    assert_null(trust.store);
    pair_free(a);

    struct dtt_tls *t = NULL;
    struct dtt_tls_wire wire = {0};
    trust.ca_file = "/nonexistent";
    assert_int_equal(dtt_tls_new(&t, &trust, "relay.test", &wire), DTT_ENOENT);
    assert_int_equal(dtt_tls_new(&t, &trust, ".", &wire), DTT_EINVAL);
    assert_null(t);
    assert_int_equal(trust.n_users, 0);
    certificate_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_with_a_good_certificate_is_talked_to),
        cmocka_unit_test(a_certificate_that_is_not_good_ends_the_handshake),
        cmocka_unit_test(what_is_not_TLS_ends_the_handshake),
        cmocka_unit_test(a_flood_of_alerts_is_read_little_by_little),
        cmocka_unit_test(the_authorities_are_loaded_once_and_given_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
