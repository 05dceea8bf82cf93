/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What the host says: the time, random bytes, its addresses. */
#ifndef DTT_IO_HOST_H
#define DTT_IO_HOST_H

#include "base/addr.h"
#include "base/time.h"

/** The time now; mono_ns is CLOCK_BOOTTIME, which also counts while the host sleeps. */
struct dtt_now dtt_host_now(void);

/** At most 256 random bytes of the system, fit for keys. DTT_EIO when there are none. */
int dtt_host_entropy(void *buf, size_t len);

/**
 * Addresses under which others may reach a socket bound to `bound`: itself, or when it is bound to
 * all interfaces theirs, public ones first, link-local ones not, loopback only where there is no
 * other. Appends to list[*n], at most `cap` in all.
 */
void dtt_host_addrs(const struct dtt_addr *bound, struct dtt_addr *list, size_t *n, size_t cap);

#endif
