/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages of iroh's own service in the local network, as the crate iroh-mdns-address-lookup
 * writes and reads them: who asks is told endpoint ids and addresses, by everybody and in clear.
 * docs/protocol/lan.md.
 */
#ifndef DTT_LAN_IROH_H
#define DTT_LAN_IROH_H

#include "base/addr.h"
#include "base/bucket.h"
#include "base/rng.h"
#include "base/time.h"
#include "codec/dns.h"
#include "lan/asks.h"

#define DTT_LAN_IROH_ADDRS 8 /**< of an endpoint; others are not read */

struct dtt_lan_iroh_peer {
    struct dtt_id id;
    size_t n_addrs;
    struct dtt_addr addrs[DTT_LAN_IROH_ADDRS];
};

/* ---- messages */

void dtt_lan_iroh_write_question(struct dtt_writer *w);
bool dtt_lan_iroh_is_question(const struct dtt_dns_entry *e);
/** Where `us` is. Without an address there is nothing to tell, and nothing is written. */
void dtt_lan_iroh_write_answer(struct dtt_writer *w, const struct dtt_lan_iroh_peer *us);
/**
 * The endpoint of which a response tells addresses, the first if there are several; false: of none.
 * It reads `max` entries at most.
 */
bool dtt_lan_iroh_read(struct dtt_slice datagram, size_t max, struct dtt_lan_iroh_peer *ret);

/* ---- when they are sent */

/** All zero: the service is not used. */
struct dtt_lan_iroh {
    bool is_on;
    struct dtt_lan_iroh_peer us;
    struct dtt_lan_asks asks;
    uint64_t answer_ns;
    dtt_lan_link_set asked_for; /* on which others have asked */
    dtt_lan_link_set answering; /* on which our answer is still to be sent */
    struct dtt_bucket answers;
};

/** Asks anew, at once: the links have changed, or the service is used from now on. */
void dtt_lan_iroh_restart(struct dtt_lan_iroh *s, uint64_t mono_ns);
/** An endpoint is wanted whose addresses are not known. */
void dtt_lan_iroh_want(struct dtt_lan_iroh *s, uint64_t mono_ns);
/** Somebody has asked on this link. */
void dtt_lan_iroh_on_question(struct dtt_lan_iroh *s, uint64_t mono_ns, struct dtt_rng *rng,
                              size_t link);
void dtt_lan_iroh_tick(struct dtt_lan_iroh *s, uint64_t mono_ns, dtt_lan_link_set links);
uint64_t dtt_lan_iroh_deadline(const struct dtt_lan_iroh *s);
/** Writes the next message and gives its link; false: there is none. */
bool dtt_lan_iroh_next(struct dtt_lan_iroh *s, struct dtt_writer *w, size_t *ret_link);

#endif
