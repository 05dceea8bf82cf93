/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Whole nodes that are told of each other, so that none of this needs a DHT. */
#include "sim/observe.h"

#include "sim/plain.h"
#include "support/vectors.h"

#include <stdlib.h>

#define N 3

struct field {
    struct dtt_sim_world w;
    struct dtt_sim_observer o;
    struct dtt_sim_result r;
};

static void start(struct field *f, uint32_t member)
{
    struct dtt_sim_host *h = f->o.members[member].host;
    const struct dtt_sim_host *first = f->o.members[0].host;
    struct dtt_peer_addr peer = {.id = first->id, .addr = dtt_sim_host_global(first)};
    struct dtt_topic_config cfg = {.size = sizeof(cfg),
                                   .name = "room",
                                   .secret = "secret",
                                   .secret_len = 6,
                                   .peers = &peer,
                                   .n_peers = member > 0};
    dtt_sim_observer_started(&f->o, member);
    assert_int_equal(dtt_sim_host_start(h, false, false), DTT_OK);
    assert_int_equal(dtt_sim_host_join(h, &cfg), DTT_OK);
}

/* The last member is on an island of its own. */
static void setup(struct field *f)
{
    memset(f, 0, sizeof(*f));
    assert_int_equal(dtt_sim_world_init(&f->w, 3), DTT_OK);
    f->w.links =
        (struct dtt_sim_links){.is_uniform = true, .min_us = 1000, .max_us = 9000, .mtu = 1500};
    f->w.transport = &dtt_sim_plain;
    assert_int_equal(dtt_sim_observer_init(&f->o, &f->w, N), DTT_OK);
    for (uint32_t i = 0; i < N; i++) {
        f->o.members[i].host = dtt_sim_host_add(&f->w, DTT_SIM_NAT_NONE);
        assert_non_null(f->o.members[i].host);
        f->o.members[i].host->island = i == N - 1;
    }
}

static void teardown(struct field *f)
{
    free(f->r.samples);
    dtt_sim_observer_fini(&f->o);
    dtt_sim_world_fini(&f->w);
}

static void run(struct field *f, uint64_t ns)
{
    dtt_sim_world_run(&f->w, f->w.t_ns + ns, NULL, NULL);
}

static int64_t metric(const struct field *f, const char *name)
{
    for (size_t i = 0; i < f->r.n_metrics; i++) {
        if (strcmp(f->r.metrics[i].name, name) == 0) {
            return f->r.metrics[i].thousandths;
        }
    }
    fail_msg("there is no metric %s", name);
    return -1;
}

static void a_component_grows_from_start_to_start(void **state)
{
    struct field f;
    (void)state;
    setup(&f);
    for (uint32_t i = 0; i < N; i++) {
        start(&f, i);
        run(&f, 5 * DTT_S);
    }
    dtt_sim_observer_report(&f.o, &f.r);
    assert_int_equal(f.r.n_samples, 15);
    assert_int_equal(f.r.samples[3].live, 1);
    assert_int_equal(f.r.samples[3].joined, 0);
    assert_int_equal(f.r.samples[8].joined, 2);
    assert_int_equal(f.r.samples[14].neighbors, 6);
    assert_int_equal(metric(&f, "live"), 3000);
    assert_int_equal(metric(&f, "components"), 1000);
    assert_int_equal(metric(&f, "alone"), 0);
    assert_int_equal(metric(&f, "joins"), 3000);
    assert_in_range(metric(&f, "join_p50_s"), 1, 1000); /* a started one is there to be dialled */
    assert_in_range(metric(&f, "join_max_s"), 5000, 6000); /* the first one waited for it */
    assert_int_equal(metric(&f, "neighbors_min"), 2000);
    teardown(&f);
}

