/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Bytes of one stream on their way out: written, perhaps sent, not yet acknowledged. ngtcp2 keeps
 * pointers to sent bytes until they are acknowledged, since it may have to send them again: so
 * bytes lie in blocks that neither move nor are freed before.
 */
#ifndef DTT_QUIC_SENDBUF_H
#define DTT_QUIC_SENDBUF_H

#include "quic/ngtcp2_compat.h"

struct dtt_qblock;

/** Zero it to initialise. Offsets count from the first byte of the stream. */
struct dtt_qsendbuf {
    struct dtt_qblock *head; /**< holds the first byte not acknowledged */
    struct dtt_qblock *tail;
    struct dtt_qblock *unsent; /**< holds byte `sent`; NULL when all is sent */
    uint64_t acked;
    uint64_t sent;
    uint64_t end;
    bool fin;      /**< no more bytes will follow */
    bool fin_sent; /**< ngtcp2 knows */
};

void dtt_qsendbuf_fini(struct dtt_qsendbuf *b);
/** Frees the bytes; the offsets stay. */
void dtt_qsendbuf_drop(struct dtt_qsendbuf *b);
/** Appends all or nothing; the caller bounds the size. DTT_ENOMEM. */
int dtt_qsendbuf_append(struct dtt_qsendbuf *b, struct dtt_slice data);
/** The next bytes to send, in at most `max` pieces; `fin`: they reach the end of the stream. */
size_t dtt_qsendbuf_next(const struct dtt_qsendbuf *b, ngtcp2_vec *ret, size_t max, bool *fin);
/** ngtcp2 took `n` bytes of what dtt_qsendbuf_next gave, with or without the end. */
void dtt_qsendbuf_sent(struct dtt_qsendbuf *b, size_t n, bool fin);
/** All bytes before offset `end` are acknowledged. */
void dtt_qsendbuf_acked(struct dtt_qsendbuf *b, uint64_t end);

static inline size_t dtt_qsendbuf_unacked(const struct dtt_qsendbuf *b)
{
    return (size_t)(b->end - b->acked);
}

static inline bool dtt_qsendbuf_has_next(const struct dtt_qsendbuf *b)
{
    return b->sent < b->end || (b->fin && !b->fin_sent);
}

#endif
