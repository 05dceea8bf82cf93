/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One PlumTree driven by hand: what comes in is a call, what goes out a line of script.h. */
#ifndef TESTS_UNIT_GOSSIP_PLUMTREE_SCRIPT_H
#define TESTS_UNIT_GOSSIP_PLUMTREE_SCRIPT_H

#include "script.h"

#include "gossip/plumtree.h"

static struct dtt_plumtree p;
static struct dtt_gossip_peer view_peers[DTT_GOSSIP_ACTIVE_MAX];
static struct dtt_gossip_view view;

static inline int setup(void **state)
{
    (void)state;
    script_open();
    view = (struct dtt_gossip_view){.max = DTT_GOSSIP_ACTIVE_MAX, .peers = view_peers};
    dtt_plumtree_init(&p, &port);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    dtt_plumtree_fini(&p);
    dtt_gossip_outbox_fini(&outbox);
    return 0;
}

/* ---- input */

static inline struct dtt_gossip_promise *promise(int peer)
{
    for (size_t i = 0; i < DTT_GOSSIP_ACTIVE_MAX; i++) {
        if (p.peers[i].is_used && dtt_gossip_id_eq(&p.peers[i].id, &peers[peer])) {
            return &p.promises.slots[i];
        }
    }
    return NULL;
}

static inline void newcomer(int peer)
{
    view_peers[view.n++].id = peers[peer];
    dtt_plumtree_set_neighbors(&p, now, &view);
}

/* A neighbour that is known to be of use. */
static inline void up(int peer)
{
    newcomer(peer);
    promise(peer)->has_brought = true;
}

static inline void down(int peer)
{
    dtt_gossip_view_take(&view, dtt_gossip_view_find(&view, &peers[peer]));
    dtt_plumtree_set_neighbors(&p, now, &view);
}

static inline void say(char letter)
{
    assert_int_equal(dtt_plumtree_broadcast(&p, now, DTT_GOSSIP_SWARM, dtt_slice(&letter, 1)),
                     DTT_OK);
}

static inline void recv(int from, const struct dtt_gossip_message *m)
{
    dtt_plumtree_recv(&p, now, &peers[from], m);
}

static inline void recv_gossip(int from, char letter, uint16_t round)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP};
    m.u.gossip.id = script_id(letter);
    m.u.gossip.content = dtt_slice(&letter, 1);
    m.u.gossip.scope = DTT_GOSSIP_SWARM;
    m.u.gossip.round = round;
    recv(from, &m);
}

static inline void recv_ihave(int from, char letter, uint16_t round)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_IHAVE, .u.ihave.n = 1};
    m.u.ihave.entries[0].id = script_id(letter);
    m.u.ihave.entries[0].round = round;
    recv(from, &m);
}

static inline void recv_graft(int from, char letter)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_GRAFT, .u.graft.has_id = letter != '-'};
    m.u.graft.id = script_id(letter);
    recv(from, &m);
}

static inline void recv_ask(int from, uint64_t age_ns)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_GRAFT};
    m.u.graft.round = dtt_gossip_age_round(age_ns);
    recv(from, &m);
}

static inline void recv_prune(int from)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_PRUNE};
    recv(from, &m);
}

static inline void pass(uint64_t ns)
{
    uint64_t end_ns = now.mono_ns + ns;
    while (dtt_plumtree_deadline(&p) <= end_ns) {
        now.mono_ns = dtt_plumtree_deadline(&p);
        assert_true(dtt_plumtree_tick(&p, now));
    }
    assert_false(dtt_plumtree_tick(&p, now));
    now.mono_ns = end_ns;
}

/* Neighbours 1..4, of which 3 and 4 are lazy. */
static inline void two_and_two(void)
{
    for (int i = 1; i <= 4; i++) {
        up(i);
    }
    recv_prune(3);
    recv_prune(4);
    assert_string_equal(script(), "");
}

#endif
