/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fakes.h"
#include "tracker/merge.h"

static struct dtt_merge m;

static int setup(void **state)
{
    (void)state;
    fakes_reset();
    dtt_merge_init(&m, &tuning, &rng);
    return 0;
}

/* A pass of the kind that is due. */
static uint32_t choose(uint64_t ms)
{
    m.state = DTT_MERGE_READING;
    if (m.tuning->merge_settle && m.n_settled < DTT_MERGE_SETTLE_PASSES) {
        m.running = 1u << DTT_MERGE_SETTLE;
    } else {
        m.running = m.tuning->bubble_dials ? 1u << DTT_MERGE_BUBBLE : 0;
        m.running |= m.tuning->overlap_dials ? 1u << DTT_MERGE_OVERLAP : 0;
    }
    return dtt_merge_choose(&m, at_ms(ms), &v, &peers, &w);
}

static void settling_dials_strangers_whatever_the_number_of_neighbors(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 6; i++) {
        neighbor(i);
    }
    record(1, 0, 0);
    record(11, 0, 0);
    record(12, 0, 0);
    record(13, 0, 0);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    assert_int_equal(choose(1000), tuning.bubble_dials);
    assert_int_equal(peer(11)->is_wanted + peer(12)->is_wanted + peer(13)->is_wanted, 2);
    assert_false(peer(1)->is_wanted);
}

static void one_stranger_of_each_bubble(void **state)
{
    (void)state;
    neighbor(1);
    record(11, 12, 0);
    record(12, 13, 0);
    record(13, 0, 0);
    record(21, 22, 0);
    record(22, 0, 0);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    assert_int_equal(choose(1000), 2);
    assert_int_equal(peer(11)->is_wanted + peer(12)->is_wanted + peer(13)->is_wanted, 1);
    assert_int_equal(peer(21)->is_wanted + peer(22)->is_wanted, 1);
}

static void a_bubble_of_few_dials_and_one_of_many_does_not(void **state)
{
    (void)state;
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    m.n_settled = DTT_MERGE_SETTLE_PASSES; /* settled */
    for (unsigned i = 1; i < tuning.bubble_below; i++) {
        neighbor(i);
    }
    record(11, 0, 0);
    assert_int_equal(choose(0), 1);
    neighbor(9);
    dtt_peers_unwant(&peers);
    assert_int_equal(choose(0), 0);
}

static void other_messages_make_strangers_suspicious(void **state)
{
    (void)state;
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    m.n_settled = DTT_MERGE_SETTLE_PASSES;
    for (unsigned i = 1; i <= 5; i++) {
        neighbor(i);
    }
    record(11, 0, 0);
    advertise(7);
    record(12, 0, 0);               /* advertises nothing */
    assert_int_equal(choose(0), 0); /* we have nothing to compare with */
    message(8);
    assert_int_equal(choose(0), 1);
    assert_true(peer(11)->is_wanted);
    message(7);
    assert_int_equal(choose(0), 0);
    assert_false(peer(11)->is_wanted);
}

static void start_up_records_are_strangers_only_at_first(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 6; i++) {
        neighbor(i);
    }
    record(11, 0, 0);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    assert_int_equal(choose(1000), 1);
    assert_int_equal(m.n_settled, 1);
    assert_int_equal(choose(3000), 0);
    record(12, 13, 0);
    assert_int_equal(choose(7000), 1);
    assert_true(peer(12)->is_wanted);
}

static void messages_newer_than_a_record_prove_nothing(void **state)
{
    (void)state;
    uint8_t hash[32] = {1};
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    m.n_settled = DTT_MERGE_SETTLE_PASSES;
    for (unsigned i = 1; i <= 5; i++) {
        neighbor(i);
    }
    record(11, 0, 0);
    advertise(7);
    dtt_window_add(&w, at_ms(10000).mono_ns, hash);
    assert_int_equal(choose(50000), 0);
    v.records[0].info.minute = START_MINUTE + 1;
    assert_int_equal(choose(70000), 1);
}

static void nothing_known_nothing_chosen(void **state)
{
    (void)state;
    neighbor(1);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    assert_int_equal(choose(0), 0);
}

static void who_was_dialled_recently_is_left_alone(void **state)
{
    (void)state;
    struct dtt_id id = fake_id(11);
    neighbor(1);
    record(11, 12, 0);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    assert_int_equal(choose(0), 1);
    assert_ptr_equal(dtt_peers_dial(&peers, at_ms(0).mono_ns, true), peer(11));
    assert_int_equal(choose(3000), 0); /* under way */
    assert_true(dtt_peers_failed(&peers, &id, at_ms(4000)));
    assert_int_equal(choose(4000), 1); /* the publisher failed: one of its neighbours */
    assert_true(peer(12)->is_wanted);
    assert_int_equal(choose(26000), 1);
    assert_true(peer(11)->is_wanted);
}

