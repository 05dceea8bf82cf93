/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/core_dht.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "dht/item.h"
#include "dht/state.h"
#include "node/inside.h"

/* ---- events */

static void on_value(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_VALUE};
    struct dtt_slice v = dtt_slice(ev->u.value.v, ev->u.value.v_len);
    struct dtt_slice data;
    out.u.dht_value.op = ev->op;
    out.u.dht_value.seq = ev->u.value.seq;
    out.u.dht_value.holders = ev->u.value.holders;
    out.u.dht_value.holder = ev->u.value.from;
    out.u.dht_value.v = v.data;
    out.u.dht_value.v_len = v.len;
    if (dtt_bencode_is_str(v, &data)) {
        out.u.dht_value.data = data.data;
        out.u.dht_value.data_len = data.len;
    }
    dtt_events_push(&c->events, now, &out, v);
}

static void on_node(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_NODE};
    out.u.dht_node.op = ev->op;
    memcpy(out.u.dht_node.id, ev->u.node.id, sizeof(out.u.dht_node.id));
    out.u.dht_node.addr = ev->u.node.addr;
    out.u.dht_node.rtt_us = ev->u.node.rtt_us;
    dtt_events_tell(&c->events, now, NULL, &out);
}

static void on_peer(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_PEER};
    out.u.dht_peer.op = ev->op;
    out.u.dht_peer.addr = ev->u.peer.addr;
    dtt_events_tell(&c->events, now, NULL, &out);
}

static void on_done(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_DONE};
    out.u.dht_done.op = ev->op;
    out.u.dht_done.status = ev->u.done.status;
    out.u.dht_done.asked = ev->u.done.asked;
    out.u.dht_done.answered = ev->u.done.answered;
    out.u.dht_done.values = ev->u.done.values;
    out.u.dht_done.elapsed_ms = ev->u.done.elapsed_ns / DTT_MS;
    out.u.dht_done.n_holders = ev->u.done.n_holders;
    out.u.dht_done.holder_size = sizeof(ev->u.done.holders[0]);
    dtt_events_push(
        &c->events, now, &out,
        dtt_slice(ev->u.done.holders, ev->u.done.n_holders * sizeof(ev->u.done.holders[0])));
}

/* A put that no node stored and some refused has failed. */
static int put_status(const struct dtt_dht_event *ev)
{
    bool is_refused = ev->u.put.acked == 0 && ev->u.put.refused > 0;
    return ev->u.put.status == DTT_OK && is_refused ? DTT_EREFUSED : ev->u.put.status;
}

static void on_put(struct dtt_core *c, struct dtt_now now, const struct dtt_wait *wait,
                   const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_PUT};
    out.u.dht_put.op = ev->op;
    out.u.dht_put.status = put_status(ev);
    memcpy(out.u.dht_put.target, wait->target, sizeof(wait->target));
    memcpy(out.u.dht_put.key, wait->key, sizeof(wait->key));
    out.u.dht_put.seq = wait->seq;
    out.u.dht_put.asked = ev->u.put.asked;
    out.u.dht_put.acked = ev->u.put.acked;
    out.u.dht_put.verified = ev->u.put.verified;
    out.u.dht_put.refused = ev->u.put.refused;
    out.u.dht_put.error = ev->u.put.error;
    out.u.dht_put.elapsed_ms = ev->u.put.elapsed_ns / DTT_MS;
    dtt_events_tell(&c->events, now, NULL, &out);
}

static void on_announced(struct dtt_core *c, struct dtt_now now, const struct dtt_wait *wait,
                         const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_ANNOUNCE};
    out.u.dht_announce.op = ev->op;
    out.u.dht_announce.status = put_status(ev);
    memcpy(out.u.dht_announce.info_hash, wait->target, sizeof(wait->target));
    out.u.dht_announce.port = wait->port;
    out.u.dht_announce.asked = ev->u.put.asked;
    out.u.dht_announce.acked = ev->u.put.acked;
    out.u.dht_announce.refused = ev->u.put.refused;
    out.u.dht_announce.error = ev->u.put.error;
    out.u.dht_announce.elapsed_ms = ev->u.put.elapsed_ns / DTT_MS;
    dtt_events_tell(&c->events, now, NULL, &out);
}

void dtt_core_dht_event(struct dtt_core *c, struct dtt_now now, const struct dtt_wait *wait,
                        const struct dtt_dht_event *ev)
{
    if (ev->type == DTT_DHT_EV_VALUE) {
        on_value(c, now, ev);
    } else if (ev->type == DTT_DHT_EV_NODE) {
        on_node(c, now, ev);
    } else if (ev->type == DTT_DHT_EV_PEER) {
        on_peer(c, now, ev);
    } else if (wait->kind == DTT_WAIT_APP_PUT) {
        on_put(c, now, wait, ev);
    } else if (wait->kind == DTT_WAIT_APP_ANNOUNCE) {
        on_announced(c, now, wait, ev);
    } else {
        on_done(c, now, ev);
    }
    if (dtt_waits_is_over(ev)) {
        dtt_waits_app_end(&c->waits);
    }
}

