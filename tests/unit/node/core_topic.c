/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole nodes in one process and virtual time: strangers meet, talk, part and are missed. */
#include "crypto/ed25519.h"
#include "sim/world.h"
#include "support/vectors.h"

#include <stdlib.h>

#define PEERS_MAX 32

/* Everybody is 10 ms from everybody. */
static const struct dtt_sim_links links = {
    .is_uniform = true, .min_us = 10000, .max_us = 10000, .mtu = 1500};

struct peer {
    struct dtt_sim_host *host;
    bool is_joined;
    uint64_t joined_ms;
    unsigned heard[PEERS_MAX]; /* messages by the number that their text names */
    unsigned ups, downs, dial_failures, left;
    int down_reason;
    bool has_missed; /* the killed one, by time-out */
};

struct party {
    struct dtt_sim_world w;
    struct peer peers[PEERS_MAX];
    size_t n;
};

static void party_add(struct party *p, const char *topic, const char *secret)
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
    assert_int_equal(dtt_sim_host_start(peer->host, false, false), DTT_OK);
    assert_int_equal(dtt_sim_host_join(peer->host, &cfg), DTT_OK);
}

static bool is_there(const struct peer *peer)
{
    return peer->host->core != NULL;
}

static void on_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
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
    case DTT_EVENT_DIAL_FAILED: peer->dial_failures++; break;
    case DTT_EVENT_LEFT:
        assert_null(ev->topic);
        assert_ptr_equal(ev->topic_user, peer);
        peer->left++;
        break;
    default: break;
    }
}

static bool run(struct party *p, uint64_t ns, bool (*is_over)(void *user))
{
    return dtt_sim_world_run(&p->w, p->w.t_ns + ns, is_over, p);
}

static bool all_joined(void *user)
{
    const struct party *p = user;
    for (size_t i = 0; i < p->n; i++) {
        if (!p->peers[i].is_joined) {
            return false;
        }
    }
    return true;
}

static bool can_send(void *user)
{
    const struct peer *peer = user;
    struct dtt_id id;
    return dtt_core_topic_neighbors(peer->host->topic, &id, 1) > 0;
}

/* While a swarm forms, a full neighbour may drop one whose only neighbour it was. */
static void say(struct party *p, size_t i)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "%zu", i);
    assert_true(can_send(&p->peers[i]) ||
                dtt_sim_world_run(&p->w, p->w.t_ns + 10 * DTT_S, can_send, &p->peers[i]));
    assert_int_equal(dtt_sim_host_say(p->peers[i].host, dtt_slice(text, (size_t)n)), DTT_OK);
}

/* Everybody who is there has heard everybody who is there, each message once. */
static bool all_heard(void *user)
{
    const struct party *p = user;
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; k < p->n; k++) {
            if (i != k && is_there(&p->peers[i]) && is_there(&p->peers[k]) &&
                p->peers[i].heard[k] == 0) {
                return false;
            }
        }
    }
    return true;
}

static void assert_heard_once(const struct party *p)
{
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; k < p->n; k++) {
            assert_true(p->peers[i].heard[k] <= 1);
        }
    }
}

static void setup(struct party *p, uint64_t seed)
{
    memset(p, 0, sizeof(*p));
    assert_int_equal(dtt_sim_world_init(&p->w, seed), DTT_OK);
    p->w.links = links;
    p->w.hooks.event = on_event;
    for (int i = 0; i < 10; i++) {
        struct dtt_sim_host *h = dtt_sim_host_add(&p->w, DTT_SIM_NAT_NONE);
        assert_non_null(h);
        assert_int_equal(dtt_sim_host_start(h, true, false), DTT_OK);
        p->w.n_routers[0] = 1; /* the first one, whom all others know */
    }
    run(p, 2 * DTT_S, NULL);
}

static void two_meet_and_talk(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 1);
    party_add(&p, "room", "secret");
    run(&p, 5 * DTT_S, NULL);
    assert_false(all_joined(&p));
    struct dtt_why why;
    dtt_core_topic_why(p.peers[0].host->topic, dtt_sim_host_now(p.peers[0].host), &why);
    assert_int_equal(why.stage, DTT_STAGE_ALONE);
    assert_int_equal(why.members, 1);
    party_add(&p, "room", "secret");
    assert_true(run(&p, 10 * DTT_S, all_joined));
    /* Bootstrap, two slot reads in parallel, QUIC, gossip: a dozen round trips of 20 ms. */
    assert_in_range(p.peers[1].joined_ms, 60, 400);
    dtt_core_topic_why(p.peers[0].host->topic, dtt_sim_host_now(p.peers[0].host), &why);
    assert_int_equal(why.stage, DTT_STAGE_JOINED);
    assert_int_equal(why.members, 2);
    say(&p, 0);
    say(&p, 1);
    assert_true(run(&p, 5 * DTT_S, all_heard));
    assert_heard_once(&p);
    /* A polite leave is told as such. */
    struct dtt_sim_host *h = p.peers[1].host;
    dtt_core_topic_leave(h->topic, dtt_sim_host_now(h));
    dtt_sim_host_settle(h);
    run(&p, 1 * DTT_S, NULL);
    assert_int_equal(p.peers[0].downs, 1);
    assert_int_equal(p.peers[0].down_reason, DTT_REASON_DISCONNECT);
    assert_int_equal(p.peers[1].left, 1);
    dtt_sim_world_fini(&p.w);
}

