/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Operations and their events. Events are not queued: each operation remembers how far it has told
 * of its walk's values and nodes, so none is ever lost and none costs memory before it is asked
 * for.
 */
#include "dht/item.h"
#include "dht/node.h"
#include "dht/node_id.h"

#include <dtt/types.h>
#include <stdlib.h>

#define PUT_TARGETS    (2 * DTT_LOOKUP_WIDTH_MAX)
#define PUT_ERRORS     8 /* distinct error codes counted */
#define FIND_RETURNS   8
#define SENDS          2 /* a request and one retransmission */
#define COPIES_DEFAULT 8

enum op_type { OP_GET, OP_FIND, OP_PING, OP_PUT };

enum put_state { PUT_ASKED, PUT_ACKED, PUT_REFUSED, PUT_SILENT, PUT_VERIFIED };

struct put_target {
    struct dtt_addr addr;
    uint8_t state; /* enum put_state */
    uint8_t sends;
    bool has_value;
    uint8_t token_len;
    uint8_t token[DTT_KRPC_TOKEN_MAX];
};

struct put {
    struct dtt_dht_put_args args;
    uint8_t target[DTT_NODE_ID_BYTES];
    bool is_verifying;
    bool is_stored_here;
    uint32_t own_asked;
    struct {
        int code;
        uint32_t count;
    } errors[PUT_ERRORS];
    size_t n;
    struct put_target *targets;
    uint8_t v[DTT_KRPC_VALUE_MAX];
};

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
    struct dtt_walk *walk; /* get, find; a put until it stores */
    size_t told;           /* values or nodes handed out */
    struct put *put;
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

static struct dtt_op *find_op(const struct dtt_dht *d, uint32_t number)
{
    for (size_t i = 0; i < d->n_ops; i++) {
        if (d->ops[i]->number == number) {
            return d->ops[i];
        }
    }
    return NULL;
}

static void end(struct dtt_op *op, struct dtt_now now, int status)
{
    op->is_done = true;
    op->status = status;
    op->ended_ns = now.mono_ns;
}

static void leave_walk(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct dtt_walk *w = op->walk;
    op->walk = NULL;
    if (w) {
        dtt_walk_release(d, now, w);
    }
}

/* ---- put: the storing part */

static uint32_t put_count(const struct put *p, enum put_state state)
{
    uint32_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        n += p->targets[i].state == state;
    }
    return n;
}

static void count_error(struct put *p, int code)
{
    for (size_t i = 0; i < PUT_ERRORS; i++) {
        if (p->errors[i].code == code || p->errors[i].count == 0) {
            p->errors[i].code = code;
            p->errors[i].count++;
            return;
        }
    }
}

static int top_error(const struct put *p)
{
    size_t top = 0;
    for (size_t i = 1; i < PUT_ERRORS; i++) {
        if (p->errors[i].count > p->errors[top].count) {
            top = i;
        }
    }
    return p->errors[top].code;
}

static int send_store(struct dtt_dht *d, struct dtt_now now, const struct dtt_op *op,
                      const struct put_target *t)
{
    const struct put *p = op->put;
    struct dtt_krpc q = {.method = DTT_KRPC_M_PUT,
                         .target = dtt_slice(p->target, sizeof(p->target)),
                         .token = dtt_slice(t->token, t->token_len),
                         .v = p->args.v};
    if (p->args.is_mutable) {
        q.k = dtt_slice(p->args.key, sizeof(p->args.key));
        q.sig = dtt_slice(p->args.sig, sizeof(p->args.sig));
        q.seq = dtt_krpc_int(p->args.seq);
        if (p->args.salt_len > 0) {
            q.salt = dtt_slice(p->args.salt, p->args.salt_len);
        }
        if (p->args.has_cas && t->has_value) {
            q.cas = dtt_krpc_int(p->args.cas);
        }
    }
    return dtt_query_send(d, now, &t->addr, DTT_TXN_PUT, op->number, &q);
}

static int send_verify(struct dtt_dht *d, struct dtt_now now, const struct dtt_op *op,
                       const struct put_target *t)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_GET,
                         .target = dtt_slice(op->put->target, sizeof(op->put->target))};
    return dtt_query_send(d, now, &t->addr, DTT_TXN_PUT, op->number, &q);
}

/* Sends or sends again. While verifying, silence leaves a node what it was: ACKED. */
static void ask_target(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op,
                       struct put_target *t)
{
    struct put *p = op->put;
    t->sends++;
    int err = p->is_verifying ? send_verify(d, now, op, t) : send_store(d, now, op, t);
    if (err) {
        t->sends = 0;
        t->state = p->is_verifying ? PUT_ACKED : PUT_SILENT;
    }
}

