/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/events.h"

#include "node/core_topic.h"

#include <stdlib.h>

struct dtt_queued_event {
    struct dtt_event ev;
    uint8_t *owned;
    size_t owned_len;
    size_t content_at; /* of a message, within what is owned */
};

/* What one peer has in the queue. */
struct share {
    struct dtt_id peer;
    size_t n; /* never 0 */
    bool is_full;
};

void dtt_events_init(struct dtt_events *q, const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    memset(q, 0, sizeof(*q));
    dtt_map_init(&q->peers, sizeof(struct dtt_id), DTT_EVENTS_MAX, hash_key);
    dtt_ring_init(&q->ring, sizeof(struct dtt_queued_event), DTT_EVENTS_LAST);
}

void dtt_events_fini(struct dtt_events *q)
{
    for (size_t i = 0; i < q->ring.count; i++) {
        struct dtt_queued_event *e = dtt_ring_at(&q->ring, i);
        free(e->owned);
    }
    dtt_ring_fini(&q->ring);
    for (size_t i = 0; i < dtt_map_count(&q->peers); i++) {
        free(dtt_map_value_at(&q->peers, i));
    }
    dtt_map_fini(&q->peers);
    free(q->current);
    q->current = NULL;
}

/*
 * The peer that could fill the queue with this event; NULL: none. The others come of what the
 * program asked for, or seldom.
 */
static const struct dtt_id *source(const struct dtt_event *ev)
{
    switch ((enum dtt_event_type)ev->type) {
    case DTT_EVENT_MESSAGE: return &ev->u.message.neighbor;
    case DTT_EVENT_MEMBER: return &ev->u.member.neighbor;
    case DTT_EVENT_MISSED: return &ev->u.missed.neighbor;
    case DTT_EVENT_NEIGHBOR_UP:
    case DTT_EVENT_NEIGHBOR_WAY:
    case DTT_EVENT_NEIGHBOR_DOWN: return &ev->u.neighbor.peer;
    case DTT_EVENT_LISTENING:
    case DTT_EVENT_JOINED:
    case DTT_EVENT_LAGGED:
    case DTT_EVENT_DIAL_FAILED:
    case DTT_EVENT_EXTERNAL_ADDR:
    case DTT_EVENT_RECORD_PUBLISHED:
    case DTT_EVENT_WRITABLE:
    case DTT_EVENT_LEFT:
    case DTT_EVENT_RECORD:
    case DTT_EVENT_LOOKUP_DONE:
    case DTT_EVENT_DHT_VALUE:
    case DTT_EVENT_DHT_DONE:
    case DTT_EVENT_DHT_PUT:
    case DTT_EVENT_DHT_NODE:
    case DTT_EVENT_DHT_READY:
    case DTT_EVENT_DHT_PEER:
    case DTT_EVENT_DHT_ANNOUNCE:
    case DTT_EVENT_STATE_FILE:
    case DTT_EVENT_LOST:
    case DTT_EVENT_CLOCK:
    case DTT_EVENT_TWIN:
    case DTT_EVENT_PORT_MAPPING:
    case DTT_EVENT_LAN:
    case DTT_EVENT_RELAY: break;
    }
    return NULL;
}

static void set_full(struct dtt_events *q, bool *is_full, bool value)
{
    q->turns += *is_full != value;
    *is_full = value;
}

/* Without memory the event counts for nobody. */
static void count_in(struct dtt_events *q, const struct dtt_id *peer)
{
    struct share *s = dtt_map_get(&q->peers, peer);
    if (!s) {
        s = calloc(1, sizeof(*s));
        if (!s || dtt_map_put(&q->peers, peer, s) != DTT_OK) {
            free(s);
            return;
        }
        s->peer = *peer;
    }
    if (++s->n >= DTT_EVENTS_A_PEER) {
        set_full(q, &s->is_full, true);
    }
}

static void count_out(struct dtt_events *q, const struct dtt_id *peer)
{
    struct share *s = dtt_map_get(&q->peers, peer);
    if (!s) {
        return;
    }
    if (--s->n <= DTT_EVENTS_A_PEER / 2) {
        set_full(q, &s->is_full, false);
    }
    if (s->n == 0) {
        dtt_map_take(&q->peers, peer);
        free(s);
    }
}

bool dtt_events_holds(const struct dtt_events *q, const struct dtt_id *peer)
{
    const struct share *s = dtt_map_get(&q->peers, peer);
    return !q->is_last && (q->is_full || (s && s->is_full));
}

void dtt_events_set_last(struct dtt_events *q, bool is_last)
{
    q->turns += q->is_last != is_last;
    q->is_last = is_last;
}

void dtt_events_push(struct dtt_events *q, struct dtt_now now, const struct dtt_event *ev,
                     struct dtt_slice owned)
{
    uint8_t *copy = NULL;
    if (owned.len > 0) {
        copy = malloc(owned.len);
        if (!copy) {
            q->missed++;
            q->lost++;
            return;
        }
        memcpy(copy, owned.data, owned.len);
    }
    bool has_room = q->ring.count < (q->is_last ? DTT_EVENTS_LAST : DTT_EVENTS_MAX);
    struct dtt_queued_event *e = has_room ? dtt_ring_push(&q->ring) : NULL;
    if (!e) {
        free(copy);
        q->missed++;
        q->lost++;
        return;
    }
    e->ev = *ev;
    e->ev.size = sizeof(e->ev);
    e->ev.unix_ms = now.wall_ns < 0 ? 0 : (uint64_t)now.wall_ns / DTT_MS;
    e->owned = copy;
    e->owned_len = owned.len;
    if (ev->type == DTT_EVENT_MESSAGE) {
        bool is_whole = !ev->u.message.data;
        e->content_at = is_whole ? 0 : (size_t)(ev->u.message.data - owned.data);
        e->ev.u.message.len = is_whole ? owned.len : ev->u.message.len;
    }
    if (source(ev)) {
        count_in(q, source(ev));
    }
    if (q->ring.count >= DTT_EVENTS_MUCH) {
        set_full(q, &q->is_full, true);
    }
}

