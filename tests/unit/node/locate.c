/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Peers that are found by their id alone. */
#include "node/locate.h"

#include "crypto/ed25519.h"
#include "party.h"

/* Neither can open the other's records: only the address under its id in the DHT leads to it. */
static void by_id_alone(void **state)
{
    struct party p;
    struct dtt_peer_addr other = {.addr = {.family = DTT_FAMILY_NONE}};
    (void)state;
    party_init(&p, 3);
    party_add(&p, "room", "one secret");
    party_add(&p, "room", "another");
    party_run(&p, 10 * DTT_S, NULL);
    assert_false(p.peers[0].is_joined);
    struct dtt_sim_host *h = p.peers[0].host;
    other.id = p.peers[1].host->id;
    dtt_core_topic_add_peer(h->topic, dtt_sim_host_now(h), &other);
    dtt_sim_host_settle(h);
    assert_true(party_run(&p, 10 * DTT_S, party_has_joined));
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
    party_init(&p, 3);
    party_add(&p, "room", "secret");
    party_run(&p, 5 * DTT_S, NULL);
    dtt_ed25519_public_key(nobody.id.bytes, seed);
    struct dtt_sim_host *h = p.peers[0].host;
    dtt_core_topic_add_peer(h->topic, dtt_sim_host_now(h), &nobody);
    dtt_sim_host_settle(h);
    party_run(&p, 20 * DTT_S, NULL);
    assert_true(p.peers[0].dial_failures > 0);
    dtt_sim_world_fini(&p.w);
}

static void own_packet_is_put(void **state)
{
    struct party p;
    (void)state;
    party_init(&p, 3);
    party_add(&p, "room", "secret");
    const struct dtt_core *c = p.peers[0].host->core;
    assert_int_not_equal(c->self.due_ns, DTT_NEVER);
    assert_int_equal(c->self.len, 0);
    party_run(&p, 10 * DTT_S, NULL);
    assert_true(c->self.len > 0);
    /* Some node took it: the next one is not a retry. */
    assert_true(c->self.due_ns > p.w.t_ns + DTT_SELF_RETRY_NS);
    assert_int_equal(c->waits.n_addr_gets, 0);
    dtt_sim_world_fini(&p.w);
}

/* iroh looks up the publisher of a record once: what it finds then is all there is to dial. */
static void has_published(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    struct dtt_now now = dtt_sim_host_now(h);
    if (h->user && ev->type == DTT_EVENT_RECORD_PUBLISHED && *(int64_t *)user == 0) {
        *(int64_t *)user = now.wall_ns / (int64_t)DTT_US;
        assert_true(h->core->self.len > 0);
        assert_in_range(*(int64_t *)user - h->core->self.seq, 0, 500000);
    }
}

static void first_packet_goes_with_the_first_record(void **state)
{
    struct party p;
    int64_t published_us = 0;
    (void)state;
    party_init(&p, 3);
    p.w.hooks.event = has_published;
    p.w.hooks.user = &published_us;
    party_add(&p, "room", "secret");
    party_run(&p, 10 * DTT_S, NULL);
    assert_int_not_equal(published_us, 0);
    dtt_sim_world_fini(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_id_alone),
        cmocka_unit_test(nobody_by_id),
        cmocka_unit_test(own_packet_is_put),
        cmocka_unit_test(first_packet_goes_with_the_first_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
