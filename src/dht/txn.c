/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/txn.h"

#include <assert.h>
#include <stdlib.h>

#define CHUNKS    (DTT_TXN_MAX / DTT_TXN_CHUNK)
#define SLOT_BITS 10u

_Static_assert(DTT_TXN_MAX == 1u << SLOT_BITS, "slot numbers fill their bits");
_Static_assert(DTT_TXN_CHUNK == 16, "one bit of a word per slot of a chunk");

void dtt_txns_init(struct dtt_txns *t, struct dtt_rng *rng)
{
    memset(t, 0, sizeof(*t));
    t->mask = (uint32_t)dtt_rng_u64(rng);
}

void dtt_txns_fini(struct dtt_txns *t)
{
    for (size_t i = 0; i < CHUNKS; i++) {
        free(t->chunks[i]);
        t->chunks[i] = NULL;
        t->used[i] = 0;
    }
    t->count = 0;
}

struct dtt_txn *dtt_txns_new(struct dtt_txns *t, struct dtt_rng *rng, const struct dtt_addr *to)
{
    size_t c = 0;
    while (c < CHUNKS && t->used[c] == UINT16_MAX) {
        c++;
    }
    if (c == CHUNKS) {
        return NULL;
    }
    if (!t->chunks[c]) {
        t->chunks[c] = calloc(DTT_TXN_CHUNK, sizeof(struct dtt_txn));
        if (!t->chunks[c]) {
            return NULL;
        }
    }
    unsigned bit = 0;
    while ((unsigned)t->used[c] >> bit & 1u) {
        bit++;
    }
    t->used[c] = (uint16_t)(t->used[c] | 1u << bit);
    t->count++;
    uint16_t slot = (uint16_t)(c * DTT_TXN_CHUNK + bit);
    struct dtt_txn *txn = &t->chunks[c][bit];
    uint32_t random = (uint32_t)dtt_rng_u64(rng) << SLOT_BITS;
    *txn = (struct dtt_txn){.to = *to, .slot = slot, .wire = (random | slot) ^ t->mask};
    return txn;
}

struct dtt_txn *dtt_txns_match(const struct dtt_txns *t, struct dtt_slice wire,
                               const struct dtt_addr *from)
{
    if (wire.len != DTT_KRPC_T_BYTES) {
        return NULL;
    }
    uint32_t id = dtt_get_be32(wire.data);
    size_t slot = (id ^ t->mask) & (DTT_TXN_MAX - 1);
    size_t c = slot / DTT_TXN_CHUNK;
    if (!(t->used[c] >> slot % DTT_TXN_CHUNK & 1u)) {
        return NULL;
    }
    struct dtt_txn *txn = &t->chunks[c][slot % DTT_TXN_CHUNK];
    return txn->wire == id && dtt_addr_eq(&txn->to, from) ? txn : NULL;
}

void dtt_txns_free(struct dtt_txns *t, struct dtt_txn *txn)
{
    size_t c = txn->slot / DTT_TXN_CHUNK;
    assert(t->count > 0 && t->used[c] >> txn->slot % DTT_TXN_CHUNK & 1u);
    t->used[c] = (uint16_t)(t->used[c] & ~(1u << txn->slot % DTT_TXN_CHUNK));
    t->count--;
}

struct dtt_txn *dtt_txns_next(const struct dtt_txns *t, size_t slot)
{
    for (; slot < DTT_TXN_MAX; slot++) {
        size_t c = slot / DTT_TXN_CHUNK;
        if (t->used[c] >> slot % DTT_TXN_CHUNK & 1u) {
            return &t->chunks[c][slot % DTT_TXN_CHUNK];
        }
    }
    return NULL;
}

void dtt_txns_trim(struct dtt_txns *t)
{
    for (size_t i = 0; i < CHUNKS; i++) {
        if (t->used[i] == 0) {
            free(t->chunks[i]);
            t->chunks[i] = NULL;
        }
    }
}
