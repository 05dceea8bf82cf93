/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/hostile.h"

#include "crypto/blake3.h"
#include "crypto/ed25519.h"
#include "gossip/addr_info.h"
#include "gossip/message.h"
#include "gossip/stream.h"
#include "record/record.h"
#include "sim/foreign.h"
#include "sim/plain.h"

#include <assert.h>
#include <stdlib.h>

#define AGAIN_NS DTT_S          /* before a member is dialled again */
#define MUTE_NS (10 * DTT_S)    /* a slow reader reads so long */
#define RECORDS_NS (30 * DTT_S) /* between looks whether a new minute needs records */
#define RECORD_STEP 4           /* of so many DHT nodes one holds a hostile record */
#define NAMED_ADDRS 8           /* of a peer that does not exist */
#define NAMED_PORT 40000        /* and the first of its ports */
#define GARBAGE 64              /* bytes of a message that nobody needs */
#define FRAMES_MAX 4            /* said in one turn */
#define FRAME_BYTES (4 + DTT_GOSSIP_PAYLOAD_MAX)

/* What is said in a turn. */
enum {
    NOISE = 1, /* of an unknown topic */
    GARBAGE_MESSAGE = 2,
    FORWARD_JOIN = 4,
    SHUFFLE = 8,
    SHUFFLE_REPLY = 16,
    LEAVE = 32 /* in the turns between two Joins */
};

struct role {
    uint64_t turn_ns;
    unsigned join_turns; /* Join is said each so many turns; 0: never */
    unsigned says;
    bool is_mute;     /* reads nothing after a while */
    bool names_third; /* all addresses that it tells of are the third party's */
    bool is_whole_node;
};

static const struct role roles[DTT_SIM_ROLES] = {
    [DTT_SIM_SQUATTER] = {.turn_ns = 5 * DTT_S, .says = NOISE},
    [DTT_SIM_SILENCER] = {.turn_ns = DTT_S, .join_turns = 1},
    [DTT_SIM_BABBLER] = {.turn_ns = DTT_S, .join_turns = 1, .says = GARBAGE_MESSAGE},
    [DTT_SIM_BLACK_HOLE] = {.is_whole_node = true},
    [DTT_SIM_GOSSIPER] = {.turn_ns = 100 * DTT_MS,
                          .join_turns = 10,
                          .says = FORWARD_JOIN | SHUFFLE | SHUFFLE_REPLY},
    [DTT_SIM_SLOW_READER] = {.turn_ns = DTT_S, .join_turns = 1, .is_mute = true},
    [DTT_SIM_REFLECTOR] = {.turn_ns = 250 * DTT_MS,
                           .join_turns = 4,
                           .says = FORWARD_JOIN,
                           .names_third = true},
    [DTT_SIM_FLAPPER] = {.turn_ns = 50 * DTT_MS, .join_turns = 2, .says = LEAVE},
};

/* A member, as an identity deals with it. */
struct prey {
    struct dtt_sim_host *host;
    dtt_quic_conn conn; /* 0: none */
    int64_t stream;     /* -1: none */
    bool is_open;
    uint64_t again_ns;
};

struct identity {
    struct dtt_sim_gang *gang;
    struct dtt_sim_host *host;
    uint16_t port;
    uint8_t seed[DTT_SEED_BYTES];
    struct dtt_id id;
    struct dtt_ctx ctx;
    struct dtt_quic *transport; /* NULL: has not begun, or is a whole node */
    struct dtt_sim_task task;
    uint64_t turn_ns;
    unsigned turns;
    struct prey *prey;
};

struct frame {
    size_t len;
    uint8_t bytes[FRAME_BYTES];
};

struct dtt_sim_gang {
    struct dtt_sim_world *world;
    const struct dtt_sim_gang_config *cfg;
    const struct role *role;
    const struct dtt_transport_ops *ops;
    struct dtt_transport_ops hole; /* of whole nodes: what they say of messages is dropped */
    struct dtt_rng rng;
    struct dtt_gossip_topic_id topic;
    struct identity *all;
    uint32_t n, n_hosts;
    uint32_t n_prey;
    uint64_t begun_ns;
    uint64_t minute; /* the last that has records */
    struct dtt_sim_task publishing;
    struct frame frames[FRAMES_MAX];
    size_t n_frames;
};

