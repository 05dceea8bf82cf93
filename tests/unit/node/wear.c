/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Two nodes that join and leave one topic after the other, and speak in one that stays. With old
 * ngtcp2 each topic wears the connection between them, most of all on a network that reorders: it
 * is replaced before it ends, nothing is lost, and nobody sees it.
 */
#include "node/inside.h"
#include "quic/ngtcp2_compat.h"
#include "sim/world.h"
#include "support/vectors.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUNDS 700
#define WORDS 4

struct peer {
    struct dtt_sim_host *host;
    struct dtt_topic *topics[ROUNDS]; /* those that the other one joins too */
    bool has_heard[ROUNDS];
    unsigned downs;
};

static struct dtt_sim_world w;
static struct peer peers[2];
static size_t peer_memory;

/* A transport with another bound of memory. */
static int small_open(struct dtt_quic **ret, struct dtt_ctx *ctx, const struct dtt_quic_config *cfg,
                      struct dtt_now now)
{
    struct dtt_quic_config small = *cfg;
    small.peer_memory_max = peer_memory;
    return dtt_quic_new(ret, ctx, &small, now);
}

static void on_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    struct peer *peer = h->user;
    (void)user;
    if (ev->topic_user != peer) {
        return;
    }
    if (ev->type == DTT_EVENT_MESSAGE) {
        char text[16] = {0};
        assert_in_range(ev->u.message.len, 1, sizeof(text) - 1);
        memcpy(text, ev->u.message.data, ev->u.message.len);
        long round = strtol(text, NULL, 10);
        assert_in_range(round, 0, ROUNDS - 1);
        assert_false(peer->has_heard[round]);
        peer->has_heard[round] = true;
    } else if (ev->type == DTT_EVENT_NEIGHBOR_DOWN) {
        peer->downs++;
    }
}

static void run(uint64_t ns)
{
    dtt_sim_world_run(&w, w.t_ns + ns, NULL, NULL);
}

static struct dtt_topic *join(struct peer *peer, const char *name, void *user)
{
    struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = name, .secret = "secret", .secret_len = 6, .user = user};
    struct dtt_topic *topic;
    struct dtt_now now = dtt_sim_host_now(peer->host);
    const struct dtt_sim_host *other = peers[peer == peers].host;
    struct dtt_peer_addr addr = {.id = other->id, .addr = dtt_sim_host_global(other)};
    assert_int_equal(dtt_core_topic_join(peer->host->core, now, &cfg, NULL, &topic), DTT_OK);
    dtt_core_topic_add_peer(topic, now, &addr);
    dtt_sim_host_settle(peer->host);
    return topic;
}

/* In a topic of both. */
static bool have_met(void *user)
{
    const unsigned *round = user;
    struct dtt_id id;
    return dtt_core_topic_neighbors(peers[0].topics[*round], &id, 1) > 0 &&
           dtt_core_topic_neighbors(peers[1].topics[*round], &id, 1) > 0;
}

static void start(uint64_t seed)
{
    static struct dtt_transport_ops small;
    static const struct dtt_sim_links links = {
        .is_uniform = true, .min_us = 5000, .max_us = 5000, .jitter_us = 10000, .mtu = 1500};
    memset(peers, 0, sizeof(peers));
    assert_int_equal(dtt_sim_world_init(&w, seed), DTT_OK);
    small = dtt_transport_quic;
    small.open = small_open;
    w.transport = &small;
    w.links = links;
    w.hooks.event = on_event;
    for (size_t i = 0; i < 2; i++) {
        peers[i].host = dtt_sim_host_add(&w, DTT_SIM_NAT_NONE);
        assert_non_null(peers[i].host);
        peers[i].host->user = &peers[i];
        assert_int_equal(dtt_sim_host_start(peers[i].host, false, false), DTT_OK);
    }
    for (size_t i = 0; i < 2; i++) {
        peers[i].host->topic = join(&peers[i], "stays", &peers[i]);
    }
    run(5 * DTT_S);
}

/* Says a number in a topic; the same words twice would be one message. */
static void say(struct peer *peer, struct dtt_topic *topic, unsigned number)
{
    char text[16];
    int len = snprintf(text, sizeof(text), "%u of %d", number, peer == peers);
    struct dtt_slice words = dtt_slice(text, (size_t)len);
    assert_int_equal(dtt_core_topic_send(topic, dtt_sim_host_now(peer->host), words, 0), DTT_OK);
    dtt_sim_host_settle(peer->host);
}

/* Four topics are there at a time. In each there are words that overtake others. */
static void pass_a_topic(unsigned round)
{
    char name[24];
    (void)snprintf(name, sizeof(name), "passes %u", round);
    for (size_t i = 0; i < 2; i++) {
        peers[i].topics[round] = join(&peers[i], name, NULL);
    }
    assert_true(dtt_sim_world_run(&w, w.t_ns + 10 * DTT_S, have_met, &round));
    for (unsigned k = 0; k < WORDS; k++) {
        for (size_t i = 0; i < 2; i++) {
            say(&peers[i], peers[i].topics[round], k);
        }
        run(DTT_MS);
    }
    for (size_t i = 0; i < 2; i++) {
        say(&peers[i], peers[i].host->topic, round);
        if (round >= 4) {
            dtt_core_topic_leave(peers[i].topics[round - 4], dtt_sim_host_now(peers[i].host));
            dtt_sim_host_settle(peers[i].host);
        }
    }
    run(DTT_S);
}

static uint64_t counted(enum dtt_counter counter)
{
    return peers[0].host->ctx.counters[counter] + peers[1].host->ctx.counters[counter];
}

/* Nothing is lost and no neighbour either, and it took `least` connections at least. */
static void pass_topics(uint64_t seed, size_t memory, unsigned rounds, unsigned least)
{
    peer_memory = memory;
    start(seed);
    for (unsigned round = 0; round < rounds; round++) {
        pass_a_topic(round);
    }
    run(30 * DTT_S);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(peers[i].downs, 0);
        for (unsigned round = 0; round < rounds; round++) {
            assert_true(peers[i].has_heard[round]);
        }
    }
    assert_int_equal(counted(DTT_COUNTER_QUIC_MEMORY_REFUSED), 0);
    if (DTT_NG_KEEPS_STREAMS) {
        assert_true(counted(DTT_COUNTER_QUIC_CONNECTED) >= 2 * least);
    } else {
        assert_int_equal(counted(DTT_COUNTER_QUIC_WORN), 0);
    }
    dtt_sim_world_fini(&w);
}

static void a_connection_is_replaced_in_time(void **state)
{
    (void)state;
    pass_topics(1, 0, ROUNDS, 8);
}

static void again_and_again(void **state)
{
    (void)state;
    for (uint64_t seed = 2; seed < 6; seed++) {
        pass_topics(seed, DTT_NG_CONN_BYTES + 1024 * 1024, 150, 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_replaced_in_time),
        cmocka_unit_test(again_and_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
