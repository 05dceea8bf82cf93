/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * The storing part of a put or announce: one request with its token to each of the closest nodes,
 * one retransmission, an honest count of what came back, and on request a look at what they hold.
 */
#include "dht/item.h"
#include "dht/node_id.h"
#include "dht/op.h"

#include <dtt/types.h>
#include <stdlib.h>

#define PUT_TARGETS    (2 * DTT_LOOKUP_WIDTH_MAX)
#define COPIES_DEFAULT 8

static uint32_t put_count(const struct dtt_put *p, enum dtt_put_state state)
{
    uint32_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
        n += p->targets[i].state == state;
    }
    return n;
}

static void count_error(struct dtt_put *p, int code)
{
    for (size_t i = 0; i < DTT_PUT_ERRORS; i++) {
        if (p->errors[i].code == code || p->errors[i].count == 0) {
            p->errors[i].code = code;
            p->errors[i].count++;
            return;
        }
    }
}

static int top_error(const struct dtt_put *p)
{
    size_t top = 0;
    for (size_t i = 1; i < DTT_PUT_ERRORS; i++) {
        if (p->errors[i].count > p->errors[top].count) {
            top = i;
        }
    }
    return p->errors[top].code;
}

static int send_store(struct dtt_dht *d, struct dtt_now now, const struct dtt_op *op,
                      const struct dtt_put_target *t)
{
    const struct dtt_put *p = op->put;
    if (p->is_announce) {
        struct dtt_krpc a = {.method = DTT_KRPC_M_ANNOUNCE_PEER,
                             .info_hash = dtt_slice(p->target, sizeof(p->target)),
                             .token = dtt_slice(t->token, t->token_len),
                             .implied_port = dtt_krpc_int(p->port == 0),
                             .port = dtt_krpc_int(p->port ? p->port : 1)};
        return dtt_query_send(d, now, &t->addr, DTT_TXN_PUT, op->number, &a);
    }
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
                       const struct dtt_put_target *t)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_GET,
                         .target = dtt_slice(op->put->target, sizeof(op->put->target)),
                         .token = dtt_slice(t->token, t->token_len)};
    return dtt_query_send(d, now, &t->addr, DTT_TXN_PUT, op->number, &q);
}

/* Sends or sends again. While verifying, silence leaves a node what it was: ACKED. */
static void ask_target(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op,
                       struct dtt_put_target *t)
{
    struct dtt_put *p = op->put;
    t->sends++;
    int err = p->is_verifying ? send_verify(d, now, op, t) : send_store(d, now, op, t);
    if (err) {
        t->sends = 0;
        t->state = p->is_verifying ? DTT_PUT_ACKED : DTT_PUT_SILENT;
    }
}

static bool is_pending(const struct dtt_put *p, const struct dtt_put_target *t)
{
    return p->is_verifying ? t->state == DTT_PUT_ACKED && t->sends > 0 : t->state == DTT_PUT_ASKED;
}

/* True while an answer is still waited for. */
static bool is_waiting(const struct dtt_put *p)
{
    for (size_t i = 0; i < p->n; i++) {
        const struct dtt_put_target *t = &p->targets[i];
        if (is_pending(p, t)) {
            return true;
        }
    }
    return false;
}

static void start_verifying(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct dtt_put *p = op->put;
    p->is_verifying = true;
    for (size_t i = 0; i < p->n; i++) {
        p->targets[i].sends = 0;
        if (p->targets[i].state == DTT_PUT_ACKED) {
            ask_target(d, now, op, &p->targets[i]);
        }
    }
}

static void put_progress(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct dtt_put *p = op->put;
    if (op->is_done || is_waiting(p)) {
        return;
    }
    if (p->args.verify && !p->is_verifying) {
        start_verifying(d, now, op);
        if (is_waiting(p)) {
            return;
        }
    }
    uint32_t answered = put_count(p, DTT_PUT_ACKED) + put_count(p, DTT_PUT_REFUSED) +
                        put_count(p, DTT_PUT_VERIFIED) + p->own_asked;
    dtt_op_end(op, now, answered > 0 ? DTT_OK : DTT_ETIMEDOUT);
}