struct dtt_topic_config dtt_sim_topic(void)
{
    return (struct dtt_topic_config){.size = sizeof(struct dtt_topic_config),
                                     .name = DTT_SIM_TOPIC,
                                     .secret = DTT_SIM_SECRET,
                                     .secret_len = strlen(DTT_SIM_SECRET)};
}

/* ---------------------------------------------------------- what they say */

static void frame_add(struct dtt_sim_gang *g, const struct dtt_gossip_message *m)
{
    struct frame *f = &g->frames[g->n_frames];
    struct dtt_writer w = dtt_writer(f->bytes + 4, sizeof(f->bytes) - 4);
    dtt_gossip_message_encode(&w, m);
    if (!w.failed) {
        dtt_put_be32(f->bytes, (uint32_t)w.len);
        f->len = 4 + w.len;
        g->n_frames++;
    }
}

/* The addresses of a peer that does not exist: eight ports of the third party, or eight hosts. */
static size_t write_false_addrs(struct dtt_sim_gang *g, uint8_t *ret, size_t cap)
{
    struct dtt_addr addrs[NAMED_ADDRS];
    struct dtt_writer w = dtt_writer(ret, cap);
    for (size_t i = 0; i < NAMED_ADDRS;) {
        uint8_t ip[4];
        dtt_rng_bytes(&g->rng, ip, sizeof(ip));
        addrs[i] =
            g->role->names_third ? g->world->third : dtt_addr_v4(ip[0], ip[1], ip[2], ip[3], 0);
        addrs[i].port = (uint16_t)(NAMED_PORT + dtt_rng_below(&g->rng, 10000));
        i += dtt_addr_scope(&addrs[i]) == DTT_SCOPE_GLOBAL;
    }
    dtt_addr_info_write(&w, "", addrs, NAMED_ADDRS);
    return w.len;
}

/* `info` holds what the node points to. */
static struct dtt_gossip_node name_somebody(struct dtt_sim_gang *g, uint8_t *info, size_t cap)
{
    struct dtt_gossip_node node = {.data.is_some = true};
    uint8_t seed[DTT_SEED_BYTES];
    dtt_rng_bytes(&g->rng, seed, sizeof(seed));
    dtt_ed25519_public_key(node.id.bytes, seed);
    node.data.bytes = dtt_slice(info, write_false_addrs(g, info, cap));
    return node;
}

static void say_join(struct identity *a)
{
    struct dtt_gossip_message m = {.type = DTT_MSG_JOIN, .u.join.data.is_some = true};
    uint8_t info[DTT_GOSSIP_PEER_DATA_MAX];
    struct dtt_writer w = dtt_writer(info, sizeof(info));
    struct dtt_addr own = dtt_sim_host_global(a->host);
    own.port = a->port;
    dtt_addr_info_write(&w, "", &own, 1);
    m.u.join.data.bytes = dtt_slice(
        info, a->gang->role->names_third ? write_false_addrs(a->gang, info, sizeof(info)) : w.len);
    frame_add(a->gang, &m);
}

static void say_garbage(struct identity *a)
{
    uint8_t content[GARBAGE];
    struct dtt_gossip_message m = {.type = DTT_MSG_GOSSIP, .u.gossip.scope = DTT_GOSSIP_SWARM};
    dtt_rng_bytes(&a->gang->rng, content, sizeof(content));
    m.u.gossip.content = dtt_slice(content, sizeof(content));
    dtt_blake3(m.u.gossip.id.bytes, m.u.gossip.content);
    frame_add(a->gang, &m);
}

static void say_names(struct identity *a, enum dtt_gossip_message_type type)
{
    uint8_t info[DTT_GOSSIP_NODES_MAX][128];
    struct dtt_gossip_message m = {.type = type};
    if (type == DTT_MSG_FORWARD_JOIN) {
        m.u.forward_join.peer = name_somebody(a->gang, info[0], sizeof(info[0]));
    } else {
        m.u.shuffle.origin = a->id;
        for (m.u.shuffle.n = 0; m.u.shuffle.n < DTT_GOSSIP_NODES_MAX; m.u.shuffle.n++) {
            uint8_t *at = info[m.u.shuffle.n];
            m.u.shuffle.nodes[m.u.shuffle.n] = name_somebody(a->gang, at, sizeof(info[0]));
        }
    }
    frame_add(a->gang, &m);
}

