/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/doorman.h"

#include "support/vectors.h"
#include "tracker/census.h"

#include <string.h>

#define MINUTE UINT64_C(29000000)

static struct dtt_ctx ctx;
static struct dtt_tracker_tuning tuning;
static struct dtt_peers peers[8];
static struct dtt_view view;

static struct dtt_id id_of(unsigned n)
{
    struct dtt_id id = {{1}};
    id.bytes[31] = (uint8_t)n;
    return id;
}

/* `s` seconds into slice 0 of the minute, which begins 2 s after the minute itself. */
static struct dtt_now at(uint64_t s)
{
    return (struct dtt_now){.mono_ns = s * DTT_S,
                            .wall_ns = (int64_t)((MINUTE * 60 + 2 + s) * DTT_S)};
}

/* `n` members that all know each other. */
static void meet(unsigned n, bool tells_reach)
{
    for (unsigned i = 0; i < n; i++) {
        struct dtt_id self = id_of(i);
        dtt_peers_init(&peers[i], &ctx, &tuning, NULL, &self);
        for (unsigned k = 0; k < n; k++) {
            struct dtt_id other = id_of(k);
            if (k != i) {
                assert_true(dtt_peers_up(&peers[i], &other, MINUTE));
                dtt_peers_find(&peers[i], &other)->tells_reach = tells_reach;
            }
        }
    }
    view.count = 0;
}

static enum dtt_doorman_turn step(struct dtt_doorman *d, unsigned member, uint64_t s,
                                  uint32_t members, bool is_open)
{
    view.self = id_of(member);
    return dtt_doorman_step(d, at(s), &view, &peers[member], members, is_open);
}

/* What `n` members do in `slices` slices. */
struct count {
    unsigned begun;    /* minutes of duty, of all members */
    unsigned reads;    /* slices in which a member reads, the first one of its duty included */
    unsigned most;     /* members in one slice */
    unsigned unserved; /* slices without any */
    unsigned asked;    /* nodes, without the first reads */
};

static struct count count(unsigned n, unsigned slices, uint32_t members, bool is_open)
{
    struct dtt_doorman d[8];
    struct count c = {0};
    for (unsigned i = 0; i < n; i++) {
        dtt_doorman_init(&d[i]);
    }
    for (unsigned s = 0; s < slices; s++) {
        unsigned readers = 0;
        for (unsigned i = 0; i < n; i++) {
            enum dtt_doorman_turn turn = step(&d[i], i, 5 * s, members, is_open);
            c.begun += turn == DTT_DOORMAN_BEGINS;
            readers += turn != DTT_DOORMAN_NOTHING;
            c.asked += d[i].sample;
            assert_true((d[i].sample > 0) == (turn == DTT_DOORMAN_READS));
            d[i].sample = 0;
            assert_int_equal(step(&d[i], i, 5 * s + 4, members, is_open), DTT_DOORMAN_NOTHING);
        }
        c.reads += readers;
        c.most = readers > c.most ? readers : c.most;
        c.unserved += readers == 0;
    }
    return c;
}

static void one_is_on_duty_in_a_minute_where_all_know_all(void **state)
{
    (void)state;
    for (unsigned n = 2; n <= 6; n++) {
        meet(n, true);
        struct count c = count(n, 120, n, false);
        assert_int_equal(c.begun, 10);
        assert_int_equal(c.reads, 120);
        assert_int_equal(c.most, 1);
        assert_int_equal(c.unserved, 0);
        /* Six odd slices and five even ones in each minute. */
        assert_int_equal(c.asked, 10 * (5 * DTT_DOORMAN_SAMPLE + 6 * DTT_DOORMAN_SAMPLE / 2));
    }
}

/* It is the member that the election wants to publish in that minute, too. */
static void the_first_of_the_elected_is_on_duty(void **state)
{
    (void)state;
    meet(4, true);
    for (uint64_t m = 0; m < 20; m++) {
        for (unsigned i = 0; i < 4; i++) {
            struct dtt_doorman d;
            struct dtt_census census = {0};
            uint32_t rank;
            dtt_doorman_init(&d);
            bool is_on_duty = step(&d, i, 60 * m, 4, false) == DTT_DOORMAN_BEGINS;
            bool is_elected =
                dtt_census_is_elected(&census, &view, &peers[i], MINUTE + m, 5, &rank);
            assert_int_equal(is_on_duty, is_elected && rank == 0);
        }
    }
}

static void neighbours_without_a_turn_do_not_count(void **state)
{
    (void)state;
    meet(3, false);
    assert_int_equal(count(3, 24, 3, false).reads, 72);
}

/* However large an estimate somebody makes up, the door is not silent for good. */
static void a_larger_swarm_reads_by_chance(void **state)
{
    (void)state;
    meet(4, true);
    struct count c = count(4, 2400, 20, false);
    assert_in_range(c.begun, 80, 160);   /* 4 * 200 * 3 / 20 */
    assert_in_range(c.reads, 480, 1040); /* the first slice, and half of the others */
    c = count(4, 2400, 1u << 20, false);
    assert_in_range(c.begun, 18, 60); /* 4 * 200 * 3 / 64 */
}

