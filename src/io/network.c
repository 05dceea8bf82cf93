/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/network.h"

#include "io/hostaddrs.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

/* A look takes so many tokens; one comes back each second. */
#define LOOK_TOKENS 5
#define LOOKS 8
/* Messages taken at a time: what is left is told by the next look. */
#define READS 64
#define RECEIVE_BUFFER (64 * 1024)

static int open_netlink(void)
{
    struct sockaddr_nl addr = {.nl_family = AF_NETLINK,
                               .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR |
                                            RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE};
    int size = RECEIVE_BUFFER;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    if (fd >= 0 && bind(fd, (struct sockaddr *)&addr, sizeof(addr)) != 0) {
        close(fd);
        fd = -1;
    }
    if (fd >= 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
    }
    return fd;
}

void dtt_network_init(struct dtt_network *n, struct dtt_now now, const struct dtt_addr bound[2])
{
    *n = (struct dtt_network){.fd = open_netlink(), .bound = {bound[0], bound[1]}};
    dtt_bucket_init(&n->looks, 1, LOOKS * LOOK_TOKENS, now.mono_ns);
}

void dtt_network_fini(struct dtt_network *n)
{
    if (n->fd >= 0) {
        close(n->fd);
    }
    n->fd = -1;
}

void dtt_network_add_contact(struct dtt_network *n, struct dtt_now now, const struct dtt_addr *addr)
{
    if (n->n_contacts < DTT_NETWORK_CONTACTS) {
        n->contacts[n->n_contacts++] = *addr;
        n->look_ns = now.mono_ns;
    }
}

/* A route to everywhere: what its change does cannot be seen in our addresses alone. */
static bool is_default_route(const struct nlmsghdr *m)
{
    const struct rtmsg *route = NLMSG_DATA(m);
    return (m->nlmsg_type == RTM_NEWROUTE || m->nlmsg_type == RTM_DELROUTE) &&
           m->nlmsg_len >= NLMSG_LENGTH(sizeof(*route)) && route->rtm_dst_len == 0;
}

static void drain(struct dtt_network *n)
{
    _Alignas(struct nlmsghdr) uint8_t buf[8192];
    for (int i = 0; i < READS; i++) {
        ssize_t got = recv(n->fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (got < 0) {
            n->is_rerouted |= errno == ENOBUFS; /* there was more than we can know */
            return;
        }
        size_t len = (size_t)got;
        for (size_t at = 0; len - at >= sizeof(struct nlmsghdr);) {
            const struct nlmsghdr *m = (void *)(buf + at);
            if (m->nlmsg_len < sizeof(*m) || m->nlmsg_len > len - at) {
                break;
            }
            n->is_rerouted |= is_default_route(m);
            at += NLMSG_ALIGN(m->nlmsg_len);
            at = at < len ? at : len;
        }
    }
}

void dtt_network_heard(struct dtt_network *n, struct dtt_now now)
{
    drain(n);
    if (n->is_look_due) {
        return;
    }
    uint64_t ready_ns = dtt_bucket_ready_ns(&n->looks, LOOK_TOKENS, now.mono_ns);
    uint64_t settled_ns = dtt_add_ns(now.mono_ns, DTT_NETWORK_SETTLE_NS);
    n->look_ns = ready_ns > settled_ns ? ready_ns : settled_ns;
    n->is_look_due = true;
}

uint64_t dtt_network_deadline(const struct dtt_network *n)
{
    return n->is_look_due ? n->look_ns : DTT_NEVER;
}

unsigned dtt_network_look(struct dtt_network *n, struct dtt_now now)
{
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    unsigned changes = DTT_NETWORK_LOOKED;
    uint64_t all;
    if (now.mono_ns < n->look_ns) {
        return 0;
    }
    if (n->is_look_due) {
        (void)dtt_bucket_take(&n->looks, LOOK_TOKENS, now.mono_ns);
        drain(n);
    }
    size_t count =
        dtt_hostaddrs_read(n->bound, n->contacts, n->n_contacts, addrs, DTT_CORE_ADDRS, &all);
    if (n->is_looked && (all != n->all || n->is_rerouted)) {
        changes |= DTT_NETWORK_MOVED;
    }
    if (!n->is_looked || count != n->n_addrs ||
        memcmp(addrs, n->addrs, count * sizeof(addrs[0])) != 0) {
        changes |= DTT_NETWORK_ADDRS;
        memcpy(n->addrs, addrs, count * sizeof(addrs[0]));
        n->n_addrs = count;
    }
    n->all = all;
    n->is_looked = true;
    n->is_rerouted = n->is_look_due = false;
    n->look_ns = dtt_add_ns(now.mono_ns, DTT_NETWORK_EVERY_NS);
    return changes;
}
