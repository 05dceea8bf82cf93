/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A client of one relay: it keeps a connection there, over which datagrams go to endpoints by their
 * id, and come from them.
 *
 *     WAITING --> CONNECTING --> UPGRADING --> AUTHENTICATING --> OPEN
 *        ^            |              |               |              |
 *        +------------+--------------+---------------+--------------+
 *                               DOWN, and why
 *
 * CONNECTING: the driver opens a stream of bytes. UPGRADING: the answer to our request is awaited.
 * AUTHENTICATING: the relay has to accept our id. OPEN: datagrams pass. The way from CONNECTING to
 * OPEN has one deadline; in OPEN a ping must be answered in time; WAITING ends by itself.
 *
 * Nothing is queued for a relay that is not OPEN, and little for one that is: what does not fit is
 * dropped and counted, since those who send through it repeat what is lost.
 *
 * The driver gives it the stream's bytes (recv, then next until there is no event more, for those
 * read the bytes), and takes what is to be sent (output, sent).
 */
#ifndef DTT_RELAY_RELAY_H
#define DTT_RELAY_RELAY_H

#include "base/bytes.h"
#include "base/ctx.h"
#include "base/time.h"
#include "relay/relay_wire.h"

#include <dtt/types.h>

/* From the wish for a stream to the relay's yes. */
#define DTT_RELAY_OPEN_NS (10 * DTT_S)
/* A ping goes out when nothing has come for so long: sooner than the relay's own. */
#define DTT_RELAY_PING_NS (15 * DTT_S)
/* A pong has the second to come, later three round trips, within both ... */
#define DTT_RELAY_PONG_MIN_NS (500 * DTT_MS)
#define DTT_RELAY_PONG_MAX_NS (5 * DTT_S)
/* ... and so long where it stands behind what the relay takes slowly. */
#define DTT_RELAY_PONG_SLOW_NS (15 * DTT_S)
/* Pauses before another try double from the first to the last while no pong comes ... */
#define DTT_RELAY_RETRY_NS (10 * DTT_MS)
#define DTT_RELAY_RETRY_MAX_NS (16 * DTT_S)
/* ... up to this for so long after a connection that had worked: it may be restarted ... */
#define DTT_RELAY_RETRY_SOON_NS (2 * DTT_S)
#define DTT_RELAY_SOON_NS (60 * DTT_S)
/* ... a connection that had worked is made anew at once, but no more often than this ... */
#define DTT_RELAY_AGAIN_NS (1 * DTT_S)
/* ... and a relay that has said no is asked again from the first to the last. */
#define DTT_RELAY_DENIED_NS (60 * DTT_S)
#define DTT_RELAY_DENIED_MAX_NS (300 * DTT_S)
/* Bytes that wait to be sent: of datagrams, and beside them of answers to pings. */
#define DTT_RELAY_OUT_MAX ((size_t)128 * 1024)
#define DTT_RELAY_OUT_RESERVE ((size_t)4 * 1024)
/* Of a text of the relay's so much is kept. */
#define DTT_RELAY_WHY_MAX 160

enum dtt_relay_state {
    DTT_RELAY_STATE_WAITING,
    DTT_RELAY_STATE_CONNECTING,
    DTT_RELAY_STATE_UPGRADING,
    DTT_RELAY_STATE_AUTHENTICATING,
    DTT_RELAY_STATE_OPEN
};

/** Why a connection ended or was not to be had: X(name, sentence, advice). */
#define DTT_RELAY_ENDS(X)                                                                         \
    X(DTT_RELAY_END_STREAM, "the connection failed", DTT_RELAY_ADVICE_URL)                        \
    X(DTT_RELAY_END_TIMEOUT, "the relay does not answer", DTT_RELAY_ADVICE_URL)                   \
    X(DTT_RELAY_END_NO_RELAY, "the server is not a relay, or of a later version",                 \
      DTT_RELAY_ADVICE_URL)                                                                       \
    X(DTT_RELAY_END_REFUSED, "the server refuses to be a relay to us", DTT_RELAY_ADVICE_OPERATOR) \
    X(DTT_RELAY_END_DENIED, "the relay denies access", DTT_RELAY_ADVICE_OPERATOR)                 \
    X(DTT_RELAY_END_CLOSED, "the relay closed the connection", DTT_RELAY_ADVICE_AGAIN)            \
    X(DTT_RELAY_END_NO_PONG, "the relay has stopped answering pings", DTT_RELAY_ADVICE_AGAIN)     \
    X(DTT_RELAY_END_PROTOCOL, "the relay broke the protocol", DTT_RELAY_ADVICE_AGAIN)             \
    X(DTT_RELAY_END_FLOOD, "the relay asks for more answers than it reads",                       \
      DTT_RELAY_ADVICE_AGAIN)                                                                     \
    X(DTT_RELAY_END_MEMORY, "out of memory", DTT_RELAY_ADVICE_AGAIN)

