/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Test vectors (JSON files under tests/vectors) and sweeps over damaged inputs. */
#ifndef TESTS_SUPPORT_VECTORS_H
#define TESTS_SUPPORT_VECTORS_H

/* cmocka wants these four before itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/bytes.h"

#include <jansson.h>

/** Loads tests/vectors/NAME; fails the test when it cannot. Free with json_decref. */
json_t *vectors_load(const char *name);

/** Member of an object by path "a.b.c"; fails the test when missing. Borrowed. */
json_t *vectors_at(json_t *root, const char *path);

/** Text of a string member. */
const char *vectors_text(json_t *root, const char *path);

/** Decodes a hex string member into a fresh block of exactly its size. Free with free(). */
struct dtt_slice vectors_hex(json_t *root, const char *path);

/** Decodes exactly `len` bytes of hex into out. */
void vectors_hex_into(json_t *root, const char *path, void *out, size_t len);

/** What a sweep does with one damaged input. */
typedef void (*sweep_fn)(void *user, struct dtt_slice in);

/**
 * Calls fn with each proper prefix of `in`, then with each single bit of it flipped. Each input
 * lies in a heap block of exactly its size, so that a sanitizer sees any read past its end.
 */
void sweep_truncations(struct dtt_slice in, sweep_fn fn, void *user);
void sweep_bit_flips(struct dtt_slice in, sweep_fn fn, void *user);

#endif
