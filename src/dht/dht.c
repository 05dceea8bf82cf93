/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The node's entry points: construction, datagrams in and out, time. Each tells what has ended. */
#include "dht/dht.h"

#include "dht/bootstrap.h"
#include "dht/inside.h"
#include "dht/item.h"
#include "dht/krpc.h"
#include "dht/mapping.h"
#include "dht/op.h"
#include "dht/query.h"
#include "dht/server.h"
#include "dht/upkeep.h"
#include "dht/walk.h"

#include <assert.h>
#include <dtt/types.h>
#include <sodium.h>
#include <stdlib.h>

/* A deadline missed by this much means that the host slept. */
#define SLEPT_NS (60 * DTT_S)

int dtt_dht_new(struct dtt_dht **ret, struct dtt_ctx *ctx, const struct dtt_dht_config *cfg,
                struct dtt_now now)
{
    uint8_t hash_key[16];
    struct dtt_dht *d = calloc(1, sizeof(*d));
    if (!d) {
        return DTT_ENOMEM;
    }
    d->ctx = ctx;
    d->cfg = *cfg;
    dtt_rng_init(&d->rng, ctx->seed, "dht");
    dtt_rng_bytes(&d->rng, d->id, sizeof(d->id));
    dtt_rng_bytes(&d->rng, d->secret, sizeof(d->secret));
    dtt_rng_bytes(&d->rng, hash_key, sizeof(hash_key));
    dtt_rtable_init(&d->tables[0], DTT_FAMILY_V4, d->id);
    dtt_rtable_init(&d->tables[1], DTT_FAMILY_V6, d->id);
    dtt_txns_init(&d->txns, &d->rng);
    dtt_timerq_init(&d->timers);
    dtt_timerq_init(&d->walk_timers);
    dtt_polite_init(&d->polite, hash_key, now);
    dtt_proofs_init(&d->proofs, hash_key);
    dtt_storage_init(&d->storage, hash_key);
    dtt_peerstore_init(&d->peers, hash_key);
    d->pace_ns = DTT_NEVER;
    d->refresh_ns = DTT_NEVER;
    d->trim_ns = DTT_NEVER;
    *ret = d;
    return DTT_OK;
}

void dtt_dht_free(struct dtt_dht *d)
{
    if (!d) {
        return;
    }
    dtt_op_free_all(d);
    dtt_walks_free_all(d);
    dtt_timerq_fini(&d->timers);
    dtt_timerq_fini(&d->walk_timers);
    dtt_txns_fini(&d->txns);
    dtt_outq_fini(&d->out);
    dtt_storage_fini(&d->storage);
    dtt_peerstore_fini(&d->peers);
    dtt_polite_fini(&d->polite);
    dtt_proofs_fini(&d->proofs);
    dtt_held_fini(&d->held);
    dtt_rtable_fini(&d->tables[0]);
    dtt_rtable_fini(&d->tables[1]);
    dtt_rng_fini(&d->rng);
    sodium_memzero(d->secret, sizeof(d->secret));
    free(d->bootstraps);
    free(d->saved);
    free(d);
}

/* What holds between two calls, whatever peers send. */
static bool is_sound(const struct dtt_dht *d)
{
    for (size_t i = 0; i < DTT_WALKS_MAX; i++) {
        const struct dtt_walk *walk = d->walks[i];
        if (walk && (walk->state == DTT_WALK_ENDED || walk->refs != dtt_op_users(d, walk))) {
            return false;
        }
        if (walk && walk->state == DTT_WALK_RUNNING &&
            (!dtt_lookup_is_sound(&walk->side[0]) || !dtt_lookup_is_sound(&walk->side[1]))) {
            return false;
        }
    }
    return dtt_rtable_is_sound(&d->tables[0]) && dtt_rtable_is_sound(&d->tables[1]) &&
           dtt_query_is_sound(d);
}

/* ---- ends of queries and walks */

