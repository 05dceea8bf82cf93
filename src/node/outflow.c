/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/outflow.h"

#include "gossip/stream.h"

#include <assert.h>
#include <stdlib.h>

struct waiting {
    struct dtt_gossip_topic_id topic;
    uint8_t *payload;
    size_t len;
    struct dtt_gossip_blob *own; /* a reference, or NULL */
    bool last;
};

void dtt_outflow_init(struct dtt_outflow *f)
{
    memset(f, 0, sizeof(*f));
    dtt_ring_init(&f->queue, sizeof(struct waiting), DTT_OUTFLOW_QUEUE);
}

static void pop(struct dtt_outflow *f)
{
    struct waiting *w = dtt_ring_front(&f->queue);
    assert(f->queued_bytes >= w->len);
    f->queued_bytes -= w->len;
    free(w->payload);
    dtt_gossip_blob_unref(w->own);
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

int dtt_outflow_queue(struct dtt_outflow *f, const struct dtt_outflow_message *m)
{
    uint8_t *copy = malloc(m->payload.len ? m->payload.len : 1);
    struct waiting *w = copy ? dtt_ring_push(&f->queue) : NULL;
    if (!w) {
        free(copy);
        return copy ? DTT_EFULL : DTT_ENOMEM;
    }
    if (m->payload.len) {
        memcpy(copy, m->payload.data, m->payload.len);
    }
    *w = (struct waiting){.topic = *m->topic,
                          .payload = copy,
                          .len = m->payload.len,
                          .own = dtt_gossip_blob_ref(m->own),
                          .last = m->last};
    f->queued_bytes += m->payload.len;
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
                     struct dtt_flight *flight, const struct dtt_outflow_message *m)
{
    uint8_t frame[4 + DTT_GOSSIP_PAYLOAD_MAX];
    size_t i;
    if (m->payload.len > DTT_GOSSIP_PAYLOAD_MAX) {
        return DTT_ETOOBIG;
    }
    dtt_put_be32(frame, (uint32_t)m->payload.len);
    if (m->payload.len) {
        memcpy(frame + 4, m->payload.data, m->payload.len);
    }
    int err = find_stream(f, t, conn, m->topic, &i);
    if (!err) {
        err = t->ops->write(t->self, conn, f->streams[i].stream,
                            dtt_slice(frame, 4 + m->payload.len), m->last);
    }
    if (!err && m->own) {
        /* Not followed: as if this peer never acknowledged it. */
        (void)dtt_flight_add(flight, t, conn, f->streams[i].stream, m->own);
    }
    if (!err && m->last) {
        f->streams[i] = f->streams[--f->n];
    }
    return err;
}

bool dtt_outflow_find(const struct dtt_outflow *f, const struct dtt_gossip_topic_id *topic,
                      int64_t *ret)
{
    for (size_t i = 0; i < f->n; i++) {
        if (memcmp(&f->streams[i].topic, topic, sizeof(*topic)) == 0) {
            *ret = f->streams[i].stream;
            return true;
        }
    }
    return false;
}

const struct dtt_gossip_topic_id *dtt_outflow_topic(struct dtt_outflow *f, size_t i)
{
    return &((const struct waiting *)dtt_ring_at(&f->queue, i))->topic;
}

int dtt_outflow_flush(struct dtt_outflow *f, const struct dtt_gossip *g,
                      const struct dtt_transport *t, dtt_quic_conn conn, struct dtt_flight *flight)
{
    int err = DTT_OK;
    while (!err && f->queue.count > 0) {
        uint8_t anew[DTT_GOSSIP_PAYLOAD_MAX];
        struct dtt_writer renewed = dtt_writer(anew, sizeof(anew));
        const struct waiting *w = dtt_ring_front(&f->queue);
        struct dtt_outflow_message m = {.topic = &w->topic,
                                        .payload = dtt_slice(w->payload, w->len),
                                        .own = w->own,
                                        .last = w->last};
        if (dtt_gossip_renew(g, m.payload, &renewed)) {
            m.payload = dtt_slice(anew, renewed.len);
        }
        err = dtt_outflow_send(f, t, conn, flight, &m);
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
