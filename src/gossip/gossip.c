/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/gossip.h"

#include "crypto/hash.h"
#include "gossip/admission.h"
#include "gossip/past.h"
#include "gossip/swarm.h"

#include <assert.h>
#include <stdlib.h>

#define MAX_TOPICS 64

struct dtt_gossip {
    struct dtt_ctx *ctx;
    struct dtt_hyparview_config cfg;
    struct dtt_rng rng;
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    struct dtt_map topics; /* topic id -> struct dtt_swarm */
    struct dtt_gossip_past past;
    struct dtt_gossip_outbox outbox;
    struct dtt_gossip_blob *my_data; /* NULL: empty */
    struct dtt_gossip_blob *shown;   /* holds the data of the action returned last */
};

int dtt_gossip_new(struct dtt_gossip **ret, struct dtt_ctx *ctx,
                   const struct dtt_gossip_config *cfg)
{
    struct dtt_hyparview_config hcfg = {
        .me = cfg->me,
        .active_view = cfg->active_view ? cfg->active_view : DTT_HYPARVIEW_ACTIVE,
        .passive_view = cfg->passive_view ? cfg->passive_view : DTT_HYPARVIEW_PASSIVE,
        .shuffle_ns = cfg->shuffle_ns ? cfg->shuffle_ns : DTT_HYPARVIEW_SHUFFLE_NS};
    if (hcfg.active_view > DTT_GOSSIP_ACTIVE_MAX - DTT_GOSSIP_STRANGERS ||
        hcfg.passive_view > DTT_GOSSIP_PASSIVE_MAX || cfg->max_topics == UINT32_MAX) {
        return DTT_EINVAL;
    }
    struct dtt_gossip *g = calloc(1, sizeof(*g));
    if (!g) {
        return DTT_ENOMEM;
    }
    g->ctx = ctx;
    g->cfg = hcfg;
    dtt_rng_init(&g->rng, ctx->seed, "gossip");
    dtt_rng_bytes(&g->rng, g->hash_key, sizeof(g->hash_key));
    dtt_map_init(&g->topics, sizeof(struct dtt_gossip_topic_id),
                 cfg->max_topics ? cfg->max_topics : MAX_TOPICS, g->hash_key);
    dtt_gossip_outbox_init(&g->outbox);
    *ret = g;
    return DTT_OK;
}

static struct dtt_swarm *swarm_at(const struct dtt_gossip *g, size_t i)
{
    return dtt_map_value_at(&g->topics, i);
}

static void free_swarm(struct dtt_swarm *s)
{
    dtt_swarm_fini(s);
    free(s);
}

void dtt_gossip_free(struct dtt_gossip *g)
{
    if (!g) {
        return;
    }
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        free_swarm(swarm_at(g, i));
    }
    dtt_map_fini(&g->topics);
    dtt_gossip_past_fini(&g->past);
    dtt_gossip_outbox_fini(&g->outbox);
    dtt_gossip_blob_unref(g->my_data);
    dtt_gossip_blob_unref(g->shown);
    dtt_rng_fini(&g->rng);
    free(g);
}

int dtt_gossip_subscribe(struct dtt_gossip *g, struct dtt_now now,
                         const struct dtt_gossip_topic_id *topic)
{
    struct dtt_gossip_port port = {
        .ctx = g->ctx, .rng = &g->rng, .outbox = &g->outbox, .topic = *topic};
    if (dtt_map_get(&g->topics, topic->bytes)) {
        return DTT_ESTATE;
    }
    struct dtt_swarm *s = calloc(1, sizeof(*s));
    if (!s) {
        return DTT_ENOMEM;
    }
    int err = dtt_swarm_init(s, now, &port, &g->cfg, g->hash_key);
    if (err) {
        free(s);
        return err;
    }
    err = dtt_map_put(&g->topics, topic->bytes, s);
    if (err) {
        free_swarm(s);
        return err;
    }
    dtt_hyparview_set_data(&s->hyparview, g->my_data);
    struct dtt_gossip_recall *recall = dtt_gossip_past_take(&g->past, topic);
    if (recall) {
        dtt_swarm_recall(s, now, recall);
    }
    return DTT_OK;
}

void dtt_gossip_set_window(struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic,
                           const struct dtt_gossip_window *window)
{
    struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    assert(s && window->ns <= DTT_GOSSIP_WINDOW_MAX_NS);
    s->plumtree.received_messages.window = *window;
    if (window->ns < DTT_PLUMTREE_CONTENT_NS) {
        s->plumtree.received_messages.window.ns = DTT_PLUMTREE_CONTENT_NS;
    }
}

void dtt_gossip_quit(struct dtt_gossip *g, struct dtt_now now,
                     const struct dtt_gossip_topic_id *topic)
{
    struct dtt_gossip_recall recall;
    struct dtt_swarm *s = dtt_map_take(&g->topics, topic->bytes);
    if (s) {
        dtt_hyparview_quit(&s->hyparview);
        dtt_swarm_part(s, &recall);
        dtt_gossip_past_keep(&g->past, now, topic, &recall);
        free_swarm(s);
    }
}

