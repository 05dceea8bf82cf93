/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* An authority and a server's certificate, made for one test. Include after support/vectors.h. */
#ifndef TESTS_SUPPORT_CERTIFICATE_H
#define TESTS_SUPPORT_CERTIFICATE_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CERTIFICATE_DAY (24 * 60 * 60)

struct certificate {
    char ca_file[64]; /**< PEM, removed by certificate_fini */
    gnutls_certificate_credentials_t server;
};

static gnutls_x509_privkey_t certificate_key(void)
{
    gnutls_x509_privkey_t key;
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(gnutls_x509_privkey_generate(
                         key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0),
                     0);
    return key;
}

static gnutls_x509_crt_t certificate_begin(const char *dn, gnutls_x509_privkey_t key, time_t until)
{
    gnutls_x509_crt_t crt;
    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_serial(crt, "\x01", 1);
    gnutls_x509_crt_set_activation_time(crt, time(NULL) - 2 * CERTIFICATE_DAY);
    gnutls_x509_crt_set_expiration_time(crt, until);
    assert_int_equal(gnutls_x509_crt_set_dn(crt, dn, NULL), 0);
    assert_int_equal(gnutls_x509_crt_set_key(crt, key), 0);
    return crt;
}

/** For `name` and 127.0.0.1, valid until `until`. */
static inline void certificate_init(struct certificate *c, const char *name, time_t until)
{
    static const unsigned char loopback[4] = {127, 0, 0, 1};
    gnutls_x509_privkey_t ca_key = certificate_key(), key = certificate_key();
    gnutls_x509_crt_t ca = certificate_begin("CN=authority", ca_key, until);
    gnutls_x509_crt_t leaf = certificate_begin("CN=server", key, until);
    gnutls_datum_t pem;
    gnutls_x509_crt_set_ca_status(ca, 1);
    gnutls_x509_crt_set_key_usage(ca, GNUTLS_KEY_KEY_CERT_SIGN);
    assert_int_equal(gnutls_x509_crt_sign2(ca, ca, ca_key, GNUTLS_DIG_SHA256, 0), 0);
    gnutls_x509_crt_set_subject_alt_name(leaf, GNUTLS_SAN_DNSNAME, name, (unsigned)strlen(name),
                                         GNUTLS_FSAN_SET);
    gnutls_x509_crt_set_subject_alt_name(leaf, GNUTLS_SAN_IPADDRESS, loopback, sizeof(loopback),
                                         GNUTLS_FSAN_APPEND);
    assert_int_equal(gnutls_x509_crt_sign2(leaf, ca, ca_key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_certificate_allocate_credentials(&c->server), 0);
    assert_int_equal(gnutls_certificate_set_x509_key(c->server, &leaf, 1, key), 0);

    snprintf(c->ca_file, sizeof(c->ca_file), "/tmp/dtt-test-ca-XXXXXX");
    int fd = mkstemp(c->ca_file);
    assert_int_equal(gnutls_x509_crt_export2(ca, GNUTLS_X509_FMT_PEM, &pem), 0);
    assert_int_equal(write(fd, pem.data, pem.size), (int)pem.size);
    close(fd);
    gnutls_free(pem.data);
    gnutls_x509_crt_deinit(ca);
    gnutls_x509_crt_deinit(leaf);
    gnutls_x509_privkey_deinit(ca_key);
    gnutls_x509_privkey_deinit(key);
}

static inline void certificate_fini(struct certificate *c)
{
    unlink(c->ca_file);
    gnutls_certificate_free_credentials(c->server);
}

/** The server's end of a connection. `priorities`: of GnuTLS. */
static gnutls_session_t certificate_accept(const struct certificate *c, const char *priorities)
{
    gnutls_session_t s;
    assert_int_equal(gnutls_init(&s, GNUTLS_SERVER | GNUTLS_NONBLOCK), 0);
    assert_int_equal(gnutls_priority_set_direct(s, priorities, NULL), 0);
    assert_int_equal(gnutls_credentials_set(s, GNUTLS_CRD_CERTIFICATE, c->server), 0);
    return s;
}

#endif
