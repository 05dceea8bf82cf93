/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/bencode.h"

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

char dtt_bencode_peek(const struct dtt_reader *r)
{
    if (r->failed || r->pos == r->end) {
        return 0;
    }
    if (is_digit(*r->pos)) {
        return 's';
    }
    return *r->pos && strchr("ilde", *r->pos) ? (char)*r->pos : 0;
}

/* Digits up to `end`, which is passed. Clears *canonical for a leading zero or an overflow. */
static uint64_t scan_number(struct dtt_reader *r, uint8_t end, uint64_t max, bool *canonical)
{
    const uint8_t *start = r->pos;
    uint64_t v = 0;
    while (r->pos < r->end && is_digit(*r->pos)) {
        unsigned digit = (unsigned)(*r->pos++ - '0');
        if (v > (max - digit) / 10) {
            *canonical = false;
            v = max;
        } else {
            v = v * 10 + digit;
        }
    }
    size_t n = (size_t)(r->pos - start);
    if (n == 0 || r->pos == r->end || *r->pos != end) {
        r->failed = true;
        return 0;
    }
    *canonical = *canonical && (n == 1 || *start != '0');
    r->pos++;
    return v;
}

static struct dtt_slice scan_str(struct dtt_reader *r, bool *canonical)
{
    /* A length beyond the input saturates at its size plus one and fails in dtt_read. */
    size_t len = (size_t)scan_number(r, ':', dtt_reader_left(r) + 9, canonical);
    return dtt_read(r, len);
}

static int64_t scan_int(struct dtt_reader *r, bool *canonical)
{
    if (dtt_read_u8(r) != 'i') {
        r->failed = true;
        return 0;
    }
    bool minus = r->pos < r->end && *r->pos == '-';
    if (minus) {
        r->pos++;
    }
    uint64_t max = (uint64_t)INT64_MAX + minus;
    uint64_t v = scan_number(r, 'e', max, canonical);
    if (!minus) {
        return (int64_t)v;
    }
    *canonical = *canonical && v != 0;
    return v == max ? INT64_MIN : -(int64_t)v;
}

struct dtt_slice dtt_bencode_read_str(struct dtt_reader *r)
{
    bool canonical = true;
    if (dtt_bencode_peek(r) != 's') {
        r->failed = true;
        return dtt_slice(NULL, 0);
    }
    struct dtt_slice s = scan_str(r, &canonical);
    r->failed |= !canonical;
    return r->failed ? dtt_slice(NULL, 0) : s;
}

bool dtt_bencode_is_str(struct dtt_slice v, struct dtt_slice *ret)
{
    struct dtt_reader r = dtt_reader(v);
    struct dtt_slice str = dtt_bencode_read_str(&r);
    if (r.failed || dtt_reader_left(&r) > 0) {
        return false;
    }
    *ret = str;
    return true;
}

int64_t dtt_bencode_read_int(struct dtt_reader *r)
{
    bool canonical = true;
    int64_t v = scan_int(r, &canonical);
    r->failed |= !canonical;
    return r->failed ? 0 : v;
}

bool dtt_bencode_read_open(struct dtt_reader *r, char type)
{
    if (dtt_bencode_peek(r) != type) {
        r->failed = true;
        return false;
    }
    r->pos++;
    return true;
}

bool dtt_bencode_read_close(struct dtt_reader *r)
{
    if (r->failed) {
        return true;
    }
    if (dtt_bencode_peek(r) != 'e') {
        return false;
    }
    r->pos++;
    return true;
}

/* One open list or dictionary of read_any. */
struct level {
    bool is_dict;
    bool wants_value; /* a key has been read */
    struct dtt_slice key;
};

static bool is_sorted(struct dtt_slice a, struct dtt_slice b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.data, b.data, n) : 0;
    return c < 0 || (c == 0 && a.len < b.len);
}

static void read_key(struct dtt_reader *r, struct level *at, bool *canonical)
{
    struct dtt_slice key = scan_str(r, canonical);
    *canonical = *canonical && (!at->key.data || is_sorted(at->key, key));
    at->key = key;
    at->wants_value = true;
}

/* A list or dictionary that is being read. */
struct nest {
    struct level levels[DTT_BENCODE_DEPTH];
    size_t depth;
};

/* The start of a value; a list or dictionary is entered. */
static void read_value(struct dtt_reader *r, char type, struct nest *n, bool *canonical)
{
    if (n->depth > 0) {
        n->levels[n->depth - 1].wants_value = false;
    }
    if (type == 's') {
        scan_str(r, canonical);
    } else if (type == 'i') {
        scan_int(r, canonical);
    } else if ((type == 'l' || type == 'd') && n->depth < DTT_BENCODE_DEPTH) {
        r->pos++;
        n->levels[n->depth++] = (struct level){.is_dict = type == 'd'};
    } else {
        r->failed = true;
    }
}

struct dtt_slice dtt_bencode_read_any(struct dtt_reader *r, bool *ret_canonical)
{
    struct nest n; /* its levels are set as they are entered */
    const uint8_t *start = r->pos;
    size_t items = 0;
    bool canonical = true;
    n.depth = 0;
    do {
        struct level *at = n.depth ? &n.levels[n.depth - 1] : NULL;
        bool wants_key = at && at->is_dict && !at->wants_value;
        char type = dtt_bencode_peek(r);
        if (++items > DTT_BENCODE_ITEMS || (wants_key && type != 's' && type != 'e')) {
            r->failed = true;
        } else if (type == 'e' && at && !at->wants_value) {
            r->pos++;
            n.depth--;
        } else if (wants_key) {
            read_key(r, at, &canonical);
        } else {
            read_value(r, type, &n, &canonical);
        }
    } while (n.depth > 0 && !r->failed);
    if (r->failed) {
        return dtt_slice(NULL, 0);
    }
    if (ret_canonical) {
        *ret_canonical = canonical;
    }
    return dtt_slice(start, (size_t)(r->pos - start));
}

static void write_number(struct dtt_writer *w, uint64_t v)
{
    uint8_t digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v);
    dtt_write(w, digits + at, sizeof(digits) - at);
}

void dtt_bencode_write_str(struct dtt_writer *w, struct dtt_slice s)
{
    write_number(w, s.len);
    dtt_write_u8(w, ':');
    dtt_write_slice(w, s);
}

void dtt_bencode_write_text(struct dtt_writer *w, const char *text)
{
    dtt_bencode_write_str(w, dtt_slice(text, strlen(text)));
}

void dtt_bencode_write_int(struct dtt_writer *w, int64_t v)
{
    dtt_write_u8(w, 'i');
    if (v < 0) {
        dtt_write_u8(w, '-');
    }
    write_number(w, v < 0 ? -(uint64_t)v : (uint64_t)v);
    dtt_write_u8(w, 'e');
}