int dtt_gossip_join_peer(struct dtt_gossip *g, struct dtt_now now,
                         const struct dtt_gossip_topic_id *topic, const struct dtt_id *peer,
                         bool was_neighbor)
{
    struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    if (!s) {
        return DTT_ESTATE;
    }
    if (dtt_gossip_id_eq(peer, &g->cfg.me)) {
        return DTT_EINVAL;
    }
    return dtt_hyparview_join(&s->hyparview, now, peer, was_neighbor);
}

int dtt_gossip_broadcast(struct dtt_gossip *g, struct dtt_now now,
                         const struct dtt_gossip_topic_id *topic, enum dtt_gossip_scope scope,
                         struct dtt_slice content)
{
    struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    return s ? dtt_plumtree_broadcast(&s->plumtree, now, scope, content) : DTT_ESTATE;
}

int dtt_gossip_recv(struct dtt_gossip *g, struct dtt_now now, const struct dtt_gossip_source *from,
                    const struct dtt_gossip_topic_id *topic, struct dtt_slice payload)
{
    struct dtt_gossip_message m;
    struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    if (!s) {
        DTT_COUNT(g->ctx, GOSSIP_RX_UNKNOWN_TOPIC);
        return DTT_ESTATE;
    }
    if (dtt_gossip_message_decode(payload, g->ctx->valid, &m)) {
        DTT_COUNT(g->ctx, GOSSIP_RX_MALFORMED);
        DTT_TRACE(g->ctx, GOSSIP_RX_MALFORMED, dtt_tv_id(&from->id),
                  dtt_tv_int((int64_t)payload.len));
        return DTT_EPROTO;
    }
    DTT_COUNT(g->ctx, GOSSIP_RX_MESSAGES);
    dtt_swarm_recv(s, now, from, &m);
    return DTT_OK;
}

void dtt_gossip_peer_gone(struct dtt_gossip *g, struct dtt_now now, const struct dtt_id *peer,
                          enum dtt_reason reason)
{
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        dtt_swarm_peer_gone(swarm_at(g, i), now, peer, reason);
    }
}

void dtt_gossip_set_silent(struct dtt_gossip *g, const struct dtt_id *peer, bool is_silent)
{
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        dtt_plumtree_set_silent(&swarm_at(g, i)->plumtree, peer, is_silent);
    }
}

void dtt_gossip_set_slow(struct dtt_gossip *g, struct dtt_now now, const struct dtt_id *peer,
                         bool is_slow)
{
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        dtt_plumtree_set_slow(&swarm_at(g, i)->plumtree, now, peer, is_slow);
    }
}

void dtt_gossip_remind(struct dtt_gossip *g, struct dtt_now now, const struct dtt_id *peer)
{
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        dtt_plumtree_remind(&swarm_at(g, i)->plumtree, now, peer);
    }
}

void dtt_gossip_prove(struct dtt_gossip *g, struct dtt_now now,
                      const struct dtt_gossip_topic_id *topic, const struct dtt_id *peer)
{
    struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    if (s) {
        dtt_swarm_prove(s, now, peer);
    }
}

int dtt_gossip_set_peer_data(struct dtt_gossip *g, struct dtt_slice data)
{
    if (data.len > DTT_GOSSIP_PEER_DATA_MAX) {
        return DTT_ETOOBIG;
    }
    struct dtt_gossip_blob *blob = dtt_gossip_blob_new(data);
    if (!blob) {
        return DTT_ENOMEM;
    }
    dtt_gossip_blob_unref(g->my_data);
    g->my_data = blob;
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        dtt_hyparview_set_data(&swarm_at(g, i)->hyparview, blob);
    }
    return DTT_OK;
}

void dtt_gossip_confirm(struct dtt_gossip *g, struct dtt_now now)
{
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        dtt_hyparview_confirm(&swarm_at(g, i)->hyparview, now);
    }
}

bool dtt_gossip_renew(const struct dtt_gossip *g, struct dtt_slice payload, struct dtt_writer *w)
{
    struct dtt_gossip_message m;
    if (dtt_gossip_message_decode(payload, g->ctx->valid, &m) != DTT_OK ||
        (m.type != DTT_MSG_JOIN && m.type != DTT_MSG_NEIGHBOR)) {
        return false;
    }
    struct dtt_gossip_peer_data *data =
        m.type == DTT_MSG_JOIN ? &m.u.join.data : &m.u.neighbor.data;
    data->bytes = dtt_gossip_blob_slice(g->my_data);
    dtt_gossip_message_encode(w, &m);
    return true;
}

/* ---- output */

bool dtt_gossip_needs(const struct dtt_gossip *g, const struct dtt_id *peer)
{
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        if (dtt_hyparview_needs(&swarm_at(g, i)->hyparview, peer)) {
            return true;
        }
    }
    return false;
}

