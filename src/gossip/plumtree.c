/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "gossip/plumtree.h"

#include "codec/postcard.h"
#include "crypto/blake3.h"
#include "gossip/plumtree_lazy.h"

#include <assert.h>

/* Larger rounds are catch-up announcements. */
#define ROUND_MAX (DTT_GOSSIP_CATCH_UP - 1)

/*
 * While all links are eager, a first message reaches each node from nearly every neighbour. A few
 * hops from its sender most nodes have it already. There it is pushed over FAR_FANOUT of the new
 * links, and the others turn lazy: fewer duplicates, and paths that are hardly longer.
 */
#define FAR_HOPS 3
#define FAR_FANOUT 2

/* A Graft later than this after the announcement may find the content gone. */
#define PROMISE_FRESH_NS (1 * DTT_S)

#define NO_SLOT DTT_GOSSIP_ACTIVE_MAX

static struct dtt_plumtree_peer *find(struct dtt_plumtree *p, const struct dtt_id *id)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (p->peers[i].is_used && dtt_gossip_id_eq(&p->peers[i].id, id)) {
            return &p->peers[i];
        }
    }
    return NULL;
}

static uint8_t slot_of(const struct dtt_plumtree *p, const struct dtt_plumtree_peer *peer)
{
    return (uint8_t)(peer - p->peers);
}

static struct dtt_gossip_message_id id_of(struct dtt_slice content)
{
    struct dtt_gossip_message_id id;
    dtt_blake3(id.bytes, content);
    return id;
}

static bool is_of_this_moment(uint64_t at_ns, struct dtt_now now)
{
    return at_ns != 0 && now.mono_ns - at_ns < DTT_PLUMTREE_MOMENT_NS;
}

/*
 * With several senders each message's fastest path differs. If every duplicate pruned its link, one
 * message would cut another's path, and grafts would rebuild the tree all the time. So on a busy
 * topic a node prunes one link a moment (besides links never pruned before, which bring plenty of
 * duplicates), and pushes its own messages to all neighbours.
 */
static bool is_busy(const struct dtt_plumtree *p, struct dtt_now now)
{
    return is_of_this_moment(p->heard_ns[0], now);
}

/* ---- neighbours */

static void start_link(struct dtt_plumtree *p, struct dtt_now now, struct dtt_plumtree_peer *peer)
{
    peer->is_eager = true;
    peer->is_new = true;
    peer->was_pruned = false;
    peer->reach_ns = DTT_PLUMTREE_CONTENT_NS;
    dtt_plumtree_lazy_catch_up(p, now, peer);
}

static void init_queue(struct dtt_plumtree_peer *peer)
{
    dtt_ring_init(&peer->lazy_push_queue, sizeof(struct dtt_gossip_ihave),
                  DTT_PLUMTREE_LAZY_QUEUE_MAX);
}

static void add_peer(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *id)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        struct dtt_plumtree_peer *peer = &p->peers[i];
        if (!peer->is_used) {
            *peer = (struct dtt_plumtree_peer){.id = *id, .is_used = true};
            dtt_gossip_promises_add_slot(&p->promises, now, (uint8_t)i);
            init_queue(peer);
            start_link(p, now, peer);
            return;
        }
    }
}

static void remove_peer(struct dtt_plumtree *p, struct dtt_plumtree_peer *peer)
{
    assert(peer->is_used);
    dtt_gossip_missing_forget_slot(&p->missing_messages, slot_of(p, peer));
    dtt_gossip_promises_forget_slot(&p->promises, slot_of(p, peer));
    dtt_ring_fini(&peer->lazy_push_queue);
    if (p->overtaker == slot_of(p, peer)) {
        p->overtaker = NO_SLOT;
    }
    peer->is_used = false;
}

void dtt_plumtree_set_neighbors(struct dtt_plumtree *p, struct dtt_now now,
                                const struct dtt_gossip_view *active)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (p->peers[i].is_used && !dtt_gossip_view_find(active, &p->peers[i].id)) {
            remove_peer(p, &p->peers[i]);
        }
    }
    for (size_t i = 0; i < active->n; i++) {
        if (!find(p, &active->peers[i].id)) {
            add_peer(p, now, &active->peers[i].id);
        }
        assert(find(p, &active->peers[i].id));
    }
}

