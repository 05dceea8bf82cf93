/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/tls.h"

#include "base/addr.h"
#include "io/host.h"

#include <arpa/inet.h>
#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* Older versions are deprecated (RFC 8996). */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct dtt_tls {
    gnutls_session_t native;
    struct dtt_tls_trust *trust; /* NULL: given back */
    struct dtt_tls_wire wire;
    char host[DTT_HOST_MAX]; /* without the trailing dot, which certificates do not have */
};

/* ----------------------------------------------------------------- trust */

struct dtt_tls_store {
    pthread_mutex_t mutex;   /* of the rest; never held for long */
    pthread_mutex_t loading; /* held by who reads the authorities */
    unsigned refs;
    bool is_over; /* nobody needs them any more */
    char *ca_file;
    gnutls_certificate_credentials_t cred; /* NULL: not read */
};

static int read_authorities(const char *ca_file, gnutls_certificate_credentials_t *ret)
{
    gnutls_certificate_credentials_t cred;
    if (gnutls_certificate_allocate_credentials(&cred) != 0) {
        return DTT_ENOMEM;
    }
    int n = ca_file ? gnutls_certificate_set_x509_trust_file(cred, ca_file, GNUTLS_X509_FMT_PEM)
                    : gnutls_certificate_set_x509_system_trust(cred);
    if (n <= 0) {
        gnutls_certificate_free_credentials(cred);
        return DTT_ENOENT;
    }
    *ret = cred;
    return DTT_OK;
}

int dtt_tls_check_ca_file(const char *path, char *why, size_t cap)
{
    gnutls_certificate_credentials_t cred;
    int err = read_authorities(path, &cred);
    if (err == DTT_OK) {
        gnutls_certificate_free_credentials(cred);
        return DTT_OK;
    }
    if (why) {
        snprintf(why, cap, "there is no certificate to be read in '%.512s'", path);
    }
    return err == DTT_ENOMEM ? DTT_ENOMEM : DTT_EIO;
}

static struct dtt_tls_store *store_new(const char *ca_file)
{
    struct dtt_tls_store *store = calloc(1, sizeof(*store));
    if (!store) {
        return NULL;
    }
    store->ca_file = ca_file ? strdup(ca_file) : NULL;
    if (ca_file && !store->ca_file) {
        free(store);
        return NULL;
    }
    pthread_mutex_init(&store->mutex, NULL);
    pthread_mutex_init(&store->loading, NULL);
    store->refs = 1;
    return store;
}

struct dtt_tls_store *dtt_tls_store_ref(struct dtt_tls_store *store)
{
    pthread_mutex_lock(&store->mutex);
    store->refs++;
    pthread_mutex_unlock(&store->mutex);
    return store;
}

void dtt_tls_store_unref(struct dtt_tls_store *store)
{
    pthread_mutex_lock(&store->mutex);
    bool is_last = --store->refs == 0;
    pthread_mutex_unlock(&store->mutex);
    if (is_last) {
        pthread_mutex_destroy(&store->mutex);
        pthread_mutex_destroy(&store->loading);
        free(store->ca_file);
        free(store);
    }
}

static gnutls_certificate_credentials_t cred_of(struct dtt_tls_store *store)
{
    pthread_mutex_lock(&store->mutex);
    gnutls_certificate_credentials_t cred = store->cred;
    pthread_mutex_unlock(&store->mutex);
    return cred;
}

void dtt_tls_store_load(struct dtt_tls_store *store)
{
    gnutls_certificate_credentials_t cred = NULL;
    pthread_mutex_lock(&store->loading);
    pthread_mutex_lock(&store->mutex);
    bool is_needed = !store->is_over && !store->cred;
    pthread_mutex_unlock(&store->mutex);
    if (is_needed && read_authorities(store->ca_file, &cred) == DTT_OK) {
        pthread_mutex_lock(&store->mutex);
        if (!store->is_over) {
            store->cred = cred;
            cred = NULL;
        }
        pthread_mutex_unlock(&store->mutex);
    }
    pthread_mutex_unlock(&store->loading);
    if (cred) {
        gnutls_certificate_free_credentials(cred);
    }
}