/* The frames of this turn, the same to all members. */
static void compose(struct identity *a)
{
    const struct role *r = a->gang->role;
    struct dtt_gossip_message leave = {.type = DTT_MSG_DISCONNECT, .u.disconnect.alive = true};
    bool joins = r->join_turns && a->turns % r->join_turns == 0;
    a->gang->n_frames = 0;
    if (joins) {
        say_join(a);
    } else if (r->says & LEAVE) {
        frame_add(a->gang, &leave);
    }
    if (r->says & GARBAGE_MESSAGE) {
        say_garbage(a);
    }
    if (r->says & FORWARD_JOIN) {
        say_names(a, DTT_MSG_FORWARD_JOIN);
    }
    if (r->says & (joins ? SHUFFLE : 0)) {
        say_names(a, DTT_MSG_SHUFFLE);
        say_names(a, DTT_MSG_SHUFFLE_REPLY);
    }
    if (r->says & NOISE) {
        frame_add(a->gang, &leave); /* whatever: the topic is unknown */
    }
    a->turns++;
}

/* -------------------------------------------------------------- identities */

static void dial(struct identity *a, struct prey *p)
{
    struct dtt_sim_world *w = a->gang->world;
    struct dtt_addr local = dtt_addr_v4(0, 0, 0, 0, a->port);
    struct dtt_addr remote = dtt_sim_host_global(p->host);
    if (w->t_ns >= p->again_ns) {
        p->again_ns = w->t_ns + AGAIN_NS;
        p->stream = -1;
        if (a->gang->ops->dial(a->transport, dtt_sim_host_now(a->host), &p->host->id, &local,
                               &remote, &p->conn) != DTT_OK) {
            p->conn = 0;
        }
    }
}

/* Opens the stream of the topic, or of one that nobody is in. */
static bool open_stream(struct identity *a, struct prey *p)
{
    uint8_t header[DTT_GOSSIP_HEADER_FRAME];
    struct dtt_gossip_topic_id topic = a->gang->topic;
    if (p->stream >= 0) {
        return true;
    }
    if (a->gang->role->says & NOISE) {
        dtt_rng_bytes(&a->gang->rng, topic.bytes, sizeof(topic.bytes));
    }
    if (a->gang->ops->open_uni(a->transport, p->conn, &p->stream) != DTT_OK) {
        p->stream = -1;
        return false;
    }
    dtt_gossip_stream_header(header, &topic);
    return a->gang->ops->write(a->transport, p->conn, p->stream, dtt_slice(header, sizeof(header)),
                               false) == DTT_OK;
}

static void turn(struct identity *a)
{
    struct dtt_sim_gang *g = a->gang;
    compose(a);
    for (uint32_t i = 0; i < g->n_prey; i++) {
        struct prey *p = &a->prey[i];
        if (!dtt_sim_host_is_up(p->host)) {
            continue;
        }
        if (p->conn == 0) {
            dial(a, p);
        } else if (p->is_open && open_stream(a, p)) {
            for (size_t k = 0; k < g->n_frames; k++) {
                /* What does not fit is not said: the member reads too slowly for it. */
                (void)g->ops->write(a->transport, p->conn, p->stream,
                                    dtt_slice(g->frames[k].bytes, g->frames[k].len), false);
            }
        }
    }
}

static struct prey *prey_of(struct identity *a, const struct dtt_quic_event *ev)
{
    for (uint32_t i = 0; i < a->gang->n_prey; i++) {
        struct prey *p = &a->prey[i];
        if (p->conn == ev->conn || (ev->type == DTT_QUIC_CONNECTED && p->conn == 0 &&
                                    memcmp(&p->host->id, &ev->peer, sizeof(ev->peer)) == 0)) {
            return p;
        }
    }
    return NULL;
}

