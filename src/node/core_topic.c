/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Topics: what trackers and gossip ask of the rest, and what the application asks of topics. */
#include "node/inside.h"

#include "base/reason.h"
#include "crypto/hash.h"
#include "gossip/addr_info.h"

#include <sodium.h>
#include <stdlib.h>

/* Neighbours looked at when asking for all of a topic's; an active view has 5. */
#define NEIGHBORS_MAX 16

void dtt_topic_free(struct dtt_core *c, struct dtt_topic *t)
{
    dtt_ops_forget_topic(c, t);
    for (size_t i = 0; i < c->n_topics; i++) {
        if (c->topics[i] == t) {
            c->topics[i] = c->topics[--c->n_topics];
            break;
        }
    }
    dtt_events_forget_topic(&c->events, t);
    dtt_tracker_free(t->tracker);
    free(t);
}

void dtt_topic_sign(struct dtt_topic *t, struct dtt_event *ev)
{
    ev->topic = t;
    ev->topic_id = t->number;
    ev->topic_user = t->user;
    memcpy(ev->topic_hash, t->id.bytes, sizeof(ev->topic_hash));
}

void *dtt_core_topic_driver(const struct dtt_topic *t)
{
    return t->driver;
}

void dtt_topic_on_tracker(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                          const struct dtt_tracker_action *a)
{
    struct dtt_event out = {.type = DTT_EVENT_RECORD_PUBLISHED};
    int err;
    switch (a->type) {
    case DTT_TRACKER_GET:
        err = dtt_ops_topic_get(c, now, t, a);
        if (err) {
            dtt_tracker_slot_done(t->tracker, now, a->slot.kind, a->slot.minute, err, 0);
        }
        break;
    case DTT_TRACKER_PUT:
        err = dtt_ops_topic_put(c, now, t, a);
        if (err) {
            dtt_tracker_put_done(t->tracker, now, a->slot.kind, a->slot.minute, err, 0);
        }
        break;
    case DTT_TRACKER_DIAL:
        dtt_book_add(&c->links.book, &a->peer, a->addrs, a->n_addrs);
        dtt_gossip_join_peer(c->gossip, now, &t->id, &a->peer);
        break;
    case DTT_TRACKER_RECORD:
        dtt_book_add(&c->links.book, &a->record.publisher, a->record.addrs, a->record.n_addrs);
        break;
    case DTT_TRACKER_PUBLISHED:
        out.u.published.minute = a->slot.minute;
        out.u.published.copies = a->copies;
        dtt_core_tell(c, now, t, &out);
        break;
    }
}

static struct dtt_topic *topic_find(const struct dtt_core *c, const struct dtt_gossip_topic_id *id)
{
    for (size_t i = 0; i < c->n_topics; i++) {
        if (memcmp(&c->topics[i]->id, id, sizeof(*id)) == 0) {
            return c->topics[i];
        }
    }
    return NULL;
}

static void on_neighbor_up(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                           const struct dtt_id *peer)
{
    dtt_links_neighbor(&c->links, now, peer, 1);
    if (!t) {
        return;
    }
    t->n_neighbors++;
    dtt_tracker_neighbor_up(t->tracker, now, peer);
    if (!t->is_joined) {
        struct dtt_event joined = {.type = DTT_EVENT_JOINED};
        t->is_joined = true;
        joined.u.joined.elapsed_ms = (now.mono_ns - t->join_ns) / DTT_MS;
        joined.u.joined.neighbors = t->n_neighbors;
        dtt_core_tell(c, now, t, &joined);
    }
    struct dtt_event up = {.type = DTT_EVENT_NEIGHBOR_UP};
    up.u.neighbor.peer = *peer;
    dtt_core_tell(c, now, t, &up);
}

