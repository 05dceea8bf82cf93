/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* One HyParView driven by hand: what comes in is a call, what goes out a line of script.h. */
#ifndef TESTS_UNIT_GOSSIP_HYPARVIEW_SCRIPT_H
#define TESTS_UNIT_GOSSIP_HYPARVIEW_SCRIPT_H

#include "gossip/hyparview.h"

#include "script.h"

static struct dtt_hyparview h;
static uint64_t connections[PEERS], hosts[PEERS], networks[PEERS];

static inline int setup(void **state)
{
    (void)state;
    script_open();
    memset(connections, 0, sizeof(connections));
    memset(hosts, 0, sizeof(hosts));
    memset(networks, 0, sizeof(networks));
    struct dtt_hyparview_config cfg = {
        .me = peers[0], .active_view = 3, .passive_view = 6, .shuffle_ns = 60 * DTT_S};
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    assert_int_equal(dtt_hyparview_init(&h, now, &port, &cfg, hash_key), DTT_OK);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    dtt_hyparview_fini(&h);
    dtt_gossip_outbox_fini(&outbox);
    return 0;
}

/* ---- input */

static inline struct dtt_gossip_peer_data some(const char *text)
{
    return (struct dtt_gossip_peer_data){.is_some = true, .bytes = dtt_slice(text, strlen(text))};
}

static inline void recv(int from, const struct dtt_gossip_message *m)
{
    struct dtt_gossip_source source = {.id = peers[from],
                                       .connection = connections[from],
                                       .host = hosts[from],
                                       .network = networks[from]};
    dtt_hyparview_recv(&h, now, &source, m);
    dtt_hyparview_check(&h);
}

static inline void recv_join(int from)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_JOIN, .u.join.data = some("")};
    recv(from, &m);
}

static inline void recv_forward_join(int from, int peer, uint16_t ttl)
{
    struct dtt_gossip_message m = {
        .type = DTT_MSG_FORWARD_JOIN,
        .u.forward_join = {.peer = {.id = peers[peer], .data = some("")}, .ttl = ttl}};
    recv(from, &m);
}

static inline void recv_neighbor(int from, enum dtt_gossip_priority priority)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_NEIGHBOR,
                                   .u.neighbor = {.priority = priority, .data = some("")}};
    recv(from, &m);
}

static inline void recv_disconnect(int from, bool alive)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_DISCONNECT, .u.disconnect.alive = alive};
    recv(from, &m);
}

/* A Shuffle (or its reply, with origin < 0) of peers first..last. */
static inline void recv_shuffle(int from, int origin, int first, int last, uint16_t ttl)
{
    struct dtt_gossip_message m = {.type = origin < 0 ? DTT_MSG_SHUFFLE_REPLY : DTT_MSG_SHUFFLE,
                                   .u.shuffle = {.ttl = ttl}};
    if (origin >= 0) {
        m.u.shuffle.origin = peers[origin];
    }
    for (int i = first; i <= last; i++) {
        m.u.shuffle.nodes[m.u.shuffle.n++].id = peers[i];
    }
    recv(from, &m);
}

static inline void gone(int peer)
{
    dtt_hyparview_peer_gone(&h, now, &peers[peer], DTT_REASON_CLOSED_BY_PEER);
}

static inline void prove(int peer)
{
    dtt_hyparview_prove(&h, now, &peers[peer]);
    dtt_hyparview_check(&h);
}

static inline void pass(uint64_t ns)
{
    now.mono_ns += ns;
    while (dtt_hyparview_tick(&h, now)) {
    }
}

/* Neighbours 1..n. */
static inline void neighbors(int n)
{
    for (int i = 1; i <= n; i++) {
        recv_neighbor(i, DTT_GOSSIP_HIGH);
    }
    script();
}

static inline bool in_passive(int peer)
{
    return dtt_gossip_view_find(&h.passive, &peers[peer]) != NULL;
}

static inline bool needs(int peer)
{
    return dtt_hyparview_needs(&h, &peers[peer]);
}

/* The neighbours, in ascending order. */
static inline const char *active(void)
{
    static char text[256];
    size_t n = 0;
    text[0] = '\0';
    for (int i = 1; i < PEERS; i++) {
        if (dtt_hyparview_is_active(&h, &peers[i])) {
            n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%d", n ? " " : "", i);
        }
    }
    script();
    return text;
}

#endif
