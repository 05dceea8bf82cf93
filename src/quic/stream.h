/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One stream of a connection. Ours: bytes to send. The peer's: received bytes that wait in the
 * event queue. A stream lives until it is closed and no event names it any more.
 */
#ifndef DTT_QUIC_STREAM_H
#define DTT_QUIC_STREAM_H

#include "quic/event.h"
#include "quic/sendbuf.h"

struct dtt_qstream {
    struct dtt_list_link link; /**< the first member, in the connection's streams */
    struct dtt_list_link tx;   /**< in the queue of streams with something to send */
    struct dtt_qconn *conn;
    int64_t id;
    bool is_local;
    bool is_blocked;   /**< by the peer's window for this stream */
    bool is_stopped;   /**< ours: the peer wants no more of it */
    bool is_closed;    /**< nothing more will arrive or be sent */
    bool is_forgotten; /**< ngtcp2 has freed it */

    struct dtt_qsendbuf out;
    uint64_t waits_ns; /**< since when its first byte on the way has waited for acknowledgement */
    size_t refused;    /**< bytes of the write that got DTT_EAGAIN; 0 = none */

    struct dtt_qdata *last_in; /**< the youngest block that waits in the event queue */
    size_t blocks_in;

    struct dtt_qevent writable;
    struct dtt_qevent reset;
};

/** The stream whose link this is; NULL for NULL. */
static inline struct dtt_qstream *dtt_qstream_of(struct dtt_list_link *l)
{
    return (struct dtt_qstream *)l;
}

/** Adds a stream to `streams`. NULL when out of memory. */
struct dtt_qstream *dtt_qstream_new(struct dtt_list *streams, struct dtt_qconn *conn, int64_t id,
                                    bool is_local);
/** Takes it and its own two events out of their lists; blocks of received bytes must be gone. */
void dtt_qstream_free(struct dtt_qstream *s);
struct dtt_qstream *dtt_qstream_find(const struct dtt_list *streams, int64_t id);

/** Queues received bytes, packed into as few blocks as their order allows. DTT_ENOMEM. */
int dtt_qstream_receive(struct dtt_qstream *s, struct dtt_list *events, struct dtt_slice data,
                        bool fin);
/** A block of `s` was taken out of the queue; the caller frees it. */
void dtt_qstream_taken(struct dtt_qstream *s, const struct dtt_qdata *block);

static inline bool dtt_qstream_is_done(const struct dtt_qstream *s)
{
    return s->is_closed && s->blocks_in == 0 && !s->reset.link.list;
}

#endif
