/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/addr.h"

#include <inttypes.h>
#include <stdio.h>

struct dtt_addr dtt_addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct dtt_addr){.ip = {a, b, c, d}, .port = port, .family = DTT_FAMILY_V4};
}

static bool is_link_v6(const struct dtt_addr *a)
{
    return a->family == DTT_FAMILY_V6 && a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

struct dtt_addr dtt_addr_v6(const uint8_t ip[16], uint16_t port)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(ip, mapped, sizeof(mapped)) == 0) {
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

bool dtt_addr_same_ip(const struct dtt_addr *a, const struct dtt_addr *b)
{
    return a->family == b->family && a->scope == b->scope &&
           memcmp(a->ip, b->ip, sizeof(a->ip)) == 0;
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

static enum dtt_addr_scope scope_v6(const uint8_t *ip)
{
    static const uint8_t zero[12] = {0};
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(ip, zero, 12) == 0) {
        /* ::, ::1, and the IPv4-compatible addresses that RFC 4291 gave up. */
        return dtt_get_be32(ip + 12) == 1 ? DTT_SCOPE_LOOPBACK : DTT_SCOPE_UNUSABLE;
    }
    if (memcmp(ip, mapped, 12) == 0) {
        return DTT_SCOPE_UNUSABLE;
    }
    if (ip[0] == 0xff) {
        return DTT_SCOPE_UNUSABLE;
    }
    if (ip[0] == 0xfe && (ip[1] & 0xc0) == 0x80) {
        return DTT_SCOPE_LINK;
    }
    if ((ip[0] & 0xfe) == 0xfc) {
        return DTT_SCOPE_PRIVATE;
    }
    return DTT_SCOPE_GLOBAL;
}

enum dtt_addr_scope dtt_addr_scope(const struct dtt_addr *a)
{
    switch (a->family) {
    case DTT_FAMILY_V4: return scope_v4(a->ip);
    case DTT_FAMILY_V6: return scope_v6(a->ip);
    default: return DTT_SCOPE_UNUSABLE;
    }
}

bool dtt_addr_is_usable(const struct dtt_addr *a)
{
    return a->port != 0 && dtt_addr_scope(a) != DTT_SCOPE_UNUSABLE &&
           (a->scope == 0 || is_link_v6(a));
}

bool dtt_addr_is_wildcard(const struct dtt_addr *a)
{
    static const uint8_t any[sizeof(a->ip)] = {0};
    return memcmp(a->ip, any, sizeof(any)) == 0;
}

/* RFC 5952: lower case, no leading zeros, the longest run (of two or more) of zeros as "::". */
static void format_v6(const uint8_t *ip, char *out, size_t cap)
{
    unsigned group[8];
    int best = -1;
    int best_len = 1;
    for (int i = 0; i < 8; i++) {
        group[i] = dtt_get_be16(ip + 2 * i);
    }
    for (int i = 0; i < 8; i++) {
        int len = 0;
        while (i + len < 8 && group[i + len] == 0) {
            len++;
        }
        if (len > best_len) {
            best = i;
            best_len = len;
        }
    }
    size_t n = 0;
    for (int i = 0; i < 8; i++) {
        if (i == best) {
            n += (size_t)snprintf(out + n, cap - n, "::");
            i += best_len - 1;
            continue;
        }
        bool first = i == 0 || (best >= 0 && i == best + best_len);
        n += (size_t)snprintf(out + n, cap - n, first ? "%x" : ":%x", group[i]);
    }
}

void dtt_addr_format(const struct dtt_addr *a, char text[DTT_ADDR_TEXT_MAX])
{
    if (a->family == DTT_FAMILY_V4) {
        snprintf(text, DTT_ADDR_TEXT_MAX, "%u.%u.%u.%u:%u", a->ip[0], a->ip[1], a->ip[2], a->ip[3],
                 a->port);
    } else if (a->family == DTT_FAMILY_V6) {
        char ip[48];
        format_v6(a->ip, ip, sizeof(ip));
        if (a->scope) {
            snprintf(text, DTT_ADDR_TEXT_MAX, "[%s%%%" PRIu32 "]:%u", ip, a->scope, a->port);
        } else {
            snprintf(text, DTT_ADDR_TEXT_MAX, "[%s]:%u", ip, a->port);
        }
    } else {
        snprintf(text, DTT_ADDR_TEXT_MAX, "-");
    }
}

/* Decimal number of 1..max_digits digits without leading zero, at most `max`. */
static bool take_decimal(const char **p, unsigned max_digits, uint32_t max, uint32_t *ret)
{
    const char *s = *p;
    uint64_t v = 0;
    unsigned n = 0;
    while (s[n] >= '0' && s[n] <= '9') {
        if (++n > max_digits) {
            return false;
        }
        v = v * 10 + (unsigned)(s[n - 1] - '0');
    }
    if (n == 0 || v > max || (n > 1 && s[0] == '0')) {
        return false;
    }
    *p = s + n;
    *ret = (uint32_t)v;
    return true;
}

static bool take_v4(const char **p, uint8_t ip[4])
{
    for (int i = 0; i < 4; i++) {
        uint32_t v;
        if ((i > 0 && *(*p)++ != '.') || !take_decimal(p, 3, 255, &v)) {
            return false;
        }
        ip[i] = (uint8_t)v;
    }
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static bool take_v6(const char **p, uint8_t ip[16])
{
    uint8_t out[16] = {0};
    int n = 0;    /* bytes written */
    int gap = -1; /* where "::" stood */
    const char *s = *p;
    if (s[0] == ':' && s[1] == ':') {
        gap = 0;
        s += 2;
    }
    while (n < 16 && (hex_digit(*s) >= 0)) {
        const char *start = s;
        unsigned v = 0;
        int digits = 0;
        while (digits < 4 && hex_digit(*s) >= 0) {
            v = v << 4 | (unsigned)hex_digit(*s++);
            digits++;
        }
        if (*s == '.') {
            s = start;
            if (n > 12 || !take_v4(&s, out + n)) {
                return false;
            }
            n += 4;
            break;
        }
        dtt_put_be16(out + n, (uint16_t)v);
        n += 2;
        if (s[0] == ':' && s[1] == ':') {
            if (gap >= 0) {
                return false;
            }
            gap = n;
            s += 2;
        } else if (*s == ':' && hex_digit(s[1]) >= 0) {
            s++;
        } else {
            break;
        }
    }
    if (gap < 0 ? n != 16 : n > 14) {
        return false;
    }
    memset(ip, 0, 16);
    size_t head = gap < 0 ? 16 : (size_t)gap;
    size_t tail = (size_t)n - (gap < 0 ? 16 : (size_t)gap);
    memcpy(ip, out, head);
    if (tail) {
        memcpy(ip + 16 - tail, out + head, tail);
    }
    *p = s;
    return true;
}

/* "%2", or nothing. */
static bool take_zone(const char **p, uint32_t *ret)
{
    if (**p != '%') {
        return true;
    }
    ++*p;
    return take_decimal(p, 10, UINT32_MAX, ret) && *ret != 0;
}

int dtt_addr_parse(const char *text, struct dtt_addr *ret)
{
    const char *p = text;
    uint8_t ip[16] = {0};
    uint32_t port, zone = 0;
    bool v6 = *p == '[';
    if (v6) {
        p++;
        if (!take_v6(&p, ip) || !take_zone(&p, &zone) || *p++ != ']') {
            return DTT_EADDR;
        }
    } else if (!take_v4(&p, ip)) {
        return DTT_EADDR;
    }
    if (*p++ != ':' || !take_decimal(&p, 5, 65535, &port) || *p != '\0') {
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
    const char *port_text = colon ? colon + 1 : "";
    bool is_bracketed = text[0] == '[';
    struct dtt_addr literal;
    unsigned port = 0;
    if (len == 0 || len >= DTT_HOST_MAX || strspn(port_text, "0123456789") != strlen(port_text) ||
        strlen(port_text) > 5) {
        return DTT_EADDR;
    }
    for (const char *p = port_text; *p; p++) {
        port = port * 10 + (unsigned)(*p - '0');
    }
    if (port == 0 || port > UINT16_MAX || strcspn(text, " \t\r\n/@") < len ||
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