/* We are among the `copies` nodes closest to the target that we know of. */
static bool is_one_of_the_closest(const struct dtt_dht *d, const struct dtt_walk *w, size_t copies)
{
    for (size_t side = 0; side < 2; side++) {
        const struct dtt_lookup *l = &w->side[side];
        size_t closer = 0;
        for (size_t i = 0; i < l->n; i++) {
            closer += l->c[i].state == DTT_LOOKUP_NODE_ANSWERED &&
                      dtt_node_id_cmp(l->target, l->c[i].id, d->id) < 0;
        }
        if ((side == 0 ? d->cfg.has_v4 : d->cfg.has_v6) && closer < copies) {
            return true;
        }
    }
    return false;
}

/* `counts`: we are a holder like the others, not just a node without a network. */
static void store_here(struct dtt_dht *d, struct dtt_now now, struct dtt_put *p, bool counts)
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

/* A random target of a class, if possible one that holds a value; how many the class has. */
static struct dtt_put_target *random_target(struct dtt_dht *d, struct dtt_put *p, size_t first,
                                            bool is_crowd, bool wants_value, size_t *ret_count)
{
    struct dtt_put_target *found = NULL;
    size_t seen = 0;
    *ret_count = 0;
    for (size_t i = first; i < p->n; i++) {
        struct dtt_put_target *t = &p->targets[i];
        if (t->is_crowd != is_crowd) {
            continue;
        }
        ++*ret_count;
        bool is_better = wants_value && t->has_value && !(found && found->has_value);
        if (wants_value && found && found->has_value && !t->has_value) {
            continue;
        }
        seen = is_better ? 1 : seen + 1;
        if (dtt_rng_below(&d->rng, seen) == 0) {
            found = t;
        }
    }
    return found;
}

/*
 * Leaves `keep` of the targets from `first` on. Mostly nodes that hold a value go: many would keep
 * it, and the others would lose somebody's for ours. Not always, as some nodes never hold one.
 */
static void thin(struct dtt_dht *d, struct dtt_put *p, size_t first, bool is_crowd, size_t keep)
{
    for (;;) {
        size_t count;
        bool wants_value = dtt_rng_below(&d->rng, 3) != 0;
        struct dtt_put_target *t = random_target(d, p, first, is_crowd, wants_value, &count);
        if (count <= keep) {
            return;
        }
        *t = p->targets[--p->n];
    }
}

/* Of the closest nodes with a token `copies` of each family, and as many of a crowd: it may be one
 * by chance, and then readers ask there. */
static bool pick_targets(struct dtt_dht *d, struct dtt_put *p, const struct dtt_walk *w)
{
    size_t copies = dtt_put_copies(&p->args);
    p->targets = calloc(PUT_TARGETS, sizeof(*p->targets));
    if (!p->targets) {
        return false;
    }
    for (size_t side = 0; side < 2; side++) {
        const struct dtt_lookup *l = &w->side[side];
        size_t among = dtt_put_among(&p->args);
        size_t left[2] = {among, among};
        size_t first = p->n;
        for (size_t i = 0; i < l->n && p->n < PUT_TARGETS; i++) {
            const struct dtt_lookup_node *c = &l->c[i];
            bool is_crowd = dtt_lookup_is_crowd(l, c);
            if (c->state != DTT_LOOKUP_NODE_ANSWERED || c->token_len == 0 || left[is_crowd] == 0) {
                continue;
            }
            left[is_crowd]--;
            struct dtt_put_target *t = &p->targets[p->n++];
            *t = (struct dtt_put_target){.addr = c->addr,
                                         .has_value = c->has_value,
                                         .is_crowd = is_crowd,
                                         .token_len = c->token_len};
            memcpy(t->token, c->token, c->token_len);
        }
        thin(d, p, first, false, copies);
        thin(d, p, first, true, copies);
    }
    return true;
}

size_t dtt_put_copies(const struct dtt_dht_put_args *a)
{
    size_t copies = a->copies ? a->copies : COPIES_DEFAULT;
    return copies > DTT_LOOKUP_WIDTH_MAX ? DTT_LOOKUP_WIDTH_MAX : copies;
}

size_t dtt_put_among(const struct dtt_dht_put_args *a)
{
    size_t copies = dtt_put_copies(a);
    size_t among = a->among < DTT_LOOKUP_WIDTH_MAX ? a->among : DTT_LOOKUP_WIDTH_MAX;
    return among > copies ? among : copies;
}

