/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Immutable bytes shared by counted references. A broadcast is encoded once and held by the
 * message memory and by each send action at the same time.
 */
#ifndef DTT_GOSSIP_BLOB_H
#define DTT_GOSSIP_BLOB_H

#include "base/bytes.h"

struct dtt_gossip_blob {
    size_t refs;
    size_t len;
    uint8_t data[];
};

/** A copy of `s` with one reference, or NULL. */
struct dtt_gossip_blob *dtt_gossip_blob_new(struct dtt_slice s);
/** One more reference; NULL is fine and stays NULL. */
struct dtt_gossip_blob *dtt_gossip_blob_ref(struct dtt_gossip_blob *b);
/** Drops a reference, frees with the last; NULL is fine. */
void dtt_gossip_blob_unref(struct dtt_gossip_blob *b);

static inline struct dtt_slice dtt_gossip_blob_slice(const struct dtt_gossip_blob *b)
{
    return b ? dtt_slice(b->data, b->len) : dtt_slice(NULL, 0);
}

#endif
