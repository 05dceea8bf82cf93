/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * A stream of bytes to a named host in a loop: TCP, and TLS in it where wanted.
 *
 *     open --> RESOLVE --> CONNECT --> HANDSHAKE --> OPEN
 *                 |           |    (TLS)   |           |
 *                 +-----------+-----+------+-----------+--> FAILED --> OVER
 *                                                        on_end told
 *
 * Each state has a deadline: `timeout_ms` for the way to OPEN, and for OPEN 15 seconds in which
 * nothing of what waits went out. The addresses of a host are tried one after another, each for 1.5
 * seconds while there are others.
 *
 * The functions of the user are called from the loop and from dtt_stream_tick, never from within a
 * call of the others here; each may call any of these, dtt_stream_close too. A call and the loop's
 * callbacks change what the loop watches: a driver that sleeps on uv_backend_fd runs the loop once
 * more after them, as `is_stale` tells.
 */
#ifndef DTT_IO_STREAM_H
#define DTT_IO_STREAM_H

#include "base/addr.h"
#include "base/bytes.h"
#include "base/time.h"
#include "io/tls.h"

#include <uv.h>

/* Bytes that may wait to be sent. */
#define DTT_STREAM_OUT_MAX ((size_t)64 * 1024)

/** How a stream ends: X(name, sentence without full stop). */
#define DTT_STREAM_ENDS(X)                                                  \
    X(DTT_STREAM_CLOSED, "the server closed the connection")                \
    X(DTT_STREAM_NO_NAME, "the name has no address")                        \
    X(DTT_STREAM_UNREACHABLE, "the server cannot be reached")               \
    X(DTT_STREAM_TIMEOUT, "the server does not answer")                     \
    X(DTT_STREAM_NO_TRUST, "there are no certificates of authorities here") \
    X(DTT_STREAM_CERTIFICATE, "the server's certificate is not accepted")   \
    X(DTT_STREAM_TLS, "the server and this program disagree about TLS")     \
    X(DTT_STREAM_STALLED, "the server takes no more bytes")                 \
    X(DTT_STREAM_BROKEN, "the connection broke")

enum dtt_stream_end {
#define DTT_STREAM_END_ENUM(name, text) name,
    DTT_STREAM_ENDS(DTT_STREAM_END_ENUM)
#undef DTT_STREAM_END_ENUM
};

struct dtt_stream;

struct dtt_stream_config {
    uv_loop_t *loop;
    const char *host; /**< a name or an address (IPv6 without brackets); copied */
    uint16_t port;
    struct dtt_tls_trust *trust; /**< for TLS; NULL: plain TCP. Outlives the stream */
    unsigned timeout_ms;         /**< until it is open */
    unsigned scopes; /**< set of 1 << enum dtt_addr_scope, others are passed over; 0: all */
    bool *is_stale;  /**< set when the loop watches other things; NULL, or outlives the stream */
    void *user;
    void (*on_open)(void *user, struct dtt_now now);
    void (*on_bytes)(void *user, struct dtt_now now, struct dtt_slice bytes);
    /** All that waited has gone out. NULL: nobody wants to know. */
    void (*on_room)(void *user, struct dtt_now now);
    /** The last call. `why`: the sentence of `end`, and behind a colon what else is known. */
    void (*on_end)(void *user, struct dtt_now now, enum dtt_stream_end end, const char *why);
};

/** Starts. DTT_EINVAL: not a host; DTT_ENOMEM, DTT_EAGAIN (no thread for the name), DTT_EIO. */
int dtt_stream_open(struct dtt_stream **ret, struct dtt_now now,
                    const struct dtt_stream_config *cfg);
/** Frees it in any state, without on_end; bytes that wait may be lost. NULL is fine. */
void dtt_stream_close(struct dtt_stream *s);

/** How many bytes dtt_stream_write would take now; 0 unless it is open. */
size_t dtt_stream_room(const struct dtt_stream *s);
/** Whether it is open and nothing waits. */
bool dtt_stream_is_idle(const struct dtt_stream *s);
/** All of the bytes or none. DTT_EAGAIN: more than there is room for; DTT_ESTATE: not open. */
int dtt_stream_write(struct dtt_stream *s, struct dtt_now now, struct dtt_slice bytes);
/** Of an open stream with TLS: keying material (dtt_tls_export). False without TLS. */
bool dtt_stream_export(const struct dtt_stream *s, const char *label, struct dtt_slice context,
                       uint8_t *ret, size_t len);

/** Of an open stream: where its server is. */
enum dtt_addr_scope dtt_stream_scope(const struct dtt_stream *s);

uint64_t dtt_stream_deadline(const struct dtt_stream *s);
void dtt_stream_tick(struct dtt_stream *s, struct dtt_now now);

#endif
