/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#define _DEFAULT_SOURCE
#include "io/hostaddrs.h"

#include "io/sockaddr.h"
#include "io/udp.h"

#include <ifaddrs.h>
#include <net/if.h>
#include <sodium.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/sockios.h>

#define SOURCES_MAX 16

/* ---- the choice */

struct list {
    struct dtt_addr *addrs;
    size_t n;
    size_t cap;
};

static void add(struct list *l, const struct dtt_addr *addr, uint16_t port)
{
    struct dtt_addr a = *addr;
    a.port = port;
    if (l->n < l->cap && !dtt_addr_is_in(l->addrs, l->n, &a)) {
        l->addrs[l->n++] = a;
    }
}

/* The socket that reaches all addresses of this one's family; NULL: none. */
static const struct dtt_addr *wildcard(const struct dtt_hostaddrs *h, const struct dtt_addr *a)
{
    for (size_t i = 0; i < 2; i++) {
        if (h->bound[i].family == a->family && a->family != DTT_FAMILY_NONE) {
            return dtt_addr_is_wildcard(&h->bound[i]) ? &h->bound[i] : NULL;
        }
    }
    return NULL;
}

static void add_if(const struct dtt_hostaddrs *h, struct list *l, const struct dtt_addr *a,
                   enum dtt_addr_scope scope)
{
    const struct dtt_addr *socket = wildcard(h, a);
    if (socket && dtt_addr_scope(a) == scope && a->scope == 0) {
        add(l, a, socket->port);
    }
}

static void add_others(const struct dtt_hostaddrs *h, struct list *l, enum dtt_addr_scope scope,
                       bool of_bridges)
{
    for (size_t i = 0; i < h->n_others; i++) {
        if (h->is_bridge[i] == of_bridges) {
            add_if(h, l, &h->others[i], scope);
        }
    }
}

static bool has_family(const struct list *l, uint8_t family)
{
    size_t i = 0;
    while (i < l->n && l->addrs[i].family != family) {
        i++;
    }
    return i < l->n;
}

/* A source of each family comes before a second one of any. */
static void add_sources(const struct dtt_hostaddrs *h, struct list *l)
{
    for (int is_second = 0; is_second < 2; is_second++) {
        for (size_t i = 0; i < h->n_sources; i++) {
            if (is_second || !has_family(l, h->sources[i].family)) {
                add_if(h, l, &h->sources[i], DTT_SCOPE_GLOBAL);
                add_if(h, l, &h->sources[i], DTT_SCOPE_PRIVATE);
            }
        }
    }
}

/* A family without a route has its place, too: its best address. */
static void add_family(const struct dtt_hostaddrs *h, struct list *l, uint8_t family)
{
    for (size_t k = 0; k < 4 && !has_family(l, family); k++) {
        for (size_t i = 0; i < h->n_others && !has_family(l, family); i++) {
            if (h->others[i].family == family && h->is_bridge[i] == (k >= 2)) {
                add_if(h, l, &h->others[i], k % 2 ? DTT_SCOPE_PRIVATE : DTT_SCOPE_GLOBAL);
            }
        }
    }
}

size_t dtt_hostaddrs_choose(const struct dtt_hostaddrs *h, struct dtt_addr *ret, size_t cap)
{
    struct list l = {.addrs = ret, .cap = cap};
    for (size_t i = 0; i < 2; i++) {
        if (h->bound[i].family != DTT_FAMILY_NONE && !dtt_addr_is_wildcard(&h->bound[i])) {
            add(&l, &h->bound[i], h->bound[i].port);
        }
    }
    add_sources(h, &l);
    add_family(h, &l, DTT_FAMILY_V4);
    add_family(h, &l, DTT_FAMILY_V6);
    for (int of_bridges = 0; of_bridges < 2; of_bridges++) {
        add_others(h, &l, DTT_SCOPE_GLOBAL, of_bridges);
        add_others(h, &l, DTT_SCOPE_PRIVATE, of_bridges);
    }
    if (l.n == 0) {
        add_others(h, &l, DTT_SCOPE_LINK, false);
    }
    if (l.n == 0) {
        add_others(h, &l, DTT_SCOPE_LOOPBACK, false);
    }
    return l.n;
}

