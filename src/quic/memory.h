/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What ngtcp2 allocates for a connection, counted in bytes and bounded. The peer decides how much
 * that is: by gaps in its streams, by streams, ids, ranges to acknowledge, pieces of CRYPTO data.
 * ngtcp2 bounds some of these by number; the cost of all of them is bounded here. A connection
 * whose peer asks for more ends with NGTCP2_ERR_NOMEM.
 */
#ifndef DTT_QUIC_MEMORY_H
#define DTT_QUIC_MEMORY_H

#include "quic/ngtcp2_compat.h"

/** Of all connections of one kind. */
struct dtt_qmemory_pool {
    size_t used;
    size_t max;
    size_t share; /**< a connection may have so much of it, however little is left */
};

struct dtt_qmemory {
    ngtcp2_mem mem; /**< for ngtcp2; points back to this struct, which must not move */
    struct dtt_qmemory_pool *pool;
    size_t used;
    size_t max;
    bool is_refused; /**< ngtcp2 asked for more */
};

void dtt_qmemory_init(struct dtt_qmemory *m, struct dtt_qmemory_pool *pool, size_t max);
/** From now on it counts in `pool`, and has another maximum. */
void dtt_qmemory_move(struct dtt_qmemory *m, struct dtt_qmemory_pool *pool, size_t max);

#endif
