/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "dht/bootstrap.h"

#include "dht/inside.h"

#include <dtt/types.h>
#include <stdlib.h>

#define MIN_LIVE DTT_RTABLE_K
#define BACKOFF_FIRST_NS (5 * DTT_S)
#define BACKOFF_MAX_NS (300 * DTT_S)
#define SENDS 2
#define VOICES 2 /* answers before an operation may end */

static void ask(struct dtt_dht *d, struct dtt_now now, struct dtt_bootstrap *b)
{
    struct dtt_krpc q = {.method = DTT_KRPC_M_FIND_NODE,
                         .target = dtt_slice(d->id, DTT_NODE_ID_BYTES)};
    int err = dtt_query_send(d, now, &b->addr, DTT_TXN_BOOT, 0, &q);
    b->next_ns = now.mono_ns + b->backoff_ns;
    b->sends = err ? 0 : (uint8_t)(b->sends + 1);
}

static void attempt(struct dtt_dht *d, struct dtt_now now, struct dtt_bootstrap *b)
{
    ask(d, now, b);
    b->backoff_ns = dtt_min_ns(b->backoff_ns * 2, BACKOFF_MAX_NS);
}

static struct dtt_bootstrap *find(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        if (dtt_addr_eq(&d->bootstraps[i].addr, addr)) {
            return &d->bootstraps[i];
        }
    }
    return NULL;
}

void dtt_bootstrap_add(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *addr)
{
    if (!dtt_addr_is_usable(addr) || !dtt_dht_has_family(d, addr->family) || find(d, addr) ||
        d->n_bootstraps == DTT_BOOTSTRAP_MAX) {
        return;
    }
    size_t n = d->n_bootstraps + 1;
    struct dtt_bootstrap *b = realloc(d->bootstraps, n * sizeof(*b));
    if (!b) {
        return;
    }
    d->bootstraps = b;
    d->n_bootstraps = n;
    b[n - 1] = (struct dtt_bootstrap){.addr = *addr, .backoff_ns = BACKOFF_FIRST_NS};
    attempt(d, now, &b[n - 1]);
}

bool dtt_bootstrap_asked(struct dtt_dht *d, struct dtt_now now, const struct dtt_query_end *end)
{
    struct dtt_bootstrap *b = find(d, &end->txn.to);
    if (end->outcome == DTT_QUERY_ANSWERED) {
        b->sends = 0;
        b->has_answered = true;
        return true;
    }
    if (b->sends == 0) {
        return false;
    }
    if (end->outcome == DTT_QUERY_SLOW && b->sends < SENDS) {
        ask(d, now, b);
    } else {
        b->sends = 0;
    }
    return b->sends == 0;
}

bool dtt_bootstrap_is_router(const struct dtt_dht *d, const struct dtt_addr *addr)
{
    return dtt_addr_scope(addr) == DTT_SCOPE_GLOBAL && find(d, addr);
}

bool dtt_bootstrap_is_starting(const struct dtt_dht *d)
{
    size_t answered = 0, in_flight = 0;
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        answered += d->bootstraps[i].has_answered;
        in_flight += d->bootstraps[i].sends > 0;
    }
    return answered < VOICES && in_flight > 0;
}

bool dtt_bootstrap_has_hope(const struct dtt_dht *d)
{
    bool has_hope = d->expects_bootstrap || d->probes > 0 || d->saved;
    for (size_t i = 0; i < d->n_bootstraps && !has_hope; i++) {
        has_hope = d->bootstraps[i].sends > 0;
    }
    return has_hope;
}

void dtt_bootstrap_woke(struct dtt_dht *d, struct dtt_now now)
{
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        d->bootstraps[i].next_ns = now.mono_ns;
        d->bootstraps[i].backoff_ns = BACKOFF_FIRST_NS;
    }
}

/* To be asked once `next_ns` has come. */
static bool is_needed(const struct dtt_dht *d, const struct dtt_bootstrap *b)
{
    return b->sends == 0 && d->tables[dtt_side_of(b->addr.family)].live < MIN_LIVE;
}

uint64_t dtt_bootstrap_deadline(const struct dtt_dht *d)
{
    uint64_t at = DTT_NEVER;
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        if (is_needed(d, &d->bootstraps[i])) {
            at = dtt_min_ns(at, d->bootstraps[i].next_ns);
        }
    }
    return at;
}

void dtt_bootstrap_tick(struct dtt_dht *d, struct dtt_now now)
{
    for (size_t i = 0; i < d->n_bootstraps; i++) {
        struct dtt_bootstrap *b = &d->bootstraps[i];
        if (is_needed(d, b) && b->next_ns <= now.mono_ns) {
            attempt(d, now, b);
        }
    }
}