static bool is_pending(const struct put *p, const struct put_target *t)
{
    return p->is_verifying ? t->state == PUT_ACKED && t->sends > 0 : t->state == PUT_ASKED;
}

/* True while an answer is still waited for. */
static bool is_waiting(const struct put *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct put_target *t = &p->targets[i];
        if (is_pending(p, t)) {
            return true;
        }
    }
    return false;
}

static void start_verifying(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct put *p = op->put;
    p->is_verifying = true;
    for (size_t i = 0; i < p->n; i++) {
        p->targets[i].sends = 0;
        if (p->targets[i].state == PUT_ACKED) {
            ask_target(d, now, op, &p->targets[i]);
        }
    }
}

static void put_progress(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct put *p = op->put;
    if (op->is_done || is_waiting(p)) {
        return;
    }
    if (p->args.verify && !p->is_verifying) {
        start_verifying(d, now, op);
        if (is_waiting(p)) {
            return;
        }
    }
    uint32_t answered = put_count(p, PUT_ACKED) + put_count(p, PUT_REFUSED) +
                        put_count(p, PUT_VERIFIED) + p->own_asked;
    end(op, now, answered > 0 ? DTT_OK : DTT_ETIMEDOUT);
}

/* We are among the `copies` nodes closest to the target that we know of. */
static bool is_one_of_the_closest(const struct dtt_dht *d, const struct dtt_walk *w, size_t copies)
{
    for (size_t side = 0; side < 2; side++) {
        const struct dtt_lookup *l = &w->side[side];
        size_t closer = 0;
        for (size_t i = 0; i < l->n; i++) {
            closer += l->c[i].state == DTT_CANDIDATE_ANSWERED &&
                      dtt_node_id_cmp(l->target, l->c[i].id, d->id) < 0;
        }
        if ((side == 0 ? d->cfg.has_v4 : d->cfg.has_v6) && closer < copies) {
            return true;
        }
    }
    return false;
}

/* `counts`: we are a holder like the others, not just a node without a network. */
static void store_here(struct dtt_dht *d, struct dtt_now now, struct put *p, bool counts)
{
    const struct dtt_dht_put_args *a = &p->args;
    struct dtt_storage_put put = {.target = p->target,
                                  .is_mutable = a->is_mutable,
                                  .k = a->key,
                                  .sig = a->sig,
                                  .seq = a->seq,
                                  .v = a->v};
    int code =
        a->is_mutable ? dtt_storage_check(&d->storage, p->target, a->seq, a->has_cas, a->cas) : 0;
    if (!code && dtt_storage_put(&d->storage, now, NULL, &put) != DTT_OK) {
        code = DTT_KRPC_E_SERVER;
    }
    if (counts) {
        p->own_asked = 1;
        p->is_stored_here = code == 0;
        if (code) {
            count_error(p, code);
        }
    }
}

/* The closest nodes with a token, `copies` of each family. */
static bool pick_targets(struct put *p, const struct dtt_walk *w, size_t copies)
{
    p->targets = calloc(PUT_TARGETS, sizeof(*p->targets));
    if (!p->targets) {
        return false;
    }
    for (size_t side = 0; side < 2; side++) {
        const struct dtt_lookup *l = &w->side[side];
        size_t left = copies;
        for (size_t i = 0; i < l->n && left > 0; i++) {
            const struct dtt_candidate *c = &l->c[i];
            if (c->state != DTT_CANDIDATE_ANSWERED || c->token_len == 0) {
                continue;
            }
            left--;
            struct put_target *t = &p->targets[p->n++];
            *t = (struct put_target){
                .addr = c->addr, .has_value = c->has_value, .token_len = c->token_len};
            memcpy(t->token, c->token, c->token_len);
        }
    }
    return true;
}

static size_t copies_of(const struct dtt_dht_put_args *a)
{
    size_t copies = a->copies ? a->copies : COPIES_DEFAULT;
    return copies > DTT_LOOKUP_WIDTH_MAX ? DTT_LOOKUP_WIDTH_MAX : copies;
}

static bool has_answer(const struct dtt_walk *w)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < w->side[side].n; i++) {
            if (w->side[side].c[i].state == DTT_CANDIDATE_ANSWERED) {
                return true;
            }
        }
    }
    return false;
}

static void start_storing(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct dtt_walk *w = op->walk;
    struct put *p = op->put;
    size_t copies = copies_of(&p->args);
    bool counts = w->is_alone || has_answer(w);
    if (!pick_targets(p, w, copies)) {
        leave_walk(d, now, op);
        end(op, now, DTT_ENOMEM);
        return;
    }
    if (!d->cfg.read_only && is_one_of_the_closest(d, w, copies)) {
        store_here(d, now, p, counts);
    }
    leave_walk(d, now, op);
    for (size_t i = 0; i < p->n; i++) {
        ask_target(d, now, op, &p->targets[i]);
    }
    put_progress(d, now, op);
}

