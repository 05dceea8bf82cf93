/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct dtt_addr dtt_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct dtt_addr){.ip = {a, b, c, d}, .port = port, .family = DTT_FAMILY_V4};
}

/* ::ffff:a.b.c.d */
static bool is_mapped(const uint8_t *ip)
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    return memcmp(ip, prefix, sizeof(prefix)) == 0;
}

static bool is_link_v6(const struct dtt_addr *a)
{
    return a->family == DTT_FAMILY_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

struct dtt_addr dtt_addr_v6(const uint8_t ip[16], uint16_t port)
{
    if (is_mapped(ip)) {
        return dtt_addr_v4(ip[12], ip[13], ip[14], ip[15], port);
    }
    struct dtt_addr a = {.port = port, .family = DTT_FAMILY_V6};
    memcpy(a.ip, ip, 16);
    return a;
}

struct dtt_addr dtt_addr_v6_zone(const uint8_t ip[16], uint16_t port, uint32_t zone)
{
    struct dtt_addr a = dtt_addr_v6(ip, port);
    a.scope = is_link_v6(&a) ? zone : 0;
    return a;
}

size_t dtt_addr_ip_len(const struct dtt_addr *a)
{
    return a->family == DTT_FAMILY_V4 ? 4 : a->family == DTT_FAMILY_V6 ? 16 : 0;
}

int dtt_addr_cmp(const struct dtt_addr *a, const struct dtt_addr *b)
{
    if (a->family != b->family) {
        return a->family < b->family ? -1 : 1;
    }
    int c = memcmp(a->ip, b->ip, sizeof(a->ip));
    if (c) {
        return c;
    }
    if (a->port != b->port) {
        return a->port < b->port ? -1 : 1;
    }
    return a->scope == b->scope ? 0 : a->scope < b->scope ? -1 : 1;
}

bool dtt_addr_eq(const struct dtt_addr *a, const struct dtt_addr *b)
{
    return dtt_addr_cmp(a, b) == 0;
}

bool dtt_addr_is_in(const struct dtt_addr *list, size_t n, const struct dtt_addr *a)
{
    size_t i = 0;
    while (i < n && !dtt_addr_eq(&list[i], a)) {
        i++;
    }
    return i < n;
}

bool dtt_addr_same_ip(const struct dtt_addr *a, const struct dtt_addr *b)
{
    return a->family == b->family && a->scope == b->scope &&
           memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
}

uint64_t dtt_addr_host(const struct dtt_addr *a)
{
    uint64_t high = dtt_get_be32(a->ip);
    switch (a->family) {
    case DTT_FAMILY_V4: return (uint64_t)1 << 32 | high;
    /* Of ::/32 only the loopback's prefix is in use, which is 0. */
    case DTT_FAMILY_V6: return high ? high << 32 | dtt_get_be32(a->ip + 4) : 1;
    default: return 0;
    }
}

uint64_t dtt_addr_network(const struct dtt_addr *a)
{
    uint64_t host = dtt_addr_host(a);
    return a->family == DTT_FAMILY_V4 ? host & ~(uint64_t)0xff
           : host > 1                 ? host & ~(uint64_t)0xffff
                                      : host;
}

static enum dtt_addr_scope scope_v4(const uint8_t *ip)
{
    if (ip[0] == 127) {
        return DTT_SCOPE_LOOPBACK;
    }
    if (ip[0] == 0 || ip[0] >= 224) {
        return DTT_SCOPE_UNUSABLE;
    }
    if (ip[0] == 169 && ip[1] == 254) {
        return DTT_SCOPE_LINK;
    }
    if (ip[0] == 10 || (ip[0] == 172 && (ip[1] & 0xf0) == 16) || (ip[0] == 192 && ip[1] == 168) ||
        (ip[0] == 100 && (ip[1] & 0xc0) == 64)) {
        return DTT_SCOPE_PRIVATE;
    }
    return DTT_SCOPE_GLOBAL;
}

static enum dtt_addr_scope scope_v6(const struct dtt_addr *a)
{
    static const uint8_t zero[12] = {0};
    if (memcmp(a->ip, zero, sizeof(zero)) == 0) {
        /* ::, ::1, and the IPv4-compatible addresses that RFC 4291 gave up. */
        return dtt_get_be32(a->ip + 12) == 1 ? DTT_SCOPE_LOOPBACK : DTT_SCOPE_UNUSABLE;
    }
    if (is_mapped(a->ip) || a->ip[0] == 0xff || dtt_addr_is_invented(a)) {
        return DTT_SCOPE_UNUSABLE;
    }
    if (is_link_v6(a)) {
        return DTT_SCOPE_LINK;
    }
    return (a->ip[0] & 0xfe) == 0xfc ? DTT_SCOPE_PRIVATE : DTT_SCOPE_GLOBAL;
}

enum dtt_addr_scope dtt_addr_scope(const struct dtt_addr *a)
{
    switch (a->family) {
    case DTT_FAMILY_V4: return scope_v4(a->ip);
    case DTT_FAMILY_V6: return scope_v6(a);
    default: return DTT_SCOPE_UNUSABLE;
    }
}

bool dtt_addr_is_usable(const struct dtt_addr *a)
{
    return a->port != 0 && dtt_addr_scope(a) != DTT_SCOPE_UNUSABLE &&
           (a->scope == 0 || is_link_v6(a));
}

bool dtt_addr_may_be_named(const struct dtt_addr *a, enum dtt_addr_scope nearest)
{
    enum dtt_addr_scope scope = dtt_addr_scope(a);
    return dtt_addr_is_usable(a) && a->port >= 1024 && scope <= nearest &&
           (scope != DTT_SCOPE_LINK || nearest == DTT_SCOPE_LINK);
}

bool dtt_addr_is_invented(const struct dtt_addr *a)
{
    static const uint8_t prefix[6] = {0xfd, 0x15, 0x07, 0x0a, 0x51, 0x0b};
    return a->family == DTT_FAMILY_V6 && memcmp(a->ip, prefix, sizeof(prefix)) == 0;
}

bool dtt_addr_is_wildcard(const struct dtt_addr *a)
{
    static const uint8_t any[sizeof(a->ip)] = {0};
    return memcmp(a->ip, any, sizeof(any)) == 0;
}

void dtt_addr_format(const struct dtt_addr *a, char text[DTT_ADDR_TEXT_MAX])
{
    if (a->family == DTT_FAMILY_V4) {
        snprintf(text, DTT_ADDR_TEXT_MAX, "%u.%u.%u.%u:%u", a->ip[0], a->ip[1], a->ip[2], a->ip[3],
                 a->port);
    } else if (dtt_addr_is_invented(a)) {
        snprintf(text, DTT_ADDR_TEXT_MAX, "relay"); /* it says nothing to anybody */
    } else if (a->family == DTT_FAMILY_V6) {
        char ip[INET6_ADDRSTRLEN];
        inet_ntop(AF_INET6, a->ip, ip, sizeof(ip)); /* RFC 5952 */
        if (a->scope) {
            snprintf(text, DTT_ADDR_TEXT_MAX, "[%s%%%" PRIu32 "]:%u", ip, a->scope, a->port);
        } else {
            snprintf(text, DTT_ADDR_TEXT_MAX, "[%s]:%u", ip, a->port);
        }
    } else {
        snprintf(text, DTT_ADDR_TEXT_MAX, "-");
    }
}

/* All of `text` is a decimal number of at most `max` without leading zeros. */
static bool is_decimal(const char *text, uint32_t max, uint32_t *ret)
{
    size_t n = strspn(text, "0123456789");
    if (n == 0 || n > 10 || text[n] || (n > 1 && text[0] == '0')) {
        return false;
    }
    unsigned long long v = strtoull(text, NULL, 10);
    *ret = (uint32_t)v;
    return v <= max;
}

int dtt_addr_parse(const char *text, struct dtt_addr *ret)
{
    char host[DTT_ADDR_TEXT_MAX];
    uint8_t ip[16];
    uint32_t port, zone = 0;
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : sizeof(host);
    bool v6 = *text == '[';
    if (len >= sizeof(host) || !is_decimal(colon + 1, UINT16_MAX, &port)) {
        return DTT_EADDR;
    }
    memcpy(host, text, len);
    host[len] = '\0';
    if (v6) {
        char *percent = strchr(host, '%');
        if (host[len - 1] != ']') {
            return DTT_EADDR;
        }
        host[len - 1] = '\0';
        if (percent) {
            *percent = '\0';
            if (!is_decimal(percent + 1, UINT32_MAX, &zone) || zone == 0) {
                return DTT_EADDR;
            }
        }
    }
    if (inet_pton(v6 ? AF_INET6 : AF_INET, host + v6, ip) != 1) {
        return DTT_EADDR;
    }
    struct dtt_addr a = v6 ? dtt_addr_v6_zone(ip, (uint16_t)port, zone)
                           : dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], (uint16_t)port);
    if (a.scope != zone) {
        return DTT_EADDR; /* only a link-local address has a zone */
    }
    *ret = a;
    return DTT_OK;
}

