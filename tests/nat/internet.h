/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * An internet: hosts on TUN devices, routers in front of them that stand behind each other, and a
 * core between them with delays, loss and a number of hops.
 */
#ifndef NAT_INTERNET_H
#define NAT_INTERNET_H

#include "base/timerq.h"
#include "nat.h"
#include "packet.h"
#include "portmap.h"

#define HOSTS_MAX 64
#define ROUTERS_MAX 64
#define NAME_MAX_LEN 31
#define HOST_ADDRS_MAX 40
#define NAMED_MAX 256

enum udp_rule { UDP_PASS, UDP_DROP, UDP_REJECT };

struct router {
    char name[NAME_MAX_LEN + 1];
    struct router *up;       /**< NULL: the core */
    struct dtt_addr gateway; /**< its inside IPv4 address */
    struct nat v4;
    struct nat v6; /**< a firewall, where there is one for IPv6 */
    bool has_v6;   /**< IPv6 goes through `v6`; otherwise it passes */
    enum udp_rule udp;
    enum portmap portmap;
    struct dtt_addr claimed; /**< the outside address that it tells; no family: the true one */
    uint64_t born_ns;
    uint64_t delay_ns; /**< to the core */
};

struct host {
    char name[NAME_MAX_LEN + 1];
    struct router *up;
    int fd;
    bool is_cut;
    bool is_read_only; /**< its DHT queries are marked so on the way (BEP 43) */
    struct dtt_addr addrs[HOST_ADDRS_MAX];
    size_t n_addrs;
    struct dtt_addr link_local; /**< as seen */
    uint64_t delay_ns;
    uint64_t sent, received, krpc_sent, krpc_received;
    /** Datagrams received that are not of the DHT, by where they come from. */
    uint64_t talk_v4, talk_v6, talk_lan;
};

struct internet {
    struct dtt_rng rng;
    struct host hosts[HOSTS_MAX];
    size_t n_hosts;
    struct router routers[ROUTERS_MAX];
    size_t n_routers;
    unsigned hops; /**< of the core */
    uint64_t jitter_ns;
    unsigned loss; /**< of 10,000 packets */
    /** After this time somebody whom nobody knows pings whoever has asked the DHT; 0: never. */
    uint64_t stranger_ns;
    struct dtt_addr named[NAMED_MAX];
    size_t n_named;
    struct dtt_timerq flights;
    uint64_t lost, too_far, nowhere, not_read;
};

void internet_init(struct internet *net, const uint8_t seed[DTT_RNG_SEED_BYTES]);
void internet_fini(struct internet *net);
/** A host has sent a packet, which is changed. */
void internet_take(struct internet *net, uint64_t t_ns, struct host *from, struct packet *p);
/** Delivers what has arrived. */
void internet_run(struct internet *net, uint64_t t_ns);
/** When something arrives next; DTT_NEVER when nothing is under way. */
uint64_t internet_next(const struct internet *net);

#endif
