/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * TLS as the web has it (RFC 8446, RFC 5246), as a client: the server must show a certificate for
 * the name it was asked by, signed by an authority that is trusted here. There is no switch that
 * turns this off. Bytes go in and out by two functions of the user; nothing blocks.
 */
#ifndef DTT_IO_TLS_H
#define DTT_IO_TLS_H

#include "base/bytes.h"

#include <dtt/types.h>

#include <sys/types.h>

#define DTT_TLS_WHY_MAX 160
/* A record (RFC 8446, section 5.1) has so much content at most, and costs so much more. */
#define DTT_TLS_RECORD_MAX 16384
#define DTT_TLS_OVERHEAD 64

/** Authorities that were read, or will be. Threads may share one. */
struct dtt_tls_store;

/**
 * The authorities that are trusted. They are read when somebody needs them, shared, and given back
 * with the last user: the store of a system takes megabytes, and tens of milliseconds to read, for
 * which there are threads. Set `ca_file`, zero the rest; must not move while there are users.
 */
struct dtt_tls_trust {
    const char *ca_file;         /**< PEM, instead of the system's store; NULL: the latter */
    struct dtt_tls_store *store; /**< NULL: there is no user */
    unsigned n_users;
};

/** One user more, for a session that is to come. DTT_ENOMEM. */
int dtt_tls_trust_borrow(struct dtt_tls_trust *trust);
void dtt_tls_trust_return(struct dtt_tls_trust *trust);
/** A session would not have to read them. */
bool dtt_tls_trust_is_loaded(const struct dtt_tls_trust *trust);

/** Keeps it beyond its trust, until dtt_tls_store_unref. */
struct dtt_tls_store *dtt_tls_store_ref(struct dtt_tls_store *store);
void dtt_tls_store_unref(struct dtt_tls_store *store);
/** In any thread: reads the authorities, unless that is done, or nobody needs them any more. */
void dtt_tls_store_load(struct dtt_tls_store *store);

/** DTT_OK, or DTT_EIO, DTT_ENOMEM with a sentence when no authority can be read from the file. */
int dtt_tls_check_ca_file(const char *path, char *why, size_t cap);

/** How a session reaches the wire. */
struct dtt_tls_wire {
    void *user;
    /** Takes all bytes; false: out of memory. */
    bool (*push)(void *user, struct dtt_slice bytes);
    /** Number of bytes that came, at most `len`; 0: no more will come; DTT_EAGAIN: none now;
     * DTT_EIO. */
    ssize_t (*pull)(void *user, void *buf, size_t len);
};

struct dtt_tls;

/**
 * A session with the server `host`: a name, with or without a trailing dot, or an address. `trust`
 * is used until the handshake ends. DTT_ENOENT: no authority could be loaded; DTT_ECRYPTO,
 * DTT_ENOMEM.
 */
int dtt_tls_new(struct dtt_tls **ret, struct dtt_tls_trust *trust, const char *host,
                const struct dtt_tls_wire *wire);
/** NULL is fine. */
void dtt_tls_free(struct dtt_tls *t);

/**
 * Goes on with the handshake, first and while there are bytes. DTT_OK: done; DTT_EAGAIN: not yet;
 * DTT_EAUTH: the certificate is not accepted; DTT_ECLOSED, DTT_EPROTO; DTT_EIO: the wire failed.
 * `why`: a sentence about a failure, but for one of the wire, which knows more itself.
 */
int dtt_tls_handshake(struct dtt_tls *t, char why[DTT_TLS_WHY_MAX]);
/** Number of bytes, 0 at the end of the stream, DTT_EAGAIN (the wire may have more), DTT_EPROTO,
 * DTT_EIO. */
ssize_t dtt_tls_recv(struct dtt_tls *t, void *buf, size_t len);
/** Sends all bytes. DTT_EIO. */
int dtt_tls_send(struct dtt_tls *t, struct dtt_slice bytes);
/** After the handshake: keying material of this session (RFC 5705; RFC 8446, section 7.5). */
bool dtt_tls_export(const struct dtt_tls *t, const char *label, struct dtt_slice context,
                    uint8_t *ret, size_t len);

#endif
