/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/op.h"

#include "dht/inside.h"
#include "dht/item.h"
#include "dht/put.h"
#include "dht/walk.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>

#define FIND_RETURNS 8
#define PING_SENDS   2 /* a request and one retransmission */

enum op_type { OP_GET, OP_FIND, OP_PING, OP_PUT, OP_PEERS };

struct ping {
    struct dtt_addr addr;
    uint8_t sends;
    bool is_answered;
    uint8_t id[DTT_NODE_ID_BYTES];
    uint32_t rtt_us;
};

struct dtt_op {
    dtt_dht_op number;
    enum op_type type;
    bool is_done;
    int status;
    uint64_t started_ns;
    uint64_t ended_ns;
    struct dtt_walk *walk; /* get, find, peers; a put until it stores */
    size_t handed_out;     /* values, peers or nodes */
    struct dtt_put *put;
    struct ping ping;
};

/* ---- life */

static struct dtt_op *new_op(struct dtt_dht *d, struct dtt_now now, enum op_type type, int *err)
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
    assert(i < d->n_ops);
    memmove(&d->ops[i], &d->ops[i + 1], (d->n_ops - i - 1) * sizeof(struct dtt_op *));
    d->n_ops--;
    dtt_put_free(op->put);
    free(op);
}

void dtt_op_free_all(struct dtt_dht *d)
{
    while (d->n_ops > 0) {
        free_op(d, d->ops[0]);
    }
}

static struct dtt_op *find_op(const struct dtt_dht *d, uint32_t number)
{
    for (size_t i = 0; i < d->n_ops; i++) {
        if (d->ops[i]->number == number) {
            return d->ops[i];
        }
    }
    return NULL;
}

size_t dtt_op_users(const struct dtt_dht *d, const struct dtt_walk *walk)
{
    size_t n = 0;
    for (size_t i = 0; i < d->n_ops; i++) {
        n += d->ops[i]->walk == walk;
    }
    return n;
}

static void end_op(struct dtt_op *op, struct dtt_now now, int status)
{
    assert(!op->is_done);
    op->is_done = true;
    op->status = status;
    op->ended_ns = now.mono_ns;
}

static void leave_walk(struct dtt_dht *d, uint64_t since_ns, struct dtt_op *op)
{
    struct dtt_walk *w = op->walk;
    op->walk = NULL;
    if (w) {
        dtt_walks_release(d, since_ns, w);
    }
}

/* ---- ping */

static int send_ping(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_PING};
    op->ping.sends++;
    return dtt_query_send(d, now, &op->ping.addr, DTT_TXN_PING, op->number, &q);
}

static void take_pong(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op,
                      const struct dtt_query_end *end)
{
    if (!end->answer) {
        bool is_over = end->outcome == DTT_QUERY_DEAD || op->ping.sends >= PING_SENDS;
        if (is_over || send_ping(d, now, op) != DTT_OK) {
            end_op(op, now, DTT_ETIMEDOUT);
        }
        return;
    }
    if (end->answer->type == DTT_KRPC_REPLY) {
        op->ping.is_answered = true;
        op->ping.rtt_us = (uint32_t)(end->rtt_ns / DTT_US);
        memcpy(op->ping.id, end->answer->id.data, DTT_NODE_ID_BYTES);
    }
    end_op(op, now, op->ping.is_answered ? DTT_OK : DTT_EREFUSED);
}

/* ---- what walks and queries bring */

/* The closest set is known: stores on it, and lets go of the walk. */
static void start_put(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    int err = dtt_put_choose(d, now, op->put, op->walk);
    if (err == DTT_OK) {
        op->walk->is_shareable = false; /* from now on there is more than it has seen */
    }
    leave_walk(d, now.mono_ns, op);
    if (err) {
        end_op(op, now, err);
        return;
    }
    op->put->owner = op->number;
    dtt_put_store(d, now, op->put);
    if (op->put->state == DTT_PUT_OVER) {
        end_op(op, now, dtt_put_status(op->put));
    }
}

static void take_walk(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    if (op->type == OP_PUT) {
        start_put(d, now, op);
        return;
    }
    const struct dtt_walk *w = op->walk;
    bool is_own_answer = w->is_alone && op->type == OP_GET && !d->cfg.read_only;
    bool is_answered = is_own_answer || w->side[0].answered + w->side[1].answered > 0;
    end_op(op, now, is_answered ? DTT_OK : DTT_ETIMEDOUT);
}

void dtt_op_walk_ended(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *w)
{
    for (size_t i = 0; i < d->n_ops; i++) {
        if (d->ops[i]->walk == w && !d->ops[i]->is_done) {
            take_walk(d, now, d->ops[i]);
        }
    }
}

void dtt_op_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end)
{
    struct dtt_op *op = find_op(d, end->txn.owner);
    if (!op || op->is_done) {
        return;
    }
    if (op->type == OP_PING) {
        take_pong(d, now, op, end);
        return;
    }
    dtt_put_asked(d, now, op->put, end);
    if (op->put->state == DTT_PUT_OVER) {
        end_op(op, now, dtt_put_status(op->put));
    }
}

/* ---- starting */

static int join_walk(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op,
                     const struct dtt_goal *goal, size_t width, uint64_t fresh_ns, bool is_brief)
{
    struct dtt_walk_wish wish = {.width = width,
                                 .reuse_tokens = op->type == OP_PUT,
                                 .is_brief = is_brief,
                                 .max_age_ns = fresh_ns};
    struct dtt_walk *w = dtt_walk_to(d, now, goal, &wish);
    if (!w) {
        free_op(d, op);
        return DTT_ENOMEM;
    }
    op->walk = w;
    if (dtt_walks_is_over(w)) {
        take_walk(d, now, op);
    }
    return DTT_OK;
}

