/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/core.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "crypto/hash.h"
#include "dht/item.h"
#include "gossip/addr_info.h"
#include "node/lookup.h"
#include "node/peers.h"
#include "node/topic.h"

#include <sodium.h>
#include <stdlib.h>

/*
 * Who waits for a DHT operation. Every operation the core starts is in `ops`, keyed by its number.
 */
enum op_kind { OP_SLOT_GET, OP_SLOT_PUT, OP_LOOKUP, OP_APP };

struct op {
    enum op_kind kind;
    struct dtt_topic *topic; /* SLOT_GET, SLOT_PUT; NULL once the topic is gone */
    struct dtt_lookup *lookup;
    uint64_t minute;
    bool is_put; /* APP; then what is reported back: */
    uint8_t target[20];
    uint8_t key[32];
    int64_t seq;
};

/* Slot reads and writes of 64 topics, two minutes each, and the application's operations. */
#define OPS_MAX (4 * DTT_CORE_TOPICS + 2 * DTT_CORE_OPS)

struct dtt_core {
    struct dtt_ctx *ctx;
    struct dtt_core_config cfg;
    struct dtt_id id;
    struct dtt_dht *dht;
    struct dtt_quic *quic;     /* NULL for a plain DHT node */
    struct dtt_gossip *gossip; /* likewise */
    struct dtt_peers peers;
    struct dtt_events events;
    struct dtt_topic *topics[DTT_CORE_TOPICS];
    size_t n_topics;
    struct dtt_map ops; /* dtt_dht_op -> struct op */
    size_t n_app_ops;
    uint32_t next_lookup; /* lookups are numbered apart from DHT operations */
    unsigned resolving;
    struct dtt_addr host_addrs[DTT_CORE_ADDRS]; /* of the host's interfaces */
    size_t n_host_addrs;
    struct dtt_addr external[2]; /* as the DHT sees us, IPv4 and IPv6 */
    struct dtt_dht_packet dht_packet;
    bool is_shut;
};

/* Neighbours looked at when asking for all of a topic's; an active view has 5. */
#define NEIGHBORS_MAX 16

/* Lookup numbers have this bit, DHT operation numbers do not. */
#define LOOKUP_BIT UINT32_C(0x80000000)

/* ------------------------------------------------------------ life cycle */

int dtt_core_new(struct dtt_core **ret, const struct dtt_core_config *cfg, struct dtt_now now)
{
    struct dtt_core *c = calloc(1, sizeof(*c));
    struct dtt_rng rng;
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    if (!c) {
        return DTT_ENOMEM;
    }
    c->ctx = cfg->ctx;
    c->cfg = *cfg;
    dtt_ed25519_public_key(c->id.bytes, cfg->node_seed);
    dtt_rng_init(&rng, c->ctx->seed, "node.hash");
    dtt_rng_bytes(&rng, hash_key, sizeof(hash_key));
    dtt_rng_fini(&rng);
    dtt_events_init(&c->events);
    dtt_map_init(&c->ops, sizeof(dtt_dht_op), OPS_MAX, hash_key);

    struct dtt_dht_config dht_cfg = {
        .read_only = cfg->read_only,
        .has_v4 = cfg->bound[0].family == DTT_FAMILY_V4 || cfg->bound[1].family == DTT_FAMILY_V4,
        .has_v6 = cfg->bound[0].family == DTT_FAMILY_V6 || cfg->bound[1].family == DTT_FAMILY_V6};
    int err = dtt_dht_new(&c->dht, c->ctx, &dht_cfg, now);
    if (!err && !cfg->dht_only) {
        struct dtt_quic_config quic_cfg = {
            .alpn = DTT_GOSSIP_ALPN, .idle_timeout_ns = 15 * DTT_S, .keep_alive_ns = 5 * DTT_S};
        memcpy(quic_cfg.seed, cfg->node_seed, sizeof(quic_cfg.seed));
        struct dtt_gossip_config gossip_cfg = {.me = c->id, .max_topics = DTT_CORE_TOPICS};
        err = dtt_quic_new(&c->quic, c->ctx, &quic_cfg, now);
        sodium_memzero(quic_cfg.seed, sizeof(quic_cfg.seed));
        if (!err) {
            err = dtt_gossip_new(&c->gossip, c->ctx, &gossip_cfg);
        }
    }
    dtt_peers_init(&c->peers, c->ctx, c->quic, c->gossip, hash_key);
    for (int i = 0; i < 2; i++) {
        if (cfg->bound[i].family != DTT_FAMILY_NONE) {
            dtt_peers_set_local(&c->peers, &cfg->bound[i]);
        }
    }
    if (err) {
        dtt_core_free(c);
        return err;
    }
    *ret = c;
    return DTT_OK;
}

