/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * One QUIC connection from first packet to last. Its state only advances:
 *
 *     HANDSHAKE ──► OPEN ──► LINGERING ──► OVER ──► freed
 *         │          │           ▲          ▲         when the CLOSED event is taken
 *         ├──────────┴───────────┘          │         and the closing packet is sent
 *         └─────────────────────────────────┘ nobody to answer, or no place to linger
 *
 * LINGERING (RFC 9000, section 10.2: closing or draining) and OVER have no ngtcp2 and no GnuTLS.
 */
#ifndef DTT_QUIC_CONN_H
#define DTT_QUIC_CONN_H

#include "base/bucket.h"
#include "base/timerq.h"
#include "quic/cid.h"
#include "quic/memory.h"
#include "quic/mtu.h"
#include "quic/stream.h"
#include "quic/tls.h"

/*
 * Flow control: bytes a peer may make us hold. Gossip frames have at most 4 KiB. A stranger is any
 * peer before dtt_quic_trust.
 */
#define DTT_QCONN_STREAM_WINDOW (256 * 1024)
#define DTT_QCONN_WINDOW (512 * 1024)
#define DTT_QCONN_STRANGER_WINDOW (16 * 1024)
/*
 * Unidirectional streams the peer may have open at a time, as many as iroh grants. A stranger needs
 * one for each topic, and may have opened some for topics that we have left.
 */
#define DTT_QCONN_PEER_STREAMS_MAX 100
#define DTT_QCONN_STRANGER_STREAMS_MAX 8
/*
 * Bytes that ngtcp2 may allocate for a connection. A stranger may have gaps in all its streams (25
 * KiB each with 0.12.1, and 20 for the first), a trusted peer in a hundred.
 */
#define DTT_QCONN_STRANGER_MEMORY (DTT_NG_CONN_BYTES + (size_t)224 * 1024)
#define DTT_QCONN_PEER_MEMORY ((size_t)4 * 1024 * 1024)
/*
 * The same for all strangers together, and for all trusted peers. Each connection may have its
 * share in any case: a stranger's is enough for a gap in one stream.
 */
#define DTT_QCONN_STRANGERS_MEMORY ((size_t)2 * 1024 * 1024)
#define DTT_QCONN_STRANGER_SHARE (DTT_NG_CONN_BYTES + (size_t)46 * 1024)
#define DTT_QCONN_TRUSTED_MEMORY ((size_t)32 * 1024 * 1024)
/* Streams we have open at a time. */
#define DTT_QCONN_OWN_STREAMS_MAX 128
/* Gossip has no bidirectional streams: those a peer opens are reset, without an error. */
#define DTT_QCONN_BIDI_MAX 4
#define DTT_QCONN_BIDI_WINDOW (16 * 1024)

/** State that the connections of one endpoint share. */
struct dtt_qshared {
    struct dtt_ctx *ctx;
    struct dtt_qtls *tls;
    const char *exporter; /**< label, or NULL */
    struct dtt_rng rng;
    struct dtt_qcid_table cids;
    struct dtt_qmemory_pool strangers;
    struct dtt_qmemory_pool trusted;
    struct dtt_list events; /**< that wait for the user */
    struct dtt_timerq timers;
    struct dtt_list ready; /**< connections that may have something to send */
    uint64_t now_ns;       /**< never goes back */
    uint64_t idle_timeout_ns;
    uint64_t relayed_idle_ns;
    uint64_t keep_alive_ns;
    uint64_t handshake_timeout_ns;
    size_t stream_buffer_max;
    size_t peer_memory_max;
    size_t live;        /**< connections, also closed ones until their CLOSED event is taken */
    size_t half_open;   /**< of these, accepted, handshake not completed */
    size_t accepted;    /**< of these, accepted, handshake completed */
    size_t n_strangers; /**< accepted, not closed, not trusted */
    size_t lingering;
    size_t linger_max; /**< connections beyond it end without lingering */
};

/** Where a datagram goes. */
struct dtt_qroute {
    struct dtt_addr local;
    struct dtt_addr remote;
    unsigned ecn;
    bool is_probe; /**< may be too long for the path: to be sent alone */
};

enum dtt_qconn_state {
    DTT_QCONN_HANDSHAKE, /**< until completed (accepted: half-open) or confirmed (dialled) */
    DTT_QCONN_OPEN,
    DTT_QCONN_LINGERING, /**< holds its ids, and answers with the closing packet */
    DTT_QCONN_OVER
};

/** move.h */
struct dtt_qmove {
    uint64_t since_ns; /**< of the last change of the host's addresses or routes */
    uint64_t until_ns; /**< time for a sign that the peer still hears us; DTT_NEVER: no change */
    uint64_t acked_ns; /**< when the peer last acknowledged bytes of a stream */
    uint64_t tried_ns; /**< when a server's new address was last tried */
    struct dtt_bucket trials;
    struct dtt_addr left; /**< accepted: from where the client has moved, and until when nothing */
    uint64_t left_until_ns; /**< from there is read */
};

/** migrate.h */
struct dtt_qmigration {
    bool is_on; /**< the path between these two is being validated */
    struct dtt_addr local;
    struct dtt_addr remote;
};

