/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * IP endpoints: text form, scope class, and the compact form of BEP 5 and BEP 32 (address then
 * port, both big endian: 6 bytes for IPv4, 18 for IPv6).
 */
#ifndef DTT_BASE_ADDR_H
#define DTT_BASE_ADDR_H

#include "base/bytes.h"

#include <dtt/types.h>

/** From far to near. */
enum dtt_addr_scope {
    DTT_SCOPE_GLOBAL,
    DTT_SCOPE_PRIVATE, /**< RFC 1918, RFC 6598 (carrier NAT), RFC 4193 */
    DTT_SCOPE_LINK,    /**< 169.254/16, fe80::/10 */
    DTT_SCOPE_LOOPBACK,
    DTT_SCOPE_UNUSABLE /**< unspecified, multicast, broadcast, reserved, invented, IPv4 in IPv6 */
};

#define DTT_ADDR_COMPACT4 6
#define DTT_ADDR_COMPACT6 18

struct dtt_addr dtt_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);
/** 16 address bytes; an IPv4-mapped address (::ffff:a.b.c.d) becomes IPv4. */
struct dtt_addr dtt_addr_v6(const uint8_t ip[16], uint16_t port);

/** The same in a zone (sin6_scope_id), which is kept only for a link-local address. */
struct dtt_addr dtt_addr_v6_zone(const uint8_t ip[16], uint16_t port, uint32_t zone);

/** Number of address bytes in `ip`: 4, 16, or 0 for no family. */
size_t dtt_addr_ip_len(const struct dtt_addr *a);
bool dtt_addr_eq(const struct dtt_addr *a, const struct dtt_addr *b);
bool dtt_addr_is_in(const struct dtt_addr *list, size_t n, const struct dtt_addr *a);
bool dtt_addr_same_ip(const struct dtt_addr *a, const struct dtt_addr *b);
/**
 * Number of the host that holds the address, for shares of a limit: the IPv4 address, or the /64 of
 * an IPv6 address, since one host may use all of it. 0: no address.
 */
uint64_t dtt_addr_host(const struct dtt_addr *a);
/** Number of its network, likewise: the /24 or /48. */
uint64_t dtt_addr_network(const struct dtt_addr *a);
/** Total order: family, address, port, zone. */
int dtt_addr_cmp(const struct dtt_addr *a, const struct dtt_addr *b);
enum dtt_addr_scope dtt_addr_scope(const struct dtt_addr *a);
/** Port 0, no family or an unusable scope: never send there. */
bool dtt_addr_is_usable(const struct dtt_addr *a);
/**
 * Usable, and others may make us send there: not to a port below 1024, nor to a scope nearer than
 * `nearest`, which is that of the peer that names the address or our own. So only a peer on
 * loopback can name a loopback address, and only one with a link-local address another such (behind
 * these there may be what no stranger should reach, such as a cloud's metadata).
 */
bool dtt_addr_may_be_named(const struct dtt_addr *a, enum dtt_addr_scope nearest);
/**
 * In fd15:70a:510b::/48, whose addresses stand for ways that are none of the internet's, within one
 * process: iroh's too has them (n0, iroh/socket/mapped_addrs.rs). Nothing is sent there, and nobody
 * else can name one: their scope is DTT_SCOPE_UNUSABLE.
 */
bool dtt_addr_is_invented(const struct dtt_addr *a);
/** 0.0.0.0 or [::] with any port: an address to listen on, not to send to. */
bool dtt_addr_is_wildcard(const struct dtt_addr *a);

#define DTT_HOST_MAX 256 /**< a name of the DNS, with the NUL */
/** Splits "HOST:PORT"; a host that has a colon is an IPv6 address in brackets. DTT_EADDR. */
int dtt_addr_split_host(const char *text, char host[DTT_HOST_MAX], uint16_t *ret_port);

/** Appends the compact form, without the zone. */
void dtt_addr_write_compact(struct dtt_writer *w, const struct dtt_addr *a);
/** From 6 or 18 bytes; DTT_EPROTO for another length. */
int dtt_addr_from_compact(struct dtt_slice s, struct dtt_addr *ret);

#endif
