/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Writes JSON (RFC 8259) into a buffer of the caller, without white space. Nothing is allocated and
 * nothing is cut in silence: the length needed is counted past the end of the buffer, and
 * dtt_json_finish returns it.
 *
 * Each function adds one value to the object or array opened last. `name` is the member's name, and
 * NULL within an array and for the outermost value.
 */
#ifndef DTT_CODEC_JSON_H
#define DTT_CODEC_JSON_H

#include "base/bytes.h"

#include <dtt/types.h>

/** Objects and arrays within each other. */
#define DTT_JSON_DEPTH_MAX 32

struct dtt_json {
    char *out;
    size_t cap;
    size_t len;      /**< needed so far, may exceed `cap` */
    uint32_t arrays; /**< bit n: level n is an array, otherwise it is an object */
    unsigned depth;
    bool has_value; /**< the next value at this level needs a comma */
};

/** `out` may be NULL when `cap` is 0. */
void dtt_json_init(struct dtt_json *j, char *out, size_t cap);
/** Every level is closed: ends the text with a NUL (if cap > 0) and returns the length needed. */
size_t dtt_json_finish(struct dtt_json *j);

void dtt_json_object(struct dtt_json *j, const char *name);
void dtt_json_array(struct dtt_json *j, const char *name);
/** Closes the object or array opened last. */
void dtt_json_end(struct dtt_json *j);

void dtt_json_u64(struct dtt_json *j, const char *name, uint64_t value);
void dtt_json_i64(struct dtt_json *j, const char *name, int64_t value);
/** A number given in thousandths, without needless zeros: 1500 is 1.5. */
void dtt_json_thousandths(struct dtt_json *j, const char *name, int64_t value);
void dtt_json_bool(struct dtt_json *j, const char *name, bool value);
/** Each byte that is not UTF-8 becomes a U+FFFD. */
void dtt_json_text(struct dtt_json *j, const char *name, const char *text);
void dtt_json_utf8(struct dtt_json *j, const char *name, struct dtt_slice text);
/** `json` is one JSON value. */
void dtt_json_raw(struct dtt_json *j, const char *name, const char *json);
void dtt_json_hex(struct dtt_json *j, const char *name, struct dtt_slice bytes);
void dtt_json_base64(struct dtt_json *j, const char *name, struct dtt_slice bytes);
void dtt_json_id(struct dtt_json *j, const char *name, const struct dtt_id *id);
void dtt_json_addr(struct dtt_json *j, const char *name, const struct dtt_addr *addr);

#endif