void dtt_plumtree_welcome(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_plumtree_peer *known = find(p, peer);
    if (known) {
        start_link(p, now, known);
    }
}

void dtt_plumtree_remind(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *peer)
{
    struct dtt_plumtree_peer *known = find(p, peer);
    if (known) {
        dtt_plumtree_lazy_catch_up(p, now, known);
    }
}

void dtt_plumtree_set_silent(struct dtt_plumtree *p, const struct dtt_id *peer, bool is_silent)
{
    struct dtt_plumtree_peer *known = find(p, peer);
    if (known) {
        known->is_silent = is_silent;
    }
}

void dtt_plumtree_set_slow(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *peer,
                           bool is_slow)
{
    struct dtt_plumtree_peer *known = find(p, peer);
    if (known) {
        known->is_slow = is_slow;
        dtt_bucket_init(&known->slow_budget, DTT_PLUMTREE_SLOW_TOLD, DTT_PLUMTREE_SLOW_TOLD,
                        now.mono_ns);
        if (known->wants_catch_up) {
            dtt_plumtree_lazy_soon(p, now, known);
        }
    }
}

static void turn_eager(struct dtt_plumtree_peer *peer)
{
    peer->is_eager = true;
    peer->is_new = false;
}

static void turn_lazy(struct dtt_plumtree_peer *peer)
{
    peer->is_eager = false;
    peer->is_new = false;
    peer->was_pruned = true;
}

static void prune(struct dtt_plumtree *p, struct dtt_plumtree_peer *peer)
{
    struct dtt_gossip_message m;
    m.type = DTT_MSG_PRUNE;
    turn_lazy(peer);
    dtt_gossip_send(&p->port, &peer->id, &m);
}

/* `peer` sent a duplicate. */
static void prune_repeater(struct dtt_plumtree *p, struct dtt_now now,
                           struct dtt_plumtree_peer *peer)
{
    if (!peer->was_pruned || !is_busy(p, now)) {
        prune(p, peer);
    } else if (now.mono_ns >= p->next_prune_ns) {
        p->next_prune_ns = now.mono_ns + DTT_PLUMTREE_MOMENT_NS;
        prune(p, peer);
    }
}

static void send_graft(struct dtt_plumtree *p, const struct dtt_plumtree_peer *peer,
                       const struct dtt_gossip_message_id *id, uint16_t round)
{
    struct dtt_gossip_message m;
    m.type = DTT_MSG_GRAFT;
    m.u.graft.has_id = id != NULL;
    if (id) {
        m.u.graft.id = *id;
    }
    m.u.graft.round = round;
    dtt_gossip_send(&p->port, &peer->id, &m);
}

static void graft(struct dtt_plumtree *p, struct dtt_plumtree_peer *peer,
                  const struct dtt_gossip_message_id *id, uint16_t round)
{
    turn_eager(peer);
    DTT_COUNT(p->port.ctx, GOSSIP_GRAFTS);
    send_graft(p, peer, id, round);
}

/* ---- what neighbours owe, and what they are worth */

/* While messages come. Should no timer be had, the next one tries again. */
static void watch_soon(struct dtt_plumtree *p, struct dtt_now now)
{
    if (!dtt_timer_is_armed(&p->watch_timer)) {
        dtt_timerq_set(&p->timers, &p->watch_timer, now.mono_ns + DTT_GOSSIP_WITNESS_NS);
    }
}

static void watch(struct dtt_plumtree *p, struct dtt_now now)
{
    struct dtt_gossip_promises *s = &p->promises;
    bool is_ripe = s->witness_ns && now.mono_ns - s->witness_ns >= DTT_GOSSIP_WITNESS_NS;
    bool is_served = is_ripe && dtt_gossip_recall_content(&p->received_messages, now.mono_ns,
                                                          &s->witness) != NULL;
    bool is_owed = false;
    for (uint8_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        const struct dtt_plumtree_peer *peer = &p->peers[i];
        if (!peer->is_used) {
            continue;
        }
        dtt_gossip_promises_judge(s, now, i, peer->is_slow, peer->is_silent);
        if (is_served && dtt_gossip_promises_probe(s, now, i, peer->is_slow)) {
            send_graft(p, peer, &s->witness, 0);
        }
        is_owed |= s->slots[i].due_ns != 0;
    }
    if (is_ripe) {
        s->witness_ns = 0;
    }
    if (is_owed || s->witness_ns) {
        watch_soon(p, now);
    }
}