/* Tells of the walks that have ended. */
static void tell_walks(struct dtt_dht *d, struct dtt_now now)
{
    for (struct dtt_walk *walk; (walk = dtt_walks_in_state(d, DTT_WALK_ENDED)) != NULL;) {
        dtt_walks_enter(walk, DTT_WALK_DONE);
        dtt_upkeep_walk_ended(d, now, walk);
        dtt_op_walk_ended(d, now, walk);
        dtt_walks_release(d, now.mono_ns, walk);
    }
}

/* The end of a query, or its first timeout, is its sender's business. */
static void tell_asker(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end)
{
    bool is_reply = end->answer && end->answer->type == DTT_KRPC_REPLY;
    switch ((enum dtt_txn_purpose)end->txn.purpose) {
    case DTT_TXN_WALK: dtt_walk_asked(d, now, end); break;
    case DTT_TXN_PUT:
    case DTT_TXN_PING: dtt_op_asked(d, now, end); break;
    case DTT_TXN_BOOT: dtt_upkeep_boot_asked(d, now, end); break;
    case DTT_TXN_PROOF: dtt_server_proof(d, now, &end->txn.to, is_reply); break;
    case DTT_TXN_PROBE: dtt_upkeep_probed(d, now, end); break;
    }
    tell_walks(d, now);
}

/* How the node sees us (BEP 42). */
static void take_vote(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                      const struct dtt_krpc *reply, uint64_t sent_ns)
{
    struct dtt_addr seen;
    size_t side = dtt_side_of(from->family);
    if (reply->ip.data && dtt_addr_from_compact(reply->ip, &seen) == DTT_OK &&
        dtt_votes_add(&d->votes[side], now, from, &seen, sent_ns)) {
        d->external_event[side] = true;
        dtt_upkeep_address_known(d, now);
        DTT_TRACE(d->ctx, DHT_EXTERNAL_ADDR, dtt_tv_addr(&seen), dtt_tv_int(d->votes[side].count));
    }
}

/* The node behind a matched reply is alive. */
static void learn_node(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end)
{
    const struct dtt_addr *addr = &end->txn.to;
    const uint8_t *id = end->answer->id.data;
    bool is_router = dtt_bootstrap_is_router(d, addr);
    bool has_bep44 = end->txn.method == DTT_KRPC_M_GET && end->answer->token.len > 0;
    unsigned flags = (is_router ? DTT_RNODE_ROUTER : 0) | (has_bep44 ? DTT_RNODE_BEP44 : 0);
    bool is_first = dtt_dht_live(d) == 0;
    struct dtt_rtable *table = &d->tables[dtt_side_of(addr->family)];
    if (is_router && table->live >= DTT_BOOTSTRAP_ROUTERS_UNTIL) {
        return;
    }
    if (!dtt_rtable_seen(table, now, id, addr, end->rtt_ns, flags)) {
        return;
    }
    if (is_first) {
        d->ready_event = true;
        DTT_TRACE(d->ctx, DHT_READY, dtt_tv_addr(addr));
    }
    dtt_upkeep_node_live(d, now, is_first);
    dtt_walk_node_live(d, now, id, addr);
}

/* A reply or an error has come. */
static void take_answer(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                        const struct dtt_krpc *answer)
{
    struct dtt_query_end end;
    if (!dtt_query_match(d, now, from, answer, &end)) {
        return;
    }
    if (answer->type == DTT_KRPC_REPLY) {
        take_vote(d, now, from, answer, end.txn.sent_ns);
    }
    /* First the asker: when the node turns live, lookups know it already. */
    tell_asker(d, now, &end);
    if (answer->type == DTT_KRPC_REPLY) {
        learn_node(d, now, &end);
    }
    if (end.txn.purpose == DTT_TXN_BOOT) { /* walks may have waited for it */
        dtt_walk_pump_all(d, now);
    }
}

static void tell_timeouts(struct dtt_dht *d, struct dtt_now now, uint64_t until_ns)
{
    for (struct dtt_query_end end; dtt_query_next_timeout(d, until_ns, &end);) {
        tell_asker(d, now, &end);
    }
}

