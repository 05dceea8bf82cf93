/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/query.h"

#include "dht/inside.h"

#include <dtt/types.h>

#define LATE_NS (4 * DTT_S) /* an answer counts this long, though nobody waits for it */

/* The soft timeout of a query, as the RTO of RFC 6298. */
#define FIRST_NS (1 * DTT_S)    /* before the first sample */
#define DEVIATIONS 2            /* from the round trips of all */
#define MARGIN_NS (30 * DTT_MS) /* above the round trip of a known node, at least */
#define MIN_NS (100 * DTT_MS)
#define MAX_NS (1500 * DTT_MS)

/* ---- round trips */

/* The last round trip of this node; 0: not known. */
static uint64_t known_rtt(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    const struct dtt_rnode *n = dtt_rtable_find(&d->tables[dtt_side_of(addr->family)], addr);
    return n && n->rtt ? n->rtt * 100 * DTT_US : dtt_walks_rtt_ns(d, addr);
}

/*
 * Round trips differ far more between nodes than from one answer of a node to the next. So a known
 * node gets a timeout from its own round trip and the usual error of such knowledge, any other node
 * one from the round trips of all. Why two deviations and not four: docs/design/dht.md.
 */
static uint64_t soft_timeout(const struct dtt_dht *d, const struct dtt_addr *to)
{
    const struct dtt_query_rtt *rtt = &d->rtt;
    uint64_t known = known_rtt(d, to);
    uint64_t timeout = rtt->mean_ns + DEVIATIONS * rtt->deviation_ns;
    if (rtt->mean_ns == 0) {
        return FIRST_NS;
    }
    if (known) {
        uint64_t margin = 2 * (rtt->node_error_ns ? rtt->node_error_ns : rtt->deviation_ns);
        timeout = known + (margin < MARGIN_NS ? MARGIN_NS : margin);
    }
    return timeout < MIN_NS ? MIN_NS : dtt_min_ns(timeout, MAX_NS);
}

static uint64_t gap(uint64_t a, uint64_t b)
{
    return a > b ? a - b : b - a;
}

static void take_sample(struct dtt_dht *d, const struct dtt_addr *from, uint64_t rtt_ns)
{
    struct dtt_query_rtt *rtt = &d->rtt;
    uint64_t known = known_rtt(d, from);
    if (known) {
        uint64_t error = rtt->node_error_ns;
        rtt->node_error_ns = error ? (3 * error + gap(rtt_ns, known)) / 4 + 1 : rtt_ns / 2;
    }
    if (rtt->mean_ns == 0) {
        rtt->mean_ns = rtt_ns + 1;
        rtt->deviation_ns = rtt_ns / 2;
        return;
    }
    rtt->deviation_ns = (3 * rtt->deviation_ns + gap(rtt_ns, rtt->mean_ns)) / 4;
    rtt->mean_ns = (7 * rtt->mean_ns + rtt_ns) / 8 + 1;
}

/* ---- queries */

/* Nobody waits for a probe: it has the time that late answers have. */
static uint64_t patience(const struct dtt_txn *txn, uint64_t soft_timeout_ns)
{
    return txn->purpose == DTT_TXN_PROBE ? LATE_NS : soft_timeout_ns;
}

static void drop_txn(struct dtt_dht *d, struct dtt_txn *txn)
{
    dtt_timerq_cancel(&d->timers, &txn->timer);
    dtt_txns_free(&d->txns, txn);
}

static struct dtt_txn *new_txn(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                               enum dtt_txn_purpose purpose)
{
    struct dtt_txn *txn = dtt_txns_new(&d->txns, &d->rng, to);
    if (!txn) {
        return NULL;
    }
    txn->sent_ns = now.mono_ns;
    txn->purpose = (uint8_t)purpose;
    uint64_t timeout = now.mono_ns + patience(txn, soft_timeout(d, to));
    if (dtt_timerq_set(&d->timers, &txn->timer, timeout) != DTT_OK) {
        dtt_txns_free(&d->txns, txn);
        return NULL;
    }
    return txn;
}