const struct dtt_id *dtt_plumtree_useless(const struct dtt_plumtree *p)
{
    for (uint8_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (p->peers[i].is_used && dtt_gossip_promises_is_useless(&p->promises, i)) {
            return &p->peers[i].id;
        }
    }
    return NULL;
}

/* ---- broadcasting */

/* The encoded message; DTT_ETOOBIG when it does not fit into a frame. */
static int encode(struct dtt_slice content, const struct dtt_gossip_message_id *id,
                  enum dtt_gossip_scope scope, uint16_t round, struct dtt_gossip_blob **ret)
{
    struct dtt_gossip_message m = {
        .type = DTT_MSG_GOSSIP,
        .u.gossip = {.id = *id, .content = content, .scope = scope, .round = round}};
    return dtt_gossip_outbox_encode(&m, ret);
}

/* `from`: the neighbour that brought it; NULL: it is our own. */
static int remember(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *from,
                    const struct dtt_gossip_message_id *id, struct dtt_gossip_blob *blob,
                    uint64_t until_ns)
{
    int err = dtt_gossip_recall_add(&p->received_messages, now.mono_ns, from, id, blob, until_ns);
    /* Should no timer be had, the next message tries again; the bounds hold meanwhile. */
    if (!err && !dtt_timer_is_armed(&p->expire_timer)) {
        dtt_timerq_set(&p->timers, &p->expire_timer, now.mono_ns + DTT_PLUMTREE_CONTENT_NS);
    }
    if (!err) {
        dtt_gossip_promises_witness(&p->promises, now, id);
        watch_soon(p, now);
    }
    return err;
}

/*
 * We say so much that contents may be forgotten before a neighbour asks for one. A lazy neighbour
 * would depend on another one that passes all on, and that may be too slow for it.
 */
static bool says_much(struct dtt_plumtree *p, struct dtt_now now)
{
    uint64_t first_ns = p->said_ns[p->said];
    p->said_ns[p->said] = now.mono_ns;
    p->said = (p->said + 1) % DTT_PLUMTREE_MUCH;
    return is_of_this_moment(first_ns, now);
}

/* Some neighbour gets messages unasked. */
static bool has_fluent_eager(const struct dtt_plumtree *p)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (p->peers[i].is_used && p->peers[i].is_eager && !p->peers[i].is_slow) {
            return true;
        }
    }
    return false;
}

/*
 * Sends the message to eager neighbours and announces it to lazy ones, except to `from` (NULL: the
 * message is our own) and to those in `e` (may be NULL), who have it. One of our own that the eager
 * are too slow for goes to the lazy ones: until somebody has it, only our memory does.
 */
static void push(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_plumtree_peer *from,
                 const struct dtt_gossip_missing_entry *e, const struct dtt_gossip_message_id *id,
                 struct dtt_gossip_blob *blob, uint16_t round)
{
    bool is_for_all = !from && (says_much(p, now) || is_busy(p, now) || !has_fluent_eager(p));
    int n_new = 0;
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        struct dtt_plumtree_peer *peer = &p->peers[i];
        if (!peer->is_used || peer == from || dtt_gossip_missing_is_from(e, (uint8_t)i)) {
            continue;
        }
        if (peer->is_new && round >= FAR_HOPS && ++n_new > FAR_FANOUT) {
            peer->is_eager = false;
        }
        peer->is_new = false;
        if (!peer->is_slow && (peer->is_eager || is_for_all)) {
            dtt_gossip_send_blob(&p->port, &peer->id, blob);
        } else {
            dtt_plumtree_lazy_push(p, now, peer, id, round);
        }
    }
}

/* The encoded broadcast of our own, which is in the tally until a neighbour has it. */
static int encode_own(struct dtt_plumtree *p, struct dtt_slice content,
                      const struct dtt_gossip_message_id *id, enum dtt_gossip_scope scope,
                      struct dtt_gossip_blob **ret)
{
    p->tally = p->tally ? p->tally : dtt_gossip_tally_new(p->port.ctx);
    int err = p->tally ? encode(content, id, scope, 0, ret) : DTT_ENOMEM;
    if (!err) {
        dtt_gossip_blob_count(*ret, p->tally);
    }
    return err;
}

