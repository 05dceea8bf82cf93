/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/answers.h"

#include "dht/bootstrap.h"
#include "dht/inside.h"
#include "dht/op.h"
#include "dht/query.h"
#include "dht/server.h"
#include "dht/upkeep.h"
#include "dht/walk.h"

void dtt_answers_walks(struct dtt_dht *d, struct dtt_now now)
{
    for (struct dtt_walk *walk; (walk = dtt_walks_in_state(d, DTT_WALK_ENDED)) != NULL;) {
        dtt_walks_enter(walk, DTT_WALK_DONE);
        dtt_upkeep_walk_ended(d, now, walk);
        dtt_op_walk_ended(d, now, walk);
        dtt_walks_release(d, now.mono_ns, walk);
    }
}

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
    dtt_answers_walks(d, now);
}

/* How the node sees us (BEP 42). */
static void take_vote(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                      const struct dtt_krpc *reply)
{
    struct dtt_addr seen;
    size_t side = dtt_side_of(from->family);
    if (reply->ip.data && dtt_addr_from_compact(reply->ip, &seen) == DTT_OK &&
        dtt_votes_add(&d->votes[side], now, from, &seen)) {
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
    if (dtt_rtable_seen(table, now, id, addr, end->rtt_ns, flags) != DTT_RTABLE_ADDED) {
        return;
    }
    if (is_first) {
        d->ready_event = true;
        DTT_TRACE(d->ctx, DHT_READY, dtt_tv_addr(addr));
    }
    dtt_upkeep_node_live(d, now, is_first);
    dtt_walk_node_live(d, now, id, addr);
}

void dtt_answers_take(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                      const struct dtt_krpc *answer)
{
    struct dtt_query_end end;
    if (!dtt_query_match(d, now, from, answer, &end)) {
        return;
    }
    if (answer->type == DTT_KRPC_REPLY) {
        take_vote(d, now, from, answer);
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

void dtt_answers_unreachable(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to)
{
    dtt_query_unreachable(d, to);
    tell_timeouts(d, now, 0);
}

void dtt_answers_tick(struct dtt_dht *d, struct dtt_now now)
{
    tell_timeouts(d, now, now.mono_ns);
}
