/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/flight.h"

/* So many marks are added before the ones that are over are looked for. */
#define SETTLE_EVERY 64

struct mark {
    int64_t stream;
    uint64_t end;      /* of the message, as dtt_transport_ops.progress counts */
    uint64_t until_ns; /* DTT_NEVER, or the peer has left the topic: how long it is kept yet */
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
    *m = (struct mark){
        .stream = stream, .end = written, .until_ns = DTT_NEVER, .blob = dtt_gossip_blob_ref(blob)};
    return DTT_OK;
}

static void settle(struct dtt_flight *f, const struct dtt_transport *t, dtt_quic_conn conn,
                   bool is_over)
{
    const struct mark *m;
    uint64_t written, acked;
    while ((m = dtt_ring_front(&f->marks)) != NULL && (m->until_ns == DTT_NEVER || is_over) &&
           t->ops->progress(t->self, conn, m->stream, &written, &acked) && acked >= m->end) {
        dtt_gossip_blob_taken(m->blob);
        dtt_gossip_blob_unref(m->blob);
        dtt_ring_pop(&f->marks);
    }
}

void dtt_flight_settle(struct dtt_flight *f, const struct dtt_transport *t, dtt_quic_conn conn)
{
    settle(f, t, conn, false);
}

void dtt_flight_end(struct dtt_flight *f, const struct dtt_transport *t, dtt_quic_conn conn)
{
    settle(f, t, conn, true);
}

/* Of each mark of the stream; none is kept for longer than it was to be before. */
static void keep_until(struct dtt_flight *f, int64_t stream, uint64_t until_ns)
{
    for (size_t i = 0; i < f->marks.count; i++) {
        struct mark *m = dtt_ring_at(&f->marks, i);
        if (m->stream == stream && m->until_ns > until_ns) {
            m->until_ns = until_ns;
        }
    }
}

void dtt_flight_stop(struct dtt_flight *f, int64_t stream)
{
    keep_until(f, stream, 0);
    (void)dtt_flight_over(f, (struct dtt_now){0});
}

void dtt_flight_part(struct dtt_flight *f, struct dtt_now now, int64_t stream)
{
    keep_until(f, stream, now.mono_ns + DTT_FLIGHT_PART_NS);
}

bool dtt_flight_over(struct dtt_flight *f, struct dtt_now now)
{
    bool is_any = false;
    for (size_t n = f->marks.count; n > 0; n--) {
        struct mark m;
        dtt_ring_take(&f->marks, &m);
        struct mark *kept = m.until_ns > now.mono_ns ? dtt_ring_push(&f->marks) : NULL;
        if (kept) {
            *kept = m;
            is_any |= m.until_ns != DTT_NEVER;
        } else {
            dtt_gossip_blob_unref(m.blob);
        }
    }
    return is_any;
}
