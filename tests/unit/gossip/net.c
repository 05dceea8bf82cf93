/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "net.h"

#include "crypto/ed25519.h"
#include "gossip/message.h"

#include <stdlib.h>

#define MESSAGES_MAX 65536

const struct dtt_gossip_topic_id net_topics[NET_TOPICS_MAX] = {{.bytes = {1}}, {.bytes = {2}}};

enum event_type { EVENT_MESSAGE, EVENT_GONE, EVENT_TICK };

struct net_event {
    uint64_t at_ns, seq;
    enum event_type type;
    size_t to, from;
    struct dtt_gossip_topic_id topic;
    size_t len;
    uint8_t data[];
};

static bool before(const struct net_event *a, const struct net_event *b)
{
    return a->at_ns != b->at_ns ? a->at_ns < b->at_ns : a->seq < b->seq;
}

static struct net_event *queue(struct net *net, uint64_t at_ns, enum event_type type, size_t to,
                               size_t from, struct dtt_slice data)
{
    struct net_event *e = malloc(sizeof(*e) + data.len);
    assert_non_null(e);
    e->at_ns = at_ns;
    e->seq = net->seq++;
    e->type = type;
    e->to = to;
    e->from = from;
    e->len = data.len;
    if (data.len) {
        memcpy(e->data, data.data, data.len);
    }
    if (net->events == net->cap) {
        net->cap = net->cap ? net->cap * 2 : 1024;
        net->heap = realloc(net->heap, net->cap * sizeof(struct net_event *));
        assert_non_null(net->heap);
    }
    size_t i = net->events++;
    for (; i > 0 && before(e, net->heap[(i - 1) / 2]); i = (i - 1) / 2) {
        net->heap[i] = net->heap[(i - 1) / 2];
    }
    net->heap[i] = e;
    return e;
}

static struct net_event *pop(struct net *net)
{
    struct net_event *top = net->heap[0];
    struct net_event *last = net->heap[--net->events];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= net->events) {
            break;
        }
        if (child + 1 < net->events && before(net->heap[child + 1], net->heap[child])) {
            child++;
        }
        if (!before(net->heap[child], last)) {
            break;
        }
        net->heap[i] = net->heap[child];
        i = child;
    }
    net->heap[i] = last;
    return top;
}

struct dtt_now net_now(const struct net *net)
{
    return (struct dtt_now){.mono_ns = net->now_ns};
}

static size_t index_of(const struct net *net, const struct dtt_id *id)
{
    const struct net_node *node = dtt_map_get(&net->by_id, id->bytes);
    assert_non_null(node);
    return (size_t)(node - net->nodes);
}

static uint64_t latency_ns(const struct net *net, size_t a, size_t b)
{
    return net->latency_us[a][b] * DTT_US;
}

static bool can_talk(const struct net *net, size_t a, size_t b)
{
    return net->nodes[a].is_up && net->nodes[b].is_up && net->island[a] == net->island[b];
}

/* `from` lets go of its connection to `to`, which learns of it. */
static void hang_up(struct net *net, size_t from, size_t to)
{
    if (net->connected[from][to]) {
        net->connected[from][to] = net->connected[to][from] = false;
        queue(net, net->now_ns + latency_ns(net, from, to) + 1, EVENT_GONE, to, from,
              dtt_slice(NULL, 0));
    }
}

static uint32_t number_of(struct dtt_slice content)
{
    assert_int_equal(content.len, 4);
    return dtt_get_be32(content.data);
}

static void note_received(struct net *net, size_t node, const struct dtt_gossip_action *a)
{
    uint32_t number = number_of(a->data);
    assert_true(number < MESSAGES_MAX);
    net->repeated += net->seen[number][node];
    net->seen[number][node] = 1;
    net->nodes[node].received++;
    net->stats.received++;
}

