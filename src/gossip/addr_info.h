/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * PeerData of iroh-gossip: postcard AddrInfo { relay_url: Option<String>, direct_addresses }.
 */
#ifndef DTT_GOSSIP_ADDR_INFO_H
#define DTT_GOSSIP_ADDR_INFO_H

#include "codec/url.h"

#define DTT_ADDR_INFO_ADDRS 16

/**
 * The home relay, unless it is "", and direct addresses in ascending order, `n` <=
 * DTT_ADDR_INFO_ADDRS of them.
 */
void dtt_addr_info_write(struct dtt_writer *w, const char *relay, const struct dtt_addr *addrs,
                         size_t n);
/** What follows the info of a node that reads proofs (docs/protocol/proof.md); others skip it. */
void dtt_addr_info_write_mark(struct dtt_writer *w);
/** Whether a well-formed info has the mark. */
bool dtt_addr_info_has_mark(struct dtt_slice s);
/**
 * Reads up to DTT_ADDR_INFO_ADDRS direct addresses (more are skipped). Zero bytes are an empty
 * info. DTT_EPROTO when malformed.
 */
int dtt_addr_info_read(struct dtt_slice s, struct dtt_addr ret[DTT_ADDR_INFO_ADDRS], size_t *ret_n);

/** The home relay in a well-formed info; "": there is none, or no URL that is short enough. */
void dtt_addr_info_relay(struct dtt_slice s, char ret[DTT_URL_MAX]);

#endif
