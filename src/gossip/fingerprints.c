/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/fingerprints.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>

#define LEAST 1024 /* entries allocated */

struct dtt_gossip_fingerprint {
    uint64_t value;
    uint32_t heard_ds;      /* tenths of a second, rounded up */
    uint32_t next;          /* in its chain, or of the spare ones; as heads */
    uint32_t next_in_share; /* the next newer one */
};

void dtt_gossip_fingerprints_init(struct dtt_gossip_fingerprints *f,
                                  const uint8_t key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(f, 0, sizeof(*f));
    memcpy(f->key, key, sizeof(f->key));
}

void dtt_gossip_fingerprints_clear(struct dtt_gossip_fingerprints *f)
{
    struct dtt_gossip_fingerprints old = *f;
    free(f->entries);
    free(f->heads);
    free(f->shares);
    dtt_gossip_fingerprints_init(f, old.key);
}

static uint64_t value_of(const struct dtt_gossip_fingerprints *f,
                         const struct dtt_gossip_message_id *id)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t value;
    crypto_shorthash(out, id->bytes, sizeof(id->bytes), f->key);
    memcpy(&value, out, sizeof(value));
    return value;
}

static uint32_t *chain_of(const struct dtt_gossip_fingerprints *f, uint64_t value)
{
    return &f->heads[value & (f->cap - 1)];
}

bool dtt_gossip_fingerprints_has(const struct dtt_gossip_fingerprints *f,
                                 const struct dtt_gossip_message_id *id)
{
    if (f->count == 0) {
        return false;
    }
    uint64_t value = value_of(f, id);
    uint32_t at = *chain_of(f, value);
    while (at != 0 && f->entries[at - 1].value != value) {
        at = f->entries[at - 1].next;
    }
    return at != 0;
}

static void drop_oldest(struct dtt_gossip_fingerprints *f, struct dtt_gossip_fingerprints_share *s)
{
    uint32_t at = s->oldest;
    struct dtt_gossip_fingerprint *e = &f->entries[at - 1];
    uint32_t *link = chain_of(f, e->value);
    while (*link != at) {
        link = &f->entries[*link - 1].next;
    }
    *link = e->next;
    s->oldest = e->next_in_share;
    e->next = f->spare;
    f->spare = at;
    s->held--;
    f->count--;
}

/* The one that holds most, once `s` has one more; of two that hold as much not `s`. */
static struct dtt_gossip_fingerprints_share *largest(struct dtt_gossip_fingerprints *f,
                                                     struct dtt_gossip_fingerprints_share *s)
{
    struct dtt_gossip_fingerprints_share *ret = s;
    for (size_t i = 0; i < DTT_GOSSIP_FINGERPRINTS_SHARES && 2 * s->held <= f->count; i++) {
        if (f->shares[i].held > ret->held) {
            ret = &f->shares[i];
        }
    }
    assert(ret->held > 0);
    return ret;
}

static void make_spare(struct dtt_gossip_fingerprints *f, size_t from)
{
    for (size_t i = f->cap; i-- > from;) {
        f->entries[i].next = f->spare;
        f->spare = (uint32_t)(i + 1);
    }
}

/* Room for twice as many; without memory it stays as it was. */
static void grow(struct dtt_gossip_fingerprints *f)
{
    size_t cap = f->cap ? 2 * f->cap : LEAST;
    if (!f->shares) {
        f->shares = calloc(DTT_GOSSIP_FINGERPRINTS_SHARES, sizeof(*f->shares));
    }
    uint32_t *heads = f->shares ? calloc(cap, sizeof(*heads)) : NULL;
    struct dtt_gossip_fingerprint *entries =
        heads ? realloc(f->entries, cap * sizeof(*entries)) : NULL;
    if (!entries) {
        free(heads);
        return;
    }
    size_t old = f->cap;
    free(f->heads);
    f->heads = heads;
    f->entries = entries;
    f->cap = cap;
    for (size_t i = 0; i < old; i++) { /* all are in use, or there would be no need */
        uint32_t *chain = chain_of(f, entries[i].value);
        entries[i].next = *chain;
        *chain = (uint32_t)(i + 1);
    }
    make_spare(f, old);
}

void dtt_gossip_fingerprints_add(struct dtt_gossip_fingerprints *f, size_t share,
                                 const struct dtt_gossip_message_id *id, uint64_t heard_ns)
{
    assert(share < DTT_GOSSIP_FINGERPRINTS_SHARES);
    if (f->count == f->cap && f->cap < DTT_GOSSIP_FINGERPRINTS_MAX) {
        grow(f);
    }
    if (f->cap == 0) {
        return;
    }
    struct dtt_gossip_fingerprints_share *s = &f->shares[share];
    if (f->count == f->cap) {
        drop_oldest(f, largest(f, s));
    }
    uint32_t at = f->spare;
    struct dtt_gossip_fingerprint *e = &f->entries[at - 1];
    f->spare = e->next;
    e->value = value_of(f, id);
    e->heard_ds = (uint32_t)((heard_ns + DTT_S / 10 - 1) / (DTT_S / 10));
    e->next_in_share = 0;
    uint32_t *chain = chain_of(f, e->value);
    e->next = *chain;
    *chain = at;
    if (s->held > 0) {
        f->entries[s->newest - 1].next_in_share = at;
    } else {
        s->oldest = at;
    }
    s->newest = at;
    s->held++;
    f->count++;
}

static uint64_t end_ns(const struct dtt_gossip_fingerprints *f,
                       const struct dtt_gossip_fingerprints_share *s, uint64_t id_ns)
{
    return s->held > 0 ? f->entries[s->oldest - 1].heard_ds * (DTT_S / 10) + id_ns : DTT_NEVER;
}

void dtt_gossip_fingerprints_expire(struct dtt_gossip_fingerprints *f, uint64_t now_ns,
                                    uint64_t id_ns)
{
    for (size_t i = 0; f->count > 0 && i < DTT_GOSSIP_FINGERPRINTS_SHARES; i++) {
        while (end_ns(f, &f->shares[i], id_ns) <= now_ns) {
            drop_oldest(f, &f->shares[i]);
        }
    }
    if (f->count == 0) {
        dtt_gossip_fingerprints_clear(f);
    }
}

uint64_t dtt_gossip_fingerprints_deadline(const struct dtt_gossip_fingerprints *f, uint64_t id_ns)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; f->count > 0 && i < DTT_GOSSIP_FINGERPRINTS_SHARES; i++) {
        at = dtt_min_ns(at, end_ns(f, &f->shares[i], id_ns));
    }
    return at;
}