static void take_events(struct identity *a)
{
    struct dtt_sim_gang *g = a->gang;
    struct dtt_quic_event ev;
    if (g->role->is_mute && g->world->t_ns >= g->begun_ns + MUTE_NS) {
        return;
    }
    while (g->ops->next_event(a->transport, &ev)) {
        struct prey *p = prey_of(a, &ev);
        if (p && ev.type == DTT_QUIC_CONNECTED) {
            p->conn = ev.conn;
            p->is_open = true;
            g->ops->trust(a->transport, ev.conn, true); /* members may say what they like */
        } else if (p && ev.type == DTT_QUIC_CLOSED) {
            *p =
                (struct prey){.host = p->host, .stream = -1, .again_ns = g->world->t_ns + AGAIN_NS};
        }
    }
}

static void settle(struct identity *a)
{
    struct dtt_sim_gang *g = a->gang;
    struct dtt_now now = dtt_sim_host_now(a->host);
    struct dtt_quic_packet packet;
    take_events(a);
    while (g->ops->next_packet(a->transport, now, &packet)) {
        for (size_t at = 0; at < packet.data.len; at += packet.segment) {
            size_t rest = packet.data.len - at;
            size_t len = rest < packet.segment ? rest : packet.segment;
            dtt_sim_host_send_from(a->host, a->port, &packet.remote,
                                   dtt_slice(packet.data.data + at, len));
        }
    }
    uint64_t due_ns = dtt_sim_clock_when(&a->host->clock, g->ops->deadline(a->transport));
    dtt_sim_world_task_at(g->world, &a->task, dtt_min_ns(due_ns, a->turn_ns));
}

static void run_identity(void *user)
{
    struct identity *a = user;
    struct dtt_sim_gang *g = a->gang;
    if (g->world->t_ns >= a->turn_ns) {
        turn(a);
        a->turn_ns += g->role->turn_ns;
    }
    g->ops->tick(a->transport, dtt_sim_host_now(a->host));
    settle(a);
}

/* Identity number i is at host i % n_hosts, port DTT_SIM_PORT + i / n_hosts. */
static void gang_recv(void *guest, uint16_t port, const struct dtt_addr *from,
                      struct dtt_slice datagram)
{
    struct identity *first = guest;
    struct dtt_sim_gang *g = first->gang;
    size_t i = (size_t)(first - g->all) + (size_t)(uint16_t)(port - DTT_SIM_PORT) * g->n_hosts;
    if (i < g->n && g->all[i].transport) {
        struct identity *a = &g->all[i];
        struct dtt_addr local = dtt_addr_v4(0, 0, 0, 0, port);
        g->ops->recv(a->transport, dtt_sim_host_now(a->host), &local, from, 0, datagram);
        settle(a);
    }
}

static int identity_begin(struct identity *a)
{
    struct dtt_sim_gang *g = a->gang;
    struct dtt_quic_config cfg = {.alpn = DTT_GOSSIP_ALPN};
    uint32_t k = 0;
    memcpy(cfg.seed, a->seed, sizeof(cfg.seed));
    a->prey = calloc(g->n_prey, sizeof(*a->prey));
    int err = a->prey ? dtt_map_put(&g->world->by_id, &a->id, a->host) : DTT_ENOMEM;
    if (!err) {
        err = g->ops->open(&a->transport, &a->ctx, &cfg, dtt_sim_host_now(a->host));
    }
    for (size_t i = 0; !err && i < g->world->n_hosts; i++) {
        if (g->world->hosts[i]->is_member) {
            a->prey[k++] = (struct prey){.host = g->world->hosts[i], .stream = -1};
        }
    }
    if (!err) {
        a->host->guest = &g->all[(a - g->all) % g->n_hosts];
        a->host->guest_recv = gang_recv;
        a->turn_ns = g->world->t_ns + dtt_rng_below(&g->rng, g->role->turn_ns);
        dtt_sim_world_task_at(g->world, &a->task, a->turn_ns);
    }
    return err;
}

/* ------------------------------------------------------------- whole nodes */

