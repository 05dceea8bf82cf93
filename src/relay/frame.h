/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Frames of the relay protocol: those of a server are read, those of a client written. */
#ifndef DTT_RELAY_FRAME_H
#define DTT_RELAY_FRAME_H

#include "base/bytes.h"
#include "relay/relay_wire.h"

#include <dtt/types.h>

struct dtt_relay_frame {
    enum dtt_relay_frame_type type;
    struct dtt_id id;      /**< the source of datagrams, or the endpoint that is gone */
    size_t segment;        /**< of datagrams: length of each but the last, which may be shorter */
    struct dtt_slice data; /**< datagrams, challenge, ping, times, or a text */
    uint8_t status;        /**< enum dtt_relay_status, or a value unknown here */
};

/** `version`: 1 or 2. `data` is of `message`. DTT_EPROTO. */
int dtt_relay_frame_read(struct dtt_slice message, unsigned version, struct dtt_relay_frame *ret);

/** Bytes of the frame before the datagrams. */
#define DTT_RELAY_DATAGRAM_HEAD_MAX (1 + DTT_ID_BYTES + 1 + 2)
/** What precedes `len` bytes of datagrams, of `segment` bytes each, to `to`. */
void dtt_relay_frame_write_head(struct dtt_writer *w, const struct dtt_id *to, size_t segment,
                                size_t len);
/** A ping or a pong. */
void dtt_relay_frame_write_ping(struct dtt_writer *w, enum dtt_relay_frame_type type,
                                const uint8_t data[DTT_RELAY_PING_BYTES]);

#endif
