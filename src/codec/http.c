/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/http.h"

#define STATUS_OK 200
#define STATUS_FINAL 200 /* below: interim answers */
#define RETRY_AFTER_MAX_S 86400

void dtt_http_answer_init(struct dtt_http_answer *a, void *body, size_t cap)
{
    *a = (struct dtt_http_answer){.body = dtt_writer(body, cap)};
}

static void fail(struct dtt_http_answer *a, const char *why)
{
    a->state = DTT_HTTP_BROKEN;
    a->why = why;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The value of a field with this name, without blanks before it; NULL: another field. */
static const char *value_of(const char *line, const char *name)
{
    for (; *name; name++, line++) {
        if (lower(*line) != *name) {
            return NULL;
        }
    }
    if (*line != ':') {
        return NULL;
    }
    return line + 1 + strspn(line + 1, " \t");
}

/* A number of at most `max`, and nothing but blanks behind it. */
static bool read_number(const char *text, size_t max, size_t *ret)
{
    size_t n = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        n = 10 * n + (size_t)(*at - '0');
        if (n > max) {
            return false;
        }
    }
    *ret = n;
    return at > text && at[strspn(at, " \t")] == '\0';
}

/* "HTTP/1.x NNN", and a reason that nobody reads; 0: something else. */
static unsigned read_status(const char *line)
{
    unsigned status = 0;
    if (strncmp(line, "HTTP/1.0 ", 9) != 0 && strncmp(line, "HTTP/1.1 ", 9) != 0) {
        return 0;
    }
    for (size_t i = 9; i < 12; i++) {
        if (line[i] < '0' || line[i] > '9') {
            return 0;
        }
        status = 10 * status + (unsigned)(line[i] - '0');
    }
    return line[12] == ' ' || line[12] == '\0' ? status : 0;
}

static void on_status_line(struct dtt_http_answer *a)
{
    a->status = read_status(a->line);
    if (a->status < 100) {
        fail(a, "the server's answer is no HTTP");
        return;
    }
    a->has_length = a->is_chunked = false;
    a->length = 0;
    a->retry_after_s = 0;
    a->state = DTT_HTTP_FIELDS;
}

static void on_field(struct dtt_http_answer *a)
{
    size_t n;
    const char *value = value_of(a->line, "content-length");
    if (value) {
        if (!read_number(value, SIZE_MAX / 16, &n) || (a->has_length && n != a->length)) {
            fail(a, "the server's answer has no length");
            return;
        }
        a->has_length = true;
        a->length = n;
    }
    value = value_of(a->line, "retry-after");
    if (value && read_number(value, RETRY_AFTER_MAX_S, &n)) {
        a->retry_after_s = (uint32_t)n;
    }
    a->is_chunked |= value_of(a->line, "transfer-encoding") != NULL;
}

static void on_head(struct dtt_http_answer *a)
{
    if (a->status < STATUS_FINAL) {
        a->state = DTT_HTTP_STATUS_LINE;
    } else if (a->status != STATUS_OK || (a->has_length && a->length == 0)) {
        a->state = DTT_HTTP_DONE;
    } else if (a->is_chunked) {
        fail(a, "the server's answer comes in chunks");
    } else if (a->has_length && a->length > a->body.cap) {
        fail(a, "the server's answer is too long");
    } else {
        a->state = DTT_HTTP_BODY;
    }
}

static void on_line(struct dtt_http_answer *a)
{
    if (a->line_len > 0 && a->line[a->line_len - 1] == '\r') {
        a->line_len--;
    }
    a->line[a->line_len] = '\0';
    if (a->state == DTT_HTTP_STATUS_LINE) {
        on_status_line(a);
    } else if (a->line_len == 0) {
        on_head(a);
    } else {
        on_field(a);
    }
    a->line_len = 0;
}

static void on_head_byte(struct dtt_http_answer *a, uint8_t byte)
{
    if (++a->head_len > DTT_HTTP_HEAD_MAX) {
        fail(a, "the head of the server's answer does not end");
    } else if (byte == '\n') {
        on_line(a);
    } else if (byte == 0) {
        fail(a, "the server's answer is no HTTP");
    } else if (a->line_len < DTT_HTTP_LINE_MAX - 1) {
        a->line[a->line_len++] = (char)byte;
    }
}

static void on_body(struct dtt_http_answer *a, struct dtt_slice bytes)
{
    size_t left = a->has_length ? a->length - a->body.len : bytes.len;
    dtt_write(&a->body, bytes.data, bytes.len < left ? bytes.len : left);
    if (a->body.failed) {
        fail(a, "the server's answer is too long");
    } else if (a->has_length && a->body.len == a->length) {
        a->state = DTT_HTTP_DONE;
    }
}

void dtt_http_answer_recv(struct dtt_http_answer *a, struct dtt_slice bytes)
{
    size_t at = 0;
    while (at < bytes.len && a->state < DTT_HTTP_BODY) {
        on_head_byte(a, bytes.data[at++]);
    }
    if (a->state == DTT_HTTP_BODY && at < bytes.len) {
        on_body(a, dtt_slice(bytes.data + at, bytes.len - at));
    }
}

void dtt_http_answer_end(struct dtt_http_answer *a)
{
    if (a->state == DTT_HTTP_BODY && !a->has_length) {
        a->state = DTT_HTTP_DONE;
    } else if (!dtt_http_answer_is_over(a)) {
        fail(a, "the server's answer ends too early");
    }
}
