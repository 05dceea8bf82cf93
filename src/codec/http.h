/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The answer of an HTTP/1.1 server (RFC 9112) to one request, read as it comes. Nothing is
 * allocated: a head is of bounded length, a line of it counts for its beginning only, and a body
 * goes into a buffer of the caller's. A body in chunks is refused.
 */
#ifndef DTT_CODEC_HTTP_H
#define DTT_CODEC_HTTP_H

#include "base/bytes.h"

#include <dtt/types.h>

#define DTT_HTTP_HEAD_MAX 8192
#define DTT_HTTP_LINE_MAX 128 /**< longer lines are cut: none of those that count is */

/** A field of a request with the end of its line. */
void dtt_http_write_field(struct dtt_writer *w, const char *name, const char *value);

/** The head of an answer. Zero it first. */
struct dtt_http_head {
    unsigned status; /**< 0: the status line has not come yet */
    size_t len;
    size_t line_len;
    char line[DTT_HTTP_LINE_MAX];
};

enum dtt_http_step { DTT_HTTP_MORE, DTT_HTTP_FIELD, DTT_HTTP_END };

/**
 * The next byte: whether it completes a field, or the head, or neither (enum dtt_http_step).
 * DTT_EPROTO: this is not HTTP; DTT_ETOOBIG: it does not end.
 */
int dtt_http_head_take(struct dtt_http_head *h, uint8_t byte);
/** Value of the field that is complete, without blanks around it; NULL: it is not `name`, in small
 * letters. Valid until the next byte. */
const char *dtt_http_field(struct dtt_http_head *h, const char *name);
/** Whether a value is `word`, which is in small letters; its own case does not matter. */
bool dtt_http_is(const char *value, const char *word);

enum dtt_http_state {
    DTT_HTTP_HEAD,
    DTT_HTTP_BODY,
    DTT_HTTP_DONE,
    DTT_HTTP_BROKEN /**< `why` tells */
};

struct dtt_http_answer {
    enum dtt_http_state state;
    const char *why;        /**< a clause with a subject; static */
    unsigned status;        /**< of DONE; an interim answer (1xx) is passed over */
    uint32_t retry_after_s; /**< 0: it does not say, or tells a date */
    struct dtt_writer body; /**< of an answer 200; others have theirs not read */
    bool has_length;        /**< else the body ends with the stream */
    bool is_chunked;
    size_t length;
    struct dtt_http_head head;
};

/** `body`: `cap` bytes that outlive the answer. */
void dtt_http_answer_init(struct dtt_http_answer *a, void *body, size_t cap);
/** The next bytes of the stream. What follows the answer is ignored. */
void dtt_http_answer_recv(struct dtt_http_answer *a, struct dtt_slice bytes);
/** The stream has ended. */
void dtt_http_answer_end(struct dtt_http_answer *a);
static inline bool dtt_http_answer_is_over(const struct dtt_http_answer *a)
{
    return a->state == DTT_HTTP_DONE || a->state == DTT_HTTP_BROKEN;
}

#endif