/* A frame of PlumTree with a message or its announcement. */
static bool tells_of_a_message(struct dtt_slice frame)
{
    return frame.len > 5 && frame.data[4] == DTT_WIRE_GOSSIP &&
           (frame.data[5] == DTT_WIRE_PAYLOAD || frame.data[5] == DTT_WIRE_IHAVE);
}

static int plain_hole_write(struct dtt_quic *t, dtt_quic_conn conn, int64_t stream,
                            struct dtt_slice data, bool fin)
{
    return tells_of_a_message(data) ? DTT_OK : dtt_sim_plain.write(t, conn, stream, data, fin);
}

static int quic_hole_write(struct dtt_quic *t, dtt_quic_conn conn, int64_t stream,
                           struct dtt_slice data, bool fin)
{
    return tells_of_a_message(data) ? DTT_OK : dtt_transport_quic.write(t, conn, stream, data, fin);
}

static int node_begin(struct identity *a)
{
    struct dtt_topic_config topic = dtt_sim_topic();
    a->host->transport = &a->gang->hole;
    int err = dtt_sim_host_start(a->host, false, false);
    return err ? err : dtt_sim_host_join(a->host, &topic);
}

/* ----------------------------------------------------------------- records */

/* A record of one identity, in the public slot and the secret one of a minute. */
static int publish(struct identity *a, const struct dtt_secret *secret, uint64_t minute)
{
    struct dtt_sim_gang *g = a->gang;
    uint8_t content[DTT_CONTENT_MAX], sealed[DTT_RECORD_VALUE_MAX];
    struct dtt_writer w = dtt_writer(content, sizeof(content));
    struct dtt_writer out = dtt_writer(sealed, sizeof(sealed));
    struct dtt_record_info info = {.size = sizeof(info), .n_addrs = 1};
    info.addrs[0] = dtt_sim_host_global(a->host);
    info.addrs[0].port = a->port;
    for (size_t i = 0; g->role->names_third && i < DTT_RECORD_ADDRS; i++) {
        info.addrs[i] = g->world->third;
        info.addrs[i].port = (uint16_t)(NAMED_PORT + i);
        info.n_addrs = i + 1;
    }
    dtt_content_write(&w, &info);
    int err = dtt_record_make(&out, secret, g->topic.bytes, minute, dtt_slice(content, w.len),
                              a->seed, &g->rng);
    for (int kind = DTT_SLOT_PUBLIC; !err && kind <= DTT_SLOT_SECRET; kind++) {
        struct dtt_slot slot;
        uint32_t number = (uint32_t)(a - g->all);
        err = dtt_slot_make(&slot, (enum dtt_slot_kind)kind, secret, g->topic.bytes, minute);
        if (!err) {
            err = dtt_sim_foreign_pin_slot(g->world, &slot, dtt_slice(sealed, out.len),
                                           RECORD_STEP * number, RECORD_STEP * g->n);
            a->host->bytes_sent += out.len * g->world->n_hosts / RECORD_STEP / g->n;
        }
    }
    return err;
}

static void run_publishing(void *user)
{
    struct dtt_sim_gang *g = user;
    struct dtt_topic_config topic = dtt_sim_topic();
    struct dtt_now now = dtt_sim_host_now(g->all[0].host);
    uint64_t minute = (uint64_t)now.wall_ns / (60 * DTT_S);
    struct dtt_secret secret;
    dtt_secret_init(&secret, dtt_slice(topic.secret, topic.secret_len), NULL, NULL);
    for (uint64_t m = minute; m <= minute + 1; m++) {
        for (uint32_t i = 0; m > g->minute && i < g->n; i++) {
            if (publish(&g->all[i], &secret, m) != DTT_OK) {
                g->world->is_out_of_memory = true;
            }
        }
    }
    g->minute = minute + 1;
    dtt_sim_world_task_at(g->world, &g->publishing, g->world->t_ns + RECORDS_NS);
}

/* ---------------------------------------------------------------- life cycle */