#define DTT_RELAY_ADVICE_URL "is its URL right, and does it run?"
#define DTT_RELAY_ADVICE_OPERATOR "ask its operator to admit this node's endpoint id"
#define DTT_RELAY_ADVICE_AGAIN "it is tried again"

enum dtt_relay_end {
#define DTT_RELAY_END_ENUM(name, text, advice) name,
    DTT_RELAY_ENDS(DTT_RELAY_END_ENUM)
#undef DTT_RELAY_END_ENUM
};

/** What a relay says of our connection; others may follow. */
enum dtt_relay_status {
    DTT_RELAY_STATUS_HEALTHY = 0,
    DTT_RELAY_STATUS_SAME_ID = 1, /**< a newer connection of our id gets what is sent to us */
    DTT_RELAY_STATUS_LIMITED = 2  /**< it reads from us more slowly */
};

struct dtt_relay;

struct dtt_relay_config {
    struct dtt_ctx *ctx;   /**< outlives the client */
    const uint8_t *seed;   /**< 32 bytes of our identity, which outlive the client */
    const char *authority; /**< "HOST" or "HOST:PORT" as the relay's URL has it; copied */
    const char *query;     /**< of the URL with its question mark, or empty; copied */
};

/** WAITING, and due at once. DTT_EINVAL: authority or query of DTT_URL_MAX bytes or more;
 * DTT_ENOMEM. */
int dtt_relay_new(struct dtt_relay **ret, struct dtt_now now, const struct dtt_relay_config *cfg);
/** NULL is fine. */
void dtt_relay_free(struct dtt_relay *r);

/**
 * The stream that was wished for is open. `material`: of its TLS session, exported with
 * DTT_RELAY_EXPORT_LABEL and our id as the context; NULL: there is none.
 */
void dtt_relay_connected(struct dtt_relay *r, struct dtt_now now,
                         const uint8_t material[DTT_RELAY_MATERIAL_BYTES]);
/** The stream failed or ended; `why`: more about it. */
void dtt_relay_disconnected(struct dtt_relay *r, struct dtt_now now, const char *why);
/** Bytes of the stream: they stay where they are until dtt_relay_next says false. */
void dtt_relay_recv(struct dtt_relay *r, struct dtt_now now, struct dtt_slice bytes);
/** Does the connection still live? The host's addresses changed, or nothing comes over it. */
void dtt_relay_moved(struct dtt_relay *r, struct dtt_now now);

/**
 * Sends datagrams of `segment` bytes each (the last may be shorter) to an endpoint. DTT_EINVAL:
 * none, an empty one, or more than fit into a frame; DTT_EAGAIN: not open or no room, and they are
 * dropped.
 */
int dtt_relay_send(struct dtt_relay *r, const struct dtt_id *to, size_t segment,
                   struct dtt_slice datagrams);

/** What is to be sent over the stream, possibly nothing. Valid until the next call. */
struct dtt_slice dtt_relay_output(const struct dtt_relay *r);
/** The first `n` bytes of it were. */
void dtt_relay_sent(struct dtt_relay *r, struct dtt_now now, size_t n);

enum dtt_relay_event_type {
    DTT_RELAY_EVENT_CONNECT,    /**< open a stream to the relay */
    DTT_RELAY_EVENT_DISCONNECT, /**< close it */
    DTT_RELAY_EVENT_UP,         /**< OPEN now */
    DTT_RELAY_EVENT_DOWN,       /**< WAITING now: end, why */
    DTT_RELAY_EVENT_PONG,       /**< the round trip is known anew */
    DTT_RELAY_EVENT_STATUS,     /**< status */
    DTT_RELAY_EVENT_GONE,       /**< a hint that `id` has left the relay */
    DTT_RELAY_EVENT_DATAGRAMS   /**< id, segment, data */
};

struct dtt_relay_event {
    enum dtt_relay_event_type type;
    enum dtt_relay_end end;
    const char *why; /**< more about the end, possibly empty; printable, but not to be trusted */
    uint8_t status;  /**< enum dtt_relay_status, or a later one */
    struct dtt_id id;
    size_t segment;
    struct dtt_slice data;
};

/** The next event, whose pointers are valid until the next call; false: none. */
bool dtt_relay_next(struct dtt_relay *r, struct dtt_now now, struct dtt_relay_event *ret);

uint64_t dtt_relay_deadline(const struct dtt_relay *r);
void dtt_relay_tick(struct dtt_relay *r, struct dtt_now now);

enum dtt_relay_state dtt_relay_state(const struct dtt_relay *r);
/** The last round trip to the relay; 0: not measured. */
uint64_t dtt_relay_rtt_ns(const struct dtt_relay *r);
/** Sentence of an end, without full stop. Static. */
const char *dtt_relay_end_text(enum dtt_relay_end end);
/** What to do about it, likewise. */
const char *dtt_relay_end_advice(enum dtt_relay_end end);

#endif
