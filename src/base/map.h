/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Map from keys of one fixed size to pointers, with a stated maximum. It hashes with keyed SipHash,
 * so that an attacker cannot choose colliding keys. The order of iteration depends only on the
 * calls made: entries lie in a dense array, and a removal moves the last entry into the gap. A map
 * of which three quarters are empty gives memory back.
 */
#ifndef DTT_BASE_MAP_H
#define DTT_BASE_MAP_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define DTT_MAP_HASH_KEY_BYTES 16
#define DTT_MAP_KEY_MAX 64

struct dtt_map {
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    size_t key_len;
    size_t max;
    size_t count;
    size_t cap;      /**< entries allocated */
    uint8_t *keys;   /**< cap * key_len */
    void **values;   /**< cap */
    uint32_t *index; /**< open addressing: entry number plus 1, 0 = empty */
    size_t index_len;
};

/** `key_len` in 1..DTT_MAP_KEY_MAX, `max` entries at most. Allocates nothing yet. */
void dtt_map_init(struct dtt_map *m, size_t key_len, size_t max,
                  const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
/** Frees the map, not the values. */
void dtt_map_fini(struct dtt_map *m);
/** Drops all entries, not the values, and gives the memory back. The map stays usable. */
void dtt_map_clear(struct dtt_map *m);
/** The value under `key`, or NULL. */
void *dtt_map_get(const struct dtt_map *m, const void *key);
/** Stores or replaces. `value` must not be NULL. DTT_EFULL at the maximum, DTT_ENOMEM. */
int dtt_map_put(struct dtt_map *m, const void *key, void *value);
/** Removes and returns the value, or NULL. Pointers to keys end. */
void *dtt_map_take(struct dtt_map *m, const void *key);

static inline size_t dtt_map_count(const struct dtt_map *m)
{
    return m->count;
}

/** Entry number i, 0 <= i < count. To remove while iterating, go from the last to the first. */
static inline void *dtt_map_value_at(const struct dtt_map *m, size_t i)
{
    assert(i < m->count);
    return m->values[i];
}

static inline const void *dtt_map_key_at(const struct dtt_map *m, size_t i)
{
    assert(i < m->count);
    return m->keys + i * m->key_len;
}

#endif
