/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "codec/bencode.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void walk(struct dtt_reader *r)
{
    while (!dtt_bencode_read_close(r)) {
        switch (dtt_bencode_peek(r)) {
        case 'i': dtt_bencode_read_int(r); break;
        case 's': dtt_bencode_read_str(r); break;
        default: dtt_bencode_read_any(r, NULL); break;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    bool canonical = false;
    struct dtt_reader r = dtt_reader(dtt_slice(data, len));
    struct dtt_slice any = dtt_bencode_read_any(&r, &canonical);
    /* What was read stays inside, and reads the same again. */
    if (!r.failed) {
        bool again = false;
        struct dtt_reader second = dtt_reader(any);
        if (any.data != data || any.len > len) {
            abort();
        }
        dtt_bencode_read_any(&second, &again);
        if (second.failed || dtt_reader_left(&second) != 0 || again != canonical) {
            abort();
        }
    }
    r = dtt_reader(dtt_slice(data, len));
    if (dtt_bencode_peek(&r) == 'd' && dtt_bencode_read_open(&r, 'd')) {
        walk(&r);
    } else if (dtt_bencode_peek(&r) == 'l' && dtt_bencode_read_open(&r, 'l')) {
        walk(&r);
    }
    return 0;
}