/* ---- operations */

/* Registers an operation unless it could not be started (`err`). */
static int started(struct dtt_core *c, struct dtt_now now, int err, dtt_dht_op op,
                   const struct dtt_wait *wait, uint32_t *ret_op)
{
    if (!err) {
        err = dtt_waits_add(&c->waits, now, op, wait);
    }
    if (!err) {
        c->waits.n_app++;
        *ret_op = op;
    }
    return err;
}

int dtt_core_dht_get(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_get *get,
                     uint32_t *ret_op)
{
    struct dtt_dht_get_args args = {.is_mutable = get->key != NULL,
                                    .salt_len = get->salt_len,
                                    .fresh_ns = DTT_DHT_FRESH_MAX_NS};
    struct dtt_wait wait = {.kind = DTT_WAIT_APP_QUERY};
    dtt_dht_op op = 0;
    if (get->key) {
        memcpy(args.key, get->key, sizeof(args.key));
    } else {
        memcpy(args.target, get->target, sizeof(args.target));
    }
    if (get->salt_len) {
        memcpy(args.salt, get->salt, get->salt_len);
    }
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_get(c->dht, now, &args, &op);
    return started(c, now, err, op, &wait, ret_op);
}

int dtt_core_dht_put(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_put *put,
                     uint32_t *ret_op)
{
    uint8_t v[DTT_DHT_VALUE_MAX];
    struct dtt_writer w = dtt_writer(v, sizeof(v));
    struct dtt_wait wait = {.kind = DTT_WAIT_APP_PUT, .seq = put->seq};
    dtt_dht_op op = 0;
    dtt_bencode_write_str(&w, dtt_slice(put->value, put->value_len));
    int err = w.failed ? DTT_ETOOBIG : dtt_waits_app_room(&c->waits);
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
    struct dtt_slice salt = dtt_slice(args.salt, args.salt_len);
    if (!err && put->seed) {
        dtt_ed25519_public_key(args.key, put->seed);
        err = dtt_item_sign(args.sig, put->seed, salt, put->seq, args.v);
        memcpy(wait.key, args.key, sizeof(wait.key));
        dtt_item_target(wait.target, args.key, salt);
    } else if (!err) {
        dtt_item_target_immutable(wait.target, args.v);
    }
    if (!err) {
        err = dtt_dht_put(c->dht, now, &args, &op);
    }
    return started(c, now, err, op, &wait, ret_op);
}

int dtt_core_dht_find(struct dtt_core *c, struct dtt_now now, const uint8_t target[20],
                      uint32_t *ret_op)
{
    struct dtt_wait wait = {.kind = DTT_WAIT_APP_QUERY};
    dtt_dht_op op = 0;
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_find(c->dht, now, target, &op);
    return started(c, now, err, op, &wait, ret_op);
}

int dtt_core_dht_ping(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr,
                      uint32_t *ret_op)
{
    struct dtt_wait wait = {.kind = DTT_WAIT_APP_QUERY};
    dtt_dht_op op = 0;
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_ping(c->dht, now, addr, &op);
    return started(c, now, err, op, &wait, ret_op);
}

int dtt_core_dht_get_peers(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                           uint32_t *ret_op)
{
    struct dtt_wait wait = {.kind = DTT_WAIT_APP_QUERY};
    dtt_dht_op op = 0;
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_get_peers(c->dht, now, info_hash, &op);
    return started(c, now, err, op, &wait, ret_op);
}

int dtt_core_dht_announce(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                          uint16_t port, uint32_t *ret_op)
{
    struct dtt_wait wait = {.kind = DTT_WAIT_APP_ANNOUNCE, .port = port};
    dtt_dht_op op = 0;
    memcpy(wait.target, info_hash, sizeof(wait.target));
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_announce(c->dht, now, info_hash, port, &op);
    return started(c, now, err, op, &wait, ret_op);
}

void dtt_core_dht_cancel(struct dtt_core *c, struct dtt_now now, uint32_t op)
{
    const struct dtt_wait *wait = dtt_waits_get(&c->waits, op);
    if (wait && wait->kind >= DTT_WAIT_APP_QUERY) {
        dtt_dht_cancel(c->dht, now, op);
    }
}

/* ---- state */

int dtt_core_dht_state(const struct dtt_core *c, uint8_t *buf, size_t cap)
{
    struct dtt_dht_state state;
    dtt_dht_state_collect(c->dht, &state);
    return state.n > 0 ? dtt_dht_state_encode(&state, buf, cap) : 0;
}

int dtt_core_dht_restore(struct dtt_core *c, struct dtt_now now, struct dtt_slice bytes)
{
    struct dtt_dht_state state;
    int err = dtt_dht_state_decode(bytes, &state);
    if (!err) {
        err = dtt_dht_state_restore(c->dht, now, &state);
    }
    return err ? err : (int)state.n;
}