static int broadcast_swarm(struct dtt_plumtree *p, struct dtt_now now, struct dtt_slice content)
{
    struct dtt_gossip_message_id id = id_of(content);
    struct dtt_gossip_blob *blob;
    dtt_gossip_recall_forget_lost(&p->received_messages, &id);
    if (dtt_gossip_recall_has(&p->received_messages, &id)) {
        DTT_COUNT(p->port.ctx, GOSSIP_TX_REPEATED);
        return DTT_OK;
    }
    int err = encode_own(p, content, &id, DTT_GOSSIP_SWARM, &blob);
    if (err) {
        return err;
    }
    err = remember(p, now, NULL, &id, blob, now.mono_ns + p->received_messages.window.ns);
    if (!err) {
        push(p, now, NULL, NULL, &id, blob, 0);
    } else {
        dtt_gossip_blob_taken(blob); /* refused, not lost */
    }
    dtt_gossip_blob_unref(blob);
    return err;
}

static int broadcast_neighbors(struct dtt_plumtree *p, struct dtt_slice content)
{
    struct dtt_gossip_message_id id = id_of(content);
    struct dtt_gossip_blob *blob;
    int err = encode_own(p, content, &id, DTT_GOSSIP_NEIGHBORS, &blob);
    if (err) {
        return err;
    }
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (p->peers[i].is_used && p->peers[i].is_slow) {
            DTT_COUNT(p->port.ctx, GOSSIP_SLOW_LOST);
        } else if (p->peers[i].is_used) {
            dtt_gossip_send_blob(&p->port, &p->peers[i].id, blob);
        }
    }
    dtt_gossip_blob_unref(blob);
    return DTT_OK;
}

int dtt_plumtree_broadcast(struct dtt_plumtree *p, struct dtt_now now, enum dtt_gossip_scope scope,
                           struct dtt_slice content)
{
    return scope == DTT_GOSSIP_SWARM ? broadcast_swarm(p, now, content)
                                     : broadcast_neighbors(p, content);
}

/* ---- receiving */

/*
 * The other neighbours know a caught-up message too, unless two swarms have just met. So it is
 * announced, not pushed, and keeps its age: nobody is told of it any more whose memory of ids may
 * not reach back to the broadcast.
 */
static void push_caught_up(struct dtt_plumtree *p, struct dtt_now now,
                           const struct dtt_gossip_missing_entry *e,
                           const struct dtt_gossip_message_id *id, uint64_t age_ns)
{
    uint16_t round = dtt_gossip_age_round(age_ns);
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        struct dtt_plumtree_peer *peer = &p->peers[i];
        if (peer->is_used && age_ns < peer->reach_ns &&
            !dtt_gossip_missing_is_from(e, (uint8_t)i)) {
            dtt_plumtree_lazy_push(p, now, peer, id, round);
        }
    }
}

/* The announcer whose path is much shorter than the `round` hops of the message; or NULL. */
static const struct dtt_gossip_announcer *shorter(const struct dtt_gossip_missing_entry *e,
                                                  uint16_t round)
{
    const struct dtt_gossip_announcer *best = NULL;
    for (uint8_t i = e->tried; i < e->n; i++) {
        if (!best || e->announcers[i].round < best->round) {
            best = &e->announcers[i];
        }
    }
    return best && best->round + DTT_PLUMTREE_OPTIMIZE_HOPS <= round ? best : NULL;
}

/*
 * The neighbour whose IHave overtook this message and also the one before; else NULL. A single
 * overtaking may only mean that this sender is nearer to it. On a busy topic that is the rule, so
 * the tree stays as it is.
 */
static const struct dtt_gossip_announcer *faster(struct dtt_plumtree *p, struct dtt_now now,
                                                 const struct dtt_gossip_missing_entry *e)
{
    uint8_t before = p->overtaker;
    p->overtaker = NO_SLOT;
    if (!e || e->tried || dtt_gossip_is_catch_up(e->announcers[0].round) || is_busy(p, now)) {
        return NULL;
    }
    if (e->announcers[0].slot == before) {
        return &e->announcers[0];
    }
    p->overtaker = e->announcers[0].slot;
    return NULL;
}

