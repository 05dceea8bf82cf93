/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What all modules of one node share: where traces go, the counters, the seed from which each draws
 * its own random stream, and what was checked lately. Owned by the node; modules keep a pointer.
 */
#ifndef DTT_BASE_CTX_H
#define DTT_BASE_CTX_H

#include "base/memo.h"
#include "base/rng.h"
#include "base/trace.h"

enum dtt_metric {
#define X(name, text, help) DTT_METRIC_##name,
#include "base/metric.def"
#undef X
    DTT_METRIC_COUNT
};

struct dtt_ctx {
    struct dtt_trace trace;
    uint64_t metrics[DTT_METRIC_COUNT];
    uint8_t seed[DTT_RNG_SEED_BYTES];
    struct dtt_memo *valid;  /**< signatures and keys found good; NULL: each is checked anew */
    struct dtt_memo *opened; /**< records, for nodes that share what they open; else NULL */
};

#define DTT_COUNT(ctx, name) ((void)((ctx)->metrics[DTT_METRIC_##name]++))

const char *dtt_metric_name(enum dtt_metric m);
const char *dtt_metric_help(enum dtt_metric m);

#endif