static void topic_free(struct dtt_core *c, struct dtt_topic *t)
{
    for (size_t i = 0; i < dtt_map_count(&c->ops); i++) {
        struct op *op = dtt_map_value_at(&c->ops, i);
        if (op->topic == t) {
            op->topic = NULL;
        }
    }
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

void dtt_core_free(struct dtt_core *c)
{
    if (!c) {
        return;
    }
    while (c->n_topics > 0) {
        topic_free(c, c->topics[0]);
    }
    for (size_t i = 0; i < dtt_map_count(&c->ops); i++) {
        struct op *op = dtt_map_value_at(&c->ops, i);
        if (op->lookup) {
            dtt_lookup_unref(op->lookup);
        }
        free(op);
    }
    dtt_map_fini(&c->ops);
    dtt_peers_fini(&c->peers);
    dtt_gossip_free(c->gossip);
    dtt_quic_free(c->quic);
    dtt_dht_free(c->dht);
    dtt_events_fini(&c->events);
    sodium_memzero(&c->cfg, sizeof(c->cfg));
    free(c);
}

const struct dtt_id *dtt_core_id(const struct dtt_core *c)
{
    return &c->id;
}

struct dtt_events *dtt_core_events(struct dtt_core *c)
{
    return &c->events;
}

void *dtt_core_topic_driver(const struct dtt_topic *t)
{
    return t->driver;
}

static void tell(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t, struct dtt_event *ev)
{
    ev->topic = t;
    ev->topic_user = t ? t->user : NULL;
    dtt_events_push(&c->events, now, ev, dtt_slice(NULL, 0));
}

/* --------------------------------------------------------- own addresses */

static void add_own(struct dtt_addr *list, size_t *n, const struct dtt_addr *a)
{
    for (size_t i = 0; i < *n; i++) {
        if (dtt_addr_eq(&list[i], a)) {
            return;
        }
    }
    if (*n < DTT_CORE_ADDRS && dtt_addr_is_usable(a)) {
        list[(*n)++] = *a;
    }
}

/* What we tell others of where we are: how the DHT sees us, then the interfaces. */
static size_t own_addrs(const struct dtt_core *c, struct dtt_addr ret[DTT_CORE_ADDRS])
{
    size_t n = 0;
    for (int i = 0; i < 2; i++) {
        add_own(ret, &n, &c->external[i]);
    }
    for (size_t i = 0; i < c->n_host_addrs; i++) {
        add_own(ret, &n, &c->host_addrs[i]);
    }
    return n;
}

static int addr_order(const void *a, const void *b)
{
    return dtt_addr_cmp(a, b);
}

static void announce_addrs(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    size_t n = own_addrs(c, addrs);
    if (!c->gossip) {
        return;
    }
    for (size_t i = 0; i < c->n_topics; i++) {
        dtt_tracker_set_addrs(c->topics[i]->tracker, now, addrs, n);
    }
    uint8_t info[DTT_GOSSIP_PEER_DATA_MAX];
    struct dtt_writer w = dtt_writer(info, sizeof(info));
    qsort(addrs, n, sizeof(addrs[0]), addr_order);
    dtt_addr_info_write(&w, addrs, n);
    if (!w.failed) {
        dtt_gossip_set_peer_data(c->gossip, dtt_slice(info, w.len));
    }
}

void dtt_core_set_local_addrs(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addrs,
                              size_t n)
{
    c->n_host_addrs = 0;
    for (size_t i = 0; i < n; i++) {
        add_own(c->host_addrs, &c->n_host_addrs, &addrs[i]);
    }
    announce_addrs(c, now);
}

static void on_external_addr(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_addr addr = ev->u.external.addr;
    c->external[addr.family == DTT_FAMILY_V6] = addr;
    announce_addrs(c, now);
    struct dtt_event out = {.type = DTT_EVENT_EXTERNAL_ADDR};
    out.u.external_addr.addr = addr;
    out.u.external_addr.votes = ev->u.external.votes;
    tell(c, now, NULL, &out);
}

/* --------------------------------------------------------- DHT operations */

static struct op *op_add(struct dtt_core *c, dtt_dht_op number, const struct op *op)
{
    struct op *copy = malloc(sizeof(*copy));
    if (copy) {
        *copy = *op;
        if (dtt_map_put(&c->ops, &number, copy) != DTT_OK) {
            free(copy);
            copy = NULL;
        }
    }
    return copy;
}

/* Reads a slot for `op`; DTT_E... when it could not be started. */
static int slot_get(struct dtt_core *c, struct dtt_now now, const struct dtt_slot *slot,
                    const struct op *op)
{
    struct dtt_dht_get_args args = {.is_mutable = true, .salt_len = sizeof(slot->salt)};
    dtt_dht_op number;
    memcpy(args.key, slot->key, sizeof(args.key));
    memcpy(args.salt, slot->salt, sizeof(slot->salt));
    int err = dtt_dht_get(c->dht, now, &args, &number);
    if (!err && !op_add(c, number, op)) {
        dtt_dht_cancel(c->dht, now, number);
        err = DTT_ENOMEM;
    }
    return err;
}

static int slot_put(struct dtt_core *c, struct dtt_now now, const struct dtt_slot *slot,
                    struct dtt_slice value, const struct op *op)
{
    uint8_t v[DTT_DHT_VALUE_MAX];
    struct dtt_writer w = dtt_writer(v, sizeof(v));
    dtt_bencode_write_str(&w, value);
    if (w.failed) {
        return DTT_ETOOBIG;
    }
    /* Every 0.3 writer uses the largest sequence number: a smaller one would be refused (302). */
    struct dtt_dht_put_args args = {.v = dtt_slice(v, w.len),
                                    .is_mutable = true,
                                    .salt_len = sizeof(slot->salt),
                                    .seq = INT64_MAX,
                                    .has_cas = true,
                                    .cas = INT64_MAX,
                                    .copies = 20};
    dtt_dht_op number;
    memcpy(args.key, slot->key, sizeof(args.key));
    memcpy(args.salt, slot->salt, sizeof(slot->salt));
    int err = dtt_item_sign(args.sig, slot->seed, dtt_slice(slot->salt, sizeof(slot->salt)),
                            args.seq, args.v);
    if (!err) {
        err = dtt_dht_put(c->dht, now, &args, &number);
    }
    if (!err && !op_add(c, number, op)) {
        dtt_dht_cancel(c->dht, now, number);
        err = DTT_ENOMEM;
    }
    return err;
}

/* Contents of a bencoded byte string; false for another type. */
static bool string_of(struct dtt_slice v, struct dtt_slice *ret)
{
    struct dtt_reader r = dtt_reader(v);
    *ret = dtt_bencode_read_str(&r);
    return !r.failed && dtt_reader_left(&r) == 0;
}

static void app_value(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_VALUE};
    struct dtt_slice v = dtt_slice(ev->u.value.v, ev->u.value.v_len);
    struct dtt_slice data;
    out.u.dht_value.op = ev->op;
    out.u.dht_value.seq = ev->u.value.seq;
    out.u.dht_value.holders = ev->u.value.holders;
    out.u.dht_value.from = ev->u.value.from;
    out.u.dht_value.v = v.data;
    out.u.dht_value.v_len = v.len;
    if (string_of(v, &data)) {
        out.u.dht_value.data = data.data;
        out.u.dht_value.data_len = data.len;
    }
    dtt_events_push(&c->events, now, &out, v);
}

