/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/memo.h"

#include <assert.h>
#include <dtt/types.h>
#include <sodium.h>
#include <stdlib.h>

int dtt_memo_init(struct dtt_memo *m, const uint8_t key[DTT_MEMO_KEY_BYTES], size_t places,
                  size_t result_bytes)
{
    assert(places > 0);
    uint8_t *entries = calloc(places, DTT_MEMO_MARK_BYTES + result_bytes);
    if (!entries) {
        return DTT_ENOMEM;
    }
    *m = (struct dtt_memo){.places = places, .result_bytes = result_bytes, .entries = entries};
    memcpy(m->key, key, sizeof(m->key));
    return DTT_OK;
}

void dtt_memo_fini(struct dtt_memo *m)
{
    if (m->entries) {
        sodium_memzero(m->entries, m->places * (DTT_MEMO_MARK_BYTES + m->result_bytes));
    }
    free(m->entries);
    sodium_memzero(m, sizeof(*m));
}

static void hash_part(crypto_generichash_state *state, struct dtt_slice part)
{
    uint8_t len[8];
    dtt_put_le64(len, part.len);
    crypto_generichash_update(state, len, sizeof(len));
    crypto_generichash_update(state, part.data, part.len);
}

static uint8_t *entry_of(const struct dtt_memo *m, const struct dtt_memo_mark *mark)
{
    uint64_t place = dtt_get_le64(mark->bytes) % m->places;
    return m->entries + place * (DTT_MEMO_MARK_BYTES + m->result_bytes);
}

const void *dtt_memo_find(const struct dtt_memo *m, const char *check,
                          const struct dtt_slice *parts, size_t n, struct dtt_memo_mark *ret)
{
    if (!m) {
        return NULL;
    }
    crypto_generichash_state state;
    crypto_generichash_init(&state, m->key, sizeof(m->key), sizeof(ret->bytes));
    hash_part(&state, dtt_slice(check, strlen(check)));
    for (size_t i = 0; i < n; i++) {
        hash_part(&state, parts[i]);
    }
    crypto_generichash_final(&state, ret->bytes, sizeof(ret->bytes));
    const uint8_t *entry = entry_of(m, ret);
    return memcmp(entry, ret->bytes, sizeof(ret->bytes)) == 0 ? entry + sizeof(ret->bytes) : NULL;
}

void dtt_memo_keep(struct dtt_memo *m, const struct dtt_memo_mark *mark, const void *result)
{
    if (!m) {
        return;
    }
    uint8_t *entry = entry_of(m, mark);
    memcpy(entry, mark->bytes, sizeof(mark->bytes));
    if (m->result_bytes > 0) {
        memcpy(entry + sizeof(mark->bytes), result, m->result_bytes);
    }
}
