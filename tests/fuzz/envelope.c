/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Signed messages: what is read lies within the input, and written again it is read alike. */
#include "author/envelope.h"
#include "crypto/ed25519.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool lies_in(struct dtt_slice part, struct dtt_slice whole)
{
    return part.len == 0 ||
           (part.data >= whole.data && part.data + part.len <= whole.data + whole.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint8_t seed[32] = {1};
    static uint8_t out[8192];
    struct dtt_writer w = dtt_writer(out, sizeof(out));
    struct dtt_slice in = dtt_slice(data, len);
    struct dtt_envelope e;
    struct dtt_envelope again;
    if (len > 4096 || dtt_envelope_read(in, &e) != DTT_OK) {
        return 0;
    }
    if (!lies_in(e.data, in) || !lies_in(e.content, e.data) ||
        !lies_in(dtt_slice(e.signature, 64), in)) {
        abort();
    }
    (void)dtt_envelope_is_good(&e);
    dtt_ed25519_public_key(e.author.bytes, seed);
    dtt_envelope_write(&w, &e, seed);
    if (w.failed || dtt_envelope_read(dtt_slice(out, w.len), &again) != DTT_OK ||
        !dtt_envelope_is_good(&again) || again.kind != e.kind || again.seq != e.seq ||
        again.sent_ms != e.sent_ms || again.is_dated != e.is_dated ||
        !dtt_slice_eq(again.content, e.content)) {
        abort();
    }
    return 0;
}
