/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is a script for one gossip node with two topics and seven peers. What it wants sent
 * must be well formed; neighbours, events and deliveries must agree with each other.
 */
#include "crypto/blake3.h"
#include "crypto/ed25519.h"
#include "gossip/message.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PEERS 8 /* 0 is the node itself */
#define TOPICS 2

struct world {
    struct dtt_ctx ctx;
    struct dtt_gossip *gossip;
    struct dtt_now now;
    struct dtt_id ids[PEERS];
    bool is_subscribed[TOPICS];
    bool is_neighbor[TOPICS][PEERS];
    uint64_t known_ns[TOPICS][256]; /* when a content was heard or said; 0: never */
    struct dtt_reader in;
};

static const struct dtt_gossip_topic_id topics[TOPICS] = {{.bytes = {1}}, {.bytes = {2}}};

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

static size_t peer_index(const struct world *w, const struct dtt_id *id)
{
    for (size_t i = 0; i < PEERS; i++) {
        if (dtt_gossip_id_eq(&w->ids[i], id)) {
            return i;
        }
    }
    return PEERS;
}

/* A content is one byte; each is given out at most once in 90 seconds. */
static void check_received(struct world *w, size_t topic, const struct dtt_gossip_action *a)
{
    if (a->scope == DTT_GOSSIP_SWARM && a->data.len == 1) {
        uint64_t *known_ns = &w->known_ns[topic][a->data.data[0]];
        require(*known_ns == 0 || w->now.mono_ns - *known_ns >= 90 * DTT_S);
        *known_ns = w->now.mono_ns;
    }
}

static void check_action(struct world *w, const struct dtt_gossip_action *a)
{
    struct dtt_gossip_message m;
    size_t topic = a->topic.bytes[0] - 1u;
    size_t peer = peer_index(w, &a->peer);
    require(topic < TOPICS && peer != 0);
    switch (a->type) {
    case DTT_GOSSIP_SEND:
        require(a->data.len <= DTT_GOSSIP_PAYLOAD_MAX);
        require(dtt_gossip_message_decode(a->data, NULL, &m) == DTT_OK);
        require(a->last == (m.type == DTT_MSG_DISCONNECT));
        break;
    case DTT_GOSSIP_NEIGHBOR_UP:
        require(peer < PEERS && !w->is_neighbor[topic][peer]);
        w->is_neighbor[topic][peer] = true;
        break;
    case DTT_GOSSIP_NEIGHBOR_DOWN:
        require(peer < PEERS && w->is_neighbor[topic][peer] && a->reason);
        w->is_neighbor[topic][peer] = false;
        break;
    case DTT_GOSSIP_RECEIVED: check_received(w, topic, a); break;
    case DTT_GOSSIP_PEER_DATA: require(a->data.len > 0); break;
    case DTT_GOSSIP_REFUSED:
    case DTT_GOSSIP_MUTE:
    case DTT_GOSSIP_DISCONNECT: break;
    }
}

static void drain(struct world *w)
{
    struct dtt_gossip_action a;
    while (dtt_gossip_next(w->gossip, &a)) {
        check_action(w, &a);
    }
    for (size_t t = 0; t < TOPICS; t++) {
        struct dtt_id ids[16];
        size_t n = dtt_gossip_neighbors(w->gossip, &topics[t], ids, 16);
        size_t expected = 0;
        for (size_t i = 0; i < PEERS; i++) {
            expected += w->is_neighbor[t][i];
        }
        require(n <= 7 && n == expected);
        for (size_t i = 0; i < n; i++) {
            require(w->is_neighbor[t][peer_index(w, &ids[i])]);
        }
    }
}

static void tick(struct world *w, uint64_t ns)
{
    w->now.mono_ns += ns;
    while (dtt_gossip_deadline(w->gossip) <= w->now.mono_ns) {
        dtt_gossip_tick(w->gossip, w->now);
        drain(w);
    }
}

/* ---- reading the script */

static uint8_t byte(struct world *w)
{
    return dtt_read_u8(&w->in);
}

static const struct dtt_id *peer(struct world *w)
{
    return &w->ids[byte(w) % PEERS];
}

