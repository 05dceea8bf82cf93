/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "packet.h"

#include <assert.h>
#include <netinet/in.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define UDP_HEADER 8
#define QUOTED 8 /* bytes behind the IP header that an error shows at least (RFC 792) */

static bool is_v4(const struct packet_view *v)
{
    return v->src.family == DTT_FAMILY_V4;
}

static uint32_t add_words(uint32_t sum, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += dtt_get_be16(data + i);
    }
    return len % 2 ? sum + (uint32_t)(data[len - 1] << 8) : sum;
}

/* RFC 1071. */
static uint16_t checksum(uint32_t sum)
{
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return (uint16_t)~sum;
}

static void finish_ip(struct packet_view *v)
{
    if (is_v4(v)) {
        size_t header = (size_t)(v->transport - v->ip);
        dtt_put_be16(v->ip + 10, 0);
        dtt_put_be16(v->ip + 10, checksum(add_words(0, v->ip, header)));
    }
}

/* Where the checksum of a protocol lies in its header; 0: it has none that we know. */
static size_t checksum_at(uint8_t protocol)
{
    switch (protocol) {
    case IPPROTO_UDP: return 6;
    case IPPROTO_TCP: return 16;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6: return 2;
    default: return 0;
    }
}

void packet_finish(struct packet_view *v)
{
    finish_ip(v);
    size_t at = checksum_at(v->protocol);
    if (!v->len || at == 0 || v->transport_len < at + 2) {
        return;
    }
    uint32_t sum = 0;
    if (v->protocol != IPPROTO_ICMP) { /* the pseudo header */
        sum = is_v4(v) ? add_words(0, v->ip + 12, 8) : add_words(0, v->ip + 8, 32);
        sum += v->protocol + (uint32_t)v->transport_len;
    }
    dtt_put_be16(v->transport + at, 0);
    uint16_t result = checksum(add_words(sum, v->transport, v->transport_len));
    bool is_none = result == 0 && v->protocol == IPPROTO_UDP; /* 0 says: no checksum (RFC 768) */
    dtt_put_be16(v->transport + at, is_none ? 0xffff : result);
}

static bool is_echo_request(const struct packet_view *v)
{
    return (v->protocol == IPPROTO_ICMP && v->transport[0] == 8) ||
           (v->protocol == IPPROTO_ICMPV6 && v->transport[0] == 128);
}

static bool is_echo_reply(const struct packet_view *v)
{
    return (v->protocol == IPPROTO_ICMP && v->transport[0] == 0) ||
           (v->protocol == IPPROTO_ICMPV6 && v->transport[0] == 129);
}

static void read_ports(struct packet_view *v)
{
    if (v->transport_len < QUOTED) {
        return;
    }
    if (v->protocol == IPPROTO_UDP || v->protocol == IPPROTO_TCP) {
        v->src.port = dtt_get_be16(v->transport);
        v->dst.port = dtt_get_be16(v->transport + 2);
    } else if (is_echo_request(v)) {
        v->src.port = dtt_get_be16(v->transport + 4);
    } else if (is_echo_reply(v)) {
        v->dst.port = dtt_get_be16(v->transport + 4);
    } else {
        uint8_t type = v->transport[0];
        v->is_error = (v->protocol == IPPROTO_ICMP && (type == 3 || type == 11)) ||
                      (v->protocol == IPPROTO_ICMPV6 && type >= 1 && type <= 4);
    }
}

static bool read_headers(uint8_t *data, size_t len, struct packet_view *v)
{
    size_t header;
    *v = (struct packet_view){.ip = data};
    if (len >= IPV4_HEADER && data[0] >> 4 == 4) {
        header = (size_t)(data[0] & 15) * 4;
        v->protocol = data[9];
        v->src = dtt_addr_v4(data[12], data[13], data[14], data[15], 0);
        v->dst = dtt_addr_v4(data[16], data[17], data[18], data[19], 0);
        if (header < IPV4_HEADER || dtt_get_be16(data + 6) & 0x3fff) { /* a fragment */
            return false;
        }
    } else if (len >= IPV6_HEADER && data[0] >> 4 == 6) {
        header = IPV6_HEADER;
        v->protocol = data[6];
        v->src = dtt_addr_v6(data + 8, 0);
        v->dst = dtt_addr_v6(data + 24, 0);
    } else {
        return false;
    }
    if (header > len) {
        return false;
    }
    v->transport = data + header;
    v->transport_len = len - header;
    read_ports(v);
    return true;
}

bool packet_read(struct packet *p, struct packet_view *ret)
{
    if (!read_headers(p->data, p->len, ret)) {
        return false;
    }
    ret->len = &p->len;
    return true;
}

bool packet_read_quoted(const struct packet_view *error, struct packet_view *ret)
{
    return error->is_error && error->transport_len > QUOTED &&
           read_headers(error->transport + QUOTED, error->transport_len - QUOTED, ret) &&
           ret->transport_len >= QUOTED;
}

static void set_ip(struct packet_view *v, size_t v4_at, size_t v6_at, const struct dtt_addr *addr)
{
    memcpy(v->ip + (is_v4(v) ? v4_at : v6_at), addr->ip, dtt_addr_ip_len(addr));
}

static bool has_ports(const struct packet_view *v)
{
    return v->protocol == IPPROTO_UDP || v->protocol == IPPROTO_TCP;
}

