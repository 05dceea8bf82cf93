/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Addresses as the system's calls take them. */
#ifndef DTT_IO_SOCKADDR_H
#define DTT_IO_SOCKADDR_H

#include "base/addr.h"

#include <netinet/in.h>
#include <sys/socket.h>

union dtt_sockaddr {
    struct sockaddr sa;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

/** Writes an IPv4 or IPv6 address and returns its length. */
socklen_t dtt_sockaddr_write(const struct dtt_addr *a, union dtt_sockaddr *ret);
/** From a struct sockaddr_in or sockaddr_in6; no family for anything else. */
struct dtt_addr dtt_sockaddr_read(const void *sockaddr);

#endif
