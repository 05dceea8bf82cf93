/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A NAT or firewall (RFC 4787) in front of hosts, or of other NATs. It translates what goes out,
 * and lets in what its rules allow. Of each mapping it knows when it was made and last used:
 *
 *     out: endpoint inside, remote  ->  mapping        remotes as fine as `map` tells them apart
 *     in:  port outside, remote     ->  mapping
 *     open: port outside, remote    ->  permission     as fine as `filter` does; only where that
 *                                                      is finer than `map`
 */
#ifndef DTT_SIM_NAT_H
#define DTT_SIM_NAT_H

#include "base/addr.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/time.h"

/** Kinds of homes, as members of a scenario have them. */
enum dtt_sim_nat_kind {
    DTT_SIM_NAT_NONE,
    DTT_SIM_NAT_FULL_CONE,  /**< one outside port, open to everybody */
    DTT_SIM_NAT_RESTRICTED, /**< one outside port, open to addresses (with port) we sent to */
    DTT_SIM_NAT_SYMMETRIC,  /**< an outside port for each address we send to, open to that only */
    DTT_SIM_NAT_ADDRESS,    /**< one outside port, open to hosts we sent to, whatever their port */
    DTT_SIM_NAT_FIREWALL,   /**< a public address; open to addresses (with port) we sent to */
    DTT_SIM_NAT_MASQUERADE, /**< Linux: a mapping for each address, all keep the port */
    DTT_SIM_NAT_SHIFTING,   /**< the same, and after an unexpected packet another port is taken */
    DTT_SIM_NAT_SEQUENTIAL, /**< symmetric, the ports one after the other */
    DTT_SIM_NAT_CARRIER,    /**< restricted, behind a carrier's that is restricted too */
    DTT_SIM_NAT_KINDS
};

/** How finely remote endpoints are told apart. */
enum dtt_sim_nat_grain { DTT_SIM_NAT_ANY, DTT_SIM_NAT_BY_ADDRESS, DTT_SIM_NAT_BY_PORT };

enum dtt_sim_nat_ports {
    DTT_SIM_NAT_RANDOM,
    DTT_SIM_NAT_KEPT, /**< the inside one if it is free; else random */
    DTT_SIM_NAT_IN_SEQUENCE
};

struct dtt_sim_nat_rules {
    enum dtt_sim_nat_grain map, filter; /**< `filter` at least as fine as `map` */
    enum dtt_sim_nat_ports ports;
    bool is_firewall;   /**< translates nothing: the one host has its address */
    bool leaves_strays; /**< an unexpected packet takes the port it came to, towards its sender */
    bool hairpins;      /**< what hosts inside send to its outside address comes in again */
    bool is_linux; /**< what comes in makes a mapping live longer, and without it that is short */
    uint64_t idle_ns; /**< of a mapping since it was used */
    uint64_t hard_ns; /**< since it was made, however busy it is; 0: no bound */
};

/** An endpoint inside: which host or NAT, and its port. */
struct dtt_sim_nat_inside {
    uint32_t number;
    uint16_t port;
};

struct dtt_sim_nat {
    struct dtt_sim_nat_rules rules;
    uint32_t number; /**< among the NATs of the world */
    uint32_t host;   /**< number of the first host behind it */
    uint32_t hosts;  /**< or homes, behind it */
    bool is_carrier; /**< what is inside are NATs */
    uint8_t ip[4];   /**< outside; of a home behind a carrier none */
    uint16_t last_port;
    struct dtt_sim_nat *carrier; /**< NULL: the internet is next */
    struct dtt_map out, in, open;
};

/** The rules of a kind; of DTT_SIM_NAT_CARRIER those of the home and of the carrier alike. */
const struct dtt_sim_nat_rules *dtt_sim_nat_rules_of(enum dtt_sim_nat_kind kind);

void dtt_sim_nat_init(struct dtt_sim_nat *n, const struct dtt_sim_nat_rules *rules);
void dtt_sim_nat_fini(struct dtt_sim_nat *n);
/** The outside port of a datagram to `to`; 0 when there is none left, or no memory. */
uint16_t dtt_sim_nat_send(struct dtt_sim_nat *n, struct dtt_rng *rng, uint64_t t_ns,
                          struct dtt_sim_nat_inside inside, const struct dtt_addr *to);
/** Whom a datagram from `from` to the outside port `port` gets to; false: nobody. */
bool dtt_sim_nat_recv(struct dtt_sim_nat *n, uint64_t t_ns, const struct dtt_addr *from,
                      uint16_t port, struct dtt_sim_nat_inside *ret);

#endif
