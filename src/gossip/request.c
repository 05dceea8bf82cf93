/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/request.h"

#include "gossip/message.h"

void dtt_requests_init(struct dtt_requests *q, struct dtt_timerq *timers)
{
    memset(q, 0, sizeof(*q));
    q->timers = timers;
}

bool dtt_request_is_waiting(const struct dtt_request *r)
{
    return dtt_timer_is_armed(&r->timer);
}

bool dtt_request_is_awaited(const struct dtt_request *r)
{
    return dtt_request_is_waiting(r) && r->kind != DTT_REQUEST_DIAL;
}

struct dtt_request *dtt_requests_find(struct dtt_requests *q, const struct dtt_id *id,
                                      enum dtt_request_kind kind)
{
    for (size_t i = 0; i < DTT_REQUESTS_MAX; i++) {
        struct dtt_request *r = &q->all[i];
        if (dtt_request_is_waiting(r) && r->kind == kind && dtt_gossip_id_eq(&r->id, id)) {
            return r;
        }
    }
    return NULL;
}

const struct dtt_request *dtt_requests_asked(const struct dtt_requests *q, const struct dtt_id *id)
{
    const struct dtt_request *asked = NULL;
    for (size_t i = 0; i < DTT_REQUESTS_MAX; i++) {
        const struct dtt_request *r = &q->all[i];
        if (dtt_request_is_waiting(r) && dtt_gossip_id_eq(&r->id, id) &&
            (!asked || r->kind < asked->kind)) {
            asked = r;
        }
    }
    return asked;
}

bool dtt_requests_are_awaited(const struct dtt_requests *q, const struct dtt_id *id)
{
    const struct dtt_request *r = dtt_requests_asked(q, id);
    return r && dtt_request_is_awaited(r);
}

size_t dtt_requests_count(const struct dtt_requests *q, bool proven)
{
    size_t n = 0;
    for (size_t i = 0; i < DTT_REQUESTS_MAX; i++) {
        const struct dtt_request *r = &q->all[i];
        n += dtt_request_is_waiting(r) && r->kind == DTT_REQUEST_NEIGHBOR && r->is_proven == proven;
    }
    return n;
}

/* Requests on the word of `via`. */
static size_t count_hearsay(const struct dtt_requests *q, const struct dtt_id *via)
{
    size_t n = 0;
    for (size_t i = 0; i < DTT_REQUESTS_MAX; i++) {
        const struct dtt_request *r = &q->all[i];
        n += dtt_request_is_waiting(r) && r->is_hearsay && dtt_gossip_id_eq(&r->via, via);
    }
    return n;
}

static size_t share_of(const struct dtt_requests *q, const struct dtt_request *r)
{
    if (r->kind == DTT_REQUEST_DIAL) {
        return SIZE_MAX;
    }
    return r->is_hearsay ? count_hearsay(q, &r->via) : 0;
}

struct dtt_request *dtt_requests_slot(struct dtt_requests *q, const struct dtt_id *via)
{
    struct dtt_request *victim = NULL;
    size_t largest = via ? count_hearsay(q, via) + 1 : 0;
    for (size_t i = 0; i < DTT_REQUESTS_MAX; i++) {
        struct dtt_request *r = &q->all[i];
        if (!dtt_request_is_waiting(r)) {
            return r;
        }
        size_t share = share_of(q, r);
        if (share > largest || (victim && share == largest && r->sent_ns < victim->sent_ns)) {
            largest = share;
            victim = r;
        }
    }
    return victim;
}

void dtt_requests_end(struct dtt_requests *q, struct dtt_request *r)
{
    dtt_timerq_cancel(q->timers, &r->timer);
}

void dtt_requests_end_all(struct dtt_requests *q, const struct dtt_id *id)
{
    const struct dtt_request *r;
    while ((r = dtt_requests_asked(q, id)) != NULL) {
        dtt_requests_end(q, &q->all[r - q->all]);
    }
}
