/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/blob.h"

#include <stdlib.h>

struct dtt_gossip_blob *dtt_gossip_blob_new(struct dtt_slice s)
{
    struct dtt_gossip_blob *b = malloc(sizeof(*b) + s.len);
    if (!b) {
        return NULL;
    }
    b->refs = 1;
    b->tally = NULL;
    b->len = s.len;
    if (s.len) {
        memcpy(b->data, s.data, s.len);
    }
    return b;
}

struct dtt_gossip_blob *dtt_gossip_blob_ref(struct dtt_gossip_blob *b)
{
    if (b) {
        b->refs++;
    }
    return b;
}

void dtt_gossip_blob_count(struct dtt_gossip_blob *b, struct dtt_gossip_tally *tally)
{
    dtt_gossip_tally_add(tally, b->len);
    b->tally = tally;
}

static void leave_tally(struct dtt_gossip_blob *b, bool is_lost)
{
    if (b->tally) {
        dtt_gossip_tally_remove(b->tally, b->len, is_lost);
        b->tally = NULL;
    }
}

void dtt_gossip_blob_taken(struct dtt_gossip_blob *b)
{
    leave_tally(b, false);
}

bool dtt_gossip_blob_is_at_risk(const struct dtt_gossip_blob *b)
{
    return b->tally && b->refs == 1;
}

void dtt_gossip_blob_unref(struct dtt_gossip_blob *b)
{
    if (b && --b->refs == 0) {
        leave_tally(b, true);
        free(b);
    }
}