void packet_set_src(struct packet_view *v, const struct dtt_addr *src)
{
    set_ip(v, 12, 8, src);
    if (has_ports(v)) {
        dtt_put_be16(v->transport, src->port);
    } else if (is_echo_request(v)) {
        dtt_put_be16(v->transport + 4, src->port);
    }
    v->src = *src;
    packet_finish(v);
}

void packet_set_dst(struct packet_view *v, const struct dtt_addr *dst)
{
    set_ip(v, 16, 24, dst);
    if (has_ports(v)) {
        dtt_put_be16(v->transport + 2, dst->port);
    } else if (is_echo_reply(v)) {
        dtt_put_be16(v->transport + 4, dst->port);
    }
    v->dst = *dst;
    packet_finish(v);
}

static uint8_t *hop_limit(const struct packet_view *v)
{
    return v->ip + (is_v4(v) ? 8 : 7);
}

unsigned packet_hops_left(const struct packet_view *v)
{
    return *hop_limit(v);
}

void packet_take_hops(struct packet_view *v, unsigned hops)
{
    assert(*hop_limit(v) > hops);
    *hop_limit(v) = (uint8_t)(*hop_limit(v) - hops);
    finish_ip(v);
}

bool packet_is_multicast(const struct packet_view *v)
{
    return is_v4(v) ? v->dst.ip[0] >= 224 : v->dst.ip[0] == 0xff;
}

struct dtt_slice packet_payload(const struct packet_view *v)
{
    if (v->protocol != IPPROTO_UDP || v->transport_len < UDP_HEADER) {
        return dtt_slice(NULL, 0);
    }
    return dtt_slice(v->transport + UDP_HEADER, v->transport_len - UDP_HEADER);
}

/* The lengths in the headers follow v->transport_len. */
static void set_lengths(struct packet_view *v)
{
    size_t header = (size_t)(v->transport - v->ip);
    *v->len = header + v->transport_len;
    if (is_v4(v)) {
        dtt_put_be16(v->ip + 2, (uint16_t)*v->len);
    } else {
        dtt_put_be16(v->ip + 4, (uint16_t)v->transport_len);
    }
    if (v->protocol == IPPROTO_UDP) {
        dtt_put_be16(v->transport + 4, (uint16_t)v->transport_len);
    }
}

bool packet_set_payload(struct packet_view *v, struct dtt_slice payload)
{
    size_t header = (size_t)(v->transport - v->ip);
    if (header + UDP_HEADER + payload.len > PACKET_MAX) {
        return false;
    }
    memcpy(v->transport + UDP_HEADER, payload.data, payload.len);
    v->transport_len = UDP_HEADER + payload.len;
    set_lengths(v);
    packet_finish(v);
    return true;
}

/* Headers with room for `transport_len` bytes, and a view of them. */
static struct packet_view make(struct packet *p, const struct dtt_addr *src,
                               const struct dtt_addr *dst, uint8_t protocol, size_t transport_len)
{
    struct packet_view v = {.ip = p->data,
                            .len = &p->len,
                            .protocol = protocol,
                            .src = *src,
                            .dst = *dst,
                            .transport_len = transport_len};
    memset(p->data, 0, sizeof(p->data));
    if (is_v4(&v)) {
        v.transport = p->data + IPV4_HEADER;
        p->data[0] = 4 << 4 | IPV4_HEADER / 4;
        p->data[9] = protocol;
    } else {
        v.transport = p->data + IPV6_HEADER;
        p->data[0] = 6 << 4;
        p->data[6] = protocol;
    }
    assert((size_t)(v.transport - v.ip) + transport_len <= PACKET_MAX);
    *hop_limit(&v) = 64;
    set_ip(&v, 12, 8, src);
    set_ip(&v, 16, 24, dst);
    set_lengths(&v);
    return v;
}

void packet_make_udp(struct packet *p, const struct dtt_addr *src, const struct dtt_addr *dst,
                     struct dtt_slice payload)
{
    struct packet_view v = make(p, src, dst, IPPROTO_UDP, UDP_HEADER + payload.len);
    dtt_put_be16(v.transport, src->port);
    dtt_put_be16(v.transport + 2, dst->port);
    memcpy(v.transport + UDP_HEADER, payload.data, payload.len);
    packet_finish(&v);
}

void packet_make_error(struct packet *p, enum packet_error error, const struct dtt_addr *router,
                       const struct packet_view *about)
{
    /* Types and codes: RFC 792 and RFC 1812 for IPv4, RFC 4443 for IPv6. */
    static const uint8_t v4[][2] = {
        [PACKET_TIME_EXCEEDED] = {11, 0}, [PACKET_PROHIBITED] = {3, 13}};
    static const uint8_t v6[][2] = {[PACKET_TIME_EXCEEDED] = {3, 0}, [PACKET_PROHIBITED] = {1, 1}};
    static const uint8_t core[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 1};
    struct dtt_addr src = is_v4(about) ? *router : dtt_addr_v6(core, 0);
    size_t header = (size_t)(about->transport - about->ip);
    size_t shown = header + (about->transport_len < QUOTED ? about->transport_len : QUOTED);
    struct packet_view v =
        make(p, &src, &about->src, is_v4(about) ? IPPROTO_ICMP : IPPROTO_ICMPV6, QUOTED + shown);
    memcpy(v.transport, is_v4(about) ? v4[error] : v6[error], 2);
    memcpy(v.transport + QUOTED, about->ip, shown);
    packet_finish(&v);
}
