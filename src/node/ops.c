/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* DHT operations: whoever asked is told what came of it. */
#include "node/core_priv.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "dht/item.h"
#include "dht/state.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Numbers of lookups and publications have this bit, DHT operation numbers do not. */
#define LOOKUP_BIT UINT32_C(0x80000000)

/* Who waits for an operation. Each one that the core starts is in core.ops under its number. */
enum op_kind {
    OP_SLOT_GET,
    OP_SLOT_PUT,
    OP_LOOKUP,
    OP_PUBLISH_GET,
    OP_PUBLISH_PUT,
    OP_APP,
    OP_ADDR_GET,
    OP_ADDR_PUT
};

enum app_kind { APP_QUERY, APP_PUT, APP_ANNOUNCE };

struct op {
    enum op_kind kind;
    struct dtt_topic *topic; /* SLOT_GET, SLOT_PUT; NULL once the topic is gone */
    struct dtt_lookup *lookup;
    struct dtt_publication *publication; /* PUBLISH_GET, PUBLISH_PUT: shared by `pending` of them */
    enum dtt_slot_kind slot;             /* SLOT_GET, SLOT_PUT, LOOKUP, PUBLISH_GET, PUBLISH_PUT */
    uint64_t minute;
    enum app_kind app; /* APP; for a put or announce also what is reported back: */
    uint16_t port;
    uint8_t target[20];
    uint8_t key[32]; /* ADDR_GET: whose addresses */
    int64_t seq;     /* ADDR_GET: of the newest ones found */
};

void dtt_ops_forget_topic(struct dtt_core *c, const struct dtt_topic *t)
{
    for (size_t i = 0; i < dtt_map_count(&c->ops); i++) {
        struct op *op = dtt_map_value_at(&c->ops, i);
        if (op->topic == t) {
            op->topic = NULL;
        }
    }
}

void dtt_ops_free(struct dtt_core *c)
{
    for (size_t i = 0; i < dtt_map_count(&c->ops); i++) {
        struct op *op = dtt_map_value_at(&c->ops, i);
        if (op->lookup) {
            dtt_lookup_unref(op->lookup);
        }
        if (op->publication && --op->publication->pending == 0) {
            dtt_publication_free(op->publication);
        }
        free(op);
    }
    dtt_map_fini(&c->ops);
}

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
                    uint8_t width, bool is_brief, const struct op *op)
{
    struct dtt_dht_get_args args = {
        .is_mutable = true, .salt_len = sizeof(slot->salt), .width = width, .is_brief = is_brief};
    dtt_dht_op number;
    memcpy(args.key, slot->key, sizeof(args.key));
    memcpy(args.salt, slot->salt, sizeof(slot->salt));
    if (op->kind == OP_LOOKUP) { /* a tracker knows itself how fresh it wants a slot */
        args.fresh_ns = DTT_DHT_FRESH_MAX_NS;
    }
    int err = dtt_dht_get(c->dht, now, &args, &number);
    if (!err && !op_add(c, number, op)) {
        dtt_dht_cancel(c->dht, now, number);
        err = DTT_ENOMEM;
    }
    return err;
}

