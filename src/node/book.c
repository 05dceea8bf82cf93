/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/book.h"

#include <stdlib.h>

struct dtt_book_entry {
    struct dtt_id id;
    uint64_t report; /* number of the last one */
    bool reads_proofs;
    size_t n;
    struct dtt_addr addrs[DTT_BOOK_ADDRS]; /* newest first */
};

void dtt_book_init(struct dtt_book *b, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    dtt_map_init(&b->peers, sizeof(struct dtt_id), DTT_BOOK_PEERS, hash_key);
    b->reports = 0;
}

void dtt_book_fini(struct dtt_book *b)
{
    for (size_t i = 0; i < dtt_map_count(&b->peers); i++) {
        free(dtt_map_value_at(&b->peers, i));
    }
    dtt_map_fini(&b->peers);
}

static void forget_oldest(struct dtt_book *b)
{
    struct dtt_book_entry *oldest = dtt_map_value_at(&b->peers, 0);
    for (size_t i = 1; i < dtt_map_count(&b->peers); i++) {
        struct dtt_book_entry *e = dtt_map_value_at(&b->peers, i);
        oldest = e->report < oldest->report ? e : oldest;
    }
    dtt_map_take(&b->peers, &oldest->id);
    free(oldest);
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
static struct dtt_book_entry *report(struct dtt_book *b, const struct dtt_id *id)
{
    struct dtt_book_entry *e = dtt_map_get(&b->peers, id);
    if (!e) {
        if (dtt_map_count(&b->peers) == DTT_BOOK_PEERS) {
            forget_oldest(b);
        }
        e = calloc(1, sizeof(*e));
        if (!e || dtt_map_put(&b->peers, id, e) != DTT_OK) {
            free(e);
            return NULL;
        }
        e->id = *id;
    }
    e->report = ++b->reports;
    return e;
}

void dtt_book_add(struct dtt_book *b, const struct dtt_id *id, const struct dtt_addr *addrs,
                  size_t n)
{
    struct dtt_book_entry *e = n > 0 ? report(b, id) : NULL;
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

void dtt_book_mark(struct dtt_book *b, const struct dtt_id *id)
{
    struct dtt_book_entry *e = report(b, id);
    if (e) {
        e->reads_proofs = true;
    }
}

bool dtt_book_is_marked(const struct dtt_book *b, const struct dtt_id *id)
{
    const struct dtt_book_entry *e = dtt_map_get(&b->peers, id);
    return e && e->reads_proofs;
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
