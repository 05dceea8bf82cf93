/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A host's addresses change under its connections. */
#include "quic/move.h"
#include "net.h"
#include "support/vectors.h"

struct scene {
    struct net n;
    struct net_node *client, *server;
    dtt_quic_conn dialled, accepted;
};

static void setup(struct scene *s, uint64_t seed)
{
    net_init(&s->n, seed);
    s->client = net_add(&s->n, NULL);
    s->server = net_add(&s->n, NULL);
    net_connect(&s->n, s->client, s->server, &s->dialled, &s->accepted);
    net_run(&s->n, 2 * DTT_S);
    assert_int_equal(s->client->event_count + s->server->event_count, 0);
}

/* Nothing passes any more at the address that the node had; it has another one as well. */
static void move(struct scene *s, struct net_node *node, uint8_t net)
{
    node->dead = node->addr;
    node->addr.ip[2] = net;
    dtt_quic_moved(node->q, s->n.now);
}

static void a_dialled_connection_goes_on_from_another_address(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 1);
    for (uint8_t net = 1; net <= 3; net++) {
        move(&s, s.client, net);
        net_say(&s.n, s.client, s.dialled, "from elsewhere");
        net_say(&s.n, s.server, s.accepted, "to elsewhere");
        net_run(&s.n, 3 * DTT_S);
        net_assert_heard(s.server, s.accepted, "from elsewhere");
        net_assert_heard(s.client, s.dialled, "to elsewhere");
        const struct dtt_quic_event *e = net_event(s.server, DTT_QUIC_MIGRATED, s.accepted);
        assert_non_null(e);
        assert_true(dtt_addr_eq(&e->addr, &s.client->addr));
        assert_int_equal(s.server->event_count, 1);
        assert_int_equal(s.client->event_count, 0);
        net_forget(s.server);
    }
    net_run(&s.n, 60 * DTT_S);
    assert_int_equal(s.client->event_count + s.server->event_count, 0);
    net_fini(&s.n);
}

static void an_accepted_connection_is_told_as_stranded_once_a_move(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 2);
    move(&s, s.server, 1);
    for (unsigned i = 0; i < 2; i++) {
        dtt_quic_moved(s.server->q, s.n.now);
        net_run(&s.n, 200 * DTT_MS);
        assert_int_equal(s.server->event_count, 0); /* the peer has time to answer */
        net_run(&s.n, 1300 * DTT_MS);
        assert_non_null(net_event(s.server, DTT_QUIC_STRANDED, s.accepted));
        assert_int_equal(s.server->event_count, 1);
        net_forget(s.server);
    }
    assert_int_equal(s.client->event_count, 0);
    net_fini(&s.n);
}

static void a_connection_that_is_heard_stays_as_it_is(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 3);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t asked = s.server->sent_packets;
        dtt_quic_moved(s.client->q, s.n.now);
        dtt_quic_moved(s.server->q, s.n.now);
        net_run(&s.n, 2 * DTT_S);
        assert_true(s.server->sent_packets > asked);
    }
    assert_int_equal(s.client->event_count + s.server->event_count, 0);
    net_fini(&s.n);
}

/* However often the addresses change: few datagrams, and no later word. */
static void a_flapping_host_is_told_as_soon_and_costs_little(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 4);
    uint64_t sent = s.server->sent_packets;
    move(&s, s.server, 1);
    for (unsigned i = 0; i < 150; i++) {
        net_run(&s.n, 10 * DTT_MS);
        dtt_quic_moved(s.server->q, s.n.now);
    }
    assert_true(net_count(s.server, DTT_QUIC_STRANDED) >= 1);
    assert_in_range(s.server->event_count, 1, 6);
    assert_true(s.server->sent_packets - sent <= 150 + 20);
    net_fini(&s.n);
}

static void a_handshake_under_way_is_left_alone(void **state)
{
    struct net n;
    (void)state;
    net_init(&n, 5);
    struct net_node *a = net_add(&n, NULL);
    struct net_node *b = net_add(&n, NULL);
    dtt_quic_conn c = net_dial(&n, a, b);
    net_run(&n, n.latency_ns / 2);
    dtt_quic_moved(a->q, n.now);
    dtt_quic_moved(b->q, n.now);
    net_run(&n, 2 * DTT_S);
    assert_non_null(net_event(a, DTT_QUIC_CONNECTED, c));
    assert_int_equal(net_count(a, DTT_QUIC_CLOSED) + net_count(b, DTT_QUIC_STRANDED), 0);
    net_fini(&n);
}

