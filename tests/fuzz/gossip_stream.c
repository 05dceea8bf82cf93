/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A stream gives the same payloads and the same end whatever the pieces it comes in. */
#include "gossip/gossip_wire.h"
#include "gossip/stream.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct outcome {
    size_t payloads, bytes;
    uint32_t sum;
    int last, end;
};

/* The first byte of the input sizes the pieces. */
static struct outcome feed(const uint8_t *data, size_t len, size_t piece)
{
    struct outcome o = {0};
    struct dtt_gossip_stream s;
    dtt_gossip_stream_init(&s);
    while (len > 0 && o.last == 0) {
        size_t n = piece < len ? piece : len;
        struct dtt_slice in = dtt_slice(data, n);
        struct dtt_slice payload;
        while ((o.last = dtt_gossip_stream_feed(&s, &in, &payload)) == 1) {
            if (payload.len > DTT_GOSSIP_FRAME_MAX) {
                abort();
            }
            o.payloads++;
            o.bytes += payload.len;
            for (size_t i = 0; i < payload.len; i++) {
                o.sum = o.sum * 31 + payload.data[i];
            }
        }
        if (o.last == 0 && in.len != 0) {
            abort();
        }
        data += n;
        len -= n;
    }
    o.end = o.last == 0 ? dtt_gossip_stream_end(&s) : 0;
    dtt_gossip_stream_fini(&s);
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    if (len == 0) {
        return 0;
    }
    struct outcome whole = feed(data + 1, len - 1, len);
    struct outcome parts = feed(data + 1, len - 1, 1 + data[0] % 64);
    if (whole.payloads != parts.payloads || whole.bytes != parts.bytes || whole.sum != parts.sum ||
        whole.last != parts.last || whole.end != parts.end) {
        abort();
    }
    return 0;
}
