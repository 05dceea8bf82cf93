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

#include "base/timerq.h"
#include "quic/cid.h"
#include "quic/memory.h"
#include "quic/stream.h"
#include "quic/tls.h"

/*
 * Flow control: what a peer may make us hold. Gossip frames are at most 4 KiB long. A stranger is
 * any peer before dtt_quic_trust.
 */
#define DTT_QCONN_STREAM_WINDOW (256 * 1024)
#define DTT_QCONN_WINDOW (512 * 1024)
#define DTT_QCONN_STRANGER_WINDOW (16 * 1024)
/*
 * Unidirectional streams the peer may have open at a time; iroh grants as many. A stranger needs
 * one for each topic, and may have opened some for topics that we have left.
 */
#define DTT_QCONN_PEER_STREAMS_MAX 100
#define DTT_QCONN_STRANGER_STREAMS_MAX 8
/*
 * Bytes that ngtcp2 may allocate for a connection: a stranger with gaps in all its streams (25 KiB
 * each with 0.12.1, and 20 for the first), a trusted peer with gaps in a hundred.
 */
#define DTT_QCONN_STRANGER_MEMORY (DTT_NG_CONN_BYTES + (size_t)224 * 1024)
#define DTT_QCONN_PEER_MEMORY ((size_t)4 * 1024 * 1024)
/*
 * The same for all strangers, and for all trusted peers. Beyond that each may have its share: a
 * stranger's is enough for a gap in one stream.
 */
#define DTT_QCONN_STRANGERS_MEMORY ((size_t)2 * 1024 * 1024)
#define DTT_QCONN_STRANGER_SHARE (DTT_NG_CONN_BYTES + (size_t)46 * 1024)
#define DTT_QCONN_TRUSTED_MEMORY ((size_t)32 * 1024 * 1024)
/* Streams we have open at a time. */
#define DTT_QCONN_OWN_STREAMS_MAX 128
/* Gossip has no bidirectional streams: one that a peer opens is reset, which is no error. */
#define DTT_QCONN_BIDI_MAX 4
#define DTT_QCONN_BIDI_WINDOW (16 * 1024)
/* Largest datagram we send; ngtcp2 finds the path's limit below it (RFC 9000, section 14.3). */
#define DTT_QCONN_DATAGRAM_MAX 1452

/** What the connections of one endpoint have in common. */
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
    uint64_t keep_alive_ns;
    uint64_t handshake_timeout_ns;
    size_t stream_buffer_max;
    size_t peer_memory_max;
    size_t live;        /**< connections open, or closed with the CLOSED event not yet taken */
    size_t half_open;   /**< of these, accepted, handshake not completed */
    size_t n_strangers; /**< accepted, not closed, not trusted */
    size_t accepted;    /**< of these, accepted, handshake completed */
    size_t lingering;
    size_t linger_max; /**< connections beyond it end without lingering */
};

/** Where a datagram goes. */
struct dtt_qroute {
    struct dtt_addr local;
    struct dtt_addr remote;
    unsigned ecn;
    bool is_probe; /**< may be too long for the path: not to be sent together with others */
};

enum dtt_qconn_state {
    DTT_QCONN_HANDSHAKE, /**< until completed (accepted: half-open) or confirmed (dialled) */
    DTT_QCONN_OPEN,
    DTT_QCONN_LINGERING, /**< holds its ids, and answers with the closing packet */
    DTT_QCONN_OVER
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
    struct dtt_link ready;
    struct dtt_addr local;
    struct dtt_addr remote;
    struct dtt_id peer;

    unsigned unheard_max; /**< HANDSHAKE: datagrams to send yet before the peer is heard */
    bool is_dialed;
    bool was_open;     /**< it came to OPEN */
    bool is_heard;     /**< something of the peer arrived; OPEN: since it was suspected */
    bool is_pinging;   /**< the keep-alive is turned down to provoke a PING */
    bool wants_stream; /**< dtt_qtransmit_open got DTT_EAGAIN */
    bool is_close_due; /**< `close_packet` is to be sent */
    enum dtt_reason suspect_reason;
    enum dtt_reason reason; /**< of its end; before that, of a failure about to be told */

    struct dtt_list streams;
    size_t own_streams;
    size_t kept_streams; /**< the peer's that are through, and that ngtcp2 has not freed */
    size_t worn_bytes;   /**< of memory: the user is told next */
    size_t owed_bytes;   /**< of credit that the peer has from a time when it was trusted: */
    size_t owed_streams; /**< what it uses of this is not given again */
    struct dtt_list tx;  /**< streams with something to send, in turn */
    size_t unacked;
    size_t burst; /**< bytes sent since ngtcp2 was last told about pacing */

    uint8_t *close_packet; /**< CONNECTION_CLOSE, sent again when the peer sends on */
    size_t close_len;
    struct dtt_qroute close_route;
    uint32_t close_triggers;

    bool has_exporter;
    uint8_t exporter[DTT_QUIC_EXPORTER_BYTES];
    bool is_held;         /**< the user takes nothing of the peer's streams */
    struct dtt_list held; /**< so this waits */
    struct dtt_qevent connected;
    struct dtt_qevent closed;
    struct dtt_qevent migrated;
    struct dtt_qevent openable;
    struct dtt_qevent worn;
};

/** In HANDSHAKE, without ngtcp2 and TLS: start.c adds these. NULL when out of memory. */
struct dtt_qconn *dtt_qconn_new(struct dtt_qshared *sh, dtt_quic_conn handle, bool is_dialed,
                                const struct dtt_addr *local, const struct dtt_addr *remote);
/** At once and without goodbye. Drops events that wait. */
void dtt_qconn_free(struct dtt_qconn *c);

/** False when the client must be sent a Retry first; the connection is closed then. */
bool dtt_qconn_recv(struct dtt_qconn *c, const struct dtt_addr *local,
                    const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram);
/** An ICMP error about the peer's address. */
void dtt_qconn_unreachable(struct dtt_qconn *c);
/**
 * A sign that cannot be verified says that the peer has gone. The peer must prove the contrary, or
 * the connection ends for `reason`. Nothing happens unless OPEN.
 */
void dtt_qconn_suspect(struct dtt_qconn *c, enum dtt_reason reason);
/** Raises a stranger's limits to those of a peer, or lowers them again. */
void dtt_qconn_trust(struct dtt_qconn *c, bool is_trusted);
/** What of the peer's streams arrives waits aside, or does not any more. */
void dtt_qconn_hold(struct dtt_qconn *c, bool is_held);
/** Where events of the peer's streams wait. */
struct dtt_list *dtt_qconn_inbox(struct dtt_qconn *c);
void dtt_qconn_tick(struct dtt_qconn *c);
void dtt_qconn_close(struct dtt_qconn *c, uint64_t code, const char *reason);
/** The peer is heard, or the dial may send on without that. */
bool dtt_qconn_may_send(const struct dtt_qconn *c);
/** ngtcp2 gave the error `rv`: closes with what the peer and the user are to know. */
void dtt_qconn_fail(struct dtt_qconn *c, int rv);

/** The user took event `e` of this connection. Frees `e` where it lies on the heap but for DATA. */
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
