/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A QUIC v1 endpoint (RFC 9000) that is client and server at once, on top of ngtcp2 and GnuTLS:
 * Ed25519 raw public keys both ways (RFC 7250), peers identified by their key. Sans I/O: datagrams
 * and time go in, datagrams and events come out.
 */
#ifndef DTT_QUIC_QUIC_H
#define DTT_QUIC_QUIC_H

#include "base/addr.h"
#include "base/ctx.h"
#include "base/time.h"

struct dtt_quic;

#define DTT_QUIC_EXPORTER_BYTES 32
#define DTT_QUIC_SILENT_NS (6 * DTT_S) /**< longer than a keep-alive and its answer need */

/** Names a connection. An endpoint never uses a handle twice, nor 0. */
typedef uint64_t dtt_quic_conn;

/** Zero in a field means its default. */
struct dtt_quic_config {
    uint8_t seed[32];              /**< Ed25519 secret of this endpoint */
    const char *alpn;              /**< the one protocol spoken, e.g. "/iroh-gossip/1"; copied */
    const char *exporter;          /**< label of dtt_quic_exporter, a static string; NULL: none */
    uint32_t max_conns;            /**< 256 */
    uint32_t max_strangers;        /**< accepted and not trusted; a quarter of max_conns */
    uint64_t idle_timeout_ns;      /**< 30 s */
    uint64_t relayed_idle_ns;      /**< of a connection that begins by a relay; the same */
    uint64_t keep_alive_ns;        /**< 5 s */
    uint64_t handshake_timeout_ns; /**< 10 s */
    size_t stream_buffer_max;      /**< 256 KiB of unacknowledged bytes per stream we write */
    size_t peer_memory_max;        /**< 4 MiB that ngtcp2 may allocate for a trusted peer */
};

int dtt_quic_new(struct dtt_quic **ret, struct dtt_ctx *ctx, const struct dtt_quic_config *cfg,
                 struct dtt_now now);
/** Frees at once. To say goodbye, close the connections and drain the packets first. */
void dtt_quic_free(struct dtt_quic *q);
const struct dtt_id *dtt_quic_id(const struct dtt_quic *q);

/* ---- input */

/** One datagram; batches of GRO are split before. `ecn`: the two ECN bits. */
void dtt_quic_recv(struct dtt_quic *q, struct dtt_now now, const struct dtt_addr *local,
                   const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram);
/** An ICMP error: there is no socket at `remote`. Handshakes with it fail, open connections are
 * probed. */
void dtt_quic_unreachable(struct dtt_quic *q, struct dtt_now now, const struct dtt_addr *remote);

/**
 * The host's addresses or routes have changed: open connections are probed at once. One that we
 * dialled goes on from another address of ours; of an accepted one that no longer works STRANDED
 * tells, within a second.
 */
void dtt_quic_moved(struct dtt_quic *q, struct dtt_now now);

/**
 * Starts a handshake with `peer` at `remote` from our `local` socket. It ends in CONNECTED (the
 * peer has confirmed, so it accepted our key too) or CLOSED. DTT_EFULL, DTT_ENOMEM, DTT_ECRYPTO,
 * DTT_EINVAL (our own id, or an address that cannot be dialled from `local`).
 */
int dtt_quic_dial(struct dtt_quic *q, struct dtt_now now, const struct dtt_id *peer,
                  const struct dtt_addr *local, const struct dtt_addr *remote, dtt_quic_conn *ret);

/**
 * The same with our own id: is another program there that has our key? Our own endpoint refuses
 * such a dial, wherever it comes back from. A twin gets CONNECTED as well, with its own id as peer.
 */
int dtt_quic_dial_twin(struct dtt_quic *q, struct dtt_now now, const struct dtt_addr *local,
                       const struct dtt_addr *remote, dtt_quic_conn *ret);

/**
 * A connection that we dialled is to go over to the path from `local` to `remote`: MIGRATED or
 * NOT_MIGRATED follows, in some seconds at the latest, and until then it stays where it is.
 * `remote` may be an invented address, `local` must not be that of the path in use. DTT_ECLOSED;
 * DTT_ESTATE: not CONNECTED, or not dialled by us; DTT_EAGAIN: one try at a time, or the peer has
 * given us no connection id for it; DTT_EINVAL, DTT_ENOMEM.
 */
int dtt_quic_migrate(struct dtt_quic *q, struct dtt_now now, dtt_quic_conn handle,
                     const struct dtt_addr *local, const struct dtt_addr *remote);

/** Asks for a sign of life at once, without waiting for a time to repeat what asks for an answer.
 */
void dtt_quic_ping(struct dtt_quic *q, struct dtt_now now, dtt_quic_conn handle);

/**
 * Bounds the datagrams that a fresh dial sends before the peer is heard; further repetitions of
 * ngtcp2 are not sent.
 */
void dtt_quic_limit_dial(struct dtt_quic *q, dtt_quic_conn handle, unsigned datagrams);

/**
 * Opens a unidirectional stream. DTT_EAGAIN before CONNECTED, and while the peer allows no more of
 * them (WRITABLE with stream -1 follows); DTT_ECLOSED, DTT_ENOMEM.
 */
int dtt_quic_open_uni(struct dtt_quic *q, dtt_quic_conn handle, int64_t *ret_stream);
/**
 * Appends bytes to a stream we opened, all or nothing; `fin` ends it. DTT_EAGAIN when the buffer
 * is full (WRITABLE follows), DTT_ECLOSED when connection or stream is gone or ended, DTT_ETOOBIG
 * when it would never fit (stream_buffer_max), DTT_ENOMEM.
 */
