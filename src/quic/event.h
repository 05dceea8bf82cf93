/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Events that wait for the user. Each lies inside what it tells about (connection, stream, block of
 * received bytes), so that queueing one cannot fail.
 */
#ifndef DTT_QUIC_EVENT_H
#define DTT_QUIC_EVENT_H

#include "base/list.h"
#include "quic/quic.h"

struct dtt_qconn;
struct dtt_qstream;

struct dtt_qevent {
    struct dtt_list_link link; /**< the first member, in the queue of events */
    struct dtt_qconn *conn;
    struct dtt_qstream *stream; /**< NULL when the event tells about the connection */
    enum dtt_quic_event_type type;
};

/** Received bytes: the event and what it carries. */
struct dtt_qdata {
    struct dtt_qevent event;
    size_t len;
    size_t cap;
    bool fin;
    uint8_t bytes[];
};

/** The event whose link this is; NULL for NULL. */
static inline struct dtt_qevent *dtt_qevent_of(struct dtt_list_link *l)
{
    return (struct dtt_qevent *)l;
}

#endif
