/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole nodes in one process and virtual time, on a DHT of ten plain nodes. */
#ifndef TESTS_UNIT_NODE_PARTY_H
#define TESTS_UNIT_NODE_PARTY_H

#include "sim/world.h"
#include "support/vectors.h"

#include <stdlib.h>

#define PEERS_MAX 32

/* Everybody is 10 ms from everybody. */
static const struct dtt_sim_links party_links = {
    .is_uniform = true, .min_us = 10000, .max_us = 10000, .mtu = 1500};

struct peer {
    struct dtt_sim_host *host;
    bool is_joined;
    uint64_t joined_ms;
    unsigned heard[PEERS_MAX]; /* messages by the number that their text names */
    unsigned ups, downs, dial_failures, left, twins;
    int down_reason;
    bool has_missed; /* the killed one, by time-out */
};

struct party {
    struct dtt_sim_world w;
    struct peer peers[PEERS_MAX];
    size_t n;
};

/* `twin`: whose identity it has; or NULL, and it has its own. */
static inline void party_add_twin(struct party *p, const char *topic, const char *secret,
                                  const struct peer *twin)
{
    struct peer *peer = &p->peers[p->n++];
    struct dtt_topic_config cfg = {.size = sizeof(cfg),
                                   .name = topic,
                                   .secret = secret,
                                   .secret_len = strlen(secret),
                                   .user = peer};
    peer->host = dtt_sim_host_add(&p->w, DTT_SIM_NAT_NONE);
    assert_non_null(peer->host);
    peer->host->user = peer;
    if (twin) {
        memcpy(peer->host->node_seed, twin->host->node_seed, sizeof(peer->host->node_seed));
        peer->host->keeps_identity = true;
    }
    assert_int_equal(dtt_sim_host_start(peer->host, false, false), DTT_OK);
    assert_int_equal(dtt_sim_host_join(peer->host, &cfg), DTT_OK);
}

static inline void party_add(struct party *p, const char *topic, const char *secret)
{
    party_add_twin(p, topic, secret, NULL);
}

static inline void party_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    struct peer *peer = h->user;
    (void)user;
    if (!peer) {
        return; /* a node of the DHT */
    }
    switch (ev->type) {
    case DTT_EVENT_JOINED:
        peer->is_joined = true;
        peer->joined_ms = ev->u.joined.elapsed_ms;
        break;
    case DTT_EVENT_MESSAGE: {
        char text[16] = {0};
        assert_in_range(ev->u.message.len, 1, sizeof(text) - 1);
        memcpy(text, ev->u.message.data, ev->u.message.len);
        long from = strtol(text, NULL, 10);
        assert_in_range(from, 0, PEERS_MAX - 1);
        peer->heard[from]++;
        break;
    }
    case DTT_EVENT_NEIGHBOR_UP: peer->ups++; break;
    case DTT_EVENT_NEIGHBOR_DOWN:
        peer->downs++;
        peer->down_reason = ev->u.neighbor.reason;
        peer->has_missed |= ev->u.neighbor.reason == DTT_REASON_TIMEOUT;
        break;
    case DTT_EVENT_TWIN: peer->twins++; break;
    case DTT_EVENT_DIAL_FAILED: peer->dial_failures++; break;
    case DTT_EVENT_LEFT:
        assert_null(ev->topic);
        assert_ptr_equal(ev->topic_user, peer);
        peer->left++;
        break;
    default: break;
    }
}

static inline bool party_run(struct party *p, uint64_t ns, bool (*is_over)(void *user))
{
    return dtt_sim_world_run(&p->w, p->w.t_ns + ns, is_over, p);
}

static inline bool party_has_joined(void *user)
{
    const struct party *p = user;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->peers[i].is_joined) {
            return false;
        }
    }
    return true;
}

static inline void party_init(struct party *p, uint64_t seed)
{
    memset(p, 0, sizeof(*p));
    assert_int_equal(dtt_sim_world_init(&p->w, seed), DTT_OK);
    p->w.links = party_links;
    p->w.hooks.event = party_event;
    for (int i = 0; i < 10; i++) {
        struct dtt_sim_host *h = dtt_sim_host_add(&p->w, DTT_SIM_NAT_NONE);
        assert_non_null(h);
        assert_int_equal(dtt_sim_host_start(h, true, false), DTT_OK);
        p->w.n_routers[0] = 1; /* the first one, whom all others know */
    }
    party_run(p, 2 * DTT_S, NULL);
}

#endif
