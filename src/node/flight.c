/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/flight.h"

/* So many marks are added before the ones that are over are looked for. */
#define SETTLE_EVERY 64

struct mark {
    int64_t stream;
    uint64_t end; /* of the message, as dtt_transport_ops.progress counts */
    struct dtt_gossip_blob *blob;
};

void dtt_flight_init(struct dtt_flight *f)
{
    dtt_ring_init(&f->marks, sizeof(struct mark), DTT_FLIGHT_MAX);
}

bool dtt_flight_fini(struct dtt_flight *f)
{
    bool is_any = f->marks.count > 0;
    struct mark m;
    while (dtt_ring_take(&f->marks, &m)) {
        dtt_gossip_blob_unref(m.blob);
    }
    dtt_ring_fini(&f->marks);
    return is_any;
}

int dtt_flight_add(struct dtt_flight *f, const struct dtt_transport *t, dtt_quic_conn conn,
                   int64_t stream, struct dtt_gossip_blob *blob)
{
    uint64_t written, acked;
    if (f->marks.count % SETTLE_EVERY == 0) {
        dtt_flight_settle(f, t, conn);
    }
    if (!t->ops->progress(t->self, conn, stream, &written, &acked)) {
        return DTT_ECLOSED;
    }
    struct mark *m = dtt_ring_push(&f->marks);
    if (!m) {
        return f->marks.count == DTT_FLIGHT_MAX ? DTT_EFULL : DTT_ENOMEM;
    }
    *m = (struct mark){.stream = stream, .end = written, .blob = dtt_gossip_blob_ref(blob)};
    return DTT_OK;
}

void dtt_flight_settle(struct dtt_flight *f, const struct dtt_transport *t, dtt_quic_conn conn)
{
    const struct mark *m;
    uint64_t written, acked;
    while ((m = dtt_ring_front(&f->marks)) != NULL &&
           t->ops->progress(t->self, conn, m->stream, &written, &acked) && acked >= m->end) {
        dtt_gossip_blob_taken(m->blob);
        dtt_gossip_blob_unref(m->blob);
        dtt_ring_pop(&f->marks);
    }
}

void dtt_flight_stop(struct dtt_flight *f, int64_t stream)
{
    for (size_t n = f->marks.count; n > 0; n--) {
        struct mark m;
        struct mark *kept = NULL;
        dtt_ring_take(&f->marks, &m);
        if (m.stream != stream) {
            kept = dtt_ring_push(&f->marks);
        }
        if (kept) {
            *kept = m;
        } else {
            dtt_gossip_blob_unref(m.blob);
        }
    }
}
