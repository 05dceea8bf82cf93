/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Operations and their events. Events are not queued: each operation remembers how far it has told
 * of its walk's values and nodes, so none is ever lost and none costs memory before it is asked
 * for.
 */
#include "dht/op.h"
#include "dht/item.h"

#include <dtt/types.h>
#include <stdlib.h>

#define FIND_RETURNS 8

/* ---- life */

static struct dtt_op *new_op(struct dtt_dht *d, struct dtt_now now, enum dtt_op_type type, int *err)
{
    struct dtt_op *op = NULL;
    *err = DTT_EFULL;
    if (d->n_ops < DTT_DHT_OPS) {
        op = calloc(1, sizeof(*op));
        *err = op ? DTT_OK : DTT_ENOMEM;
    }
    if (op) {
        if (++d->op_seq == 0) {
            d->op_seq = 1;
        }
        op->number = d->op_seq;
        op->type = type;
        op->started_ns = now.mono_ns;
        d->ops[d->n_ops++] = op;
    }
    return op;
}

static void free_op(struct dtt_dht *d, struct dtt_op *op)
{
    size_t i = 0;
    while (d->ops[i] != op) {
        i++;
    }
    memmove(&d->ops[i], &d->ops[i + 1], (d->n_ops - i - 1) * sizeof(struct dtt_op *));
    d->n_ops--;
    if (op->put) {
        free(op->put->targets);
        free(op->put);
    }
    free(op);
}

void dtt_op_free_all(struct dtt_dht *d)
{
    while (d->n_ops > 0) {
        free_op(d, d->ops[0]);
    }
}

struct dtt_op *dtt_op_find(const struct dtt_dht *d, uint32_t number)
{
    for (size_t i = 0; i < d->n_ops; i++) {
        if (d->ops[i]->number == number) {
            return d->ops[i];
        }
    }
    return NULL;
}

void dtt_op_end(struct dtt_op *op, struct dtt_now now, int status)
{
    op->is_done = true;
    op->status = status;
    op->ended_ns = now.mono_ns;
}

void dtt_op_leave_walk(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct dtt_walk *w = op->walk;
    op->walk = NULL;
    if (w) {
        dtt_walk_release(d, now, w);
    }
}

/* ---- ping */

static int send_ping(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_PING};
    op->ping.sends++;
    return dtt_query_send(d, now, &op->ping.addr, DTT_TXN_PING, op->number, &q);
}

void dtt_op_ping_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                        const struct dtt_krpc *m)
{
    struct dtt_op *op = dtt_op_find(d, txn->owner);
    if (!op || op->is_done) {
        return;
    }
    if (m->type == DTT_KRPC_REPLY) {
        op->ping.is_answered = true;
        op->ping.rtt_us = (uint32_t)((now.mono_ns - txn->sent_ns) / DTT_US);
        memcpy(op->ping.id, m->id.data, DTT_NODE_ID_BYTES);
    }
    dtt_op_end(op, now, op->ping.is_answered ? DTT_OK : DTT_EREFUSED);
}

void dtt_op_ping_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn, bool dead)
{
    struct dtt_op *op = dtt_op_find(d, txn->owner);
    if (!op || op->is_done) {
        return;
    }
    if (dead || op->ping.sends >= DTT_OP_SENDS || send_ping(d, now, op) != DTT_OK) {
        dtt_op_end(op, now, DTT_ETIMEDOUT);
    }
}

/* ---- starting */

static void walk_ended(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    if (op->type == DTT_OP_PUT) {
        dtt_put_start(d, now, op);
        return;
    }
    const struct dtt_walk *w = op->walk;
    bool is_own_answer = w->is_alone && op->type == DTT_OP_GET && !d->cfg.read_only;
    bool is_answered = is_own_answer || w->side[0].answered + w->side[1].answered > 0;
    dtt_op_end(op, now, is_answered ? DTT_OK : DTT_ETIMEDOUT);
}

