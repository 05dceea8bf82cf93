/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Looks up a host name without blocking. getaddrinfo(3) cannot be interrupted, and a name server
 * that is silent may hold it for half a minute, so each look-up has a detached thread of its own
 * that nobody waits for: giving up, and leaving the program, take no time.
 */
#ifndef DTT_IO_RESOLVE_H
#define DTT_IO_RESOLVE_H

#include "base/addr.h"

#define DTT_RESOLVE_ADDRS 16

struct dtt_resolve;

/** Starts a look-up of `host`. DTT_EAGAIN: no thread is to be had; DTT_EIO, DTT_ENOMEM. */
int dtt_resolve_start(struct dtt_resolve **ret, const char *host, uint16_t port);
/** Readable when the result is there. */
int dtt_resolve_fd(const struct dtt_resolve *r);
/** Up to DTT_RESOLVE_ADDRS addresses; 0 when the name is unknown or the look-up failed. */
size_t dtt_resolve_take(struct dtt_resolve *r, struct dtt_addr ret[DTT_RESOLVE_ADDRS]);
/** Frees; a look-up still running is abandoned. NULL is fine. */
void dtt_resolve_free(struct dtt_resolve *r);

#endif
