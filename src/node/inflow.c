/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/inflow.h"

#include <assert.h>
#include <stdlib.h>

struct dtt_gossip_stream *dtt_inflow_get(struct dtt_inflow *f, size_t *all, dtt_quic_conn conn,
                                         int64_t stream)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->streams[i].conn == conn && f->streams[i].stream == stream) {
            return &f->streams[i].frames;
        }
    }
    if (f->n == DTT_INFLOW_MAX || *all == DTT_INFLOW_ALL_MAX) {
        return NULL;
    }
    struct dtt_inflow_stream *grown = realloc(f->streams, (f->n + 1) * sizeof(*grown));
    if (!grown) {
        return NULL;
    }
    f->streams = grown;
    struct dtt_inflow_stream *s = &f->streams[f->n++];
    *s = (struct dtt_inflow_stream){.conn = conn, .stream = stream};
    dtt_gossip_stream_init(&s->frames);
    (*all)++;
    return &s->frames;
}

static void drop(struct dtt_inflow *f, size_t *all, size_t i)
{
    assert(*all > 0);
    dtt_gossip_stream_fini(&f->streams[i].frames);
    f->streams[i] = f->streams[--f->n];
    (*all)--;
}

void dtt_inflow_end(struct dtt_inflow *f, size_t *all, dtt_quic_conn conn, int64_t stream)
{
    for (size_t i = f->n; i > 0; i--) {
        if (f->streams[i - 1].conn == conn && (stream < 0 || f->streams[i - 1].stream == stream)) {
            drop(f, all, i - 1);
        }
    }
}

bool dtt_inflow_has(const struct dtt_inflow *f, dtt_quic_conn conn)
{
    size_t i = 0;
    while (i < f->n && f->streams[i].conn != conn) {
        i++;
    }
    return i < f->n;
}

void dtt_inflow_fini(struct dtt_inflow *f, size_t *all)
{
    while (f->n > 0) {
        drop(f, all, f->n - 1);
    }
    free(f->streams);
}
