/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/op.h"

#include "base/array.h"
#include "dht/inside.h"
#include "dht/put.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>

#define FIND_RETURNS 8
#define PING_SENDS 2 /* a request and one retransmission */

struct dtt_op {
    dtt_dht_op number;
    enum dtt_op_type type;
    bool is_done;
    int status;
    uint64_t started_ns;
    uint64_t ended_ns;
    struct dtt_walk *walk; /* get, find, peers; a put until it stores */
    size_t handed_out;     /* values, peers or nodes */
    struct dtt_put *put;
    struct dtt_lookup_node pinged; /* ping */
};

/* ---- life */

static int new_op(struct dtt_dht *d, struct dtt_now now, enum dtt_op_type type, struct dtt_op **ret)
{
    struct dtt_op *op = d->n_ops < DTT_DHT_OPS ? calloc(1, sizeof(*op)) : NULL;
    if (!op) {
        return d->n_ops < DTT_DHT_OPS ? DTT_ENOMEM : DTT_EFULL;
    }
    d->op_seq += d->op_seq < UINT32_MAX ? 1 : 2; /* never 0 */
    op->number = d->op_seq;
    op->type = type;
    op->started_ns = now.mono_ns;
    d->ops[d->n_ops++] = op;
    *ret = op;
    return DTT_OK;
}

static void free_op(struct dtt_dht *d, struct dtt_op *op)
{
    size_t i = 0;
    while (d->ops[i] != op) {
        i++;
    }
    dtt_array_remove(d->ops, &d->n_ops, sizeof(struct dtt_op *), i);
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
    op->pinged.sends++;
    return dtt_query_send(d, now, &op->pinged.addr, DTT_TXN_PING, op->number, &q);
}

static void take_pong(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op,
                      const struct dtt_query_end *end)
{
    if (!end->answer) {
        bool is_over = end->outcome == DTT_QUERY_DEAD || op->pinged.sends >= PING_SENDS;
        if (is_over || send_ping(d, now, op) != DTT_OK) {
            end_op(op, now, DTT_ETIMEDOUT);
        }
        return;
    }
    bool is_reply = end->answer->type == DTT_KRPC_REPLY;
    if (is_reply) {
        op->pinged.rtt_us = (uint32_t)(end->rtt_ns / DTT_US);
        memcpy(op->pinged.id, end->answer->id.data, DTT_NODE_ID_BYTES);
    }
    end_op(op, now, is_reply ? DTT_OK : DTT_EREFUSED);
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
    if (op->type == DTT_OP_PUT) {
        start_put(d, now, op);
        return;
    }
    const struct dtt_lookup *side = op->walk->side;
    end_op(op, now, side[0].answered + side[1].answered > 0 ? DTT_OK : DTT_ETIMEDOUT);
}

