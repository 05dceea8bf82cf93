/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A dialled connection goes over to another path: by a relay, over the internet, and back. */
#include "net.h"
#include "support/vectors.h"

#define SAY_NS (50 * DTT_MS)

/* Which ways are cut. */
struct cuts {
    bool is_direct_cut;
    bool is_relay_cut;
};

struct scene {
    struct net n;
    struct cuts cuts;
    struct net_node *client, *server;
    dtt_quic_conn dialled, accepted;
    unsigned said;
};

static bool passes(void *user, struct net_packet *p)
{
    const struct cuts *cuts = user;
    return dtt_addr_is_invented(&p->to) ? !cuts->is_relay_cut : !cuts->is_direct_cut;
}

/* A connection by the relay. */
static void setup(struct scene *s, uint64_t seed)
{
    memset(s, 0, sizeof(*s));
    net_init(&s->n, seed);
    s->n.filter = passes;
    s->n.user = &s->cuts;
    s->client = net_add(&s->n, NULL);
    s->server = net_add(&s->n, NULL);
    net_dial_by_relay(&s->n, s->client, s->server, &s->dialled);
    net_run(&s->n, 2 * DTT_S);
    const struct dtt_quic_event *e = net_event(s->server, DTT_QUIC_CONNECTED, 0);
    assert_non_null(e);
    assert_non_null(net_event(s->client, DTT_QUIC_CONNECTED, s->dialled));
    assert_true(dtt_addr_eq(&e->addr, &s->client->relayed));
    s->accepted = e->conn;
    dtt_quic_trust(s->client->q, s->dialled, true);
    dtt_quic_trust(s->server->q, s->accepted, true);
    net_forget(s->client);
    net_forget(s->server);
}

/* Both speak all the time. */
static void talk(struct scene *s, uint64_t ns)
{
    char text[16];
    for (uint64_t t = 0; t < ns; t += SAY_NS) {
        snprintf(text, sizeof(text), "word %u", ++s->said);
        net_say(&s->n, s->client, s->dialled, text);
        net_say(&s->n, s->server, s->accepted, text);
        net_run(&s->n, SAY_NS);
    }
}

/* All of it but the last `n` words has come, both ways, and nobody has lost the connection. */
static void assert_all_heard(const struct scene *s, unsigned n)
{
    char text[16];
    for (unsigned i = 1; i + n <= s->said; i++) {
        snprintf(text, sizeof(text), "word %u", i);
        net_assert_heard(s->server, s->accepted, text);
        net_assert_heard(s->client, s->dialled, text);
    }
    assert_int_equal(net_count(s->client, DTT_QUIC_CLOSED), 0);
    assert_int_equal(net_count(s->server, DTT_QUIC_CLOSED), 0);
}

static int to_direct(struct scene *s)
{
    return dtt_quic_migrate(s->client->q, s->n.now, s->dialled, &s->client->addr, &s->server->addr);
}

static int to_relay(struct scene *s)
{
    struct dtt_addr local = net_relay_local();
    return dtt_quic_migrate(s->client->q, s->n.now, s->dialled, &local, &s->server->relayed);
}

/* Both were told once that they have met at these addresses. */
static void assert_moved(struct scene *s, const struct dtt_addr *client,
                         const struct dtt_addr *server)
{
    struct dtt_quic_info info;
    const struct dtt_quic_event *e = net_event(s->client, DTT_QUIC_MIGRATED, s->dialled);
    assert_non_null(e);
    assert_true(dtt_addr_eq(&e->addr, server));
    assert_int_equal(s->client->event_count, 1);
    e = net_event(s->server, DTT_QUIC_MIGRATED, s->accepted);
    assert_non_null(e);
    assert_true(dtt_addr_eq(&e->addr, client));
    assert_int_equal(s->server->event_count, 1);
    assert_true(dtt_quic_info(s->client->q, s->dialled, &info));
    assert_true(dtt_addr_eq(&info.remote, server));
    net_forget(s->client);
    net_forget(s->server);
}

static void goes_there_and_back_under_traffic(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 1);
    for (int round = 0; round < 4; round++) {
        talk(&s, DTT_S);
        assert_int_equal(to_direct(&s), DTT_OK);
        assert_int_equal(to_direct(&s), DTT_EAGAIN);
        talk(&s, DTT_S);
        assert_moved(&s, &s.client->addr, &s.server->addr);
        s.cuts.is_relay_cut = true; /* nothing needs it now */
        talk(&s, 5 * DTT_S);
        s.cuts.is_relay_cut = false;
        assert_int_equal(to_relay(&s), DTT_OK);
        talk(&s, DTT_S);
        assert_moved(&s, &s.client->relayed, &s.server->relayed);
        s.cuts.is_direct_cut = true;
        talk(&s, 5 * DTT_S);
        s.cuts.is_direct_cut = false;
        assert_all_heard(&s, 2);
    }
    net_run(&s.n, 60 * DTT_S);
    assert_all_heard(&s, 0);
    assert_int_equal(s.client->event_count + s.server->event_count, 0);
    net_fini(&s.n);
}

