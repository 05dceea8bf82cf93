/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Text of any case, and text forms of bytes: lower-case hex, base32 (RFC 4648 without padding),
 * z-base-32 (pkarr, DNS), base64 (RFC 4648 section 4), and UTF-8. Decoders write `out` only on
 * success.
 */
#ifndef DTT_CODEC_TEXT_H
#define DTT_CODEC_TEXT_H

#include "base/bytes.h"

/** The small letter of a capital one of ASCII, else the character itself. */
static inline char dtt_text_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}
/** The length of `word`, in small letters, when the text begins with it in any case; else 0. */
size_t dtt_text_begins(const char *text, const char *word);

/** Writes 2 * s.len lower-case digits and a NUL; `out` has room for 2 * s.len + 1. */
void dtt_hex_encode(char *out, struct dtt_slice s);
/** Exactly 2 * len digits of either case, nothing else; DTT_EPROTO otherwise. */
int dtt_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len);

#define DTT_BASE32_LEN(n) (((n)*8 + 4) / 5)
/** Either case, exactly `len` bytes; unused low bits must be zero. DTT_EPROTO otherwise. */
int dtt_base32_decode(uint8_t *out, size_t len, const char *text, size_t text_len);
/** Both: `out` has room for DTT_BASE32_LEN(s.len) + 1. */
void dtt_base32_encode(char *out, struct dtt_slice s);
void dtt_zbase32_encode(char *out, struct dtt_slice s);

#define DTT_BASE64_LEN(n) (((n) + 2) / 3 * 4)
/** With padding; `out` has room for DTT_BASE64_LEN(s.len) + 1. */
void dtt_base64_encode(char *out, struct dtt_slice s);
/** In the alphabet of section 5 (URLs and file names) and without padding; the same room. */
void dtt_base64_encode_url(char *out, struct dtt_slice s);

/**
 * The first code point: its length in bytes, or 0 unless well-formed UTF-8 (RFC 3629: no
 * surrogates, no overlong forms, at most U+10FFFF) begins there.
 */
size_t dtt_utf8_decode(uint32_t *ret_code, struct dtt_slice s);
/** Writes a code point of at most U+10FFFF: 1 to 4 bytes. */
size_t dtt_utf8_encode(char out[4], uint32_t code);
bool dtt_utf8_is_valid(struct dtt_slice s);

#endif
