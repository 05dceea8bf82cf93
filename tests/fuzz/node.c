/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The input is a script for a whole node (DHT, tracker, gossip, links, QUIC) and six peers that
 * have real QUIC and speak gossip by hand. Its first eight bytes decide which datagrams are lost,
 * damaged or come again from elsewhere. Events and snapshot must be JSON to a library that is not
 * ours, the active view and the memory of all seven must stay within their bounds.
 */
#include "crypto/blake3.h"
#include "crypto/ed25519.h"
#include "gossip/addr_info.h"
#include "gossip/message.h"
#include "gossip/stream.h"
#include "node/core_topic.h"
#include "node/snapshot.h"
#include "node/transport.h"
#include "record/proof.h"
#include "record/slot.h"

#include <dtt/dtt.h>
#include <jansson.h>
#include <malloc.h>
#include <sodium.h>
#include <stdlib.h>

/* Of AddressSanitizer, where there is one; its header does not come with each compiler. */
__attribute__((weak)) size_t __sanitizer_get_current_allocated_bytes(void); /* NOLINT */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define PEERS 6
#define CONNS 4               /* a peer */
#define STEPS 4000            /* of a script at most */
#define VIEW_MAX 16           /* neighbours at most */
#define MEMORY_MAX (16 << 20) /* of all seven together; 4 MiB are usual */
#define FRAME_BYTES (4 + DTT_GOSSIP_FRAME_MAX)

struct line { /* a connection of a peer with the node */
    bool is_open;
    dtt_quic_conn conn;
    int64_t stream; /* -1: none */
};

struct peer {
    struct dtt_ctx ctx;
    struct dtt_quic *quic;
    struct dtt_addr addr;
    struct line lines[CONNS];
};

static struct dtt_ctx ctx;
static struct dtt_core *core;
static struct dtt_topic *topic;
static struct peer peers[PEERS];
static struct dtt_gossip_topic_id topic_id;
static struct dtt_now now;
static struct dtt_reader in;
static uint64_t chance;
static const struct dtt_addr addr = {.ip = {192, 0, 2, 1}, .port = 1000, .family = DTT_FAMILY_V4};

static void require(bool ok)
{
    if (!ok) {
        abort();
    }
}

/* One of `n` by the script; 0 after its end. */
static unsigned pick(unsigned n)
{
    return dtt_reader_left(&in) > 0 ? dtt_read_u8(&in) % n : 0;
}

/* True once in `n` times, for what happens on the way. */
static bool happens(unsigned n)
{
    chance ^= chance << 13;
    chance ^= chance >> 7;
    chance ^= chance << 17;
    return (chance >> 20) % n == 0;
}

static size_t allocated(void)
{
    return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
                                                   : mallinfo2().uordblks;
}

/* ---- what holds */

