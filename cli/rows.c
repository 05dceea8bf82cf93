/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "rows.h"

#include <string.h>
#include <unigbrk.h>
#include <unistr.h>
#include <uniwidth.h>

/* No cluster that anybody types has more bytes; a longer heap of accents is cut. */
#define CLUSTER_MAX 128
#define EMOJI_SELECTOR 0xfe0f

/*
 * u8_grapheme_next looks at two characters only, which is not enough for emoji (libunistring 1.0);
 * this function knows the whole rule.
 */
static size_t cluster_len(const char *text, size_t len)
{
    char breaks[CLUSTER_MAX];
    size_t n = 1, seen = len < CLUSTER_MAX ? len : CLUSTER_MAX;
    while (seen < len && seen > 1 && ((unsigned char)text[seen] & 0xc0) == 0x80) {
        seen--;
    }
    if (seen < 2 || ((text[0] | text[1]) & 0x80) == 0) {
        return seen > 0 ? 1 : 0;
    }
    u8_grapheme_breaks((const uint8_t *)text, seen, breaks);
    while (n < seen && !breaks[n]) {
        n++;
    }
    return n;
}

size_t rows_next(const char *text, size_t len, size_t at)
{
    return at + cluster_len(text + at, len - at);
}

/* Whether a character begins depends on what comes before it, so it is counted from a newline on.
 */
size_t rows_previous(const char *text, size_t len, size_t at)
{
    size_t last = at;
    while (last > 0 && text[last - 1] != '\n') {
        last--;
    }
    if (last == at) {
        return at > 0 ? at - 1 : 0;
    }
    for (size_t next; (next = rows_next(text, len, last)) < at;) {
        last = next;
    }
    return last;
}

static unsigned cluster_width(const char *text, size_t len)
{
    unsigned sum = 0;
    for (size_t i = 0; i < len;) {
        ucs4_t code;
        int step = u8_mbtouc(&code, (const uint8_t *)text + i, len - i);
        int width = uc_width(code, "UTF-8");
        sum += width > 0 ? (unsigned)width : 0;
        if (code == EMOJI_SELECTOR && sum == 1) {
            sum = 2;
        }
        i += step > 0 ? (size_t)step : 1;
    }
    return sum;
}

unsigned rows_width(const char *text, size_t len)
{
    unsigned sum = 0;
    for (size_t at = 0, next; at < len; at = next) {
        next = rows_next(text, len, at);
        sum += cluster_width(text + at, next - at);
    }
    return sum;
}

struct breaker {
    const struct rows_style *style;
    struct row *rows;
    size_t skip, max, n;
    struct row row;
    size_t break_end, break_next; /* a space in this row, where it could end; next 0: none */
    unsigned break_width;
};

static void end_row(struct breaker *b, size_t end, size_t next, unsigned width)
{
    if (b->n >= b->skip && b->n - b->skip < b->max) {
        b->rows[b->n - b->skip] = (struct row){b->row.start, end, width};
    }
    b->n++;
    b->row = (struct row){.start = next, .end = next, .width = b->style->indent};
    b->break_next = 0;
}

/* Begins a new row before the character at `at`, or before its word. Returns where to go on. */
static size_t turn_row(struct breaker *b, size_t at)
{
    if (b->style->by_words && b->break_next > 0) {
        at = b->break_next;
        end_row(b, b->break_end, b->break_next, b->break_width);
    } else {
        end_row(b, at, at, b->row.width);
    }
    return at;
}

size_t rows_break(const struct rows_style *style, const char *text, size_t len, size_t skip,
                  struct row *rows, size_t max)
{
    struct breaker b = {
        .style = style, .rows = rows, .skip = skip, .max = max, .row = {.width = style->first}};
    size_t at = 0;
    while (at < len) {
        size_t next = rows_next(text, len, at);
        bool is_space = text[at] == ' ', is_newline = text[at] == '\n';
        unsigned width = is_newline ? !style->by_words : cluster_width(text + at, next - at);
        if (b.row.width + width > style->columns && at > b.row.start) {
            if (is_space && style->by_words) {
                end_row(&b, at, next, b.row.width);
                at = next;
            } else {
                at = turn_row(&b, at);
            }
            continue;
        }
        if (is_newline) {
            end_row(&b, style->by_words ? at : next, next, b.row.width + width);
            at = next;
            continue;
        }
        if (is_space && at > b.row.start) {
            b.break_end = at;
            b.break_next = next;
            b.break_width = b.row.width;
        }
        b.row.width += width;
        at = next;
    }
    if (b.row.width >= style->columns && !style->by_words) {
        end_row(&b, len, len, b.row.width);
    }
    end_row(&b, len, len, b.row.width);
    return b.n;
}
