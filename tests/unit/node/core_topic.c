/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Strangers meet, talk, part and are missed. */
#include "node/core_topic.h"

#include "node/inside.h"
#include "party.h"
#include "sim/plain.h"

#include <stdlib.h>

static bool is_there(const struct peer *peer)
{
    return peer->host->core != NULL;
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

static void two_meet_and_talk(void **state)
{
    struct party p;
    (void)state;
    party_init(&p, 1);
    party_add(&p, "room", "secret");
    party_run(&p, 5 * DTT_S, NULL);
    assert_false(party_has_joined(&p));
    struct dtt_why why;
    dtt_core_topic_why(p.peers[0].host->topic, dtt_sim_host_now(p.peers[0].host), &why);
    assert_int_equal(why.stage, DTT_STAGE_ALONE);
    assert_int_equal(why.members, 1);
    party_add(&p, "room", "secret");
    assert_true(party_run(&p, 10 * DTT_S, party_has_joined));
    /* Bootstrap, two slot reads in parallel, QUIC, gossip: a dozen round trips of 20 ms. */
    assert_in_range(p.peers[1].joined_ms, 60, 400);
    dtt_core_topic_why(p.peers[0].host->topic, dtt_sim_host_now(p.peers[0].host), &why);
    assert_int_equal(why.stage, DTT_STAGE_JOINED);
    assert_int_equal(why.members, 2);
    say(&p, 0);
    say(&p, 1);
    assert_true(party_run(&p, 5 * DTT_S, all_heard));
    assert_heard_once(&p);
    /* A polite leave is told as such. */
    struct dtt_sim_host *h = p.peers[1].host;
    dtt_core_topic_leave(h->topic, dtt_sim_host_now(h));
    dtt_sim_host_settle(h);
    party_run(&p, 1 * DTT_S, NULL);
    assert_int_equal(p.peers[0].downs, 1);
    assert_int_equal(p.peers[0].down_reason, DTT_REASON_DISCONNECT);
    assert_int_equal(p.peers[1].left, 1);
    dtt_sim_world_fini(&p.w);
}

static void another_secret_stays_outside(void **state)
{
    struct party p;
    (void)state;
    party_init(&p, 2);
    party_add(&p, "room", "secret");
    party_add(&p, "room", "secret");
    party_add(&p, "room", "another");
    party_run(&p, 60 * DTT_S, NULL);
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
    party_run(&p, 10 * DTT_S, NULL);
    assert_int_equal(p.peers[1].heard[0], 1);
    assert_int_equal(p.peers[2].heard[0], 0);
    dtt_sim_world_fini(&p.w);
}

static void twenty_at_once(void **state)
{
    struct party p;
    (void)state;
    party_init(&p, 3);
    p.w.links.loss_ppm = 10000;
    for (int i = 0; i < 20; i++) {
        party_add(&p, "room", "secret");
    }
    assert_true(party_run(&p, 30 * DTT_S, party_has_joined));
    for (size_t i = 0; i < p.n; i++) {
        say(&p, i);
    }
    assert_true(party_run(&p, 30 * DTT_S, all_heard));
    assert_heard_once(&p);
    /* One is killed: its neighbours notice, and the rest still hear each other. */
    dtt_sim_host_kill(p.peers[7].host);
    party_run(&p, 40 * DTT_S, NULL);
    unsigned noticed = 0;
    for (size_t i = 0; i < p.n; i++) {
        noticed += p.peers[i].has_missed;
        memset(p.peers[i].heard, 0, sizeof(p.peers[i].heard));
    }
    assert_true(noticed > 0);
    party_run(&p, 150 * DTT_S, NULL); /* equal texts count as one for 3 minutes */
    for (size_t i = 0; i < p.n; i++) {
        if (i != 7) {
            say(&p, i);
        }
    }
    assert_true(party_run(&p, 30 * DTT_S, all_heard));
    assert_heard_once(&p);
    dtt_sim_world_fini(&p.w);
}

static void late_by_two_minutes(void **state)
{
    struct party p;
    (void)state;
    party_init(&p, 4);
    party_add(&p, "room", "secret");
    party_run(&p, 125 * DTT_S, NULL);
    party_add(&p, "room", "secret");
    assert_true(party_run(&p, 10 * DTT_S, party_has_joined));
    assert_in_range(p.peers[1].joined_ms, 60, 1000);
    dtt_sim_world_fini(&p.w);
}

static uint64_t counted(const struct party *p, size_t peer, enum dtt_counter counter)
{
    return p->peers[peer].host->ctx.counters[counter];
}

static void members_know_of_each_other_that_they_are(void **state)
{
    static const struct dtt_transport_ops *const transports[] = {NULL, &dtt_sim_plain};
    (void)state;
    for (size_t i = 0; i < sizeof(transports) / sizeof(transports[0]); i++) {
        struct party p;
        party_init(&p, 11);
        p.w.transport = transports[i];
        party_add(&p, "room", "secret");
        party_add(&p, "room", "secret");
        party_add(&p, "room", "secret");
        assert_true(party_run(&p, 60 * DTT_S, party_has_joined));
        party_run(&p, 2 * DTT_S, NULL);
        for (size_t k = 0; k < p.n; k++) {
            struct dtt_gossip_facts facts =
                dtt_gossip_facts(p.peers[k].host->core->gossip, &p.peers[k].host->topic->id);
            assert_true(facts.neighbors > 0);
            assert_int_equal(facts.proven, facts.neighbors);
            assert_true(counted(&p, k, DTT_COUNTER_NODE_PROOFS_GOOD) > 0);
            assert_int_equal(counted(&p, k, DTT_COUNTER_NODE_PROOFS_REFUSED), 0);
        }
        dtt_sim_world_fini(&p.w);
    }
}

static void join_again(struct peer *peer)
{
    struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = "room", .secret = "secret", .secret_len = 6, .user = peer};
    dtt_core_topic_leave(peer->host->topic, dtt_sim_host_now(peer->host));
    dtt_sim_host_settle(peer->host);
    peer->is_joined = false;
    assert_int_equal(dtt_sim_host_join(peer->host, &cfg), DTT_OK);
}