static void require_json(const char *text)
{
    json_t *root =
        json_loads(text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    require(json_is_object(root));
    json_decref(root);
}

static size_t write_snapshot(char *buf, size_t cap)
{
    struct dtt_json j;
    dtt_json_init(&j, buf, cap);
    dtt_json_object(&j, NULL);
    dtt_snapshot_core(&j, core, now);
    dtt_json_end(&j);
    return dtt_json_finish(&j);
}

static void check_snapshot(void)
{
    size_t need = write_snapshot(NULL, 0);
    char *text = malloc(need + 1);
    require(text && write_snapshot(text, need + 1) == need);
    require_json(text);
    free(text);
}

static void check_events(void)
{
    const struct dtt_event *ev;
    while ((ev = dtt_events_next(dtt_core_events(core))) != NULL) {
        size_t need = dtt_event_json(ev, NULL, 0);
        char *text = malloc(need + 1);
        require(text && dtt_event_json(ev, text, need + 1) == need);
        require_json(text);
        free(text);
    }
}

/* ---- the way between them */

static void to_node(const struct dtt_addr *from, struct dtt_slice datagram)
{
    uint8_t copy[2048];
    size_t n = datagram.len < sizeof(copy) ? datagram.len : sizeof(copy);
    memcpy(copy, datagram.data, n);
    if (happens(200)) {
        copy[chance % n] ^= (uint8_t)(1u << (chance >> 32) % 8);
    }
    if (!happens(40)) {
        dtt_core_recv(core, now, &addr, from, 0, dtt_slice(copy, n));
    }
    if (happens(100)) {
        dtt_core_recv(core, now, &addr, &peers[chance % PEERS].addr, 0, dtt_slice(copy, n));
    }
}

static void to_peers(const struct dtt_addr *to, struct dtt_slice datagram)
{
    for (size_t i = 0; i < PEERS; i++) {
        if (dtt_addr_eq(to, &peers[i].addr) && !happens(40)) {
            dtt_quic_recv(peers[i].quic, now, to, &addr, 0, datagram);
        }
    }
}

static void take_peer_events(struct peer *p)
{
    struct dtt_quic_event ev;
    while (dtt_quic_next_event(p->quic, &ev)) {
        for (size_t k = 0; k < CONNS; k++) {
            struct line *l = &p->lines[k];
            if (ev.type == DTT_QUIC_CONNECTED && !l->is_open) {
                *l = (struct line){.is_open = true, .conn = ev.conn, .stream = -1};
                break;
            }
            if (ev.type == DTT_QUIC_CLOSED && l->is_open && l->conn == ev.conn) {
                l->is_open = false;
            }
        }
    }
}

static void carry(void)
{
    struct dtt_core_packet out;
    struct dtt_quic_packet back;
    dtt_core_settle(core, now);
    for (int i = 0; i < 1000 && dtt_core_next_packet(core, now, &out); i++) {
        for (size_t at = 0; at < out.data.len; at += out.segment) {
            size_t n = out.data.len - at < out.segment ? out.data.len - at : out.segment;
            to_peers(&out.remote, dtt_slice(out.data.data + at, n));
        }
    }
    for (size_t i = 0; i < PEERS; i++) {
        while (dtt_quic_next_packet(peers[i].quic, now, &back)) {
            for (size_t at = 0; at < back.data.len; at += back.segment) {
                size_t n = back.data.len - at < back.segment ? back.data.len - at : back.segment;
                to_node(&peers[i].addr, dtt_slice(back.data.data + at, n));
            }
        }
        take_peer_events(&peers[i]);
    }
}

/* ---- what peers say */

static struct dtt_id pick_id(void)
{
    struct dtt_id id;
    unsigned i = pick(PEERS + 2);
    if (i < PEERS) {
        return *dtt_quic_id(peers[i].quic);
    }
    uint8_t seed[32] = {(uint8_t)i, (uint8_t)pick(256)};
    dtt_ed25519_public_key(id.bytes, seed);
    return id;
}

/* Addresses of peers, and of nobody: private ones, loopback, any port. */
static struct dtt_gossip_peer_data pick_data(uint8_t info[256])
{
    struct dtt_addr addrs[4];
    size_t n = pick(5);
    struct dtt_writer w = dtt_writer(info, 256);
    for (size_t i = 0; i < n; i++) {
        addrs[i] = pick(3) ? peers[pick(PEERS)].addr
                           : dtt_addr_v4((uint8_t)pick(256), 0, 0, 1, (uint16_t)(1 + pick(200)));
    }
    dtt_addr_info_write(&w, "", addrs, n);
    return (struct dtt_gossip_peer_data){.is_some = pick(2),
                                         .bytes = dtt_slice(info, pick(8) ? w.len : pick(100))};
}

static void pick_payload(struct dtt_gossip_message *m)
{
    static uint8_t content[4040];
    content[0] = (uint8_t)pick(8);
    m->u.gossip.content = dtt_slice(content, pick(6) ? 1 + pick(8) : sizeof(content));
    dtt_blake3(m->u.gossip.id.bytes, m->u.gossip.content);
    m->u.gossip.id.bytes[0] ^= pick(40) == 1;
    m->u.gossip.scope = pick(2) ? DTT_GOSSIP_SWARM : DTT_GOSSIP_NEIGHBORS;
    m->u.gossip.round = (uint16_t)pick(40);
}

static uint16_t pick_round(void)
{
    return (uint16_t)(pick(3) ? pick(9) : DTT_GOSSIP_CATCH_UP | pick(256) << 7);
}

static void pick_ihaves(struct dtt_gossip_message *m)
{
    m->u.ihave.n = pick(20);
    for (size_t i = 0; i < m->u.ihave.n; i++) {
        uint8_t content = (uint8_t)pick(8);
        dtt_blake3(m->u.ihave.entries[i].id.bytes, dtt_slice(&content, 1));
        m->u.ihave.entries[i].round = pick_round();
    }
}

static size_t write_message(uint8_t frame[FRAME_BYTES])
{
    static uint8_t info[256];
    struct dtt_gossip_message m = {.type = (enum dtt_gossip_message_type)pick(DTT_MSG_IHAVE + 1)};
    struct dtt_gossip_peer_data data = pick_data(info);
    switch (m.type) {
    case DTT_MSG_JOIN: m.u.join.data = data; break;
    case DTT_MSG_FORWARD_JOIN:
        m.u.forward_join.peer = (struct dtt_gossip_node){.id = pick_id(), .data = data};
        m.u.forward_join.ttl = (uint16_t)pick(8);
        break;
    case DTT_MSG_SHUFFLE:
    case DTT_MSG_SHUFFLE_REPLY:
        m.u.shuffle.origin = pick_id();
        m.u.shuffle.ttl = (uint16_t)pick(8);
        m.u.shuffle.n = pick(8);
        for (size_t i = 0; i < m.u.shuffle.n; i++) {
            m.u.shuffle.nodes[i] = (struct dtt_gossip_node){.id = pick_id(), .data = data};
        }
        break;
    case DTT_MSG_NEIGHBOR:
        m.u.neighbor.priority = pick(2) ? DTT_GOSSIP_HIGH : DTT_GOSSIP_LOW;
        m.u.neighbor.data = data;
        break;
    case DTT_MSG_DISCONNECT: m.u.disconnect.alive = pick(2); break;
    case DTT_MSG_GOSSIP: pick_payload(&m); break;
    case DTT_MSG_PRUNE: break;
    case DTT_MSG_GRAFT:
        m.u.graft.has_id = pick(2);
        m.u.graft.round = pick_round();
        break;
    case DTT_MSG_IHAVE: pick_ihaves(&m); break;
    }
    struct dtt_writer w = dtt_writer(frame + 4, DTT_GOSSIP_FRAME_MAX);
    dtt_gossip_message_encode(&w, &m);
    return w.failed ? 0 : w.len;
}

/* A claim to hold the secret; true ones need more than a script. */
static size_t write_claim(uint8_t frame[FRAME_BYTES])
{
    struct dtt_proof_bond bond = {.prover = pick_id(), .verifier = pick_id()};
    uint64_t minute = (uint64_t)now.wall_ns / (60 * DTT_S) + pick(7);
    uint8_t seed[32] = {(uint8_t)pick(3)};
    dtt_proof_write(frame + 4, seed, topic_id.bytes, minute, &bond);
    return DTT_PROOF_LEN;
}

static void open_stream(struct peer *p, struct line *l)
{
    uint8_t header[DTT_GOSSIP_HEADER_FRAME];
    struct dtt_gossip_topic_id id = topic_id;
    switch (pick(16)) {
    case 1: id.bytes[0] ^= 1; break;
    case 2: memcpy(id.bytes, dtt_proof_stream_topic, sizeof(id.bytes)); break;
    default: break;
    }
    if (dtt_quic_open_uni(p->quic, l->conn, &l->stream) != DTT_OK) {
        l->stream = -1;
        return;
    }
    dtt_gossip_stream_header(header, &id);
    (void)dtt_quic_write(p->quic, l->conn, l->stream, dtt_slice(header, sizeof(header)), false);
}

static void speak(struct peer *p, struct line *l)
{
    static uint8_t frame[FRAME_BYTES];
    if (l->stream < 0) {
        open_stream(p, l);
    }
    for (unsigned i = pick(8) + 1; l->stream >= 0 && i > 0; i--) {
        size_t n = pick(16) == 1 ? write_claim(frame) : write_message(frame);
        unsigned damage = pick(256);
        bool is_last = damage == 3;
        dtt_put_be32(frame, (uint32_t)(damage == 1 ? pick(256) * 17 : n));
        if (damage == 2 && n > 0) {
            frame[4 + pick(256) % n] ^= (uint8_t)(1u << pick(8));
        }
        (void)dtt_quic_write(p->quic, l->conn, l->stream, dtt_slice(frame, 4 + n), is_last);
        if (is_last) {
            l->stream = -1;
        }
    }
}

/* ---- the script */

static void say_datagram(const struct peer *p)
{
    uint8_t data[256];
    size_t n = pick(sizeof(data));
    for (size_t i = 0; i < n; i++) {
        data[i] = (uint8_t)pick(256);
    }
    if (n > 3 && pick(2)) {
        memcpy(data, (const uint8_t[]){'d', '1', ':'}, 3);
    }
    dtt_core_recv(core, now, &addr, &p->addr, 0, dtt_slice(data, n));
}

static void use_topic(void)
{
    static const struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = "t", .secret = "s", .secret_len = 1};
    uint8_t text[8] = {(uint8_t)pick(256)};
    struct dtt_peer_addr peer = {
        .size = sizeof(peer), .id = pick_id(), .addr = peers[pick(PEERS)].addr};
    struct dtt_why why = {.size = sizeof(why)};
    if (!topic) {
        require(dtt_core_topic_join(core, now, &cfg, NULL, &topic) == DTT_OK);
        return;
    }
    switch (pick(8)) {
    case 0: dtt_core_topic_why(topic, now, &why); break;
    case 1: dtt_core_topic_add_peer(topic, now, &peer); break;
    case 2: (void)dtt_core_topic_unsent(topic, now); break;
    case 3:
        if (pick(8) == 1) {
            dtt_core_topic_leave(topic, now);
            topic = NULL;
        }
        break;
    default:
        (void)dtt_core_topic_send(topic, now, dtt_slice(text, sizeof(text)),
                                  pick(4) ? 0 : DTT_SEND_NEIGHBORS);
    }
}

