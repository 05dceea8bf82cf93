/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * IPv4 and IPv6 packets as a router sees them: two endpoints, a hop limit, checksums. Fragments and
 * IPv6 extension headers are not understood; hosts of the laboratory send none.
 */
#ifndef NAT_PACKET_H
#define NAT_PACKET_H

#include "base/addr.h"

#define PACKET_MAX 2048

struct packet {
    size_t len;
    uint8_t data[PACKET_MAX];
};

/** A packet, or the piece of one that an ICMP error quotes. */
struct packet_view {
    uint8_t *ip;
    uint8_t *transport;
    size_t transport_len;
    size_t *len;         /**< of the packet; NULL for a quoted piece */
    uint8_t protocol;    /**< IPPROTO_* */
    bool is_error;       /**< an ICMP error, which quotes another packet */
    struct dtt_addr src; /**< port: of UDP or TCP; the identifier of an echo request; otherwise 0 */
    struct dtt_addr dst; /**< likewise; the identifier of an echo reply */
};

/** False when it is none of ours to understand. */
bool packet_read(struct packet *p, struct packet_view *ret);
/** What an error quotes. */
bool packet_read_quoted(const struct packet_view *error, struct packet_view *ret);

void packet_set_src(struct packet_view *v, const struct dtt_addr *src);
void packet_set_dst(struct packet_view *v, const struct dtt_addr *dst);
/** Writes the checksums again, after what is quoted has changed. */
void packet_finish(struct packet_view *v);

unsigned packet_hops_left(const struct packet_view *v);
/** Takes `hops` from the hop limit, which must be more. */
void packet_take_hops(struct packet_view *v, unsigned hops);

bool packet_is_multicast(const struct packet_view *v);
/** The payload of a UDP packet; empty for others. */
struct dtt_slice packet_payload(const struct packet_view *v);
/** Puts a payload of another length into a UDP packet; false when it does not fit. */
bool packet_set_payload(struct packet_view *v, struct dtt_slice payload);

/** A UDP packet. */
void packet_make_udp(struct packet *p, const struct dtt_addr *src, const struct dtt_addr *dst,
                     struct dtt_slice payload);

enum packet_error { PACKET_TIME_EXCEEDED, PACKET_PROHIBITED };

/** An ICMP error from `router` (its IPv4 address, used when `about` is IPv4) about a packet. */
void packet_make_error(struct packet *p, enum packet_error error, const struct dtt_addr *router,
                       const struct packet_view *about);

#endif