/* A few hosts in two networks; connections change now and then. */
static struct dtt_gossip_source source(struct world *w)
{
    uint8_t b = byte(w);
    return (struct dtt_gossip_source){
        .id = w->ids[b % PEERS], .connection = b >> 6, .host = b % PEERS / 2, .network = b & 1};
}

static struct dtt_gossip_peer_data peer_data(struct world *w)
{
    uint8_t len = byte(w);
    return (struct dtt_gossip_peer_data){.is_some = len & 1, .bytes = dtt_read(&w->in, len % 4)};
}

static struct dtt_gossip_message_id message_id(const uint8_t *content)
{
    struct dtt_gossip_message_id id;
    dtt_blake3(id.bytes, dtt_slice(content, 1));
    return id;
}

static uint16_t round_of(struct world *w)
{
    uint8_t b = byte(w);
    return (uint16_t)(b & 0x80 ? 0x8000 | b << 8 : b);
}

/* `content` must live as long as the message. */
static struct dtt_gossip_message message(struct world *w, uint8_t *content)
{
    struct dtt_gossip_message m = {.type = (enum dtt_gossip_message_type)(byte(w) % 10)};
    switch (m.type) {
    case DTT_MSG_JOIN: m.u.join.data = peer_data(w); break;
    case DTT_MSG_FORWARD_JOIN:
        m.u.forward_join.peer.id = *peer(w);
        m.u.forward_join.peer.data = peer_data(w);
        m.u.forward_join.ttl = byte(w);
        break;
    case DTT_MSG_SHUFFLE:
    case DTT_MSG_SHUFFLE_REPLY:
        m.u.shuffle.origin = *peer(w);
        m.u.shuffle.ttl = byte(w) % 8;
        m.u.shuffle.n = byte(w) % DTT_GOSSIP_NODES_MAX;
        for (size_t i = 0; i < m.u.shuffle.n; i++) {
            m.u.shuffle.nodes[i].id = *peer(w);
            m.u.shuffle.nodes[i].data = peer_data(w);
        }
        break;
    case DTT_MSG_NEIGHBOR:
        m.u.neighbor.priority = byte(w) & 1 ? DTT_GOSSIP_HIGH : DTT_GOSSIP_LOW;
        m.u.neighbor.data = peer_data(w);
        break;
    case DTT_MSG_DISCONNECT: m.u.disconnect.alive = byte(w) & 1; break;
    case DTT_MSG_GOSSIP:
        *content = byte(w);
        m.u.gossip.id = message_id(content);
        m.u.gossip.content = dtt_slice(content, 1);
        m.u.gossip.scope = *content % 16 ? DTT_GOSSIP_SWARM : DTT_GOSSIP_NEIGHBORS;
        m.u.gossip.round = round_of(w);
        break;
    case DTT_MSG_PRUNE: break;
    case DTT_MSG_GRAFT:
        *content = byte(w);
        m.u.graft.has_id = *content % 16 != 0;
        m.u.graft.id = message_id(content);
        m.u.graft.round = round_of(w);
        break;
    case DTT_MSG_IHAVE:
        m.u.ihave.n = byte(w) % 8;
        for (size_t i = 0; i < m.u.ihave.n; i++) {
            *content = byte(w);
            m.u.ihave.entries[i].id = message_id(content);
            m.u.ihave.entries[i].round = round_of(w);
        }
        break;
    }
    return m;
}

static void recv_message(struct world *w, size_t topic)
{
    uint8_t content;
    uint8_t buf[DTT_GOSSIP_PAYLOAD_MAX];
    struct dtt_writer out = dtt_writer(buf, sizeof(buf));
    struct dtt_gossip_source from = source(w);
    struct dtt_gossip_message m = message(w, &content);
    dtt_gossip_message_encode(&out, &m);
    require(!out.failed);
    require(dtt_gossip_recv(w->gossip, w->now, &from, &topics[topic], dtt_slice(buf, out.len)) !=
            DTT_EPROTO);
}

static void recv_raw(struct world *w, size_t topic)
{
    struct dtt_gossip_source from = source(w);
    struct dtt_slice payload = dtt_read(&w->in, byte(w) % 64);
    dtt_gossip_recv(w->gossip, w->now, &from, &topics[topic], payload);
}