/* ---- what the host says */

/*
 * Somewhere else on the internet (a root name server): the route to it is that of most datagrams.
 */
static const struct dtt_addr everywhere[] = {
    {.family = DTT_FAMILY_V4, .port = 53, .ip = {198, 41, 0, 4}},
    {.family = DTT_FAMILY_V6,
     .port = 53,
     .ip = {0x20, 0x01, 0x05, 0x03, 0xba, 0x3e, [13] = 2, [15] = 0x30}}};

static size_t read_sources(const struct dtt_addr *contacts, size_t n_contacts, struct dtt_addr *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < 2 && n < SOURCES_MAX; i++) {
        n += dtt_udp_source(&everywhere[i], &ret[n]);
    }
    for (size_t i = 0; i < n_contacts && n < SOURCES_MAX; i++) {
        n += dtt_udp_source(&contacts[i], &ret[n]);
    }
    return n;
}

/* The driver's name tells, in the namespace of the socket `fd`. */
static bool is_bridge(int fd, const char *interface)
{
    struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};
    struct ifreq request = {.ifr_data = (void *)&info};
    size_t len = strnlen(interface, IFNAMSIZ);
    if (len == IFNAMSIZ) {
        return false;
    }
    memcpy(request.ifr_name, interface, len);
    return fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0 && strcmp(info.driver, "bridge") == 0;
}

static bool is_in_use(const struct ifaddrs *i)
{
    const unsigned flags = IFF_UP | IFF_RUNNING;
    return i->ifa_addr && (i->ifa_flags & flags) == flags &&
           (i->ifa_addr->sa_family == AF_INET || i->ifa_addr->sa_family == AF_INET6);
}

static uint64_t hash_all(const struct dtt_hostaddrs *h)
{
    crypto_generichash_state state;
    uint8_t hash[crypto_generichash_BYTES_MIN];
    crypto_generichash_init(&state, NULL, 0, sizeof(hash));
    for (size_t i = 0; i < h->n_sources + h->n_others; i++) {
        const struct dtt_addr *a = i < h->n_sources ? &h->sources[i] : &h->others[i - h->n_sources];
        if (dtt_addr_scope(a) != DTT_SCOPE_LINK) {
            crypto_generichash_update(&state, (const uint8_t *)a, sizeof(*a));
        }
    }
    crypto_generichash_final(&state, hash, sizeof(hash));
    return dtt_get_le64(hash);
}

size_t dtt_hostaddrs_read(const struct dtt_addr bound[2], const struct dtt_addr *contacts,
                          size_t n_contacts, struct dtt_addr *ret, size_t cap, uint64_t *ret_all)
{
    struct dtt_addr sources[SOURCES_MAX];
    struct dtt_addr others[DTT_HOSTADDRS_READ_MAX];
    bool of_bridges[DTT_HOSTADDRS_READ_MAX];
    struct ifaddrs *interfaces = NULL;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct dtt_hostaddrs h = {.sources = sources,
                              .others = others,
                              .is_bridge = of_bridges,
                              .bound = {bound[0], bound[1]}};
    h.n_sources = read_sources(contacts, n_contacts, sources);
    /* Not that of libuv, which crashes where memory is short. */
    if (getifaddrs(&interfaces) == 0) {
        for (const struct ifaddrs *i = interfaces; i; i = i->ifa_next) {
            if (is_in_use(i) && h.n_others < DTT_HOSTADDRS_READ_MAX) {
                others[h.n_others] = dtt_sockaddr_read(i->ifa_addr);
                of_bridges[h.n_others++] = is_bridge(fd, i->ifa_name);
            }
        }
        freeifaddrs(interfaces);
    }
    if (fd >= 0) {
        close(fd);
    }
    *ret_all = hash_all(&h);
    return dtt_hostaddrs_choose(&h, ret, cap);
}
