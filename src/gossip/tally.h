/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The messages of one topic that this node said and that nobody else is known to have. Each lies in
 * a blob (blob.h): it leaves the tally when somebody has it, and is lost when the last holder of
 * the blob lets go of it before that. So the message memory and the connections that it is under
 * way on decide together, and none of them asks the others.
 */
#ifndef DTT_GOSSIP_TALLY_H
#define DTT_GOSSIP_TALLY_H

#include "base/ctx.h"

struct dtt_gossip_tally {
    size_t refs; /**< the topic's and one of each blob in it */
    struct dtt_ctx *ctx;
    size_t messages;
    size_t bytes;
    uint64_t lost; /**< messages, since the topic last asked */
};

/** With one reference, or NULL. */
struct dtt_gossip_tally *dtt_gossip_tally_new(struct dtt_ctx *ctx);
/** Drops a reference, frees with the last; NULL is fine. */
void dtt_gossip_tally_unref(struct dtt_gossip_tally *t);

/** A message of `len` bytes enters: one more reference. */
void dtt_gossip_tally_add(struct dtt_gossip_tally *t, size_t len);
/** It leaves; drops its reference. */
void dtt_gossip_tally_remove(struct dtt_gossip_tally *t, size_t len, bool is_lost);

#endif