/* A node that is closed says goodbye to its topics and hangs up: nobody waits for a time-out. */
static void a_closed_node_is_gone_at_once(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 5);
    party_add(&p, "room", "secret");
    party_add(&p, "room", "secret");
    assert_true(run(&p, 20 * DTT_S, all_joined));
    run(&p, DTT_S, NULL);
    const uint64_t *closed = &p.peers[0].host->ctx.metrics[DTT_METRIC_QUIC_CLOSED];
    assert_int_equal(*closed, 0);
    struct dtt_sim_host *closing = p.peers[1].host;
    dtt_core_shutdown(closing->core, dtt_sim_host_now(closing));
    dtt_sim_host_settle(closing);
    dtt_core_hang_up(closing->core, dtt_sim_host_now(closing));
    dtt_sim_host_settle(closing);
    dtt_sim_host_kill(closing);
    run(&p, 100 * DTT_MS, NULL);
    assert_int_equal(p.peers[0].downs, 1);
    assert_int_equal(p.peers[0].down_reason, DTT_REASON_DISCONNECT);
    assert_true(*closed > 0);
    dtt_sim_world_fini(&p.w);
}

static void another_secret_stays_outside(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 2);
    party_add(&p, "room", "secret");
    party_add(&p, "room", "secret");
    party_add(&p, "room", "another");
    run(&p, 60 * DTT_S, NULL);
    assert_true(p.peers[0].is_joined);
    assert_true(p.peers[1].is_joined);
    assert_false(p.peers[2].is_joined);
    assert_int_equal(p.peers[2].ups, 0);
    assert_int_equal(p.peers[2].dial_failures, 0);
    struct dtt_why why;
    dtt_core_topic_why(p.peers[2].host->topic, dtt_sim_host_now(p.peers[2].host), &why);
    assert_true(why.records_refused > 0);
    assert_int_equal(why.records_seen, 0);
    say(&p, 0);
    run(&p, 10 * DTT_S, NULL);
    assert_int_equal(p.peers[1].heard[0], 1);
    assert_int_equal(p.peers[2].heard[0], 0);
    dtt_sim_world_fini(&p.w);
}

/* Neither can open the other's records: only the address under its id in the DHT leads to it. */
static void by_id_alone(void **state)
{
    struct party p;
    struct dtt_peer_addr other = {.addr = {.family = DTT_FAMILY_NONE}};
    (void)state;
    setup(&p, 3);
    party_add(&p, "room", "one secret");
    party_add(&p, "room", "another");
    run(&p, 10 * DTT_S, NULL);
    assert_false(p.peers[0].is_joined);
    struct dtt_sim_host *h = p.peers[0].host;
    other.id = p.peers[1].host->id;
    dtt_core_topic_add_peer(h->topic, dtt_sim_host_now(h), &other);
    dtt_sim_host_settle(h);
    assert_true(run(&p, 10 * DTT_S, all_joined));
    assert_int_equal(p.peers[0].dial_failures, 0);
    dtt_sim_world_fini(&p.w);
}

/* Of somebody who is not there no address is found; the dial ends and says so. */
static void nobody_by_id(void **state)
{
    struct party p;
    struct dtt_peer_addr nobody = {.addr = {.family = DTT_FAMILY_NONE}};
    const uint8_t seed[32] = {42};
    (void)state;
    setup(&p, 3);
    party_add(&p, "room", "secret");
    run(&p, 5 * DTT_S, NULL);
    dtt_ed25519_public_key(nobody.id.bytes, seed);
    struct dtt_sim_host *h = p.peers[0].host;
    dtt_core_topic_add_peer(h->topic, dtt_sim_host_now(h), &nobody);
    dtt_sim_host_settle(h);
    run(&p, 20 * DTT_S, NULL);
    assert_true(p.peers[0].dial_failures > 0);
    dtt_sim_world_fini(&p.w);
}

static void twenty_at_once(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 3);
    p.w.links.loss_ppm = 10000;
    for (int i = 0; i < 20; i++) {
        party_add(&p, "room", "secret");
    }
    assert_true(run(&p, 30 * DTT_S, all_joined));
    for (size_t i = 0; i < p.n; i++) {
        say(&p, i);
    }
    assert_true(run(&p, 30 * DTT_S, all_heard));
    assert_heard_once(&p);
    /* One is killed: its neighbours notice, and the rest still hear each other. */
    dtt_sim_host_kill(p.peers[7].host);
    run(&p, 40 * DTT_S, NULL);
    unsigned noticed = 0;
    for (size_t i = 0; i < p.n; i++) {
        noticed += p.peers[i].has_missed;
        memset(p.peers[i].heard, 0, sizeof(p.peers[i].heard));
    }
    assert_true(noticed > 0);
    run(&p, 60 * DTT_S, NULL); /* equal texts count as one for 90 s */
    for (size_t i = 0; i < p.n; i++) {
        if (i != 7) {
            say(&p, i);
        }
    }
    assert_true(run(&p, 30 * DTT_S, all_heard));
    assert_heard_once(&p);
    dtt_sim_world_fini(&p.w);
}

static void late_by_two_minutes(void **state)
{
    struct party p;
    (void)state;
    setup(&p, 4);
    party_add(&p, "room", "secret");
    run(&p, 125 * DTT_S, NULL);
    party_add(&p, "room", "secret");
    assert_true(run(&p, 10 * DTT_S, all_joined));
    assert_in_range(p.peers[1].joined_ms, 60, 1000);
    dtt_sim_world_fini(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_meet_and_talk),
        cmocka_unit_test(a_closed_node_is_gone_at_once),
        cmocka_unit_test(another_secret_stays_outside),
        cmocka_unit_test(by_id_alone),
        cmocka_unit_test(nobody_by_id),
        cmocka_unit_test(twenty_at_once),
        cmocka_unit_test(late_by_two_minutes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