static struct put_target *find_target(const struct put *p, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < p->n; i++) {
        if (dtt_addr_eq(&p->targets[i].addr, addr)) {
            return &p->targets[i];
        }
    }
    return NULL;
}

static void take_put_answer(struct put *p, struct put_target *t, const struct dtt_txn *txn,
                            const struct dtt_krpc *m)
{
    if (txn->method == DTT_KRPC_M_GET) {
        if (p->is_verifying && t->state == PUT_ACKED) {
            t->state = m->type == DTT_KRPC_REPLY && dtt_slice_eq(m->v, p->args.v) ? PUT_VERIFIED
                                                                                  : PUT_ACKED;
            t->sends = 0;
        }
    } else if (t->state == PUT_ASKED || t->state == PUT_SILENT) {
        t->state = m->type == DTT_KRPC_REPLY ? PUT_ACKED : PUT_REFUSED;
        if (t->state == PUT_REFUSED) {
            count_error(p, (int)(m->error > 0 && m->error < 1000 ? m->error : DTT_KRPC_E_GENERIC));
        }
    }
}

void dtt_op_put_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                       const struct dtt_krpc *m)
{
    struct dtt_op *op = find_op(d, txn->owner);
    struct put_target *t = op && op->put && !op->is_done ? find_target(op->put, &txn->to) : NULL;
    if (t) {
        take_put_answer(op->put, t, txn, m);
        put_progress(d, now, op);
    }
}

void dtt_op_put_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn, bool dead)
{
    struct dtt_op *op = find_op(d, txn->owner);
    struct put_target *t = op && op->put && !op->is_done ? find_target(op->put, &txn->to) : NULL;
    if (!t || op->put->is_verifying != (txn->method == DTT_KRPC_M_GET) || !is_pending(op->put, t)) {
        return;
    }
    if (!dead && t->sends < SENDS) {
        ask_target(d, now, op, t);
    } else {
        dtt_upkeep_silent(d, now, &txn->to, 1);
        t->sends = 0;
        t->state = op->put->is_verifying ? PUT_ACKED : PUT_SILENT;
    }
    put_progress(d, now, op);
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
    struct dtt_op *op = find_op(d, txn->owner);
    if (!op || op->is_done) {
        return;
    }
    if (m->type == DTT_KRPC_REPLY) {
        op->ping.is_answered = true;
        op->ping.rtt_us = (uint32_t)((now.mono_ns - txn->sent_ns) / DTT_US);
        memcpy(op->ping.id, m->id.data, DTT_NODE_ID_BYTES);
    }
    end(op, now, op->ping.is_answered ? DTT_OK : DTT_EREFUSED);
}

void dtt_op_ping_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn, bool dead)
{
    struct dtt_op *op = find_op(d, txn->owner);
    if (!op || op->is_done) {
        return;
    }
    if (dead || op->ping.sends >= SENDS || send_ping(d, now, op) != DTT_OK) {
        end(op, now, DTT_ETIMEDOUT);
    }
}

/* ---- starting */

static void walk_ended(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    if (op->type == OP_PUT) {
        start_storing(d, now, op);
        return;
    }
    const struct dtt_walk *w = op->walk;
    bool is_own_answer = w->is_alone && op->type == OP_GET && !d->cfg.read_only;
    bool is_answered = is_own_answer || w->side[0].answered + w->side[1].answered > 0;
    end(op, now, is_answered ? DTT_OK : DTT_ETIMEDOUT);
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
                     const struct dtt_walk_goal *goal, size_t width)
{
    struct dtt_walk *w = dtt_walk_to(d, now, goal, width, op->type == OP_PUT);
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
    err = join_walk(d, now, op, &goal, DTT_RTABLE_K);
    if (err == DTT_OK) {
        *ret = number;
    }
    return err;
}

int dtt_dht_find(struct dtt_dht *d, struct dtt_now now, const uint8_t target[20], dtt_dht_op *ret)
{
    struct dtt_walk_goal goal = {.kind = DTT_WALK_FIND};
    int err;
    struct dtt_op *op = new_op(d, now, OP_FIND, &err);
    if (!op) {
        return err;
    }
    memcpy(goal.target, target, sizeof(goal.target));
    dtt_dht_op number = op->number;
    err = join_walk(d, now, op, &goal, DTT_RTABLE_K);
    if (err == DTT_OK) {
        *ret = number;
    }
    return err;
}

int dtt_dht_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                 dtt_dht_op *ret)
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

