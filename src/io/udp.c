/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* recvmmsg, sendmmsg and the error queue are Linux's. */
#define _GNU_SOURCE
#include "io/udp.h"

#include "io/sockaddr.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <linux/errqueue.h>

#ifndef UDP_SEGMENT
#    define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#    define UDP_GRO 104
#endif

#define RX_MESSAGES 8
#define RX_BYTES 65536 /* a merged message can be this long; untouched pages cost nothing */
#define RX_CONTROL 128
#define TX_MESSAGES 64
#define TX_CONTROL 128
#define TX_BYTES 65536
#define TX_REFUSED 8   /* destinations without a route that are told, of one batch */
#define TX_SEGMENTS 60 /* the kernel takes 64 */
#define SOCKET_BUFFER (2 * 1024 * 1024)

struct dtt_udp_rx {
    struct mmsghdr msgs[RX_MESSAGES];
    struct iovec iov[RX_MESSAGES];
    union dtt_sockaddr from[RX_MESSAGES];
    _Alignas(struct cmsghdr) uint8_t control[RX_MESSAGES][RX_CONTROL];
    int count;     /* messages in the batch */
    int at;        /* message being handed out ... */
    size_t offset; /* ... from this byte on */
    uint8_t bytes[RX_MESSAGES][RX_BYTES];
};

struct tx_message {
    union dtt_sockaddr to;
    socklen_t to_len;
    struct dtt_addr from; /* no family: the kernel chooses */
    bool is_refused;
    unsigned ecn;
    uint8_t hops; /* 0: as the system has it */
    size_t segment;
    size_t offset;
    size_t len;
};

struct dtt_udp_tx {
    size_t count;
    size_t first; /* messages before it have been sent */
    size_t used;
    size_t n_routeless;
    struct dtt_addr routeless[TX_REFUSED];
    struct tx_message messages[TX_MESSAGES];
    uint8_t bytes[TX_BYTES];
};

static void set_option(int fd, int level, int option, int value)
{
    /* Each of these only makes things better: a kernel without it is no error. */
    (void)setsockopt(fd, level, option, &value, sizeof(value));
}

static int bind_error(int error)
{
    switch (error) {
    case EADDRINUSE: return DTT_EADDRINUSE;
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT: return DTT_EADDRNOTAVAIL;
    case EACCES:
    case EPERM: return DTT_EPERM;
    case EMFILE:
    case ENFILE: return DTT_EMFILE;
    case ENOMEM: return DTT_ENOMEM;
    default: return DTT_EIO;
    }
}

