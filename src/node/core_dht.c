/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/core_dht.h"

#include "codec/bencode.h"
#include "crypto/ed25519.h"
#include "dht/state.h"
#include "node/inside.h"

/* ---- events */

static struct dtt_event value_of(const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_VALUE};
    struct dtt_slice data = dtt_slice(NULL, 0);
    out.u.dht_value.op = ev->op;
    out.u.dht_value.seq = ev->u.value.seq;
    out.u.dht_value.holders = ev->u.value.holders;
    out.u.dht_value.holder = ev->u.value.from;
    out.u.dht_value.v = ev->u.value.v;
    out.u.dht_value.v_len = ev->u.value.v_len;
    if (dtt_bencode_is_str(dtt_slice(ev->u.value.v, ev->u.value.v_len), &data)) {
        out.u.dht_value.data = data.data;
        out.u.dht_value.data_len = data.len;
    }
    return out;
}

/* A put that no node stored and some refused, or gave no token for, has failed. */
static struct dtt_event put_of(const struct dtt_dht_event *ev)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_PUT, .u.dht_put = ev->u.put};
    struct dtt_event_dht_put *put = &out.u.dht_put;
    put->op = ev->op;
    bool has_no_token = put->status == DTT_ETIMEDOUT && put->asked == 0 && put->found > 0;
    if (has_no_token || (put->status == DTT_OK && put->acked == 0 && put->refused > 0)) {
        put->status = DTT_EREFUSED;
    }
    return out;
}

static struct dtt_event announce_of(const struct dtt_event_dht_put *put, uint16_t port)
{
    struct dtt_event out = {.type = DTT_EVENT_DHT_ANNOUNCE};
    out.u.dht_announce = (struct dtt_event_dht_announce){.op = put->op,
                                                         .status = put->status,
                                                         .port = port,
                                                         .asked = put->asked,
                                                         .acked = put->acked,
                                                         .refused = put->refused,
                                                         .error = put->error,
                                                         .elapsed_ms = put->elapsed_ms,
                                                         .found = put->found};
    memcpy(out.u.dht_announce.info_hash, put->target, sizeof(put->target));
    return out;
}

void dtt_core_dht_event(struct dtt_core *c, struct dtt_now now, const struct dtt_wait *wait,
                        const struct dtt_dht_event *ev)
{
    struct dtt_event out = {0};
    struct dtt_slice owned = dtt_slice(NULL, 0);
    switch (ev->type) {
    case DTT_DHT_EV_VALUE:
        out = value_of(ev);
        owned = dtt_slice(ev->u.value.v, ev->u.value.v_len);
        break;
    case DTT_DHT_EV_NODE:
        out.type = DTT_EVENT_DHT_NODE;
        out.u.dht_node = ev->u.node;
        out.u.dht_node.op = ev->op;
        break;
    case DTT_DHT_EV_PEER:
        out.type = DTT_EVENT_DHT_PEER;
        out.u.dht_peer = ev->u.peer;
        out.u.dht_peer.op = ev->op;
        break;
    case DTT_DHT_EV_DONE:
        out.type = DTT_EVENT_DHT_DONE;
        out.u.dht_done = ev->u.done;
        out.u.dht_done.op = ev->op;
        out.u.dht_done.holder_size = sizeof(ev->holders[0]);
        owned = dtt_slice(ev->holders, ev->u.done.n_holders * sizeof(ev->holders[0]));
        break;
    case DTT_DHT_EV_PUT_DONE:
        out = put_of(ev);
        if (wait->kind == DTT_WAIT_APP_ANNOUNCE) {
            out = announce_of(&out.u.dht_put, wait->port);
        }
        break;
    case DTT_DHT_EV_EXTERNAL_ADDR:
    case DTT_DHT_EV_READY: return; /* of no operation */
    }
    dtt_events_push(&c->events, now, &out, owned);
    if (dtt_waits_is_over(ev)) {
        dtt_waits_app_end(&c->waits);
    }
}

/* ---- operations */

/* Registers operation *ret_op unless it could not be started (`err`). */
static int started(struct dtt_core *c, struct dtt_now now, int err, enum dtt_wait_kind kind,
                   uint16_t port, const uint32_t *op)
{
    struct dtt_wait wait = {.kind = kind, .port = port};
    if (!err) {
        err = dtt_waits_add(&c->waits, now, *op, &wait);
    }
    c->waits.n_app += !err;
    return err;
}

int dtt_core_dht_get(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_get *get,
                     uint32_t *ret_op)
{
    struct dtt_dht_get_args args = {.is_mutable = get->key != NULL,
                                    .salt_len = get->salt_len,
                                    .fresh_ns = DTT_DHT_FRESH_MAX_NS};
    if (get->key) {
        memcpy(args.key, get->key, sizeof(args.key));
    } else {
        memcpy(args.target, get->target, sizeof(args.target));
    }
    if (get->salt_len) {
        memcpy(args.salt, get->salt, get->salt_len);
    }
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_get(c->dht, now, &args, ret_op);
    return started(c, now, err, DTT_WAIT_APP, 0, ret_op);
}

int dtt_core_dht_put(struct dtt_core *c, struct dtt_now now, const struct dtt_dht_put *put,
                     uint32_t *ret_op)
{
    struct dtt_wait wait = {.kind = DTT_WAIT_APP};
    struct dtt_dht_put_args args = {.is_mutable = put->seed != NULL,
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
    }
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err
              : dtt_waits_put(&c->waits, now, dtt_slice(put->value, put->value_len), put->seed,
                              &args, &wait, ret_op);
    c->waits.n_app += !err;
    return err;
}

int dtt_core_dht_find(struct dtt_core *c, struct dtt_now now, const uint8_t target[20],
                      uint32_t *ret_op)
{
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_find(c->dht, now, target, ret_op);
    return started(c, now, err, DTT_WAIT_APP, 0, ret_op);
}

int dtt_core_dht_ping(struct dtt_core *c, struct dtt_now now, const struct dtt_addr *addr,
                      uint32_t *ret_op)
{
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_ping(c->dht, now, addr, ret_op);
    return started(c, now, err, DTT_WAIT_APP, 0, ret_op);
}

int dtt_core_dht_get_peers(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                           uint32_t *ret_op)
{
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_get_peers(c->dht, now, info_hash, ret_op);
    return started(c, now, err, DTT_WAIT_APP, 0, ret_op);
}

int dtt_core_dht_announce(struct dtt_core *c, struct dtt_now now, const uint8_t info_hash[20],
                          uint16_t port, uint32_t *ret_op)
{
    int err = dtt_waits_app_room(&c->waits);
    err = err ? err : dtt_dht_announce(c->dht, now, info_hash, port, ret_op);
    return started(c, now, err, DTT_WAIT_APP_ANNOUNCE, port, ret_op);
}

void dtt_core_dht_cancel(struct dtt_core *c, struct dtt_now now, uint32_t op)
{
    const struct dtt_wait *wait = dtt_waits_get(&c->waits, op);
    if (wait && wait->kind >= DTT_WAIT_APP) {
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