static void app_done(struct dtt_core *c, struct dtt_now now, const struct op *op,
                     const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = op->is_put ? DTT_EVENT_DHT_PUT : DTT_EVENT_DHT_DONE};
    if (op->is_put) {
        out.u.dht_put.op = ev->op;
        out.u.dht_put.status = ev->u.put.status;
        memcpy(out.u.dht_put.target, op->target, sizeof(op->target));
        memcpy(out.u.dht_put.key, op->key, sizeof(op->key));
        out.u.dht_put.seq = op->seq;
        out.u.dht_put.asked = ev->u.put.asked;
        out.u.dht_put.acked = ev->u.put.acked;
        out.u.dht_put.verified = ev->u.put.verified;
        out.u.dht_put.refused = ev->u.put.refused;
        out.u.dht_put.error = ev->u.put.error;
        out.u.dht_put.elapsed_ms = ev->u.put.elapsed_ns / DTT_MS;
    } else {
        out.u.dht_done.op = ev->op;
        out.u.dht_done.status = ev->u.done.status;
        out.u.dht_done.asked = ev->u.done.asked;
        out.u.dht_done.answered = ev->u.done.answered;
        out.u.dht_done.values = ev->u.done.values;
        out.u.dht_done.elapsed_ms = ev->u.done.elapsed_ns / DTT_MS;
    }
    c->n_app_ops--;
    tell(c, now, NULL, &out);
}