void dtt_addr_write_compact(struct dtt_writer *w, const struct dtt_addr *a)
{
    uint8_t port[2];
    dtt_put_be16(port, a->port);
    dtt_write(w, a->ip, dtt_addr_ip_len(a));
    dtt_write(w, port, sizeof(port));
}

int dtt_addr_from_compact(struct dtt_slice s, struct dtt_addr *ret)
{
    if (s.len == DTT_ADDR_COMPACT4) {
        *ret = dtt_addr_v4(s.data[0], s.data[1], s.data[2], s.data[3], dtt_get_be16(s.data + 4));
    } else if (s.len == DTT_ADDR_COMPACT6) {
        *ret = dtt_addr_v6(s.data, dtt_get_be16(s.data + 16));
    } else {
        return DTT_EPROTO;
    }
    return DTT_OK;
}

int dtt_addr_split_host(const char *text, char host[DTT_HOST_MAX], uint16_t *ret_port)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    bool is_bracketed = text[0] == '[';
    struct dtt_addr literal;
    uint32_t port;
    if (len == 0 || len >= DTT_HOST_MAX || !is_decimal(colon + 1, UINT16_MAX, &port) || port == 0 ||
        strcspn(text, " \t\r\n/@") < len ||
        (is_bracketed ? dtt_addr_parse(text, &literal) != DTT_OK
                      : memchr(text, ':', len) != NULL)) {
        return DTT_EADDR;
    }
    len -= 2 * is_bracketed;
    memcpy(host, text + is_bracketed, len);
    host[len] = '\0';
    *ret_port = (uint16_t)port;
    return DTT_OK;
}
