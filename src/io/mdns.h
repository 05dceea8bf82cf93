/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The sockets of multicast DNS, one a family, in the group on each interface that can be used for
 * it. The port is shared with the host's own responder and with other nodes of the host.
 */
#ifndef DTT_IO_MDNS_H
#define DTT_IO_MDNS_H

#include "base/ctx.h"
#include "lan/lan.h"

struct dtt_mdns {
    int fd[2]; /**< IPv4, IPv6; -1: none */
    size_t n_links;
    struct dtt_lan_link links[DTT_LAN_LINKS]; /**< where the group is joined */
};

/** No sockets. */
void dtt_mdns_init(struct dtt_mdns *m);
/** One for each family in `bound`. A family for which that fails is left out, and the log says so.
 */
void dtt_mdns_open(struct dtt_mdns *m, struct dtt_ctx *ctx, const struct dtt_addr bound[2]);
void dtt_mdns_close(struct dtt_mdns *m);

/**
 * Looks at the interfaces and joins the group on those that are up, can multicast, lead to more
 * than one neighbour, and have an address to which `bound`, our sockets, are bound.
 */
void dtt_mdns_look(struct dtt_mdns *m, const struct dtt_addr bound[2]);

struct dtt_mdns_datagram {
    uint32_t index; /**< the interface it came in on; 0: it was not sent to the group */
    struct dtt_addr from;
    size_t len;
    uint8_t data[DTT_LAN_PACKET_MAX + 1]; /**< one more: what is too long shows */
};
/** The next datagram on socket `i`; false: none just now. */
bool dtt_mdns_recv(struct dtt_mdns *m, int i, struct dtt_mdns_datagram *ret);
/** Sends at once; false: it is lost. */
bool dtt_mdns_send(struct dtt_mdns *m, const struct dtt_lan_packet *p);

#endif