/* The end of each call: tells of the walks that it has ended. */
static int settle(struct dtt_dht *d, struct dtt_now now, int ret)
{
    tell_walks(d, now);
    assert(is_sound(d));
    (void)is_sound;
    return ret;
}

/* ---- input */

void dtt_dht_add_bootstrap(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr)
{
    dtt_bootstrap_add(d, now, addr);
    settle(d, now, 0);
}

void dtt_dht_expect_bootstrap(struct dtt_dht *d, struct dtt_now now, bool is_expected)
{
    d->expects_bootstrap = is_expected;
    dtt_upkeep_end_hopeless(d, now);
    settle(d, now, 0);
}

static void set_mutable(struct dtt_goal *goal, const uint8_t key[32], struct dtt_slice salt)
{
    goal->is_mutable = true;
    memcpy(goal->key, key, sizeof(goal->key));
    memcpy(goal->salt, salt.data, salt.len);
    goal->salt_len = salt.len;
    dtt_item_target(goal->target, key, salt);
}

int dtt_dht_get(struct dtt_dht *d, struct dtt_now now, const struct dtt_dht_get_args *args,
                dtt_dht_op *ret)
{
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM};
    struct dtt_walk_wish wish = {.width =
                                     dtt_lookup_width(args->width ? args->width : DTT_RTABLE_K),
                                 .max_age_ns = args->fresh_ns,
                                 .sample = args->sample,
                                 .first = args->first,
                                 .is_brief = args->is_brief};
    if (args->is_mutable && args->salt_len > sizeof(args->salt)) {
        return DTT_ETOOBIG;
    }
    if (args->is_mutable) {
        set_mutable(&goal, args->key, dtt_slice(args->salt, args->salt_len));
    } else {
        memcpy(goal.target, args->target, sizeof(goal.target));
    }
    return settle(d, now, dtt_op_start(d, now, DTT_OP_GET, &goal, &wish, NULL, ret));
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
    struct dtt_goal goal = {.kind = DTT_GOAL_ITEM};
    size_t among = dtt_put_among(args);
    struct dtt_walk_wish wish = {.width = among < DTT_RTABLE_K ? DTT_RTABLE_K : among,
                                 .reuse_tokens = true,
                                 .is_brief = args->is_brief};
    int err = check_put(d, args);
    if (err) {
        return err;
    }
    if (args->is_mutable) {
        set_mutable(&goal, args->key, dtt_slice(args->salt, args->salt_len));
    } else {
        dtt_item_target_immutable(goal.target, args->v);
    }
    struct dtt_put *put = dtt_put_new(goal.target);
    if (!put) {
        return DTT_ENOMEM;
    }
    put->args = *args;
    memcpy(put->v, args->v.data, args->v.len);
    put->args.v.data = put->v;
    return settle(d, now, dtt_op_start(d, now, DTT_OP_PUT, &goal, &wish, put, ret));
}

/* An operation on the closest nodes of a target. */
static int start(struct dtt_dht *d, struct dtt_now now, enum dtt_op_type type,
                 enum dtt_goal_kind kind, const uint8_t target[20], struct dtt_put *put,
                 dtt_dht_op *ret)
{
    struct dtt_goal goal = {.kind = kind};
    struct dtt_walk_wish wish = {.width = DTT_RTABLE_K, .reuse_tokens = put};
    memcpy(goal.target, target, sizeof(goal.target));
    return settle(d, now, dtt_op_start(d, now, type, &goal, &wish, put, ret));
}

int dtt_dht_find(struct dtt_dht *d, struct dtt_now now, const uint8_t target[20], dtt_dht_op *ret)
{
    return start(d, now, DTT_OP_FIND, DTT_GOAL_NODES, target, NULL, ret);
}

int dtt_dht_get_peers(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                      dtt_dht_op *ret)
{
    return start(d, now, DTT_OP_PEERS, DTT_GOAL_PEERS, info_hash, NULL, ret);
}