static int check_put(const struct dtt_dht_put_args *args)
{
    if (args->v.len == 0 || (args->is_mutable && args->seq < 0)) {
        return DTT_EINVAL;
    }
    if (args->v.len > DTT_KRPC_VALUE_MAX ||
        (args->is_mutable && args->salt_len > sizeof(args->salt))) {
        return DTT_ETOOBIG;
    }
    if (args->is_mutable &&
        !dtt_item_verify(args->sig, args->key, dtt_slice(args->salt, args->salt_len), args->seq,
                         args->v)) {
        return DTT_EAUTH;
    }
    return DTT_OK;
}

int dtt_dht_put(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_put_args *args,
                dtt_dht_op *ret)
{
    struct dtt_walk_goal goal = {.kind = DTT_WALK_GET};
    int err = check_put(args);
    struct dtt_op *op = err ? NULL : new_op(d, now, OP_PUT, &err);
    if (!op) {
        return err;
    }
    struct put *p = op->put = calloc(1, sizeof(*op->put));
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
    size_t copies = copies_of(args);
    dtt_dht_op number = op->number;
    err = join_walk(d, now, op, &goal, copies < DTT_RTABLE_K ? DTT_RTABLE_K : copies);
    if (err == DTT_OK) {
        *ret = number;
    }
    return err;
}

void dtt_dht_cancel(struct dtt_dht *d, struct dtt_now now, dtt_dht_op number)
{
    struct dtt_op *op = find_op(d, number);
    if (op && !op->is_done) {
        end(op, now, DTT_ECLOSED);
        if (op->type == OP_PUT) {
            leave_walk(d, now, op);
        }
    }
}

/* ---- events */

static bool next_value(struct dtt_op *op, struct dtt_dht_event *ret)
{
    if (op->type != OP_GET || op->status == DTT_ECLOSED || op->told == op->walk->n_values) {
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
static const struct dtt_candidate *find_result(const struct dtt_walk *w, size_t at)
{
    for (size_t side = 0; side < 2; side++) {
        size_t left = FIND_RETURNS;
        for (size_t i = 0; i < w->side[side].n && left > 0; i++) {
            const struct dtt_candidate *c = &w->side[side].c[i];
            if (c->state == DTT_CANDIDATE_ANSWERED) {
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
    if (op->type == OP_PING && op->told == 0) {
        memcpy(ret->u.node.id, op->ping.id, sizeof(ret->u.node.id));
        ret->u.node.addr = op->ping.addr;
        ret->u.node.rtt_us = op->ping.rtt_us;
        op->told++;
        return true;
    }
    const struct dtt_candidate *c = op->type == OP_FIND ? find_result(op->walk, op->told) : NULL;
    if (c) {
        memcpy(ret->u.node.id, c->id, sizeof(ret->u.node.id));
        ret->u.node.addr = c->addr;
        ret->u.node.rtt_us = c->rtt_us;
        op->told++;
    }
    return c != NULL;
}

static void tell_put_done(const struct dtt_op *op, struct dtt_dht_event *ret)
{
    const struct put *p = op->put;
    uint32_t own_acked = p->is_stored_here ? 1 : 0;
    ret->type = DTT_DHT_EV_PUT_DONE;
    ret->u.put.status = op->status;
    ret->u.put.asked = (uint32_t)p->n + p->own_asked;
    ret->u.put.verified = put_count(p, PUT_VERIFIED) + (p->args.verify ? own_acked : 0);
    ret->u.put.acked = put_count(p, PUT_ACKED) + put_count(p, PUT_VERIFIED) + own_acked;
    ret->u.put.refused = put_count(p, PUT_REFUSED) + p->own_asked - own_acked;
    ret->u.put.error = top_error(p);
    ret->u.put.elapsed_ns = op->ended_ns - op->started_ns;
}

static void tell_done(const struct dtt_dht *d, const struct dtt_op *op, struct dtt_dht_event *ret)
{
    ret->type = DTT_DHT_EV_DONE;
    ret->u.done.status = op->status;
    ret->u.done.values = 0;
    ret->u.done.asked = op->ping.sends > 0;
    ret->u.done.answered = op->ping.is_answered;
    ret->u.done.elapsed_ns = op->ended_ns - op->started_ns;
    if (op->walk) {
        const struct dtt_lookup *l = op->walk->side;
        uint32_t own = op->type == OP_GET && !d->cfg.read_only && op->status == DTT_OK;
        ret->u.done.asked = (uint32_t)(l[0].asked + l[1].asked) + own;
        ret->u.done.answered = (uint32_t)(l[0].answered + l[1].answered) + own;
        ret->u.done.values = (uint32_t)op->told;
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
            if (op->type == OP_PUT) {
                tell_put_done(op, ret);
            } else {
                tell_done(d, op, ret);
            }
            leave_walk(d, (struct dtt_now){.mono_ns = op->ended_ns}, op);
            free_op(d, op);
            return true;
        }
    }
    return false;
}
