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

void dtt_gossip_blob_unref(struct dtt_gossip_blob *b)
{
    if (b && --b->refs == 0) {
        free(b);
    }
}
