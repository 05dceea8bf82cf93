/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "tracker/doorman.h"

#include "support/vectors.h"

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

static struct dtt_now at(uint64_t s)
{
    return (struct dtt_now){.mono_ns = s * DTT_S, .wall_ns = (int64_t)((MINUTE * 60 + s) * DTT_S)};
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

static bool reads(struct dtt_doorman *d, unsigned member, uint64_t s, uint32_t members,
                  bool is_open)
{
    view.self = id_of(member);
    return dtt_doorman_step(d, at(s), &view, &peers[member], members, is_open);
}

/* The readers of each of `slices` slices; *ret_most is the most of one slice. */
static unsigned count(unsigned n, unsigned slices, uint32_t members, bool is_open,
                      unsigned *ret_most)
{
    struct dtt_doorman d[8];
    unsigned all = 0;
    *ret_most = 0;
    for (unsigned i = 0; i < n; i++) {
        dtt_doorman_init(&d[i]);
    }
    for (unsigned s = 0; s < slices; s++) {
        unsigned readers = 0;
        for (unsigned i = 0; i < n; i++) {
            readers += reads(&d[i], i, 5 * s, members, is_open);
            assert_false(reads(&d[i], i, 5 * s + 4, members, is_open)); /* once a slice */
        }
        all += readers;
        *ret_most = readers > *ret_most ? readers : *ret_most;
    }
    return all;
}

static void one_reads_in_each_slice_where_all_know_all(void **state)
{
    unsigned most;
    (void)state;
    for (unsigned n = 2; n <= 6; n++) {
        meet(n, true);
        assert_int_equal(count(n, 100, n, false, &most), 100);
        assert_int_equal(most, 1);
    }
}

static void neighbours_without_a_turn_do_not_count(void **state)
{
    unsigned most;
    (void)state;
    meet(3, false);
    assert_int_equal(count(3, 20, 3, false, &most), 60);
}

/* However large an estimate somebody makes up, the door is not silent for good. */
static void a_larger_swarm_reads_by_chance(void **state)
{
    unsigned most;
    (void)state;
    meet(4, true);
    assert_in_range(count(4, 2400, 20, false, &most), 480, 960); /* 4 * 2400 * 3 / 20 / 2 */
    assert_in_range(count(4, 2400, 1u << 20, false, &most), 80, 400);
}

static void open_members_make_it_rare(void **state)
{
    unsigned most;
    (void)state;
    meet(3, true);
    view.count = 2;
    memset(view.records, 0, 2 * sizeof(view.records[0]));
    view.records[0].info.reach.kind = view.records[1].info.reach.kind = DTT_REACH_OPEN;
    assert_int_equal(count(3, 120, 3, false, &most), 10);
    view.records[1].info.reach.kind = DTT_REACH_CONE;
    assert_int_equal(count(3, 120, 3, false, &most), 120);
    assert_int_equal(count(3, 120, 3, true, &most), 10);
}

static void off_duty_nothing_is_due(void **state)
{
    struct dtt_doorman d;
    (void)state;
    meet(1, true);
    dtt_doorman_init(&d);
    for (unsigned s = 0; s < 40; s++) {
        assert_true(reads(&d, 0, 5 * s, 1, false));
        assert_true(d.wants_read);
        assert_int_equal(d.wake_ns, (5 * s + 5) * DTT_S);
    }
    dtt_doorman_off(&d);
    assert_false(d.wants_read);
    assert_true(d.wake_ns == DTT_NEVER);
}

/* One that never reads takes each other slice from a pair, no more. */
static void a_silent_one_takes_each_other_slice(void **state)
{
    struct dtt_doorman d;
    unsigned gap = 0, longest = 0;
    (void)state;
    meet(2, true);
    dtt_doorman_init(&d);
    for (unsigned s = 0; s < 240; s++) {
        gap = reads(&d, 0, 5 * s, 2, false) ? 0 : gap + 1;
        longest = gap > longest ? gap : longest;
    }
    assert_in_range(longest, 1, 2); /* two where a minute begins */
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
        cmocka_unit_test(one_reads_in_each_slice_where_all_know_all),
        cmocka_unit_test(neighbours_without_a_turn_do_not_count),
        cmocka_unit_test(a_larger_swarm_reads_by_chance),
        cmocka_unit_test(open_members_make_it_rare),
        cmocka_unit_test(off_duty_nothing_is_due),
        cmocka_unit_test(a_silent_one_takes_each_other_slice),
        cmocka_unit_test(newcomers_that_cannot_reach_us_are_dialled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
