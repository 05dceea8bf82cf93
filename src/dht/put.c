/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/put.h"

#include "dht/alive.h"
#include "dht/inside.h"
#include "dht/item.h"
#include "dht/node_id.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>

#define SENDS 2 /* a request and one retransmission */
#define PUT_TARGETS (2 * DTT_LOOKUP_WIDTH_MAX)
#define COPIES_DEFAULT 8

struct dtt_put *dtt_put_new(const uint8_t target[DTT_NODE_ID_BYTES])
{
    struct dtt_put *put = calloc(1, sizeof(*put));
    if (put) {
        memcpy(put->target, target, sizeof(put->target));
    }
    return put;
}

void dtt_put_free(struct dtt_put *put)
{
    if (put) {
        free(put->targets);
        free(put);
    }
}

/* Copies asked for, within the limits. */
static size_t copies_of(const struct dtt_dht_put_args *a)
{
    return dtt_lookup_width(a->copies ? a->copies : COPIES_DEFAULT);
}

/* The only way the state changes: forwards. */
static void enter(struct dtt_put *put, enum dtt_put_state state)
{
    assert(state > put->state);
    put->state = (uint8_t)state;
}

static uint32_t count(const struct dtt_put *put, enum dtt_put_target_state state)
{
    uint32_t n = 0;
    for (size_t i = 0; i < put->n; i++) {
        n += put->targets[i].state == state;
    }
    return n;
}

static void count_error(struct dtt_put *put, int code)
{
    for (size_t i = 0; i < DTT_PUT_ERRORS; i++) {
        if (put->errors[i].code == code || put->errors[i].count == 0) {
            put->errors[i].code = code;
            put->errors[i].count++;
            return;
        }
    }
}

static int top_error(const struct dtt_put *put)
{
    size_t top = 0;
    for (size_t i = 1; i < DTT_PUT_ERRORS; i++) {
        if (put->errors[i].count > put->errors[top].count) {
            top = i;
        }
    }
    return put->errors[top].code;
}

static int send_store(struct dtt_dht *d, struct dtt_now now, const struct dtt_put *put,
                      const struct dtt_put_target *target)
{
    if (put->is_announce) {
        struct dtt_krpc a = {.method = DTT_KRPC_M_ANNOUNCE_PEER,
                             .info_hash = dtt_slice(put->target, sizeof(put->target)),
                             .token = dtt_slice(target->token, target->token_len),
                             .implied_port = dtt_krpc_int(put->port == 0),
                             .port = dtt_krpc_int(put->port ? put->port : 1)};
        return dtt_query_send(d, now, &target->addr, DTT_TXN_PUT, put->owner, &a);
    }
    struct dtt_krpc q = {.method = DTT_KRPC_M_PUT,
                         .target = dtt_slice(put->target, sizeof(put->target)),
                         .token = dtt_slice(target->token, target->token_len),
                         .v = put->args.v};
    if (put->args.is_mutable) {
        q.k = dtt_slice(put->args.key, sizeof(put->args.key));
        q.sig = dtt_slice(put->args.sig, sizeof(put->args.sig));
        q.seq = dtt_krpc_int(put->args.seq);
        if (put->args.salt_len > 0) {
            q.salt = dtt_slice(put->args.salt, put->args.salt_len);
        }
        if (put->args.has_cas && target->has_value) {
            q.cas = dtt_krpc_int(put->args.cas);
        }
    }
    return dtt_query_send(d, now, &target->addr, DTT_TXN_PUT, put->owner, &q);
}

static int send_verify(struct dtt_dht *d, struct dtt_now now, const struct dtt_put *put,
                       const struct dtt_put_target *target)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_GET,
                         .target = dtt_slice(put->target, sizeof(put->target)),
                         .token = dtt_slice(target->token, target->token_len)};
    return dtt_query_send(d, now, &target->addr, DTT_TXN_PUT, put->owner, &q);
}

