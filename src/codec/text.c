/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/text.h"

#include <dtt/types.h>

void dtt_hex_encode(char *out, struct dtt_slice s)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < s.len; i++) {
        *out++ = digits[s.data[i] >> 4];
        *out++ = digits[s.data[i] & 15];
    }
    *out = '\0';
}

/* 0..15, or 16 for a character that is no digit. */
static unsigned hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return (unsigned)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (unsigned)(c - 'a') + 10;
    }
    return c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10 : 16;
}

int dtt_hex_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    if (text_len % 2 != 0 || text_len / 2 != len) {
        return DTT_EPROTO;
    }
    for (size_t i = 0; i < text_len; i++) {
        if (hex_value(text[i]) > 15) {
            return DTT_EPROTO;
        }
    }
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)(hex_value(text[2 * i]) << 4 | hex_value(text[2 * i + 1]));
    }
    return DTT_OK;
}

static const char base32_alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char zbase32_alphabet[] = "ybndrfg8ejkmcpqxot1uwisza345h769";

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

/* 0..31, or 32 for a character that is not in the alphabet in either case. */
static unsigned value32(char c, const char *alphabet)
{
    if (c >= 'A' && c <= 'Z') {
        c = (char)(c - 'A' + 'a');
    }
    const char *p = c ? strchr(alphabet, c) : NULL;
    return p ? (unsigned)(p - alphabet) : 32;
}

static int decode32(uint8_t *out, size_t len, const char *text, size_t text_len,
                    const char *alphabet)
{
    if (text_len != DTT_BASE32_LEN(len)) {
        return DTT_EPROTO;
    }
    unsigned last = 0;
    for (size_t i = 0; i < text_len; i++) {
        last = value32(text[i], alphabet);
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
        acc = (acc << 5 | value32(text[i], alphabet)) & 0xfff;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            *out++ = (uint8_t)(acc >> bits);
        }
    }
    return DTT_OK;
}

void dtt_base32_encode(char *out, struct dtt_slice s)
{
    encode32(out, s, base32_alphabet);
}

int dtt_base32_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    return decode32(out, len, text, text_len, base32_alphabet);
}

void dtt_zbase32_encode(char *out, struct dtt_slice s)
{
    encode32(out, s, zbase32_alphabet);
}

int dtt_zbase32_decode(uint8_t *out, size_t len, const char *text, size_t text_len)
{
    return decode32(out, len, text, text_len, zbase32_alphabet);
}

void dtt_base64_encode(char *out, struct dtt_slice s)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < s.len; i += 3) {
        size_t n = s.len - i < 3 ? s.len - i : 3;
        uint32_t v = (uint32_t)s.data[i] << 16;
        v |= n > 1 ? (uint32_t)s.data[i + 1] << 8 : 0;
        v |= n > 2 ? s.data[i + 2] : 0;
        *out++ = alphabet[v >> 18];
        *out++ = alphabet[v >> 12 & 63];
        *out++ = n > 1 ? alphabet[v >> 6 & 63] : '=';
        *out++ = n > 2 ? alphabet[v & 63] : '=';
    }
    *out = '\0';
}

bool dtt_utf8_is_valid(struct dtt_slice s)
{
    for (size_t i = 0; i < s.len;) {
        uint8_t c = s.data[i];
        unsigned more = c < 0x80   ? 0
                        : c < 0xc2 ? 9
                        : c < 0xe0 ? 1
                        : c < 0xf0 ? 2
                        : c < 0xf5 ? 3
                                   : 9;
        if (more == 9 || s.len - i - 1 < more) {
            return false;
        }
        for (unsigned k = 1; k <= more; k++) {
            if ((s.data[i + k] & 0xc0) != 0x80) {
                return false;
            }
        }
        uint8_t d = more ? s.data[i + 1] : 0;
        if ((c == 0xe0 && d < 0xa0) || (c == 0xed && d > 0x9f) || (c == 0xf0 && d < 0x90) ||
            (c == 0xf4 && d > 0x8f)) {
            return false;
        }
        i += 1 + more;
    }
    return true;
}
