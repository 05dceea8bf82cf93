/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "text.h"

#define REPLACEMENT 0xfffd

void text_hex(char *out, const void *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = data;

    for (size_t i = 0; i < len; i++) {
        *out++ = digits[p[i] >> 4];
        *out++ = digits[p[i] & 15];
    }
    *out = '\0';
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

bool text_unhex(uint8_t *out, size_t len, const char *digits, size_t n_digits)
{
    if (n_digits % 2 != 0 || n_digits / 2 != len) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        int high = digit_value(digits[2 * i]);
        int low = digit_value(digits[2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

size_t text_decode(const uint8_t *p, size_t len, uint32_t *ret_code)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    uint32_t code;
    size_t n;

    if (len == 0) {
        return 0;
    }
    if (p[0] < 0x80) {
        *ret_code = p[0];
        return 1;
    }
    if ((p[0] & 0xe0) == 0xc0) {
        n = 2;
    } else if ((p[0] & 0xf0) == 0xe0) {
        n = 3;
    } else if ((p[0] & 0xf8) == 0xf0) {
        n = 4;
    } else {
        return 0;
    }
    if (n > len) {
        return 0;
    }
    code = p[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3fu);
    }
    if (code < smallest[n] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
        return 0;
    }
    *ret_code = code;
    return n;
}

size_t text_encode(char out[4], uint32_t code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

static uint32_t harmless(uint32_t code)
{
    if (code == '\t' || code == '\n' || code == '\r' || code == 0x2028 || code == 0x2029) {
        return ' ';
    }
    if (code < 0x20 || (code >= 0x7f && code < 0xa0)) {
        return REPLACEMENT;
    }
    /* Marks and overrides of writing direction could make a message look like another's. */
    if (code == 0x61c || code == 0x200e || code == 0x200f || (code >= 0x202a && code <= 0x202e) ||
        (code >= 0x2066 && code <= 0x2069)) {
        return REPLACEMENT;
    }
    return code;
}

size_t text_clean(char *out, const void *data, size_t len)
{
    const uint8_t *p = data;
    size_t n = 0;

    for (size_t i = 0; i < len;) {
        uint32_t code = REPLACEMENT;
        size_t step = text_decode(p + i, len - i, &code);

        n += text_encode(out + n, harmless(code));
        i += step > 0 ? step : 1;
    }
    out[n] = '\0';
    return n;
}
