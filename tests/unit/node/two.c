/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole nodes in one process and virtual time: strangers meet, talk, part and are missed. */
#include "crypto/ed25519.h"
#include "support/vectors.h"
#include "support/world.h"

#include <stdlib.h>

#define PEERS_MAX 32

struct peer {
    size_t node;
    struct dtt_topic *topic;
    bool is_joined;
    uint64_t joined_ms;
    unsigned heard[PEERS_MAX]; /* messages by the number that their text names */
    unsigned ups, downs, dial_failures, left;
    const char *down_reason;
    bool has_missed; /* the killed one, by time-out */
};

struct party {
    struct world *w;
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
    peer->node = world_add(p->w, false);
    assert_int_equal(
        dtt_core_join(p->w->nodes[peer->node].core, p->w->now, &cfg, NULL, &peer->topic), DTT_OK);
    world_flush(p->w);
}

static void on_event(struct peer *peer, const struct dtt_event *ev)
{
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
        peer->has_missed |= strcmp(ev->u.neighbor.reason, "timeout") == 0;
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

static void party_listen(struct party *p)
{
    for (size_t i = 0; i < p->n; i++) {
        struct dtt_core *core = p->w->nodes[p->peers[i].node].core;
        const struct dtt_event *ev;
        while (core && (ev = dtt_events_next(dtt_core_events(core))) != NULL) {
            on_event(&p->peers[i], ev);
        }
    }
}

static bool all_joined(struct world *w, void *user)
{
    struct party *p = user;
    (void)w;
    party_listen(p);
    for (size_t i = 0; i < p->n; i++) {
        if (!p->peers[i].is_joined) {
            return false;
        }
    }
    return true;
}

static bool can_send(struct world *w, void *user)
{
    struct peer *peer = user;
    struct dtt_id id;
    (void)w;
    return dtt_core_neighbors(peer->topic, &id, 1) > 0;
}

/* While a swarm forms, a full neighbour may drop one whose only neighbour it was. */
static void say(struct party *p, size_t i)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "%zu", i);
    assert_true(can_send(p->w, &p->peers[i]) ||
                world_run(p->w, 10 * DTT_S, can_send, &p->peers[i]));
    assert_int_equal(dtt_core_send(p->peers[i].topic, p->w->now, dtt_slice(text, (size_t)n), 0),
                     DTT_OK);
    world_flush(p->w);
}