static void settle_passes_come_early_then_the_regular_ones(void **state)
{
    (void)state;
    const uint64_t want[] = {1000, 3000, 7000, 15000, 30000};
    uint64_t now = at_ms(0).mono_ns;
    assert_int_equal(dtt_merge_deadline(&m), DTT_NEVER);
    neighbor(1);
    record(11, 0, 0);
    dtt_merge_joined(&m, now);
    for (size_t i = 0; i < 5; i++) {
        now = dtt_merge_deadline(&m);
        assert_in_range(now, at_ms(want[i] * 9 / 10).mono_ns, at_ms(want[i] * 11 / 10).mono_ns);
        assert_false(dtt_merge_step(&m, now - 1, false, 0, &peers, &w));
        assert_false(m.wants_read);
        assert_false(dtt_merge_step(&m, now, false, 0, &peers, &w));
        assert_true(m.wants_read);
        m.wants_read = false;
        assert_false(dtt_merge_step(&m, now + 1, true, 0, &peers, &w));
        assert_true(dtt_merge_step(&m, now + 2, false, 0, &peers, &w));
        (void)choose((now + 2 - at_ms(0).mono_ns) / DTT_MS);
    }
    uint64_t wait = dtt_merge_deadline(&m) - now;
    assert_in_range(wait, 479 * DTT_S, 720 * DTT_S);
}

static void in_a_large_swarm_most_settle_passes_are_left_to_others(void **state)
{
    (void)state;
    unsigned made = 0;
    neighbor(1);
    for (unsigned i = 0; i < 1000; i++) {
        dtt_merge_init(&m, &tuning, &rng);
        dtt_merge_joined(&m, 0);
        (void)dtt_merge_step(&m, dtt_merge_deadline(&m), false, 160, &peers, &w);
        made += m.wants_read;
        assert_int_equal(m.n_settled, m.wants_read ? 0 : 1);
    }
    assert_in_range(made, 60, 125); /* one in eleven */
}

static void a_pass_does_not_wait_for_a_slow_read(void **state)
{
    (void)state;
    neighbor(1);
    dtt_merge_joined(&m, 0);
    uint64_t at = dtt_merge_deadline(&m);
    assert_false(dtt_merge_step(&m, at, true, 0, &peers, &w));
    m.wants_read = false;
    assert_int_equal(dtt_merge_deadline(&m), at + DTT_MERGE_READ_NS);
    assert_false(dtt_merge_step(&m, at + DTT_MERGE_READ_NS - 1, true, 0, &peers, &w));
    assert_true(dtt_merge_step(&m, at + DTT_MERGE_READ_NS, true, 0, &peers, &w));
}

static void rust_has_no_settle_passes(void **state)
{
    (void)state;
    dtt_tracker_tuning_make(&tuning, DTT_PRESET_RUST_0_3, NULL);
    neighbor(1);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    assert_int_equal(dtt_merge_deadline(&m), at_ms(30000).mono_ns);
    (void)choose(30000);
    assert_in_range(dtt_merge_deadline(&m), at_ms(90000).mono_ns, at_ms(210000).mono_ns);
}

static void a_pass_that_could_choose_nobody_does_not_read(void **state)
{
    (void)state;
    tuning.merge_settle = false;
    dtt_merge_joined(&m, 0);
    for (unsigned i = 1; i <= tuning.bubble_below; i++) {
        neighbor(i);
    }
    uint64_t at = dtt_merge_deadline(&m);
    assert_false(dtt_merge_step(&m, at, false, 0, &peers, &w));
    assert_int_equal(m.state, DTT_MERGE_WAITING);
    assert_true(dtt_merge_deadline(&m) > at);
    message(1);
    at = m.due_ns[DTT_MERGE_OVERLAP];
    assert_false(dtt_merge_step(&m, at, false, 0, &peers, &w));
    assert_true(m.wants_read);
}

static void losing_all_neighbors_ends_it_and_joining_again_resumes(void **state)
{
    (void)state;
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    (void)choose(1000);
    (void)choose(3000);
    dtt_merge_lost(&m);
    assert_int_equal(dtt_merge_deadline(&m), DTT_NEVER);
    assert_false(dtt_merge_step(&m, at_ms(7000).mono_ns, false, 0, &peers, &w));
    dtt_merge_joined(&m, at_ms(4000).mono_ns);
    assert_in_range(dtt_merge_deadline(&m), at_ms(6300).mono_ns, at_ms(7700).mono_ns);
    dtt_merge_lost(&m);
    dtt_merge_joined(&m, at_ms(60000).mono_ns);
    assert_in_range(dtt_merge_deadline(&m), at_ms(60900).mono_ns, at_ms(61100).mono_ns);
    dtt_merge_restart(&m, at_ms(60950).mono_ns);
    assert_int_equal(dtt_merge_deadline(&m), at_ms(60950).mono_ns);
}

static void without_dials_there_is_no_merging(void **state)
{
    (void)state;
    tuning.bubble_dials = 0;
    tuning.overlap_dials = 0;
    dtt_merge_joined(&m, 0);
    assert_int_equal(dtt_merge_deadline(&m), DTT_NEVER);
    dtt_merge_restart(&m, at_ms(1000).mono_ns);
    assert_int_equal(dtt_merge_deadline(&m), DTT_NEVER);
}

