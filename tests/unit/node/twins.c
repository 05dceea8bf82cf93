/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Two programs with one identity, in a swarm whose members read and publish seldom. */
#include "node/twins.h"

#include "node/inside.h"
#include "party.h"

#define OTHERS 3
#define SOON_NS (10 * DTT_S)

static struct party p;

static void a_swarm(void)
{
    party_init(&p, 5);
    for (int i = 0; i <= OTHERS; i++) {
        party_add(&p, "room", "secret");
    }
    assert_true(party_run(&p, SOON_NS, party_has_joined));
    party_run(&p, 200 * DTT_S, NULL);
}

static unsigned told(void)
{
    unsigned n = 0;
    for (size_t i = 0; i < p.n; i++) {
        n += p.peers[i].twins;
    }
    return n;
}

/* One that comes where another one is: both know within seconds, and nobody else. */
static void both_are_told(void **state)
{
    (void)state;
    a_swarm();
    struct peer *one = &p.peers[0];
    party_add_twin(&p, "room", "secret", one);
    const struct peer *other = &p.peers[p.n - 1];
    party_run(&p, SOON_NS, NULL);
    assert_int_equal(one->twins, 1);
    assert_int_equal(other->twins, 1);
    assert_int_equal(told(), 2);
    struct dtt_why why;
    dtt_core_topic_why(one->host->topic, dtt_sim_host_now(one->host), &why);
    assert_true(why.has_twin);
    dtt_sim_world_fini(&p.w);
}

/* A killed process leaves its address and its records; the next one is elsewhere, and alone. */
static void a_former_process_is_none(void **state)
{
    (void)state;
    a_swarm();
    dtt_sim_host_kill(p.peers[0].host);
    party_add_twin(&p, "room", "secret", &p.peers[0]);
    const struct dtt_core *c = p.peers[p.n - 1].host->core;
    party_run(&p, 300 * DTT_S, NULL);
    assert_true(p.peers[p.n - 1].is_joined);
    assert_int_equal(c->twins.n, 1); /* it was looked for */
    assert_int_equal(told(), 0);
    dtt_sim_world_fini(&p.w);
}

/* An address is tried once in a while, however often it is named, and none of our own. */
static void tries_seldom(void **state)
{
    (void)state;
    party_init(&p, 6);
    party_add(&p, "room", "secret");
    party_run(&p, 5 * DTT_S, NULL);
    struct dtt_core *c = p.peers[0].host->core;
    struct dtt_now now = dtt_sim_host_now(p.peers[0].host);
    const uint64_t *dialled = &c->twins.tried[0].at_ns;
    dtt_twins_suspect(c, now, &p.peers[0].host->addr);
    assert_int_equal(c->twins.n, 0);
    struct dtt_addr addr = p.peers[0].host->addr;
    addr.port++;
    dtt_twins_suspect(c, now, &addr);
    assert_int_equal(c->twins.n, 1);
    uint64_t first_ns = *dialled;
    now.mono_ns += DTT_TWINS_AGAIN_NS - 1;
    dtt_twins_suspect(c, now, &addr);
    assert_int_equal(*dialled, first_ns);
    now.mono_ns++;
    dtt_twins_suspect(c, now, &addr);
    assert_int_equal(*dialled, now.mono_ns);
    assert_int_equal(c->twins.n, 1);
    for (int i = 0; i < 2 * DTT_TWINS_TRIED; i++) {
        addr.port++;
        dtt_twins_suspect(c, now, &addr);
    }
    assert_int_equal(c->twins.n, 1 + 2 * DTT_TWINS_TRIED);
    dtt_sim_world_fini(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_are_told),
        cmocka_unit_test(a_former_process_is_none),
        cmocka_unit_test(tries_seldom),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
