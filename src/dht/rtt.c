/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/rtt.h"

#include "dht/inside.h"
#include "dht/walks.h"

#define DEVIATIONS 2             /* from the round trips of all */
#define MARGIN_NS  (30 * DTT_MS) /* above the round trip of a known node, at least */
#define MIN_NS     (100 * DTT_MS)
#define MAX_NS     (1500 * DTT_MS)

/* The last round trip of this node; 0: not known. */
static uint64_t known_rtt(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    const struct dtt_rnode *n = dtt_rtable_find(&d->tables[dtt_side_of(addr->family)], addr);
    return n && n->rtt ? n->rtt * 100 * DTT_US : dtt_walks_rtt_ns(d, addr);
}

/*
 * Round trips differ far more between nodes than from one answer of a node to the next. So a known
 * node gets a timeout from its own round trip and the usual error of such knowledge, any other node
 * one from the round trips of all. RFC 6298 adds four deviations because a needless retransmission
 * slows a connection down; here it is one small datagram in thirty, either answer counts, and two
 * deviations halve the cost of a lost one.
 */
uint64_t dtt_rtt_timeout(const struct dtt_dht *d, const struct dtt_addr *to)
{
    const struct dtt_rtt *rtt = &d->rtt;
    uint64_t known = known_rtt(d, to);
    uint64_t timeout = rtt->mean_ns + DEVIATIONS * rtt->deviation_ns;
    if (rtt->mean_ns == 0) {
        return DTT_RTT_FIRST_NS;
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

void dtt_rtt_sample(struct dtt_dht *d, const struct dtt_addr *from, uint64_t rtt_ns)
{
    struct dtt_rtt *rtt = &d->rtt;
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