/* Carries out what a node wants. Returns the number of contents it received. */
static size_t drain(struct net *net, size_t i)
{
    struct net_node *node = &net->nodes[i];
    struct dtt_gossip_action a;
    size_t received = 0;
    while (dtt_gossip_next(node->gossip, &a)) {
        size_t to = index_of(net, &a.peer);
        switch (a.type) {
        case DTT_GOSSIP_SEND: {
            assert_true(a.data.len <= DTT_GOSSIP_PAYLOAD_MAX);
            assert_int_not_equal(to, i);
            uint64_t at_ns = net->now_ns + latency_ns(net, i, to);
            queue(net, at_ns, EVENT_MESSAGE, to, i, a.data)->topic = a.topic;
            break;
        }
        case DTT_GOSSIP_MUTE: fail_msg("%u is honest", (unsigned)to); break;
        case DTT_GOSSIP_REFUSED: break;
        case DTT_GOSSIP_DISCONNECT:
            node->disconnects++;
            hang_up(net, i, to);
            break;
        case DTT_GOSSIP_NEIGHBOR_UP: node->ups++; break;
        case DTT_GOSSIP_NEIGHBOR_DOWN: node->downs++; break;
        case DTT_GOSSIP_RECEIVED:
            note_received(net, i, &a);
            received++;
            break;
        case DTT_GOSSIP_PEER_DATA: break;
        }
    }
    uint64_t deadline = dtt_gossip_deadline(node->gossip);
    if (deadline != DTT_NEVER && (node->tick_ns == 0 || deadline < node->tick_ns)) {
        node->tick_ns = deadline;
        queue(net, deadline, EVENT_TICK, i, i, dtt_slice(NULL, 0));
    }
    return received;
}

static void deliver(struct net *net, const struct net_event *e)
{
    struct net_node *node = &net->nodes[e->to];
    struct dtt_gossip_message m;
    if (!can_talk(net, e->from, e->to)) {
        /* The sender's dial or connection fails. */
        if (net->nodes[e->from].is_up) {
            net->connected[e->from][e->to] = net->connected[e->to][e->from] = false;
            dtt_gossip_peer_gone(net->nodes[e->from].gossip, net_now(net), &node->id,
                                 DTT_REASON_CLOSED_BY_PEER);
            drain(net, e->from);
        }
        return;
    }
    net->connected[e->from][e->to] = net->connected[e->to][e->from] = true;
    m.type = DTT_MSG_JOIN; /* or another that is not counted: keys are dear to decode twice */
    if (e->data[0] == DTT_WIRE_GOSSIP) {
        assert_int_equal(dtt_gossip_message_decode(dtt_slice(e->data, e->len), NULL, &m), DTT_OK);
    }
    struct dtt_gossip_source source = {.id = net->nodes[e->from].id};
    assert_int_equal(
        dtt_gossip_recv(node->gossip, net_now(net), &source, &e->topic, dtt_slice(e->data, e->len)),
        DTT_OK);
    size_t received = drain(net, e->to);
    if (m.type == DTT_MSG_GOSSIP) {
        net->stats.payloads++;
        if (received && m.u.gossip.round > net->stats.last_hop) {
            net->stats.last_hop = m.u.gossip.round;
        }
    } else if (m.type > DTT_MSG_GOSSIP) {
        net->stats.control++;
    }
}

static void handle(struct net *net, const struct net_event *e)
{
    struct net_node *node = &net->nodes[e->to];
    net->now_ns = e->at_ns;
    if (e->type == EVENT_MESSAGE) {
        deliver(net, e);
    } else if (node->is_up && e->type == EVENT_GONE) {
        dtt_gossip_peer_gone(node->gossip, net_now(net), &net->nodes[e->from].id,
                             DTT_REASON_CLOSED_BY_PEER);
        drain(net, e->to);
    } else if (node->is_up && node->tick_ns == e->at_ns) {
        node->tick_ns = 0;
        dtt_gossip_tick(node->gossip, net_now(net));
        drain(net, e->to);
    }
}

void net_run_until(struct net *net, size_t want, uint64_t duration_ns)
{
    uint64_t end_ns = net->now_ns + duration_ns;
    while (net->stats.received < want && net->events && net->heap[0]->at_ns <= end_ns) {
        struct net_event *e = pop(net);
        handle(net, e);
        free(e);
    }
    if (net->stats.received < want) {
        net->now_ns = end_ns;
    }
}

void net_run(struct net *net, uint64_t duration_ns)
{
    net_run_until(net, SIZE_MAX, duration_ns);
}

void net_add_node(struct net *net, uint32_t lo_ms, uint32_t hi_ms)
{
    size_t i = net->n++;
    struct net_node *node = &net->nodes[i];
    uint8_t seed[32] = {(uint8_t)(i + 1), 7};
    assert_true(i < NET_NODES_MAX);
    dtt_ed25519_public_key(node->id.bytes, seed);
    assert_int_equal(dtt_map_put(&net->by_id, node->id.bytes, node), DTT_OK);
    dtt_rng_bytes(&net->rng, node->ctx.seed, sizeof(node->ctx.seed));
    for (size_t j = 0; j < i; j++) {
        uint32_t us = lo_ms * 1000 + (uint32_t)dtt_rng_below(&net->rng, (hi_ms - lo_ms) * 1000);
        net->latency_us[i][j] = net->latency_us[j][i] = us;
    }
    struct dtt_gossip_config cfg = {.me = node->id};
    assert_int_equal(dtt_gossip_new(&node->gossip, &node->ctx, &cfg), DTT_OK);
    node->is_up = true;
    net_subscribe(net, 0, i);
}