/* `from` delivered what others (`e`, may be NULL) had announced: the best of them replaces it. */
static void optimize(struct dtt_plumtree *p, struct dtt_now now,
                     const struct dtt_gossip_missing_entry *e, struct dtt_plumtree_peer *from,
                     uint16_t round)
{
    const struct dtt_gossip_announcer *best = faster(p, now, e);
    if (e && !best) {
        best = shorter(e, round);
    }
    if (!best || best->slot == slot_of(p, from)) {
        return;
    }
    if (!p->peers[best->slot].is_eager) {
        graft(p, &p->peers[best->slot], NULL, best->round);
    }
    prune(p, from);
}

/* Waits longer before the first graft when the tree delivered what had been grafted already. */
static void learn_wait(struct dtt_plumtree *p, const struct dtt_gossip_missing_entry *e,
                       uint8_t from)
{
    if (e->tried) {
        p->missing_messages.wait_ns = dtt_gossip_missing_was_asked(e, from)
                                          ? DTT_PLUMTREE_GRAFT_FIRST_NS
                                          : DTT_PLUMTREE_GRAFT_AGAIN_NS;
    }
}

static void note_heard(struct dtt_plumtree *p, struct dtt_now now)
{
    memmove(p->heard_ns, p->heard_ns + 1, sizeof(p->heard_ns) - sizeof(p->heard_ns[0]));
    p->heard_ns[DTT_PLUMTREE_BUSY - 1] = now.mono_ns;
}

/* Remembers and passes on; `blob` is NULL when it cannot be passed on. DTT_ENOMEM. */
static int pass_on(struct dtt_plumtree *p, struct dtt_now now, struct dtt_plumtree_peer *from,
                   const struct dtt_gossip_message_id *id, struct dtt_gossip_blob *blob,
                   uint16_t round)
{
    bool caught_up;
    struct dtt_gossip_missing_entry *e = dtt_gossip_missing_get(&p->missing_messages, id);
    uint64_t age_ns = dtt_gossip_missing_age(e, slot_of(p, from), now.mono_ns, &caught_up);
    uint64_t until_ns = now.mono_ns + p->received_messages.window.ns;
    int err = remember(p, now, &from->id, id, blob, until_ns > age_ns ? until_ns - age_ns : 0);
    if (err) {
        return err;
    }
    note_heard(p, now);
    dtt_gossip_promises_brought(&p->promises, slot_of(p, from));
    if (blob && caught_up) {
        push_caught_up(p, now, e, id, age_ns);
    } else if (blob) {
        push(p, now, from, e, id, blob, round);
    }
    from->is_new = false;
    optimize(p, now, e, from, round);
    if (e) {
        learn_wait(p, e, slot_of(p, from));
        dtt_gossip_missing_forget(&p->missing_messages, e);
    }
    return DTT_OK;
}

static void emit_content(struct dtt_plumtree *p, const struct dtt_plumtree_peer *from,
                         const struct dtt_gossip_message *m)
{
    struct dtt_gossip_blob *copy = dtt_gossip_blob_new(m->u.gossip.content);
    if (!copy) {
        DTT_COUNT(p->port.ctx, GOSSIP_ACTIONS_DROPPED);
        return;
    }
    dtt_gossip_emit_received(&p->port, &from->id, m->u.gossip.scope, copy, 0, copy->len);
    dtt_gossip_blob_unref(copy);
}

static void recv_swarm(struct dtt_plumtree *p, struct dtt_now now, struct dtt_plumtree_peer *from,
                       const struct dtt_gossip_message *m)
{
    struct dtt_slice content = m->u.gossip.content;
    uint16_t round = m->u.gossip.round < ROUND_MAX ? (uint16_t)(m->u.gossip.round + 1) : ROUND_MAX;
    struct dtt_gossip_blob *blob = NULL;
    int err = encode(content, &m->u.gossip.id, DTT_GOSSIP_SWARM, round, &blob);
    if (err == DTT_ETOOBIG) {
        /* The largest contents do not fit once the round takes two bytes: the way ends here. */
        DTT_COUNT(p->port.ctx, GOSSIP_NOT_FORWARDED);
        err = DTT_OK;
    }
    if (err || pass_on(p, now, from, &m->u.gossip.id, blob, round)) {
        /* As if it had been lost; announcements will bring it again. */
        DTT_COUNT(p->port.ctx, GOSSIP_RX_DROPPED);
    } else if (blob) {
        size_t scope_len = 1 + dtt_postcard_varint_len(round);
        dtt_gossip_emit_received(&p->port, &from->id, DTT_GOSSIP_SWARM, blob,
                                 blob->len - scope_len - content.len, content.len);
    } else {
        emit_content(p, from, m);
    }
    dtt_gossip_blob_unref(blob);
}

