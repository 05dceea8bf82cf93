/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/recall.h"

#include <assert.h>
#include <stdlib.h>

void dtt_gossip_recall_init(struct dtt_gossip_recall *r, struct dtt_ctx *ctx,
                            const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    *r = (struct dtt_gossip_recall){.ctx = ctx, .window = {.ns = DTT_PLUMTREE_CONTENT_NS}};
    dtt_map_init(&r->ids, DTT_GOSSIP_ID_BYTES, DTT_GOSSIP_RECALL_IDS, hash_key);
    dtt_gossip_fingerprints_init(&r->pushed_out, hash_key);
}

_Static_assert(DTT_GOSSIP_RECALL_SHARES <= DTT_GOSSIP_FINGERPRINTS_SHARES, "a share for each");

/* ---- shares */

#define IDS DTT_GOSSIP_RECALL_ROOM_IDS
#define CONTENTS DTT_GOSSIP_RECALL_ROOM_CONTENTS
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

static void drop_content(struct dtt_gossip_recall *r, struct dtt_gossip_recall_share *s,
                         struct dtt_gossip_recall_entry *e)
{
    release(r, s, BYTES, bytes_of(e->blob));
    release(r, s, CONTENTS, 1);
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
        drop_content(r, s, e);
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
        struct dtt_gossip_recall_share *most = largest(r, BYTES, s, bytes);
        drop_content(r, most, most->oldest_content);
        DTT_COUNT(r->ctx, GOSSIP_CONTENTS_EVICTED);
    }
    e->blob = dtt_gossip_blob_ref(blob);
    hold(r, s, BYTES, bytes);
    hold(r, s, CONTENTS, 1);
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

uint64_t dtt_gossip_recall_age(const struct dtt_gossip_recall *r, uint64_t now_ns,
                               uint64_t until_ns)
{
    return r->window.ns - (until_ns - now_ns);
}

uint64_t dtt_gossip_recall_id_ns(const struct dtt_gossip_recall *r)
{
    return r->window.ns + DTT_PLUMTREE_ID_MORE_NS;
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
dtt_gossip_recall_next_content(const struct dtt_gossip_recall *r, uint64_t now_ns, uint64_t age_ns,
                               struct dtt_gossip_recall_walk *walk)
{
    const struct dtt_gossip_recall_entry **first = NULL;
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        const struct dtt_gossip_recall_entry **next = &walk->next[i];
        if (!walk->is_begun) {
            *next = r->shares[i].oldest_content;
        }
        while (*next && (!may_serve(*next, now_ns) ||
                         dtt_gossip_recall_age(r, now_ns, (*next)->content_until_ns) > age_ns ||
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
            drop_content(r, &r->shares[i], r->shares[i].oldest_content);
        }
    }
    dtt_gossip_fingerprints_clear(&r->pushed_out);
}

/* When the content has the age until which all are kept. */
static uint64_t old_at_ns(const struct dtt_gossip_recall *r,
                          const struct dtt_gossip_recall_entry *e)
{
    return e->content_until_ns - (r->window.ns - DTT_PLUMTREE_CONTENT_NS);
}

/* Older contents beyond the window's `max` go, of the share with the most first. */
static void fit_window(struct dtt_gossip_recall *r, uint64_t now_ns,
                       enum dtt_gossip_recall_room room, size_t max)
{
    while (r->held[room] > max) {
        struct dtt_gossip_recall_share *most = NULL;
        for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
            struct dtt_gossip_recall_share *s = &r->shares[i];
            if (s->oldest_content && now_ns >= old_at_ns(r, s->oldest_content) &&
                (!most || s->held[room] > most->held[room])) {
                most = s;
            }
        }
        if (!most) {
            return;
        }
        drop_content(r, most, most->oldest_content);
    }
}

/* The first from `e` on of our own contents that nobody is known to have, or NULL. */
static struct dtt_gossip_recall_entry *open_from(struct dtt_gossip_recall_entry *e)
{
    while (e && !(e->blob && e->blob->tally)) {
        e = e->next;
    }
    return e;
}

/*
 * An open message goes to the next neighbour as a new one. Rust members that have it after all, and
 * could not say so, must still know its id then.
 */
static void drop_open(struct dtt_gossip_recall *r, uint64_t now_ns)
{
    struct dtt_gossip_recall_share *own = &r->shares[0];
    struct dtt_gossip_recall_entry *e = own->oldest_content;
    while ((e = open_from(e)) != NULL && now_ns >= old_at_ns(r, e)) {
        drop_content(r, own, e);
    }
}

/* A caught-up content may end before older ones; it is dropped when its turn comes. */
void dtt_gossip_recall_expire(struct dtt_gossip_recall *r, uint64_t now_ns)
{
    const uint64_t id_ns = dtt_gossip_recall_id_ns(r);
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        struct dtt_gossip_recall_share *s = &r->shares[i];
        while (s->oldest_content && now_ns >= s->oldest_content->content_until_ns) {
            drop_content(r, s, s->oldest_content);
        }
        while (s->oldest && now_ns - s->oldest->heard_ns >= id_ns) {
            (void)drop_oldest(r, s);
        }
    }
    drop_open(r, now_ns);
    fit_window(r, now_ns, CONTENTS, r->window.messages);
    fit_window(r, now_ns, BYTES, r->window.bytes);
    dtt_gossip_fingerprints_expire(&r->pushed_out, now_ns, id_ns);
    if (r->held[IDS] == 0) {
        dtt_map_clear(&r->ids); /* a quiet topic gives the memory of its table back */
    }
}

uint64_t dtt_gossip_recall_deadline(const struct dtt_gossip_recall *r)
{
    const uint64_t id_ns = dtt_gossip_recall_id_ns(r);
    const struct dtt_gossip_recall_entry *open = open_from(r->shares[0].oldest_content);
    bool is_over = r->held[CONTENTS] > r->window.messages || r->held[BYTES] > r->window.bytes;
    uint64_t at = dtt_gossip_fingerprints_deadline(&r->pushed_out, id_ns);
    at = open ? dtt_min_ns(at, old_at_ns(r, open)) : at;
    for (size_t i = 0; i < DTT_GOSSIP_RECALL_SHARES; i++) {
        const struct dtt_gossip_recall_share *s = &r->shares[i];
        const struct dtt_gossip_recall_entry *e = s->oldest_content;
        at = s->oldest ? dtt_min_ns(at, s->oldest->heard_ns + id_ns) : at;
        at = e ? dtt_min_ns(at, is_over ? old_at_ns(r, e) : e->content_until_ns) : at;
    }
    return at;
}