/* Each return of one that leaves waits longer. It comes again when that is over, as soon as it was
 * told of it: not when its dial has had its time. */
static void who_leaves_often_is_back_soon(void **state)
{
    static const uint64_t stays_ms[] = {0, 100, 900, 5000};
    (void)state;
    for (size_t s = 0; s < sizeof(stays_ms) / sizeof(stays_ms[0]); s++) {
        for (int others = 1; others <= 3; others += 2) {
            struct party p;
            party_init(&p, 14);
            for (int i = 0; i <= others; i++) {
                party_add(&p, "room", "secret");
            }
            assert_true(party_run(&p, 60 * DTT_S, party_has_joined));
            party_run(&p, 20 * DTT_S, NULL);
            for (int i = 0; i < 3; i++) {
                join_again(&p.peers[0]);
                assert_true(party_run(&p, 8 * DTT_S, party_has_joined));
                party_run(&p, stays_ms[s] * DTT_MS, NULL);
            }
            dtt_sim_world_fini(&p.w);
        }
    }
}

/* The others announce what was said in the last half minute: it is no news, our own least of all.
 */
static void who_joins_again_hears_nothing_twice(void **state)
{
    struct party p;
    (void)state;
    party_init(&p, 13);
    for (int i = 0; i < 3; i++) {
        party_add(&p, "room", "secret");
    }
    assert_true(party_run(&p, 60 * DTT_S, party_has_joined));
    for (size_t i = 0; i < p.n; i++) {
        say(&p, i);
    }
    assert_true(party_run(&p, 10 * DTT_S, all_heard));
    for (size_t i = 0; i < p.n; i++) { /* each once: who comes and goes is kept waiting */
        join_again(&p.peers[i]);
        assert_true(party_run(&p, 30 * DTT_S, party_has_joined));
        party_run(&p, 5 * DTT_S, NULL);
        assert_heard_once(&p);
        assert_int_equal(p.peers[i].heard[i], 0);
    }
    /* What is new is heard. */
    p.peers[0].heard[1] = p.peers[2].heard[1] = 0;
    assert_int_equal(dtt_sim_host_say(p.peers[1].host, dtt_slice("1 again", 7)), DTT_OK);
    assert_true(party_run(&p, 10 * DTT_S, all_heard));
    /* The ids are forgotten when they no longer count. */
    dtt_core_topic_leave(p.peers[0].host->topic, dtt_sim_host_now(p.peers[0].host));
    p.peers[0].host->topic = NULL;
    dtt_sim_host_settle(p.peers[0].host);
    assert_int_not_equal(dtt_gossip_deadline(p.peers[0].host->core->gossip), DTT_NEVER);
    party_run(&p, 181 * DTT_S, NULL);
    assert_int_equal(dtt_gossip_deadline(p.peers[0].host->core->gossip), DTT_NEVER);
    dtt_sim_world_fini(&p.w);
}

/*
 * A message that comes when its topic has just been left is shown to nobody, so it does not count
 * as taken: neither when the node is in no other topic, nor when it is.
 */