void dtt_events_sign(struct dtt_event *ev, struct dtt_topic *t)
{
    ev->topic = t;
    ev->topic_id = t->number;
    ev->topic_user = t->user;
    memcpy(ev->topic_hash, t->id.bytes, sizeof(ev->topic_hash));
}

void dtt_events_tell(struct dtt_events *q, struct dtt_now now, struct dtt_topic *t,
                     struct dtt_event *ev)
{
    if (t) {
        dtt_events_sign(ev, t);
    }
    dtt_events_push(q, now, ev, dtt_slice(NULL, 0));
}

void dtt_events_forget_topic(struct dtt_events *q, const dtt_topic *topic)
{
    for (size_t i = 0; i < q->ring.count; i++) {
        struct dtt_queued_event *e = dtt_ring_at(&q->ring, i);
        if (e->ev.topic == topic) {
            e->ev.topic = NULL;
        }
    }
}

_Static_assert(sizeof(((struct dtt_event *)0)->u) == DTT_EVENT_ROOM, "payloads fit their room");

/* Points the event at the queue's copy of its data. */
static void attach(struct dtt_event *ev, const struct dtt_queued_event *e)
{
    const uint8_t *owned = e->owned;
    size_t len = e->owned_len;
    switch ((enum dtt_event_type)ev->type) {
    case DTT_EVENT_MESSAGE:
        ev->u.message.raw = owned;
        ev->u.message.raw_len = len;
        ev->u.message.data = owned + e->content_at;
        break;
    case DTT_EVENT_RECORD:
        /* The content follows the info. */
        ev->u.record.record = (const struct dtt_record_info *)(const void *)owned;
        ev->u.record.content = owned + sizeof(struct dtt_record_info);
        ev->u.record.content_len = len - sizeof(struct dtt_record_info);
        break;
    case DTT_EVENT_DHT_VALUE:
        /* The contents, if any, are the end of v. */
        if (ev->u.dht_value.data) {
            ev->u.dht_value.data = owned + (len - ev->u.dht_value.data_len);
        }
        ev->u.dht_value.v = owned;
        break;
    case DTT_EVENT_DIAL_FAILED:
        ev->u.dial_failed.tried = (const struct dtt_tried *)(const void *)owned;
        break;
    case DTT_EVENT_DHT_DONE:
        ev->u.dht_done.holders = (const struct dtt_dht_holder *)(const void *)owned;
        break;
    case DTT_EVENT_LISTENING:
    case DTT_EVENT_JOINED:
    case DTT_EVENT_NEIGHBOR_UP:
    case DTT_EVENT_NEIGHBOR_WAY:
    case DTT_EVENT_NEIGHBOR_DOWN:
    case DTT_EVENT_LAGGED:
    case DTT_EVENT_EXTERNAL_ADDR:
    case DTT_EVENT_RECORD_PUBLISHED:
    case DTT_EVENT_WRITABLE:
    case DTT_EVENT_LEFT:
    case DTT_EVENT_LOOKUP_DONE:
    case DTT_EVENT_DHT_PUT:
    case DTT_EVENT_DHT_NODE:
    case DTT_EVENT_DHT_READY:
    case DTT_EVENT_DHT_PEER:
    case DTT_EVENT_DHT_ANNOUNCE:
    case DTT_EVENT_STATE_FILE:
    case DTT_EVENT_LOST:
    case DTT_EVENT_CLOCK:
    case DTT_EVENT_TWIN:
    case DTT_EVENT_PORT_MAPPING:
    case DTT_EVENT_MEMBER:
    case DTT_EVENT_MISSED:
    case DTT_EVENT_LAN:
    case DTT_EVENT_RELAY: break;
    }
}

const struct dtt_event *dtt_events_next(struct dtt_events *q)
{
    free(q->current);
    q->current = NULL;
    struct dtt_queued_event *e = dtt_ring_front(&q->ring);
    if (!e && q->missed == 0) {
        return NULL;
    }
    if (!e) {
        /* All events before the gap have been read, so the gap is reported now. */
        q->out = (struct dtt_event){.size = sizeof(q->out), .type = DTT_EVENT_LAGGED};
        q->out.u.lagged.missed = q->missed;
        q->missed = 0;
        return &q->out;
    }
    q->out = e->ev;
    q->current = e->owned;
    attach(&q->out, e);
    dtt_ring_pop(&q->ring);
    if (source(&q->out)) {
        count_out(q, source(&q->out));
    }
    if (q->ring.count <= DTT_EVENTS_MAX / 2) {
        set_full(q, &q->is_full, false);
    }
    return &q->out;
}

bool dtt_events_is_empty(const struct dtt_events *q)
{
    return q->ring.count == 0 && q->missed == 0;
}