int dtt_dht_announce(struct dtt_dht *d, struct dtt_now now, const uint8_t info_hash[20],
                     uint16_t port, dtt_dht_op *ret)
{
    struct dtt_put *put = dtt_put_new(info_hash);
    if (!put) {
        return DTT_ENOMEM;
    }
    put->is_announce = true;
    put->port = port;
    return start(d, now, DTT_OP_PUT, DTT_GOAL_PEERS, info_hash, put, ret);
}

int dtt_dht_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                 dtt_dht_op *ret)
{
    return settle(d, now, dtt_op_ping(d, now, addr, ret));
}

void dtt_dht_cancel(struct dtt_dht *d, struct dtt_now now, dtt_dht_op op)
{
    dtt_op_cancel(d, now, op);
    settle(d, now, 0);
}

int dtt_dht_recv(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *local,
                 const struct dtt_addr *from, struct dtt_slice datagram)
{
    struct dtt_krpc m;
    int err = dtt_krpc_decode(datagram, &m);
    if (err) {
        return err;
    }
    dtt_outq_answer(d, local, from);
    if (!dtt_addr_is_usable(from) || !dtt_dht_has_family(d, from->family)) {
        DTT_COUNT(d->ctx, DHT_RX_UNUSABLE);
    } else if (m.type == DTT_KRPC_QUERY) {
        dtt_server_query(d, now, from, &m, datagram.len);
    } else {
        take_answer(d, now, from, &m);
    }
    dtt_outq_answer(d, NULL, NULL);
    return settle(d, now, DTT_OK);
}

void dtt_dht_unreachable(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to)
{
    dtt_query_unreachable(d, to);
    tell_timeouts(d, now, 0);
    settle(d, now, 0);
}

/* ---- output */

bool dtt_dht_next_packet(struct dtt_dht *d, struct dtt_dht_packet *ret)
{
    struct dtt_slice data;
    if (!dtt_outq_pop(&d->out, &ret->from, &ret->to, &data)) {
        return false;
    }
    ret->len = data.len;
    memcpy(ret->data, data.data, data.len);
    return true;
}

bool dtt_dht_seen_ip(const struct dtt_dht *d, struct dtt_addr *ret)
{
    return dtt_votes_ip(&d->votes[dtt_side_of(DTT_FAMILY_V4)], ret);
}

void dtt_dht_stats(const struct dtt_dht *d, struct dtt_dht_stats *ret)
{
    *ret = (struct dtt_dht_stats){.nodes_v4 = (uint32_t)d->tables[0].live,
                                  .nodes_v6 = (uint32_t)d->tables[1].live,
                                  .bootstraps = (uint32_t)d->n_bootstraps,
                                  .asked = d->asked,
                                  .answered = d->answered,
                                  .items = (uint32_t)d->storage.values,
                                  .peers = (uint32_t)d->peers.count};
    memcpy(ret->id, d->id, sizeof(ret->id));
}

struct dtt_reach dtt_dht_mapping(const struct dtt_dht *d, struct dtt_now now, uint8_t family)
{
    return dtt_mapping_of(&d->votes[dtt_side_of(family)], now);
}

uint64_t dtt_dht_deadline(const struct dtt_dht *d)
{
    uint64_t at = dtt_min_ns(dtt_timerq_deadline(&d->timers), dtt_walk_deadline(d));
    return dtt_min_ns(at, dtt_upkeep_deadline(d));
}

void dtt_dht_moved(struct dtt_dht *d, struct dtt_now now)
{
    dtt_upkeep_woke(d, now);
    dtt_votes_forget(&d->votes[0]);
    dtt_votes_forget(&d->votes[1]);
    settle(d, now, 0);
}

void dtt_dht_tick(struct dtt_dht *d, struct dtt_now now)
{
    if (now.mono_ns > SLEPT_NS && dtt_dht_deadline(d) < now.mono_ns - SLEPT_NS) {
        dtt_query_woke(d, now);
        dtt_upkeep_woke(d, now);
    }
    tell_timeouts(d, now, now.mono_ns);
    dtt_walk_tick(d, now);
    tell_walks(d, now);
    dtt_upkeep_tick(d, now);
    settle(d, now, 0);
}
