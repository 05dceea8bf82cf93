/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A relay in a thread, for one connection. Include after support/vectors.h. */
#ifndef TESTS_UNIT_IO_FAKE_RELAY_H
#define TESTS_UNIT_IO_FAKE_RELAY_H

#include "relay/relay_wire.h"
#include "relay/upgrade.h"
#include "support/certificate.h"
#include "support/loopback.h"

#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define PATIENCE_S 20

/* A relay for one client: it lets it in, answers its first ping, and sends its next message back as
 * one that came from the client itself. */
struct fake {
    int listener; /* its port is taken, nobody listens before fake_start */
    pthread_t thread;
    uint16_t port;
    const struct certificate *certificate; /* NULL: http */
    const char *answer;                    /* instead of the upgrade; NULL: none */
    const char *word;                      /* what it says then; NULL: it lets the client in */
    bool is_silent;                        /* after that it waits for the client's end */
    gnutls_session_t tls;
    int fd;
    bool has_field; /* the request had keying material */
};

static inline void fake_init(struct fake *f, const struct certificate *certificate)
{
    *f = (struct fake){.certificate = certificate};
    f->listener = loopback_bind(&f->port);
}

static inline void fake_accept(struct fake *f)
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

static inline size_t fake_recv(struct fake *f, void *buf, size_t len)
{
    ssize_t n = f->tls ? gnutls_record_recv(f->tls, buf, len) : recv(f->fd, buf, len, 0);
    assert_true(n > 0);
    return (size_t)n;
}

static inline void fake_send(struct fake *f, const void *data, size_t len)
{
    ssize_t n = f->tls ? gnutls_record_send(f->tls, data, len) : send(f->fd, data, len, 0);
    assert_int_equal(n, len);
}

static inline void fake_end(struct fake *f)
{
    if (f->tls) {
        gnutls_deinit(f->tls);
        f->tls = NULL;
    }
    close(f->fd);
}

static inline void fake_upgrade(struct fake *f)
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
                     "sec-websocket-accept: %s\r\nsec-websocket-protocol: iroh-relay-v2\r\n\r\n%s",
                     u.accept, f->word ? f->word : "\x82\x01\x02");
    fake_send(f, answer, (size_t)n);
}

/* The content of one masked frame of fewer than 126 bytes. */
static inline size_t fake_message(struct fake *f, uint8_t buf[256])
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

static inline void *fake_run(void *arg)
{
    struct fake *f = arg;
    uint8_t message[2 + 256];
    fake_accept(f);
    fake_upgrade(f);
    for (int i = 0; i < 2 && !f->answer && !f->is_silent; i++) {
        size_t len = fake_message(f, message + 2);
        message[0] = 0x82;
        message[1] = (uint8_t)len;
        message[2] = message[2] == DTT_RELAY_PING ? DTT_RELAY_PONG : DTT_RELAY_SERVER_DATAGRAM;
        fake_send(f, message, len + 2);
    }
    while (f->is_silent && recv(f->fd, message, sizeof(message), 0) > 0) {
    }
    fake_end(f);
    return NULL;
}

/* From now on, in a thread of its own. */
static inline void fake_start(struct fake *f)
{
    assert_int_equal(listen(f->listener, 8), 0);
    assert_int_equal(pthread_create(&f->thread, NULL, fake_run, f), 0);
}

#endif
