/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/recall.h"

#include <assert.h>
#include <stdlib.h>

void dtt_gossip_recall_init(struct dtt_gossip_recall *r, struct dtt_ctx *ctx,
                            const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    *r = (struct dtt_gossip_recall){.ctx = ctx};
    dtt_map_init(&r->ids, DTT_GOSSIP_ID_BYTES, DTT_GOSSIP_RECALL_IDS, hash_key);
    dtt_gossip_fingerprints_init(&r->pushed_out, hash_key);
}

_Static_assert(DTT_GOSSIP_RECALL_SHARES <= DTT_GOSSIP_FINGERPRINTS_SHARES, "a share for each");

/* ---- shares */

#define IDS DTT_GOSSIP_RECALL_ROOM_IDS
#define BYTES DTT_GOSSIP_RECALL_ROOM_BYTES

/* The share of a neighbour. One that has none takes over the share with the fewest ids. */
static struct dtt_gossip_recall_share *share_of(struct dtt_gossip_recall *r,
                                                const struct dtt_id *from)
{
    struct dtt_gossip_recall_share *least = &r->shares[1];
    if (!from) {
        return &r->shares[0];
    }
    for (size_t i = 1; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        struct dtt_gossip_recall_share *s = &r->shares[i];
        if (dtt_gossip_id_eq(&s->from, from)) {
            return s;
        }
        least = s->held[IDS] < least->held[IDS] ? s : least;
    }
    least->from = *from;
    return least;
}

/* The one that holds most, once `from` has `more` than now. */
static struct dtt_gossip_recall_share *largest(struct dtt_gossip_recall *r,
                                               enum dtt_gossip_recall_room room,
                                               struct dtt_gossip_recall_share *from, size_t more)
{
    struct dtt_gossip_recall_share *ret = NULL;
    size_t most = 0;
    if (2 * from->held[room] > r->held[room]) {
        return from; /* as it mostly is */
    }
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        struct dtt_gossip_recall_share *s = &r->shares[i];
        size_t its = s->held[room] + (s == from ? more : 0);
        if (s->held[room] > 0 && its > most) {
            ret = s;
            most = its;
        }
    }
    assert(ret);
    return ret;
}

static void hold(struct dtt_gossip_recall *r, struct dtt_gossip_recall_share *s,
                 enum dtt_gossip_recall_room room, size_t more)
{
    s->held[room] += more;
    r->held[room] += more;
}

static void release(struct dtt_gossip_recall *r, struct dtt_gossip_recall_share *s,
                    enum dtt_gossip_recall_room room, size_t less)
{
    assert(s->held[room] >= less);
    s->held[room] -= less;
    r->held[room] -= less;
}

static size_t bytes_of(const struct dtt_gossip_blob *blob)
{
    return blob->len > DTT_GOSSIP_RECALL_BYTES_MIN ? blob->len : DTT_GOSSIP_RECALL_BYTES_MIN;
}

static void drop_oldest_content(struct dtt_gossip_recall *r, struct dtt_gossip_recall_share *s)
{
    struct dtt_gossip_recall_entry *e = s->oldest_content;
    release(r, s, BYTES, bytes_of(e->blob));
    e->is_lost = dtt_gossip_blob_is_at_risk(e->blob);
    dtt_gossip_blob_unref(e->blob);
    e->blob = NULL;
    while (s->oldest_content && !s->oldest_content->blob) {
        s->oldest_content = s->oldest_content->next;
    }
}

/* `e` is in no list of its share any more. */
static void free_entry(struct dtt_gossip_recall *r, struct dtt_gossip_recall_share *s,
                       struct dtt_gossip_recall_entry *e)
{
    release(r, s, IDS, 1);
    dtt_map_take(&r->ids, e->id.bytes);
    free(e);
}

/* Whether it was one of our own that was lost. */
static bool drop_oldest(struct dtt_gossip_recall *r, struct dtt_gossip_recall_share *s)
{
    struct dtt_gossip_recall_entry *e = s->oldest;
    if (s->oldest_content == e) {
        drop_oldest_content(r, s);
    }
    bool is_lost = e->is_lost;
    s->oldest = e->next;
    free_entry(r, s, e);
    return is_lost;
}

/* Of one of our own that was lost no trace stays: it may be said again. */
static void push_out_oldest(struct dtt_gossip_recall *r, struct dtt_gossip_recall_share *s)
{
    struct dtt_gossip_message_id id = s->oldest->id;
    uint64_t heard_ns = s->oldest->heard_ns;
    if (!drop_oldest(r, s)) {
        dtt_gossip_fingerprints_add(&r->pushed_out, (size_t)(s - r->shares), &id, heard_ns);
    }
    DTT_COUNT(r->ctx, GOSSIP_IDS_EVICTED);
}

void dtt_gossip_recall_fini(struct dtt_gossip_recall *r)
{
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        while (r->shares[i].oldest) {
            (void)drop_oldest(r, &r->shares[i]);
        }
    }
    dtt_map_fini(&r->ids);
    dtt_gossip_fingerprints_clear(&r->pushed_out);
}

/* ---- messages */

bool dtt_gossip_recall_has(const struct dtt_gossip_recall *r,
                           const struct dtt_gossip_message_id *id)
{
    return dtt_map_get(&r->ids, id->bytes) != NULL ||
           dtt_gossip_fingerprints_has(&r->pushed_out, id);
}