/* Everybody who is there has heard everybody who is there, each message once. */
static bool all_heard(struct world *w, void *user)
{
    struct party *p = user;
    party_listen(p);
    for (size_t i = 0; i < p->n; i++) {
        for (size_t k = 0; k < p->n; k++) {
            if (i != k && w->nodes[p->peers[i].node].core && w->nodes[p->peers[k].node].core &&
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

static void setup(struct world *w, struct party *p, uint64_t seed)
{
    memset(p, 0, sizeof(*p));
    world_init(w, seed, 1740000010);
    p->w = w;
    for (int i = 0; i < 10; i++) {
        world_add(w, true);
    }
    world_run(w, 2 * DTT_S, NULL, NULL);
}

static void two_meet_and_talk(void **state)
{
    struct world w;
    struct party p;
    (void)state;
    setup(&w, &p, 1);
    party_add(&p, "room", "secret");
    world_run(&w, 5 * DTT_S, NULL, NULL);
    assert_false(all_joined(&w, &p));
    struct dtt_why why;
    dtt_core_why(p.peers[0].topic, w.now, &why);
    assert_int_equal(why.stage, DTT_STAGE_ALONE);
    party_add(&p, "room", "secret");
    assert_true(world_run(&w, 10 * DTT_S, all_joined, &p));
    /* Bootstrap, two slot reads in parallel, QUIC, gossip: a dozen round trips of 20 ms. */
    assert_in_range(p.peers[1].joined_ms, 60, 400);
    dtt_core_why(p.peers[0].topic, w.now, &why);
    assert_int_equal(why.stage, DTT_STAGE_JOINED);
    say(&p, 0);
    say(&p, 1);
    assert_true(world_run(&w, 5 * DTT_S, all_heard, &p));
    assert_heard_once(&p);
    /* A polite leave is told as such. */
    dtt_core_leave(w.nodes[p.peers[1].node].core, w.now, p.peers[1].topic);
    world_flush(&w);
    world_run(&w, 1 * DTT_S, NULL, NULL);
    party_listen(&p);
    assert_int_equal(p.peers[0].downs, 1);
    assert_string_equal(p.peers[0].down_reason, "disconnect");
    assert_int_equal(p.peers[1].left, 1);
    world_fini(&w);
}

/* A node that is closed says goodbye to its topics and hangs up: nobody waits for a time-out. */
static void a_closed_node_is_gone_at_once(void **state)
{
    struct world w;
    struct party p;
    (void)state;
    setup(&w, &p, 5);
    party_add(&p, "room", "secret");
    party_add(&p, "room", "secret");
    assert_true(world_run(&w, 20 * DTT_S, all_joined, &p));
    world_run(&w, DTT_S, NULL, NULL);
    party_listen(&p);
    const uint64_t *closed = &w.nodes[p.peers[0].node].ctx.metrics[DTT_METRIC_QUIC_CLOSED];
    assert_int_equal(*closed, 0);
    world_close(&w, p.peers[1].node);
    world_run(&w, 100 * DTT_MS, NULL, NULL);
    party_listen(&p);
    assert_int_equal(p.peers[0].downs, 1);
    assert_string_equal(p.peers[0].down_reason, "disconnect");
    assert_true(*closed > 0);
    world_fini(&w);
}

static void another_secret_stays_outside(void **state)
{
    struct world w;
    struct party p;
    (void)state;
    setup(&w, &p, 2);
    party_add(&p, "room", "secret");
    party_add(&p, "room", "secret");
    party_add(&p, "room", "another");
    world_run(&w, 60 * DTT_S, NULL, NULL);
    party_listen(&p);
    assert_true(p.peers[0].is_joined);
    assert_true(p.peers[1].is_joined);
    assert_false(p.peers[2].is_joined);
    assert_int_equal(p.peers[2].ups, 0);
    assert_int_equal(p.peers[2].dial_failures, 0);
    struct dtt_why why;
    dtt_core_why(p.peers[2].topic, w.now, &why);
    assert_true(why.records_refused > 0);
    assert_int_equal(why.records_seen, 0);
    say(&p, 0);
    world_run(&w, 10 * DTT_S, NULL, NULL);
    party_listen(&p);
    assert_int_equal(p.peers[1].heard[0], 1);
    assert_int_equal(p.peers[2].heard[0], 0);
    world_fini(&w);
}

/* Neither can open the other's records: only the address under its id in the DHT leads to it. */
static void by_id_alone(void **state)
{
    struct world w;
    struct party p;
    struct dtt_peer_addr other = {.addr = {.family = DTT_FAMILY_NONE}};
    (void)state;
    setup(&w, &p, 3);
    party_add(&p, "room", "one secret");
    party_add(&p, "room", "another");
    world_run(&w, 10 * DTT_S, NULL, NULL);
    assert_false(p.peers[0].is_joined);
    other.id = *dtt_core_id(w.nodes[p.peers[1].node].core);
    dtt_core_add_peer(p.peers[0].topic, w.now, &other);
    world_flush(&w);
    assert_true(world_run(&w, 10 * DTT_S, all_joined, &p));
    party_listen(&p);
    assert_int_equal(p.peers[0].dial_failures, 0);
    world_fini(&w);
}

/* Of somebody who is not there no address is found; the dial ends and says so. */
static void nobody_by_id(void **state)
{
    struct world w;
    struct party p;
    struct dtt_peer_addr nobody = {.addr = {.family = DTT_FAMILY_NONE}};
    const uint8_t seed[32] = {42};
    (void)state;
    setup(&w, &p, 3);
    party_add(&p, "room", "secret");
    world_run(&w, 5 * DTT_S, NULL, NULL);
    dtt_ed25519_public_key(nobody.id.bytes, seed);
    dtt_core_add_peer(p.peers[0].topic, w.now, &nobody);
    world_flush(&w);
    world_run(&w, 20 * DTT_S, NULL, NULL);
    party_listen(&p);
    assert_true(p.peers[0].dial_failures > 0);
    world_fini(&w);
}

static void twenty_at_once(void **state)
{
    struct world w;
    struct party p;
    (void)state;
    setup(&w, &p, 3);
    w.loss_percent = 1;
    for (int i = 0; i < 20; i++) {
        party_add(&p, "room", "secret");
    }
    assert_true(world_run(&w, 30 * DTT_S, all_joined, &p));
    for (size_t i = 0; i < p.n; i++) {
        say(&p, i);
    }
    assert_true(world_run(&w, 30 * DTT_S, all_heard, &p));
    assert_heard_once(&p);
    /* One is killed: its neighbours notice, and the rest still hear each other. */
    world_kill(&w, p.peers[7].node);
    world_run(&w, 40 * DTT_S, NULL, NULL);
    party_listen(&p);
    unsigned noticed = 0;
    for (size_t i = 0; i < p.n; i++) {
        noticed += p.peers[i].has_missed;
        memset(p.peers[i].heard, 0, sizeof(p.peers[i].heard));
    }
    assert_true(noticed > 0);
    world_run(&w, 60 * DTT_S, NULL, NULL); /* equal texts count as one for 90 s */
    for (size_t i = 0; i < p.n; i++) {
        if (i != 7) {
            say(&p, i);
        }
    }
    assert_true(world_run(&w, 30 * DTT_S, all_heard, &p));
    assert_heard_once(&p);
    world_fini(&w);
}

static void late_by_two_minutes(void **state)
{
    struct world w;
    struct party p;
    (void)state;
    setup(&w, &p, 4);
    party_add(&p, "room", "secret");
    world_run(&w, 125 * DTT_S, NULL, NULL);
    party_add(&p, "room", "secret");
    assert_true(world_run(&w, 10 * DTT_S, all_joined, &p));
    assert_in_range(p.peers[1].joined_ms, 60, 1000);
    world_fini(&w);
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
