/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Queries of ours and their answers: transaction, round trip times, timeouts, and what every answer
 * teaches whoever asked: the node is alive, and how it sees our address.
 */
#include "dht/inside.h"

#include <dtt/types.h>

#define RTO_FIRST_NS   (1 * DTT_S)   /* before the first sample */
#define RTO_DEVIATIONS 2             /* from the round trips of all */
#define RTO_MARGIN_NS  (30 * DTT_MS) /* of a node that is known, at least */
#define RTO_MIN_NS     (100 * DTT_MS)
#define RTO_MAX_NS     (1500 * DTT_MS)
#define LATE_NS        (4 * DTT_S) /* an answer counts this long, though nobody waits for it */

int dtt_datagram_send(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                      enum dtt_polite_kind kind, struct dtt_slice data)
{
    bool is_query = kind == DTT_POLITE_QUERY;
    if (!dtt_dht_has_family(d, to->family)) {
        return DTT_EREFUSED;
    }
    uint8_t *room = data.len <= DTT_DHT_PACKET_MAX ? dtt_outq_reserve(&d->out, data.len) : NULL;
    if (!room) {
        DTT_COUNT(d->ctx, DHT_TX_DROPPED);
        return DTT_EFULL;
    }
    switch (dtt_polite_send(&d->polite, now, to, kind)) {
    case DTT_POLITE_YES: break;
    case DTT_POLITE_LATER:
        if (is_query) {
            DTT_COUNT(d->ctx, DHT_QUERIES_DEFERRED);
        } else {
            DTT_COUNT(d->ctx, DHT_ANSWERS_DROPPED);
        }
        return DTT_EAGAIN;
    case DTT_POLITE_NO:
        if (is_query) {
            DTT_COUNT(d->ctx, DHT_QUERIES_REFUSED);
        } else {
            DTT_COUNT(d->ctx, DHT_ANSWERS_REFUSED);
        }
        return DTT_EREFUSED;
    }
    memcpy(room, data.data, data.len);
    dtt_outq_commit(&d->out, to, data.len);
    if (d->trim_ns == DTT_NEVER) {
        d->trim_ns = now.mono_ns + 60 * DTT_S;
    }
    return DTT_OK;
}

/* The round trip to this node last time; 0: not known. */
static uint64_t known_rtt(const struct dtt_dht *d, const struct dtt_addr *to)
{
    const struct dtt_rnode *n = dtt_rtable_find(&d->tables[dtt_side_of(to->family)], to);
    return n && n->rtt ? n->rtt * 100 * DTT_US : dtt_walk_rtt_ns(d, to);
}

/*
 * Nodes differ far more from each other than one does from what it was: who is known gets a timeout
 * from his own round trip and the usual error of that, everybody else one from the round trips of
 * all. RFC 6298 has four deviations, as a needless retransmission slows a connection down; here it
 * is one small datagram in thirty, either answer counts, and a lost one costs half as long.
 */
static uint64_t soft_timeout(const struct dtt_dht *d, const struct dtt_addr *to)
{
    uint64_t rtt = known_rtt(d, to);
    uint64_t rto = d->srtt_ns + RTO_DEVIATIONS * d->rttvar_ns;
    if (d->srtt_ns == 0) {
        return RTO_FIRST_NS;
    }
    if (rtt) {
        uint64_t margin = 2 * (d->rtterr_ns ? d->rtterr_ns : d->rttvar_ns);
        rto = rtt + (margin < RTO_MARGIN_NS ? RTO_MARGIN_NS : margin);
    }
    return rto < RTO_MIN_NS ? RTO_MIN_NS : dtt_min_ns(rto, RTO_MAX_NS);
}

