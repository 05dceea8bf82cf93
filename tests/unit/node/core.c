/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Routing, and the end of a node. */
#include "node/core.h"

#include "node/core_dht.h"
#include "node/inside.h"
#include "party.h"

/* A node that is closed says goodbye to its topics and hangs up: nobody waits for a time-out. */
static void a_closed_node_is_gone_at_once(void **state)
{
    struct party p;
    (void)state;
    party_init(&p, 5);
    party_add(&p, "room", "secret");
    party_add(&p, "room", "secret");
    assert_true(party_run(&p, 20 * DTT_S, party_has_joined));
    party_run(&p, DTT_S, NULL);
    const uint64_t *closed = &p.peers[0].host->ctx.counters[DTT_COUNTER_QUIC_CLOSED];
    assert_int_equal(*closed, 0);
    struct dtt_sim_host *closing = p.peers[1].host;
    dtt_core_shutdown(closing->core, dtt_sim_host_now(closing));
    dtt_sim_host_settle(closing);
    dtt_core_hang_up(closing->core, dtt_sim_host_now(closing));
    dtt_sim_host_settle(closing);
    dtt_sim_host_kill(closing);
    party_run(&p, 100 * DTT_MS, NULL);
    assert_int_equal(p.peers[0].downs, 1);
    assert_int_equal(p.peers[0].down_reason, DTT_REASON_DISCONNECT);
    assert_true(*closed > 0);
    dtt_sim_world_fini(&p.w);
}

/* What a call leaves to be done is done by asking for packets. */
static void what_a_call_causes_waits_to_be_settled(void **state)
{
    struct party p;
    struct dtt_core_packet packet;
    const uint8_t target[20] = {1};
    uint32_t op;
    (void)state;
    party_init(&p, 7);
    party_add(&p, "room", "secret");
    party_run(&p, 5 * DTT_S, NULL);
    struct dtt_sim_host *h = p.peers[0].host;
    struct dtt_now now = dtt_sim_host_now(h);
    dtt_core_settle(h->core, now);
    while (dtt_core_next_packet(h->core, now, &packet)) {
    }
    assert_true(dtt_events_is_empty(dtt_core_events(h->core)));
    assert_int_equal(dtt_core_dht_find(h->core, now, target, &op), DTT_OK);
    dtt_core_dht_cancel(h->core, now, op);
    assert_true(dtt_events_is_empty(dtt_core_events(h->core)));
    dtt_core_settle(h->core, now);
    const struct dtt_event *ev = dtt_events_next(dtt_core_events(h->core));
    assert_int_equal(ev->type, DTT_EVENT_DHT_DONE);
    assert_int_equal(ev->u.dht_done.op, op);
    assert_int_equal(ev->u.dht_done.status, DTT_ECLOSED);
    dtt_sim_world_fini(&p.w);
}

static void a_plain_dht_node_has_no_topics(void **state)
{
    struct party p;
    struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = "room", .secret = "secret", .secret_len = 6};
    struct dtt_topic *topic;
    (void)state;
    party_init(&p, 8);
    struct dtt_sim_host *h = p.w.hosts[1];
    struct dtt_now now = dtt_sim_host_now(h);
    assert_int_equal(dtt_core_topic_join(h->core, now, &cfg, NULL, &topic), DTT_ESTATE);
    /* What is no KRPC is for nobody. */
    const uint64_t *unknown = &h->ctx.counters[DTT_COUNTER_NODE_RX_UNKNOWN];
    assert_int_equal(*unknown, 0);
    dtt_core_recv(h->core, now, &h->addr, &p.w.hosts[2]->addr, 0, dtt_slice("?", 1));
    assert_int_equal(*unknown, 1);
    dtt_sim_world_fini(&p.w);
}

/* Nobody outside can speak as if it came by a way of ours. */
static void what_claims_an_invented_address_is_dropped(void **state)
{
    struct party p;
    struct dtt_addr invented;
    (void)state;
    party_init(&p, 9);
    party_add(&p, "room", "secret");
    struct dtt_sim_host *h = p.peers[0].host;
    struct dtt_now now = dtt_sim_host_now(h);
    uint8_t initial[1200] = {0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8};
    assert_int_equal(dtt_addr_parse("[fd15:70a:510b:1::7]:12345", &invented), DTT_OK);
    const uint64_t *m = h->ctx.counters;
    uint64_t quic_bytes = m[DTT_COUNTER_NODE_RX_QUIC_BYTES];
    dtt_core_recv(h->core, now, &h->addr, &invented, 0, dtt_slice(initial, sizeof(initial)));
    assert_int_equal(m[DTT_COUNTER_NODE_RX_INVENTED], 1);
    assert_int_equal(m[DTT_COUNTER_NODE_RX_QUIC_BYTES], quic_bytes);
    dtt_sim_world_fini(&p.w);
}

static void a_node_that_is_shut_takes_no_topic(void **state)
{
    struct party p;
    struct dtt_topic_config cfg = {
        .size = sizeof(cfg), .name = "room", .secret = "secret", .secret_len = 6};
    struct dtt_core_packet packet;
    struct dtt_topic *topic;
    (void)state;
    party_init(&p, 9);
    party_add(&p, "room", "secret");
    party_add(&p, "room", "secret");
    assert_true(party_run(&p, 20 * DTT_S, party_has_joined));
    struct dtt_sim_host *h = p.peers[1].host;
    struct dtt_now now = dtt_sim_host_now(h);
    dtt_core_shutdown(h->core, now);
    assert_int_equal(h->core->n_topics, 0);
    assert_int_equal(dtt_core_topic_join(h->core, now, &cfg, NULL, &topic), DTT_ESTATE);
    dtt_core_hang_up(h->core, now);
    dtt_core_settle(h->core, now); /* for nothing */
    while (dtt_core_next_packet(h->core, now, &packet)) {
    }
    const struct dtt_event *ev = dtt_events_next(dtt_core_events(h->core));
    assert_int_equal(ev->type, DTT_EVENT_LEFT);
    assert_ptr_equal(ev->topic_user, &p.peers[1]);
    assert_null(dtt_events_next(dtt_core_events(h->core)));
    dtt_sim_world_fini(&p.w);
}

/* A host that had no address when it started, or lost all of them, has moved when it gets one. */
static void the_first_address_after_none_is_a_change(void **state)
{
    struct party p;
    (void)state;
    party_init(&p, 10);
    party_add(&p, "room", "secret");
    party_run(&p, 20 * DTT_S, NULL);
    struct dtt_sim_host *h = p.peers[0].host;
    const uint64_t *puts = &h->ctx.counters[DTT_COUNTER_TRACKER_PUTS];
    dtt_core_set_local_addrs(h->core, dtt_sim_host_now(h), NULL, 0);
    party_run(&p, 3 * DTT_S, NULL);
    uint64_t before = *puts;
    dtt_core_set_local_addrs(h->core, dtt_sim_host_now(h), &h->addr, 1);
    party_run(&p, 2 * DTT_S, NULL);
    assert_true(*puts > before); /* the network may be another: a record is due */
    dtt_sim_world_fini(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_closed_node_is_gone_at_once),
        cmocka_unit_test(what_a_call_causes_waits_to_be_settled),
        cmocka_unit_test(a_plain_dht_node_has_no_topics),
        cmocka_unit_test(what_claims_an_invented_address_is_dropped),
        cmocka_unit_test(a_node_that_is_shut_takes_no_topic),
        cmocka_unit_test(the_first_address_after_none_is_a_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
