/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/txn.h"

#include <assert.h>
#include <stdlib.h>

#define CHUNKS (DTT_TXN_MAX / DTT_TXN_CHUNK)
#define SLOT_BITS 10u

_Static_assert(DTT_TXN_MAX == 1u << SLOT_BITS, "slot numbers fill their bits");
_Static_assert(DTT_TXN_CHUNK == 16, "one bit of a word per slot of a chunk");

void dtt_txns_init(struct dtt_txns *txns, struct dtt_rng *rng)
{
    memset(txns, 0, sizeof(*txns));
    txns->mask = (uint32_t)dtt_rng_u64(rng);
}

void dtt_txns_fini(struct dtt_txns *txns)
{
    for (size_t i = 0; i < CHUNKS; i++) {
        free(txns->chunks[i]);
        txns->chunks[i] = NULL;
        txns->used[i] = 0;
    }
    txns->count = 0;
}

struct dtt_txn *dtt_txns_new(struct dtt_txns *txns, struct dtt_rng *rng, const struct dtt_addr *to)
{
    size_t c = 0;
    while (c < CHUNKS && txns->used[c] == UINT16_MAX) {
        c++;
    }
    if (c == CHUNKS) {
        return NULL;
    }
    if (!txns->chunks[c]) {
        txns->chunks[c] = calloc(DTT_TXN_CHUNK, sizeof(struct dtt_txn));
        if (!txns->chunks[c]) {
            return NULL;
        }
    }
    unsigned bit = 0;
    while ((unsigned)txns->used[c] >> bit & 1u) {
        bit++;
    }
    txns->used[c] = (uint16_t)(txns->used[c] | 1u << bit);
    txns->count++;
    uint16_t slot = (uint16_t)(c * DTT_TXN_CHUNK + bit);
    struct dtt_txn *txn = &txns->chunks[c][bit];
    uint32_t random = (uint32_t)dtt_rng_u64(rng) << SLOT_BITS;
    *txn = (struct dtt_txn){.to = *to, .slot = slot, .wire = (random | slot) ^ txns->mask};
    return txn;
}

struct dtt_txn *dtt_txns_match(const struct dtt_txns *txns, struct dtt_slice wire,
                               const struct dtt_addr *from)
{
    if (wire.len != DTT_KRPC_T_BYTES) {
        return NULL;
    }
    uint32_t id = dtt_get_be32(wire.data);
    size_t slot = (id ^ txns->mask) & (DTT_TXN_MAX - 1);
    size_t c = slot / DTT_TXN_CHUNK;
    if (!(txns->used[c] >> slot % DTT_TXN_CHUNK & 1u)) {
        return NULL;
    }
    struct dtt_txn *txn = &txns->chunks[c][slot % DTT_TXN_CHUNK];
    return txn->wire == id && dtt_addr_eq(&txn->to, from) ? txn : NULL;
}

void dtt_txns_free(struct dtt_txns *txns, struct dtt_txn *txn)
{
    size_t c = txn->slot / DTT_TXN_CHUNK;
    assert(txns->count > 0 && txns->used[c] >> txn->slot % DTT_TXN_CHUNK & 1u);
    txns->used[c] = (uint16_t)(txns->used[c] & ~(1u << txn->slot % DTT_TXN_CHUNK));
    txns->count--;
}

struct dtt_txn *dtt_txns_next(const struct dtt_txns *txns, const struct dtt_txn *txn)
{
    for (size_t slot = txn ? txn->slot + 1u : 0; slot < DTT_TXN_MAX; slot++) {
        size_t c = slot / DTT_TXN_CHUNK;
        if (txns->used[c] >> slot % DTT_TXN_CHUNK & 1u) {
            return &txns->chunks[c][slot % DTT_TXN_CHUNK];
        }
    }
    return NULL;
}

void dtt_txns_trim(struct dtt_txns *txns)
{
    for (size_t i = 0; i < CHUNKS; i++) {
        if (txns->used[i] == 0) {
            free(txns->chunks[i]);
            txns->chunks[i] = NULL;
        }
    }
}
