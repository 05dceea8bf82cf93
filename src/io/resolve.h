/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Looks up names without blocking. getaddrinfo(3) and res_query(3) cannot be interrupted, and a
 * name server that is silent may hold them for half a minute, so they run in detached threads that
 * nobody waits for: giving up, and leaving the program, take no time. All nodes of a process share
 * a few threads, which end when there is nothing to do; other look-ups wait for their turn. They
 * read authorities for TLS, too, which takes as long as a look-up.
 */
#ifndef DTT_IO_RESOLVE_H
#define DTT_IO_RESOLVE_H

#include "base/addr.h"
#include "io/tls.h"

#define DTT_RESOLVE_THREADS 16
#define DTT_RESOLVE_ADDRS 16
#define DTT_RESOLVE_TEXT_MAX 4096 /**< bytes of a name server's answer; what is longer is cut */

struct dtt_resolve;

/** Starts a look-up of `host`. DTT_EAGAIN: no thread is to be had; DTT_EIO, DTT_ENOMEM. */
int dtt_resolve_start(struct dtt_resolve **ret, const char *host, uint16_t port);
/** Starts reading authorities; what comes of it the store knows. The same errors. */
int dtt_resolve_start_authorities(struct dtt_resolve **ret, struct dtt_tls_store *store);
/** Starts a look-up of the TXT records of `name`. The same errors. */
int dtt_resolve_start_text(struct dtt_resolve **ret, const char *name);
/** Readable when the result is there. */
int dtt_resolve_fd(const struct dtt_resolve *r);
/** Up to DTT_RESOLVE_ADDRS addresses; 0 when the name is unknown or the look-up failed. */
size_t dtt_resolve_take(struct dtt_resolve *r, struct dtt_addr ret[DTT_RESOLVE_ADDRS]);
/** The answer to a look-up of TXT records, a DNS message; 0: there are none, or it failed. */
size_t dtt_resolve_take_text(struct dtt_resolve *r, uint8_t ret[DTT_RESOLVE_TEXT_MAX]);
/** Frees; a look-up still running is abandoned, one that waits is forgotten. NULL is fine. */
void dtt_resolve_free(struct dtt_resolve *r);

#endif
