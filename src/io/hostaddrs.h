/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#ifndef DTT_IO_HOSTADDRS_H
#define DTT_IO_HOSTADDRS_H

#include "base/addr.h"

/**
 * Addresses under which others may reach a socket bound to `bound`: itself, or when it is bound to
 * all interfaces theirs, public ones first, link-local ones not, loopback only where there is no
 * other. Appends to list[*n], at most `cap` in all.
 */
void dtt_hostaddrs_list(const struct dtt_addr *bound, struct dtt_addr *list, size_t *n, size_t cap);

#endif
