/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Requests of HyParView: peers outside the active view that were sent something, so that their
 * connection is needed for a while. A fixed number; those on hearsay give way first.
 */
#ifndef DTT_GOSSIP_REQUEST_H
#define DTT_GOSSIP_REQUEST_H

#include "base/timerq.h"

#include <dtt/types.h>

#define DTT_REQUESTS_MAX 16

/* The one that asks for most comes first. */
enum dtt_request_kind {
    DTT_REQUEST_NEIGHBOR,
    DTT_REQUEST_JOIN,
    DTT_REQUEST_DIAL /**< no answer is awaited, but what was sent on hearsay may still get there */
};

/** Free while its timer rests. */
struct dtt_request {
    struct dtt_timer timer;
    struct dtt_id id;
    uint64_t sent_ns;
    enum dtt_request_kind kind;
    bool is_proven;
    bool is_hearsay;
    struct dtt_id via; /**< hearsay: see struct dtt_gossip_peer */
};

struct dtt_requests {
    struct dtt_timerq *timers;
    struct dtt_request all[DTT_REQUESTS_MAX];
};

/** `timers` stays the caller's, who takes out what is due. The struct must not move afterwards. */
void dtt_requests_init(struct dtt_requests *q, struct dtt_timerq *timers);

bool dtt_request_is_waiting(const struct dtt_request *r);
/** Waiting, and for an answer. */
bool dtt_request_is_awaited(const struct dtt_request *r);

struct dtt_request *dtt_requests_find(struct dtt_requests *q, const struct dtt_id *id,
                                      enum dtt_request_kind kind);
/** What was sent to `id`, or NULL: of more than one the one that asked for most. */
const struct dtt_request *dtt_requests_asked(const struct dtt_requests *q, const struct dtt_id *id);
bool dtt_requests_are_awaited(const struct dtt_requests *q, const struct dtt_id *id);
/** Neighbor requests to proven peers, or to others. */
size_t dtt_requests_count(const struct dtt_requests *q, bool proven);

/**
 * A slot for a new request: a free one; else one on hearsay, first one of which no answer is
 * awaited, then of the neighbour that named most, in it the oldest: it still waits, and is the
 * caller's to end. NULL when the newcomer's neighbour `via` (NULL: it is no hearsay) would have as
 * many itself.
 */
struct dtt_request *dtt_requests_slot(struct dtt_requests *q, const struct dtt_id *via);

void dtt_requests_end(struct dtt_requests *q, struct dtt_request *r);
/** Ends all to `id`. */
void dtt_requests_end_all(struct dtt_requests *q, const struct dtt_id *id);

#endif