int dtt_tls_trust_borrow(struct dtt_tls_trust *trust)
{
    trust->store = trust->store ? trust->store : store_new(trust->ca_file);
    trust->n_users += trust->store != NULL;
    return trust->store ? DTT_OK : DTT_ENOMEM;
}

void dtt_tls_trust_return(struct dtt_tls_trust *trust)
{
    struct dtt_tls_store *store = trust->store;
    if (--trust->n_users > 0) {
        return;
    }
    trust->store = NULL;
    pthread_mutex_lock(&store->mutex);
    store->is_over = true;
    gnutls_certificate_credentials_t cred = store->cred;
    store->cred = NULL;
    pthread_mutex_unlock(&store->mutex);
    dtt_tls_store_unref(store);
    if (cred) {
        gnutls_certificate_free_credentials(cred);
        dtt_host_trim_heap(); /* megabytes, below what was allocated meanwhile */
    }
}

bool dtt_tls_trust_is_loaded(const struct dtt_tls_trust *trust)
{
    return trust->store && cred_of(trust->store);
}

static int borrow_trust(struct dtt_tls *t, struct dtt_tls_trust *trust)
{
    int err = dtt_tls_trust_borrow(trust);
    if (err) {
        return err;
    }
    t->trust = trust;
    if (!cred_of(trust->store)) {
        dtt_tls_store_load(trust->store);
    }
    return cred_of(trust->store) ? DTT_OK : DTT_ENOENT;
}

static void return_trust(struct dtt_tls *t)
{
    if (t->trust) {
        gnutls_credentials_clear(t->native);
        dtt_tls_trust_return(t->trust);
        t->trust = NULL;
    }
}

/* ------------------------------------------------------------------ wire */

static ssize_t push(gnutls_transport_ptr_t ptr, const void *data, size_t len)
{
    struct dtt_tls *t = ptr;
    if (!t->wire.push(t->wire.user, dtt_slice(data, len))) {
        gnutls_transport_set_errno(t->native, ENOMEM);
        return -1;
    }
    return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t ptr, void *buf, size_t len)
{
    struct dtt_tls *t = ptr;
    ssize_t n = t->wire.pull(t->wire.user, buf, len);
    if (n < 0) {
        gnutls_transport_set_errno(t->native, n == DTT_EAGAIN ? EAGAIN : EIO);
        return -1;
    }
    return n;
}

/* There is no socket that GnuTLS could poll. */
static int pull_timeout(gnutls_transport_ptr_t ptr, unsigned ms)
{
    (void)ptr;
    (void)ms;
    return 1;
}

/* --------------------------------------------------------------- session */

static bool is_address(const char *host)
{
    uint8_t ip[16];
    return inet_pton(AF_INET, host, ip) == 1 || inet_pton(AF_INET6, host, ip) == 1;
}

static int configure(struct dtt_tls *t)
{
    int rv = gnutls_priority_set_direct(t->native, priorities, NULL);
    if (rv == 0) {
        rv = gnutls_credentials_set(t->native, GNUTLS_CRD_CERTIFICATE, cred_of(t->trust->store));
    }
    if (rv == 0 && !is_address(t->host)) { /* RFC 6066, section 3: no addresses there */
        rv = gnutls_server_name_set(t->native, GNUTLS_NAME_DNS, t->host, strlen(t->host));
    }
    gnutls_session_set_verify_cert(t->native, t->host, 0);
    gnutls_transport_set_ptr(t->native, t);
    gnutls_transport_set_push_function(t->native, push);
    gnutls_transport_set_pull_function(t->native, pull);
    gnutls_transport_set_pull_timeout_function(t->native, pull_timeout);
    return rv;
}

static int start(struct dtt_tls *t, struct dtt_tls_trust *trust)
{
    unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL | GNUTLS_NO_TICKETS;
    if (gnutls_init(&t->native, flags) != 0) {
        t->native = NULL;
        return DTT_ENOMEM;
    }
    int err = borrow_trust(t, trust);
    return !err && configure(t) != 0 ? DTT_ECRYPTO : err;
}

