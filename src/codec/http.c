/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/http.h"

#include "codec/text.h"

#define STATUS_OK 200
#define STATUS_FINAL 200 /* below: interim answers */
#define RETRY_AFTER_MAX_S 86400

void dtt_http_write_field(struct dtt_writer *w, const char *name, const char *value)
{
    dtt_write_text(w, name);
    dtt_write_text(w, ": ");
    dtt_write_text(w, value);
    dtt_write_text(w, "\r\n");
}

/* ---- the head */

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

static int on_line(struct dtt_http_head *h)
{
    if (h->line_len > 0 && h->line[h->line_len - 1] == '\r') {
        h->line_len--;
    }
    h->line[h->line_len] = '\0';
    bool is_empty = h->line_len == 0;
    h->line_len = 0;
    if (h->status == 0) {
        h->status = read_status(h->line);
        return h->status < 100 ? DTT_EPROTO : DTT_HTTP_MORE;
    }
    return is_empty ? DTT_HTTP_END : DTT_HTTP_FIELD;
}

int dtt_http_head_take(struct dtt_http_head *h, uint8_t byte)
{
    if (++h->len > DTT_HTTP_HEAD_MAX) {
        return DTT_ETOOBIG;
    }
    if (byte == '\n') {
        return on_line(h);
    }
    if (byte == 0) {
        return DTT_EPROTO;
    }
    if (h->line_len < DTT_HTTP_LINE_MAX - 1) {
        h->line[h->line_len++] = (char)byte;
    }
    return DTT_HTTP_MORE;
}

bool dtt_http_is(const char *value, const char *word)
{
    size_t n = dtt_text_begins(value, word);
    return n > 0 && value[n] == '\0';
}

const char *dtt_http_field(struct dtt_http_head *h, const char *name)
{
    char *at = h->line + dtt_text_begins(h->line, name);
    if (at == h->line || *at != ':') {
        return NULL;
    }
    at += 1 + strspn(at + 1, " \t");
    for (size_t n = strlen(at); n > 0 && strchr(" \t", at[n - 1]); n--) {
        at[n - 1] = '\0';
    }
    return at;
}

/* ---- the answer */

void dtt_http_answer_init(struct dtt_http_answer *a, void *body, size_t cap)
{
    *a = (struct dtt_http_answer){.body = dtt_writer(body, cap)};
}

static void fail(struct dtt_http_answer *a, const char *why)
{
    a->state = DTT_HTTP_BROKEN;
    a->why = why;
}

/* A number of at most `max`, and nothing behind it. */
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
    return at > text && *at == '\0';
}

static void on_field(struct dtt_http_answer *a)
{
    size_t n;
    const char *value = dtt_http_field(&a->head, "content-length");
    if (value) {
        if (!read_number(value, SIZE_MAX / 16, &n) || (a->has_length && n != a->length)) {
            fail(a, "the server's answer has no length");
            return;
        }
        a->has_length = true;
        a->length = n;
    }
    value = dtt_http_field(&a->head, "retry-after");
    if (value && read_number(value, RETRY_AFTER_MAX_S, &n)) {
        a->retry_after_s = (uint32_t)n;
    }
    a->is_chunked |= dtt_http_field(&a->head, "transfer-encoding") != NULL;
}

static void on_head(struct dtt_http_answer *a)
{
    a->status = a->head.status;
    if (a->status < STATUS_FINAL) { /* another head follows; together they have one bound */
        a->head.status = 0;
        a->has_length = a->is_chunked = false;
        a->length = 0;
        a->retry_after_s = 0;
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

static void on_head_byte(struct dtt_http_answer *a, uint8_t byte)
{
    switch (dtt_http_head_take(&a->head, byte)) {
    case DTT_HTTP_MORE: break;
    case DTT_HTTP_FIELD: on_field(a); break;
    case DTT_HTTP_END: on_head(a); break;
    case DTT_ETOOBIG: fail(a, "the head of the server's answer does not end"); break;
    default: fail(a, "the server's answer is no HTTP"); break;
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
    while (at < bytes.len && a->state == DTT_HTTP_HEAD) {
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
