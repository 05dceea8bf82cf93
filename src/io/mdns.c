/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Packet information and membership by interface are Linux's. */
#define _GNU_SOURCE
#include "io/mdns.h"

#include "io/sockaddr.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOP_LIMIT 255 /* RFC 6762, 11 */

enum { V4, V6 };

static const uint8_t group_v4[4] = {224, 0, 0, 251};
static const uint8_t group_v6[16] = {0xff, 2, [15] = 0xfb};

static int side_of(uint8_t family)
{
    return family == DTT_FAMILY_V4 ? V4 : V6;
}

void dtt_mdns_init(struct dtt_mdns *m)
{
    *m = (struct dtt_mdns){.fd = {-1, -1}};
}

/* ---- sockets */

static bool set(int fd, int level, int option, int value)
{
    return setsockopt(fd, level, option, &value, sizeof(value)) == 0;
}

/* To the group itself, so that what is sent to the host's responder alone does not come to us. */
static bool open_v4(int fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(DTT_LAN_PORT)};
    memcpy(&to.sin_addr, group_v4, sizeof(group_v4));
    return set(fd, IPPROTO_IP, IP_PKTINFO, 1) && set(fd, IPPROTO_IP, IP_MULTICAST_TTL, HOP_LIMIT) &&
           set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, 1) && set(fd, IPPROTO_IP, IP_MULTICAST_ALL, 0) &&
           bind(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

/* The kernel binds to a group of a link only together with an interface. */
static bool open_v6(int fd)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6, .sin6_port = htons(DTT_LAN_PORT)};
    return set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1) && set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1) &&
           set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, HOP_LIMIT) &&
           set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, 1) &&
           bind(fd, (const struct sockaddr *)&to, sizeof(to)) == 0;
}

static int open_socket(bool is_v4)
{
    int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    /* The host's own responder sets both, other programs one of them. */
    if (fd >= 0 && !(set(fd, SOL_SOCKET, SO_REUSEADDR, 1) && set(fd, SOL_SOCKET, SO_REUSEPORT, 1) &&
                     (is_v4 ? open_v4(fd) : open_v6(fd)))) {
        int error = errno;
        close(fd);
        errno = error;
        fd = -1;
    }
    return fd;
}

void dtt_mdns_open(struct dtt_mdns *m, struct dtt_ctx *ctx, const struct dtt_addr bound[2])
{
    for (int i = 0; i < 2; i++) {
        bool is_v4 = bound[i].family == DTT_FAMILY_V4;
        if (bound[i].family == DTT_FAMILY_NONE) {
            continue;
        }
        int fd = open_socket(is_v4);
        m->fd[is_v4 ? V4 : V6] = fd;
        if (fd < 0) {
            DTT_TRACE(ctx, IO_LAN_OFF, dtt_tv_text(is_v4 ? "IPv4" : "IPv6"), dtt_tv_int(errno));
        }
    }
}

void dtt_mdns_close(struct dtt_mdns *m)
{
    for (int i = 0; i < 2; i++) {
        if (m->fd[i] >= 0) {
            close(m->fd[i]);
        }
    }
    dtt_mdns_init(m);
}

/* ---- links */

static bool is_usable(const struct ifaddrs *i)
{
    const unsigned wanted = IFF_UP | IFF_RUNNING | IFF_MULTICAST;
    return i->ifa_addr && i->ifa_netmask &&
           (i->ifa_flags & (wanted | IFF_POINTOPOINT | IFF_LOOPBACK)) == wanted &&
           (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6);
}

static bool is_reachable(const struct dtt_addr bound[2], const struct dtt_addr *a)
{
    bool is_any = false;
    for (int i = 0; i < 2; i++) {
        is_any |= bound[i].family == a->family &&
                  (dtt_addr_is_wildcard(&bound[i]) || dtt_addr_same_ip(&bound[i], a));
    }
    return is_any;
}

/* As dtt_sockaddr_read, but it takes the bytes of a mask as they are. */
static uint8_t prefix_len(const struct sockaddr *mask)
{
    const struct sockaddr_in *in = (const void *)mask;
    const struct sockaddr_in6 *in6 = (const void *)mask;
    bool is_v4 = mask->sa_family == AF_INET;
    const uint8_t *bytes = is_v4 ? (const void *)&in->sin_addr : (const void *)&in6->sin6_addr;
    uint8_t n = 0;
    while (n < (is_v4 ? 32 : 128) && (bytes[n / 8] << (n % 8) & 0x80)) {
        n++;
    }
    return n;
}

static void add_net(struct dtt_lan_link *links, size_t *n, uint32_t index, const struct dtt_addr *a,
                    uint8_t prefix)
{
    size_t i = dtt_lan_link_find(links, *n, index, a->family);
    if (i == DTT_LAN_LINKS) {
        return;
    }
    if (i == *n) {
        links[(*n)++] = (struct dtt_lan_link){.index = index, .family = a->family};
    }
    struct dtt_lan_link *l = &links[i];
    if (l->n_nets < DTT_LAN_NETS) {
        l->nets[l->n_nets].addr = *a;
        l->nets[l->n_nets++].prefix_len = prefix;
    }
}

/* Joins or leaves the group. */
static bool change(const struct dtt_mdns *m, const struct dtt_lan_link *l, bool is_join)
{
    int fd = m->fd[side_of(l->family)];
    if (l->family == DTT_FAMILY_V4) {
        struct ip_mreqn request = {.imr_ifindex = (int)l->index};
        memcpy(&request.imr_multiaddr, group_v4, sizeof(group_v4));
        return setsockopt(fd, IPPROTO_IP, is_join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
                          &request, sizeof(request)) == 0;
    }
    struct ipv6_mreq request = {.ipv6mr_interface = l->index};
    memcpy(&request.ipv6mr_multiaddr, group_v6, sizeof(group_v6));
    return setsockopt(fd, IPPROTO_IPV6, is_join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP, &request,
                      sizeof(request)) == 0;
}

