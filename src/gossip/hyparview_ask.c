/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/hyparview_ask.h"

#include "gossip/hyparview_send.h"
#include "gossip/peer_data.h"

/* An unanswered Join keeps its connection for so long; dialling and a handshake fit in. */
#define JOIN_NS (10 * DTT_S)
/* A dial on hearsay goes on after the request for so long: time for two long round trips more. */
#define HEARSAY_DIAL_NS (1500 * DTT_MS)
/* So many names of a neighbour without an answer in a row, and what it names is not taken. */
#define UNANSWERED_MAX 8
#define UNHEEDED_NS (600 * DTT_S)
/* Of so many neighbours that make room one has another asked; if each had, it would never end. */
#define ASK_OUT_EACH 8

static uint64_t wait_ns(enum dtt_request_kind kind)
{
    switch (kind) {
    case DTT_REQUEST_JOIN: return JOIN_NS;
    case DTT_REQUEST_DIAL: return DTT_HYPARVIEW_REQUEST_NS + HEARSAY_DIAL_NS;
    case DTT_REQUEST_NEIGHBOR: break;
    }
    return DTT_HYPARVIEW_REQUEST_NS;
}

bool dtt_hyparview_ask_add(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *id,
                           enum dtt_request_kind kind, const struct dtt_id *via)
{
    struct dtt_request *r = dtt_requests_slot(&h->requests, via);
    if (r && dtt_request_is_waiting(r)) {
        dtt_gossip_emit_disconnect(&h->port, &r->id);
        dtt_requests_end(&h->requests, r);
    }
    if (!r || dtt_timerq_set(&h->timers, &r->timer, now.mono_ns + wait_ns(kind))) {
        return false;
    }
    r->id = *id;
    r->sent_ns = now.mono_ns;
    r->kind = kind;
    r->is_proven = dtt_hyparview_is_proven(h, now, id);
    r->is_hearsay = via != NULL;
    r->via = via ? *via : (struct dtt_id){.bytes = {0}};
    return true;
}

void dtt_hyparview_ask_judge(struct dtt_hyparview *h, struct dtt_now now,
                             const struct dtt_request *r, bool is_there)
{
    struct dtt_gossip_peer *namer =
        r->is_hearsay ? dtt_gossip_view_find(&h->active, &r->via) : NULL;
    if (namer && is_there) {
        namer->names_unanswered = 0;
        namer->unheeded_until_ns = 0;
    } else if (namer && ++namer->names_unanswered == UNANSWERED_MAX) {
        namer->names_unanswered = 0;
        namer->unheeded_until_ns = now.mono_ns + UNHEEDED_NS;
    }
}

void dtt_hyparview_ask(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *id,
                       enum dtt_gossip_priority priority, const struct dtt_gossip_peer_data *data,
                       const struct dtt_id *via)
{
    if (dtt_requests_find(&h->requests, id, DTT_REQUEST_NEIGHBOR)) {
        return;
    }
    if (!dtt_hyparview_ask_add(h, now, id, DTT_REQUEST_NEIGHBOR, via)) {
        DTT_COUNT(h->port.ctx, GOSSIP_REQUESTS_REFUSED);
        return;
    }
    /* Not kept, for the answer brings it again; but the dial needs the address now. */
    struct dtt_gossip_blob *news = NULL;
    if (data) {
        dtt_peer_data_learn(&h->port, &news, id, data);
        dtt_gossip_blob_unref(news);
    }
    dtt_hyparview_send_neighbor(h, id, priority, via);
}

/* The passive peers of a standing that may be asked, other than `skip` (or NULL). */
static size_t list_candidates(struct dtt_hyparview *h, struct dtt_now now,
                              const struct dtt_id *skip, bool proven,
                              struct dtt_gossip_peer *ret[DTT_GOSSIP_PASSIVE_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < h->passive.n; i++) {
        struct dtt_gossip_peer *p = &h->passive.peers[i];
        if (dtt_hyparview_is_proven(h, now, &p->id) == proven &&
            (!skip || !dtt_gossip_id_eq(&p->id, skip)) &&
            !dtt_requests_find(&h->requests, &p->id, DTT_REQUEST_NEIGHBOR) &&
            dtt_visits_may_return(&h->visits, now, &p->id)) {
            ret[n++] = p;
        }
    }
    return n;
}

void dtt_hyparview_ask_next(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *skip)
{
    struct dtt_gossip_peer *fit[DTT_GOSSIP_PASSIVE_MAX];
    size_t n = 0;
    size_t proven = dtt_requests_count(&h->requests, true);
    size_t all = h->active.n + proven + dtt_requests_count(&h->requests, false);
    size_t has_proven = dtt_gossip_view_proven(&h->active);
    if (has_proven < h->active.n && has_proven + proven < h->cfg.active_view) {
        n = list_candidates(h, now, skip, true, fit);
    }
    if (n == 0 && all < h->cfg.active_view) {
        n = list_candidates(h, now, skip, true, fit);
        n += list_candidates(h, now, skip, false, fit + n);
    }
    if (n) {
        struct dtt_gossip_peer *p = fit[dtt_rng_below(h->port.rng, n)];
        bool is_hearsay = p->is_hearsay && !dtt_hyparview_is_proven(h, now, &p->id);
        dtt_hyparview_ask(h, now, &p->id, h->active.n ? DTT_GOSSIP_LOW : DTT_GOSSIP_HIGH, NULL,
                          is_hearsay ? &p->via : NULL);
    }
}

void dtt_hyparview_ask_out(struct dtt_hyparview *h, struct dtt_now now, const struct dtt_id *skip)
{
    struct dtt_gossip_peer *fit[DTT_GOSSIP_PASSIVE_MAX];
    bool is_deaf = true;
    for (size_t i = 0; i < h->active.n; i++) {
        is_deaf &= !h->active.peers[i].is_useful;
    }
    size_t n = is_deaf && ++h->n_replaced % ASK_OUT_EACH == 0
                   ? list_candidates(h, now, skip, true, fit)
                   : 0;
    if (n) {
        dtt_hyparview_ask(h, now, &fit[dtt_rng_below(h->port.rng, n)]->id, DTT_GOSSIP_HIGH, NULL,
                          NULL);
    }
}

void dtt_hyparview_ask_over(struct dtt_hyparview *h, struct dtt_now now, struct dtt_request *r)
{
    if (r->kind == DTT_REQUEST_DIAL) {
        dtt_gossip_emit_disconnect(&h->port, &r->id);
    }
    if (r->kind != DTT_REQUEST_NEIGHBOR) {
        return;
    }
    struct dtt_gossip_peer *p = dtt_gossip_view_find(&h->passive, &r->id);
    if (p) {
        dtt_gossip_view_drop(&h->passive, p);
    }
    if (r->is_hearsay) {
        /* Cannot fail: it takes the place it just left. */
        r->kind = DTT_REQUEST_DIAL;
        dtt_timerq_set(&h->timers, &r->timer, r->sent_ns + wait_ns(r->kind));
        dtt_hyparview_ask_judge(h, now, r, false);
    }
    /* Else its connection is left alone: a slow dial may still succeed, and the answer counts. */
    dtt_hyparview_ask_next(h, now, NULL);
}