int dtt_quic_write(struct dtt_quic *q, dtt_quic_conn handle, int64_t stream, struct dtt_slice data,
                   bool fin);
/** Bytes written and not yet acknowledged on all our streams of the connection. */
size_t dtt_quic_unacked(const struct dtt_quic *q, dtt_quic_conn handle);

/**
 * How far a stream that we opened has come: bytes written, and acknowledged from its beginning
 * without a gap. Both are UINT64_MAX for one that has ended with all bytes acknowledged; for one
 * that the peer stopped this holds until STREAM_RESET is taken. False for an unknown connection;
 * that of the last CLOSED event is known until the next event is asked for.
 */
bool dtt_quic_progress(const struct dtt_quic *q, dtt_quic_conn handle, int64_t stream,
                       uint64_t *ret_written, uint64_t *ret_acked);

struct dtt_quic_info {
    struct dtt_addr remote;
    bool is_dialed;
    bool is_open;    /**< the handshake is over */
    bool is_made;    /**< or is for the peer, which we dialled, as soon as our last flight comes */
    bool is_blocked; /**< written bytes wait although all sent bytes are acknowledged */
    uint64_t rtt_us; /**< smoothed; 0: not known */
    uint64_t heard_ns; /**< when the last datagram came; before, when it was made */
};
/** Describes a connection; false for an unknown handle. */
bool dtt_quic_info(const struct dtt_quic *q, dtt_quic_conn handle, struct dtt_quic_info *ret);
/**
 * Bytes that only the two ends of this connection know (RFC 8446, section 7.5; empty context);
 * false before CONNECTED, and for an unknown handle.
 */
bool dtt_quic_exporter(const struct dtt_quic *q, dtt_quic_conn handle,
                       uint8_t ret[DTT_QUIC_EXPORTER_BYTES]);
/**
 * The peer has shown that it belongs here. Until then it is a stranger, dialled or not, and may
 * open 8 streams and send 16 KiB ahead; from now on it has the limits that iroh grants its peers.
 * Trust can be taken back: the peer keeps the credit it has, but used credit is not renewed, and
 * the connection ends when ngtcp2 needs more memory for it than a stranger may have. Unknown
 * handles are ignored.
 */
void dtt_quic_trust(struct dtt_quic *q, dtt_quic_conn handle, bool is_trusted);
/**
 * While a connection is held, dtt_quic_next_event gives no events of the peer's streams: they wait,
 * and flow control holds the peer back. Unknown handles are ignored.
 */
void dtt_quic_hold(struct dtt_quic *q, dtt_quic_conn handle, bool is_held);
/**
 * Sends CONNECTION_CLOSE with an application code; CLOSED follows. Waiting received bytes are
 * dropped; written bytes without acknowledgement (dtt_quic_unacked) may be lost. Unknown handles
 * are ignored.
 */
void dtt_quic_close(struct dtt_quic *q, struct dtt_now now, dtt_quic_conn handle, uint64_t code,
                    const char *reason);

/* ---- output */

struct dtt_quic_packet {
    struct dtt_addr local;
    struct dtt_addr remote;
    unsigned ecn;
    size_t segment;        /**< bytes per datagram (UDP_SEGMENT); the last may be shorter */
    struct dtt_slice data; /**< valid until the next call into q */
};
/** Next datagram to send, or batch of datagrams of one connection; false: none. */
bool dtt_quic_next_packet(struct dtt_quic *q, struct dtt_now now, struct dtt_quic_packet *ret);

enum dtt_quic_event_type {
    DTT_QUIC_CONNECTED,    /**< the handshake is confirmed (dialled) or completed (accepted) */
    DTT_QUIC_CLOSED,       /**< exactly once per dial or CONNECTED; the handle is dead */
    DTT_QUIC_DATA,         /**< bytes of a stream the peer opened, in order */
    DTT_QUIC_STREAM_RESET, /**< the peer reset its stream, or wants no more of ours */
    DTT_QUIC_WRITABLE,     /**< after DTT_EAGAIN; stream -1: of dtt_quic_open_uni */
    DTT_QUIC_MIGRATED,     /**< the peer has another address, which is validated: addr */
    DTT_QUIC_NOT_MIGRATED, /**< the path of dtt_quic_migrate is dead: addr is as before */
    DTT_QUIC_STRANDED,     /**< after dtt_quic_moved: a peer that dialled us seems not to hear us */
    DTT_QUIC_SILENT, /**< the peer owes an answer, and nothing has come for DTT_QUIC_SILENT_NS.
                        It comes again with each repetition of what asks for the answer */
    DTT_QUIC_WORN /**< a trusted peer has ended so many streams that the connection will end before
                     long: time for another one. Comes again while the connection lasts */
};

struct dtt_quic_event {
    enum dtt_quic_event_type type;
    dtt_quic_conn conn;
    struct dtt_id peer;     /**< proven key; for a failed dial the id dialled */
    struct dtt_addr addr;   /**< remote address */
    bool dialed;            /**< by us */
    bool was_connected;     /**< CLOSED */
    enum dtt_reason reason; /**< CLOSED */
    int64_t stream;         /**< DATA, STREAM_RESET, WRITABLE */
    bool fin;               /**< DATA: last bytes */
    struct dtt_slice data;  /**< DATA; valid until the next call into q */
};
/**
 * Next event, or false. The flow control window bounds the received bytes that wait here: taking an
 * event returns its credit to the peer.
 */
bool dtt_quic_next_event(struct dtt_quic *q, struct dtt_quic_event *ret);

/* ---- time */
uint64_t dtt_quic_deadline(const struct dtt_quic *q);
void dtt_quic_tick(struct dtt_quic *q, struct dtt_now now);

#endif
