/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Results of costly checks, so that the same bytes are not checked again: a slot that is read every
 * few seconds brings the same signatures, and gossip names the same peers over and over. A keyed
 * 128-bit hash of everything a result depends on identifies its entry; without the key nobody can
 * make other bytes match it. A new entry replaces the old one in its place. A forgotten result is
 * computed again, so a memo changes no result.
 */
#ifndef DTT_BASE_MEMO_H
#define DTT_BASE_MEMO_H

#include "base/bytes.h"

#define DTT_MEMO_KEY_BYTES 32
#define DTT_MEMO_MARK_BYTES 16

struct dtt_memo {
    uint8_t key[DTT_MEMO_KEY_BYTES];
    size_t places;
    size_t result_bytes;
    uint8_t *entries; /**< mark and result each; all zero: free */
};

struct dtt_memo_mark {
    uint8_t bytes[DTT_MEMO_MARK_BYTES];
};

/**
 * Room for `places` results of `result_bytes` each; 0 when a check has no result but its success.
 * `key` is secret and random. DTT_ENOMEM.
 */
int dtt_memo_init(struct dtt_memo *m, const uint8_t key[DTT_MEMO_KEY_BYTES], size_t places,
                  size_t result_bytes);
/** Wipes it. */
void dtt_memo_fini(struct dtt_memo *m);

/**
 * The result of the check named `check` of these parts, valid until the next call with `m`. When it
 * is not known, NULL, and *ret is what dtt_memo_keep needs. With `m` NULL nothing is known.
 */
const void *dtt_memo_find(const struct dtt_memo *m, const char *check,
                          const struct dtt_slice *parts, size_t n, struct dtt_memo_mark *ret);
/** Remembers a result; `result` may be NULL when results have 0 bytes. */
void dtt_memo_keep(struct dtt_memo *m, const struct dtt_memo_mark *mark, const void *result);

#endif