static int slot_put(struct dtt_core *c, struct dtt_now now, const struct dtt_tracker_action *a,
                    const struct op *op)
{
    const struct dtt_slot *slot = &a->slot;
    uint8_t v[DTT_DHT_VALUE_MAX];
    struct dtt_writer w = dtt_writer(v, sizeof(v));
    dtt_bencode_write_str(&w, dtt_slice(a->value, a->value_len));
    if (w.failed) {
        return DTT_ETOOBIG;
    }
    struct dtt_dht_put_args args = {.v = dtt_slice(v, w.len),
                                    .is_mutable = true,
                                    .salt_len = sizeof(slot->salt),
                                    .seq = a->seq,
                                    .has_cas = true,
                                    .cas = a->seq,
                                    .copies = (uint8_t)a->copies,
                                    .among = a->width,
                                    .is_brief = a->is_brief};
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

int dtt_ops_topic_get(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                      const struct dtt_tracker_action *a)
{
    struct op op = {
        .kind = OP_SLOT_GET, .topic = t, .slot = a->slot.kind, .minute = a->slot.minute};
    return slot_get(c, now, &a->slot, a->width, a->is_brief, &op);
}

int dtt_ops_topic_put(struct dtt_core *c, struct dtt_now now, struct dtt_topic *t,
                      const struct dtt_tracker_action *a)
{
    struct op op = {
        .kind = OP_SLOT_PUT, .topic = t, .slot = a->slot.kind, .minute = a->slot.minute};
    for (size_t i = 0; i < dtt_map_count(&c->ops); i++) {
        struct op *old = dtt_map_value_at(&c->ops, i);
        if (old->kind == OP_SLOT_PUT && old->topic == t && old->slot == op.slot &&
            old->minute == op.minute) {
            dtt_dht_op number;
            memcpy(&number, dtt_map_key_at(&c->ops, i), sizeof(number));
            old->topic = NULL;
            dtt_dht_cancel(c->dht, now, number);
        }
    }
    return slot_put(c, now, a, &op);
}

void dtt_ops_addr_get(struct dtt_core *c, struct dtt_now now, const struct dtt_id *id)
{
    struct dtt_dht_get_args args = {.is_mutable = true, .fresh_ns = DTT_DHT_FRESH_MAX_NS};
    struct op op = {.kind = OP_ADDR_GET, .seq = INT64_MIN};
    dtt_dht_op number;
    memcpy(args.key, id->bytes, sizeof(args.key));
    memcpy(op.key, id->bytes, sizeof(op.key));
    int err = dtt_dht_get(c->dht, now, &args, &number);
    if (!err && !op_add(c, number, &op)) {
        dtt_dht_cancel(c->dht, now, number);
        err = DTT_ENOMEM;
    }
    if (err) {
        dtt_links_located(&c->links, now, id, true);
    } else {
        c->n_addr_gets++;
    }
}

void dtt_ops_announce(struct dtt_core *c, struct dtt_now now)
{
    struct dtt_announce *a = &c->announce;
    struct dtt_addr addrs[DTT_CORE_ADDRS];
    struct op op = {.kind = OP_ADDR_PUT};
    struct dtt_dht_put_args args = {.is_mutable = true, .copies = 20};
    uint8_t v[DTT_DHT_VALUE_MAX];
    struct dtt_writer w = dtt_writer(v, sizeof(v));
    dtt_dht_op number;
    if (c->n_topics == 0 ||
        !dtt_announce_take(a, now, &c->id, addrs, dtt_core_own_addrs(c, addrs))) {
        return;
    }
    dtt_bencode_write_str(&w, dtt_slice(a->packet, a->len));
    args.v = dtt_slice(v, w.len);
    args.seq = a->seq;
    memcpy(args.key, c->id.bytes, sizeof(args.key));
    int err = w.failed ? DTT_ETOOBIG : DTT_OK;
    if (!err) {
        err = dtt_item_sign(args.sig, c->cfg.node_seed, dtt_slice(NULL, 0), args.seq, args.v);
    }
    if (!err) {
        err = dtt_dht_put(c->dht, now, &args, &number);
    }
    if (!err && !op_add(c, number, &op)) {
        dtt_dht_cancel(c->dht, now, number);
        err = DTT_ENOMEM;
    }
    if (err) {
        dtt_announce_failed(a, now);
    }
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

static void app_announced(struct dtt_core *c, struct dtt_now now, const struct op *op,
                          const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_ANNOUNCE};
    out.u.dht_announce.op = ev->op;
    out.u.dht_announce.status = ev->u.put.status;
    memcpy(out.u.dht_announce.info_hash, op->target, sizeof(op->target));
    out.u.dht_announce.port = op->port;
    out.u.dht_announce.asked = ev->u.put.asked;
    out.u.dht_announce.acked = ev->u.put.acked;
    out.u.dht_announce.refused = ev->u.put.refused;
    out.u.dht_announce.error = ev->u.put.error;
    out.u.dht_announce.elapsed_ms = ev->u.put.elapsed_ns / DTT_MS;
    c->n_app_ops--;
    dtt_core_tell(c, now, NULL, &out);
}

static void app_done(struct dtt_core *c, struct dtt_now now, const struct op *op,
                     const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = op->app == APP_PUT ? DTT_EVENT_DHT_PUT : DTT_EVENT_DHT_DONE};
    struct dtt_slice holders = {0};
    if (op->app == APP_ANNOUNCE) {
        app_announced(c, now, op, ev);
        return;
    }
    if (op->app == APP_PUT) {
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
        out.u.dht_done.n_holders = ev->u.done.n_holders;
        holders =
            dtt_slice(ev->u.done.holders, ev->u.done.n_holders * sizeof(ev->u.done.holders[0]));
    }
    c->n_app_ops--;
    dtt_events_push(&c->events, now, &out, holders);
}