static void what_comes_after_leaving_is_not_taken(void **state)
{
    (void)state;
    for (int is_in_another = 0; is_in_another < 2; is_in_another++) {
        struct party p;
        party_init(&p, 15);
        party_add(&p, "room", "secret");
        party_add(&p, "room", "secret");
        assert_true(party_run(&p, 60 * DTT_S, party_has_joined));
        struct dtt_sim_host *h = p.peers[1].host;
        struct dtt_topic *room = h->topic;
        struct dtt_topic_config other = {.size = sizeof(other),
                                         .name = "other",
                                         .secret = "secret",
                                         .secret_len = 6,
                                         .user = &p.peers[1]};
        h->topic = NULL;
        if (is_in_another) {
            assert_int_equal(dtt_sim_host_join(h, &other), DTT_OK);
        }
        party_run(&p, 5 * DTT_S, NULL);
        say(&p, 0);
        dtt_core_topic_leave(room, dtt_sim_host_now(h));
        dtt_sim_host_settle(h);
        party_run(&p, 10 * DTT_S, NULL);
        assert_int_equal(p.peers[0].down_reason, DTT_REASON_DISCONNECT);
        assert_int_equal(p.peers[1].heard[0], 0);
        assert_int_equal(counted(&p, 1, DTT_COUNTER_NODE_RX_UNHEARD) > 0, !is_in_another);
        assert_int_equal(counted(&p, 0, DTT_COUNTER_GOSSIP_LOST), 0); /* another one may come */
        party_run(&p, 30 * DTT_S, NULL);
        assert_int_equal(counted(&p, 0, DTT_COUNTER_GOSSIP_LOST), 1);
        dtt_sim_world_fini(&p.w);
    }
}

/* ---- many topics at once */

/* How many operations on slots are under way, and for how many topics; all are of `core`. */
static size_t count_topics(const struct dtt_core *core, size_t *ret_ops)
{
    size_t n = 0;
    *ret_ops = 0;
    for (size_t i = 0; i < core->n_topics; i++) {
        bool is_served = false;
        for (size_t k = 0; k < dtt_map_count(&core->waits.by_op); k++) {
            const struct dtt_wait *wait = dtt_map_value_at(&core->waits.by_op, k);
            if (wait->kind <= DTT_WAIT_SLOT_PUT && wait->topic == core->topics[i]) {
                is_served = true;
                ++*ret_ops;
            }
        }
        n += is_served;
    }
    return n;
}

/* A node may have more topics than operations: each gets its turn, and none is refused. */
static void many_topics_take_turns(void **state)
{
    struct party p;
    size_t ops;
    (void)state;
    party_init(&p, 12);
    for (size_t i = 0; i < p.w.n_hosts; i++) { /* nobody answers, so what is asked stays open */
        dtt_sim_host_kill(p.w.hosts[i]);
    }
    struct dtt_sim_host *host = dtt_sim_host_add(&p.w, DTT_SIM_NAT_NONE);
    assert_non_null(host);
    assert_int_equal(dtt_sim_host_start(host, false, false), DTT_OK);
    for (size_t i = 0; i < DTT_CORE_TOPICS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "room %zu", i);
        struct dtt_topic_config cfg = {
            .size = sizeof(cfg), .name = name, .secret = "secret", .secret_len = 6};
        assert_int_equal(dtt_sim_host_join(host, &cfg), DTT_OK);
    }
    assert_in_range(count_topics(host->core, &ops), DTT_CORE_SLOT_OPS / 6, DTT_CORE_SLOT_OPS);
    assert_int_equal(ops, DTT_CORE_SLOT_OPS);
    /* Once the first ones have timed out each topic has one of its own. */
    party_run(&p, 11 * DTT_S, NULL);
    assert_int_equal(count_topics(host->core, &ops), DTT_CORE_SLOT_OPS);
    assert_int_equal(ops, DTT_CORE_SLOT_OPS);
    assert_int_equal(host->ctx.counters[DTT_COUNTER_DHT_WALKS_REFUSED], 0);
    dtt_sim_world_fini(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_meet_and_talk),
        cmocka_unit_test(another_secret_stays_outside),
        cmocka_unit_test(twenty_at_once),
        cmocka_unit_test(late_by_two_minutes),
        cmocka_unit_test(who_leaves_often_is_back_soon),
        cmocka_unit_test(who_joins_again_hears_nothing_twice),
        cmocka_unit_test(what_comes_after_leaving_is_not_taken),
        cmocka_unit_test(many_topics_take_turns),
        cmocka_unit_test(members_know_of_each_other_that_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