void dtt_op_walk_done(struct dtt_dht *d, struct dtt_now now, struct dtt_walk *w)
{
    w->refs++; /* a put lets go of the walk as soon as it has the closest set */
    for (size_t i = 0; i < d->n_ops; i++) {
        if (d->ops[i]->walk == w && !d->ops[i]->is_done) {
            walk_ended(d, now, d->ops[i]);
        }
    }
    dtt_walk_release(d, now, w);
}

static int join_walk(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op,
                     const struct dtt_walk_goal *goal, size_t width, uint64_t fresh_ns,
                     bool is_brief)
{
    struct dtt_walk_wish wish = {.width = width,
                                 .reuse_tokens = op->type == DTT_OP_PUT,
                                 .is_brief = is_brief,
                                 .fresh_ns = fresh_ns};
    struct dtt_walk *w = dtt_walk_to(d, now, goal, &wish);
    if (!w) {
        free_op(d, op);
        return DTT_ENOMEM;
    }
    op->walk = w;
    if (w->state == DTT_WALK_DONE) {
        walk_ended(d, now, op);
    }
    return DTT_OK;
}

static void set_mutable_goal(struct dtt_walk_goal *goal, const uint8_t key[32], const uint8_t *salt,
                             size_t salt_len)
{
    goal->is_mutable = true;
    memcpy(goal->key, key, sizeof(goal->key));
    memcpy(goal->salt, salt, salt_len);
    goal->salt_len = salt_len;
    dtt_item_target(goal->target, key, dtt_slice(salt, salt_len));
}

int dtt_dht_get(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_get_args *args,
                dtt_dht_op *ret)
{
    struct dtt_walk_goal goal = {.kind = DTT_WALK_GET};
    int err;
    if (args->is_mutable && args->salt_len > sizeof(args->salt)) {
        return DTT_ETOOBIG;
    }
    struct dtt_op *op = new_op(d, now, DTT_OP_GET, &err);
    if (!op) {
        return err;
    }
    if (args->is_mutable) {
        set_mutable_goal(&goal, args->key, args->salt, args->salt_len);
    } else {
        memcpy(goal.target, args->target, sizeof(goal.target));
    }
    dtt_dht_op number = op->number;
    size_t width = args->width ? args->width : DTT_RTABLE_K;
    width = width < DTT_LOOKUP_WIDTH_MAX ? width : DTT_LOOKUP_WIDTH_MAX;
    err = join_walk(d, now, op, &goal, width, args->fresh_ns, args->is_brief);
    if (err == DTT_OK) {
        *ret = number;
    }
    return err;
}

/* An operation that is a walk to a target and nothing else. */
static int start_plain(struct dtt_dht *d, struct dtt_now now, enum dtt_op_type type,
                       enum dtt_walk_kind kind, const uint8_t target[20], dtt_dht_op *ret)
{
    struct dtt_walk_goal goal = {.kind = kind};
    int err;
    struct dtt_op *op = new_op(d, now, type, &err);
    if (!op) {
        return err;
    }
    memcpy(goal.target, target, sizeof(goal.target));
    dtt_dht_op number = op->number;
    err = join_walk(d, now, op, &goal, DTT_RTABLE_K, 0, false);
    if (err == DTT_OK) {
        *ret = number;
    }
    return err;
}

int dtt_dht_find(struct dtt_dht *d, struct dtt_now now, const uint8_t target[20], dtt_dht_op *ret)
{
    return start_plain(d, now, DTT_OP_FIND, DTT_WALK_FIND, target, ret);
}

int dtt_dht_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                 dtt_dht_op *ret)
{
    int err;
    if (!dtt_addr_is_usable(addr) || !dtt_dht_has_family(d, addr->family)) {
        return DTT_EINVAL;
    }
    struct dtt_op *op = new_op(d, now, DTT_OP_PING, &err);
    if (!op) {
        return err;
    }
    op->ping.addr = *addr;
    err = send_ping(d, now, op);
    if (err) {
        free_op(d, op);
        return err == DTT_EREFUSED ? DTT_EFULL : err;
    }
    *ret = op->number;
    return DTT_OK;
}

