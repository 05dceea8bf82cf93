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
    int (*open)(struct dtt_quic **ret, struct dtt_ctx *ctx, const struct dtt_quic_config *cfg,
                struct dtt_now now);
    void (*free)(struct dtt_quic *t);
    void (*recv)(struct dtt_quic *t, struct dtt_now now, const struct dtt_addr *local,
                 const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram);
    void (*unreachable)(struct dtt_quic *t, struct dtt_now now, const struct dtt_addr *remote);
    void (*moved)(struct dtt_quic *t, struct dtt_now now);
    int (*dial)(struct dtt_quic *t, struct dtt_now now, const struct dtt_id *peer,
                const struct dtt_addr *local, const struct dtt_addr *remote, dtt_quic_conn *ret);
    int (*dial_twin)(struct dtt_quic *t, struct dtt_now now, const struct dtt_addr *local,
                     const struct dtt_addr *remote, dtt_quic_conn *ret);
    /** Only where there are relays. */
    int (*migrate)(struct dtt_quic *t, struct dtt_now now, dtt_quic_conn conn,
                   const struct dtt_addr *local, const struct dtt_addr *remote);
    void (*ping)(struct dtt_quic *t, struct dtt_now now, dtt_quic_conn conn); /**< likewise */
    void (*limit_dial)(struct dtt_quic *t, dtt_quic_conn conn, unsigned datagrams);
    int (*open_uni)(struct dtt_quic *t, dtt_quic_conn conn, int64_t *ret_stream);
    int (*write)(struct dtt_quic *t, dtt_quic_conn conn, int64_t stream, struct dtt_slice data,
                 bool fin);
    size_t (*unacked)(const struct dtt_quic *t, dtt_quic_conn conn);
    bool (*progress)(const struct dtt_quic *t, dtt_quic_conn conn, int64_t stream,
                     uint64_t *ret_written, uint64_t *ret_acked);
    bool (*info)(const struct dtt_quic *t, dtt_quic_conn conn, struct dtt_quic_info *ret);
    bool (*exporter)(const struct dtt_quic *t, dtt_quic_conn conn,
                     uint8_t ret[DTT_QUIC_EXPORTER_BYTES]);
    void (*trust)(struct dtt_quic *t, dtt_quic_conn conn, bool is_trusted);
    void (*hold)(struct dtt_quic *t, dtt_quic_conn conn, bool is_held);
    void (*close)(struct dtt_quic *t, struct dtt_now now, dtt_quic_conn conn, uint64_t code,
                  const char *reason);
    bool (*next_packet)(struct dtt_quic *t, struct dtt_now now, struct dtt_quic_packet *ret);
    bool (*next_event)(struct dtt_quic *t, struct dtt_quic_event *ret);
    uint64_t (*deadline)(const struct dtt_quic *t);
    void (*tick)(struct dtt_quic *t, struct dtt_now now);
};

extern const struct dtt_transport_ops dtt_transport_quic;

/** A transport in use: `ops` are called with `self`. */
struct dtt_transport {
    const struct dtt_transport_ops *ops;
    struct dtt_quic *self;    /**< of another transport than QUIC: what it makes of it */
    struct dtt_addr bound[2]; /**< our sockets, at most one a family; family none: no socket */
    struct dtt_addr relayed;  /**< our end of the ways by relays; family none: there are none */
};

/**
 * Dials from the socket of the address's family, or by a relay; DTT_EADDRNOTAVAIL where there is
 * none.
 * `datagrams`: how many may be sent before the peer is heard.
 */
static inline int dtt_transport_dial(const struct dtt_transport *t, struct dtt_now now,
                                     const struct dtt_id *peer, const struct dtt_addr *remote,
                                     unsigned datagrams, dtt_quic_conn *ret)
{
    const struct dtt_addr ends[] = {t->bound[0], t->bound[1], t->relayed};
    for (size_t i = 0; i < 3; i++) {
        if (ends[i].family == remote->family && (i == 2) == dtt_addr_is_invented(remote)) {
            int err = t->ops->dial(t->self, now, peer, &ends[i], remote, ret);
            if (!err) {
                t->ops->limit_dial(t->self, *ret, datagrams);
            }
            return err;
        }
    }
    return DTT_EADDRNOTAVAIL;
}

/** Code 0, as iroh-gossip closes whatever it closes; `words` are for people. */
static inline void dtt_transport_close(const struct dtt_transport *t, struct dtt_now now,
                                       dtt_quic_conn conn, const char *words)
{
    t->ops->close(t->self, now, conn, 0, words);
}

#endif