static size_t read_links(const struct dtt_mdns *m, const struct dtt_addr bound[2],
                         struct dtt_lan_link ret[DTT_LAN_LINKS])
{
    struct ifaddrs *interfaces = NULL;
    size_t n = 0;
    memset(ret, 0, DTT_LAN_LINKS * sizeof(*ret));
    if (getifaddrs(&interfaces) != 0) {
        return 0;
    }
    for (const struct ifaddrs *i = interfaces; i; i = i->ifa_next) {
        if (!is_usable(i)) {
            continue;
        }
        struct dtt_addr a = dtt_sockaddr_read(i->ifa_addr);
        uint32_t index = if_nametoindex(i->ifa_name);
        a.port = 0;
        if (index > 0 && m->fd[side_of(a.family)] >= 0 && is_reachable(bound, &a)) {
            add_net(ret, &n, index, &a, prefix_len(i->ifa_netmask));
        }
    }
    freeifaddrs(interfaces);
    return n;
}

void dtt_mdns_look(struct dtt_mdns *m, const struct dtt_addr bound[2])
{
    struct dtt_lan_link found[DTT_LAN_LINKS], joined[DTT_LAN_LINKS] = {0};
    size_t n_joined = 0;
    size_t n = m->fd[V4] >= 0 || m->fd[V6] >= 0 ? read_links(m, bound, found) : 0;
    for (size_t i = 0; i < m->n_links; i++) {
        const struct dtt_lan_link *l = &m->links[i];
        if (dtt_lan_link_find(found, n, l->index, l->family) == n) {
            (void)change(m, l, false);
        }
    }
    for (size_t i = 0; i < n; i++) {
        /* An interface that went and came back under its number has been forgotten by the kernel,
         * so it is joined each time; that it is already is no error. */
        if (change(m, &found[i], true) || errno == EADDRINUSE) {
            joined[n_joined++] = found[i];
        }
    }
    memcpy(m->links, joined, sizeof(joined));
    m->n_links = n_joined;
}

/* ---- datagrams */

/* Whether it was sent to the group; and on which interface it came. */
static bool read_control(struct msghdr *h, uint32_t *ret_index)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c; c = CMSG_NXTHDR(h, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            *ret_index = (uint32_t)info.ipi_ifindex;
            return memcmp(&info.ipi_addr, group_v4, sizeof(group_v4)) == 0;
        }
        if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            *ret_index = info.ipi6_ifindex;
            return memcmp(&info.ipi6_addr, group_v6, sizeof(group_v6)) == 0;
        }
    }
    return false;
}

bool dtt_mdns_recv(struct dtt_mdns *m, int i, struct dtt_mdns_datagram *ret)
{
    struct sockaddr_in6 from; /* large enough for both */
    _Alignas(struct cmsghdr) uint8_t control[128];
    struct iovec iov = {.iov_base = ret->data, .iov_len = sizeof(ret->data)};
    struct msghdr h = {.msg_name = &from,
                       .msg_namelen = sizeof(from),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(m->fd[i], &h, MSG_DONTWAIT);
    if (n < 0) {
        return false;
    }
    if (!read_control(&h, &ret->index)) {
        ret->index = 0;
    }
    ret->from = dtt_sockaddr_read(&from);
    ret->len = (size_t)n;
    return true;
}

bool dtt_mdns_send(struct dtt_mdns *m, const struct dtt_lan_packet *p)
{
    bool is_v4 = p->family == DTT_FAMILY_V4;
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(DTT_LAN_PORT)};
    struct sockaddr_in6 to6 = {
        .sin6_family = AF_INET6, .sin6_port = htons(DTT_LAN_PORT), .sin6_scope_id = p->index};
    struct in_pktinfo info4 = {.ipi_ifindex = (int)p->index};
    struct in6_pktinfo info6 = {.ipi6_ifindex = p->index};
    _Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(info6))] = {0};
    struct iovec iov = {.iov_base = (void *)(uintptr_t)p->data.data, .iov_len = p->data.len};
    struct msghdr h = {.msg_name = is_v4 ? (void *)&to4 : (void *)&to6,
                       .msg_namelen = is_v4 ? sizeof(to4) : sizeof(to6),
                       .msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control,
                       .msg_controllen = CMSG_SPACE(is_v4 ? sizeof(info4) : sizeof(info6))};
    struct cmsghdr *c = CMSG_FIRSTHDR(&h);
    memcpy(&to4.sin_addr, group_v4, sizeof(group_v4));
    memcpy(&to6.sin6_addr, group_v6, sizeof(group_v6));
    c->cmsg_level = is_v4 ? IPPROTO_IP : IPPROTO_IPV6;
    c->cmsg_type = is_v4 ? IP_PKTINFO : IPV6_PKTINFO;
    c->cmsg_len = CMSG_LEN(is_v4 ? sizeof(info4) : sizeof(info6));
    memcpy(CMSG_DATA(c), is_v4 ? (void *)&info4 : (void *)&info6,
           is_v4 ? sizeof(info4) : sizeof(info6));
    return m->fd[side_of(p->family)] >= 0 &&
           sendmsg(m->fd[side_of(p->family)], &h, MSG_DONTWAIT) >= 0;
}
