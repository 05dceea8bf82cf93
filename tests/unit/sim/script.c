/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What each action of a script does to the members, the world and the foreign nodes. */
#include "sim/script.h"

#include "sim/plain.h"
#include "support/vectors.h"

#define N 10

static const struct dtt_sim_links links = {
    .is_uniform = true, .min_us = 5000, .max_us = 9000, .mtu = 1500};

struct field {
    struct dtt_sim_scenario scenario;
    struct dtt_sim_world w;
    struct dtt_sim_observer o;
    struct dtt_sim_stage stage;
};

static void set_stage(struct field *f)
{
    assert_int_equal(dtt_sim_world_init(&f->w, 4), DTT_OK);
    f->w.links = links;
    f->w.transport = &dtt_sim_plain;
    assert_int_equal(dtt_sim_observer_init(&f->o, &f->w, N), DTT_OK);
    assert_int_equal(dtt_sim_stage_init(&f->stage, &f->scenario, &f->w, &f->o, 0), DTT_OK);
}

/* All members start within the first second, then come `a` and `b`. */
static void setup(struct field *f, struct dtt_sim_action a, struct dtt_sim_action b)
{
    memset(f, 0, sizeof(*f));
    f->scenario = (struct dtt_sim_scenario){.stores = 30,
                                            .mix = {50, 30, 10, 10},
                                            .nat = {0, 20},
                                            .islands = 2,
                                            .script = {{0, DTT_SIM_START, 1000, 1}, a, b}};
    set_stage(f);
}
static void teardown(struct field *f)
{
    dtt_sim_stage_fini(&f->stage);
    dtt_sim_observer_fini(&f->o);
    dtt_sim_world_fini(&f->w);
}

static void run_until(struct field *f, uint64_t s)
{
    dtt_sim_world_run(&f->w, s * DTT_S + DTT_MS, NULL, NULL);
    assert_false(f->w.is_out_of_memory);
}

static uint32_t count_up(const struct field *f)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < N; i++) {
        n += dtt_sim_host_is_up(f->o.members[i].host);
    }
    return n;
}

static void a_world_is_made_of_what_the_scenario_says(void **state)
{
    struct field f;
    uint32_t islands[2] = {0}, nats = 0, foreign = 0;
    (void)state;
    setup(&f, (struct dtt_sim_action){0}, (struct dtt_sim_action){0});
    assert_int_equal(f.w.n_hosts, 2 * DTT_SIM_ROUTERS + 30 + N);
    for (size_t i = 0; i < f.w.n_hosts; i++) {
        foreign += f.w.hosts[i]->foreign != NULL;
    }
    assert_int_equal(foreign, 2 * DTT_SIM_ROUTERS + 30);
    for (uint32_t i = 0; i < N; i++) {
        islands[f.o.members[i].host->island]++;
        nats += f.o.members[i].host->nat != NULL;
    }
    assert_int_equal(islands[0], N / 2);
    assert_int_equal(islands[1], N / 2);
    assert_int_equal(nats, N / 5);
    assert_int_equal(f.w.n_routers[1], DTT_SIM_ROUTERS);
    assert_int_equal(count_up(&f), 0);
    run_until(&f, 1);
    assert_int_equal(count_up(&f), N);
    teardown(&f);
}

/* What is repeated goes on to the end; the first members stay, whatever vanishes. */
static void what_is_repeated_spares_those_that_last(void **state)
{
    struct field f;
    uint64_t started_ns[N];
    uint32_t servers = 0, restarted = 0;
    (void)state;
    setup(&f, (struct dtt_sim_action){5, DTT_SIM_CHURN, 0, 0, 2},
          (struct dtt_sim_action){10, DTT_SIM_SAY, 0, 0, 4});
    teardown(&f);
    f.scenario.lasting = 4;
    f.scenario.servers = 3;
    f.scenario.end_s = 60;
    set_stage(&f);
    run_until(&f, 4);
    for (uint32_t i = 0; i < N; i++) {
        started_ns[i] = f.o.members[i].started_ns;
    }
    run_until(&f, 60);
    for (uint32_t i = 0; i < N; i++) {
        bool is_old = f.o.members[i].started_ns == started_ns[i];
        assert_true(i >= 4 || is_old);
        restarted += !is_old;
    }
    assert_true(restarted >= 4); /* of six, by 28 picks */
    assert_int_equal(count_up(&f), N);
    assert_int_equal(f.o.next_message, 13);
    for (size_t i = 0; i < f.w.n_hosts; i++) {
        servers += f.w.hosts[i]->core && !f.w.hosts[i]->is_member;
    }
    assert_int_equal(servers, 3);
    teardown(&f);
}

