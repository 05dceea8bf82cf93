/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/outflow.h"

#include "gossip/stream.h"

#include <assert.h>
#include <stdlib.h>

struct message {
    struct dtt_gossip_topic_id topic;
    uint8_t *payload;
    size_t len;
    bool last;
};

void dtt_outflow_init(struct dtt_outflow *f)
{
    memset(f, 0, sizeof(*f));
    dtt_ring_init(&f->queue, sizeof(struct message), DTT_OUTFLOW_QUEUE);
}

static void pop(struct dtt_outflow *f)
{
    struct message *m = dtt_ring_front(&f->queue);
    assert(f->queued_bytes >= m->len);
    f->queued_bytes -= m->len;
    free(m->payload);
    dtt_ring_pop(&f->queue);
}

void dtt_outflow_fini(struct dtt_outflow *f)
{
    while (f->queue.count > 0) {
        pop(f);
    }
    dtt_ring_fini(&f->queue);
    free(f->streams);
}

int dtt_outflow_queue(struct dtt_outflow *f, const struct dtt_gossip_topic_id *topic,
                      struct dtt_slice payload, bool last)
{
    uint8_t *copy = malloc(payload.len ? payload.len : 1);
    struct message *m = copy ? dtt_ring_push(&f->queue) : NULL;
    if (!m) {
        free(copy);
        return copy ? DTT_EFULL : DTT_ENOMEM;
    }
    if (payload.len) {
        memcpy(copy, payload.data, payload.len);
    }
    *m = (struct message){.topic = *topic, .payload = copy, .len = payload.len, .last = last};
    f->queued_bytes += payload.len;
    return DTT_OK;
}

/* Our stream of `topic`, opened when needed. */
static int find_stream(struct dtt_outflow *f, const struct dtt_transport *t, dtt_quic_conn conn,
                       const struct dtt_gossip_topic_id *topic, size_t *ret)
{
    for (*ret = 0; *ret < f->n; (*ret)++) {
        if (memcmp(&f->streams[*ret].topic, topic, sizeof(*topic)) == 0) {
            return DTT_OK;
        }
    }
    struct dtt_outflow_stream *grown = realloc(f->streams, (f->n + 1) * sizeof(*grown));
    if (!grown) {
        return DTT_ENOMEM;
    }
    f->streams = grown;
    int64_t stream;
    int err = t->ops->open_uni(t->self, conn, &stream);
    if (err) {
        return err;
    }
    f->streams[f->n++] = (struct dtt_outflow_stream){.topic = *topic, .stream = stream};
    uint8_t header[DTT_GOSSIP_HEADER_FRAME];
    dtt_gossip_stream_header(header, topic);
    return t->ops->write(t->self, conn, stream, dtt_slice(header, sizeof(header)), false);
}

int dtt_outflow_send(struct dtt_outflow *f, const struct dtt_transport *t, dtt_quic_conn conn,
                     const struct dtt_gossip_topic_id *topic, struct dtt_slice payload, bool last)
{
    uint8_t frame[4 + DTT_GOSSIP_PAYLOAD_MAX];
    size_t i;
    if (payload.len > DTT_GOSSIP_PAYLOAD_MAX) {
        return DTT_ETOOBIG;
    }
    dtt_put_be32(frame, (uint32_t)payload.len);
    if (payload.len) {
        memcpy(frame + 4, payload.data, payload.len);
    }
    int err = find_stream(f, t, conn, topic, &i);
    if (!err) {
        err = t->ops->write(t->self, conn, f->streams[i].stream, dtt_slice(frame, 4 + payload.len),
                            last);
    }
    if (!err && last) {
        f->streams[i] = f->streams[--f->n];
    }
    return err;
}

const struct dtt_gossip_topic_id *dtt_outflow_topic(struct dtt_outflow *f, size_t i)
{
    return &((const struct message *)dtt_ring_at(&f->queue, i))->topic;
}

int dtt_outflow_flush(struct dtt_outflow *f, const struct dtt_transport *t, dtt_quic_conn conn)
{
    int err = DTT_OK;
    while (!err && f->queue.count > 0) {
        const struct message *m = dtt_ring_front(&f->queue);
        err = dtt_outflow_send(f, t, conn, &m->topic, dtt_slice(m->payload, m->len), m->last);
        pop(f);
    }
    return err;
}

void dtt_outflow_end(struct dtt_outflow *f, const struct dtt_transport *t, dtt_quic_conn conn)
{
    while (f->n > 0) {
        t->ops->write(t->self, conn, f->streams[--f->n].stream, dtt_slice(NULL, 0), true);
    }
}

void dtt_outflow_forget(struct dtt_outflow *f)
{
    f->n = 0;
}
