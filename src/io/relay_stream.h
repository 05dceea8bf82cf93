/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A client of a relay (relay/relay.h) and its stream, in a loop. */
#ifndef DTT_IO_RELAY_STREAM_H
#define DTT_IO_RELAY_STREAM_H

#include "io/stream.h"
#include "relay/relay.h"

struct dtt_relay_stream;

struct dtt_relay_stream_config {
    struct dtt_ctx *ctx; /**< outlives it, as the next two do */
    uv_loop_t *loop;
    const uint8_t *seed;         /**< 32 bytes of our identity */
    const char *url;             /**< as dtt_url_parse_with_query takes it; copied */
    bool *is_stale;              /**< as that of a stream */
    struct dtt_tls_trust *trust; /**< for https; outlives it */
    unsigned scopes;             /**< as that of a stream */
    void *user;
    /** Of all types but CONNECT and DISCONNECT. It may send, and must not free. */
    void (*on_event)(void *user, struct dtt_now now, const struct dtt_relay_event *event);
    /** Of a block of bytes all events were told. NULL: nobody wants to know. */
    void (*on_read)(void *user, struct dtt_now now);
};

/** DTT_EADDR: not a URL; DTT_ENOMEM. It begins with the first tick. */
int dtt_relay_stream_new(struct dtt_relay_stream **ret, struct dtt_now now,
                         const struct dtt_relay_stream_config *cfg);
/** NULL is fine. The loop has to run once more. */
void dtt_relay_stream_free(struct dtt_relay_stream *s);

/** Datagrams as dtt_relay_send takes them; they go out at once. */
int dtt_relay_stream_send(struct dtt_relay_stream *s, struct dtt_now now, const struct dtt_id *to,
                          size_t segment, struct dtt_slice datagrams);
const struct dtt_relay *dtt_relay_stream_client(const struct dtt_relay_stream *s);

/** While it is up: where the relay is. */
enum dtt_addr_scope dtt_relay_stream_scope(const struct dtt_relay_stream *s);
/** See dtt_relay_moved. */
void dtt_relay_stream_moved(struct dtt_relay_stream *s, struct dtt_now now);

uint64_t dtt_relay_stream_deadline(const struct dtt_relay_stream *s);
void dtt_relay_stream_tick(struct dtt_relay_stream *s, struct dtt_now now);

#endif
