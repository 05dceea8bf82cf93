/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The queue of public events. Owns whatever an event points to. When it is full, events are
 * dropped and counted, and one LAGGED event says how many were missed.
 *
 * Before that the sources are held back: a peer with many events in the queue is, and all of them
 * when the queue is nearly full, until the program has taken half.
 */
#ifndef DTT_NODE_EVENTS_H
#define DTT_NODE_EVENTS_H

#include "base/bytes.h"
#include "base/map.h"
#include "base/ring.h"
#include "base/time.h"

#include <dtt/dtt.h>

#define DTT_EVENTS_MAX 4096
/** While a topic is left: what its neighbours were told has arrived is still to be handed over. Two
 * streams hold 12,500 messages at most, 256 KiB each of frames of 42 bytes. */
#define DTT_EVENTS_LAST 32768
#define DTT_EVENTS_MUCH (DTT_EVENTS_MAX / 4 * 3) /**< all peers are held back */
#define DTT_EVENTS_A_PEER 512                    /**< of one peer: it is held back */
/** One more than the last of enum dtt_event_type; it grows, so programs do not see it. */
#define DTT_EVENT_COUNT (DTT_EVENT_MISSED + 1)

struct dtt_events {
    struct dtt_ring ring; /**< of struct dtt_queued_event */
    uint64_t missed;      /**< since LAGGED was last told */
    uint64_t lost;        /**< in all */
    struct dtt_map peers; /**< id -> what is in the queue of a peer */
    bool is_full;         /**< nearly: all peers are held back */
    bool is_last;         /**< a topic is being left: nobody is held back */
    uint32_t turns;       /**< how often dtt_events_holds came to another answer for some peer */
    uint8_t *current;     /**< memory of the event handed out last */
    struct dtt_event out;
};

void dtt_events_init(struct dtt_events *q, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES]);
void dtt_events_fini(struct dtt_events *q);
/**
 * Queues a copy of `ev`, stamped with `now`, and of the `owned` bytes it refers to. A message
 * without data has all of them as its content.
 */
void dtt_events_push(struct dtt_events *q, struct dtt_now now, const struct dtt_event *ev,
                     struct dtt_slice owned);
/** Marks an event as one of this topic. */
void dtt_events_sign(struct dtt_event *ev, struct dtt_topic *t);
/** As dtt_events_push for an event that owns nothing; `t`: its topic, or NULL. */
void dtt_events_tell(struct dtt_events *q, struct dtt_now now, struct dtt_topic *t,
                     struct dtt_event *ev);
/** Removes the handle of a topic that is about to be freed from all queued events. */
void dtt_events_forget_topic(struct dtt_events *q, const dtt_topic *topic);
const struct dtt_event *dtt_events_next(struct dtt_events *q);
/** What a peer sends should wait until the program has taken more events. */
bool dtt_events_holds(const struct dtt_events *q, const struct dtt_id *peer);
/** Nobody is held back, and there is more room, until `is_last` is false again. */
void dtt_events_set_last(struct dtt_events *q, bool is_last);
bool dtt_events_is_empty(const struct dtt_events *q);

#endif
