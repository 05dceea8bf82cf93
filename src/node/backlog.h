/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The bytes that wait for one peer to take them, looked at once a second: whether the peer is slow,
 * and whether it has stopped. Nobody is waited for: a slow neighbour gets announcements instead of
 * messages, one that has stopped loses its connection.
 */
#ifndef DTT_NODE_BACKLOG_H
#define DTT_NODE_BACKLOG_H

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

#define DTT_BACKLOG_LOOK_NS DTT_S
/** Slow with more than this, part of which has waited for a look. */
#define DTT_BACKLOG_SLOW ((size_t)64 * 1024)
/** Slow at once. Own messages stop at DTT_TOPIC_SEND_MAX; a stream holds 256 KiB. */
#define DTT_BACKLOG_SLOW_NOW ((size_t)192 * 1024)
/** Not slow any more below this. */
#define DTT_BACKLOG_FLUENT ((size_t)16 * 1024)
/** A peer that acknowledges what it is sent, and gives no credit for more, has stopped. */
#define DTT_BACKLOG_STALL_NS (5 * DTT_S)
/** A peer that acknowledges nothing; one that is not heard at all ends before (idle timeout). */
#define DTT_BACKLOG_DEAF_NS (20 * DTT_S)
/** So much may be written that is not counted: the beginnings of streams, proofs. */
#define DTT_BACKLOG_UNCOUNTED ((size_t)1024)
/** What a neighbour lacks that has been slow for so long is not waited for. */
#define DTT_BACKLOG_LATE_NS (5 * DTT_S)

struct dtt_backlog {
    size_t waiting;       /**< bytes at the last look */
    size_t written;       /**< bytes since then */
    uint64_t progress_ns; /**< when the peer last took some, or had nothing to take */
    uint64_t slow_ns;     /**< since when it is slow; 0: it is not */
    bool is_silent;       /**< it has acknowledged nothing between two looks: either is cut off */
};

/**
 * So many bytes were written. True when more than DTT_BACKLOG_SLOW_NOW may wait now: to know, the
 * caller has to count them.
 */
bool dtt_backlog_add(struct dtt_backlog *b, struct dtt_now now, size_t n);
/** Counted amid two looks: `waiting` bytes are not acknowledged. */
void dtt_backlog_count(struct dtt_backlog *b, struct dtt_now now, size_t waiting);
/** A look: `waiting` bytes are not acknowledged. */
void dtt_backlog_look(struct dtt_backlog *b, struct dtt_now now, size_t waiting);
/** `is_blocked`: all that was sent is acknowledged, the rest waits for credit. */
bool dtt_backlog_is_stalled(const struct dtt_backlog *b, struct dtt_now now, bool is_blocked);
bool dtt_backlog_is_late(const struct dtt_backlog *b, struct dtt_now now);

#endif
