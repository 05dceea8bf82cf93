/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/tls.h"

#include "crypto/ed25519.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <stdlib.h>

/*
 * RFC 9001, section 8.4 forbids the middlebox compatibility mode. iroh 1.x signs with Ed25519 only;
 * rustls and GnuTLS share these ciphers and X25519.
 */
static const char priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305"
    ":-GROUP-ALL:+GROUP-X25519:-SIGN-ALL:+SIGN-EDDSA-ED25519"
    ":-CTYPE-ALL:+CTYPE-CLI-RAWPK:+CTYPE-SRV-RAWPK:%DISABLE_TLS13_COMPAT_MODE";

/* DER of RFC 8410: the bytes before the 32 key bytes. */
static const uint8_t spki_prefix[12] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                        0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
#define SPKI_LEN (sizeof(spki_prefix) + DTT_ID_BYTES)

struct dtt_qtls {
    gnutls_certificate_credentials_t cred;
    gnutls_priority_t priority;
    struct dtt_id id;
    size_t alpn_len;
    uint8_t alpn[DTT_QTLS_ALPN_MAX];
};

static bool id_from_spki(const gnutls_datum_t *spki, struct dtt_id *ret)
{
    if (spki->size != SPKI_LEN || memcmp(spki->data, spki_prefix, sizeof(spki_prefix)) != 0) {
        return false;
    }
    memcpy(ret->bytes, spki->data + sizeof(spki_prefix), DTT_ID_BYTES);
    return true;
}

/* The public key as peers get it. */
static int load_public(const struct dtt_id *id, gnutls_pcert_st *ret)
{
    gnutls_datum_t x = {(unsigned char *)(uintptr_t)id->bytes, DTT_ID_BYTES};
    ret->cert.data = gnutls_malloc(SPKI_LEN);
    if (!ret->cert.data) {
        return GNUTLS_E_MEMORY_ERROR;
    }
    ret->cert.size = SPKI_LEN;
    memcpy(ret->cert.data, spki_prefix, sizeof(spki_prefix));
    memcpy(ret->cert.data + sizeof(spki_prefix), id->bytes, DTT_ID_BYTES);
    int rv = gnutls_pubkey_init(&ret->pubkey);
    if (rv == 0) {
        rv = gnutls_pubkey_import_ecc_raw(ret->pubkey, GNUTLS_ECC_CURVE_ED25519, &x, NULL);
    }
    return rv == 0 ? gnutls_pubkey_set_key_usage(ret->pubkey, GNUTLS_KEY_DIGITAL_SIGNATURE) : rv;
}

/*
 * The pair goes in by its raw bytes: libtasn1, which reads DER, ends the process where memory is
 * short. GnuTLS 3.7 does not notice a pair that does not match, so the public key is always
 * derived.
 */