static bool is_verifying(const struct dtt_put *put)
{
    return put->state == DTT_PUT_VERIFYING;
}

/* No answer will come. While verifying, silence leaves a node what it was: ACKED. */
static void give_up(const struct dtt_put *put, struct dtt_put_target *target)
{
    target->sends = 0;
    target->state = is_verifying(put) ? DTT_PUT_TARGET_ACKED : DTT_PUT_TARGET_SILENT;
}

/* Sends or sends again. */
static void ask_target(struct dtt_dht *d, struct dtt_now now, const struct dtt_put *put,
                       struct dtt_put_target *target)
{
    target->sends++;
    if ((is_verifying(put) ? send_verify(d, now, put, target) : send_store(d, now, put, target)) !=
        DTT_OK) {
        give_up(put, target);
    }
}

static bool is_pending(const struct dtt_put *put, const struct dtt_put_target *target)
{
    return is_verifying(put) ? target->state == DTT_PUT_TARGET_ACKED && target->sends > 0
                             : target->state == DTT_PUT_TARGET_ASKED;
}

/* True while an answer is still waited for. */
static bool is_waiting(const struct dtt_put *put)
{
    for (size_t i = 0; i < put->n; i++) {
        if (is_pending(put, &put->targets[i])) {
            return true;
        }
    }
    return false;
}

static void start_verifying(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put)
{
    enter(put, DTT_PUT_VERIFYING);
    for (size_t i = 0; i < put->n; i++) {
        put->targets[i].sends = 0;
        if (put->targets[i].state == DTT_PUT_TARGET_ACKED) {
            ask_target(d, now, put, &put->targets[i]);
        }
    }
}

static void go_on(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put)
{
    if (!is_waiting(put) && put->args.verify && !is_verifying(put)) {
        start_verifying(d, now, put);
    }
    if (!is_waiting(put)) {
        enter(put, DTT_PUT_OVER);
    }
}

int dtt_put_status(const struct dtt_put *put)
{
    uint32_t answered = count(put, DTT_PUT_TARGET_ACKED) + count(put, DTT_PUT_TARGET_REFUSED) +
                        count(put, DTT_PUT_TARGET_VERIFIED);
    return answered > 0 ? DTT_OK : DTT_ETIMEDOUT;
}

/* We are among the `copies` nodes closest to the target that we know of. */
static bool is_one_of_the_closest(const struct dtt_dht *d, const struct dtt_walk *walk,
                                  size_t copies)
{
    for (size_t side = 0; side < 2; side++) {
        const struct dtt_lookup *lookup = &walk->side[side];
        size_t closer = 0;
        for (size_t i = 0; i < lookup->n; i++) {
            closer += lookup->nodes[i].state == DTT_LOOKUP_NODE_ANSWERED &&
                      dtt_node_id_cmp(lookup->target, lookup->nodes[i].id, d->id) < 0;
        }
        if (dtt_dht_has_family(d, d->tables[side].family) && closer < copies) {
            return true;
        }
    }
    return false;
}

/* We are a holder like the others, for those that ask us; but no copy that the result counts. */
static void store_here(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put)
{
    const struct dtt_dht_put_args *a = &put->args;
    struct dtt_storage_item item = {.target = put->target,
                                    .is_mutable = a->is_mutable,
                                    .k = a->key,
                                    .sig = a->sig,
                                    .seq = a->seq,
                                    .v = a->v};
    enum dtt_krpc_error error = DTT_KRPC_E_NONE;
    if (a->is_mutable) {
        error = dtt_storage_check(&d->storage, put->target, a->seq, a->has_cas, a->cas);
    }
    if (error == DTT_KRPC_E_NONE) { /* should there be no room, the others still have it */
        dtt_storage_put(&d->storage, now, NULL, &item);
    }
}

/* How much a target is to be left out: the claim decides, then, if that is wanted, a value. */
static unsigned needless(const struct dtt_put_target *target, bool wants_value)
{
    return 2u * (DTT_PUT_FIRST - target->claim) + (wants_value && target->has_value);
}