static void pass_time(void)
{
    uint64_t ns = pick(16) ? pick(40) * DTT_MS : pick(60) * DTT_S;
    now.mono_ns += ns;
    now.wall_ns += (int64_t)ns;
    if (pick(64) == 1) {
        now.wall_ns += ((int64_t)pick(256) - 128) * 60 * (int64_t)DTT_S;
    }
}

static void step(void)
{
    struct peer *p = &peers[pick(PEERS)];
    struct line *l = &p->lines[pick(CONNS)];
    struct dtt_addr own[2] = {addr, peers[0].addr};
    dtt_quic_conn conn;
    switch (pick(12)) {
    case 0: (void)dtt_quic_dial(p->quic, now, dtt_core_id(core), &p->addr, &addr, &conn); break;
    case 1:
        if (l->is_open && pick(4) == 1) {
            dtt_quic_close(p->quic, now, l->conn, 0, "");
        }
        break;
    case 2:
    case 3: use_topic(); break;
    case 4: say_datagram(p); break;
    case 5: pass_time(); break;
    case 6:
        if (pick(4) == 1) {
            dtt_core_unreachable(core, now, &p->addr);
        } else if (pick(4) == 1) {
            dtt_core_set_local_addrs(core, now, own, pick(3));
        }
        break;
    default:
        for (size_t i = 0; i < CONNS && !l->is_open; i++) {
            l = &p->lines[i];
        }
        if (l->is_open) {
            speak(p, l);
        } else {
            (void)dtt_quic_dial(p->quic, now, dtt_core_id(core), &p->addr, &addr, &conn);
        }
    }
}