static void app_node(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_NODE};
    out.u.dht_node.op = ev->op;
    memcpy(out.u.dht_node.id, ev->u.node.id, sizeof(out.u.dht_node.id));
    out.u.dht_node.addr = ev->u.node.addr;
    out.u.dht_node.rtt_us = ev->u.node.rtt_us;
    tell(c, now, NULL, &out);
}

static void on_slot_value(struct dtt_now now, struct op *op, const struct dtt_dht_event *ev)
{
    struct dtt_slice value;
    if (!string_of(dtt_slice(ev->u.value.v, ev->u.value.v_len), &value)) {
        value = dtt_slice(ev->u.value.v, ev->u.value.v_len); /* counted as garbage */
    }
    if (op->topic) {
        dtt_tracker_slot_value(op->topic->tracker, now, op->minute, value);
    }
}

static void lookup_end(struct dtt_core *c, struct dtt_now now, struct op *op,
                       const struct dtt_dht_event *ev)
{
    if (dtt_lookup_done(op->lookup, now, ev->u.done.asked, ev->u.done.answered, &c->events)) {
        c->n_app_ops--;
    }
    dtt_lookup_unref(op->lookup);
}

static void on_op_event(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct op *op = dtt_map_get(&c->ops, &ev->op);
    bool is_over = ev->type == DTT_DHT_EV_DONE || ev->type == DTT_DHT_EV_PUT_DONE;
    if (!op) {
        return;
    }
    switch (op->kind) {
    case OP_SLOT_GET:
        if (ev->type == DTT_DHT_EV_VALUE) {
            on_slot_value(now, op, ev);
        } else if (is_over && op->topic) {
            dtt_tracker_slot_done(op->topic->tracker, now, op->minute, ev->u.done.status,
                                  ev->u.done.answered);
        }
        break;
    case OP_SLOT_PUT:
        if (is_over && op->topic) {
            dtt_tracker_put_done(op->topic->tracker, now, op->minute, ev->u.put.status,
                                 ev->u.put.acked);
        }
        break;
    case OP_LOOKUP:
        if (ev->type == DTT_DHT_EV_VALUE) {
            struct dtt_slice value;
            if (!string_of(dtt_slice(ev->u.value.v, ev->u.value.v_len), &value)) {
                value = dtt_slice(NULL, 0);
            }
            dtt_lookup_value(op->lookup, now, op->minute, value, &c->events);
        } else if (is_over) {
            lookup_end(c, now, op, ev);
        }
        break;
    case OP_APP:
        if (ev->type == DTT_DHT_EV_VALUE) {
            app_value(c, now, ev);
        } else if (ev->type == DTT_DHT_EV_NODE) {
            app_node(c, now, ev);
        } else {
            app_done(c, now, op, ev);
        }
        break;
    }
    if (is_over) {
        free(dtt_map_take(&c->ops, &ev->op));
    }
}

static void on_dht_event(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    if (ev->type == DTT_DHT_EV_EXTERNAL_ADDR) {
        on_external_addr(c, now, ev);
    } else if (ev->type == DTT_DHT_EV_READY) {
        struct dtt_event out = {.type = DTT_EVENT_DHT_READY};
        tell(c, now, NULL, &out);
        for (size_t i = 0; i < c->n_topics; i++) {
            dtt_tracker_store_ready(c->topics[i]->tracker, now);
        }
    } else {
        on_op_event(c, now, ev);
    }
}

