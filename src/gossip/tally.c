/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/tally.h"

#include <assert.h>
#include <stdlib.h>

struct dtt_gossip_tally *dtt_gossip_tally_new(struct dtt_ctx *ctx)
{
    struct dtt_gossip_tally *t = calloc(1, sizeof(*t));
    if (t) {
        t->refs = 1;
        t->ctx = ctx;
    }
    return t;
}

void dtt_gossip_tally_unref(struct dtt_gossip_tally *t)
{
    if (t && --t->refs == 0) {
        free(t);
    }
}

void dtt_gossip_tally_add(struct dtt_gossip_tally *t, size_t len)
{
    t->refs++;
    t->messages++;
    t->bytes += len;
}

void dtt_gossip_tally_remove(struct dtt_gossip_tally *t, size_t len, bool is_lost)
{
    assert(t->messages > 0 && t->bytes >= len);
    t->messages--;
    t->bytes -= len;
    if (is_lost) {
        t->lost++;
        DTT_COUNT(t->ctx, GOSSIP_LOST);
    }
    dtt_gossip_tally_unref(t);
}
