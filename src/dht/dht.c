/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The node's entry points: construction, datagrams in and out, time. */
#include "dht/dht.h"

#include "dht/inside.h"

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
    dtt_votes_init(&d->votes[0]);
    dtt_votes_init(&d->votes[1]);
    dtt_txns_init(&d->txns, &d->rng);
    dtt_timerq_init(&d->timers);
    dtt_timerq_init(&d->walk_timers);
    dtt_outq_init(&d->out);
    dtt_polite_init(&d->polite, hash_key, now);
    dtt_proofs_init(&d->proofs, hash_key);
    dtt_held_init(&d->held);
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
    for (size_t i = 0; i < DTT_DHT_WALKS; i++) {
        if (d->walks[i]) {
            dtt_walk_free(d, d->walks[i]);
        }
    }
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

const uint8_t *dtt_dht_id(const struct dtt_dht *d)
{
    return d->id;
}

int dtt_dht_recv(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *from,
                 struct dtt_slice datagram)
{
    struct dtt_krpc m;
    int err = dtt_krpc_decode(datagram, &m);
    if (err) {
        return err;
    }
    if (!dtt_addr_is_usable(from) || !dtt_dht_has_family(d, from->family)) {
        DTT_COUNT(d->ctx, DHT_RX_UNUSABLE);
    } else if (m.type == DTT_KRPC_QUERY) {
        dtt_server_query(d, now, from, &m, datagram.len);
    } else {
        dtt_query_answered(d, now, from, &m);
    }
    return DTT_OK;
}

void dtt_dht_unreachable(struct dtt_dht *d, struct dtt_now now, const struct dtt_addr *to)
{
    dtt_query_unreachable(d, now, to);
}

bool dtt_dht_next_packet(struct dtt_dht *d, struct dtt_dht_packet *ret)
{
    struct dtt_slice data;
    if (!dtt_outq_pop(&d->out, &ret->to, &data)) {
        return false;
    }
    ret->len = data.len;
    memcpy(ret->data, data.data, data.len);
    return true;
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

uint64_t dtt_dht_deadline(const struct dtt_dht *d)
{
    uint64_t at = dtt_min_ns(dtt_timerq_deadline(&d->timers), dtt_walk_deadline(d));
    return dtt_min_ns(at, dtt_upkeep_deadline(d));
}

void dtt_dht_moved(struct dtt_dht *d, struct dtt_now now)
{
    dtt_upkeep_woke(d, now);
}

void dtt_dht_tick(struct dtt_dht *d, struct dtt_now now)
{
    if (now.mono_ns > SLEPT_NS && dtt_dht_deadline(d) < now.mono_ns - SLEPT_NS) {
        dtt_query_woke(d, now);
        dtt_upkeep_woke(d, now);
    }
    dtt_query_tick(d, now);
    dtt_walk_tick(d, now);
    dtt_upkeep_tick(d, now);
}