/* --------------------------------------------------------- what topics ask */

static void on_tracker_action(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                              const struct dtt_tracker_action *a)
{
    struct op op = {.topic = t, .minute = a->slot.minute};
    struct dtt_event out = {.type = DTT_EVENT_RECORD_PUBLISHED};
    int err;
    switch (a->type) {
    case DTT_TRACKER_GET:
        op.kind = OP_SLOT_GET;
        err = slot_get(c, now, &a->slot, &op);
        if (err) {
            dtt_tracker_slot_done(t->tracker, now, a->slot.minute, err, 0);
        }
        break;
    case DTT_TRACKER_PUT:
        op.kind = OP_SLOT_PUT;
        err = slot_put(c, now, &a->slot, dtt_slice(a->value, a->value_len), &op);
        if (err) {
            dtt_tracker_put_done(t->tracker, now, a->slot.minute, err, 0);
        }
        break;
    case DTT_TRACKER_DIAL:
        dtt_book_add(&c->peers.book, &a->peer, a->addrs, a->n_addrs);
        dtt_gossip_join_peer(c->gossip, now, &t->id, &a->peer);
        break;
    case DTT_TRACKER_RECORD:
        dtt_book_add(&c->peers.book, &a->record.publisher, a->record.addrs, a->record.n_addrs);
        break;
    case DTT_TRACKER_PUBLISHED:
        out.u.published.minute = a->slot.minute;
        out.u.published.copies = a->copies;
        tell(c, now, t, &out);
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
    dtt_peers_neighbor(&c->peers, now, peer, 1);
    if (!t) {
        return;
    }
    dtt_tracker_neighbor_up(t->tracker, now, peer);
    if (!t->is_joined) {
        struct dtt_event joined = {.type = DTT_EVENT_JOINED};
        struct dtt_id ids[NEIGHBORS_MAX];
        t->is_joined = true;
        joined.u.joined.elapsed_ms = (now.mono_ns - t->join_ns) / DTT_MS;
        joined.u.joined.neighbors = (uint32_t)dtt_core_neighbors(t, ids, NEIGHBORS_MAX);
        tell(c, now, t, &joined);
    }
    struct dtt_event up = {.type = DTT_EVENT_NEIGHBOR_UP};
    up.u.neighbor.peer = *peer;
    tell(c, now, t, &up);
}

static void on_gossip_action(struct dtt_core *c, struct dtt_now now,
                             const struct dtt_gossip_action *a)
{
    struct dtt_topic *t = topic_find(c, &a->topic);
    struct dtt_addr addrs[DTT_ADDR_INFO_ADDRS];
    struct dtt_event out = {0};
    size_t n;
    switch (a->type) {
    case DTT_GOSSIP_SEND:
        dtt_peers_send(&c->peers, now, &a->peer, &a->topic, a->data, a->last);
        break;
    case DTT_GOSSIP_DISCONNECT: break; /* Peers lets unneeded connections go by itself. */
    case DTT_GOSSIP_PEER_DATA:
        if (dtt_addr_info_read(a->data, addrs, &n) == DTT_OK) {
            dtt_book_add(&c->peers.book, &a->peer, addrs, n);
        }
        break;
    case DTT_GOSSIP_NEIGHBOR_UP: on_neighbor_up(c, now, t, &a->peer); break;
    case DTT_GOSSIP_NEIGHBOR_DOWN:
        dtt_peers_neighbor(&c->peers, now, &a->peer, -1);
        if (t) {
            dtt_tracker_neighbor_down(t->tracker, now, &a->peer);
            out.type = DTT_EVENT_NEIGHBOR_DOWN;
            out.u.neighbor.peer = a->peer;
            out.u.neighbor.reason = a->reason;
            tell(c, now, t, &out);
        }
        break;
    case DTT_GOSSIP_RECEIVED:
        if (t) {
            if (a->scope == DTT_GOSSIP_SWARM) {
                dtt_tracker_message(t->tracker, now, a->hash);
            }
            out.type = DTT_EVENT_MESSAGE;
            out.topic = t;
            out.topic_user = t->user;
            out.u.message.from = a->peer;
            dtt_events_push(&c->events, now, &out, a->data);
        }
        break;
    }
}

static void on_dial_failure(struct dtt_core *c, struct dtt_now now,
                            const struct dtt_dial_failure *f)
{
    struct dtt_event out = {.type = DTT_EVENT_DIAL_FAILED};
    out.u.dial_failed.peer = f->peer;
    out.u.dial_failed.addr = f->addr;
    out.u.dial_failed.stage = f->stage;
    out.u.dial_failed.reason = f->reason;
    for (size_t i = 0; i < c->n_topics; i++) {
        dtt_tracker_dial_failed(c->topics[i]->tracker, now, &f->peer);
        tell(c, now, c->topics[i], &out);
    }
}

/* ---------------------------------------------------------------- routing */

static bool topic_can_send(const struct dtt_topic *t)
{
    struct dtt_id ids[NEIGHBORS_MAX];
    size_t n = dtt_core_neighbors(t, ids, NEIGHBORS_MAX);
    for (size_t i = 0; i < n && i < NEIGHBORS_MAX; i++) {
        if (dtt_peers_unacked(&t->core->peers, &ids[i]) > DTT_TOPIC_SEND_MAX) {
            return false;
        }
    }
    return n > 0;
}

static void tell_writable(struct dtt_core *c, struct dtt_now now)
{
    for (size_t i = 0; i < c->n_topics; i++) {
        struct dtt_topic *t = c->topics[i];
        if (t->wants_writable && topic_can_send(t)) {
            struct dtt_event out = {.type = DTT_EVENT_WRITABLE};
            t->wants_writable = false;
            tell(c, now, t, &out);
        }
    }
}

/* Hands on one thing that some module has to say; false when all are silent. */
static bool route_one(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_dht_event dht_ev;
    struct dtt_tracker_action tracker_action;
    struct dtt_gossip_action gossip_action;
    struct dtt_quic_event quic_ev;
    struct dtt_dial_failure failure;
    if (dtt_dht_next_event(c->dht, &dht_ev)) {
        on_dht_event(c, now, &dht_ev);
        return true;
    }
    if (!c->gossip) {
        return false;
    }
    if (dtt_gossip_next(c->gossip, &gossip_action)) {
        on_gossip_action(c, now, &gossip_action);
        return true;
    }
    if (dtt_peers_next_failure(&c->peers, &failure)) {
        on_dial_failure(c, now, &failure);
        return true;
    }
    for (size_t i = 0; i < c->n_topics; i++) {
        if (dtt_tracker_next(c->topics[i]->tracker, &tracker_action)) {
            on_tracker_action(c, now, c->topics[i], &tracker_action);
            return true;
        }
    }
    if (dtt_quic_next_event(c->quic, &quic_ev)) {
        dtt_peers_quic_event(&c->peers, now, &quic_ev);
        return true;
    }
    return false;
}

static void route(struct dtt_core *c, struct dtt_now now)
{
    while (route_one(c, now)) {
    }
    tell_writable(c, now);
}

void dtt_core_run(struct dtt_core *c, struct dtt_now now)
{
    dtt_dht_tick(c->dht, now);
    if (c->gossip) {
        dtt_quic_tick(c->quic, now);
        dtt_gossip_tick(c->gossip, now);
        dtt_peers_tick(&c->peers, now);
        for (size_t i = 0; i < c->n_topics; i++) {
            dtt_tracker_tick(c->topics[i]->tracker, now);
        }
    }
    route(c, now);
}

uint64_t dtt_core_deadline(const struct dtt_core *c)
{
    uint64_t t = dtt_dht_deadline(c->dht);
    if (c->gossip) {
        t = dtt_min_ns(t, dtt_quic_deadline(c->quic));
        t = dtt_min_ns(t, dtt_gossip_deadline(c->gossip));
        t = dtt_min_ns(t, dtt_peers_deadline(&c->peers));
        for (size_t i = 0; i < c->n_topics; i++) {
            t = dtt_min_ns(t, dtt_tracker_deadline(c->topics[i]->tracker));
        }
    }
    return t;
}

void dtt_core_recv(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *local,
                   const struct dtt_addr *remote, unsigned ecn, struct dtt_slice datagram)
{
    DTT_COUNT(c->ctx, NODE_RX_PACKETS);
    /* One in 1638 stateless resets looks like KRPC: what does not parse is offered to QUIC. */
    if (dtt_quic_demux_is_krpc(datagram) &&
        dtt_dht_recv(c->dht, now, remote, datagram) != DTT_EPROTO) {
        return;
    }
    if (c->quic) {
        dtt_quic_recv(c->quic, now, local, remote, ecn, datagram);
    } else {
        DTT_COUNT(c->ctx, NODE_RX_UNKNOWN);
        DTT_TRACE(c->ctx, NODE_RX_UNKNOWN, dtt_tv_addr(remote), dtt_tv_int((int64_t)datagram.len));
    }
}

void dtt_core_unreachable(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *remote)
{
    dtt_dht_unreachable(c->dht, now, remote);
    if (c->quic) {
        dtt_quic_unreachable(c->quic, now, remote);
    }
}

void dtt_core_add_bootstrap(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr)
{
    dtt_dht_add_bootstrap(c->dht, now, addr);
}

void dtt_core_set_resolving(struct dtt_core *c, unsigned names)
{
    c->resolving = names;
}

bool dtt_core_next_packet(struct dtt_core *c, struct dtt_now now, struct dtt_core_packet *ret)
{
    struct dtt_quic_packet packet;
    if (dtt_dht_next_packet(c->dht, &c->dht_packet)) {
        *ret = (struct dtt_core_packet){.remote = c->dht_packet.to,
                                        .segment = c->dht_packet.len,
                                        .data = dtt_slice(c->dht_packet.data, c->dht_packet.len)};
    } else if (c->quic && dtt_quic_next_packet(c->quic, now, &packet)) {
        *ret = (struct dtt_core_packet){.remote = packet.remote,
                                        .ecn = packet.ecn,
                                        .segment = packet.segment,
                                        .data = packet.data};
    } else {
        return false;
    }
    DTT_COUNT(c->ctx, NODE_TX_PACKETS);
    return true;
}

/* ------------------------------------------------------------- application */

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
    dtt_tracker_preset(&tracker_cfg.tuning, cfg->preset);
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
    t->user = cfg->user;
    t->join_ns = now.mono_ns;
    c->topics[c->n_topics++] = t;
    dtt_tracker_set_addrs(t->tracker, now, addrs, own_addrs(c, addrs));
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
    struct dtt_event out = {.type = DTT_EVENT_LEFT, .topic_user = t->user};
    /* Gossip says goodbye without telling of each neighbour that goes. */
    for (size_t i = 0; i < n && i < NEIGHBORS_MAX; i++) {
        dtt_peers_neighbor(&c->peers, now, &ids[i], -1);
    }
    dtt_gossip_quit(c->gossip, now, &t->id);
    topic_free(c, t);
    tell(c, now, NULL, &out);
    route(c, now);
}