void dtt_topic_on_gossip(struct dtt_core *c, struct dtt_now now, const struct dtt_gossip_action *a)
{
    struct dtt_topic *t = topic_find(c, &a->topic);
    struct dtt_addr addrs[DTT_ADDR_INFO_ADDRS];
    struct dtt_event out = {0};
    size_t n;
    switch (a->type) {
    case DTT_GOSSIP_SEND:
        dtt_links_send(&c->links, now, &a->peer, &a->topic, a->data, a->last);
        break;
    case DTT_GOSSIP_DISCONNECT: break; /* Links lets unneeded connections go by itself. */
    case DTT_GOSSIP_PEER_DATA:
        if (dtt_addr_info_read(a->data, addrs, &n) == DTT_OK) {
            dtt_book_add(&c->links.book, &a->peer, addrs, n);
        }
        break;
    case DTT_GOSSIP_NEIGHBOR_UP: on_neighbor_up(c, now, t, &a->peer); break;
    case DTT_GOSSIP_NEIGHBOR_DOWN:
        dtt_links_neighbor(&c->links, now, &a->peer, -1);
        if (t) {
            t->n_neighbors--;
            dtt_tracker_neighbor_down(t->tracker, now, &a->peer, dtt_reason_is_silence(a->reason));
            out.type = DTT_EVENT_NEIGHBOR_DOWN;
            out.u.neighbor.peer = a->peer;
            out.u.neighbor.reason = a->reason;
            dtt_core_tell(c, now, t, &out);
        }
        break;
    case DTT_GOSSIP_RECEIVED:
        if (t) {
            if (a->scope == DTT_GOSSIP_SWARM) {
                dtt_tracker_message(t->tracker, now, a->hash);
            }
            out.type = DTT_EVENT_MESSAGE;
            out.u.message.neighbor = a->peer;
            dtt_topic_sign(t, &out);
            dtt_events_push(&c->events, now, &out, a->data);
        }
        break;
    }
}

void dtt_topic_on_dial_failure(struct dtt_core *c, struct dtt_now now,
                               const struct dtt_dial_failure *f)
{
    struct dtt_event out = {.type = DTT_EVENT_DIAL_FAILED};
    out.u.dial_failed.peer = f->peer;
    out.u.dial_failed.addr = f->addr;
    out.u.dial_failed.stage = f->stage;
    out.u.dial_failed.reason = f->reason;
    for (size_t i = 0; i < c->n_topics; i++) {
        dtt_tracker_dial_failed(c->topics[i]->tracker, now, &f->peer);
        dtt_core_tell(c, now, c->topics[i], &out);
    }
}

static bool topic_can_send(const struct dtt_topic *t)
{
    struct dtt_id ids[NEIGHBORS_MAX];
    size_t n = dtt_core_neighbors(t, ids, NEIGHBORS_MAX);
    for (size_t i = 0; i < n && i < NEIGHBORS_MAX; i++) {
        if (dtt_links_unacked(&t->core->links, &ids[i]) > DTT_TOPIC_SEND_MAX) {
            return false;
        }
    }
    return n > 0;
}

void dtt_topic_tell_writable(struct dtt_core *c, struct dtt_now now)
{
    for (size_t i = 0; i < c->n_topics; i++) {
        struct dtt_topic *t = c->topics[i];
        if (t->wants_writable && topic_can_send(t)) {
            struct dtt_event out = {.type = DTT_EVENT_WRITABLE};
            t->wants_writable = false;
            dtt_core_tell(c, now, t, &out);
        }
    }
}

int dtt_core_join(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                  void *driver, struct dtt_topic **ret)
{
    struct dtt_tracker_config tracker_cfg;
    struct dtt_gossip_topic_id id;
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    if (!c->gossip || c->is_shut) {
        return DTT_ESTATE;
    }
    memset(&tracker_cfg, 0, sizeof(tracker_cfg));
    int err = dtt_topic_read_config(cfg, tracker_cfg.topic, &tracker_cfg.secret);
    if (err) {
        return err;
    }
    memcpy(id.bytes, tracker_cfg.topic, sizeof(id.bytes));
    memcpy(tracker_cfg.node_seed, c->cfg.node_seed, sizeof(tracker_cfg.node_seed));
    dtt_tracker_tune(&tracker_cfg.tuning, cfg->preset, cfg->tuning);
    struct dtt_topic *t = calloc(1, sizeof(*t));
    err = t ? DTT_OK : DTT_ENOMEM;
    if (!err && c->n_topics == DTT_CORE_TOPICS) {
        err = DTT_EFULL;
    }
    if (!err) {
        err = dtt_gossip_subscribe(c->gossip, now, &id);
    }
    if (!err) {
        err = dtt_tracker_new(&t->tracker, c->ctx, &tracker_cfg, now);
        if (err) {
            dtt_gossip_quit(c->gossip, now, &id);
        }
    }
    sodium_memzero(&tracker_cfg, sizeof(tracker_cfg));
    if (err) {
        free(t);
        return err;
    }
    t->core = c;
    t->driver = driver;
    t->id = id;
    t->number = ++c->last_topic;
    t->user = cfg->user;
    t->join_ns = now.mono_ns;
    c->topics[c->n_topics++] = t;
    dtt_tracker_set_addrs(t->tracker, now, addrs, dtt_core_own_addrs(c, addrs));
    if (c->n_topics == 1) {
        dtt_announce_soon(&c->announce, now);
    }
    for (size_t i = 0; i < cfg->n_peers; i++) {
        dtt_core_add_peer(t, now, &cfg->peers[i]);
    }
    struct dtt_dht_stats dht;
    dtt_dht_stats(c->dht, &dht);
    if (dht.nodes_v4 + dht.nodes_v6 > 0) {
        dtt_tracker_store_ready(t->tracker, now);
    }
    *ret = t;
    return DTT_OK;
}