static void app_node(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_NODE};
    out.u.dht_node.op = ev->op;
    memcpy(out.u.dht_node.id, ev->u.node.id, sizeof(out.u.dht_node.id));
    out.u.dht_node.addr = ev->u.node.addr;
    out.u.dht_node.rtt_us = ev->u.node.rtt_us;
    dtt_core_tell(c, now, NULL, &out);
}

static void app_peer(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_PEER};
    out.u.dht_peer.op = ev->op;
    out.u.dht_peer.addr = ev->u.peer.addr;
    dtt_core_tell(c, now, NULL, &out);
}

static void on_slot_value(struct dtt_now now, struct op *op, const struct dtt_dht_event *ev)
{
    struct dtt_slice value;
    if (!string_of(dtt_slice(ev->u.value.v, ev->u.value.v_len), &value)) {
        value = dtt_slice(ev->u.value.v, ev->u.value.v_len); /* counted as garbage */
    }
    if (op->topic) {
        dtt_tracker_slot_value(op->topic->tracker, now, op->slot, op->minute, ev->u.value.seq,
                               value);
    }
}

/* A packet with somebody's addresses; older ones than those already found are of no use. */
static void on_addrs(struct dtt_core *c, struct dtt_now now, struct op *op,
                     const struct dtt_dht_event *ev)
{
    struct dtt_addr addrs[DTT_BOOK_ADDRS];
    struct dtt_id id;
    struct dtt_slice packet;
    int n = DTT_EPROTO;
    memcpy(id.bytes, op->key, sizeof(id.bytes));
    if (string_of(dtt_slice(ev->u.value.v, ev->u.value.v_len), &packet)) {
        n = dtt_pkarr_read(packet, &id, addrs, DTT_BOOK_ADDRS);
    }
    if (n < 0) {
        DTT_COUNT(c->ctx, NODE_ADDRS_REFUSED);
    } else if (n > 0 && ev->u.value.seq > op->seq) {
        DTT_TRACE(c->ctx, NODE_ADDRS_FOUND, dtt_tv_id(&id), dtt_tv_int(n));
        op->seq = ev->u.value.seq;
        dtt_book_add(&c->links.book, &id, addrs, (size_t)n);
        dtt_links_located(&c->links, now, &id, false);
    }
}

static void addr_get_end(struct dtt_core *c, struct dtt_now now, const struct op *op)
{
    struct dtt_id id;
    memcpy(id.bytes, op->key, sizeof(id.bytes));
    c->n_addr_gets--;
    dtt_links_located(&c->links, now, &id, true);
}

static void lookup_end(struct dtt_core *c, struct dtt_now now, struct op *op,
                       const struct dtt_dht_event *ev)
{
    if (dtt_lookup_done(op->lookup, now, ev->u.done.asked, ev->u.done.answered, &c->events)) {
        c->n_app_ops--;
    }
    dtt_lookup_unref(op->lookup);
}

static void publication_end(struct dtt_core *c, struct dtt_now now, struct dtt_publication *p)
{
    dtt_publication_tell(p, now, &c->events);
    dtt_publication_free(p);
    c->n_app_ops--;
}

static void publication_value(struct dtt_core *c, const struct op *op,
                              const struct dtt_dht_event *ev)
{
    struct dtt_slice value;
    if (string_of(dtt_slice(ev->u.value.v, ev->u.value.v_len), &value)) {
        dtt_publication_value(op->publication, op->slot, ev->u.value.seq, value, &c->id);
    }
}