void dtt_op_walk_ended(struct dtt_dht *d, struct dtt_now now, const struct dtt_walk *walk)
{
    for (size_t i = 0; i < d->n_ops; i++) {
        if (d->ops[i]->walk == walk && !d->ops[i]->is_done) {
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
    if (op->type == DTT_OP_PING) {
        take_pong(d, now, op, end);
        return;
    }
    dtt_put_asked(d, now, op->put, end);
    if (op->put->state == DTT_PUT_OVER) {
        end_op(op, now, dtt_put_status(op->put));
    }
}

/* ---- starting */

int dtt_op_start(struct dtt_dht *d, struct dtt_now now, enum dtt_op_type type,
                 const struct dtt_goal *goal, const struct dtt_walk_wish *wish, struct dtt_put *put,
                 dtt_dht_op *ret)
{
    struct dtt_op *op;
    int err = new_op(d, now, type, &op);
    if (err) {
        dtt_put_free(put);
        return err;
    }
    op->put = put;
    op->walk = dtt_walk_to(d, now, goal, wish);
    if (!op->walk) {
        free_op(d, op);
        return DTT_ENOMEM;
    }
    *ret = op->number;
    if (dtt_walks_is_over(op->walk)) {
        take_walk(d, now, op);
    }
    return DTT_OK;
}

int dtt_op_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr, dtt_dht_op *ret)
{
    struct dtt_op *op;
    if (!dtt_addr_is_usable(addr) || !dtt_dht_has_family(d, addr->family)) {
        return DTT_EINVAL;
    }
    int err = new_op(d, now, DTT_OP_PING, &op);
    if (err) {
        return err;
    }
    op->pinged.addr = *addr;
    err = send_ping(d, now, op);
    if (err) {
        free_op(d, op);
        return err == DTT_EREFUSED ? DTT_EFULL : err;
    }
    *ret = op->number;
    return DTT_OK;
}

void dtt_op_cancel(struct dtt_dht *d, struct dtt_now now, dtt_dht_op op)
{
    struct dtt_op *found = find_op(d, op);
    if (found && !found->is_done) {
        end_op(found, now, DTT_ECLOSED);
        if (found->type == DTT_OP_PUT) {
            leave_walk(d, now.mono_ns, found);
        }
    }
}

/* ---- events */

/* Values of a get, peers of a get_peers. */
static bool next_value(struct dtt_op *op, struct dtt_dht_event *ret)
{
    const struct dtt_found *found = op->walk && op->status != DTT_ECLOSED ? &op->walk->found : NULL;
    if (found && op->type == DTT_OP_PEERS && op->handed_out < found->n_peers) {
        ret->type = DTT_DHT_EV_PEER;
        ret->u.peer.addr = found->peers[op->handed_out++];
        return true;
    }
    if (!found || op->type != DTT_OP_GET || op->handed_out == found->n_values) {
        return false;
    }
    const struct dtt_found_value *v = found->values[op->handed_out++];
    ret->type = DTT_DHT_EV_VALUE;
    ret->u.value.from = v->from;
    ret->u.value.seq = v->seq;
    ret->u.value.holders = v->holders;
    ret->u.value.v_len = v->len;
    memcpy(ret->u.value.v, v->v, v->len);
    return true;
}

/* Answer number `at` of a finished walk: the closest of IPv4, then the closest of IPv6. */
static const struct dtt_lookup_node *find_result(const struct dtt_walk *walk, size_t at)
{
    for (size_t side = 0; side < 2; side++) {
        size_t left = FIND_RETURNS;
        for (size_t i = 0; i < walk->side[side].n && left > 0; i++) {
            const struct dtt_lookup_node *c = &walk->side[side].nodes[i];
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
    const struct dtt_lookup_node *c = NULL;
    if (op->is_done && op->status == DTT_OK && op->type == DTT_OP_FIND) {
        c = find_result(op->walk, op->handed_out);
    } else if (op->is_done && op->status == DTT_OK && op->type == DTT_OP_PING) {
        c = op->handed_out == 0 ? &op->pinged : NULL;
    }
    if (c) {
        ret->type = DTT_DHT_EV_NODE;
        memcpy(ret->u.node.id, c->id, sizeof(ret->u.node.id));
        ret->u.node.addr = c->addr;
        ret->u.node.rtt_us = c->rtt_us;
        op->handed_out++;
    }
    return c != NULL;
}

static void tell_done(const struct dtt_op *op, struct dtt_dht_event *ret)
{
    ret->type = DTT_DHT_EV_DONE;
    ret->u.done =
        (struct dtt_event_dht_done){.status = op->status,
                                    .asked = op->pinged.sends > 0,
                                    .answered = op->status == DTT_OK || op->status == DTT_EREFUSED,
                                    .elapsed_ms = (op->ended_ns - op->started_ns) / DTT_MS};
    if (op->walk) {
        const struct dtt_lookup *l = op->walk->side;
        const struct dtt_found *found = &op->walk->found;
        ret->u.done.asked = (uint32_t)(l[0].asked + l[1].asked);
        ret->u.done.answered = (uint32_t)(l[0].answered + l[1].answered);
        ret->u.done.values = (uint32_t)op->handed_out;
        for (; ret->u.done.n_holders < found->n_holders; ret->u.done.n_holders++) {
            ret->holders[ret->u.done.n_holders] = found->holders[ret->u.done.n_holders];
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
        ret->op = op->number;
        if (next_value(op, ret) || next_node(op, ret)) {
            return true;
        }
        if (op->is_done) {
            if (op->type == DTT_OP_PUT) {
                ret->type = DTT_DHT_EV_PUT_DONE;
                ret->u.put.status = op->status;
                ret->u.put.elapsed_ms = (op->ended_ns - op->started_ns) / DTT_MS;
                dtt_put_tell(op->put, ret);
            } else {
                tell_done(op, ret);
            }
            leave_walk(d, op->ended_ns, op);
            free_op(d, op);
            return true;
        }
    }
    return false;
}