void dtt_core_leave(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t)
{
    struct dtt_id ids[NEIGHBORS_MAX];
    size_t n = dtt_core_neighbors(t, ids, NEIGHBORS_MAX);
    struct dtt_event out = {.type = DTT_EVENT_LEFT};
    dtt_topic_sign(t, &out);
    out.topic = NULL;
    /* Gossip says goodbye without telling of each neighbour that goes. */
    for (size_t i = 0; i < n && i < NEIGHBORS_MAX; i++) {
        dtt_links_neighbor(&c->links, now, &ids[i], -1);
    }
    dtt_gossip_quit(c->gossip, now, &t->id);
    dtt_topic_free(c, t);
    dtt_events_push(&c->events, now, &out, dtt_slice(NULL, 0));
    dtt_core_route(c, now);
}

int dtt_core_send(struct dtt_topic *t, struct dtt_now now, struct dtt_slice data, unsigned flags)
{
    struct dtt_core *c = t->core;
    bool to_neighbors = (flags & DTT_SEND_NEIGHBORS) != 0;
    uint8_t hash[32];
    if (!topic_can_send(t)) {
        t->wants_writable = true;
        return DTT_EAGAIN;
    }
    int err = dtt_gossip_broadcast(c->gossip, now, &t->id,
                                   to_neighbors ? DTT_GOSSIP_NEIGHBORS : DTT_GOSSIP_SWARM, data);
    if (err) {
        return err;
    }
    if (!to_neighbors) {
        dtt_sha512_32(hash, &data, 1);
        dtt_tracker_message(t->tracker, now, hash);
    }
    dtt_core_route(c, now);
    return DTT_OK;
}

uint32_t dtt_core_topic_number(const struct dtt_topic *t)
{
    return t->number;
}

void *dtt_core_topic_user(const struct dtt_topic *t)
{
    return t->user;
}

const uint8_t *dtt_core_topic_hash(const struct dtt_topic *t)
{
    return t->id.bytes;
}

size_t dtt_core_neighbors(const struct dtt_topic *t, struct dtt_id *ret, size_t cap)
{
    return dtt_gossip_neighbors(t->core->gossip, &t->id, ret, cap);
}

size_t dtt_core_unsent(const struct dtt_topic *t)
{
    struct dtt_id ids[NEIGHBORS_MAX];
    size_t n = dtt_core_neighbors(t, ids, NEIGHBORS_MAX);
    size_t bytes = 0;
    for (size_t i = 0; i < n && i < NEIGHBORS_MAX; i++) {
        bytes += dtt_links_unacked(&t->core->links, &ids[i]);
    }
    return bytes;
}

void dtt_core_add_peer(struct dtt_topic *t, struct dtt_now now, const struct dtt_peer_addr *peer)
{
    dtt_book_add(&t->core->links.book, &peer->id, &peer->addr, 1);
    dtt_tracker_want_peer(t->tracker, now, &peer->id, &peer->addr, 1);
    dtt_core_route(t->core, now);
}

void dtt_core_why(const struct dtt_topic *t, struct dtt_now now, struct dtt_why *ret)
{
    struct dtt_dht_stats dht;
    dtt_dht_stats(t->core->dht, &dht);
    dtt_topic_explain(t, now, t->core->resolving, &dht, ret);
}