static uint64_t gap(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

/* `expected`: what was known of this node, or 0. */
static void sample_rtt(struct dtt_dht *d, uint64_t rtt, uint64_t expected)
{
    if (expected) {
        uint64_t err = gap(rtt, expected);
        d->rtterr_ns = d->rtterr_ns ? (3 * d->rtterr_ns + err) / 4 + 1 : rtt / 2;
    }
    if (d->srtt_ns == 0) {
        d->srtt_ns = rtt + 1;
        d->rttvar_ns = rtt / 2;
        return;
    }
    d->rttvar_ns = (3 * d->rttvar_ns + gap(rtt, d->srtt_ns)) / 4;
    d->srtt_ns = (7 * d->srtt_ns + rtt) / 8 + 1;
}

static void drop_txn(struct dtt_dht *d, struct dtt_txn *txn)
{
    dtt_timerq_cancel(&d->timers, &txn->timer);
    dtt_txns_free(&d->txns, txn);
}

int dtt_query_send(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                   enum dtt_txn_purpose purpose, uint32_t owner, struct dtt_krpc *q)
{
    uint8_t wire[DTT_KRPC_T_BYTES], buf[DTT_DHT_PACKET_MAX];
    struct dtt_txn *txn = dtt_txns_new(&d->txns, &d->rng, to);
    if (!txn || dtt_timerq_set(&d->timers, &txn->timer, now.mono_ns + soft_timeout(d, to))) {
        if (txn) {
            dtt_txns_free(&d->txns, txn);
        }
        DTT_COUNT(d->ctx, DHT_TXN_FULL);
        return DTT_EFULL;
    }
    txn->sent_ns = now.mono_ns;
    txn->purpose = (uint8_t)purpose;
    txn->owner = owner;
    txn->method = (uint8_t)q->method;
    dtt_put_be32(wire, txn->wire);
    q->type = DTT_KRPC_QUERY;
    q->t = dtt_slice(wire, sizeof(wire));
    q->id = dtt_slice(d->id, sizeof(d->id));
    q->client = dtt_slice(DTT_KRPC_CLIENT, 4);
    q->is_read_only = d->cfg.read_only;
    if (d->cfg.has_v4 && d->cfg.has_v6 && q->method != DTT_KRPC_M_PUT &&
        q->method != DTT_KRPC_M_PING) {
        q->want = DTT_KRPC_WANTS_V4 | DTT_KRPC_WANTS_V6;
    }
    int len = dtt_krpc_encode(q, buf, sizeof(buf));
    int err = len < 0
                  ? len
                  : dtt_datagram_send(d, now, to, DTT_POLITE_QUERY, dtt_slice(buf, (size_t)len));
    if (err) {
        drop_txn(d, txn);
        return err;
    }
    d->asked++;
    DTT_COUNT(d->ctx, DHT_QUERIES);
    DTT_TRACE(d->ctx, DHT_QUERY, dtt_tv_addr(to), dtt_tv_int(q->method));
    return DTT_OK;
}

/* How a responder sees us (BEP 42). */
static void take_vote(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                      const struct dtt_krpc *m)
{
    struct dtt_addr seen;
    size_t side = dtt_side_of(from->family);
    if (m->ip.data && dtt_addr_from_compact(m->ip, &seen) == DTT_OK &&
        dtt_votes_add(&d->votes[side], now, from, &seen)) {
        d->external_event[side] = true;
        dtt_upkeep_address_known(d, now);
        DTT_TRACE(d->ctx, DHT_EXTERNAL_ADDR, dtt_tv_addr(&seen), dtt_tv_int(d->votes[side].count));
    }
}

/* The node behind a matched answer is alive. */
static void learn_node(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                       const struct dtt_krpc *m, uint64_t rtt)
{
    bool is_router = dtt_upkeep_is_router(d, &txn->to);
    bool has_bep44 = txn->method == DTT_KRPC_M_GET && m->token.len > 0;
    unsigned flags = (is_router ? DTT_RNODE_ROUTER : 0) | (has_bep44 ? DTT_RNODE_BEP44 : 0);
    bool is_first = dtt_dht_live(d) == 0;
    struct dtt_rtable *t = &d->tables[dtt_side_of(txn->to.family)];
    if (is_router && t->live >= DTT_DHT_ROUTERS_UNTIL) {
        return;
    }
    if (dtt_rtable_seen(t, now, m->id.data, &txn->to, rtt, flags) != DTT_RTABLE_ADDED) {
        return;
    }
    if (is_first) {
        d->ready_event = true;
        DTT_TRACE(d->ctx, DHT_READY, dtt_tv_addr(&txn->to));
    }
    dtt_upkeep_node_live(d, now, is_first);
    dtt_walk_node_live(d, now, m->id.data, &txn->to);
}

static void hand_over(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn,
                      const struct dtt_krpc *m)
{
    switch ((enum dtt_txn_purpose)txn->purpose) {
    case DTT_TXN_WALK: dtt_walk_answer(d, now, txn, m); break;
    case DTT_TXN_PUT: dtt_op_put_answer(d, now, txn, m); break;
    case DTT_TXN_PING: dtt_op_ping_answer(d, now, txn, m); break;
    case DTT_TXN_BOOT: dtt_upkeep_boot_answer(d, now, txn, m); break;
    case DTT_TXN_PROOF: dtt_server_proof(d, now, &txn->to, m->type == DTT_KRPC_REPLY); break;
    case DTT_TXN_PROBE: dtt_upkeep_probe_answer(d, now, txn, m); break;
    }
}

void dtt_query_answered(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                        const struct dtt_krpc *m)
{
    struct dtt_txn *match = dtt_txns_match(&d->txns, m->t, from);
    if (!match || (m->type == DTT_KRPC_REPLY && !m->id.data)) {
        DTT_COUNT(d->ctx, DHT_RX_UNMATCHED);
        return;
    }
    struct dtt_txn txn = *match;
    uint64_t rtt = now.mono_ns - txn.sent_ns;
    drop_txn(d, match);
    d->answered++;
    DTT_COUNT(d->ctx, DHT_ANSWERS);
    sample_rtt(d, rtt, known_rtt(d, from));
    if (m->type == DTT_KRPC_REPLY) {
        take_vote(d, now, from, m);
    }
    /* First the one who asked, so that the node itself is a candidate no more when it turns live.
     */
    hand_over(d, now, &txn, m);
    if (m->type == DTT_KRPC_REPLY) {
        learn_node(d, now, &txn, m, rtt);
    }
    if (txn.purpose == DTT_TXN_BOOT) { /* walks may have waited for it */
        dtt_walk_pump_all(d, now);
    }
}

/* Nobody waits any longer. `dead`: an ICMP error says so, do not try again. */
static void run_soft(struct dtt_dht *d, struct dtt_now now, const struct dtt_txn *txn, bool dead)
{
    switch ((enum dtt_txn_purpose)txn->purpose) {
    case DTT_TXN_WALK:
        if (dead) {
            dtt_walk_dead(d, now, txn);
        } else {
            dtt_walk_slow(d, now, txn);
        }
        break;
    case DTT_TXN_PUT: dtt_op_put_slow(d, now, txn, dead); break;
    case DTT_TXN_PING: dtt_op_ping_slow(d, now, txn, dead); break;
    case DTT_TXN_BOOT: dtt_upkeep_boot_slow(d, now, txn, dead); break;
    case DTT_TXN_PROOF: dtt_server_proof(d, now, &txn->to, false); break;
    case DTT_TXN_PROBE:
        if (dead) {
            dtt_upkeep_probe_dead(d, now, txn);
        }
        break;
    }
}

void dtt_query_unreachable(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to)
{
    /* What a failed transaction starts goes to fresh ones, maybe in slots ahead: only the old. */
    uint64_t last = d->timers.seq;
    size_t slot = 0;
    for (struct dtt_txn *t; (t = dtt_txns_next(&d->txns, slot)) != NULL;) {
        slot = t->slot + 1u;
        if (t->timer.seq < last && dtt_addr_eq(&t->to, to)) {
            struct dtt_txn txn = *t;
            drop_txn(d, t);
            run_soft(d, now, &txn, true);
        }
    }
}

void dtt_query_woke(struct dtt_dht *d, struct dtt_now now)
{
    size_t slot = 0;
    for (struct dtt_txn *t; (t = dtt_txns_next(&d->txns, slot)) != NULL; slot = t->slot + 1u) {
        t->sent_ns = now.mono_ns;
        t->is_slow = false;
        (void)dtt_timerq_set(&d->timers, &t->timer, now.mono_ns + RTO_FIRST_NS); /* a re-arm */
    }
}

void dtt_query_tick(struct dtt_dht *d, struct dtt_now now)
{
    for (struct dtt_timer *timer; (timer = dtt_timerq_pop(&d->timers, now.mono_ns)) != NULL;) {
        struct dtt_txn *t = DTT_TIMER_OWNER(timer, struct dtt_txn, timer);
        struct dtt_txn txn = *t;
        uint64_t late = txn.sent_ns + LATE_NS;
        /* Out of memory for the timer: the late answer is given up. */
        if (!txn.is_slow && late > now.mono_ns && dtt_timerq_set(&d->timers, timer, late) == 0) {
            t->is_slow = true;
        } else {
            dtt_txns_free(&d->txns, t);
            if (txn.purpose == DTT_TXN_PROBE) {
                dtt_upkeep_probe_dead(d, now, &txn);
            }
        }
        if (!txn.is_slow) {
            run_soft(d, now, &txn, false);
        }
    }
}
