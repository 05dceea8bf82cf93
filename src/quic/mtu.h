/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * How long our datagrams may be. ngtcp2 finds longer ones that the path carries, and never goes
 * back; so when the path shrinks they vanish while short ones pass: a black hole (RFC 8899, section
 * 4.3; RFC 9000, section 14.3). It shows in a stream whose first byte on the way stays
 * unacknowledged until short datagrams go out, and the peer answers these. Then we send nothing
 * above the size that every path must carry, and ngtcp2 cuts up what it sends again. To mistake
 * loss for a hole costs a sixth more datagrams until the length is tried again.
 */
#ifndef DTT_QUIC_MTU_H
#define DTT_QUIC_MTU_H

#include "base/time.h"
#include "quic/stream.h"

#define DTT_QMTU_MIN 1200 /**< a path that carries less is none (RFC 9000, section 14) */
/** Largest datagram we send; ngtcp2 finds the path's limit below it (RFC 9000, section 14.3). */
#define DTT_QMTU_MAX 1452
/** A stream waits this long, or three PTO if that is longer, before it is taken for stuck. */
#define DTT_QMTU_STALL_NS DTT_S
/** The answer to a PING has so long, or one PTO. */
#define DTT_QMTU_ANSWER_NS (100 * DTT_MS)
/** Until long datagrams are tried again; twice as long after each trial that failed. */
#define DTT_QMTU_RAISE_NS (60 * DTT_S)
#define DTT_QMTU_RAISE_MAX_NS (3600 * DTT_S)

struct dtt_qmtu {
    bool is_asked;       /**< a stream is stuck: a PING goes out, and nothing but short ones */
    bool is_heard;       /**< the peer has sent something since: short datagrams pass */
    bool is_small;       /**< nothing above DTT_QMTU_MIN is sent */
    uint64_t changed_ns; /**< when that began, or ended */
    uint64_t wait_ns;    /**< the length is tried again so long after it began */
    uint64_t look_ns;    /**< when the streams are looked at; DTT_NEVER: nothing is on the way */
};

enum dtt_qmtu_verdict {
    DTT_QMTU_FINE,
    DTT_QMTU_ASK,     /**< a PING shows whether short datagrams pass */
    DTT_QMTU_LOWERED, /**< what is on the way is to be sent again as soon as can be */
    DTT_QMTU_STUCK    /**< not even the smallest datagrams have passed for the idle time */
};

void dtt_qmtu_init(struct dtt_qmtu *m);
/** The path is another one: nothing is known of it. */
void dtt_qmtu_reset(struct dtt_qmtu *m);
/** Bytes that the next datagram may have. */
size_t dtt_qmtu_limit(struct dtt_qmtu *m, uint64_t now_ns);
/** Bytes of a stream are sent (before dtt_qsendbuf_sent), or some were acknowledged. */
void dtt_qmtu_sent(struct dtt_qmtu *m, struct dtt_qstream *s, uint64_t now_ns);
void dtt_qmtu_acked(struct dtt_qstream *s, uint64_t now_ns);
/** `look_ns` has come. `path_max`: what ngtcp2 believes the path to carry. */
enum dtt_qmtu_verdict dtt_qmtu_look(struct dtt_qmtu *m, const struct dtt_list *streams,
                                    uint64_t now_ns, uint64_t pto_ns, uint64_t idle_ns,
                                    size_t path_max);

#endif
