/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The IPv4 router of this host, as the kernel would take it towards the internet (netlink). */
#ifndef DTT_IO_GATEWAY_H
#define DTT_IO_GATEWAY_H

#include "base/addr.h"

/**
 * `bound`: our socket; where it is bound to one address, the way from there counts. The router gets
 * port 0; the client, our address towards it, the socket's port. False: there is no router (a
 * tunnel has none, nor has a host without a route).
 */
bool dtt_gateway_read(const struct dtt_addr *bound, struct dtt_addr *ret_gateway,
                      struct dtt_addr *ret_client);

#endif