/* Puts it into one slot; sealed anew, so that equal bytes do not tell the slots' relation. */
static int publication_write(struct dtt_core *c, struct dtt_now now, struct dtt_publication *p,
                             const struct dtt_slot *slot)
{
    struct dtt_tracker_action a = {.slot = *slot,
                                   .seq = INT64_MAX,
                                   .width = (uint8_t)p->tuning.slot_width,
                                   .is_brief = true,
                                   .copies = p->tuning.slot_copies};
    struct op op = {.kind = OP_PUBLISH_PUT, .publication = p, .slot = slot->kind};
    struct dtt_writer value = dtt_writer(a.value, sizeof(a.value));
    struct dtt_rng rng;
    char label[64];
    if (slot->kind == DTT_SLOT_OLD_LINE) {
        int64_t seen = p->seq[slot->kind];
        a.seq = !p->has_seq[slot->kind] ? 0 : seen < INT64_MAX ? seen + 1 : seen;
    }
    snprintf(label, sizeof(label), "publish %" PRIu32 " %d %" PRIu64, p->op, (int)slot->kind,
             now.mono_ns);
    dtt_rng_init(&rng, c->ctx->seed, label);
    int err = dtt_publication_seal(p, c->cfg.node_seed, &rng, &value);
    dtt_rng_fini(&rng);
    a.value_len = value.len;
    return err ? err : slot_put(c, now, &a, &op);
}

/* One of its slots has been read. After the last one it is written. */
static void publication_read(struct dtt_core *c, struct dtt_now now, struct dtt_publication *p)
{
    if (--p->pending > 0) {
        return;
    }
    p->status = dtt_publication_is_capped(p) ? DTT_EFULL : DTT_OK;
    for (unsigned k = 0; k < DTT_SLOT_KINDS && p->status != DTT_EFULL; k++) {
        struct dtt_slot slot;
        if (dtt_publication_slot(p, (enum dtt_slot_kind)k, &slot)) {
            int err = publication_write(c, now, p, &slot);
            p->pending += err == DTT_OK;
            p->status = err ? err : p->status;
        }
    }
    if (p->pending == 0) {
        publication_end(c, now, p);
    }
}

static void publication_put(struct dtt_core *c, struct dtt_now now, struct dtt_publication *p,
                            const struct dtt_dht_event *ev)
{
    p->copies = ev->u.put.acked > p->copies ? ev->u.put.acked : p->copies;
    p->status = ev->u.put.status ? ev->u.put.status : p->status;
    if (--p->pending == 0) {
        publication_end(c, now, p);
    }
}

void dtt_ops_on_event(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
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
            dtt_tracker_slot_done(op->topic->tracker, now, op->slot, op->minute, ev->u.done.status,
                                  ev->u.done.answered);
        }
        break;
    case OP_SLOT_PUT:
        if (is_over && op->topic) {
            dtt_tracker_put_done(op->topic->tracker, now, op->slot, op->minute, ev->u.put.status,
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
    case OP_PUBLISH_GET:
        if (ev->type == DTT_DHT_EV_VALUE) {
            publication_value(c, op, ev);
        } else if (is_over) {
            publication_read(c, now, op->publication);
        }
        break;
    case OP_PUBLISH_PUT:
        if (is_over) {
            publication_put(c, now, op->publication, ev);
        }
        break;
    case OP_APP:
        if (ev->type == DTT_DHT_EV_VALUE) {
            app_value(c, now, ev);
        } else if (ev->type == DTT_DHT_EV_NODE) {
            app_node(c, now, ev);
        } else if (ev->type == DTT_DHT_EV_PEER) {
            app_peer(c, now, ev);
        } else {
            app_done(c, now, op, ev);
        }
        break;
    case OP_ADDR_GET:
        if (ev->type == DTT_DHT_EV_VALUE) {
            on_addrs(c, now, op, ev);
        } else if (is_over) {
            addr_get_end(c, now, op);
        }
        break;
    case OP_ADDR_PUT:
        if (is_over) {
            DTT_TRACE(c->ctx, NODE_ANNOUNCED, dtt_tv_int(ev->u.put.acked));
            if (ev->u.put.acked == 0) {
                dtt_announce_failed(&c->announce, now);
            }
        }
        break;
    }
    if (is_over) {
        free(dtt_map_take(&c->ops, &ev->op));
    }
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
    uint64_t first = minute ? minute - 1 : 0;
    for (uint64_t i = 0; i < (minute - first + 1) * DTT_SLOT_KINDS && !err; i++) {
        struct dtt_slot slot;
        enum dtt_slot_kind kind = (enum dtt_slot_kind)(i % DTT_SLOT_KINDS);
        struct op op = {.kind = OP_LOOKUP,
                        .lookup = lookup,
                        .slot = kind,
                        .minute = first + i / DTT_SLOT_KINDS};
        if (dtt_lookup_slot(lookup, kind, op.minute, &slot)) {
            err = slot_get(c, now, &slot, 0, false, &op);
            if (!err) {
                dtt_lookup_ref(lookup);
            }
        }
    }
    bool is_started = dtt_lookup_pending(lookup) > 0;
    *ret_op = dtt_lookup_op(lookup);
    dtt_lookup_unref(lookup);
    if (!is_started) {
        return err;
    }
    c->n_app_ops++;
    dtt_core_route(c, now);
    return DTT_OK;
}