static void trace_payload(const struct dtt_plumtree *p, const struct dtt_plumtree_peer *from,
                          const struct dtt_gossip_message *m, bool is_new)
{
    DTT_TRACE(p->port.ctx, GOSSIP_PAYLOAD, dtt_tv_id(&from->id), dtt_tv_int(m->u.gossip.round),
              dtt_tv_int(is_new));
}

static void recv_gossip(struct dtt_plumtree *p, struct dtt_now now, struct dtt_plumtree_peer *from,
                        const struct dtt_gossip_message *m)
{
    struct dtt_gossip_message_id id = id_of(m->u.gossip.content);
    if (!dtt_gossip_message_id_eq(&id, &m->u.gossip.id)) {
        DTT_COUNT(p->port.ctx, GOSSIP_RX_WRONG_ID);
    } else if (m->u.gossip.scope == DTT_GOSSIP_NEIGHBORS) {
        emit_content(p, from, m);
    } else if (dtt_gossip_recall_has(&p->received_messages, &id)) {
        DTT_COUNT(p->port.ctx, GOSSIP_RX_DUPLICATES);
        trace_payload(p, from, m, false);
        dtt_gossip_recall_taken(&p->received_messages, &id);
        if (!dtt_gossip_promises_keep(&p->promises, slot_of(p, from), &id) || !from->is_eager) {
            prune_repeater(p, now, from);
        }
    } else {
        trace_payload(p, from, m, true);
        dtt_gossip_promises_keep(&p->promises, slot_of(p, from), &id);
        recv_swarm(p, now, from, m);
    }
}

static void recv_graft(struct dtt_plumtree *p, struct dtt_now now, struct dtt_plumtree_peer *from,
                       const struct dtt_gossip_message *m)
{
    if (!m->u.graft.has_id && dtt_gossip_is_catch_up(m->u.graft.round)) {
        dtt_plumtree_lazy_asked(p, now, from, dtt_gossip_age_of_round(m->u.graft.round));
        return;
    }
    turn_eager(from);
    if (m->u.graft.has_id) {
        struct dtt_gossip_blob *blob =
            dtt_gossip_recall_content(&p->received_messages, now.mono_ns, &m->u.graft.id);
        if (blob && from->is_slow) {
            from->wants_catch_up = true; /* it asks for more than it takes now */
        } else if (blob) {
            dtt_gossip_send_blob(&p->port, &from->id, blob);
        }
    }
}

/* So old that it may have been heard, and its id forgotten. */
static bool may_be_forgotten(const struct dtt_plumtree *p, const struct dtt_gossip_ihave *ihave)
{
    return dtt_gossip_is_catch_up(ihave->round) &&
           ihave->round > dtt_gossip_age_round(p->received_messages.window.ns);
}

static void recv_ihave(struct dtt_plumtree *p, struct dtt_now now,
                       const struct dtt_plumtree_peer *from, const struct dtt_gossip_message *m)
{
    for (size_t i = 0; i < m->u.ihave.n; i++) {
        const struct dtt_gossip_ihave *ihave = &m->u.ihave.entries[i];
        dtt_gossip_recall_taken(&p->received_messages, &ihave->id);
        if (!dtt_gossip_recall_has(&p->received_messages, &ihave->id) &&
            (may_be_forgotten(p, ihave) ||
             dtt_gossip_missing_add(&p->missing_messages, now.mono_ns, ihave, slot_of(p, from)))) {
            DTT_COUNT(p->port.ctx, GOSSIP_IHAVES_REFUSED);
        }
    }
}

