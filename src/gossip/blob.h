/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Immutable bytes shared by counted references. A broadcast is encoded once and held by the
 * message memory, by each send action and by each connection that it is under way on at the same
 * time. A broadcast of our own is in the topic's tally until somebody has it.
 */
#ifndef DTT_GOSSIP_BLOB_H
#define DTT_GOSSIP_BLOB_H

#include "base/bytes.h"
#include "gossip/tally.h"

struct dtt_gossip_blob {
    size_t refs;
    size_t len;
    struct dtt_gossip_tally *tally; /**< NULL: not ours, or somebody has it */
    uint8_t data[];
};

/** A copy of `s` with one reference, or NULL. */
struct dtt_gossip_blob *dtt_gossip_blob_new(struct dtt_slice s);
/** One more reference; NULL is fine and stays NULL. */
struct dtt_gossip_blob *dtt_gossip_blob_ref(struct dtt_gossip_blob *b);
/** A broadcast of our own, from now on in `tally`. */
void dtt_gossip_blob_count(struct dtt_gossip_blob *b, struct dtt_gossip_tally *tally);
/** Somebody has it. */
void dtt_gossip_blob_taken(struct dtt_gossip_blob *b);
/** The next dtt_gossip_blob_unref loses it. */
bool dtt_gossip_blob_is_at_risk(const struct dtt_gossip_blob *b);
/** Drops a reference, frees with the last, and then one in a tally is lost; NULL is fine. */
void dtt_gossip_blob_unref(struct dtt_gossip_blob *b);

static inline struct dtt_slice dtt_gossip_blob_slice(const struct dtt_gossip_blob *b)
{
    return b ? dtt_slice(b->data, b->len) : dtt_slice(NULL, 0);
}

#endif
