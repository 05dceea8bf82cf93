/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* What each hostile role does to members, over the light transport and over QUIC. */
#include "sim/hostile.h"

#include "sim/plain.h"
#include "sim/script.h"
#include "support/vectors.h"

#define MEMBERS 4
#define ATTACK_S 20

static const struct dtt_sim_links links = {
    .is_uniform = true, .min_us = 5000, .max_us = 9000, .mtu = 1500};

struct field {
    struct dtt_sim_scenario scenario;
    struct dtt_sim_world w;
    struct dtt_sim_observer o;
    struct dtt_sim_stage stage;
    unsigned up, down, messages; /* told to members, of hostile neighbours */
    unsigned records;            /* of hostile publishers, seen by members */
};

static bool is_hostile(const struct field *f, const struct dtt_id *id)
{
    const struct dtt_sim_host *h = dtt_map_get(&f->w.by_id, id);
    return h && h->is_hostile;
}

static void on_event(void *user, struct dtt_sim_host *h, const struct dtt_event *ev)
{
    struct field *f = user;
    if (h->is_hostile) {
        return;
    }
    if (ev->type == DTT_EVENT_NEIGHBOR_UP || ev->type == DTT_EVENT_NEIGHBOR_DOWN) {
        bool is_up = ev->type == DTT_EVENT_NEIGHBOR_UP;
        *(is_up ? &f->up : &f->down) += is_hostile(f, &ev->u.neighbor.peer);
    }
    f->messages += ev->type == DTT_EVENT_MESSAGE;
}

static void on_trace(void *user, struct dtt_sim_host *h, const struct dtt_trace_record *rec)
{
    struct field *f = user;
    if (!h->is_hostile && rec->point == DTT_TP_TRACKER_RECORD) {
        f->records += is_hostile(f, rec->values[0].u.id);
    }
}

/* A swarm that has formed when one gang begins. */
static void setup(struct field *f, struct dtt_sim_gang_config gang, bool is_real)
{
    memset(f, 0, sizeof(*f));
    f->scenario = (struct dtt_sim_scenario){
        .stores = 30,
        .mix = {100},
        .gangs = {gang},
        .script = {{0, DTT_SIM_START, 1000, 1}, {ATTACK_S, DTT_SIM_ATTACK, 0, 0}}};
    assert_int_equal(dtt_sim_world_init(&f->w, 4), DTT_OK);
    f->w.links = links;
    f->w.transport = is_real ? NULL : &dtt_sim_plain;
    assert_int_equal(dtt_sim_observer_init(&f->o, &f->w, MEMBERS), DTT_OK);
    assert_int_equal(dtt_sim_stage_init(&f->stage, &f->scenario, &f->w, &f->o, 0), DTT_OK);
    f->w.hooks = (struct dtt_sim_hooks){.user = f, .event = on_event, .trace = on_trace};
}

static void teardown(struct field *f)
{
    dtt_sim_stage_fini(&f->stage);
    dtt_sim_observer_fini(&f->o);
    dtt_sim_world_fini(&f->w);
}

static void run_until(struct field *f, uint64_t s)
{
    dtt_sim_world_run(&f->w, s * DTT_S, NULL, NULL);
    assert_false(f->w.is_out_of_memory);
}

static struct dtt_sim_host *hostile_host(const struct field *f, unsigned number)
{
    for (size_t i = 0; i < f->w.n_hosts; i++) {
        if (f->w.hosts[i]->is_hostile && number-- == 0) {
            return f->w.hosts[i];
        }
    }
    return NULL;
}

static uint64_t connections(const struct field *f, uint32_t member)
{
    return f->o.members[member].host->ctx.counters[DTT_COUNTER_QUIC_CONNECTED];
}

static void a_gang_shares_hosts_in_a_network(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, (struct dtt_sim_gang_config){DTT_SIM_SQUATTER, .n = 7, .hosts = 3, .is_near = true},
          false);
    for (unsigned i = 0; i < 3; i++) {
        const struct dtt_sim_host *h = hostile_host(&f, i);
        assert_non_null(h);
        assert_memory_equal(h->ip, hostile_host(&f, 0)->ip, 3);
    }
    assert_null(hostile_host(&f, 3));
    teardown(&f);
    setup(&f, (struct dtt_sim_gang_config){DTT_SIM_SQUATTER, .percent = 30}, false);
    assert_non_null(hostile_host(&f, 1)); /* two and four make six */
    assert_null(hostile_host(&f, 2));
    teardown(&f);
}

static void squatters_hold_connections(void **state)
{
    static struct field f;
    (void)state;
    for (int is_real = 0; is_real < 2; is_real++) {
        setup(&f, (struct dtt_sim_gang_config){DTT_SIM_SQUATTER, .n = 20, .hosts = 2}, is_real);
        run_until(&f, ATTACK_S);
        uint64_t before = connections(&f, 0);
        run_until(&f, ATTACK_S + 15);
        assert_true(connections(&f, 0) >= before + 20);
        assert_int_equal(f.up, 0);
        assert_true(hostile_host(&f, 0)->bytes_sent > 0);
        teardown(&f);
    }
}

