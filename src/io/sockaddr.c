/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "io/sockaddr.h"

socklen_t dtt_sockaddr_write(const struct dtt_addr *a, union dtt_sockaddr *ret)
{
    memset(ret, 0, sizeof(*ret));
    if (a->family == DTT_FAMILY_V4) {
        ret->in.sin_family = AF_INET;
        ret->in.sin_port = htons(a->port);
        memcpy(&ret->in.sin_addr, a->ip, 4);
        return sizeof(ret->in);
    }
    ret->in6.sin6_family = AF_INET6;
    ret->in6.sin6_port = htons(a->port);
    ret->in6.sin6_scope_id = a->scope;
    memcpy(&ret->in6.sin6_addr, a->ip, 16);
    return sizeof(ret->in6);
}

struct dtt_addr dtt_sockaddr_read(const void *sockaddr)
{
    const union dtt_sockaddr *s = sockaddr;
    uint8_t ip[16];
    if (s->sa.sa_family == AF_INET) {
        memcpy(ip, &s->in.sin_addr, 4);
        return dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], ntohs(s->in.sin_port));
    }
    if (s->sa.sa_family == AF_INET6) {
        memcpy(ip, &s->in6.sin6_addr, 16);
        return dtt_addr_v6_zone(ip, ntohs(s->in6.sin6_port), s->in6.sin6_scope_id);
    }
    return (struct dtt_addr){0};
}