/* Its router gives it another port, again and again. Each costs one trial, however much it says. */
static void a_server_that_moves_is_followed(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 6);
    for (uint16_t port = 1001; port <= 1000 + DTT_QMOVE_TRIALS; port++) {
        s.server->mapped = dtt_addr_v4(192, 0, 2, 1, port);
        net_say(&s.n, s.client, s.dialled, "to the old place");
        for (unsigned i = 0; i < 5; i++) {
            net_say(&s.n, s.server, s.accepted, "from the new place");
        }
        net_run(&s.n, 3 * DTT_S);
        net_assert_heard(s.server, s.accepted, "to the old place");
        net_assert_heard(s.client, s.dialled, "from the new place");
        const struct dtt_quic_event *e = net_event(s.client, DTT_QUIC_MIGRATED, s.dialled);
        assert_non_null(e);
        assert_true(dtt_addr_eq(&e->addr, &s.server->mapped));
        assert_int_equal(s.client->event_count, 1);
        net_forget(s.client);
    }
    net_run(&s.n, 60 * DTT_S);
    assert_int_equal(s.client->event_count + s.server->event_count, 0);
    net_fini(&s.n);
}

/* See DTT_QMOVE_LEFT_NS. */
static void a_client_that_goes_back_at_once_is_heard_later(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 8);
    s.client->mapped = dtt_addr_v4(192, 0, 2, 1, 2222);
    net_say(&s.n, s.client, s.dialled, "moved");
    net_run(&s.n, DTT_S);
    net_assert_heard(s.server, s.accepted, "moved");
    s.client->mapped = (struct dtt_addr){.family = 0};
    net_say(&s.n, s.client, s.dialled, "and back");
    net_run(&s.n, DTT_QMOVE_LEFT_NS / 2);
    assert_int_equal(net_count(s.server, DTT_QUIC_MIGRATED), 1);
    net_run(&s.n, DTT_QMOVE_LEFT_NS * 3);
    assert_int_equal(net_count(s.server, DTT_QUIC_MIGRATED), 2);
    net_assert_heard(s.server, s.accepted, "and back");
    net_fini(&s.n);
}

/* Somebody on the way who sends what the server sent once more, from an address of his choice. */
struct copier {
    struct net_node *server;
    struct dtt_addr victim;
    struct net_packet copy;
    unsigned sent; /* datagrams to the victim */
};

static bool copy_one(void *user, struct net_packet *p)
{
    struct copier *c = user;
    c->sent += dtt_addr_eq(&p->to, &c->victim);
    if (dtt_addr_eq(&p->from, &c->server->addr)) {
        c->copy = *p;
    }
    return true;
}

static void send_copies(struct scene *s, struct copier *c, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * 100; i++) {
        net_inject(&s->n, &c->victim, &s->client->addr, dtt_slice(c->copy.data, c->copy.len));
        net_run(&s->n, 10 * DTT_MS);
    }
}

static void copies_of_what_a_server_says_cost_little(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 7);
    struct copier c = {.server = s.server, .victim = dtt_addr_v4(192, 0, 2, 66, 666)};
    s.n.filter = copy_one;
    s.n.user = &c;
    net_say(&s.n, s.server, s.accepted, "copied");
    net_run(&s.n, DTT_S);
    assert_true(c.copy.len > 0);
    net_inject(&s.n, &c.victim, &s.client->addr, dtt_slice(c.copy.data, c.copy.len));
    net_run(&s.n, DTT_QMOVE_TRIAL_S * DTT_S);
    assert_in_range(c.sent, 1, 8);
    send_copies(&s, &c, 2 * DTT_QMOVE_TRIAL_S);
    assert_in_range(c.sent, 1, 8 * (1 + DTT_QMOVE_TRIALS + 2)); /* of two thousand copies */
    assert_int_equal(s.client->event_count + s.server->event_count, 0);
    net_say(&s.n, s.client, s.dialled, "as before");
    net_run(&s.n, DTT_S);
    net_assert_heard(s.server, s.accepted, "as before");
    for (unsigned i = 0; i < 100; i++) { /* the server is heard: nothing is sent there */
        net_say(&s.n, s.server, s.accepted, "still here");
        net_run(&s.n, 100 * DTT_MS);
        c.sent = 0;
        net_inject(&s.n, &c.victim, &s.client->addr, dtt_slice(c.copy.data, c.copy.len));
        net_run(&s.n, 10 * DTT_MS);
        assert_int_equal(c.sent, 0);
    }
    net_fini(&s.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dialled_connection_goes_on_from_another_address),
        cmocka_unit_test(an_accepted_connection_is_told_as_stranded_once_a_move),
        cmocka_unit_test(a_connection_that_is_heard_stays_as_it_is),
        cmocka_unit_test(a_flapping_host_is_told_as_soon_and_costs_little),
        cmocka_unit_test(a_handshake_under_way_is_left_alone),
        cmocka_unit_test(a_server_that_moves_is_followed),
        cmocka_unit_test(a_client_that_goes_back_at_once_is_heard_later),
        cmocka_unit_test(copies_of_what_a_server_says_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