static int make_identity(struct dtt_sim_gang *g, uint32_t i)
{
    struct identity *a = &g->all[i];
    a->gang = g;
    a->port = (uint16_t)(DTT_SIM_PORT + i / g->n_hosts);
    a->task = (struct dtt_sim_task){.run = run_identity, .user = a};
    a->ctx.valid = &g->world->valid;
    dtt_rng_bytes(&g->rng, a->seed, sizeof(a->seed));
    dtt_rng_bytes(&g->rng, a->ctx.seed, sizeof(a->ctx.seed));
    dtt_ed25519_public_key(a->id.bytes, a->seed);
    assert(g->n_hosts > 0);
    if (i >= g->n_hosts) {
        a->host = g->all[i % g->n_hosts].host;
    } else {
        a->host = g->cfg->is_near && i > 0 ? dtt_sim_host_add_beside(g->world, g->all[0].host)
                                           : dtt_sim_host_add(g->world, DTT_SIM_NAT_NONE);
    }
    if (a->host) {
        a->host->is_hostile = true;
    }
    return a->host ? DTT_OK : DTT_ENOMEM;
}

static int add_third(struct dtt_sim_world *w)
{
    if (w->third.family == DTT_FAMILY_NONE) {
        const struct dtt_sim_host *h = dtt_sim_host_add(w, DTT_SIM_NAT_NONE);
        if (!h) {
            return DTT_ENOMEM;
        }
        w->third = dtt_sim_host_global(h);
    }
    return DTT_OK;
}

int dtt_sim_gang_new(struct dtt_sim_gang **ret, struct dtt_sim_world *w,
                     const struct dtt_sim_gang_config *cfg, uint32_t members)
{
    struct dtt_sim_gang *g = calloc(1, sizeof(*g));
    uint8_t seed[DTT_RNG_SEED_BYTES] = {0};
    if (!g) {
        return DTT_ENOMEM;
    }
    g->world = w;
    g->cfg = cfg;
    g->role = &roles[cfg->role];
    g->ops = w->transport ? w->transport : &dtt_transport_quic;
    g->hole = *g->ops;
    g->hole.write = w->transport ? plain_hole_write : quic_hole_write;
    g->publishing = (struct dtt_sim_task){.run = run_publishing, .user = g};
    g->n_prey = members;
    g->n =
        cfg->percent ? (members * cfg->percent + 99 - cfg->percent) / (100 - cfg->percent) : cfg->n;
    g->n_hosts = cfg->hosts ? cfg->hosts : g->n;
    dtt_put_le64(seed, w->seed);
    dtt_put_le64(seed + 8, w->n_hosts); /* gangs differ by where they begin */
    dtt_rng_init(&g->rng, seed, "sim.hostile");
    g->all = calloc(g->n, sizeof(*g->all));
    int err = g->all ? add_third(w) : DTT_ENOMEM;
    if (!err) {
        err = dtt_slot_topic(g->topic.bytes, DTT_SIM_TOPIC, NULL);
    }
    for (uint32_t i = 0; !err && i < g->n; i++) {
        err = make_identity(g, i);
    }
    if (err) {
        dtt_sim_gang_free(g);
        return err;
    }
    *ret = g;
    return DTT_OK;
}

void dtt_sim_gang_free(struct dtt_sim_gang *g)
{
    dtt_timerq_cancel(&g->world->queue, &g->publishing.event.timer);
    for (uint32_t i = 0; g->all && i < g->n; i++) {
        struct identity *a = &g->all[i];
        dtt_timerq_cancel(&g->world->queue, &a->task.event.timer);
        if (a->transport) {
            g->ops->free(a->transport);
        }
        if (a->host && g->role->is_whole_node) {
            dtt_sim_host_kill(a->host); /* its transport is ours */
        }
        free(a->prey);
    }
    free(g->all);
    dtt_rng_fini(&g->rng);
    free(g);
}

int dtt_sim_gang_begin(struct dtt_sim_gang *g)
{
    int err = DTT_OK;
    g->begun_ns = g->world->t_ns;
    for (uint32_t i = 0; !err && i < g->n; i++) {
        err = g->role->is_whole_node ? node_begin(&g->all[i]) : identity_begin(&g->all[i]);
    }
    if (!err && g->cfg->has_secret && !g->role->is_whole_node) {
        run_publishing(g);
    }
    return err;
}