static int load_key(struct dtt_qtls *t, const uint8_t seed[32])
{
    gnutls_datum_t x = {t->id.bytes, DTT_ID_BYTES};
    gnutls_datum_t k = {(unsigned char *)(uintptr_t)seed, DTT_SEED_BYTES};
    gnutls_pcert_st pcert = {.type = GNUTLS_CRT_RAWPK};
    gnutls_privkey_t key = NULL;
    dtt_ed25519_public_key(t->id.bytes, seed);
    int rv = load_public(&t->id, &pcert);
    if (rv == 0) {
        rv = gnutls_privkey_init(&key);
    }
    if (rv == 0) {
        rv = gnutls_privkey_import_ecc_raw(key, GNUTLS_ECC_CURVE_ED25519, &x, NULL, &k);
    }
    if (rv == 0) {
        gnutls_certificate_set_flags(t->cred, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
        rv = gnutls_certificate_set_key(t->cred, NULL, 0, &pcert, 1, key);
    }
    if (rv < 0) {
        gnutls_pcert_deinit(&pcert);
        if (key) {
            gnutls_privkey_deinit(key);
        }
        return rv == GNUTLS_E_MEMORY_ERROR ? DTT_ENOMEM : DTT_ECRYPTO;
    }
    return DTT_OK; /* both belong to the credentials now */
}

int dtt_qtls_new(struct dtt_qtls **ret, const uint8_t seed[32], const char *alpn)
{
    size_t alpn_len = alpn ? strlen(alpn) : 0;
    if (alpn_len == 0 || alpn_len > DTT_QTLS_ALPN_MAX) {
        return DTT_EINVAL;
    }
    struct dtt_qtls *t = calloc(1, sizeof(*t));
    if (!t) {
        return DTT_ENOMEM;
    }
    t->alpn_len = alpn_len;
    memcpy(t->alpn, alpn, alpn_len);
    if (gnutls_certificate_allocate_credentials(&t->cred) != 0 ||
        gnutls_priority_init(&t->priority, priorities, NULL) != 0 || load_key(t, seed) != 0) {
        dtt_qtls_free(t);
        return DTT_ECRYPTO;
    }
    *ret = t;
    return DTT_OK;
}

void dtt_qtls_free(struct dtt_qtls *t)
{
    if (!t) {
        return;
    }
    if (t->cred) {
        gnutls_certificate_free_credentials(t->cred);
    }
    if (t->priority) {
        gnutls_priority_deinit(t->priority);
    }
    free(t);
}

const struct dtt_id *dtt_qtls_id(const struct dtt_qtls *t)
{
    return &t->id;
}

/*
 * Runs when GnuTLS has checked the peer's CertificateVerify, before our Finished goes out. The
 * session's `peer` holds the key expected of a server.
 */
static int verify_peer(gnutls_session_t native)
{
    struct dtt_qtls_session *s = gnutls_session_get_ptr(native);
    struct dtt_id id;
    unsigned n = 0;
    if (gnutls_certificate_type_get2(native, GNUTLS_CTYPE_PEERS) != GNUTLS_CRT_RAWPK) {
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    const gnutls_datum_t *certs = gnutls_certificate_get_peers(native, &n);
    if (!certs || n != 1 || !id_from_spki(&certs[0], &id)) {
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    if (s->is_client && memcmp(&id, &s->peer, sizeof(id)) != 0) {
        s->is_wrong_key = true;
        return GNUTLS_E_CERTIFICATE_ERROR;
    }
    s->peer = id;
    s->is_verified = true;
    return 0;
}

/*
 * RFC 9001, section 8.2: no QUIC without transport parameters. ngtcp2's helper for GnuTLS does not
 * insist, and ngtcp2 0.12.1 fails an assertion later on when a ClientHello has none. (What servers
 * send is checked by ngtcp2 itself.)
 */
static int check_client_hello(gnutls_session_t native, unsigned type, unsigned when,
                              unsigned is_incoming, const gnutls_datum_t *message)
{
    struct dtt_qtls_session *s = gnutls_session_get_ptr(native);
    (void)type;
    (void)when;
    (void)message;
    if (!is_incoming || ngtcp2_conn_get_remote_transport_params(s->ref.get_conn(&s->ref))) {
        return 0;
    }
    return GNUTLS_E_MISSING_EXTENSION;
}

/*
 * No tickets: GnuTLS does not run verify_peer in a resumed session. (Users of the result check
 * is_verified all the same.)
 */
static int configure(struct dtt_qtls_session *s, gnutls_session_t native)
{
    const struct dtt_qtls *t = s->tls;
    gnutls_datum_t alpn = {(unsigned char *)(uintptr_t)t->alpn, (unsigned)t->alpn_len};
    int rv = gnutls_priority_set(native, t->priority);
    if (rv == 0) {
        rv = s->is_client ? ngtcp2_crypto_gnutls_configure_client_session(native)
                          : ngtcp2_crypto_gnutls_configure_server_session(native);
    }
    if (rv == 0) {
        rv = gnutls_alpn_set_protocols(native, &alpn, 1, GNUTLS_ALPN_MANDATORY);
    }
    if (rv == 0) {
        rv = gnutls_credentials_set(native, GNUTLS_CRD_CERTIFICATE, t->cred);
    }
    if (!s->is_client) {
        gnutls_certificate_server_set_request(native, GNUTLS_CERT_REQUIRE);
    }
    gnutls_session_set_verify_function(native, verify_peer);
    gnutls_handshake_set_hook_function(native, GNUTLS_HANDSHAKE_CLIENT_HELLO, GNUTLS_HOOK_POST,
                                       check_client_hello);
    /* ngtcp2's helper expects a pointer to the reference: that is the session's first member. */
    gnutls_session_set_ptr(native, &s->ref);
    return rv;
}

int dtt_qtls_start(struct dtt_qtls_session *s, const struct dtt_qtls *t,
                   const ngtcp2_crypto_conn_ref *ref, const struct dtt_id *expect)
{
    gnutls_session_t native = NULL;
    unsigned flags = GNUTLS_ENABLE_RAWPK | GNUTLS_NO_TICKETS | GNUTLS_NO_END_OF_EARLY_DATA |
                     (expect ? GNUTLS_CLIENT : GNUTLS_SERVER | GNUTLS_NO_AUTO_SEND_TICKET);
    *s = (struct dtt_qtls_session){.ref = *ref, .tls = t, .is_client = expect != NULL};
    if (expect) {
        s->peer = *expect;
    }
    if (gnutls_init(&native, flags) != 0) {
        return DTT_ECRYPTO;
    }
    s->native = native;
    if (configure(s, native) != 0) {
        dtt_qtls_end(s);
        return DTT_ECRYPTO;
    }
    return DTT_OK;
}

bool dtt_qtls_export(const struct dtt_qtls_session *s, const char *label, uint8_t *ret, size_t len)
{
    return s->native && gnutls_prf_rfc5705(s->native, strlen(label), label, 0, NULL, len,
                                           (char *)ret) == GNUTLS_E_SUCCESS;
}

void dtt_qtls_end(struct dtt_qtls_session *s)
{
    if (s->native) {
        gnutls_deinit(s->native);
        s->native = NULL;
    }
}

bool dtt_qtls_is_alpn_agreed(const struct dtt_qtls_session *s)
{
    gnutls_datum_t alpn;
    return s->native && gnutls_alpn_get_selected_protocol(s->native, &alpn) == 0 &&
           alpn.size == s->tls->alpn_len && memcmp(alpn.data, s->tls->alpn, alpn.size) == 0;
}
