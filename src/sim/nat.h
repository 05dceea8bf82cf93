/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A NAT in front of one host with one socket (RFC 4787). It translates what goes out, and lets in
 * what its kind allows. Mappings end when nothing has been sent through them for a while.
 */
#ifndef DTT_SIM_NAT_H
#define DTT_SIM_NAT_H

#include "base/addr.h"
#include "base/map.h"
#include "base/rng.h"
#include "base/time.h"

enum dtt_sim_nat_kind {
    DTT_SIM_NAT_NONE,
    DTT_SIM_NAT_FULL_CONE,  /**< one outside port, open to everybody */
    DTT_SIM_NAT_RESTRICTED, /**< one outside port, open to addresses (with port) we sent to */
    DTT_SIM_NAT_SYMMETRIC,  /**< an outside port for each address we send to, open to that only */
    DTT_SIM_NAT_KINDS
};

struct dtt_sim_nat {
    enum dtt_sim_nat_kind kind;
    uint64_t timeout_ns;
    uint16_t port;      /**< outside, of the kinds with one */
    uint64_t used_ns;   /**< last sent through it */
    struct dtt_map out; /**< remote address -> struct of one mapping; not for full cones */
};

void dtt_sim_nat_init(struct dtt_sim_nat *n, enum dtt_sim_nat_kind kind, uint64_t timeout_ns);
void dtt_sim_nat_fini(struct dtt_sim_nat *n);
/** The outside port of a datagram to `to`; 0 when out of memory. */
uint16_t dtt_sim_nat_send(struct dtt_sim_nat *n, struct dtt_rng *rng, uint64_t t_ns,
                          const struct dtt_addr *to);
/** Whether a datagram from `from` to our outside port `port` gets in. */
bool dtt_sim_nat_lets_in(const struct dtt_sim_nat *n, uint64_t t_ns, const struct dtt_addr *from,
                         uint16_t port);

#endif