static int check_put(const struct dtt_dht *d, const struct dtt_dht_put_args *args)
{
    if (args->v.len == 0 || (args->is_mutable && args->seq < 0)) {
        return DTT_EINVAL;
    }
    if (args->v.len > DTT_KRPC_VALUE_MAX ||
        (args->is_mutable && args->salt_len > sizeof(args->salt))) {
        return DTT_ETOOBIG;
    }
    if (args->is_mutable &&
        !dtt_item_verify(d->ctx->valid, args->sig, args->key, dtt_slice(args->salt, args->salt_len),
                         args->seq, args->v)) {
        return DTT_EAUTH;
    }
    return DTT_OK;
}

int dtt_dht_put(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_put_args *args,
                dtt_dht_op *ret)
{
    struct dtt_walk_goal goal = {.kind = DTT_WALK_GET};
    int err = check_put(d, args);
    struct dtt_op *op = err ? NULL : new_op(d, now, DTT_OP_PUT, &err);
    if (!op) {
        return err;
    }
    struct dtt_put *p = op->put = calloc(1, sizeof(*op->put));
    if (!p) {
        free_op(d, op);
        return DTT_ENOMEM;
    }
    p->args = *args;
    memcpy(p->v, args->v.data, args->v.len);
    p->args.v.data = p->v;
    if (args->is_mutable) {
        set_mutable_goal(&goal, args->key, args->salt, args->salt_len);
    } else {
        dtt_item_target_immutable(goal.target, args->v);
    }
    memcpy(p->target, goal.target, sizeof(p->target));
    size_t among = dtt_put_among(args);
    dtt_dht_op number = op->number;
    err = join_walk(d, now, op, &goal, among < DTT_RTABLE_K ? DTT_RTABLE_K : among, 0,
                    args->is_brief);
    if (err == DTT_OK) {
        *ret = number;
    }
    return err;
}

int dtt_dht_get_peers(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                      dtt_dht_op *ret)
{
    return start_plain(d, now, DTT_OP_PEERS, DTT_WALK_PEERS, info_hash, ret);
}

int dtt_dht_announce(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                     uint16_t port, dtt_dht_op *ret)
{
    struct dtt_walk_goal goal = {.kind = DTT_WALK_PEERS};
    int err;
    struct dtt_op *op = new_op(d, now, DTT_OP_PUT, &err);
    if (!op) {
        return err;
    }
    op->put = calloc(1, sizeof(*op->put));
    if (!op->put) {
        free_op(d, op);
        return DTT_ENOMEM;
    }
    op->put->is_announce = true;
    op->put->port = port;
    memcpy(op->put->target, info_hash, sizeof(op->put->target));
    memcpy(goal.target, info_hash, sizeof(goal.target));
    dtt_dht_op number = op->number;
    err = join_walk(d, now, op, &goal, DTT_RTABLE_K, 0, false);
    if (err == DTT_OK) {
        *ret = number;
    }
    return err;
}

void dtt_dht_cancel(struct dtt_dht *d, struct dtt_now now, dtt_dht_op op)
{
    struct dtt_op *found = dtt_op_find(d, op);
    if (found && !found->is_done) {
        dtt_op_end(found, now, DTT_ECLOSED);
        if (found->type == DTT_OP_PUT) {
            dtt_op_leave_walk(d, now, found);
        }
    }
}

/* ---- events */

/* Values of a get, peers of a get_peers. */
static bool next_value(struct dtt_op *op, struct dtt_dht_event *ret)
{
    if (op->type == DTT_OP_PEERS && op->status != DTT_ECLOSED && op->told < op->walk->n_peers) {
        ret->type = DTT_DHT_EV_PEER;
        ret->op = op->number;
        ret->u.peer.addr = op->walk->peers[op->told++];
        return true;
    }
    if (op->type != DTT_OP_GET || op->status == DTT_ECLOSED || op->told == op->walk->n_values) {
        return false;
    }
    const struct dtt_walk_value *v = op->walk->values[op->told++];
    ret->type = DTT_DHT_EV_VALUE;
    ret->op = op->number;
    ret->u.value.from = v->from;
    ret->u.value.seq = v->seq;
    ret->u.value.holders = v->holders;
    ret->u.value.v_len = v->len;
    memcpy(ret->u.value.v, v->v, v->len);
    return true;
}