int dtt_udp_open(struct dtt_udp *u, const struct dtt_addr *addr)
{
    bool v4 = addr->family == DTT_FAMILY_V4;
    union dtt_sockaddr sa;
    socklen_t len = dtt_sockaddr_write(addr, &sa);
    int segment = 0;
    socklen_t segment_len = sizeof(segment);
    *u = (struct dtt_udp){
        .fd = socket(v4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    if (u->fd < 0) {
        return bind_error(errno);
    }
    if (!v4) {
        set_option(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    }
    if (bind(u->fd, &sa.sa, len) != 0 || getsockname(u->fd, &sa.sa, &len) != 0) {
        int err = bind_error(errno);
        dtt_udp_close(u);
        return err;
    }
    u->bound = dtt_sockaddr_read(&sa);
    set_option(u->fd, SOL_SOCKET, SO_RCVBUF, SOCKET_BUFFER);
    set_option(u->fd, SOL_SOCKET, SO_SNDBUF, SOCKET_BUFFER);
    set_option(u->fd, SOL_UDP, UDP_GRO, 1);
    if (v4) {
        /* Never fragment, and let QUIC find the path MTU by itself (RFC 9000 section 14). */
        set_option(u->fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
        set_option(u->fd, IPPROTO_IP, IP_RECVTOS, 1);
        set_option(u->fd, IPPROTO_IP, IP_RECVERR, 1);
        set_option(u->fd, IPPROTO_IP, IP_PKTINFO, 1);
    } else {
        set_option(u->fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
        set_option(u->fd, IPPROTO_IPV6, IPV6_RECVTCLASS, 1);
        set_option(u->fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
        set_option(u->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    }
    u->has_segment = getsockopt(u->fd, SOL_UDP, UDP_SEGMENT, &segment, &segment_len) == 0;
    return DTT_OK;
}

void dtt_udp_close(struct dtt_udp *u)
{
    if (u->fd >= 0) {
        close(u->fd);
    }
    free(u->tx);
    *u = (struct dtt_udp){.fd = -1};
}

void dtt_udp_ignore_errors(struct dtt_udp *u)
{
    set_option(u->fd, IPPROTO_IP, IP_RECVERR, 0);
}

bool dtt_udp_source(const struct dtt_addr *to, struct dtt_addr *ret)
{
    union dtt_sockaddr sa;
    socklen_t len = dtt_sockaddr_write(to, &sa);
    int fd = socket(sa.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_found = fd >= 0 && connect(fd, &sa.sa, len) == 0 && getsockname(fd, &sa.sa, &len) == 0;
    if (is_found) {
        *ret = dtt_sockaddr_read(&sa);
        ret->port = 0;
    }
    if (fd >= 0) {
        close(fd);
    }
    return is_found;
}

/* ------------------------------------------------------------- receiving */

struct dtt_udp_rx *dtt_udp_rx_new(void)
{
    struct dtt_udp_rx *rx = malloc(sizeof(*rx)); /* not calloc, which might touch all pages */
    if (rx) {
        rx->count = rx->at = 0;
    }
    return rx;
}

void dtt_udp_rx_free(struct dtt_udp_rx *rx)
{
    free(rx);
}

int dtt_udp_recv(struct dtt_udp *u, struct dtt_udp_rx *rx)
{
    for (int i = 0; i < RX_MESSAGES; i++) {
        rx->iov[i] = (struct iovec){.iov_base = rx->bytes[i], .iov_len = RX_BYTES};
        rx->msgs[i].msg_hdr = (struct msghdr){.msg_name = &rx->from[i],
                                              .msg_namelen = sizeof(rx->from[i]),
                                              .msg_iov = &rx->iov[i],
                                              .msg_iovlen = 1,
                                              .msg_control = rx->control[i],
                                              .msg_controllen = RX_CONTROL};
    }
    rx->at = 0;
    rx->offset = 0;
    rx->count = recvmmsg(u->fd, rx->msgs, RX_MESSAGES, MSG_DONTWAIT, NULL);
    if (rx->count < 0) {
        int error = errno;
        rx->count = 0;
        /* An error of an earlier send is told here once; it says nothing about receiving. */
        return error == EBADF || error == ENOTSOCK ? DTT_EIO : 0;
    }
    return rx->count;
}

static void read_control(struct msghdr *m, struct dtt_udp_datagram *ret, size_t *ret_segment)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        int value = 0;
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS) {
            ret->ecn = *CMSG_DATA(c) & 3u;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS) {
            memcpy(&value, CMSG_DATA(c), sizeof(value));
            ret->ecn = (unsigned)value & 3u;
        } else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            memcpy(ret->to.ip, &info.ipi_spec_dst, 4); /* also when it was a broadcast */
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;
            memcpy(&info, CMSG_DATA(c), sizeof(info));
            ret->to = dtt_addr_v6_zone(info.ipi6_addr.s6_addr, ret->to.port, info.ipi6_ifindex);
        } else if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
            memcpy(&value, CMSG_DATA(c), sizeof(value));
            *ret_segment = value > 0 ? (size_t)value : 0;
        }
    }
}

bool dtt_udp_next(const struct dtt_udp *u, struct dtt_udp_rx *rx, struct dtt_udp_datagram *ret)
{
    if (rx->at >= rx->count) {
        return false;
    }
    struct mmsghdr *m = &rx->msgs[rx->at];
    size_t left = m->msg_len - rx->offset;
    size_t segment = 0;
    *ret = (struct dtt_udp_datagram){.from = dtt_sockaddr_read(&rx->from[rx->at]), .to = u->bound};
    read_control(&m->msg_hdr, ret, &segment);
    if (segment == 0 || segment > left) {
        segment = left;
    }
    ret->data = dtt_slice((uint8_t *)rx->iov[rx->at].iov_base + rx->offset, segment);
    rx->offset += segment;
    if (rx->offset >= m->msg_len) {
        rx->at++;
        rx->offset = 0;
    }
    return true;
}

bool dtt_udp_next_error(struct dtt_udp *u, struct dtt_addr *ret)
{
    union dtt_sockaddr to;
    _Alignas(struct cmsghdr) uint8_t control[256];
    uint8_t byte;
    for (;;) {
        struct iovec iov = {.iov_base = &byte, .iov_len = sizeof(byte)};
        struct msghdr m = {.msg_name = &to,
                           .msg_namelen = sizeof(to),
                           .msg_iov = &iov,
                           .msg_iovlen = 1,
                           .msg_control = control,
                           .msg_controllen = sizeof(control)};
        memset(&to, 0, sizeof(to));
        if (recvmsg(u->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            return false;
        }
        for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
            struct sock_extended_err e;
            bool is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
                            (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);
            if (!is_error) {
                continue;
            }
            memcpy(&e, CMSG_DATA(c), sizeof(e));
            /* Anybody can forge the softer kinds; a closed port on a path that works is this. */
            if (e.ee_errno == ECONNREFUSED) {
                *ret = dtt_sockaddr_read(&to);
                return true;
            }
        }
    }
}

/* --------------------------------------------------------------- sending */

static bool add_one(struct dtt_udp_tx *tx, const struct dtt_addr *from, const struct dtt_addr *to,
                    unsigned ecn, uint8_t hops, size_t segment, struct dtt_slice data)
{
    if (tx->count == TX_MESSAGES || data.len > TX_BYTES - tx->used) {
        return false;
    }
    struct tx_message *m = &tx->messages[tx->count++];
    m->to_len = dtt_sockaddr_write(to, &m->to);
    m->from = from && !dtt_addr_is_wildcard(from) ? *from : (struct dtt_addr){0};
    m->is_refused = false;
    m->ecn = ecn;
    m->hops = hops;
    m->segment = segment;
    m->offset = tx->used;
    m->len = data.len;
    memcpy(tx->bytes + tx->used, data.data, data.len);
    tx->used += data.len;
    return true;
}

bool dtt_udp_add(struct dtt_udp *u, const struct dtt_addr *from, const struct dtt_addr *to,
                 unsigned ecn, uint8_t hops, size_t segment, struct dtt_slice data)
{
    if (!u->tx) {
        u->tx = calloc(1, sizeof(*u->tx));
    }
    struct dtt_udp_tx *tx = u->tx;
    if (!tx) {
        return true; /* Out of memory: the packet is lost, as packets may be. */
    }
    size_t pieces = segment ? (data.len + segment - 1) / segment : 1;
    size_t step = u->has_segment ? segment * TX_SEGMENTS : segment;
    if (!dtt_addr_is_wildcard(&u->bound)) {
        from = NULL; /* there is only one */
    }
    if (pieces <= 1) {
        return add_one(tx, from, to, ecn, hops, 0, data);
    }
    if (tx->count + (data.len + step - 1) / step > TX_MESSAGES || data.len > TX_BYTES - tx->used) {
        return false;
    }
    for (size_t at = 0; at < data.len; at += step) {
        size_t n = data.len - at < step ? data.len - at : step;
        add_one(tx, from, to, ecn, hops, n > segment ? segment : 0, dtt_slice(data.data + at, n));
    }
    return true;
}

static void put_one(struct msghdr *m, int level, int type, const void *value, size_t len)
{
    struct cmsghdr *c = (void *)((uint8_t *)m->msg_control + m->msg_controllen);
    c->cmsg_level = level;
    c->cmsg_type = type;
    c->cmsg_len = CMSG_LEN(len);
    memcpy(CMSG_DATA(c), value, len);
    m->msg_controllen += CMSG_SPACE(len);
}

/* `control` is zero. */
static void put_control(struct msghdr *m, uint8_t *control, const struct tx_message *t)
{
    bool v4 = t->to.sa.sa_family == AF_INET;
    m->msg_control = control;
    m->msg_controllen = 0;
    if (t->ecn) {
        int tos = (int)t->ecn;
        put_one(m, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TOS : IPV6_TCLASS, &tos, sizeof(tos));
    }
    if (t->hops) {
        int hops = t->hops;
        put_one(m, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_TTL : IPV6_HOPLIMIT, &hops,
                sizeof(hops));
    }
    if (t->from.family == DTT_FAMILY_V4) {
        struct in_pktinfo info = {0};
        memcpy(&info.ipi_spec_dst, t->from.ip, 4);
        put_one(m, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
    } else if (t->from.family == DTT_FAMILY_V6) {
        struct in6_pktinfo info = {.ipi6_ifindex = t->from.scope};
        memcpy(&info.ipi6_addr, t->from.ip, 16);
        put_one(m, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
    }
    if (t->segment) {
        uint16_t segment = (uint16_t)t->segment;
        put_one(m, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
    }
}

/* Sends messages first, first + 1, ...: what sendmmsg returns. */
static int send_some(struct dtt_udp *u, const struct dtt_udp_tx *tx)
{
    struct mmsghdr msgs[TX_MESSAGES];
    struct iovec iov[TX_MESSAGES];
    _Alignas(struct cmsghdr) uint8_t control[TX_MESSAGES][TX_CONTROL];
    unsigned n = 0;
    memset(control, 0, (tx->count - tx->first) * TX_CONTROL);
    for (size_t i = tx->first; i < tx->count; i++, n++) {
        const struct tx_message *m = &tx->messages[i];
        iov[n] = (struct iovec){.iov_base = (void *)(uintptr_t)(tx->bytes + m->offset),
                                .iov_len = m->len};
        msgs[n] = (struct mmsghdr){.msg_hdr = {.msg_name = (void *)(uintptr_t)&m->to,
                                               .msg_namelen = m->to_len,
                                               .msg_iov = &iov[n],
                                               .msg_iovlen = 1}};
        put_control(&msgs[n].msg_hdr, control[n], m);
    }
    return sendmmsg(u->fd, msgs, n, MSG_DONTWAIT);
}

/*
 * The first message was refused. True: it can be tried in another way. Otherwise it is lost, as
 * packets may be: no route, a filter, a full queue of the device (ENOBUFS: the socket stays
 * writable, so there is nothing to wait for).
 */
static bool may_try_again(struct dtt_udp *u, struct tx_message *m, int error)
{
    if (error == EINTR) {
        return true;
    }
    if (!m->is_refused) {
        /* It may have been an ICMP error about another packet, such as that the hop limit of a
         * whisper was too low: the kernel tells it of whatever is sent next. */
        m->is_refused = true;
        return true;
    }
    if ((error == EINVAL || error == ENODEV || error == ENETUNREACH) &&
        m->from.family != DTT_FAMILY_NONE) {
        /* The host has this address no more: the kernel chooses. */
        m->from = (struct dtt_addr){0};
        return true;
    }
    if ((error == EIO || error == EINVAL) && m->segment) {
        /* This route cannot split batches (a tunnel, a device without checksums): we do. */
        u->has_segment = false;
    }
    return false;
}

/* A message was refused for good. Is that because the host has no way there at all? */
static void look_for_route(struct dtt_udp_tx *tx, const struct tx_message *m, int error)
{
    bool is_about_routes = error == ENETUNREACH || error == EHOSTUNREACH || error == EADDRNOTAVAIL;
    struct dtt_addr to = dtt_sockaddr_read(&m->to);
    struct dtt_addr from;
    if (is_about_routes && tx->n_routeless < TX_REFUSED && !dtt_udp_source(&to, &from)) {
        tx->routeless[tx->n_routeless++] = to;
    }
}

bool dtt_udp_next_routeless(struct dtt_udp *u, struct dtt_addr *ret)
{
    if (!u->tx || u->tx->n_routeless == 0) {
        return false;
    }
    *ret = u->tx->routeless[--u->tx->n_routeless];
    return true;
}

void dtt_udp_drop(struct dtt_udp *u)
{
    if (u->tx) {
        u->tx->first = u->tx->count = u->tx->used = 0;
    }
}

int dtt_udp_flush(struct dtt_udp *u)
{
    struct dtt_udp_tx *tx = u->tx;
    if (!tx) {
        return DTT_OK;
    }
    while (tx->first < tx->count) {
        int n = send_some(u, tx);
        int error = errno;
        if (n > 0) {
            tx->first += (size_t)n;
        } else if (error == EAGAIN) {
            return DTT_EAGAIN;
        } else if (!may_try_again(u, &tx->messages[tx->first], error)) {
            u->n_failed++;
            look_for_route(tx, &tx->messages[tx->first], error);
            tx->first++;
        }
    }
    tx->first = tx->count = tx->used = 0;
    return DTT_OK;
}
