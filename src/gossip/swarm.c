/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/swarm.h"

/* After each change of a view: the active one is the set of PlumTree's neighbours. */
static void sync(struct dtt_swarm *s, struct dtt_now now)
{
    dtt_hyparview_check(&s->hyparview);
    dtt_plumtree_set_neighbors(&s->plumtree, now, &s->hyparview.active);
    if (s->hyparview.is_contested) {
        s->hyparview.is_contested = false;
        dtt_gossip_promises_contest(&s->plumtree.promises, now);
    }
}

/* Before HyParView chooses: what PlumTree knows of the neighbours. */
static void rate(struct dtt_swarm *s)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (s->plumtree.peers[i].is_used) {
            struct dtt_gossip_peer *p =
                dtt_gossip_view_find(&s->hyparview.active, &s->plumtree.peers[i].id);
            p->is_useful = s->plumtree.promises.slots[i].has_brought;
            p->is_silent = s->plumtree.promises.slots[i].n_broken > 0;
        }
    }
}

/* After each tick of PlumTree. */
static void dismiss_useless(struct dtt_swarm *s, struct dtt_now now)
{
    const struct dtt_id *peer;
    while ((peer = dtt_plumtree_useless(&s->plumtree)) != NULL) {
        dtt_hyparview_dismiss(&s->hyparview, now, peer);
        sync(s, now);
    }
}

int dtt_swarm_init(struct dtt_swarm *s, struct dtt_now now, const struct dtt_gossip_port *port,
                   const struct dtt_hyparview_config *cfg,
                   const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES])
{
    int err = dtt_hyparview_init(&s->hyparview, now, port, cfg, hash_key);
    if (!err) {
        dtt_plumtree_init(&s->plumtree, port);
    }
    return err;
}

void dtt_swarm_fini(struct dtt_swarm *s)
{
    dtt_plumtree_fini(&s->plumtree);
    dtt_hyparview_fini(&s->hyparview);
}

void dtt_swarm_part(struct dtt_swarm *s, struct dtt_gossip_recall *ret)
{
    struct dtt_gossip_recall *own = &s->plumtree.received_messages;
    dtt_gossip_recall_rest(own);
    *ret = *own;
    dtt_gossip_recall_init(own, s->plumtree.port.ctx, ret->ids.hash_key);
}

void dtt_swarm_recall(struct dtt_swarm *s, struct dtt_now now, struct dtt_gossip_recall *r)
{
    struct dtt_plumtree *p = &s->plumtree;
    struct dtt_gossip_window window = p->received_messages.window;
    dtt_gossip_recall_fini(&p->received_messages);
    p->received_messages = *r;
    p->received_messages.window = window;
    dtt_gossip_recall_init(r, p->port.ctx, p->received_messages.ids.hash_key);
    /* Should no timer be had, the next message tries again. */
    dtt_timerq_set(&p->timers, &p->expire_timer, now.mono_ns + DTT_PLUMTREE_CONTENT_NS);
}

void dtt_swarm_recv(struct dtt_swarm *s, struct dtt_now now, const struct dtt_gossip_source *from,
                    const struct dtt_gossip_message *m)
{
    dtt_hyparview_heard(&s->hyparview, now, &from->id);
    if (m->type >= DTT_MSG_GOSSIP) {
        if (!dtt_hyparview_is_active(&s->hyparview, &from->id)) {
            rate(s);
            dtt_hyparview_taken_for_neighbor(&s->hyparview, now, from);
            sync(s, now);
        }
        dtt_plumtree_recv(&s->plumtree, now, &from->id, m);
        return;
    }
    rate(s);
    bool joined_again = dtt_hyparview_recv(&s->hyparview, now, from, m);
    sync(s, now);
    if (joined_again) {
        /* It knows of no lazy link and of no message. */
        dtt_plumtree_welcome(&s->plumtree, now, &from->id);
    }
}

void dtt_swarm_peer_gone(struct dtt_swarm *s, struct dtt_now now, const struct dtt_id *peer,
                         enum dtt_reason reason)
{
    dtt_hyparview_peer_gone(&s->hyparview, now, peer, reason);
    sync(s, now);
}

void dtt_swarm_prove(struct dtt_swarm *s, struct dtt_now now, const struct dtt_id *peer)
{
    rate(s);
    dtt_hyparview_prove(&s->hyparview, now, peer);
    sync(s, now);
}

struct dtt_gossip_facts dtt_swarm_facts(const struct dtt_swarm *s)
{
    const struct dtt_gossip_view *active = &s->hyparview.active;
    struct dtt_gossip_facts facts = {.neighbors = active->n};
    for (size_t i = 0; i < active->n; i++) {
        facts.proven += active->peers[i].is_proven;
    }
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        facts.silent += s->plumtree.promises.slots[i].n_broken > 0;
        facts.slow += s->plumtree.peers[i].is_used && s->plumtree.peers[i].is_slow;
    }
    return facts;
}

void dtt_swarm_snapshot(struct dtt_json *j, const struct dtt_swarm *s)
{
    dtt_json_array(j, "active");
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        const struct dtt_plumtree_peer *p = &s->plumtree.peers[i];
        if (p->is_used) {
            const struct dtt_gossip_promise *promise = &s->plumtree.promises.slots[i];
            bool is_proven = dtt_gossip_view_find(&s->hyparview.active, &p->id)->is_proven;
            dtt_json_object(j, NULL);
            dtt_json_id(j, "peer", &p->id);
            dtt_json_text(j, "push", p->is_slow ? "slow" : p->is_eager ? "eager" : "lazy");
            dtt_json_text(j, "standing",
                          is_proven              ? "proven"
                          : promise->has_brought ? "useful"
                                                 : "stranger");
            dtt_json_bool(j, "silent", promise->n_broken > 0);
            dtt_json_end(j);
        }
    }
    dtt_json_end(j);
    dtt_json_array(j, "passive");
    for (size_t i = 0; i < s->hyparview.passive.n; i++) {
        dtt_json_id(j, NULL, &s->hyparview.passive.peers[i].id);
    }
    dtt_json_end(j);
}

uint64_t dtt_swarm_deadline(const struct dtt_swarm *s)
{
    return dtt_min_ns(dtt_hyparview_deadline(&s->hyparview), dtt_plumtree_deadline(&s->plumtree));
}

bool dtt_swarm_tick(struct dtt_swarm *s, struct dtt_now now)
{
    if (dtt_swarm_deadline(s) > now.mono_ns) {
        return false;
    }
    if (dtt_plumtree_deadline(&s->plumtree) < dtt_hyparview_deadline(&s->hyparview)) {
        bool ticked = dtt_plumtree_tick(&s->plumtree, now);
        dismiss_useless(s, now);
        return ticked;
    }
    bool fired = dtt_hyparview_tick(&s->hyparview, now);
    sync(s, now);
    return fired;
}