void dtt_core_shutdown(struct dtt_core *c, struct dtt_now now)
{
    while (c->n_topics > 0) {
        dtt_core_leave(c, now, c->topics[0]);
    }
    c->is_shut = true;
}

int dtt_core_lookup(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                    uint32_t *ret_op)
{
    struct dtt_lookup *lookup;
    uint64_t minute = dtt_now_minute(now);
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    int err = dtt_lookup_new(&lookup, cfg, LOOKUP_BIT | (++c->next_lookup & ~LOOKUP_BIT), now);
    if (err) {
        return err;
    }
    for (uint64_t m = minute ? minute - 1 : 0; m <= minute; m++) {
        struct dtt_slot slot;
        struct op op = {.kind = OP_LOOKUP, .lookup = lookup, .minute = m};
        dtt_slot_init(&slot, DTT_SLOT_LINE_0_3, dtt_lookup_topic(lookup), m);
        err = slot_get(c, now, &slot, &op);
        if (err) {
            break;
        }
        dtt_lookup_ref(lookup);
    }
    bool is_started = dtt_lookup_pending(lookup) > 0;
    *ret_op = dtt_lookup_op(lookup);
    dtt_lookup_unref(lookup);
    if (!is_started) {
        return err;
    }
    c->n_app_ops++;
    route(c, now);
    return DTT_OK;
}