static void set_mutable_goal(struct dtt_goal *goal, const uint8_t key[32], const uint8_t *salt,
                             size_t salt_len)
{
    goal->is_mutable = true;
    memcpy(goal->key, key, sizeof(goal->key));
    memcpy(goal->salt, salt, salt_len);
    goal->salt_len = salt_len;
    dtt_item_target(goal->target, key, dtt_slice(salt, salt_len));
}

int dtt_op_get(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_get_args *args,
               dtt_dht_op *ret)
{
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM};
    int err;
    if (args->is_mutable && args->salt_len > sizeof(args->salt)) {
        return DTT_ETOOBIG;
    }
    struct dtt_op *op = new_op(d, now, OP_GET, &err);
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
static int start_plain(struct dtt_dht *d, struct dtt_now now, enum op_type type,
                       enum dtt_goal_kind kind, const uint8_t target[20], dtt_dht_op *ret)
{
    struct dtt_goal goal = {.kind = kind};
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

int dtt_op_find(struct dtt_dht *d, struct dtt_now now, const uint8_t target[20], dtt_dht_op *ret)
{
    return start_plain(d, now, OP_FIND, DTT_GOAL_NODES, target, ret);
}

int dtt_op_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr, dtt_dht_op *ret)
{
    int err;
    if (!dtt_addr_is_usable(addr) || !dtt_dht_has_family(d, addr->family)) {
        return DTT_EINVAL;
    }
    struct dtt_op *op = new_op(d, now, OP_PING, &err);
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

int dtt_op_put(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_put_args *args,
               dtt_dht_op *ret)
{
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM};
    int err = check_put(d, args);
    struct dtt_op *op = err ? NULL : new_op(d, now, OP_PUT, &err);
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

int dtt_op_get_peers(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                     dtt_dht_op *ret)
{
    return start_plain(d, now, OP_PEERS, DTT_GOAL_PEERS, info_hash, ret);
}

int dtt_op_announce(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                    uint16_t port, dtt_dht_op *ret)
{
    struct dtt_goal goal = {.kind = DTT_GOAL_PEERS};
    int err;
    struct dtt_op *op = new_op(d, now, OP_PUT, &err);
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

void dtt_op_cancel(struct dtt_dht *d, struct dtt_now now, dtt_dht_op op)
{
    struct dtt_op *found = find_op(d, op);
    if (found && !found->is_done) {
        end_op(found, now, DTT_ECLOSED);
        if (found->type == OP_PUT) {
            leave_walk(d, now.mono_ns, found);
        }
    }
}

/* ---- events */

/* Values of a get, peers of a get_peers. */
static bool next_value(struct dtt_op *op, struct dtt_dht_event *ret)
{
    if (op->type == OP_PEERS && op->status != DTT_ECLOSED &&
        op->handed_out < op->walk->found.n_peers) {
        ret->type = DTT_DHT_EV_PEER;
        ret->op = op->number;
        ret->u.peer.addr = op->walk->found.peers[op->handed_out++];
        return true;
    }
    if (op->type != OP_GET || op->status == DTT_ECLOSED ||
        op->handed_out == op->walk->found.n_values) {
        return false;
    }
    const struct dtt_found_value *v = op->walk->found.values[op->handed_out++];
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
            const struct dtt_lookup_node *c = &w->side[side].nodes[i];
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
    if (op->type == OP_PING && op->handed_out == 0) {
        memcpy(ret->u.node.id, op->ping.id, sizeof(ret->u.node.id));
        ret->u.node.addr = op->ping.addr;
        ret->u.node.rtt_us = op->ping.rtt_us;
        op->handed_out++;
        return true;
    }
    const struct dtt_lookup_node *c =
        op->type == OP_FIND ? find_result(op->walk, op->handed_out) : NULL;
    if (c) {
        memcpy(ret->u.node.id, c->id, sizeof(ret->u.node.id));
        ret->u.node.addr = c->addr;
        ret->u.node.rtt_us = c->rtt_us;
        op->handed_out++;
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
        uint32_t own = op->type == OP_GET && !d->cfg.read_only && op->status == DTT_OK;
        ret->u.done.asked = (uint32_t)(l[0].asked + l[1].asked) + own;
        ret->u.done.answered = (uint32_t)(l[0].answered + l[1].answered) + own;
        ret->u.done.values = (uint32_t)op->handed_out;
        ret->u.done.n_holders = op->walk->found.n_holders;
        if (op->walk->found.n_holders > 0) {
            memcpy(ret->u.done.holders, op->walk->found.holders,
                   op->walk->found.n_holders * sizeof(ret->u.done.holders[0]));
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

bool dtt_op_next_event(struct dtt_dht *d, struct dtt_dht_event *ret)
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
            if (op->type == OP_PUT) {
                ret->type = DTT_DHT_EV_PUT_DONE;
                ret->u.put.status = op->status;
                ret->u.put.elapsed_ns = op->ended_ns - op->started_ns;
                dtt_put_tell(op->put, ret);
            } else {
                tell_done(d, op, ret);
            }
            leave_walk(d, op->ended_ns, op);
            free_op(d, op);
            return true;
        }
    }
    return false;
}