static bool has_answer(const struct dtt_walk *w)
{
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < w->side[side].n; i++) {
            if (w->side[side].c[i].state == DTT_LOOKUP_NODE_ANSWERED) {
                return true;
            }
        }
    }
    return false;
}

void dtt_put_start(struct dtt_dht *d, struct dtt_now now, struct dtt_op *op)
{
    struct dtt_walk *w = op->walk;
    struct dtt_put *p = op->put;
    size_t copies = dtt_put_copies(&p->args);
    bool counts = w->is_alone || has_answer(w);
    if (!pick_targets(d, p, w)) {
        dtt_op_leave_walk(d, now, op);
        dtt_op_end(op, now, DTT_ENOMEM);
        return;
    }
    if (!p->is_announce && !d->cfg.read_only && is_one_of_the_closest(d, w, copies)) {
        store_here(d, now, p, counts);
    }
    w->is_result = false; /* from now on there is more than it has seen */
    dtt_op_leave_walk(d, now, op);
    for (size_t i = 0; i < p->n; i++) {
        ask_target(d, now, op, &p->targets[i]);
    }
    put_progress(d, now, op);
}

static struct dtt_put_target *find_target(const struct dtt_put *p, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < p->n; i++) {
        if (dtt_addr_eq(&p->targets[i].addr, addr)) {
            return &p->targets[i];
        }
    }
    return NULL;
}

static void take_put_answer(struct dtt_put *p, struct dtt_put_target *t, const struct dtt_txn *txn,
                            const struct dtt_krpc *m)
{
    if (txn->method == DTT_KRPC_M_GET) {
        if (p->is_verifying && t->state == DTT_PUT_ACKED) {
            t->state = m->type == DTT_KRPC_REPLY && dtt_slice_eq(m->v, p->args.v) ? DTT_PUT_VERIFIED
                                                                                  : DTT_PUT_ACKED;
            t->sends = 0;
        }
    } else if (t->state == DTT_PUT_ASKED || t->state == DTT_PUT_SILENT) {
        t->state = m->type == DTT_KRPC_REPLY ? DTT_PUT_ACKED : DTT_PUT_REFUSED;
        if (t->state == DTT_PUT_REFUSED) {
            count_error(p, (int)(m->error > 0 && m->error < 1000 ? m->error : DTT_KRPC_E_GENERIC));
        }
    }
}

void dtt_op_put_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                       const struct dtt_krpc *m)
{
    struct dtt_op *op = dtt_op_find(d, txn->owner);
    struct dtt_put_target *t =
        op && op->put && !op->is_done ? find_target(op->put, &txn->to) : NULL;
    if (t) {
        take_put_answer(op->put, t, txn, m);
        put_progress(d, now, op);
    }
}

void dtt_op_put_slow(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn, bool dead)
{
    struct dtt_op *op = dtt_op_find(d, txn->owner);
    struct dtt_put_target *t =
        op && op->put && !op->is_done ? find_target(op->put, &txn->to) : NULL;
    if (!t || op->put->is_verifying != (txn->method == DTT_KRPC_M_GET) || !is_pending(op->put, t)) {
        return;
    }
    if (!dead && t->sends < DTT_OP_SENDS) {
        ask_target(d, now, op, t);
    } else {
        dtt_upkeep_silent(d, now, &txn->to, 1);
        t->sends = 0;
        t->state = op->put->is_verifying ? DTT_PUT_ACKED : DTT_PUT_SILENT;
    }
    put_progress(d, now, op);
}

void dtt_put_tell(const struct dtt_op *op, struct dtt_dht_event *ret)
{
    const struct dtt_put *p = op->put;
    uint32_t own_acked = p->is_stored_here ? 1 : 0;
    ret->type = DTT_DHT_EV_PUT_DONE;
    ret->u.put.status = op->status;
    ret->u.put.asked = (uint32_t)p->n + p->own_asked;
    ret->u.put.verified = put_count(p, DTT_PUT_VERIFIED) + (p->args.verify ? own_acked : 0);
    ret->u.put.acked = put_count(p, DTT_PUT_ACKED) + put_count(p, DTT_PUT_VERIFIED) + own_acked;
    ret->u.put.refused = put_count(p, DTT_PUT_REFUSED) + p->own_asked - own_acked;
    ret->u.put.error = top_error(p);
    ret->u.put.elapsed_ns = op->ended_ns - op->started_ns;
}
