/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The addresses of an endpoint, as iroh writes them for pkarr (iroh-dns 1.x): a DNS reply (RFC
 * 1035) with TXT records for the name `_iroh.<endpoint id in z-base-32>`, each "addr=IP:PORT". On
 * the DHT the packet is the value of a BEP 44 item: its key is the endpoint id, its sequence number
 * the time in microseconds, and it has no salt.
 */
#ifndef DTT_CODEC_PKARR_H
#define DTT_CODEC_PKARR_H

#include "base/bytes.h"

#include <dtt/types.h>

#define DTT_PKARR_PACKET_MAX 1000
#define DTT_PKARR_TTL_S 30

/** Appends the packet that names `n` addresses. */
void dtt_pkarr_write(struct dtt_writer *w, const struct dtt_id *id, const struct dtt_addr *addrs,
                     size_t n);

/**
 * Reads at most `cap` usable addresses of `id` and returns how many; passes over records of other
 * names and kinds, relays and unknown attributes. DTT_EPROTO: the packet is malformed.
 */
int dtt_pkarr_read(struct dtt_slice packet, const struct dtt_id *id, struct dtt_addr *ret,
                   size_t cap);

#endif