static void each_kind_of_merging_can_be_off(void **state)
{
    (void)state;
    tuning.merge_settle = false;
    tuning.bubble_dials = 0;
    neighbor(1);
    record(11, 0, 0);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    assert_int_equal(dtt_merge_deadline(&m), at_ms(30000).mono_ns);
    assert_int_equal(choose(30000), 0); /* overlap only, and no message to go by */
    advertise(7);
    message(8);
    assert_int_equal(choose(60000), 1);
}

static void a_read_for_another_reason_serves_and_puts_off_our_own(void **state)
{
    (void)state;
    tuning.merge_settle = false;
    neighbor(1);
    record(11, 12, 0);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    dtt_merge_ride(&m, at_ms(20000).mono_ns);
    assert_false(m.wants_read);
    assert_false(dtt_merge_step(&m, at_ms(20100).mono_ns, true, 0, &peers, &w));
    assert_true(dtt_merge_step(&m, at_ms(20200).mono_ns, false, 0, &peers, &w));
    assert_int_equal(dtt_merge_choose(&m, at_ms(20200), &v, &peers, &w), 1);
    assert_in_range(dtt_merge_deadline(&m), at_ms(500000).mono_ns, at_ms(741000).mono_ns);
    dtt_merge_lost(&m);
    dtt_merge_ride(&m, at_ms(30000).mono_ns);
    assert_false(dtt_merge_step(&m, at_ms(40000).mono_ns, false, 0, &peers, &w));
}

/* A pass of our own is due every ten minutes, and made when few others look. */
static void where_many_look_each_does_so_less_often(void **state)
{
    (void)state;
    unsigned reads = 0;
    tuning.merge_settle = false;
    neighbor(1);
    dtt_merge_joined(&m, at_ms(0).mono_ns);
    for (unsigned i = 0; i < 400; i++) {
        uint64_t ns = dtt_merge_deadline(&m);
        assert_false(dtt_merge_step(&m, ns, false, 48, &peers, &w));
        if (m.wants_read) {
            m.wants_read = false;
            assert_true(dtt_merge_step(&m, ns, false, 48, &peers, &w));
            (void)dtt_merge_choose(&m, (struct dtt_now){.mono_ns = ns}, &v, &peers, &w);
            reads++;
        }
    }
    /* Half of the passes are for overlaps, and we have heard no message to compare with. */
    assert_in_range(reads, 400 / 2 / 4 - 20, 400 / 2 / 4 + 20);
}

/* Strangers cannot be told from members then, so few are dialled, and only who has neighbours. */
static void in_silence_some_strangers_are_dialled(void **state)
{
    (void)state;
    unsigned chosen = 0;
    for (unsigned i = 1; i <= 5; i++) {
        neighbor(i);
    }
    record(11, 0, 0);
    record(12, 13, 0);
    for (unsigned i = 0; i < 400; i++) {
        m.state = DTT_MERGE_WAITING;
        dtt_merge_ride(&m, at_ms(0).mono_ns);
        chosen += dtt_merge_choose(&m, at_ms(0), &v, &peers, &w);
        assert_false(peer(11)->is_wanted);
    }
    assert_in_range(chosen, 60, 140);
    message(1);
    chosen = 0;
    for (unsigned i = 0; i < 100; i++) {
        m.state = DTT_MERGE_WAITING;
        dtt_merge_ride(&m, at_ms(0).mono_ns);
        chosen += dtt_merge_choose(&m, at_ms(0), &v, &peers, &w);
    }
    assert_int_equal(chosen, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(settling_dials_strangers_whatever_the_number_of_neighbors, setup),
        cmocka_unit_test_setup(one_stranger_of_each_bubble, setup),
        cmocka_unit_test_setup(a_bubble_of_few_dials_and_one_of_many_does_not, setup),
        cmocka_unit_test_setup(other_messages_make_strangers_suspicious, setup),
        cmocka_unit_test_setup(start_up_records_are_strangers_only_at_first, setup),
        cmocka_unit_test_setup(messages_newer_than_a_record_prove_nothing, setup),
        cmocka_unit_test_setup(nothing_known_nothing_chosen, setup),
        cmocka_unit_test_setup(who_was_dialled_recently_is_left_alone, setup),
        cmocka_unit_test_setup(settle_passes_come_early_then_the_regular_ones, setup),
        cmocka_unit_test_setup(in_a_large_swarm_most_settle_passes_are_left_to_others, setup),
        cmocka_unit_test_setup(a_pass_does_not_wait_for_a_slow_read, setup),
        cmocka_unit_test_setup(rust_has_no_settle_passes, setup),
        cmocka_unit_test_setup(a_pass_that_could_choose_nobody_does_not_read, setup),
        cmocka_unit_test_setup(losing_all_neighbors_ends_it_and_joining_again_resumes, setup),
        cmocka_unit_test_setup(without_dials_there_is_no_merging, setup),
        cmocka_unit_test_setup(each_kind_of_merging_can_be_off, setup),
        cmocka_unit_test_setup(a_read_for_another_reason_serves_and_puts_off_our_own, setup),
        cmocka_unit_test_setup(where_many_look_each_does_so_less_often, setup),
        cmocka_unit_test_setup(in_silence_some_strangers_are_dialled, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
