/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Counts and bounds the bytes that ngtcp2 allocates for a connection. The peer decides how many: by
 * gaps in its streams, by streams, ids, ranges to acknowledge, pieces of CRYPTO data. ngtcp2 bounds
 * the number of some of these; this allocator bounds the cost of all. A connection whose peer
 * causes more ends with NGTCP2_ERR_NOMEM.
 */
#ifndef DTT_QUIC_MEMORY_H
#define DTT_QUIC_MEMORY_H

#include "quic/ngtcp2_compat.h"

/** The memory of all connections of one kind. */
struct dtt_qmemory_pool {
    size_t used;
    size_t max;
    size_t share; /**< bytes a connection may have however little is left */
};

struct dtt_qmemory {
    ngtcp2_mem mem; /**< for ngtcp2; points back to this struct, which must not move */
    struct dtt_qmemory_pool *pool;
    size_t used;
    size_t max;
    bool is_refused; /**< ngtcp2 asked for more */
};

void dtt_qmemory_init(struct dtt_qmemory *m, struct dtt_qmemory_pool *pool, size_t max);
/** Moves the connection to `pool`, with another maximum. */
void dtt_qmemory_move(struct dtt_qmemory *m, struct dtt_qmemory_pool *pool, size_t max);

#endif