static void say(struct world *w, size_t topic)
{
    uint8_t content = byte(w);
    if (dtt_gossip_broadcast(w->gossip, w->now, &topics[topic],
                             content % 8 ? DTT_GOSSIP_SWARM : DTT_GOSSIP_NEIGHBORS,
                             dtt_slice(&content, 1)) == DTT_OK &&
        content % 8) {
        /* A repeated content is not said again, so it may come back 90 s after the first time. */
        uint64_t *known_ns = &w->known_ns[topic][content];
        if (*known_ns == 0 || w->now.mono_ns - *known_ns >= 90 * DTT_S) {
            *known_ns = w->now.mono_ns;
        }
    }
}

static const struct dtt_gossip_window two_minutes = {
    .ns = 120 * DTT_S, .messages = 2, .bytes = 1024};

static void toggle(struct world *w, size_t topic)
{
    if (w->is_subscribed[topic]) {
        dtt_gossip_quit(w->gossip, w->now, &topics[topic]);
        memset(w->is_neighbor[topic], 0, sizeof(w->is_neighbor[topic]));
        memset(w->known_ns[topic], 0, sizeof(w->known_ns[topic]));
    } else {
        require(dtt_gossip_subscribe(w->gossip, w->now, &topics[topic]) == DTT_OK);
        if (topic > 0) {
            dtt_gossip_set_window(w->gossip, &topics[topic], &two_minutes);
        }
    }
    w->is_subscribed[topic] = !w->is_subscribed[topic];
}

/* What the node tells about a peer. */
static void tell(struct world *w, size_t topic)
{
    uint8_t what = byte(w);
    const struct dtt_id *id = peer(w);
    if (what & 1) {
        dtt_gossip_prove(w->gossip, w->now, &topics[topic], id);
    } else if (what & 4) {
        dtt_gossip_set_silent(w->gossip, id, what & 2);
    } else {
        dtt_gossip_set_slow(w->gossip, w->now, id, what & 2);
    }
    struct dtt_gossip_facts facts = dtt_gossip_facts(w->gossip, &topics[topic]);
    require(facts.neighbors <= 7 && facts.proven <= 5 && facts.neighbors - facts.proven <= 5);
    require(facts.silent <= facts.neighbors && facts.slow <= facts.neighbors);
    require(!(what & 1) || !w->is_subscribed[topic] || dtt_gossip_id_eq(id, &w->ids[0]) ||
            dtt_gossip_is_proven(w->gossip, w->now, id));
}

static void step(struct world *w)
{
    uint8_t op = byte(w);
    size_t topic = op >> 7;
    switch (op % 8) {
    case 0: recv_raw(w, topic); break;
    case 1:
    case 2:
    case 3: recv_message(w, topic); break;
    case 4: dtt_gossip_join_peer(w->gossip, w->now, &topics[topic], peer(w), false); break;
    case 5: dtt_gossip_peer_gone(w->gossip, w->now, peer(w), DTT_REASON_CLOSED_BY_PEER); break;
    case 6: say(w, topic); break;
    default:
        if ((op & 0x78) == 0x78) {
            toggle(w, topic);
        } else if ((op & 0x60) == 0x60) {
            tell(w, topic);
        } else {
            uint64_t b = byte(w);
            tick(w, b * b * DTT_MS);
        }
    }
    drain(w);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct dtt_id ids[PEERS]; /* keys are dear: made once */
    struct world w = {.now.mono_ns = DTT_S, .in = dtt_reader(dtt_slice(data, len))};
    for (size_t i = 0; i < PEERS && ids[PEERS - 1].bytes[0] == 0; i++) {
        uint8_t seed[32] = {(uint8_t)(i + 1)};
        dtt_ed25519_public_key(ids[i].bytes, seed);
    }
    memcpy(w.ids, ids, sizeof(ids));
    struct dtt_gossip_config cfg = {.me = w.ids[0]};
    if (dtt_gossip_new(&w.gossip, &w.ctx, &cfg)) {
        return 0;
    }
    toggle(&w, 0);
    toggle(&w, 1);
    while (dtt_reader_left(&w.in) && !w.in.failed) {
        step(&w);
    }
    require(w.ctx.counters[DTT_COUNTER_GOSSIP_ACTIONS_DROPPED] == 0);
    dtt_gossip_free(w.gossip);
    return 0;
}