int dtt_core_publish(struct dtt_core *c, struct dtt_now now, const struct dtt_topic_config *cfg,
                     struct dtt_slice content, uint32_t *ret_op)
{
    struct dtt_publication *p;
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    int err =
        dtt_publication_new(&p, cfg, content, LOOKUP_BIT | (++c->next_lookup & ~LOOKUP_BIT), now);
    if (err) {
        return err;
    }
    for (unsigned k = 0; k < DTT_SLOT_KINDS && !err; k++) {
        struct dtt_slot slot;
        struct op op = {.kind = OP_PUBLISH_GET, .publication = p, .slot = (enum dtt_slot_kind)k};
        if (dtt_publication_slot(p, op.slot, &slot)) {
            err = slot_get(c, now, &slot, (uint8_t)p->tuning.slot_width, true, &op);
            p->pending += err == DTT_OK;
        }
    }
    if (p->pending == 0) {
        dtt_publication_free(p);
        return err;
    }
    *ret_op = p->op;
    c->n_app_ops++;
    dtt_core_route(c, now);
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
    dtt_core_route(c, now);
    return DTT_OK;
}

int dtt_core_dht_get(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_get *get,
                     uint32_t *ret_op)
{
    struct dtt_dht_get_args args = {.is_mutable = get->key != NULL,
                                    .salt_len = get->salt_len,
                                    .fresh_ns = DTT_DHT_FRESH_MAX_NS};
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
    struct op op = {.kind = OP_APP, .app = APP_PUT};
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

int dtt_core_dht_get_peers(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                           uint32_t *ret_op)
{
    struct op op = {.kind = OP_APP};
    dtt_dht_op number;
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    int err = dtt_dht_get_peers(c->dht, now, info_hash, &number);
    return err ? err : app_op(c, now, number, &op, ret_op);
}

int dtt_core_dht_announce(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                          uint16_t port, uint32_t *ret_op)
{
    struct op op = {.kind = OP_APP, .app = APP_ANNOUNCE, .port = port};
    dtt_dht_op number;
    if (c->n_app_ops == DTT_CORE_OPS) {
        return DTT_EFULL;
    }
    memcpy(op.target, info_hash, sizeof(op.target));
    int err = dtt_dht_announce(c->dht, now, info_hash, port, &number);
    return err ? err : app_op(c, now, number, &op, ret_op);
}

int dtt_core_dht_state(const struct dtt_core *c, uint8_t *buf, size_t cap)
{
    struct dtt_dht_state state;
    dtt_dht_get_state(c->dht, &state);
    return state.n > 0 ? dtt_dht_state_encode(&state, buf, cap) : 0;
}

int dtt_core_dht_restore(struct dtt_core *c, struct dtt_now now, struct dtt_slice bytes)
{
    struct dtt_dht_state state;
    int err = dtt_dht_state_decode(bytes, &state);
    if (!err) {
        err = dtt_dht_set_state(c->dht, now, &state);
    }
    return err ? err : (int)state.n;
}

void dtt_core_dht_stats(const struct dtt_core *c, struct dtt_dht_stats *ret)
{
    dtt_dht_stats(c->dht, ret);
}

void dtt_core_dht_cancel(struct dtt_core *c, struct dtt_now now, uint32_t op)
{
    const struct op *known = dtt_map_get(&c->ops, &op);
    if (known && known->kind == OP_APP) {
        dtt_dht_cancel(c->dht, now, op);
        dtt_core_route(c, now);
    }
}
