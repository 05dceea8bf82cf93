/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What all modules of a node share: the sink of traces, the counters, the seed from which each
 * module draws its own random stream, and results of recent checks. The node owns it; modules keep
 * a pointer.
 */
#ifndef DTT_BASE_CTX_H
#define DTT_BASE_CTX_H

#include "base/memo.h"
#include "base/rng.h"
#include "base/trace.h"

enum dtt_counter {
#define X(name, text, help) DTT_COUNTER_##name,
#include "base/counter.def"
#undef X
    DTT_COUNTER_COUNT
};

struct dtt_ctx {
    struct dtt_trace trace;
    uint64_t counters[DTT_COUNTER_COUNT];
    uint8_t seed[DTT_RNG_SEED_BYTES];
    struct dtt_memo *valid;  /**< good signatures and keys; NULL: each is checked anew */
    struct dtt_memo *opened; /**< opened records, when several nodes share them; else NULL */
};

#define DTT_COUNT_N(ctx, name, n) ((void)((ctx)->counters[DTT_COUNTER_##name] += (n)))
#define DTT_COUNT(ctx, name) DTT_COUNT_N(ctx, name, 1)

const char *dtt_counter_name(enum dtt_counter c);
const char *dtt_counter_help(enum dtt_counter c);

#endif
