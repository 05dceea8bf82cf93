/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/transport.h"

static int quic_open(void **ret, struct dtt_ctx *ctx, const struct dtt_quic_config *cfg,
                     struct dtt_now now)
{
    struct dtt_quic *q;
    int err = dtt_quic_new(&q, ctx, cfg, now);
    if (!err) {
        *ret = q;
    }
    return err;
}

static void quic_free(void *t)
{
    dtt_quic_free(t);
}

static void quic_recv(void *t, struct dtt_now now, const struct dtt_addr *local,
                      const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram)
{
    dtt_quic_recv(t, now, local, remote, ecn, datagram);
}

static void quic_unreachable(void *t, struct dtt_now now, const struct dtt_addr *remote)
{
    dtt_quic_unreachable(t, now, remote);
}

static int quic_dial(void *t, struct dtt_now now, const struct dtt_id *peer,
                     const struct dtt_addr *local, const struct dtt_addr *remote,
                     dtt_quic_conn *ret)
{
    return dtt_quic_dial(t, now, peer, local, remote, ret);
}

static int quic_open_uni(void *t, dtt_quic_conn conn, int64_t *ret_stream)
{
    return dtt_quic_open_uni(t, conn, ret_stream);
}

static int quic_write(void *t, dtt_quic_conn conn, int64_t stream, struct dtt_slice data, bool fin)
{
    return dtt_quic_write(t, conn, stream, data, fin);
}

static size_t quic_unacked(const void *t, dtt_quic_conn conn)
{
    return dtt_quic_unacked(t, conn);
}

static bool quic_info(const void *t, dtt_quic_conn conn, struct dtt_quic_info *ret)
{
    return dtt_quic_info(t, conn, ret);
}

static void quic_trust(void *t, dtt_quic_conn conn)
{
    dtt_quic_trust(t, conn);
}

static void quic_close(void *t, struct dtt_now now, dtt_quic_conn conn, uint64_t code,
                       const char *reason)
{
    dtt_quic_close(t, now, conn, code, reason);
}

static bool quic_next_packet(void *t, struct dtt_now now, struct dtt_quic_packet *ret)
{
    return dtt_quic_next_packet(t, now, ret);
}

static bool quic_next_event(void *t, struct dtt_quic_event *ret)
{
    return dtt_quic_next_event(t, ret);
}

static uint64_t quic_deadline(const void *t)
{
    return dtt_quic_deadline(t);
}

static void quic_tick(void *t, struct dtt_now now)
{
    dtt_quic_tick(t, now);
}

const struct dtt_transport_ops dtt_transport_quic = {
    .open = quic_open,
    .free = quic_free,
    .recv = quic_recv,
    .unreachable = quic_unreachable,
    .dial = quic_dial,
    .open_uni = quic_open_uni,
    .write = quic_write,
    .unacked = quic_unacked,
    .info = quic_info,
    .trust = quic_trust,
    .close = quic_close,
    .next_packet = quic_next_packet,
    .next_event = quic_next_event,
    .deadline = quic_deadline,
    .tick = quic_tick,
};
