/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/stream.h"

#include "gossip/gossip_wire.h"

#include <stdlib.h>

#define LENGTH_BYTES 4

void dtt_gossip_stream_init(struct dtt_gossip_stream *s)
{
    memset(s, 0, sizeof(*s));
}

void dtt_gossip_stream_fini(struct dtt_gossip_stream *s)
{
    free(s->buf);
    memset(s, 0, sizeof(*s));
}

/* Bytes of the frame whose 4 length bytes begin at `p`, or DTT_EPROTO. */
static int frame_size(const struct dtt_gossip_stream *s, const uint8_t *p)
{
    uint32_t len = dtt_get_be32(p);
    bool fits = s->has_topic ? len <= DTT_GOSSIP_FRAME_MAX : len == sizeof(s->topic.bytes);
    return fits ? (int)(LENGTH_BYTES + len) : DTT_EPROTO;
}

/* Moves bytes from *in to the buffer until it holds `want`; false when there were not enough. */
static bool collect(struct dtt_gossip_stream *s, struct dtt_slice *in, size_t want)
{
    size_t n = s->len < want ? want - s->len : 0;
    if (n > in->len) {
        n = in->len;
    }
    if (n) {
        memcpy(s->buf + s->len, in->data, n);
        s->len += n;
        in->data += n;
        in->len -= n;
    }
    return s->len >= want;
}

/* One whole frame, or 0 when *in is used up. */
static int next_frame(struct dtt_gossip_stream *s, struct dtt_slice *in, struct dtt_slice *ret)
{
    if (s->len == 0) {
        /* The caller is done with the payload that was returned from the buffer. */
        free(s->buf);
        s->buf = NULL;
        if (in->len == 0) {
            return 0;
        }
        int size = in->len >= LENGTH_BYTES ? frame_size(s, in->data) : 0;
        if (size < 0) {
            return size;
        }
        if (size > 0 && in->len >= (size_t)size) {
            *ret = dtt_slice(in->data + LENGTH_BYTES, (size_t)size - LENGTH_BYTES);
            in->data += size;
            in->len -= (size_t)size;
            return 1;
        }
        s->buf = malloc(LENGTH_BYTES + DTT_GOSSIP_FRAME_MAX);
        if (!s->buf) {
            return DTT_ENOMEM;
        }
    }
    if (!collect(s, in, LENGTH_BYTES)) {
        return 0;
    }
    int size = frame_size(s, s->buf);
    if (size < 0) {
        return size;
    }
    if (!collect(s, in, (size_t)size)) {
        return 0;
    }
    *ret = dtt_slice(s->buf + LENGTH_BYTES, (size_t)size - LENGTH_BYTES);
    s->len = 0;
    return 1;
}

int dtt_gossip_stream_feed(struct dtt_gossip_stream *s, struct dtt_slice *in, struct dtt_slice *ret)
{
    struct dtt_slice payload;
    int n = next_frame(s, in, &payload);
    if (n == 1 && !s->has_topic) {
        memcpy(s->topic.bytes, payload.data, sizeof(s->topic.bytes));
        s->has_topic = true;
        n = next_frame(s, in, &payload);
    }
    if (n == 1) {
        *ret = payload;
    }
    return n;
}

int dtt_gossip_stream_end(const struct dtt_gossip_stream *s)
{
    return s->len > LENGTH_BYTES ? DTT_EPROTO : DTT_OK;
}

void dtt_gossip_stream_header(uint8_t out[DTT_GOSSIP_HEADER_FRAME],
                              const struct dtt_gossip_topic_id *topic)
{
    dtt_put_be32(out, sizeof(topic->bytes));
    memcpy(out + LENGTH_BYTES, topic->bytes, sizeof(topic->bytes));
}
