/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "base/rng.h"

#include "base/bytes.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

void dtt_rng_init(struct dtt_rng *r, const uint8_t seed[DTT_RNG_SEED_BYTES], const char *label)
{
    memset(r, 0, sizeof(*r));
    /* Keyed BLAKE2b is a PRF: streams of different labels are independent. */
    crypto_generichash(r->key, sizeof(r->key), (const unsigned char *)label, strlen(label), seed,
                       DTT_RNG_SEED_BYTES);
    r->used = sizeof(r->block);
}

void dtt_rng_fini(struct dtt_rng *r)
{
    sodium_memzero(r, sizeof(*r));
}

static void next_block(struct dtt_rng *r)
{
    static const uint8_t nonce[crypto_stream_chacha20_NONCEBYTES] = {0};
    memset(r->block, 0, sizeof(r->block));
    crypto_stream_chacha20_xor_ic(r->block, r->block, sizeof(r->block), nonce, r->counter++,
                                  r->key);
    r->used = 0;
}

void dtt_rng_bytes(struct dtt_rng *r, void *out, size_t len)
{
    uint8_t *p = out;
    while (len > 0) {
        if (r->used == sizeof(r->block)) {
            next_block(r);
        }
        size_t n = sizeof(r->block) - r->used;
        if (n > len) {
            n = len;
        }
        memcpy(p, r->block + r->used, n);
        /* The bytes may become a key: no copy stays behind. */
        sodium_memzero(r->block + r->used, n);
        r->used = (uint8_t)(r->used + n);
        p += n;
        len -= n;
    }
}

uint64_t dtt_rng_u64(struct dtt_rng *r)
{
    uint8_t b[8];
    dtt_rng_bytes(r, b, sizeof(b));
    return dtt_get_le64(b);
}

uint64_t dtt_rng_below(struct dtt_rng *r, uint64_t bound)
{
    if (bound < 2) {
        return 0;
    }
    /* Values under `skip` would make the first residues more likely than the rest. */
    uint64_t skip = (UINT64_MAX - bound + 1) % bound;
    uint64_t v;
    do {
        v = dtt_rng_u64(r);
    } while (v < skip);
    return v % bound;
}

void dtt_rng_shuffle(struct dtt_rng *r, void *base, size_t count, size_t size)
{
    uint8_t tmp[128];
    uint8_t *p = base;
    assert(size <= sizeof(tmp));
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)dtt_rng_below(r, i);
        if (j != i - 1) {
            memcpy(tmp, p + j * size, size);
            memcpy(p + j * size, p + (i - 1) * size, size);
            memcpy(p + (i - 1) * size, tmp, size);
        }
    }
}
