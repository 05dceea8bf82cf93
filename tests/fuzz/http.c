/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Answers of HTTP servers: the reader is total, and the size of the pieces does not matter. */
#include "codec/http.h"

#include <stdlib.h>

#define BODY 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_in_pieces(struct dtt_http_answer *a, uint8_t body[BODY], struct dtt_slice in,
                           size_t piece)
{
    dtt_http_answer_init(a, body, BODY);
    for (size_t at = 0; at < in.len; at += piece) {
        size_t left = in.len - at;
        dtt_http_answer_recv(a, dtt_slice(in.data + at, left < piece ? left : piece));
    }
    dtt_http_answer_end(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t body[BODY], again[BODY];
    struct dtt_http_answer a, b;
    const struct dtt_slice in = dtt_slice(data, size);
    read_in_pieces(&a, body, in, size + 1);
    read_in_pieces(&b, again, in, 3);
    if (!dtt_http_answer_is_over(&a) || a.state != b.state || a.status != b.status) {
        abort();
    }
    if (a.state == DTT_HTTP_DONE &&
        !dtt_slice_eq(dtt_slice(body, a.body.len), dtt_slice(again, b.body.len))) {
        abort();
    }
    return 0;
}
