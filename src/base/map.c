/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/map.h"

#include <assert.h>
#include <dtt/types.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LEAST 8 /* entries allocated, unless the maximum is less */

void dtt_map_init(struct dtt_map *m, size_t key_len, size_t max,
                  const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    assert(key_len > 0 && key_len <= DTT_MAP_KEY_MAX && max < UINT32_MAX);
    memset(m, 0, sizeof(*m));
    memcpy(m->hash_key, hash_key, sizeof(m->hash_key));
    m->key_len = key_len;
    m->max = max;
}

void dtt_map_fini(struct dtt_map *m)
{
    free(m->keys);
    free(m->values);
    free(m->index);
    memset(m, 0, sizeof(*m));
}

void dtt_map_clear(struct dtt_map *m)
{
    struct dtt_map old = *m;
    dtt_map_fini(m);
    dtt_map_init(m, old.key_len, old.max, old.hash_key);
}

static size_t home_of(const struct dtt_map *m, const void *key)
{
    uint8_t out[crypto_shorthash_BYTES];
    uint64_t h;
    crypto_shorthash(out, key, m->key_len, m->hash_key);
    memcpy(&h, out, sizeof(h));
    return (size_t)h & (m->index_len - 1);
}

/* The index slot that holds `key`, or the empty slot where it would go. */
static size_t find(const struct dtt_map *m, const void *key)
{
    size_t i = home_of(m, key);
    while (m->index[i] != 0 &&
           memcmp(m->keys + (m->index[i] - 1) * m->key_len, key, m->key_len) != 0) {
        i = (i + 1) & (m->index_len - 1);
    }
    return i;
}

/* Makes it a map for `cap` entries, which may be less than before. DTT_ENOMEM: as it was. */
static int resize(struct dtt_map *m, size_t cap)
{
    bool is_less = cap < m->cap; /* then what cannot be moved is large enough where it is */
    size_t index_len = LEAST;
    while (index_len < cap * 2) {
        index_len *= 2;
    }
    uint32_t *index = calloc(index_len, sizeof(*index));
    if (!index) {
        return DTT_ENOMEM;
    }
    uint8_t *keys = realloc(m->keys, cap * m->key_len);
    m->keys = keys ? keys : m->keys;
    void **values = keys || is_less ? realloc(m->values, cap * sizeof(void *)) : NULL;
    m->values = values ? values : m->values;
    if (!values && !is_less) {
        free(index);
        return DTT_ENOMEM;
    }
    free(m->index);
    m->index = index;
    m->index_len = index_len;
    m->cap = cap;
    for (size_t i = 0; i < m->count; i++) {
        m->index[find(m, m->keys + i * m->key_len)] = (uint32_t)i + 1;
    }
    return DTT_OK;
}

static int grow(struct dtt_map *m)
{
    size_t cap = m->cap ? m->cap * 2 : LEAST;
    return resize(m, cap < m->max ? cap : m->max);
}

void *dtt_map_get(const struct dtt_map *m, const void *key)
{
    if (m->count == 0) {
        return NULL;
    }
    uint32_t e = m->index[find(m, key)];
    return e ? m->values[e - 1] : NULL;
}

int dtt_map_put(struct dtt_map *m, const void *key, void *value)
{
    assert(value);
    if (m->count > 0) {
        uint32_t e = m->index[find(m, key)];
        if (e) {
            m->values[e - 1] = value;
            return DTT_OK;
        }
    }
    if (m->count == m->max) {
        return DTT_EFULL;
    }
    if (m->count == m->cap) {
        int err = grow(m);
        if (err) {
            return err;
        }
    }
    size_t i = find(m, key);
    memcpy(m->keys + m->count * m->key_len, key, m->key_len);
    m->values[m->count] = value;
    m->index[i] = (uint32_t)++m->count;
    assert(m->count <= m->cap && m->cap <= m->max && m->count < m->index_len);
    return DTT_OK;
}

/* Empties index slot i and moves later members of its probe chain back: there are no tombstones. */
static void unindex(struct dtt_map *m, size_t i)
{
    size_t mask = m->index_len - 1;
    size_t gap = i;
    for (;;) {
        i = (i + 1) & mask;
        if (m->index[i] == 0) {
            break;
        }
        size_t home = home_of(m, m->keys + (m->index[i] - 1) * m->key_len);
        if (((i - home) & mask) >= ((i - gap) & mask)) {
            m->index[gap] = m->index[i];
            gap = i;
        }
    }
    m->index[gap] = 0;
}

void *dtt_map_take(struct dtt_map *m, const void *key)
{
    if (m->count == 0) {
        return NULL;
    }
    size_t i = find(m, key);
    if (m->index[i] == 0) {
        return NULL;
    }
    size_t e = m->index[i] - 1;
    assert(e < m->count);
    size_t last = m->count - 1;
    void *value = m->values[e];
    unindex(m, i);
    if (e != last) {
        m->index[find(m, m->keys + last * m->key_len)] = (uint32_t)e + 1;
        memcpy(m->keys + e * m->key_len, m->keys + last * m->key_len, m->key_len);
        m->values[e] = m->values[last];
    }
    m->count--;
    /* What a crowd needed is given back when it has gone. Without memory for that it stays. */
    if (m->count <= m->cap / 4 && m->cap / 2 >= LEAST) {
        (void)resize(m, m->cap / 2);
    }
    return value;
}