/* Answer number `at` of a finished walk: the closest of IPv4, then the closest of IPv6. */
static const struct dtt_lookup_node *find_result(const struct dtt_walk *w, size_t at)
{
    for (size_t side = 0; side < 2; side++) {
        size_t left = FIND_RETURNS;
        for (size_t i = 0; i < w->side[side].n && left > 0; i++) {
            const struct dtt_lookup_node *c = &w->side[side].c[i];
            if (c->state == DTT_LOOKUP_NODE_ANSWERED) {
                if (at-- == 0) {
                    return c;
                }
                left--;
            }
        }
    }
    return NULL;
}

static bool next_node(struct dtt_op *op, struct dtt_dht_event *ret)
{
    if (!op->is_done || op->status != DTT_OK) {
        return false;
    }
    ret->type = DTT_DHT_EV_NODE;
    ret->op = op->number;
    if (op->type == DTT_OP_PING && op->told == 0) {
        memcpy(ret->u.node.id, op->ping.id, sizeof(ret->u.node.id));
        ret->u.node.addr = op->ping.addr;
        ret->u.node.rtt_us = op->ping.rtt_us;
        op->told++;
        return true;
    }
    const struct dtt_lookup_node *c =
        op->type == DTT_OP_FIND ? find_result(op->walk, op->told) : NULL;
    if (c) {
        memcpy(ret->u.node.id, c->id, sizeof(ret->u.node.id));
        ret->u.node.addr = c->addr;
        ret->u.node.rtt_us = c->rtt_us;
        op->told++;
    }
    return c != NULL;
}

static void tell_done(const struct dtt_dht *d, const struct dtt_op *op, struct dtt_dht_event *ret)
{
    ret->type = DTT_DHT_EV_DONE;
    ret->u.done.status = op->status;
    ret->u.done.values = 0;
    ret->u.done.asked = op->ping.sends > 0;
    ret->u.done.answered = op->ping.is_answered || op->status == DTT_EREFUSED;
    ret->u.done.elapsed_ns = op->ended_ns - op->started_ns;
    ret->u.done.n_holders = 0;
    if (op->walk) {
        const struct dtt_lookup *l = op->walk->side;
        uint32_t own = op->type == DTT_OP_GET && !d->cfg.read_only && op->status == DTT_OK;
        ret->u.done.asked = (uint32_t)(l[0].asked + l[1].asked) + own;
        ret->u.done.answered = (uint32_t)(l[0].answered + l[1].answered) + own;
        ret->u.done.values = (uint32_t)op->told;
        ret->u.done.n_holders = op->walk->n_holders;
        if (op->walk->n_holders > 0) {
            memcpy(ret->u.done.holders, op->walk->holders,
                   op->walk->n_holders * sizeof(ret->u.done.holders[0]));
        }
    }
}

static bool next_special(struct dtt_dht *d, struct dtt_dht_event *ret)
{
    ret->op = 0;
    if (d->ready_event) {
        d->ready_event = false;
        ret->type = DTT_DHT_EV_READY;
        return true;
    }
    for (size_t side = 0; side < 2; side++) {
        if (d->external_event[side]) {
            d->external_event[side] = false;
            ret->type = DTT_DHT_EV_EXTERNAL_ADDR;
            ret->u.external.addr = d->votes[side].opinion;
            ret->u.external.votes = d->votes[side].count;
            return true;
        }
    }
    return false;
}

bool dtt_dht_next_event(struct dtt_dht *d, struct dtt_dht_event *ret)
{
    if (next_special(d, ret)) {
        return true;
    }
    for (size_t i = 0; i < d->n_ops; i++) {
        struct dtt_op *op = d->ops[i];
        if (next_value(op, ret) || next_node(op, ret)) {
            return true;
        }
        if (op->is_done) {
            ret->op = op->number;
            if (op->type == DTT_OP_PUT) {
                dtt_put_tell(op, ret);
            } else {
                tell_done(d, op, ret);
            }
            dtt_op_leave_walk(d, (struct dtt_now){.mono_ns = op->ended_ns}, op);
            free_op(d, op);
            return true;
        }
    }
    return false;
}