/* The kernel chooses the address that a datagram leaves from, and tells it of the answer. */
static void begins_at_the_wildcard(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 2);
    struct dtt_addr any = {.family = DTT_FAMILY_V4, .port = s.client->addr.port};
    assert_int_equal(dtt_quic_migrate(s.client->q, s.n.now, s.dialled, &any, &s.server->addr),
                     DTT_OK);
    talk(&s, DTT_S);
    assert_moved(&s, &s.client->addr, &s.server->addr);
    talk(&s, 2 * DTT_S);
    assert_all_heard(&s, 2);
    net_fini(&s.n);
}

/* While a dead path is tried, all that is said is heard as fast as ever. */
static void stays_when_the_new_path_is_dead(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 3);
    for (int round = 0; round < 2; round++) {
        s.cuts.is_direct_cut = true;
        assert_int_equal(to_direct(&s), DTT_OK);
        for (int i = 0; i < 100 && s.client->event_count == 0; i++) {
            talk(&s, 200 * DTT_MS);
            assert_all_heard(&s, 2);
        }
        const struct dtt_quic_event *e = net_event(s.client, DTT_QUIC_NOT_MIGRATED, s.dialled);
        assert_non_null(e);
        assert_true(dtt_addr_eq(&e->addr, &s.server->relayed));
        assert_int_equal(s.client->event_count, 1);
        assert_int_equal(s.server->event_count, 0);
        net_forget(s.client);
        s.cuts.is_direct_cut = false; /* so the next try succeeds */
        assert_int_equal(to_direct(&s), DTT_OK);
        talk(&s, DTT_S);
        assert_moved(&s, &s.client->addr, &s.server->addr);
        talk(&s, 5 * DTT_S); /* DTT_QMOVE_LEFT_NS */
        assert_int_equal(to_relay(&s), DTT_OK);
        talk(&s, DTT_S);
        assert_moved(&s, &s.client->relayed, &s.server->relayed);
        talk(&s, 5 * DTT_S);
    }
    net_fini(&s.n);
}

/* What was under way when the old path died is sent again by the new one. */
static void leaves_a_dead_path(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 4);
    assert_int_equal(to_direct(&s), DTT_OK);
    talk(&s, DTT_S);
    assert_moved(&s, &s.client->addr, &s.server->addr);
    s.cuts.is_direct_cut = true;
    talk(&s, 2 * DTT_S);
    assert_int_equal(to_relay(&s), DTT_OK);
    net_run(&s.n, 5 * DTT_S);
    assert_all_heard(&s, 0);
    assert_moved(&s, &s.client->relayed, &s.server->relayed);
    net_fini(&s.n);
}

/* Nothing passes anywhere for a while, from each instant of the migration. */
static void survives_a_cut_on_the_way(void **state)
{
    struct scene s;
    (void)state;
    for (unsigned step = 0; step <= 10; step++) {
        setup(&s, 5 + step);
        assert_int_equal(to_direct(&s), DTT_OK);
        net_run(&s.n, step * 10 * DTT_MS);
        s.cuts = (struct cuts){.is_direct_cut = true, .is_relay_cut = true};
        talk(&s, DTT_S);
        s.cuts = (struct cuts){.is_direct_cut = false};
        net_run(&s.n, 12 * DTT_S);
        assert_all_heard(&s, 0);
        assert_true(net_count(s.client, DTT_QUIC_MIGRATED) +
                        net_count(s.client, DTT_QUIC_NOT_MIGRATED) >=
                    1);
        net_fini(&s.n);
    }
}

static void ends_with_its_connection(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 20);
    s.cuts.is_direct_cut = true;
    assert_int_equal(to_direct(&s), DTT_OK);
    dtt_quic_close(s.client->q, s.n.now, s.dialled, 0, "");
    net_run(&s.n, 20 * DTT_S);
    assert_int_equal(net_count(s.client, DTT_QUIC_NOT_MIGRATED), 0);
    assert_int_equal(to_direct(&s), DTT_ECLOSED);
    net_fini(&s.n);
}

static void refuses_what_cannot_be(void **state)
{
    struct scene s;
    (void)state;
    setup(&s, 21);
    struct dtt_addr local = net_relay_local();
    struct dtt_quic *q = s.client->q;
    struct dtt_addr multicast = dtt_addr_v4(224, 0, 0, 1, 4433);
    assert_int_equal(to_relay(&s), DTT_EINVAL); /* it is there */
    assert_int_equal(dtt_quic_migrate(q, s.n.now, s.dialled, &local, &s.server->addr), DTT_EINVAL);
    assert_int_equal(dtt_quic_migrate(q, s.n.now, s.dialled, &s.client->addr, &multicast),
                     DTT_EINVAL);
    assert_int_equal(
        dtt_quic_migrate(s.server->q, s.n.now, s.accepted, &s.server->addr, &s.client->addr),
        DTT_ESTATE);
    dtt_quic_conn early = net_dial(&s.n, s.client, s.server);
    assert_int_equal(dtt_quic_migrate(q, s.n.now, early, &local, &s.server->relayed), DTT_ESTATE);
    net_fini(&s.n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back_under_traffic),
        cmocka_unit_test(begins_at_the_wildcard),
        cmocka_unit_test(stays_when_the_new_path_is_dead),
        cmocka_unit_test(leaves_a_dead_path),
        cmocka_unit_test(survives_a_cut_on_the_way),
        cmocka_unit_test(ends_with_its_connection),
        cmocka_unit_test(refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
