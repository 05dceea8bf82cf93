/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/alive.h"

#include "dht/inside.h"

#include <assert.h>
#include <dtt/types.h>
#include <stdlib.h>

#define SAVED_ENOUGH 32 /* live nodes: no need to ask more of an earlier life */

/* Why a node is probed. */
enum reason { NEWCOMER, AFTER_SILENCE };

static bool is_probed(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    const struct dtt_txn *t = NULL;
    while (d->probes > 0 && (t = dtt_txns_next(&d->txns, t)) != NULL) {
        if (t->purpose == DTT_TXN_PROBE && dtt_addr_eq(&t->to, addr)) {
            return true;
        }
    }
    return false;
}

static void probe(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                  enum reason reason, struct dtt_krpc *query)
{
    if (is_probed(d, addr)) {
        return;
    }
    if (d->probes == DTT_DHT_PROBES ||
        dtt_query_send(d, now, addr, DTT_TXN_PROBE, (uint32_t)reason, query) != DTT_OK) {
        DTT_COUNT(d->ctx, DHT_PROBES_REFUSED);
        return;
    }
    d->probes++;
}

void dtt_alive_probe(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                     struct dtt_krpc *query)
{
    probe(d, now, addr, NEWCOMER, query);
}

void dtt_alive_ping(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr)
{
    dtt_alive_probe(d, now, addr, &(struct dtt_krpc){.method = DTT_KRPC_M_PING});
}

void dtt_alive_ask_saved(struct dtt_dht *d, struct dtt_now now)
{
    while (d->saved && d->probes < DTT_DHT_PROBES) {
        if (d->saved_next >= d->saved->n || dtt_dht_live(d) >= SAVED_ENOUGH) {
            free(d->saved);
            d->saved = NULL;
            break;
        }
        const struct dtt_dht_known *k = &d->saved->nodes[d->saved_next++];
        if (dtt_alive_may_ask(d, k->id, &k->addr, &k->addr)) {
            dtt_alive_ping(d, now, &k->addr);
        }
    }
}

bool dtt_alive_may_ask(const struct dtt_dht *d, const uint8_t *id, const struct dtt_addr *addr,
                       const struct dtt_addr *teller)
{
    return dtt_addr_may_be_named(addr, dtt_addr_scope(teller)) &&
           dtt_dht_has_family(d, addr->family) && memcmp(id, d->id, DTT_NODE_ID_BYTES) != 0 &&
           !dtt_addr_eq(addr, &d->votes[dtt_side_of(addr->family)].opinion);
}

bool dtt_alive_wants(struct dtt_dht *d, const uint8_t *id, const struct dtt_addr *addr)
{
    return dtt_dht_has_family(d, addr->family) &&
           dtt_rtable_suggest(&d->tables[dtt_side_of(addr->family)], id, addr) &&
           !is_probed(d, addr);
}

void dtt_alive_silent(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr,
                      unsigned weight)
{
    struct dtt_rnode spare;
    struct dtt_rtable *table = &d->tables[dtt_side_of(addr->family)];
    if (dtt_rtable_failed(table, addr, weight, &spare)) {
        struct dtt_addr to = dtt_rnode_addr(table, &spare);
        dtt_alive_ping(d, now, &to);
    }
    if (weight == 1 && dtt_rtable_find(table, addr)) {
        probe(d, now, addr, AFTER_SILENCE, &(struct dtt_krpc){.method = DTT_KRPC_M_PING});
    }
}

/* Pings the nodes named in an answer that the table has room for. */
static void suggest_contacts(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                             const struct dtt_krpc *message)
{
    struct dtt_reader r = dtt_reader(message->nodes);
    struct dtt_reader r6 = dtt_reader(message->nodes6);
    uint8_t id[DTT_NODE_ID_BYTES];
    struct dtt_addr addr;
    for (size_t i = 0; i < DTT_RTABLE_K && (dtt_krpc_next_node(&r, DTT_FAMILY_V4, id, &addr) ||
                                            dtt_krpc_next_node(&r6, DTT_FAMILY_V6, id, &addr));
         i++) {
        if (dtt_alive_may_ask(d, id, &addr, from) && dtt_alive_wants(d, id, &addr)) {
            dtt_alive_ping(d, now, &addr);
        }
    }
}

void dtt_alive_probed(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end)
{
    const struct dtt_addr *to = &end->txn.to;
    assert(d->probes > 0);
    d->probes--;
    dtt_alive_ask_saved(d, now);
    if (end->outcome != DTT_QUERY_ANSWERED) {
        return;
    }
    if (end->txn.owner == AFTER_SILENCE) {
        struct dtt_rnode *n = dtt_rtable_find(&d->tables[dtt_side_of(to->family)], to);
        if (n && !(n->flags & DTT_RNODE_BEP44)) {
            n->flags |= DTT_RNODE_NO_BEP44;
        }
    }
    if (end->answer->type == DTT_KRPC_REPLY && end->txn.method == DTT_KRPC_M_FIND_NODE) {
        suggest_contacts(d, now, to, end->answer);
    }
}
