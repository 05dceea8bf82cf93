/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/plumtree_lazy.h"

static void add_ihave(const struct dtt_plumtree *p, const struct dtt_id *to,
                      struct dtt_gossip_message *m, const struct dtt_gossip_ihave *ihave)
{
    m->u.ihave.entries[m->u.ihave.n++] = *ihave;
    if (m->u.ihave.n == DTT_GOSSIP_IHAVE_WRITE_MAX) {
        dtt_gossip_send(&p->port, to, m);
        m->u.ihave.n = 0;
    }
}

/* Asks the neighbour, should it be one of ours, for all that we should not hear twice. */
static void ask(struct dtt_plumtree *p, struct dtt_plumtree_peer *peer)
{
    struct dtt_gossip_message m;
    m.type = DTT_MSG_GRAFT;
    m.u.graft.has_id = false;
    m.u.graft.round = dtt_gossip_age_round(p->received_messages.window.ns);
    peer->wants_ask = false;
    dtt_gossip_send(&p->port, &peer->id, &m);
}

/* Sends the announcements that wait for one neighbour. */
static void dispatch(struct dtt_plumtree *p, struct dtt_now now, struct dtt_plumtree_peer *peer)
{
    const struct dtt_gossip_recall *r = &p->received_messages;
    struct dtt_gossip_message m;
    if (peer->wants_ask) {
        ask(p, peer);
    }
    m.type = DTT_MSG_IHAVE;
    m.u.ihave.n = 0;
    struct dtt_gossip_ihave *waiting;
    while ((waiting = dtt_ring_front(&peer->lazy_push_queue)) != NULL) {
        add_ihave(p, &peer->id, &m, waiting);
        dtt_ring_pop(&peer->lazy_push_queue);
    }
    size_t whole = peer->wants_whole ? DTT_PLUMTREE_WHOLE_BYTES : 0;
    struct dtt_gossip_recall_walk walk = {.is_begun = false};
    const struct dtt_gossip_recall_entry *e;
    while (peer->wants_catch_up && !peer->is_slow &&
           (e = dtt_gossip_recall_next_content(r, now.mono_ns, peer->reach_ns, &walk))) {
        uint64_t age_ns = dtt_gossip_recall_age(r, now.mono_ns, e->content_until_ns);
        struct dtt_gossip_ihave ihave = {.id = e->id, .round = dtt_gossip_age_round(age_ns)};
        if (age_ns < peer->told_ns) {
            continue;
        }
        /* Announced, one that the neighbour has already would never be known to be there. */
        if (e->blob->tally && e->blob->len <= whole &&
            dtt_gossip_send_blob(&p->port, &peer->id, e->blob)) {
            whole -= e->blob->len;
        } else {
            add_ihave(p, &peer->id, &m, &ihave);
        }
    }
    if (!peer->is_slow) {
        peer->wants_catch_up = false;
        peer->told_ns = 0;
    }
    peer->wants_whole = false;
    if (m.u.ihave.n) {
        dtt_gossip_send(&p->port, &peer->id, &m);
    }
}

void dtt_plumtree_lazy_soon(struct dtt_plumtree *p, struct dtt_now now,
                            struct dtt_plumtree_peer *peer)
{
    if (!dtt_timer_is_armed(&p->dispatch_timer) &&
        dtt_timerq_set(&p->timers, &p->dispatch_timer, now.mono_ns + DTT_PLUMTREE_DISPATCH_NS)) {
        dispatch(p, now, peer);
    }
}

/* Announcements fill a buffer too: a slow neighbour is told of the rest when it reads again. */
void dtt_plumtree_lazy_push(struct dtt_plumtree *p, struct dtt_now now,
                            struct dtt_plumtree_peer *peer, const struct dtt_gossip_message_id *id,
                            uint16_t round)
{
    if (peer->is_slow && !dtt_bucket_take(&peer->slow_budget, 1, now.mono_ns)) {
        peer->wants_catch_up = true;
        return;
    }
    if (peer->lazy_push_queue.count == DTT_PLUMTREE_LAZY_QUEUE_MAX) {
        dispatch(p, now, peer);
    }
    struct dtt_gossip_ihave *room = dtt_ring_push(&peer->lazy_push_queue);
    if (!room) {
        DTT_COUNT(p->port.ctx, GOSSIP_ACTIONS_DROPPED);
        return;
    }
    *room = (struct dtt_gossip_ihave){.id = *id, .round = round};
    dtt_plumtree_lazy_soon(p, now, peer);
}

void dtt_plumtree_lazy_catch_up(struct dtt_plumtree *p, struct dtt_now now,
                                struct dtt_plumtree_peer *peer)
{
    struct dtt_gossip_recall_walk walk = {.is_begun = false};
    peer->wants_catch_up = dtt_gossip_recall_next_content(&p->received_messages, now.mono_ns,
                                                          peer->reach_ns, &walk) != NULL;
    peer->wants_whole = peer->wants_catch_up;
    peer->told_ns = 0;
    peer->wants_ask = p->received_messages.window.ns > DTT_PLUMTREE_CONTENT_NS;
    if (peer->wants_catch_up || peer->wants_ask) {
        dtt_plumtree_lazy_soon(p, now, peer);
    }
}

void dtt_plumtree_lazy_asked(struct dtt_plumtree *p, struct dtt_now now,
                             struct dtt_plumtree_peer *peer, uint64_t age_ns)
{
    if (peer->reach_ns > DTT_PLUMTREE_CONTENT_NS || age_ns <= DTT_PLUMTREE_CONTENT_NS) {
        return;
    }
    peer->reach_ns = age_ns;
    if (!peer->wants_catch_up) {
        peer->wants_catch_up = true;
        peer->told_ns = DTT_PLUMTREE_CONTENT_NS;
        dtt_plumtree_lazy_soon(p, now, peer);
    }
}

void dtt_plumtree_lazy_dispatch_all(struct dtt_plumtree *p, struct dtt_now now)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (p->peers[i].is_used) {
            dispatch(p, now, &p->peers[i]);
        }
    }
}
