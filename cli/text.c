/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "text.h"

#include "codec/text.h"

#include <stdbool.h>
#include <stdio.h>

#define REPLACEMENT 0xfffd
/* A message of newlines would push the others off the screen. */
#define LINE_BREAKS_MAX 2

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

static size_t clean(char *out, const uint8_t *p, size_t len, bool has_lines)
{
    size_t n = 0, n_breaks = 0;
    for (size_t i = 0; i < len;) {
        uint32_t code = REPLACEMENT;
        size_t step = dtt_utf8_decode(&code, dtt_slice(p + i, len - i));
        i += step > 0 ? step : 1;
        if (has_lines && code == '\n') {
            n_breaks++;
            continue;
        }
        for (size_t k = 0; k < n_breaks && k < LINE_BREAKS_MAX; k++) {
            out[n++] = '\n';
        }
        n_breaks = 0;
        n += dtt_utf8_encode(out + n, harmless(code));
    }
    out[n] = '\0';
    return n;
}

size_t text_clean(char *out, const void *data, size_t len)
{
    return clean(out, data, len, false);
}

size_t text_clean_lines(char *out, const void *data, size_t len)
{
    return clean(out, data, len, true);
}

void text_join(char *out, size_t cap, const char *const *words, size_t n)
{
    size_t len = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && len < cap; i++) {
        int added = snprintf(out + len, cap - len, "%s%s", i > 0 ? ", " : "", words[i]);
        if (added > 0) {
            len += (size_t)added;
        }
    }
}