static void keep_content(struct dtt_gossip_recall *r, struct dtt_gossip_recall_share *s,
                         struct dtt_gossip_recall_entry *e, struct dtt_gossip_blob *blob)
{
    size_t bytes = bytes_of(blob);
    while (r->held[BYTES] + bytes > DTT_GOSSIP_RECALL_BYTES) {
        drop_oldest_content(r, largest(r, BYTES, s, bytes));
        DTT_COUNT(r->ctx, GOSSIP_CONTENTS_EVICTED);
    }
    e->blob = dtt_gossip_blob_ref(blob);
    hold(r, s, BYTES, bytes);
    if (!s->oldest_content) {
        s->oldest_content = e;
    }
}

int dtt_gossip_recall_add(struct dtt_gossip_recall *r, uint64_t now_ns, const struct dtt_id *from,
                          const struct dtt_gossip_message_id *id, struct dtt_gossip_blob *blob,
                          uint64_t content_until_ns)
{
    struct dtt_gossip_recall_entry *e = calloc(1, sizeof(*e));
    if (!e) {
        return DTT_ENOMEM;
    }
    struct dtt_gossip_recall_share *s = share_of(r, from);
    if (r->held[IDS] == DTT_GOSSIP_RECALL_IDS) {
        push_out_oldest(r, largest(r, IDS, s, 1));
    }
    if (dtt_map_put(&r->ids, id->bytes, e)) {
        free(e);
        return DTT_ENOMEM;
    }
    e->id = *id;
    e->number = r->n_heard++;
    e->heard_ns = now_ns;
    e->content_until_ns = content_until_ns;
    if (s->oldest) {
        s->newest->next = e;
    } else {
        s->oldest = e;
    }
    s->newest = e;
    hold(r, s, IDS, 1);
    if (blob && content_until_ns > now_ns) {
        keep_content(r, s, e, blob);
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
                               struct dtt_gossip_recall_walk *walk)
{
    const struct dtt_gossip_recall_entry **first = NULL;
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        const struct dtt_gossip_recall_entry **next = &walk->next[i];
        if (!walk->is_begun) {
            *next = r->shares[i].oldest_content;
        }
        while (*next && (!may_serve(*next, now_ns) ||
                         r->n_heard - (*next)->number > DTT_GOSSIP_RECALL_RECENT)) {
            *next = (*next)->next;
        }
        if (*next && (!first || (*next)->number < (*first)->number)) {
            first = next;
        }
    }
    walk->is_begun = true;
    const struct dtt_gossip_recall_entry *e = first ? *first : NULL;
    if (e) {
        *first = e->next;
    }
    return e;
}

void dtt_gossip_recall_taken(const struct dtt_gossip_recall *r,
                             const struct dtt_gossip_message_id *id)
{
    struct dtt_gossip_recall_entry *e = dtt_map_get(&r->ids, id->bytes);
    if (e && e->blob) {
        dtt_gossip_blob_taken(e->blob);
    }
}

void dtt_gossip_recall_forget_lost(struct dtt_gossip_recall *r,
                                   const struct dtt_gossip_message_id *id)
{
    struct dtt_gossip_recall_share *own = &r->shares[0];
    struct dtt_gossip_recall_entry *e = dtt_map_get(&r->ids, id->bytes);
    if (!e || !e->is_lost) {
        return;
    }
    if (e == own->oldest) {
        (void)drop_oldest(r, own);
        return;
    }
    struct dtt_gossip_recall_entry *before = own->oldest;
    while (before->next != e) {
        before = before->next;
    }
    before->next = e->next;
    own->newest = own->newest == e ? before : own->newest;
    assert(!e->blob && own->oldest_content != e);
    free_entry(r, own, e);
}

void dtt_gossip_recall_rest(struct dtt_gossip_recall *r)
{
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        while (r->shares[i].oldest_content) {
            drop_oldest_content(r, &r->shares[i]);
        }
    }
    dtt_gossip_fingerprints_clear(&r->pushed_out);
}

/* A caught-up content may end before older ones; it is dropped when its turn comes. */
void dtt_gossip_recall_expire(struct dtt_gossip_recall *r, uint64_t now_ns)
{
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        struct dtt_gossip_recall_share *s = &r->shares[i];
        while (s->oldest_content && now_ns >= s->oldest_content->content_until_ns) {
            drop_oldest_content(r, s);
        }
        while (s->oldest && now_ns - s->oldest->heard_ns >= DTT_PLUMTREE_ID_NS) {
            (void)drop_oldest(r, s);
        }
    }
    dtt_gossip_fingerprints_expire(&r->pushed_out, now_ns);
    if (r->held[IDS] == 0) {
        dtt_map_clear(&r->ids); /* a quiet topic gives the memory of its table back */
    }
}

uint64_t dtt_gossip_recall_deadline(const struct dtt_gossip_recall *r)
{
    uint64_t at = dtt_gossip_fingerprints_deadline(&r->pushed_out);
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        const struct dtt_gossip_recall_share *s = &r->shares[i];
        at = s->oldest ? dtt_min_ns(at, s->oldest->heard_ns + DTT_PLUMTREE_ID_NS) : at;
        at = s->oldest_content ? dtt_min_ns(at, s->oldest_content->content_until_ns) : at;
    }
    return at;
}