static void silencers_become_neighbors_and_babblers_are_heard(void **state)
{
    static struct field f;
    (void)state;
    for (int is_real = 0; is_real < 2; is_real++) {
        setup(&f, (struct dtt_sim_gang_config){DTT_SIM_SILENCER, .n = 1}, is_real);
        run_until(&f, ATTACK_S + 10);
        assert_true(f.up > 0);
        assert_int_equal(f.messages, 0);
        teardown(&f);
        setup(&f, (struct dtt_sim_gang_config){DTT_SIM_BABBLER, .n = 1}, is_real);
        run_until(&f, ATTACK_S + 10);
        assert_true(f.messages > 0);
        teardown(&f);
    }
}

static void nothing_gets_out_of_a_black_hole(void **state)
{
    static struct field f;
    (void)state;
    for (int is_real = 0; is_real < 2; is_real++) {
        setup(&f, (struct dtt_sim_gang_config){DTT_SIM_BLACK_HOLE, .n = 1}, is_real);
        run_until(&f, ATTACK_S + 20);
        struct dtt_sim_host *hole = hostile_host(&f, 0);
        assert_true(f.up > 0);
        assert_int_equal(dtt_sim_host_say(hole, dtt_slice("heard?", 6)), DTT_OK);
        run_until(&f, ATTACK_S + 30);
        assert_int_equal(f.messages, 0);
        assert_int_equal(dtt_sim_host_say(f.o.members[0].host, dtt_slice("heard?!", 7)), DTT_OK);
        run_until(&f, ATTACK_S + 40);
        assert_int_equal(f.messages, MEMBERS - 1);
        teardown(&f);
    }
}

static void reflectors_name_the_third_party(void **state)
{
    static struct field f;
    (void)state;
    for (int is_real = 0; is_real < 2; is_real++) {
        setup(&f, (struct dtt_sim_gang_config){DTT_SIM_REFLECTOR, .n = 1}, is_real);
        run_until(&f, ATTACK_S);
        assert_int_equal(f.w.third_bytes, 0);
        run_until(&f, ATTACK_S + 20);
        assert_true(f.w.third_bytes > 0);
        teardown(&f);
    }
}

static void false_names_are_dialled_in_vain(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, (struct dtt_sim_gang_config){DTT_SIM_GOSSIPER, .n = 1}, false);
    run_until(&f, ATTACK_S);
    const uint64_t *counters = f.o.members[0].host->ctx.counters;
    uint64_t before = counters[DTT_COUNTER_QUIC_DIALS_FAILED];
    run_until(&f, ATTACK_S + 30);
    assert_true(counters[DTT_COUNTER_QUIC_DIALS_FAILED] > before);
    assert_int_equal(f.w.third_bytes, 0);
    teardown(&f);
}

static void flappers_come_and_go(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, (struct dtt_sim_gang_config){DTT_SIM_FLAPPER, .n = 1}, false);
    run_until(&f, ATTACK_S + 10);
    assert_true(f.up > 1);
    assert_true(f.down > 1);
    teardown(&f);
}

/* It takes 256 KiB; what is said then is not acknowledged. */
static void slow_readers_stop_to_read(void **state)
{
    static struct field f;
    static const uint8_t text[4000];
    (void)state;
    setup(&f, (struct dtt_sim_gang_config){DTT_SIM_SLOW_READER, .n = 1}, false);
    run_until(&f, ATTACK_S + 12);
    assert_true(f.up > 0);
    for (uint8_t i = 0; i < 200; i++) {
        uint8_t other[sizeof(text)];
        memcpy(other, text, sizeof(text));
        other[0] = i;
        (void)dtt_sim_host_say(f.o.members[0].host, dtt_slice(other, sizeof(other)));
        dtt_sim_world_run(&f.w, f.w.t_ns + 10 * DTT_MS, NULL, NULL);
    }
    dtt_sim_world_run(&f.w, f.w.t_ns + DTT_S, NULL, NULL);
    const struct dtt_sim_host *member = f.o.members[0].host;
    assert_true(dtt_core_topic_unsent(member->topic, dtt_sim_host_now(member)) > 0);
    teardown(&f);
}

static void holders_of_the_secret_publish(void **state)
{
    static struct field f;
    (void)state;
    setup(&f, (struct dtt_sim_gang_config){DTT_SIM_SILENCER, .n = 4}, false);
    run_until(&f, ATTACK_S + 130);
    assert_int_equal(f.records, 0);
    teardown(&f);
    setup(&f, (struct dtt_sim_gang_config){DTT_SIM_SILENCER, .n = 4, .has_secret = true}, false);
    run_until(&f, ATTACK_S + 130);
    assert_true(f.records > 0);
    teardown(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gang_shares_hosts_in_a_network),
        cmocka_unit_test(squatters_hold_connections),
        cmocka_unit_test(silencers_become_neighbors_and_babblers_are_heard),
        cmocka_unit_test(nothing_gets_out_of_a_black_hole),
        cmocka_unit_test(reflectors_name_the_third_party),
        cmocka_unit_test(false_names_are_dialled_in_vain),
        cmocka_unit_test(flappers_come_and_go),
        cmocka_unit_test(slow_readers_stop_to_read),
        cmocka_unit_test(holders_of_the_secret_publish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
