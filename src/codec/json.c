/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/json.h"

#include "codec/text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

static void put(struct dtt_json *j, const char *s, size_t n)
{
    if (j->len < j->cap) {
        memcpy(j->out + j->len, s, n < j->cap - j->len ? n : j->cap - j->len);
    }
    j->len += n;
}

static void put_text(struct dtt_json *j, const char *s)
{
    put(j, s, strlen(s));
}

/* RFC 8259, section 7. JSON allows DEL unescaped, but it is no good to a terminal. */
static void put_quoted(struct dtt_json *j, struct dtt_slice s)
{
    char escape[8];
    put_text(j, "\"");
    for (size_t i = 0; i < s.len;) {
        uint32_t code;
        size_t n = dtt_utf8_decode(&code, dtt_slice(s.data + i, s.len - i));
        if (n == 0) {
            put_text(j, "\xef\xbf\xbd");
            n = 1;
        } else if (code == '"' || code == '\\') {
            snprintf(escape, sizeof(escape), "\\%c", (char)code);
            put_text(j, escape);
        } else if (code < 0x20 || code == 0x7f) {
            snprintf(escape, sizeof(escape), "\\u%04x", (unsigned)code);
            put_text(j, escape);
        } else {
            put(j, (const char *)s.data + i, n);
        }
        i += n;
    }
    put_text(j, "\"");
}

/* What stands before each value: a comma and the member's name, where they belong. */
static void begin(struct dtt_json *j, const char *name)
{
    bool is_member = j->depth > 0 && (j->arrays >> (j->depth - 1) & 1) == 0;
    assert(is_member == (name != NULL));
    assert(j->depth > 0 || !j->has_value);
    if (j->has_value) {
        put_text(j, ",");
    }
    if (is_member) {
        put_quoted(j, dtt_slice(name, strlen(name)));
        put_text(j, ":");
    }
    j->has_value = true;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): it is written to later */
void dtt_json_init(struct dtt_json *j, char *out, size_t cap)
{
    *j = (struct dtt_json){.out = out, .cap = cap};
}

size_t dtt_json_finish(struct dtt_json *j)
{
    assert(j->depth == 0);
    if (j->cap > 0) {
        j->out[j->len < j->cap ? j->len : j->cap - 1] = '\0';
    }
    return j->len;
}

static void open_level(struct dtt_json *j, const char *name, bool is_array)
{
    begin(j, name);
    assert(j->depth < DTT_JSON_DEPTH_MAX);
    j->arrays &= ~(UINT32_C(1) << j->depth);
    j->arrays |= (uint32_t)is_array << j->depth;
    j->depth++;
    j->has_value = false;
    put_text(j, is_array ? "[" : "{");
}

void dtt_json_object(struct dtt_json *j, const char *name)
{
    open_level(j, name, false);
}

void dtt_json_array(struct dtt_json *j, const char *name)
{
    open_level(j, name, true);
}

void dtt_json_end(struct dtt_json *j)
{
    assert(j->depth > 0);
    j->depth--;
    j->has_value = true;
    put_text(j, j->arrays >> j->depth & 1 ? "]" : "}");
}

void dtt_json_raw(struct dtt_json *j, const char *name, const char *json)
{
    begin(j, name);
    put_text(j, json);
}

void dtt_json_u64(struct dtt_json *j, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    dtt_json_raw(j, name, text);
}

void dtt_json_i64(struct dtt_json *j, const char *name, int64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRId64, value);
    dtt_json_raw(j, name, text);
}

void dtt_json_thousandths(struct dtt_json *j, const char *name, int64_t value)
{
    char text[32];
    uint64_t n = value < 0 ? -(uint64_t)value : (uint64_t)value;
    int len = snprintf(text, sizeof(text), "%s%" PRIu64 ".%03u", value < 0 ? "-" : "", n / 1000,
                       (unsigned)(n % 1000));
    while (text[len - 1] == '0') {
        text[--len] = '\0';
    }
    if (text[len - 1] == '.') {
        text[--len] = '\0';
    }
    dtt_json_raw(j, name, text);
}

void dtt_json_bool(struct dtt_json *j, const char *name, bool value)
{
    dtt_json_raw(j, name, value ? "true" : "false");
}

void dtt_json_utf8(struct dtt_json *j, const char *name, struct dtt_slice text)
{
    begin(j, name);
    put_quoted(j, text);
}

void dtt_json_text(struct dtt_json *j, const char *name, const char *text)
{
    dtt_json_utf8(j, name, dtt_slice(text, strlen(text)));
}

void dtt_json_hex(struct dtt_json *j, const char *name, struct dtt_slice bytes)
{
    char digits[3];
    begin(j, name);
    put_text(j, "\"");
    for (size_t i = 0; i < bytes.len; i++) {
        dtt_hex_encode(digits, dtt_slice(bytes.data + i, 1));
        put(j, digits, 2);
    }
    put_text(j, "\"");
}

void dtt_json_base64(struct dtt_json *j, const char *name, struct dtt_slice bytes)
{
    /* In pieces of three bytes, so that no buffer has to hold it all. */
    char piece[5];
    begin(j, name);
    put_text(j, "\"");
    for (size_t i = 0; i < bytes.len; i += 3) {
        dtt_base64_encode(piece, dtt_slice(bytes.data + i, bytes.len - i < 3 ? bytes.len - i : 3));
        put(j, piece, 4);
    }
    put_text(j, "\"");
}

void dtt_json_id(struct dtt_json *j, const char *name, const struct dtt_id *id)
{
    dtt_json_hex(j, name, dtt_slice(id->bytes, sizeof(id->bytes)));
}

void dtt_json_addr(struct dtt_json *j, const char *name, const struct dtt_addr *addr)
{
    char text[DTT_ADDR_TEXT_MAX];
    dtt_addr_format(addr, text);
    dtt_json_text(j, name, text);
}
