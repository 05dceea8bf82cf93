/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "quic/path.h"

static void to_sockaddr(const struct dtt_addr *a, ngtcp2_sockaddr_union *buf, ngtcp2_addr *ret)
{
    uint8_t port[2];
    dtt_put_be16(port, a->port);
    memset(buf, 0, sizeof(*buf));
    if (a->family == DTT_FAMILY_V6) {
        buf->in6.sin6_family = AF_INET6;
        memcpy(&buf->in6.sin6_port, port, sizeof(port));
        memcpy(&buf->in6.sin6_addr, a->ip, 16);
        buf->in6.sin6_scope_id = a->scope;
        ret->addrlen = sizeof(buf->in6);
    } else {
        buf->in.sin_family = AF_INET;
        memcpy(&buf->in.sin_port, port, sizeof(port));
        memcpy(&buf->in.sin_addr, a->ip, 4);
        ret->addrlen = sizeof(buf->in);
    }
    ret->addr = &buf->sa;
}

void dtt_qpath_init(ngtcp2_path_storage *ret, const struct dtt_addr *local,
                    const struct dtt_addr *remote)
{
    to_sockaddr(local, &ret->local_addrbuf, &ret->path.local);
    to_sockaddr(remote, &ret->remote_addrbuf, &ret->path.remote);
    ret->path.user_data = NULL;
}

void dtt_qpath_addr(const ngtcp2_addr *addr, struct dtt_addr *ret)
{
    ngtcp2_sockaddr_union u;
    uint8_t ip[16] = {0};
    uint8_t port[2];
    memset(&u, 0, sizeof(u));
    memcpy(&u, addr->addr, addr->addrlen < sizeof(u) ? addr->addrlen : sizeof(u));
    if (u.sa.sa_family == AF_INET6) {
        memcpy(ip, &u.in6.sin6_addr, 16);
        memcpy(port, &u.in6.sin6_port, sizeof(port));
        *ret = dtt_addr_v6_zone(ip, dtt_get_be16(port), u.in6.sin6_scope_id);
    } else {
        memcpy(ip, &u.in.sin_addr, 4);
        memcpy(port, &u.in.sin_port, sizeof(port));
        *ret = dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], dtt_get_be16(port));
    }
}