void net_open(struct net *net, size_t n, uint64_t seed, uint32_t lo_ms, uint32_t hi_ms)
{
    uint8_t seed_bytes[DTT_RNG_SEED_BYTES] = {0};
    dtt_put_be64(seed_bytes, seed);
    memset(net, 0, sizeof(*net));
    net->now_ns = DTT_S;
    net->seen = calloc(MESSAGES_MAX, sizeof(*net->seen));
    assert_non_null(net->seen);
    dtt_rng_init(&net->rng, seed_bytes, "net");
    dtt_map_init(&net->by_id, DTT_ID_BYTES, NET_NODES_MAX, seed_bytes);
    for (size_t i = 0; i < n; i++) {
        net_add_node(net, lo_ms, hi_ms);
    }
}

void net_close(struct net *net)
{
    for (size_t i = 0; i < net->n; i++) {
        dtt_gossip_free(net->nodes[i].gossip);
    }
    while (net->events) {
        free(net->heap[--net->events]);
    }
    free(net->heap);
    free(net->seen);
    dtt_map_fini(&net->by_id);
}

void net_subscribe(struct net *net, size_t topic, size_t node)
{
    assert_int_equal(
        dtt_gossip_subscribe(net->nodes[node].gossip, net_now(net), &net_topics[topic]), DTT_OK);
    if (net->window.ns) {
        dtt_gossip_set_window(net->nodes[node].gossip, &net_topics[topic], &net->window);
    }
    drain(net, node);
}

void net_quit(struct net *net, size_t topic, size_t node)
{
    dtt_gossip_quit(net->nodes[node].gossip, net_now(net), &net_topics[topic]);
    drain(net, node);
}

void net_join(struct net *net, size_t topic, size_t from, size_t to)
{
    assert_int_equal(dtt_gossip_join_peer(net->nodes[from].gossip, net_now(net), &net_topics[topic],
                                          &net->nodes[to].id, false),
                     DTT_OK);
    drain(net, from);
}

void net_say(struct net *net, size_t topic, size_t from, uint32_t number)
{
    uint8_t content[4];
    dtt_put_be32(content, number);
    assert_int_equal(dtt_gossip_broadcast(net->nodes[from].gossip, net_now(net), &net_topics[topic],
                                          DTT_GOSSIP_SWARM, dtt_slice(content, sizeof(content))),
                     DTT_OK);
    drain(net, from);
}

bool net_has(const struct net *net, size_t node, uint32_t number)
{
    return net->seen[number][node] != 0;
}

void net_kill(struct net *net, size_t node)
{
    for (size_t i = 0; i < net->n; i++) {
        hang_up(net, node, i);
    }
    net->nodes[node].is_up = false;
}

void net_set_island(struct net *net, size_t node, int island)
{
    net->island[node] = island;
    for (size_t i = 0; i < net->n; i++) {
        if (net->island[i] != island && net->connected[node][i]) {
            hang_up(net, node, i);
            queue(net, net->now_ns + 1, EVENT_GONE, node, i, dtt_slice(NULL, 0));
        }
    }
}

size_t net_degree(const struct net *net, size_t topic, size_t node)
{
    struct dtt_id ids[16];
    return dtt_gossip_neighbors(net->nodes[node].gossip, &net_topics[topic], ids, 16);
}

size_t net_reach(const struct net *net, size_t topic, size_t node)
{
    size_t todo[NET_NODES_MAX] = {node};
    bool found[NET_NODES_MAX] = {false};
    size_t n = 1;
    found[node] = true;
    for (size_t i = 0; i < n; i++) {
        struct dtt_id ids[16];
        size_t degree =
            dtt_gossip_neighbors(net->nodes[todo[i]].gossip, &net_topics[topic], ids, 16);
        for (size_t k = 0; k < degree; k++) {
            size_t peer = index_of(net, &ids[k]);
            if (net->nodes[peer].is_up && !found[peer]) {
                found[peer] = true;
                todo[n++] = peer;
            }
        }
    }
    return n;
}
