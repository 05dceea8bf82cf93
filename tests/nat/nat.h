/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a router remembers, and how it translates and filters by it: mapping, filtering, ports,
 * lifetimes in the terms of RFC 4787. The rules are exact, so that a test can ask for one kind of
 * router and get no other. A firewall is the same without translation.
 */
#ifndef NAT_NAT_H
#define NAT_NAT_H

#include "base/addr.h"
#include "base/rng.h"

/** How much of the other endpoint counts. */
enum nat_dependence { NAT_INDEPENDENT, NAT_ADDRESS, NAT_ADDRESS_AND_PORT };

enum nat_ports {
    NAT_PORTS_KEEP,     /**< the inside port while no other mapping has it */
    NAT_PORTS_OVERLOAD, /**< the inside port unless it is in use towards this very endpoint */
    NAT_PORTS_RANDOM,
    NAT_PORTS_SEQUENTIAL /**< one more than the last */
};

enum nat_hairpin { NAT_HAIRPIN_OFF, NAT_HAIRPIN_ON };
enum nat_pool { NAT_POOL_PAIRED, NAT_POOL_ARBITRARY };

#define NAT_OUTSIDE_MAX 4

struct nat_rules {
    bool is_firewall; /**< nothing is translated */
    enum nat_dependence mapping, filter;
    enum nat_ports ports;
    enum nat_hairpin hairpin;
    enum nat_pool pool;   /**< of several outside addresses */
    bool is_refreshed_in; /**< what comes in keeps a mapping as what goes out does */
    bool leaves_strays; /**< an unexpected packet takes the endpoint it came to, towards its sender:
                             a Linux router with an INPUT chain that accepts */
    uint64_t idle_ns;   /**< lifetime of a mapping that has been answered */
    uint64_t idle_new_ns; /**< of one that has not */
    uint64_t hard_ns;     /**< from its birth, however busy it is; 0: none */
    unsigned max;         /**< mappings of an inside address; 0: any number */
};

struct nat_session {
    struct dtt_addr remote;
    uint64_t used_ns;
};

struct nat_mapping {
    uint8_t protocol;
    struct dtt_addr inside, outside;
    struct dtt_addr first; /**< whom it was made for */
    bool is_answered;
    uint64_t born_ns, used_ns;
    uint64_t granted_ns; /**< asked for by its host until then (portmap.h); 0: it was not */
    uint8_t nonce[12];   /**< of who asked by PCP */
    struct nat_session *sessions;
    size_t n_sessions, sessions_cap;
};

/** What an unexpected packet has left behind. */
struct nat_stray {
    uint8_t protocol;
    struct dtt_addr outside, remote;
    uint64_t used_ns;
};

struct nat_counts {
    uint64_t out, in, filtered, hairpinned, made, full, shifted;
};

struct nat {
    struct nat_rules rules;
    struct dtt_addr outside[NAT_OUTSIDE_MAX]; /**< port 0 */
    size_t n_outside;
    uint16_t last_port; /**< of sequential ones */
    struct dtt_rng *rng;
    struct nat_mapping **mappings;
    size_t n_mappings, mappings_cap;
    struct nat_stray *strays;
    size_t n_strays, strays_cap;
    struct nat_counts counts;
};

/** Forgets everything. */
void nat_flush(struct nat *n);
/** Forgets what is over. */
void nat_expire(struct nat *n, uint64_t t_ns);
bool nat_is_outside(const struct nat *n, const struct dtt_addr *addr);

/** A packet goes out: the mapping that it uses, a new one where needed; NULL when there is no room.
 */
struct nat_mapping *nat_out(struct nat *n, uint64_t t_ns, uint8_t protocol,
                            const struct dtt_addr *inside, const struct dtt_addr *to);
/** A packet comes in: the mapping that takes it, or NULL. */
struct nat_mapping *nat_in(struct nat *n, uint64_t t_ns, uint8_t protocol,
                           const struct dtt_addr *from, const struct dtt_addr *outside);

/** The mapping with this inside or outside endpoint, whatever the other end; or NULL. */
struct nat_mapping *nat_of_inside(const struct nat *n, uint8_t protocol,
                                  const struct dtt_addr *inside);
struct nat_mapping *nat_of_outside(const struct nat *n, uint8_t protocol,
                                   const struct dtt_addr *outside);

/**
 * The mapping that `inside` has asked for until `until_ns`, with the outside port `port` if it is
 * free; the first outside address. NULL when there is no port.
 */
struct nat_mapping *nat_grant(struct nat *n, uint64_t t_ns, uint8_t protocol,
                              const struct dtt_addr *inside, uint16_t port, uint64_t until_ns);
/** The one it has asked for, or NULL. */
struct nat_mapping *nat_granted(const struct nat *n, uint64_t t_ns, uint8_t protocol,
                                const struct dtt_addr *inside);

#endif