/* Too many of a large swarm are on duty: they begin one after the other. */
static void in_a_large_swarm_duty_begins_by_and_by(void **state)
{
    unsigned begun[DTT_DOORMAN_SLICES] = {0};
    (void)state;
    meet(1, true);
    peers[0].n_neighbors = 5;
    for (uint64_t m = 0; m < 4000; m++) {
        struct dtt_doorman d;
        dtt_doorman_init(&d);
        for (unsigned s = 0; s < DTT_DOORMAN_SLICES; s++) {
            begun[s] += step(&d, 0, 60 * m + 5 * s, 10000, false) == DTT_DOORMAN_BEGINS;
        }
    }
    for (unsigned s = 0; s < DTT_DOORMAN_SLICES; s++) {
        assert_in_range(begun[s], 4, 32); /* 4000 * 3 / 64 / 12 = 16 */
    }
}

static void open_members_make_it_rare(void **state)
{
    (void)state;
    meet(3, true);
    view.count = 2;
    memset(view.records, 0, 2 * sizeof(view.records[0]));
    view.records[0].info.reach.kind = view.records[1].info.reach.kind = DTT_REACH_OPEN;
    assert_int_equal(count(3, 120, 3, false).reads, 10);
    view.records[1].info.reach.kind = DTT_REACH_CONE;
    assert_int_equal(count(3, 120, 3, false).reads, 120);
    assert_int_equal(count(3, 120, 3, true).reads, 10);
}

static void off_duty_nothing_is_due(void **state)
{
    struct dtt_doorman d;
    (void)state;
    meet(1, true);
    dtt_doorman_init(&d);
    for (unsigned s = 0; s < 40; s++) {
        assert_int_equal(step(&d, 0, 5 * s, 1, false),
                         s % DTT_DOORMAN_SLICES == 0 ? DTT_DOORMAN_BEGINS : DTT_DOORMAN_READS);
        assert_int_equal(d.wake_ns, (5 * s + 5) * DTT_S);
    }
    assert_true(d.sample > 0);
    dtt_doorman_init(&d);
    assert_int_equal(d.sample, 0);
    assert_true(d.wake_ns == DTT_NEVER);
}

/* One that never reads takes each other minute from a pair, no more. */
static void a_silent_one_takes_its_share_of_the_minutes(void **state)
{
    struct dtt_doorman d;
    unsigned minutes = 0;
    (void)state;
    meet(2, true);
    dtt_doorman_init(&d);
    for (unsigned m = 0; m < 200; m++) {
        minutes += step(&d, 0, 60 * m, 2, false) == DTT_DOORMAN_BEGINS;
    }
    assert_in_range(minutes, 80, 120);
}

static void show(unsigned n, uint64_t unix_s, size_t n_peers, int reach)
{
    struct dtt_record_info *r = &view.records[view.count++].info;
    struct dtt_peer_told told = {.minute = MINUTE};
    memset(r, 0, sizeof(*r));
    r->publisher = id_of(n);
    r->minute = MINUTE;
    r->unix_s = unix_s;
    r->n_active_peers = n_peers;
    r->reach.kind = reach;
    dtt_peers_hear(&peers[0], &r->publisher, DTT_PEER_PUBLISHER, told, NULL, 0);
}

static void newcomers_that_cannot_reach_us_are_dialled(void **state)
{
    const uint64_t start = MINUTE * 60;
    (void)state;
    meet(2, true);
    show(1, start, 0, DTT_REACH_CONE);       /* a neighbour */
    show(20, start, 1, DTT_REACH_CONE);      /* in a swarm */
    show(21, start, 0, DTT_REACH_OPEN);      /* we are dialled ourselves, or it is met anyhow */
    show(22, start - 30, 0, DTT_REACH_CONE); /* too old by now */
    assert_int_equal(dtt_doorman_choose(at(30), &view, &peers[0]), 0);
    show(30, start + 1, 0, DTT_REACH_CONE);
    show(31, start + 1, 0, DTT_REACH_UNKNOWN);
    show(32, 0, 0, DTT_REACH_VARY);
    assert_int_equal(dtt_doorman_choose(at(30), &view, &peers[0]), DTT_DOORMAN_DIALS);
    assert_int_equal(dtt_doorman_choose(at(30), &view, &peers[0]), 1);
    struct dtt_tracker_peer *p = dtt_peers_dial(&peers[0], at(30).mono_ns, true);
    assert_non_null(p);
    assert_true(p->is_at_door);
    assert_true(dtt_peers_up(&peers[0], &p->id, MINUTE));
    assert_false(p->is_at_door);
    assert_int_equal(dtt_doorman_choose(at(30), &view, &peers[0]), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_is_on_duty_in_a_minute_where_all_know_all),
        cmocka_unit_test(the_first_of_the_elected_is_on_duty),
        cmocka_unit_test(neighbours_without_a_turn_do_not_count),
        cmocka_unit_test(a_larger_swarm_reads_by_chance),
        cmocka_unit_test(in_a_large_swarm_duty_begins_by_and_by),
        cmocka_unit_test(open_members_make_it_rare),
        cmocka_unit_test(off_duty_nothing_is_due),
        cmocka_unit_test(a_silent_one_takes_its_share_of_the_minutes),
        cmocka_unit_test(newcomers_that_cannot_reach_us_are_dialled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
