/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Bencoding (BEP 3), allocation-free. Values are read in place through a dtt_reader and written
 * through a dtt_writer; both stay failed after the first error. Nesting and the number of items
 * are bounded, nothing recurses.
 *
 *     if (dtt_bencode_read_open(&r, 'd')) {
 *         while (!dtt_bencode_read_close(&r)) {
 *             struct dtt_slice key = dtt_bencode_read_str(&r);
 *             ... dtt_bencode_peek(&r), then read or skip the value ...
 *         }
 *     }
 */
#ifndef DTT_CODEC_BENCODE_H
#define DTT_CODEC_BENCODE_H

#include "base/bytes.h"

#define DTT_BENCODE_DEPTH 10  /**< lists and dictionaries inside each other */
#define DTT_BENCODE_ITEMS 500 /**< values (and keys) of one value read as a whole */

/** What comes next: 'i', 's' (string), 'l', 'd', 'e' (end of list or dictionary), 0 for neither. */
char dtt_bencode_peek(const struct dtt_reader *r);
/** A string. Fails on another type and on a length with leading zeros. */
struct dtt_slice dtt_bencode_read_str(struct dtt_reader *r);
/** True when all of `v` is one string, whose contents are given. */
bool dtt_bencode_is_str(struct dtt_slice v, struct dtt_slice *ret);
/** An integer. Fails on another type, leading zeros, minus zero and what int64_t cannot hold. */
int64_t dtt_bencode_read_int(struct dtt_reader *r);
/** Enters a list ('l') or dictionary ('d'); fails and returns false when something else comes. */
bool dtt_bencode_read_open(struct dtt_reader *r, char type);
/** True at the end of a list or dictionary, which is passed, and after a failure: ends a loop. */
bool dtt_bencode_read_close(struct dtt_reader *r);
/**
 * Any one value, as its bytes. `ret_canonical` (may be NULL) tells whether it is the one valid
 * encoding: dictionary keys sorted and unique, numbers minimal and within int64_t.
 */
struct dtt_slice dtt_bencode_read_any(struct dtt_reader *r, bool *ret_canonical);

void dtt_bencode_write_str(struct dtt_writer *w, struct dtt_slice s);
void dtt_bencode_write_text(struct dtt_writer *w, const char *text);
void dtt_bencode_write_int(struct dtt_writer *w, int64_t v);

#endif