/* Registers an operation the application started; undoes it when that fails. */
static int app_op(struct dtt_core *c, struct dtt_now now, dtt_dht_op number, const struct op *op,
                  uint32_t *ret_op)
{
    if (!op_add(c, number, op)) {
        dtt_dht_cancel(c->dht, now, number);
        return DTT_ENOMEM;
    }
    c->n_app_ops++;
    *ret_op = number;
    route(c, now);
    return DTT_OK;
}

int dtt_core_dht_get(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_get *get,
                     uint32_t *ret_op)
{
    struct dtt_dht_get_args args = {.is_mutable = get->key != NULL, .salt_len = get->salt_len};
    struct op op = {.kind = OP_APP};
    dtt_dht_op number;
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    if (get->key) {
        memcpy(args.key, get->key, sizeof(args.key));
    } else {
        memcpy(args.target, get->target, sizeof(args.target));
    }
    if (get->salt_len) {
        memcpy(args.salt, get->salt, get->salt_len);
    }
    int err = dtt_dht_get(c->dht, now, &args, &number);
    return err ? err : app_op(c, now, number, &op, ret_op);
}

int dtt_core_dht_put(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_put *put,
                     uint32_t *ret_op)
{
    uint8_t v[DTT_DHT_VALUE_MAX];
    struct dtt_writer w = dtt_writer(v, sizeof(v));
    struct op op = {.kind = OP_APP, .is_put = true};
    dtt_dht_op number;
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    dtt_bencode_write_str(&w, dtt_slice(put->value, put->value_len));
    if (w.failed) {
        return DTT_ETOOBIG;
    }
    struct dtt_dht_put_args args = {.v = dtt_slice(v, w.len),
                                    .is_mutable = put->seed != NULL,
                                    .seq = put->seq,
                                    .has_cas = put->has_cas != 0,
                                    .cas = put->cas,
                                    .verify = put->verify != 0,
                                    .salt_len = put->salt_len};
    if (put->salt_len) {
        memcpy(args.salt, put->salt, put->salt_len);
    }
    if (put->seed) {
        dtt_ed25519_public_key(args.key, put->seed);
        int err = dtt_item_sign(args.sig, put->seed, dtt_slice(args.salt, args.salt_len), put->seq,
                                args.v);
        if (err) {
            return err;
        }
    }
    memcpy(op.key, args.key, sizeof(op.key));
    op.seq = put->seq;
    if (put->seed) {
        dtt_item_target(op.target, args.key, dtt_slice(args.salt, args.salt_len));
    } else {
        dtt_item_target_immutable(op.target, args.v);
    }
    int err = dtt_dht_put(c->dht, now, &args, &number);
    return err ? err : app_op(c, now, number, &op, ret_op);
}