/* A random one of the most needless targets of a class; how many the class has. */
static struct dtt_put_target *random_target(struct dtt_dht *d, struct dtt_put *put, size_t first,
                                            bool is_crowd, bool wants_value, size_t *ret_count)
{
    struct dtt_put_target *found = NULL;
    size_t seen = 0;
    *ret_count = 0;
    for (size_t i = first; i < put->n; i++) {
        struct dtt_put_target *target = &put->targets[i];
        if (target->is_crowd != is_crowd) {
            continue;
        }
        ++*ret_count;
        unsigned more = needless(target, wants_value);
        unsigned most = found ? needless(found, wants_value) : 0;
        if (found && more < most) {
            continue;
        }
        seen = found && more == most ? seen + 1 : 1;
        if (dtt_rng_below(&d->rng, seen) == 0) {
            found = target;
        }
    }
    return found;
}

/*
 * Leaves `keep` of the targets from `first` on. Mostly nodes that hold a value are left out: many
 * of them would keep it, and the rest would lose another writer's value for ours. Not always, as
 * some nodes never hold one.
 */
static void thin(struct dtt_dht *d, struct dtt_put *put, size_t first, bool is_crowd, size_t keep)
{
    for (;;) {
        size_t count;
        bool wants_value = dtt_rng_below(&d->rng, 3) != 0;
        struct dtt_put_target *target = random_target(d, put, first, is_crowd, wants_value, &count);
        if (count <= keep) {
            return;
        }
        *target = put->targets[--put->n];
    }
}

/* Readers of a sample ask the closest nodes first: what is urgent goes there, other things not. */
static void claim(struct dtt_put *put, size_t first)
{
    size_t rank = 0;
    for (size_t i = first; i < put->n; i++) {
        struct dtt_put_target *target = &put->targets[i];
        target->claim = rank < put->args.first   ? DTT_PUT_FIRST
                        : rank < put->args.spare ? DTT_PUT_SPARED
                                                 : DTT_PUT_CHANCE;
        rank += !target->is_crowd;
    }
}

/* `copies` of the closest nodes with a token, of each family, and as many of a crowd: if it is one
 * only by chance, readers ask there. */
static bool pick_targets(struct dtt_dht *d, struct dtt_put *put, const struct dtt_walk *walk)
{
    size_t copies = copies_of(&put->args);
    put->targets = calloc(PUT_TARGETS, sizeof(*put->targets));
    if (!put->targets) {
        return false;
    }
    for (size_t side = 0; side < 2; side++) {
        const struct dtt_lookup *lookup = &walk->side[side];
        size_t among = dtt_put_among(&put->args);
        size_t left[2] = {among, among};
        size_t first = put->n;
        for (size_t i = 0; i < lookup->n && put->n < PUT_TARGETS; i++) {
            const struct dtt_lookup_node *node = &lookup->nodes[i];
            bool is_crowd = dtt_lookup_is_crowd(lookup, node);
            if (node->state != DTT_LOOKUP_NODE_ANSWERED || node->token_len == 0 ||
                left[is_crowd] == 0) {
                continue;
            }
            left[is_crowd]--;
            struct dtt_put_target *target = &put->targets[put->n++];
            *target = (struct dtt_put_target){.addr = node->addr,
                                              .has_value = node->has_value,
                                              .is_crowd = is_crowd,
                                              .token_len = node->token_len};
            memcpy(target->token, node->token, node->token_len);
        }
        claim(put, first);
        thin(d, put, first, false, copies);
        thin(d, put, first, true, copies);
    }
    return true;
}

size_t dtt_put_among(const struct dtt_dht_put_args *a)
{
    size_t copies = copies_of(a);
    return a->among <= copies ? copies : dtt_lookup_width(a->among);
}

