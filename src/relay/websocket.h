/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The client's end of a WebSocket (RFC 6455) after its upgrade: whole binary messages. Messages in
 * pieces are put together, pings answered, and texts passed over. libwslay reads and writes the
 * frames; this is the only file that knows it.
 */
#ifndef DTT_RELAY_WEBSOCKET_H
#define DTT_RELAY_WEBSOCKET_H

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/rng.h"

#include <dtt/types.h>

struct dtt_websocket;

/* What a frame costs at most beside its content. */
#define DTT_WEBSOCKET_OVERHEAD 14

/** `rng`, for the masks, and `out` outlive it. Messages longer than `max` end it. DTT_ENOMEM. */
int dtt_websocket_new(struct dtt_websocket **ret, struct dtt_rng *rng, struct dtt_buffer *out,
                      size_t max);
/** NULL is fine. */
void dtt_websocket_free(struct dtt_websocket *w);

/** The next bytes of the server: they stay where they are until all messages were taken. */
void dtt_websocket_recv(struct dtt_websocket *w, struct dtt_slice bytes);
/**
 * 1: a message, valid until the next call; 0: none is complete. DTT_ECLOSED: the server said
 * goodbye; DTT_EPROTO; DTT_ETOOBIG: a message too long; DTT_EFULL: no room for the answer to a
 * ping; DTT_ENOMEM.
 */
int dtt_websocket_next(struct dtt_websocket *w, struct dtt_slice *ret);
/** Appends a message of two parts to `out`. DTT_EFULL. */
int dtt_websocket_send(struct dtt_websocket *w, struct dtt_slice head, struct dtt_slice body);

#endif