int dtt_tls_new(struct dtt_tls **ret, struct dtt_tls_trust *trust, const char *host,
                const struct dtt_tls_wire *wire)
{
    struct dtt_tls *t = calloc(1, sizeof(*t));
    size_t len = strlen(host);
    if (!t) {
        return DTT_ENOMEM;
    }
    if (len > 0 && host[len - 1] == '.') {
        len--;
    }
    int err = len > 0 && len < sizeof(t->host) ? DTT_OK : DTT_EINVAL;
    if (!err) {
        snprintf(t->host, sizeof(t->host), "%.*s", (int)len, host);
        t->wire = *wire;
        err = start(t, trust);
    }
    if (err) {
        dtt_tls_free(t);
        return err;
    }
    *ret = t;
    return DTT_OK;
}

void dtt_tls_free(struct dtt_tls *t)
{
    if (!t) {
        return;
    }
    return_trust(t);
    if (t->native) {
        gnutls_deinit(t->native);
    }
    free(t);
}

static void say_certificate(struct dtt_tls *t, char why[DTT_TLS_WHY_MAX])
{
    unsigned status = gnutls_session_get_verify_cert_status(t->native);
    gnutls_datum_t text = {0};
    if (gnutls_certificate_verification_status_print(status, GNUTLS_CRT_X509, &text, 0) == 0) {
        snprintf(why, DTT_TLS_WHY_MAX, "%s", (const char *)text.data);
        gnutls_free(text.data);
    }
    for (size_t n = strlen(why); n > 0 && (why[n - 1] == ' ' || why[n - 1] == '.'); n--) {
        why[n - 1] = '\0';
    }
}

static int say_failure(struct dtt_tls *t, int rv, char why[DTT_TLS_WHY_MAX])
{
    switch (rv) {
    case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR: say_certificate(t, why); return DTT_EAUTH;
    case GNUTLS_E_PREMATURE_TERMINATION: return DTT_ECLOSED;
    case GNUTLS_E_FATAL_ALERT_RECEIVED:
        snprintf(why, DTT_TLS_WHY_MAX, "the server refuses: %s",
                 gnutls_alert_get_name(gnutls_alert_get(t->native)));
        return DTT_EPROTO;
    default: return DTT_EPROTO;
    }
}

int dtt_tls_handshake(struct dtt_tls *t, char why[DTT_TLS_WHY_MAX])
{
    int rv = gnutls_handshake(t->native);
    if (rv < 0 && !gnutls_error_is_fatal(rv)) {
        return DTT_EAGAIN;
    }
    if (rv == 0) {
        return_trust(t);
        return DTT_OK;
    }
    if (rv == GNUTLS_E_PULL_ERROR) {
        return DTT_EIO;
    }
    snprintf(why, DTT_TLS_WHY_MAX, "%s", gnutls_strerror(rv));
    int err = say_failure(t, rv, why);
    /* The server is told; whether the alert goes out is not waited for. */
    (void)gnutls_alert_send_appropriate(t->native, rv);
    return err;
}

ssize_t dtt_tls_recv(struct dtt_tls *t, void *buf, size_t len)
{
    ssize_t n = gnutls_record_recv(t->native, buf, len);
    /* Nothing is there, or an alert or a wish to shake hands again (TLS 1.2), which are not
     * answered. What follows them has to wait for its turn: there may be no end of them. */
    if (n < 0 && !gnutls_error_is_fatal((int)n)) {
        return DTT_EAGAIN;
    }
    if (n == GNUTLS_E_PREMATURE_TERMINATION) {
        return 0; /* servers are killed, and what they speak has ends of its own */
    }
    if (n == GNUTLS_E_PULL_ERROR) {
        return DTT_EIO;
    }
    return n < 0 ? DTT_EPROTO : n;
}

int dtt_tls_send(struct dtt_tls *t, struct dtt_slice bytes)
{
    while (bytes.len > 0) {
        ssize_t n = gnutls_record_send(t->native, bytes.data, bytes.len);
        if (n <= 0) {
            return DTT_EIO;
        }
        bytes = dtt_slice(bytes.data + n, bytes.len - (size_t)n);
    }
    return DTT_OK;
}

bool dtt_tls_export(const struct dtt_tls *t, const char *label, struct dtt_slice context,
                    uint8_t *ret, size_t len)
{
    return gnutls_prf_rfc5705(t->native, strlen(label), label, context.len,
                              (const char *)context.data, len, (char *)ret) == GNUTLS_E_SUCCESS;
}
