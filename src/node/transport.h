/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * What a node needs of its transport: connections to peers by id, with streams on them. Production
 * is QUIC; the simulator brings a lighter one for large swarms. Each function does what the one of
 * the same name in quic/quic.h documents, with the same types.
 */
#ifndef DTT_NODE_TRANSPORT_H
#define DTT_NODE_TRANSPORT_H

#include "quic/quic.h"

struct dtt_transport_ops {
    int (*open)(void **ret, struct dtt_ctx *ctx, const struct dtt_quic_config *cfg,
                struct dtt_now now);
    void (*free)(void *t);
    void (*recv)(void *t, struct dtt_now now, const struct dtt_addr *local,
                 const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram);
    void (*unreachable)(void *t, struct dtt_now now, const struct dtt_addr *remote);
    int (*dial)(void *t, struct dtt_now now, const struct dtt_id *peer,
                const struct dtt_addr *local, const struct dtt_addr *remote, dtt_quic_conn *ret);
    int (*open_uni)(void *t, dtt_quic_conn conn, int64_t *ret_stream);
    int (*write)(void *t, dtt_quic_conn conn, int64_t stream, struct dtt_slice data, bool fin);
    size_t (*unacked)(const void *t, dtt_quic_conn conn);
    bool (*info)(const void *t, dtt_quic_conn conn, struct dtt_quic_info *ret);
    void (*trust)(void *t, dtt_quic_conn conn);
    void (*close)(void *t, struct dtt_now now, dtt_quic_conn conn, uint64_t code,
                  const char *reason);
    bool (*next_packet)(void *t, struct dtt_now now, struct dtt_quic_packet *ret);
    bool (*next_event)(void *t, struct dtt_quic_event *ret);
    uint64_t (*deadline)(const void *t);
    void (*tick)(void *t, struct dtt_now now);
};

extern const struct dtt_transport_ops dtt_transport_quic;

/** A transport in use. `self` is NULL where there is none. */
struct dtt_transport {
    const struct dtt_transport_ops *ops;
    void *self;
};

#endif