static void a_cut_makes_two_components_and_breaks_the_bound(void **state)
{
    struct field f;
    (void)state;
    setup(&f);
    for (uint32_t i = 0; i < N; i++) {
        start(&f, i);
    }
    run(&f, 5 * DTT_S);
    f.w.is_cut = true;
    dtt_sim_observer_mark(&f.o);
    f.o.whole_within_s = 40;
    run(&f, 39 * DTT_S);
    assert_string_equal(f.o.why, "");
    assert_int_equal(f.o.samples[f.o.n_samples - 1].components, 2);
    run(&f, 3 * DTT_S);
    assert_non_null(strstr(f.o.why, "2 components at 46 s, 41 s after the mark"));
    dtt_sim_observer_report(&f.o, &f.r);
    assert_int_equal(metric(&f, "whole_s"), -1000);
    assert_int_equal(metric(&f, "alone"), 1000);
    assert_int_equal(metric(&f, "lonely"), 0); /* nobody lives where it could reach them */
    teardown(&f);
}

/* Two islands: 0 and 1 on one of them, 2 on the other. */
static void parted_islands_are_whole_each_and_never_meet(void **state)
{
    struct field f;
    (void)state;
    setup(&f);
    f.o.is_parted = true;
    for (uint32_t i = 0; i < N; i++) {
        start(&f, i);
    }
    run(&f, 5 * DTT_S);
    assert_int_equal(f.o.samples[f.o.n_samples - 1].components, 1);
    assert_true(f.o.whole_ns == DTT_NEVER); /* they have met */
    f.w.is_cut = true;
    run(&f, 60 * DTT_S);
    assert_int_equal(f.o.samples[f.o.n_samples - 1].components, 2);
    assert_true(f.o.whole_ns != DTT_NEVER);
    teardown(&f);
}

static void a_message_is_expected_where_it_can_arrive(void **state)
{
    struct field f;
    (void)state;
    setup(&f);
    for (uint32_t i = 0; i < N; i++) {
        start(&f, i);
    }
    run(&f, 5 * DTT_S);
    dtt_sim_observer_say(&f.o, 0);
    run(&f, DTT_SIM_SETTLE_NS);
    assert_int_equal(f.o.arrivals.expected, 2);
    assert_int_equal(f.o.arrivals.delivered, 2);
    f.w.is_cut = true;
    dtt_sim_observer_say(&f.o, 0);
    run(&f, DTT_SIM_SETTLE_NS);
    assert_int_equal(f.o.arrivals.expected, 3);
    assert_int_equal(f.o.arrivals.delivered, 3);
    /* Who was not up when it was said, or no longer is, need not have it. */
    f.w.is_cut = false;
    dtt_sim_observer_say(&f.o, 0);
    dtt_sim_observer_ended(&f.o, 1);
    dtt_sim_host_kill(f.o.members[1].host);
    start(&f, 1);
    run(&f, DTT_SIM_SETTLE_NS);
    dtt_sim_observer_report(&f.o, &f.r);
    assert_int_equal(metric(&f, "messages"), 3000);
    assert_int_equal(metric(&f, "missed"), 0);
    assert_int_equal(metric(&f, "repeated"), 0);
    assert_int_equal(f.o.arrivals.expected, 3);
    teardown(&f);
}

static void a_round_lasts_until_all_have_it(void **state)
{
    struct field f;
    (void)state;
    setup(&f);
    for (uint32_t i = 0; i < N; i++) {
        start(&f, i);
    }
    run(&f, 5 * DTT_S);
    assert_true(dtt_sim_observer_round(&f.o));
    dtt_sim_observer_say(&f.o, 0);
    assert_false(dtt_sim_observer_round(&f.o));
    run(&f, 100 * DTT_MS);
    assert_true(dtt_sim_observer_round(&f.o));
    /* What is not there after five seconds is missed. */
    f.w.is_cut = true;
    dtt_sim_observer_say(&f.o, 0);
    run(&f, 4 * DTT_S);
    assert_false(dtt_sim_observer_round(&f.o));
    run(&f, 2 * DTT_S);
    dtt_sim_observer_report(&f.o, &f.r);
    assert_int_equal(f.o.rounds.n, 2);
    assert_int_equal(metric(&f, "round_missed"), 1000);
    assert_int_equal(metric(&f, "last_hop"), 0); /* all are neighbours of the sender */
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_component_grows_from_start_to_start),
        cmocka_unit_test(a_cut_makes_two_components_and_breaks_the_bound),
        cmocka_unit_test(parted_islands_are_whole_each_and_never_meet),
        cmocka_unit_test(a_message_is_expected_where_it_can_arrive),
        cmocka_unit_test(a_round_lasts_until_all_have_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
