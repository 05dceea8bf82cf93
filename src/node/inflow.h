/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The streams that one peer opened to us, over all its connections: each a sequence of frames. */
#ifndef DTT_NODE_INFLOW_H
#define DTT_NODE_INFLOW_H

#include "gossip/stream.h"
#include "quic/quic.h"

#define DTT_INFLOW_MAX 128      /**< streams a peer */
#define DTT_INFLOW_ALL_MAX 2048 /**< streams of the node */

struct dtt_inflow_stream {
    dtt_quic_conn conn;
    int64_t stream;
    struct dtt_gossip_stream frames;
};

struct dtt_inflow {
    struct dtt_inflow_stream *streams;
    size_t n;
};

/** The frames of a stream, new or known; NULL beyond a limit or out of memory. `all`: the node's.
 */
struct dtt_gossip_stream *dtt_inflow_get(struct dtt_inflow *f, size_t *all, dtt_quic_conn conn,
                                         int64_t stream);
/** A stream has ended; stream -1: all of the connection. */
void dtt_inflow_end(struct dtt_inflow *f, size_t *all, dtt_quic_conn conn, int64_t stream);
/** The peer has a stream open there. */
bool dtt_inflow_has(const struct dtt_inflow *f, dtt_quic_conn conn);
void dtt_inflow_fini(struct dtt_inflow *f, size_t *all);

#endif
