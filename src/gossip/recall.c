/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/recall.h"

#include <stdlib.h>

void dtt_gossip_recall_init(struct dtt_gossip_recall *r, struct dtt_ctx *ctx,
                            const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    *r = (struct dtt_gossip_recall){.ctx = ctx};
    dtt_map_init(&r->ids, DTT_GOSSIP_ID_BYTES, DTT_GOSSIP_RECALL_IDS, hash_key);
}

static void drop_content(struct dtt_gossip_recall *r, struct dtt_gossip_recall_entry *e)
{
    if (e->blob) {
        r->contents--;
        r->bytes -= e->blob->len;
        dtt_gossip_blob_unref(e->blob);
        e->blob = NULL;
    }
}

static void drop_oldest_content(struct dtt_gossip_recall *r)
{
    drop_content(r, r->oldest_content);
    while (r->oldest_content && !r->oldest_content->blob) {
        r->oldest_content = r->oldest_content->next;
    }
}

static void drop_oldest(struct dtt_gossip_recall *r)
{
    struct dtt_gossip_recall_entry *e = r->oldest;
    if (r->oldest_content == e) {
        drop_oldest_content(r);
    }
    r->oldest = e->next;
    if (!r->oldest) {
        r->newest = NULL;
    }
    dtt_map_take(&r->ids, e->id.bytes);
    free(e);
}

void dtt_gossip_recall_fini(struct dtt_gossip_recall *r)
{
    while (r->oldest) {
        drop_oldest(r);
    }
    dtt_map_fini(&r->ids);
}

bool dtt_gossip_recall_has(const struct dtt_gossip_recall *r,
                           const struct dtt_gossip_message_id *id)
{
    return dtt_map_get(&r->ids, id->bytes) != NULL;
}

static void keep_content(struct dtt_gossip_recall *r, struct dtt_gossip_recall_entry *e,
                         struct dtt_gossip_blob *blob)
{
    while (r->contents == DTT_GOSSIP_RECALL_CONTENTS ||
           (r->contents && r->bytes + blob->len > DTT_GOSSIP_RECALL_BYTES)) {
        drop_oldest_content(r);
        DTT_COUNT(r->ctx, GOSSIP_CONTENTS_EVICTED);
    }
    e->blob = dtt_gossip_blob_ref(blob);
    r->contents++;
    r->bytes += blob->len;
    if (!r->oldest_content) {
        r->oldest_content = e;
    }
}

int dtt_gossip_recall_add(struct dtt_gossip_recall *r, uint64_t now_ns,
                          const struct dtt_gossip_message_id *id, struct dtt_gossip_blob *blob,
                          uint64_t content_until_ns)
{
    struct dtt_gossip_recall_entry *e = calloc(1, sizeof(*e));
    if (!e) {
        return DTT_ENOMEM;
    }
    if (dtt_map_count(&r->ids) == DTT_GOSSIP_RECALL_IDS) {
        drop_oldest(r);
        DTT_COUNT(r->ctx, GOSSIP_IDS_EVICTED);
    }
    if (dtt_map_put(&r->ids, id->bytes, e)) {
        free(e);
        return DTT_ENOMEM;
    }
    e->id = *id;
    e->heard_ns = now_ns;
    e->content_until_ns = content_until_ns;
    if (r->newest) {
        r->newest->next = e;
    } else {
        r->oldest = e;
    }
    r->newest = e;
    if (blob && content_until_ns > now_ns) {
        keep_content(r, e, blob);
    }
    return DTT_OK;
}

static bool may_serve(const struct dtt_gossip_recall_entry *e, uint64_t now_ns)
{
    return e->blob && now_ns < e->content_until_ns;
}

struct dtt_gossip_blob *dtt_gossip_recall_content(const struct dtt_gossip_recall *r,
                                                  uint64_t now_ns,
                                                  const struct dtt_gossip_message_id *id)
{
    const struct dtt_gossip_recall_entry *e = dtt_map_get(&r->ids, id->bytes);
    return e && may_serve(e, now_ns) ? e->blob : NULL;
}

const struct dtt_gossip_recall_entry *
dtt_gossip_recall_next_content(const struct dtt_gossip_recall *r, uint64_t now_ns,
                               const struct dtt_gossip_recall_entry *prev)
{
    const struct dtt_gossip_recall_entry *e = prev ? prev->next : r->oldest_content;
    while (e && !may_serve(e, now_ns)) {
        e = e->next;
    }
    return e;
}

/* A caught-up content may end before older ones; it is dropped when its turn comes. */
void dtt_gossip_recall_expire(struct dtt_gossip_recall *r, uint64_t now_ns)
{
    while (r->oldest_content && now_ns >= r->oldest_content->content_until_ns) {
        drop_oldest_content(r);
    }
    while (r->oldest && now_ns - r->oldest->heard_ns >= DTT_PLUMTREE_ID_NS) {
        drop_oldest(r);
    }
    if (!r->oldest) {
        dtt_map_clear(&r->ids); /* a quiet topic gives the memory of its table back */
    }
}

uint64_t dtt_gossip_recall_deadline(const struct dtt_gossip_recall *r)
{
    uint64_t id = r->oldest ? r->oldest->heard_ns + DTT_PLUMTREE_ID_NS : DTT_NEVER;
    return r->oldest_content ? dtt_min_ns(id, r->oldest_content->content_until_ns) : id;
}
