/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/text.h"

#include <ctype.h>
#include <dtt/types.h>
#include <sodium.h>

size_t dtt_text_begins(const char *text, const char *word)
{
    size_t n = 0;
    while (word[n] && dtt_text_lower(text[n]) == word[n]) {
        n++;
    }
    return word[n] ? 0 : n;
}

void dtt_hex_encode(char *out, struct dtt_slice s)
{
    sodium_bin2hex(out, 2 * s.len + 1, s.data, s.len);
}

int dtt_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    if (text_len % 2 != 0 || text_len / 2 != len) {
        return DTT_EPROTO;
    }
    for (size_t i = 0; i < text_len; i++) {
        if (!isxdigit((unsigned char)text[i])) {
            return DTT_EPROTO;
        }
    }
    if (len == 0) {
        return DTT_OK; /* libsodium takes no NULL */
    }
    return sodium_hex2bin(out, len, text, text_len, NULL, NULL, NULL) == 0 ? DTT_OK : DTT_EPROTO;
}

static const char base32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";

static void encode32(char *out, struct dtt_slice s, const char *alphabet)
{
    unsigned bits = 0;
    unsigned acc = 0;
    for (size_t i = 0; i < s.len; i++) {
        acc = (acc << 8 | s.data[i]) & 0xfff;
        bits += 8;
        while (bits >= 5) {
            bits -= 5;
            *out++ = alphabet[acc >> bits & 31];
        }
    }
    if (bits) {
        *out++ = alphabet[acc << (5 - bits) & 31];
    }
    *out = '\0';
}

void dtt_base32_encode(char *out, struct dtt_slice s)
{
    encode32(out, s, base32_alphabet);
}

void dtt_zbase32_encode(char *out, struct dtt_slice s)
{
    encode32(out, s, "ybndrfg8ejkmcpqxot1uwisza345h769");
}

/* 0..31, or 32 for a character that is not in the alphabet in either case. */
static unsigned value32(char c)
{
    const char *p = c ? strchr(base32_alphabet, dtt_text_lower(c)) : NULL;
    return p ? (unsigned)(p - base32_alphabet) : 32;
}

int dtt_base32_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    if (text_len != DTT_BASE32_LEN(len)) {
        return DTT_EPROTO;
    }
    unsigned last = 0;
    for (size_t i = 0; i < text_len; i++) {
        last = value32(text[i]);
        if (last > 31) {
            return DTT_EPROTO;
        }
    }
    size_t unused = text_len * 5 - len * 8;
    if (last & ((1u << unused) - 1)) {
        return DTT_EPROTO;
    }
    unsigned bits = 0;
    unsigned acc = 0;
    for (size_t i = 0; i < text_len; i++) {
        acc = (acc << 5 | value32(text[i])) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (uint8_t)(acc >> bits);
        }
    }
    return DTT_OK;
}

void dtt_base64_encode(char *out, struct dtt_slice s)
{
    sodium_bin2base64(out, DTT_BASE64_LEN(s.len) + 1, s.data, s.len,
                      sodium_base64_VARIANT_ORIGINAL);
}

void dtt_base64_encode_url(char *out, struct dtt_slice s)
{
    sodium_bin2base64(out, DTT_BASE64_LEN(s.len) + 1, s.data, s.len,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

size_t dtt_utf8_decode(uint32_t *ret_code, struct dtt_slice s)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t c = s.len ? s.data[0] : 0xff;
    size_t n = c < 0x80 ? 1 : c < 0xc0 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf8 ? 4 : 0;
    if (n == 0 || n > s.len) {
        return 0;
    }
    uint32_t code = n == 1 ? c : c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((s.data[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (s.data[i] & 0x3fu);
    }
    if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return 0;
    }
    *ret_code = code;
    return n;
}

size_t dtt_utf8_encode(char out[4], uint32_t code)
{
    size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (n == 1) {
        out[0] = (char)code;
        return 1;
    }
    for (size_t i = n - 1; i > 0; i--, code >>= 6) {
        out[i] = (char)(0x80 | (code & 0x3f));
    }
    out[0] = (char)(0xf00u >> n | code);
    return n;
}

bool dtt_utf8_is_valid(struct dtt_slice s)
{
    uint32_t code;
    for (size_t i = 0, n; i < s.len; i += n) {
        n = dtt_utf8_decode(&code, dtt_slice(s.data + i, s.len - i));
        if (n == 0) {
            return false;
        }
    }
    return true;
}
