/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Deterministic random streams. One seed per node; each module draws from its own labelled stream,
 * so that one more draw in one module does not change another. With a seed from the system's
 * entropy the output is fit for keys (ChaCha20, RFC 8439).
 */
#ifndef DTT_BASE_RNG_H
#define DTT_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

#define DTT_RNG_SEED_BYTES 32

struct dtt_rng {
    uint8_t key[32];
    uint8_t block[64];
    uint64_t counter;
    uint8_t used; /**< bytes of `block` already handed out */
};

/** Starts the stream named `label` of the node that owns `seed`. */
void dtt_rng_init(struct dtt_rng *r, const uint8_t seed[DTT_RNG_SEED_BYTES], const char *label);
/** Wipes the stream. */
void dtt_rng_fini(struct dtt_rng *r);
void dtt_rng_bytes(struct dtt_rng *r, void *out, size_t len);
uint64_t dtt_rng_u64(struct dtt_rng *r);
/** Uniform in [0, bound); 0 when bound is 0. */
uint64_t dtt_rng_below(struct dtt_rng *r, uint64_t bound);
/** Uniform permutation of `count` elements of `size` bytes (size <= 128). */
void dtt_rng_shuffle(struct dtt_rng *r, void *base, size_t count, size_t size);

#endif