int dtt_core_dht_find(struct dtt_core *c, struct dtt_now now, const uint8_t target[20],
                      uint32_t *ret_op)
{
    struct op op = {.kind = OP_APP};
    dtt_dht_op number;
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    int err = dtt_dht_find(c->dht, now, target, &number);
    return err ? err : app_op(c, now, number, &op, ret_op);
}

int dtt_core_dht_ping(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr,
                      uint32_t *ret_op)
{
    struct op op = {.kind = OP_APP};
    dtt_dht_op number;
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    int err = dtt_dht_ping(c->dht, now, addr, &number);
    return err ? err : app_op(c, now, number, &op, ret_op);
}

void dtt_core_dht_cancel(struct dtt_core *c, struct dtt_now now, uint32_t op)
{
    const struct op *known = dtt_map_get(&c->ops, &op);
    if (known && known->kind == OP_APP) {
        dtt_dht_cancel(c->dht, now, op);
        route(c, now);
    }
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
    route(c, now);
    return DTT_OK;
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
        bytes += dtt_peers_unacked(&t->core->peers, &ids[i]);
    }
    return bytes;
}

void dtt_core_add_peer(struct dtt_topic *t, struct dtt_now now, const struct dtt_peer_addr *peer)
{
    dtt_book_add(&t->core->peers.book, &peer->id, &peer->addr, 1);
    dtt_tracker_add_candidate(t->tracker, now, &peer->id, &peer->addr, 1);
    route(t->core, now);
}

void dtt_core_why(const struct dtt_topic *t, struct dtt_now now, struct dtt_why *ret)
{
    struct dtt_dht_stats dht;
    dtt_dht_stats(t->core->dht, &dht);
    dtt_topic_explain(t, now, t->core->resolving, &dht, ret);
}
