/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "sim/conn.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

#define HELLO_RTO_NS DTT_S /* RFC 9002: three times the initial round trip of 333 ms */

void dtt_sim_conns_init(struct dtt_sim_conns *cs, const struct dtt_quic_config *cfg,
                        struct dtt_rng *rng)
{
    uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    dtt_rng_bytes(rng, hash_key, sizeof(hash_key));
    dtt_map_init(&cs->by_cid, sizeof(dtt_quic_conn), DTT_SIM_CONNS_MAX, hash_key);
    dtt_timerq_init(&cs->timers);
    cs->n_accepted = 0;
    cs->idle_ns = cfg->idle_timeout_ns ? cfg->idle_timeout_ns : 30 * DTT_S;
    cs->keep_alive_ns = cfg->keep_alive_ns ? cfg->keep_alive_ns : 5 * DTT_S;
    cs->handshake_ns = cfg->handshake_timeout_ns ? cfg->handshake_timeout_ns : 10 * DTT_S;
}

void dtt_sim_conns_fini(struct dtt_sim_conns *cs)
{
    while (dtt_map_count(&cs->by_cid) > 0) {
        dtt_sim_conn_free(cs, dtt_map_value_at(&cs->by_cid, dtt_map_count(&cs->by_cid) - 1));
    }
    assert(cs->n_accepted == 0);
    dtt_timerq_fini(&cs->timers);
    dtt_map_fini(&cs->by_cid);
}

struct dtt_sim_conn *dtt_sim_conn_new(struct dtt_sim_conns *cs, struct dtt_rng *rng,
                                      uint64_t mono_ns, enum dtt_sim_conn_state state,
                                      const struct dtt_id *peer, const struct dtt_addr *remote)
{
    assert(state == DTT_SIM_CONN_DIALING || state == DTT_SIM_CONN_ACCEPTING);
    struct dtt_sim_conn *c = calloc(1, sizeof(*c));
    if (!c) {
        return NULL;
    }
    c->cid = dtt_rng_u64(rng) | 1;
    c->state = state;
    c->is_dialed = state == DTT_SIM_CONN_DIALING;
    c->peer = *peer;
    c->remote = *remote;
    c->hellos_max = UINT_MAX;
    c->opened_ns = c->heard_ns = c->active_ns = mono_ns;
    if (dtt_map_put(&cs->by_cid, &c->cid, c) != DTT_OK) {
        free(c);
        return NULL;
    }
    cs->n_accepted += !c->is_dialed;
    return c;
}

void dtt_sim_conn_free(struct dtt_sim_conns *cs, struct dtt_sim_conn *c)
{
    assert(c->is_dialed || cs->n_accepted > 0);
    cs->n_accepted -= !c->is_dialed;
    dtt_timerq_cancel(&cs->timers, &c->timer);
    dtt_map_take(&cs->by_cid, &c->cid);
    dtt_sim_channel_fini(&c->channel);
    free(c);
}

void dtt_sim_conn_enter(struct dtt_sim_conn *c, enum dtt_sim_conn_state state)
{
    assert(state == DTT_SIM_CONN_FINISHING
               ? c->state == DTT_SIM_CONN_DIALING
               : state == DTT_SIM_CONN_OPEN && c->state != DTT_SIM_CONN_DIALING);
    assert(c->state != DTT_SIM_CONN_OPEN);
    c->state = state;
    c->hellos = 0;
}

struct dtt_sim_conn *dtt_sim_conn_find(const struct dtt_sim_conns *cs, dtt_quic_conn cid)
{
    return dtt_map_get(&cs->by_cid, &cid);
}

struct dtt_sim_conn *dtt_sim_conn_find_remote(const struct dtt_sim_conns *cs,
                                              const struct dtt_addr *remote, uint64_t remote_cid)
{
    for (size_t i = 0; i < dtt_map_count(&cs->by_cid); i++) {
        struct dtt_sim_conn *c = dtt_map_value_at(&cs->by_cid, i);
        if (c->remote_cid == remote_cid && c->state != DTT_SIM_CONN_DIALING &&
            dtt_addr_eq(&c->remote, remote)) {
            return c;
        }
    }
    return NULL;
}

uint64_t dtt_sim_conn_end_ns(const struct dtt_sim_conns *cs, const struct dtt_sim_conn *c)
{
    return c->state == DTT_SIM_CONN_OPEN ? c->heard_ns + cs->idle_ns
                                         : c->opened_ns + cs->handshake_ns;
}

void dtt_sim_conn_arm(struct dtt_sim_conns *cs, struct dtt_sim_conn *c)
{
    uint64_t t = dtt_sim_conn_end_ns(cs, c);
    switch (c->state) {
    case DTT_SIM_CONN_DIALING:
    case DTT_SIM_CONN_FINISHING:
        if (c->state != DTT_SIM_CONN_DIALING || c->hellos < c->hellos_max) {
            t = dtt_min_ns(t, c->hello_ns + (HELLO_RTO_NS << (c->hellos - 1)));
        }
        break;
    case DTT_SIM_CONN_ACCEPTING: break;
    case DTT_SIM_CONN_OPEN:
        t = dtt_min_ns(t, c->active_ns + cs->keep_alive_ns);
        t = dtt_min_ns(t, dtt_sim_channel_deadline(&c->channel));
        break;
    }
    dtt_timerq_set(&cs->timers, &c->timer, t);
}
