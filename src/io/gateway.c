/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/gateway.h"

#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#define SEQUENCE 1

/* Somewhere else on the internet (a root name server): nothing is sent there. */
static const uint8_t everywhere[4] = {198, 41, 0, 4};

struct request {
    struct nlmsghdr header;
    struct rtmsg route;
    uint8_t attributes[32];
};

static void add_attribute(struct request *r, unsigned short type, const uint8_t ip[4])
{
    struct rtattr a = {.rta_type = type, .rta_len = RTA_LENGTH(4)};
    uint8_t *at = (uint8_t *)r + NLMSG_ALIGN(r->header.nlmsg_len);
    memcpy(at, &a, sizeof(a));
    memcpy(at + RTA_LENGTH(0), ip, 4);
    r->header.nlmsg_len = NLMSG_ALIGN(r->header.nlmsg_len) + RTA_LENGTH(4);
}

/* The route's answer is there when the request has been sent. Its length; negative: none. */
static ssize_t ask(const struct dtt_addr *bound, void *buf, size_t cap)
{
    const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
    struct request r = {
        .header = {.nlmsg_type = RTM_GETROUTE, .nlmsg_flags = NLM_F_REQUEST, .nlmsg_seq = SEQUENCE},
        .route = {.rtm_family = AF_INET, .rtm_dst_len = 32}};
    ssize_t got = -1;
    int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
    r.header.nlmsg_len = NLMSG_LENGTH(sizeof(r.route));
    add_attribute(&r, RTA_DST, everywhere);
    if (!dtt_addr_is_wildcard(bound)) {
        r.route.rtm_src_len = 32;
        add_attribute(&r, RTA_SRC, bound->ip);
    }
    if (fd >= 0 && sendto(fd, &r, r.header.nlmsg_len, 0, (const struct sockaddr *)&kernel,
                          sizeof(kernel)) >= 0) {
        got = recv(fd, buf, cap, MSG_DONTWAIT);
    }
    if (fd >= 0) {
        close(fd);
    }
    return got;
}

static void take(const struct rtattr *a, struct dtt_addr *ret, uint16_t port)
{
    uint8_t ip[4];
    if (RTA_PAYLOAD(a) == sizeof(ip)) {
        memcpy(ip, RTA_DATA(a), sizeof(ip));
        *ret = dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], port);
    }
}

bool dtt_gateway_read(const struct dtt_addr *bound, struct dtt_addr *ret_gateway,
                      struct dtt_addr *ret_client)
{
    _Alignas(struct nlmsghdr) uint8_t buf[4096];
    struct dtt_addr gateway = {0};
    struct dtt_addr client = {0};
    ssize_t got = ask(bound, buf, sizeof(buf));
    const struct nlmsghdr *m = (const void *)buf;
    if (got < (ssize_t)NLMSG_LENGTH(sizeof(struct rtmsg)) || m->nlmsg_type != RTM_NEWROUTE ||
        m->nlmsg_len > (size_t)got || m->nlmsg_len < NLMSG_LENGTH(sizeof(struct rtmsg))) {
        return false;
    }
    if (!dtt_addr_is_wildcard(bound)) {
        client = *bound;
    }
    const struct rtattr *a = RTM_RTA(NLMSG_DATA(m));
    size_t left = m->nlmsg_len - NLMSG_LENGTH(sizeof(struct rtmsg));
    for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
        if (a->rta_type == RTA_GATEWAY) {
            take(a, &gateway, 0);
        } else if (a->rta_type == RTA_PREFSRC && dtt_addr_is_wildcard(bound)) {
            take(a, &client, bound->port);
        }
    }
    if (gateway.family == DTT_FAMILY_NONE || client.family == DTT_FAMILY_NONE) {
        return false;
    }
    *ret_gateway = gateway;
    *ret_client = client;
    return true;
}
