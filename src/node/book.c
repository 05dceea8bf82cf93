/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/book.h"

#include "codec/url.h"

#include <assert.h>
#include <stdlib.h>

struct dtt_book_entry {
    struct dtt_id id;
    struct dtt_list_link by_time;
    uint64_t reported_ns; /* last */
    bool reads_proofs;
    struct dtt_book_reach reach;
    char *relay; /* URL, ours; NULL: none is known */
    size_t n;
    struct dtt_addr addrs[DTT_BOOK_ADDRS]; /* newest first */
};

void dtt_book_init(struct dtt_book *b, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES],
                   const struct dtt_map *linked)
{
    *b = (struct dtt_book){.linked = linked};
    dtt_map_init(&b->peers, sizeof(struct dtt_id), DTT_BOOK_PEERS, hash_key);
}

static struct dtt_book_entry *oldest(const struct dtt_book *b)
{
    return DTT_LIST_OWNER(b->by_time.head, struct dtt_book_entry, by_time);
}

static void forget(struct dtt_book *b, struct dtt_book_entry *e)
{
    dtt_list_remove(&e->by_time);
    dtt_map_take(&b->peers, &e->id);
    free(e->relay);
    free(e);
}

void dtt_book_fini(struct dtt_book *b)
{
    while (b->by_time.count > 0) {
        forget(b, oldest(b));
    }
    dtt_map_fini(&b->peers);
}

static void renew(struct dtt_book *b, struct dtt_now now, struct dtt_book_entry *e)
{
    e->reported_ns = now.mono_ns;
    dtt_list_remove(&e->by_time);
    dtt_list_push(&b->by_time, &e->by_time);
}

static void make_room(struct dtt_book *b, struct dtt_now now)
{
    for (int i = 0; i < 2 && b->by_time.count > 0; i++) {
        struct dtt_book_entry *e = oldest(b);
        if (now.mono_ns - e->reported_ns < DTT_BOOK_KEPT_NS) {
            break;
        }
        if (dtt_map_get(b->linked, &e->id)) {
            renew(b, now, e);
        } else {
            forget(b, e);
        }
    }
    if (dtt_map_count(&b->peers) == DTT_BOOK_PEERS) {
        forget(b, oldest(b));
    }
}

static void entry_add(struct dtt_book_entry *e, const struct dtt_addr *addr)
{
    size_t at = 0;
    while (at < e->n && !dtt_addr_eq(&e->addrs[at], addr)) {
        at++;
    }
    if (at == e->n && e->n < DTT_BOOK_ADDRS) {
        e->n++;
    } else if (at == e->n) {
        at--;
    }
    memmove(e->addrs + 1, e->addrs, at * sizeof(e->addrs[0]));
    e->addrs[0] = *addr;
}

/* The entry of a peer, which becomes the newest; NULL without memory. */
static struct dtt_book_entry *report(struct dtt_book *b, struct dtt_now now,
                                     const struct dtt_id *id)
{
    struct dtt_book_entry *e = dtt_map_get(&b->peers, id);
    if (!e) {
        make_room(b, now);
        e = calloc(1, sizeof(*e));
        if (!e || dtt_map_put(&b->peers, id, e) != DTT_OK) {
            free(e);
            return NULL;
        }
        e->id = *id;
    }
    renew(b, now, e);
    return e;
}

void dtt_book_add(struct dtt_book *b, struct dtt_now now, const struct dtt_id *id,
                  const struct dtt_addr *addrs, size_t n)
{
    struct dtt_book_entry *e = n > 0 ? report(b, now, id) : NULL;
    if (!e) {
        return;
    }
    /* Backwards, so that the first given address ends up in front. */
    for (size_t i = n; i > 0; i--) {
        if (dtt_addr_is_usable(&addrs[i - 1])) {
            entry_add(e, &addrs[i - 1]);
        }
    }
}

void dtt_book_set_relay(struct dtt_book *b, struct dtt_now now, const struct dtt_id *id,
                        const char *url)
{
    size_t len = strlen(url);
    struct dtt_book_entry *e = report(b, now, id);
    char *copy = e ? malloc(len + 1) : NULL;
    assert(len < DTT_URL_MAX);
    if (copy) {
        memcpy(copy, url, len + 1);
        free(e->relay);
        e->relay = copy;
    }
}

const char *dtt_book_relay(const struct dtt_book *b, const struct dtt_id *id)
{
    const struct dtt_book_entry *e = dtt_map_get(&b->peers, id);
    return e ? e->relay : NULL;
}

void dtt_book_mark(struct dtt_book *b, struct dtt_now now, const struct dtt_id *id)
{
    struct dtt_book_entry *e = report(b, now, id);
    if (e) {
        e->reads_proofs = true;
    }
}

bool dtt_book_is_marked(const struct dtt_book *b, const struct dtt_id *id)
{
    const struct dtt_book_entry *e = dtt_map_get(&b->peers, id);
    return e && e->reads_proofs;
}

void dtt_book_set_reach(struct dtt_book *b, struct dtt_now now, const struct dtt_id *id,
                        const struct dtt_reach *reach, uint64_t unix_s)
{
    struct dtt_book_entry *e = report(b, now, id);
    if (e) {
        e->reach = (struct dtt_book_reach){
            .told = *reach, .joined_s = dtt_reach_joined_s(reach, unix_s), .read_ns = now.mono_ns};
    }
}

struct dtt_book_reach dtt_book_reach(const struct dtt_book *b, const struct dtt_id *id)
{
    const struct dtt_book_entry *e = dtt_map_get(&b->peers, id);
    return e ? e->reach : (struct dtt_book_reach){.joined_s = 0};
}

/* Public addresses first; a loopback address is right only for peers on this machine. */
static int scope_rank(const struct dtt_addr *a)
{
    switch (dtt_addr_scope(a)) {
    case DTT_SCOPE_GLOBAL: return a->family == DTT_FAMILY_V6 ? 0 : 1;
    case DTT_SCOPE_PRIVATE: return 2;
    case DTT_SCOPE_LINK: return 3;
    default: return 4;
    }
}

size_t dtt_book_get(const struct dtt_book *b, const struct dtt_id *id,
                    struct dtt_addr ret[DTT_BOOK_ADDRS])
{
    const struct dtt_book_entry *e = dtt_map_get(&b->peers, id);
    size_t n = 0;
    if (!e) {
        return 0;
    }
    for (int rank = 0; rank <= 4; rank++) {
        for (size_t i = 0; i < e->n; i++) {
            if (scope_rank(&e->addrs[i]) == rank) {
                ret[n++] = e->addrs[i];
            }
        }
    }
    return n;
}