int dtt_query_send(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to,
                   enum dtt_txn_purpose purpose, uint32_t owner, struct dtt_krpc *query)
{
    uint8_t wire[DTT_KRPC_T_BYTES], buf[DTT_DHT_PACKET_MAX];
    struct dtt_txn *txn = new_txn(d, now, to, purpose);
    if (!txn) {
        DTT_COUNT(d->ctx, DHT_TRANSACTIONS_REFUSED);
        return DTT_EFULL;
    }
    txn->owner = owner;
    txn->method = (uint8_t)query->method;
    dtt_put_be32(wire, txn->wire);
    query->type = DTT_KRPC_QUERY;
    query->t = dtt_slice(wire, sizeof(wire));
    query->id = dtt_slice(d->id, sizeof(d->id));
    query->client = dtt_slice(DTT_KRPC_CLIENT, 4);
    query->is_read_only = d->cfg.read_only;
    if (d->cfg.has_v4 && d->cfg.has_v6 && query->method != DTT_KRPC_M_PUT &&
        query->method != DTT_KRPC_M_PING) {
        query->want = DTT_KRPC_WANTS_V4 | DTT_KRPC_WANTS_V6;
    }
    int len = dtt_krpc_encode(query, buf, sizeof(buf));
    int err =
        len < 0 ? len : dtt_outq_send(d, now, to, DTT_POLITE_QUERY, dtt_slice(buf, (size_t)len));
    if (err) {
        drop_txn(d, txn);
        return err;
    }
    d->asked++;
    DTT_COUNT(d->ctx, DHT_QUERIES);
    DTT_TRACE(d->ctx, DHT_QUERY, dtt_tv_addr(to), dtt_tv_text(dtt_krpc_method_word(query->method)));
    return DTT_OK;
}

bool dtt_query_match(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                     const struct dtt_krpc *answer, struct dtt_query_end *ret)
{
    struct dtt_txn *txn = dtt_txns_match(&d->txns, answer->t, from);
    if (!txn || (answer->type == DTT_KRPC_REPLY && !answer->id.data)) {
        DTT_COUNT(d->ctx, DHT_RX_UNMATCHED);
        return false;
    }
    *ret = (struct dtt_query_end){.outcome = DTT_QUERY_ANSWERED,
                                  .txn = *txn,
                                  .answer = answer,
                                  .rtt_ns = now.mono_ns - txn->sent_ns};
    drop_txn(d, txn);
    d->answered++;
    DTT_COUNT(d->ctx, DHT_ANSWERS);
    take_sample(d, from, ret->rtt_ns);
    return true;
}

/* All set before the first is told of: what its end starts goes to transactions of its own. */
void dtt_query_unreachable(struct dtt_dht *d, const struct dtt_addr *to)
{
    for (struct dtt_txn *txn = NULL; (txn = dtt_txns_next(&d->txns, txn)) != NULL;) {
        if (dtt_addr_eq(&txn->to, to)) {
            txn->is_unreachable = true;
            (void)dtt_timerq_set(&d->timers, &txn->timer, 0); /* a re-arm */
        }
    }
}

bool dtt_query_next_timeout(struct dtt_dht *d, uint64_t until_ns, struct dtt_query_end *ret)
{
    for (struct dtt_timer *timer; (timer = dtt_timerq_pop(&d->timers, until_ns)) != NULL;) {
        struct dtt_txn *txn = DTT_TIMER_OWNER(timer, struct dtt_txn, timer);
        struct dtt_query_end end = {.outcome = DTT_QUERY_DEAD, .txn = *txn};
        bool is_soft = !txn->is_slow && !txn->is_unreachable && txn->purpose != DTT_TXN_PROBE;
        if (is_soft) {
            end.outcome = DTT_QUERY_SLOW;
            txn->is_slow = true;
            (void)dtt_timerq_set(&d->timers, timer, txn->sent_ns + LATE_NS); /* in its old place */
        } else {
            dtt_txns_free(&d->txns, txn);
        }
        if (is_soft || end.txn.is_unreachable || !end.txn.is_slow) {
            *ret = end;
            return true;
        }
    }
    return false;
}

void dtt_query_woke(struct dtt_dht *d, struct dtt_now now)
{
    for (struct dtt_txn *txn = NULL; (txn = dtt_txns_next(&d->txns, txn)) != NULL;) {
        uint64_t timeout = now.mono_ns + patience(txn, FIRST_NS);
        txn->sent_ns = now.mono_ns;
        txn->is_slow = false;
        (void)dtt_timerq_set(&d->timers, &txn->timer, timeout); /* a re-arm */
    }
}

bool dtt_query_is_sound(const struct dtt_dht *d)
{
    size_t probes = 0, count = 0;
    for (const struct dtt_txn *txn = NULL; (txn = dtt_txns_next(&d->txns, txn)) != NULL;) {
        count += dtt_timer_is_armed(&txn->timer);
        probes += txn->purpose == DTT_TXN_PROBE;
    }
    return count == d->txns.count && count == d->timers.count && probes == d->probes;
}