static uint32_t count_answered(const struct dtt_walk *walk)
{
    uint32_t n = 0;
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < walk->side[side].n; i++) {
            n += walk->side[side].nodes[i].state == DTT_LOOKUP_NODE_ANSWERED;
        }
    }
    return n;
}

int dtt_put_choose(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put,
                   const struct dtt_walk *walk)
{
    put->found = count_answered(walk);
    if (!pick_targets(d, put, walk)) {
        return DTT_ENOMEM;
    }
    if (!put->is_announce && !d->cfg.read_only &&
        is_one_of_the_closest(d, walk, copies_of(&put->args))) {
        store_here(d, now, put);
    }
    return DTT_OK;
}

void dtt_put_store(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put)
{
    enter(put, DTT_PUT_STORING);
    for (size_t i = 0; i < put->n; i++) {
        ask_target(d, now, put, &put->targets[i]);
    }
    go_on(d, now, put);
}

static struct dtt_put_target *find_target(const struct dtt_put *put, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < put->n; i++) {
        if (dtt_addr_eq(&put->targets[i].addr, addr)) {
            return &put->targets[i];
        }
    }
    return NULL;
}

/* The node says what it holds. */
static void take_verify(const struct dtt_put *put, struct dtt_put_target *target,
                        const struct dtt_krpc *answer)
{
    if (is_verifying(put) && target->state == DTT_PUT_TARGET_ACKED) {
        bool is_ours = answer->type == DTT_KRPC_REPLY && dtt_slice_eq(answer->v, put->args.v);
        target->state = is_ours ? DTT_PUT_TARGET_VERIFIED : DTT_PUT_TARGET_ACKED;
        target->sends = 0;
    }
}

static void take_store(struct dtt_put *put, struct dtt_put_target *target,
                       const struct dtt_krpc *answer)
{
    if (target->state != DTT_PUT_TARGET_ASKED && target->state != DTT_PUT_TARGET_SILENT) {
        return;
    }
    target->state = answer->type == DTT_KRPC_REPLY ? DTT_PUT_TARGET_ACKED : DTT_PUT_TARGET_REFUSED;
    if (target->state == DTT_PUT_TARGET_REFUSED) {
        count_error(put, (int)(answer->error > 0 && answer->error < 1000 ? answer->error
                                                                         : DTT_KRPC_E_GENERIC));
    }
}

void dtt_put_asked(struct dtt_dht *d, struct dtt_now now, struct dtt_put *put,
                   const struct dtt_query_end *end)
{
    bool is_verify = end->txn.method == DTT_KRPC_M_GET;
    struct dtt_put_target *target = find_target(put, &end->txn.to);
    if (!target) {
        return;
    }
    if (end->answer && is_verify) {
        take_verify(put, target, end->answer);
    } else if (end->answer) {
        take_store(put, target, end->answer);
    } else if (is_verifying(put) != is_verify || !is_pending(put, target)) {
        return;
    } else if (end->outcome == DTT_QUERY_SLOW && target->sends < SENDS) {
        ask_target(d, now, put, target);
    } else {
        dtt_alive_silent(d, now, &end->txn.to, 1);
        give_up(put, target);
    }
    go_on(d, now, put);
}

void dtt_put_tell(const struct dtt_put *put, struct dtt_dht_event *ret)
{
    ret->u.put.asked = (uint32_t)put->n;
    ret->u.put.verified = count(put, DTT_PUT_TARGET_VERIFIED);
    ret->u.put.acked = count(put, DTT_PUT_TARGET_ACKED) + ret->u.put.verified;
    ret->u.put.refused = count(put, DTT_PUT_TARGET_REFUSED);
    ret->u.put.error = top_error(put);
    ret->u.put.found = put->found;
    memcpy(ret->u.put.target, put->target, sizeof(put->target));
    memcpy(ret->u.put.key, put->args.key, sizeof(put->args.key));
    ret->u.put.seq = put->args.seq;
}