static void play(void)
{
    size_t before = allocated();
    for (unsigned steps = 0; dtt_reader_left(&in) > 0 && steps < STEPS; steps++) {
        struct dtt_id ids[VIEW_MAX];
        step();
        now.mono_ns += DTT_MS;
        now.wall_ns += (int64_t)DTT_MS;
        carry();
        for (size_t i = 0; i < PEERS; i++) {
            dtt_quic_tick(peers[i].quic, now);
        }
        dtt_core_run(core, now);
        carry();
        check_events();
        require(!topic || dtt_core_topic_neighbors(topic, ids, VIEW_MAX) <= VIEW_MAX);
        if (steps % 64 == 0) {
            check_snapshot();
            require(allocated() < before + MEMORY_MAX);
        }
    }
}

static void open_all(void)
{
    struct dtt_core_config cfg = {.ctx = &ctx, .node_seed = {7}, .bound = {addr}};
    ctx = (struct dtt_ctx){.seed = {1}};
    require(dtt_core_new(&core, &cfg, now) == DTT_OK);
    require(dtt_slot_topic(topic_id.bytes, "t", NULL) == DTT_OK);
    for (uint8_t i = 0; i < PEERS; i++) {
        struct dtt_quic_config quic = {
            .seed = {9, i}, .alpn = DTT_GOSSIP_ALPN, .max_conns = 2 * CONNS};
        peers[i] = (struct peer){.ctx = {.seed = {2, i}},
                                 .addr = dtt_addr_v4(192, 0, 2, (uint8_t)(10 + i), 2000)};
        require(dtt_quic_new(&peers[i].quic, &peers[i].ctx, &quic, now) == DTT_OK);
    }
}

static void close_all(void)
{
    dtt_core_shutdown(core, now);
    carry();
    check_events();
    dtt_core_hang_up(core, now);
    carry();
    check_events();
    check_snapshot();
    dtt_core_free(core);
    topic = NULL;
    for (size_t i = 0; i < PEERS; i++) {
        dtt_quic_free(peers[i].quic);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    uint8_t seed[8] = {0};
    require(sodium_init() >= 0);
    now =
        (struct dtt_now){.mono_ns = 1000 * DTT_S, .wall_ns = INT64_C(1800000000) * (int64_t)DTT_S};
    in = dtt_reader(dtt_slice(data, len));
    dtt_read_into(&in, seed, len < sizeof(seed) ? len : sizeof(seed));
    chance = dtt_get_le64(seed) | 1;
    open_all();
    play();
    close_all();
    return 0;
}