static void count_action(struct dtt_gossip *g, const struct dtt_gossip_action *a)
{
    struct dtt_id topic;
    if (a->type == DTT_GOSSIP_SEND) {
        DTT_COUNT(g->ctx, GOSSIP_TX_MESSAGES);
    } else if (a->type == DTT_GOSSIP_RECEIVED) {
        DTT_COUNT(g->ctx, GOSSIP_RECEIVED);
        memcpy(topic.bytes, a->topic.bytes, sizeof(topic.bytes));
        DTT_TRACE(g->ctx, GOSSIP_RECEIVED, dtt_tv_id(&topic), dtt_tv_id(&a->peer),
                  dtt_tv_int((int64_t)a->data.len));
    }
}

bool dtt_gossip_next(struct dtt_gossip *g, struct dtt_gossip_action *ret)
{
    struct dtt_gossip_outbox_item item;
    do {
        if (!dtt_gossip_outbox_pop(&g->outbox, &item)) {
            return false;
        }
        /* Asked only now: another topic may want the peer, or this one may want it again. */
    } while (item.type == DTT_GOSSIP_DISCONNECT && dtt_gossip_needs(g, &item.peer));
    dtt_gossip_blob_unref(g->shown);
    g->shown = item.blob;
    *ret = (struct dtt_gossip_action){.type = item.type,
                                      .topic = item.topic,
                                      .peer = item.peer,
                                      .last = item.last,
                                      .is_hearsay = item.is_hearsay,
                                      .via = item.via,
                                      .reason = item.reason,
                                      .scope = item.scope};
    if (item.blob && item.blob->tally) {
        ret->own = item.blob;
    }
    if (item.blob) {
        ret->data = dtt_slice(item.blob->data + item.skip, item.len);
    }
    if (item.type == DTT_GOSSIP_RECEIVED) {
        dtt_sha512_32(ret->hash, &ret->data, 1);
    }
    count_action(g, ret);
    return true;
}

struct dtt_gossip_open dtt_gossip_open(const struct dtt_gossip *g,
                                       const struct dtt_gossip_topic_id *topic)
{
    const struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    const struct dtt_gossip_tally *tally = s ? s->plumtree.tally : NULL;
    return (struct dtt_gossip_open){.messages = tally ? tally->messages : 0,
                                    .bytes = tally ? tally->bytes : 0};
}

uint64_t dtt_gossip_take_lost(struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic)
{
    const struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    struct dtt_gossip_tally *tally = s ? s->plumtree.tally : NULL;
    uint64_t lost = tally ? tally->lost : 0;
    if (tally) {
        tally->lost = 0;
    }
    return lost;
}

bool dtt_gossip_is_proven(const struct dtt_gossip *g, struct dtt_now now, const struct dtt_id *peer)
{
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        if (dtt_hyparview_is_proven(&swarm_at(g, i)->hyparview, now, peer)) {
            return true;
        }
    }
    return false;
}

void dtt_gossip_snapshot(struct dtt_json *j, const struct dtt_gossip *g,
                         const struct dtt_gossip_topic_id *topic)
{
    const struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    if (s) {
        dtt_swarm_snapshot(j, s);
    }
}

struct dtt_gossip_facts dtt_gossip_facts(const struct dtt_gossip *g,
                                         const struct dtt_gossip_topic_id *topic)
{
    const struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    return s ? dtt_swarm_facts(s) : (struct dtt_gossip_facts){.neighbors = 0};
}

bool dtt_gossip_is_neighbor(const struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic,
                            const struct dtt_id *peer)
{
    const struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    return s && dtt_hyparview_is_active(&s->hyparview, peer);
}

size_t dtt_gossip_neighbors(const struct dtt_gossip *g, const struct dtt_gossip_topic_id *topic,
                            struct dtt_id *ret, size_t cap)
{
    const struct dtt_swarm *s = dtt_map_get(&g->topics, topic->bytes);
    size_t n = s ? s->hyparview.active.n : 0;
    for (size_t i = 0; i < n && i < cap; i++) {
        ret[i] = s->hyparview.active.peers[i].id;
    }
    return n;
}

/* ---- time */

/* The topic that is due first, the older one when two are. */
static struct dtt_swarm *first_due(const struct dtt_gossip *g)
{
    struct dtt_swarm *first = NULL;
    for (size_t i = 0; i < dtt_map_count(&g->topics); i++) {
        struct dtt_swarm *s = swarm_at(g, i);
        if (!first || dtt_swarm_deadline(s) < dtt_swarm_deadline(first)) {
            first = s;
        }
    }
    return first;
}

uint64_t dtt_gossip_deadline(const struct dtt_gossip *g)
{
    const struct dtt_swarm *s = first_due(g);
    uint64_t past_ns = dtt_gossip_past_deadline(&g->past);
    return s ? dtt_min_ns(dtt_swarm_deadline(s), past_ns) : past_ns;
}

void dtt_gossip_tick(struct dtt_gossip *g, struct dtt_now now)
{
    struct dtt_swarm *s;
    dtt_gossip_past_tick(&g->past, now);
    /* When much is to be sent, the rest stays due and comes after the caller has drained it. */
    while (!dtt_gossip_outbox_is_busy(&g->outbox) && (s = first_due(g)) != NULL &&
           dtt_swarm_tick(s, now)) {
    }
}