void dtt_plumtree_recv(struct dtt_plumtree *p, struct dtt_now now, const struct dtt_id *from,
                       const struct dtt_gossip_message *m)
{
    struct dtt_plumtree_peer *peer = find(p, from);
    if (!peer) {
        DTT_COUNT(p->port.ctx, GOSSIP_RX_STRANGERS);
        return;
    }
    if (m->type != DTT_MSG_PRUNE) {
        dtt_gossip_promises_said(&p->promises, now, slot_of(p, peer));
    }
    switch (m->type) {
    case DTT_MSG_GOSSIP: recv_gossip(p, now, peer, m); break;
    case DTT_MSG_PRUNE: turn_lazy(peer); break;
    case DTT_MSG_GRAFT: recv_graft(p, now, peer, m); break;
    case DTT_MSG_IHAVE: recv_ihave(p, now, peer, m); break;
    default: break;
    }
}

/* ---- time */

uint64_t dtt_plumtree_deadline(const struct dtt_plumtree *p)
{
    return dtt_timerq_deadline(&p->timers);
}

/* A topic that has gone quiet gives the memory of its queues back. */
static void rest(struct dtt_plumtree *p)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        struct dtt_plumtree_peer *peer = &p->peers[i];
        if (peer->is_used && peer->lazy_push_queue.count == 0) {
            dtt_ring_fini(&peer->lazy_push_queue);
            init_queue(peer);
        }
    }
}

static void expire(struct dtt_plumtree *p, struct dtt_now now)
{
    dtt_gossip_recall_expire(&p->received_messages, now.mono_ns);
    uint64_t next_ns = dtt_gossip_recall_deadline(&p->received_messages);
    if (next_ns == DTT_NEVER) {
        rest(p);
        return;
    }
    /* At most once a second, however the messages came. Cannot fail: the timer was just popped. */
    uint64_t soonest_ns = now.mono_ns + DTT_PLUMTREE_EVICT_NS;
    dtt_timerq_set(&p->timers, &p->expire_timer, next_ns > soonest_ns ? next_ns : soonest_ns);
}

static void graft_next(struct dtt_plumtree *p, struct dtt_now now,
                       struct dtt_gossip_missing_entry *e)
{
    struct dtt_gossip_message_id id = e->id;
    const struct dtt_gossip_announcer *a =
        dtt_gossip_missing_next(&p->missing_messages, now.mono_ns, e);
    if (a) {
        struct dtt_plumtree_peer *peer = &p->peers[a->slot];
        if (now.mono_ns - e->heard_ns < PROMISE_FRESH_NS && !dtt_gossip_is_catch_up(a->round)) {
            dtt_gossip_promises_make(&p->promises, now, a->slot, &id);
            watch_soon(p, now);
        }
        graft(p, peer, &id, a->round);
    }
}

bool dtt_plumtree_tick(struct dtt_plumtree *p, struct dtt_now now)
{
    struct dtt_timer *t = dtt_timerq_pop(&p->timers, now.mono_ns);
    if (!t) {
        return false;
    }
    if (t == &p->dispatch_timer) {
        dtt_plumtree_lazy_dispatch_all(p, now);
    } else if (t == &p->expire_timer) {
        expire(p, now);
    } else if (t == &p->watch_timer) {
        watch(p, now);
    } else {
        graft_next(p, now, DTT_TIMER_OWNER(t, struct dtt_gossip_missing_entry, timer));
    }
    return true;
}

void dtt_plumtree_init(struct dtt_plumtree *p, const struct dtt_gossip_port *port)
{
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    memset(p, 0, sizeof(*p));
    p->port = *port;
    p->overtaker = NO_SLOT;
    dtt_rng_bytes(port->rng, hash_key, sizeof(hash_key));
    dtt_timerq_init(&p->timers);
    dtt_gossip_recall_init(&p->received_messages, port->ctx, hash_key);
    dtt_gossip_promises_init(&p->promises, port->ctx);
    dtt_gossip_missing_init(&p->missing_messages, port->ctx, &p->timers, hash_key);
}

void dtt_plumtree_fini(struct dtt_plumtree *p)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (p->peers[i].is_used) {
            dtt_ring_fini(&p->peers[i].lazy_push_queue);
        }
    }
    dtt_gossip_missing_fini(&p->missing_messages);
    dtt_gossip_recall_fini(&p->received_messages);
    dtt_gossip_tally_unref(p->tally);
    dtt_timerq_fini(&p->timers);
}