static void members_vanish_sleep_and_come_back(void **state)
{
    struct field f;
    (void)state;
    setup(&f, (struct dtt_sim_action){5, DTT_SIM_KILL, 300, 0, 0},
          (struct dtt_sim_action){10, DTT_SIM_CHURN, 600, 60, 0});
    run_until(&f, 5);
    assert_int_equal(count_up(&f), N - 3);
    run_until(&f, 80);
    assert_int_equal(count_up(&f), N - 3);
    assert_true(f.o.joins.n > N); /* others than the first ones have joined since */
    teardown(&f);

    setup(&f, (struct dtt_sim_action){5, DTT_SIM_SLEEP, 400, 10, 0}, (struct dtt_sim_action){0});
    run_until(&f, 5);
    assert_int_equal(count_up(&f), N - 4);
    run_until(&f, 15);
    assert_int_equal(count_up(&f), N);
    teardown(&f);
}

static void clocks_addresses_and_links_change(void **state)
{
    struct field f;
    uint8_t ips[N][4];
    uint32_t skewed = 0, moved = 0;
    (void)state;
    setup(&f, (struct dtt_sim_action){5, DTT_SIM_SKEW, 500, 90, 0},
          (struct dtt_sim_action){6, DTT_SIM_MOVE, 500, 0, 0});
    run_until(&f, 5);
    for (uint32_t i = 0; i < N; i++) {
        const struct dtt_sim_host *h = f.o.members[i].host;
        memcpy(ips[i], h->ip, 4);
        skewed += h->clock.offset_ns != 0;
        assert_true(h->clock.offset_ns <= 90 * (int64_t)DTT_S);
        assert_true(h->clock.offset_ns >= -90 * (int64_t)DTT_S);
    }
    assert_int_equal(skewed, N / 2);
    run_until(&f, 6);
    for (uint32_t i = 0; i < N; i++) {
        moved += memcmp(ips[i], f.o.members[i].host->ip, 4) != 0;
    }
    assert_in_range(moved, 1, N / 2); /* one may be picked twice */
    teardown(&f);

    setup(&f, (struct dtt_sim_action){2, DTT_SIM_CUT, 0, 0, 0},
          (struct dtt_sim_action){4, DTT_SIM_UNCUT, 0, 0, 0});
    run_until(&f, 3);
    assert_true(f.w.is_cut);
    run_until(&f, 4);
    assert_false(f.w.is_cut);
    teardown(&f);
}

static void neighbors_vanish_routers_die_and_squatters_write(void **state)
{
    struct field f;
    (void)state;
    setup(&f, (struct dtt_sim_action){30, DTT_SIM_ISOLATE, 1, 1, 0}, (struct dtt_sim_action){0});
    run_until(&f, 29);
    assert_int_equal(f.o.samples[f.o.n_samples - 1].components, 1);
    run_until(&f, 30);
    assert_in_range(count_up(&f), 1, N - 2);
    teardown(&f);

    /* Members that start later have nobody to ask. */
    setup(&f, (struct dtt_sim_action){0, DTT_SIM_ROUTERS_DIE, 0, 0, 0}, (struct dtt_sim_action){0});
    run_until(&f, 20);
    assert_int_equal(f.o.joins.n, 0);
    teardown(&f);

    /* A read of a public slot brings garbage only; members meet in the secret one. */
    setup(&f, (struct dtt_sim_action){0, DTT_SIM_SQUAT, 0, 60, 0}, (struct dtt_sim_action){0});
    run_until(&f, 30);
    assert_int_equal(f.o.joins.n, N);
    assert_true(f.o.members[0].host->ctx.counters[DTT_COUNTER_TRACKER_VALUES_REFUSED] > 0);
    teardown(&f);
}

static void messages_and_rounds_are_said_by_joined_members(void **state)
{
    struct field f;
    (void)state;
    setup(&f, (struct dtt_sim_action){30, DTT_SIM_SAY, 5, 0, 0},
          (struct dtt_sim_action){40, DTT_SIM_CHAT, 60, 10, 0});
    run_until(&f, 29);
    assert_int_equal(f.o.next_message, 0);
    run_until(&f, 31);
    assert_int_equal(f.o.next_message, 5);
    run_until(&f, 51);
    assert_int_equal(f.o.next_message, 15);
    teardown(&f);

    setup(&f, (struct dtt_sim_action){30, DTT_SIM_MARK, 0, 0, 0},
          (struct dtt_sim_action){31, DTT_SIM_ROUNDS, 4, DTT_SIM_ALL, 0});
    run_until(&f, 60);
    assert_int_equal(f.o.mark_ns, 30 * DTT_S);
    assert_int_equal(f.o.rounds.n, 3); /* and the fourth is open */
    assert_int_equal(f.o.next_message, 4 * N);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_world_is_made_of_what_the_scenario_says),
        cmocka_unit_test(what_is_repeated_spares_those_that_last),
        cmocka_unit_test(members_vanish_sleep_and_come_back),
        cmocka_unit_test(clocks_addresses_and_links_change),
        cmocka_unit_test(neighbors_vanish_routers_die_and_squatters_write),
        cmocka_unit_test(messages_and_rounds_are_said_by_joined_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