struct dtt_qconn {
    struct dtt_qshared *sh;
    dtt_quic_conn handle;
    enum dtt_qconn_state state;
    uint64_t until_ns; /**< the state's end; OPEN: time for a suspected peer to prove itself */
    ngtcp2_conn *ng;   /**< NULL from LINGERING on */
    struct dtt_qmemory memory;
    struct dtt_qtls_session tls;
    struct dtt_qcid_owner cids;
    struct dtt_timer timer; /**< always armed, so that arming again cannot fail */
    struct dtt_list_link ready;
    struct dtt_addr local; /**< where the peer reaches us; a wildcard: not known, as in a dial */
    struct dtt_addr remote;
    struct dtt_qmove move;
    struct dtt_qmigration migration;
    struct dtt_qmtu mtu; /**< of the path between them */
    struct dtt_id peer;

    unsigned unheard_max; /**< HANDSHAKE: datagrams to send yet before the peer is heard */
    bool is_dialed;
    bool was_open;     /**< it came to OPEN */
    bool is_heard;     /**< the peer has sent something; OPEN: since it was suspected */
    uint64_t heard_ns; /**< when ngtcp2 last took a datagram from `remote`, or of its making */
    bool is_pinging;   /**< the keep-alive is turned down to provoke a PING */
    bool wants_stream; /**< dtt_qtransmit_open got DTT_EAGAIN */
    bool is_close_due; /**< `close_packet` is to be sent */
    bool is_parting;   /**< the user deals with its CLOSED event */
    enum dtt_reason suspect_reason;
    enum dtt_reason reason; /**< of its end, or of a failure that ngtcp2 is about to report */

    struct dtt_list streams;
    size_t own_streams;
    size_t kept_streams; /**< ended streams of the peer that ngtcp2 has not freed */
    size_t worn_bytes;   /**< use of memory at which the next WORN is due */
    size_t owed_bytes;   /**< credit that the peer still has from a time when it was trusted: */
    size_t owed_streams; /**< it is not renewed when the peer has used it */
    struct dtt_list tx;  /**< streams with something to send, in turn */
    size_t unacked;
    size_t burst; /**< bytes sent since ngtcp2 was last told about pacing */

    uint8_t *close_packet; /**< CONNECTION_CLOSE, sent again when the peer sends on */
    size_t close_len;
    uint8_t *last_ack; /**< a datagram that goes before it, once: what arrived is acknowledged */
    size_t last_ack_len;
    struct dtt_qroute close_route;
    uint32_t close_triggers;

    bool has_exporter;
    uint8_t exporter[DTT_QUIC_EXPORTER_BYTES];
    bool is_held;         /**< the user takes nothing of the peer's streams */
    struct dtt_list held; /**< so this waits */
    struct dtt_qevent connected;
    struct dtt_qevent closed;
    struct dtt_qevent migrated;
    struct dtt_qevent unmoved;
    struct dtt_qevent openable;
    struct dtt_qevent worn;
    struct dtt_qevent stranded;
    struct dtt_qevent silent;
};

/** In HANDSHAKE, without ngtcp2 and TLS: start.c adds these. NULL when out of memory. */
struct dtt_qconn *dtt_qconn_new(struct dtt_qshared *sh, dtt_quic_conn handle, bool is_dialed,
                                const struct dtt_addr *local, const struct dtt_addr *remote);
/** At once and without goodbye. Drops waiting events. */
void dtt_qconn_free(struct dtt_qconn *c);

/** False when the client must be sent a Retry first; the connection is closed then. */
bool dtt_qconn_recv(struct dtt_qconn *c, const struct dtt_addr *local,
                    const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram);
/** An ICMP error about the peer's address. */
void dtt_qconn_unreachable(struct dtt_qconn *c);
/**
 * An unverified sign says that the peer has gone: the connection ends for `reason` unless the peer
 * answers in time. Nothing happens unless OPEN.
 */
void dtt_qconn_suspect(struct dtt_qconn *c, enum dtt_reason reason);
/** Raises a stranger's limits to those of a peer, or lowers them again. */
void dtt_qconn_trust(struct dtt_qconn *c, bool is_trusted);
/** Sets aside the events of the peer's streams, or lets them go on. */
void dtt_qconn_hold(struct dtt_qconn *c, bool is_held);
/** Where events of the peer's streams wait. */
struct dtt_list *dtt_qconn_inbox(struct dtt_qconn *c);
void dtt_qconn_tick(struct dtt_qconn *c);
void dtt_qconn_close(struct dtt_qconn *c, uint64_t code, const char *reason);
/** The peer has been heard, or the dial has datagrams left to send before that. */
bool dtt_qconn_may_send(const struct dtt_qconn *c);
/** Closes for the error `rv` of ngtcp2, with the codes that peer and user should see. */
void dtt_qconn_fail(struct dtt_qconn *c, int rv);

/** The user took event `e` of this connection. The caller frees a DATA event. */
void dtt_qconn_taken(struct dtt_qconn *c, struct dtt_qevent *e);
/** Nothing holds the connection any more: free it. */
bool dtt_qconn_is_done(const struct dtt_qconn *c);

/** Asserts what holds between calls. */
void dtt_qconn_check(const struct dtt_qconn *c);

/* For callbacks.c: */
/** The handshake is completed (accepted) or confirmed (dialled). */
void dtt_qconn_opened(struct dtt_qconn *c);
void dtt_qconn_set_remote(struct dtt_qconn *c, const struct dtt_addr *remote);
/** ngtcp2 closed the stream. */
void dtt_qconn_stream_closed(struct dtt_qconn *c, struct dtt_qstream *s);

#endif
