/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Where an endpoint can be reached, as iroh writes it for pkarr (iroh-dns 1.x): a DNS reply (RFC
 * 1035) whose TXT records of the name `_iroh.<endpoint id in z-base-32>` say "addr=IP:PORT", one a
 * record. In the DHT it is the value of a BEP 44 item: key the endpoint id, no salt, sequence
 * number the time in microseconds.
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
 * Reads the usable addresses of `id`, at most `cap`; records of other names and kinds, relays and
 * unknown attributes are passed over. Their number, or DTT_EPROTO for a malformed packet.
 */
int dtt_pkarr_read(struct dtt_slice packet, const struct dtt_id *id, struct dtt_addr *ret,
                   size_t cap);

#endif
