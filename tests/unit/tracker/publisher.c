/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support.h"
#include "tracker/publisher.h"

static struct dtt_tracker_tuning tuning;
static struct dtt_rng rng;
static struct dtt_publisher p;
static struct dtt_publisher_view view;

#define PUBLIC (1u << DTT_SLOT_PUBLIC)
#define SECRET (1u << DTT_SLOT_SECRET)

static void start(int preset)
{
    static const uint8_t seed[32] = {1};
    dtt_rng_init(&rng, seed, "test");
    dtt_tracker_tuning_make(&tuning, preset, NULL);
    tuning.swarm_records = 0; /* each by its own timer */
    dtt_publisher_init(&p, &tuning, PUBLIC, &rng, at_ms(0).mono_ns);
    view = (struct dtt_publisher_view){.is_searching = true, .answered_ns = DTT_NEVER};
}

static int setup(void **state)
{
    (void)state;
    start(DTT_PRESET_DEFAULT);
    return 0;
}

static enum dtt_publisher_result step(uint64_t ms)
{
    return dtt_publisher_step(&p, at_ms(ms), &view);
}

/* True when a record goes out at `ms`. */
static bool goes_out(uint64_t ms)
{
    (void)step(ms);
    enum dtt_slot_kind kind;
    return dtt_publisher_next(&p, &kind);
}

static void done(uint64_t ms, bool is_stored)
{
    dtt_publisher_done(&p, at_ms(ms).mono_ns, DTT_SLOT_PUBLIC, p.minute, is_stored ? 20 : 0);
}

static uint64_t deadline_ms(void)
{
    uint64_t at = dtt_publisher_deadline(&p);
    return at == DTT_NEVER ? at : (at - at_ms(0).mono_ns) / DTT_MS;
}

static void publishes_at_start_without_reading(void **state)
{
    (void)state;
    assert_int_equal(deadline_ms(), 0);
    assert_true(goes_out(0));
    assert_false(dtt_publisher_next_read(&p));
    assert_int_equal(p.minute, START_MINUTE);
    assert_int_equal(deadline_ms(), 20000);
    assert_false(goes_out(1000));
}

static void a_success_is_repeated_after_base_plus_jitter(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    for (uint64_t ms = 1000; ms < 1000000;) {
        done(ms, true);
        uint64_t wait = deadline_ms() - ms;
        assert_in_range(wait, 20000, 60000);
        assert_false(goes_out(ms + wait - 1));
        ms += wait + 1;
        assert_true(goes_out(ms));
    }
}

static void the_seed_waits_for_a_vain_pass(void **state)
{
    (void)state;
    start(DTT_PRESET_SEED);
    assert_int_equal(deadline_ms(), DTT_NEVER);
    assert_false(goes_out(0));
    dtt_publisher_turn(&p, at_ms(0).mono_ns);
    assert_int_equal(deadline_ms(), DTT_NEVER);
    dtt_publisher_found_nobody(&p, at_ms(700));
    assert_true(goes_out(700));
    done(800, true);
    p.due_ns = DTT_NEVER;
    dtt_publisher_found_nobody(&p, at_ms(5000)); /* once a minute */
    assert_int_equal(deadline_ms(), DTT_NEVER);
    dtt_publisher_found_nobody(&p, at_ms(60000));
    assert_true(goes_out(60000));
}

static void with_neighbors_the_slot_is_read_first(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    done(500, true);
    view.is_searching = false;
    dtt_publisher_joined(&p, at_ms(1000).mono_ns);
    assert_int_equal(deadline_ms(), 3000);
    assert_false(goes_out(3000));
    assert_true(dtt_publisher_next_read(&p));
    view.is_reading = true;
    assert_false(goes_out(3500));
    assert_int_equal(deadline_ms(), DTT_NEVER); /* the read has its own */
    view.is_reading = false;
    view.answered_ns = at_ms(3600).mono_ns;
    assert_true(goes_out(3600));
}

static void a_slot_that_is_full_already_is_not_read(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    done(500, true);
    view.is_searching = false;
    view.others = p.tuning->record_cap;
    dtt_publisher_joined(&p, at_ms(1000).mono_ns);
    assert_false(goes_out(3000));
    assert_false(dtt_publisher_next_read(&p));
    assert_true(deadline_ms() >= 20000); /* the usual period */
}

static void a_fresh_read_is_good_enough(void **state)
{
    (void)state;
    view.is_searching = false;
    view.answered_ns = at_ms(0).mono_ns;
    assert_true(goes_out(4999));
    start(DTT_PRESET_DEFAULT);
    view.is_searching = false;
    view.answered_ns = at_ms(0).mono_ns;
    assert_false(goes_out(5000));
    assert_true(dtt_publisher_next_read(&p));
}

static void the_cap_is_respected(void **state)
{
    (void)state;
    view.others = 4;
    assert_true(goes_out(0));
    done(100, true);
    view.others = 5;
    p.due_ns = at_ms(2000).mono_ns;
    assert_int_equal(step(2000), DTT_PUBLISHER_CAPPED);
    assert_false(p.unsent);
    assert_in_range(deadline_ms(), 22000, 62000);
    view.others = 4;
    assert_true(goes_out(62000));
}

static void a_cap_of_zero_never_publishes(void **state)
{
    (void)state;
    start(DTT_PRESET_DEFAULT);
    tuning.record_cap = 0;
    dtt_publisher_init(&p, &tuning, PUBLIC, &rng, at_ms(0).mono_ns);
    dtt_publisher_joined(&p, at_ms(0).mono_ns);
    dtt_publisher_found_nobody(&p, at_ms(0));
    dtt_publisher_restart(&p, at_ms(0).mono_ns);
    assert_false(goes_out(100000));
    assert_int_equal(deadline_ms(), DTT_NEVER);
}

static void failures_are_retried_then_back_off(void **state)
{
    (void)state;
    uint64_t ms = 0;
    const uint64_t low[] = {2000, 4000, 8000, 16000, 32000, 60000, 60000};
    for (size_t round = 0; round < sizeof(low) / sizeof(*low); round++) {
        for (unsigned attempt = 0; attempt < 4; attempt++) {
            assert_true(goes_out(ms));
            done(ms + 1, false);
            uint64_t wait = deadline_ms() - ms - 1;
            if (attempt < 3) {
                assert_in_range(wait, 1999, 5000);
            } else {
                assert_in_range(wait, low[round] - 1, low[round] * 5 / 4);
            }
            ms += wait + 2;
        }
    }
    assert_true(goes_out(ms));
    done(ms + 1, true);
    assert_int_equal(p.fail_wait_ns, 0);
}

static void rust_goes_on_as_usual_after_failing(void **state)
{
    (void)state;
    uint64_t ms = 0;
    start(DTT_PRESET_RUST_0_3);
    for (unsigned attempt = 0; attempt < 4; attempt++) {
        assert_true(goes_out(ms));
        done(ms, false);
        assert_in_range(deadline_ms() - ms, attempt < 3 ? 5000 : 10000,
                        attempt < 3 ? 15000 : 60000);
        ms = deadline_ms() + 1;
    }
}

static void a_put_that_is_not_reported_times_out(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    assert_int_equal(step(19999), DTT_PUBLISHER_NOTHING);
    assert_int_equal(step(20000), DTT_PUBLISHER_TIMED_OUT);
    assert_int_equal(p.attempt, 1);
    done(20001, true); /* too late for this machine */
    assert_in_range(deadline_ms(), 22000, 25000);
}

static void storing_works_now(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    dtt_publisher_store_ready(&p, at_ms(100).mono_ns); /* the put under way will do */
    assert_int_equal(deadline_ms(), 20000);
    done(3000, false);
    dtt_publisher_store_ready(&p, at_ms(3100).mono_ns);
    assert_true(goes_out(3100));
    done(4000, true);
    dtt_publisher_store_ready(&p, at_ms(4100).mono_ns); /* nothing is wrong */
    assert_false(goes_out(4100));
}

static void a_new_minute_does_not_wait_for_the_old_put(void **state)
{
    (void)state;
    assert_true(goes_out(55000));
    dtt_publisher_turn(&p, at_ms(60000).mono_ns);
    assert_in_range(deadline_ms(), 60000, 61000);
    assert_true(goes_out(61000));
    assert_int_equal(p.minute, START_MINUTE + 1);
    dtt_publisher_done(&p, at_ms(61100).mono_ns, DTT_SLOT_PUBLIC, START_MINUTE,
                       0); /* of the old one */
    assert_int_equal(p.attempt, 0);
    assert_int_equal(deadline_ms(), 81000);
}

static void a_new_minute_does_not_shorten_a_back_off(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    done(1, false);
    uint64_t at = deadline_ms();
    dtt_publisher_turn(&p, at_ms(100).mono_ns);
    assert_int_equal(deadline_ms(), at);
}

static void what_becomes_due_during_a_put_follows_it(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    p.due_ns = at_ms(500).mono_ns;
    assert_false(goes_out(600));
    done(700, true);
    assert_int_equal(deadline_ms(), 1000); /* not closer together than this */
    assert_false(goes_out(999));
    assert_true(goes_out(1000));
}

static void new_addresses_replace_the_put_under_way(void **state)
{
    (void)state;
    start(DTT_PRESET_SEED);
    dtt_publisher_moved(&p, at_ms(0).mono_ns); /* nothing was published yet */
    assert_int_equal(deadline_ms(), DTT_NEVER);
    start(DTT_PRESET_DEFAULT);
    (void)step(0);
    dtt_publisher_moved(&p, at_ms(0).mono_ns); /* it was not handed out yet */
    assert_true(p.unsent);
    p.unsent = 0;
    dtt_publisher_moved(&p, at_ms(300).mono_ns);
    assert_int_equal(deadline_ms(), 1000);
    assert_true(goes_out(1000));
    done(1100, true);
    uint64_t last = 1000;
    unsigned records = 0;
    for (uint64_t ms = 1200; ms <= 25300; ms += 100) { /* addresses that change all the time */
        dtt_publisher_moved(&p, at_ms(ms).mono_ns);
        if (goes_out(ms)) {
            assert_true(ms >= last + 1000);
            records++;
            last = ms;
            done(ms, true);
        }
    }
    assert_in_range(records, 2 + 4, 2 + 5); /* two more at once, then one in five seconds */
    assert_int_equal(p.attempt, 0);
}

/* The cap spares the DHT a record more, not readers a wrong one. */
static void a_wrong_record_is_put_right_though_there_are_enough_others(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    done(500, true);
    view.others = 99;
    p.due_ns = at_ms(2000).mono_ns;
    assert_int_equal(step(2000), DTT_PUBLISHER_CAPPED);
    dtt_publisher_moved(&p, at_ms(3000).mono_ns);
    assert_true(goes_out(3000));
    done(3500, true);
    p.due_ns = at_ms(4500).mono_ns; /* the record is right now */
    assert_int_equal(step(4500), DTT_PUBLISHER_CAPPED);
    dtt_publisher_moved(&p, at_ms(125000).mono_ns); /* nobody reads that minute any more */
    assert_int_equal(step(125000), DTT_PUBLISHER_CAPPED);
}

/* A neighbour that hears us no more reads the slot for our address. */
static void one_that_is_missed_tells_its_new_address_at_once(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    done(500, true);
    view = (struct dtt_publisher_view){.answered_ns = DTT_NEVER, .others = 99};
    dtt_publisher_sought(&p, at_ms(124000).mono_ns); /* its address is the same as before */
    p.due_ns = DTT_NEVER;
    assert_false(goes_out(124000));
    dtt_publisher_moved(&p, at_ms(125000).mono_ns);
    assert_true(goes_out(125000));
    done(125500, true);
    p.due_ns = DTT_NEVER;
    /* The other way round: it is sought when its record is stale already. */
    dtt_publisher_moved(&p, at_ms(245000).mono_ns);
    view.is_reading = true;
    assert_int_equal(step(245000), DTT_PUBLISHER_CAPPED);
    dtt_publisher_sought(&p, at_ms(246000).mono_ns);
    assert_true(goes_out(246000));
}

/* Of a slot that is full many nodes keep what they have, and say nothing. */
static void what_is_not_seen_while_it_is_missed_is_told_again(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    done(500, true);
    view = (struct dtt_publisher_view){.others = 99};
    dtt_publisher_sought(&p, at_ms(1000).mono_ns);
    dtt_publisher_moved(&p, at_ms(1100).mono_ns);
    assert_true(goes_out(1100));
    done(1500, true);
    p.due_ns = DTT_NEVER;
    view.answered_ns = at_ms(1500).mono_ns;
    dtt_publisher_sought(&p, at_ms(3000).mono_ns);
    view.is_reading = true;
    assert_false(goes_out(3000)); /* first what the read shows */
    assert_true(dtt_publisher_next_read(&p));
    assert_false(goes_out(3400));
    view.is_reading = false;
    assert_true(goes_out(3600));
    done(4000, true);
    p.due_ns = DTT_NEVER;
    dtt_publisher_sought(&p, at_ms(5000).mono_ns);
    view.is_reading = true;
    assert_false(goes_out(5000));
    assert_true(dtt_publisher_next_read(&p));
    dtt_publisher_seen(&p);
    view.is_reading = false;
    assert_false(goes_out(5500));
    p.due_ns = DTT_NEVER;
    dtt_publisher_sought(&p, at_ms(6500).mono_ns);
    assert_int_equal(deadline_ms(), DTT_NEVER);
    dtt_publisher_sought(&p, at_ms(6700).mono_ns); /* somebody may have written over it */
    assert_int_equal(deadline_ms(), 6700);
    p.again_ns = DTT_NEVER;
    dtt_publisher_sought(&p, at_ms(17000).mono_ns); /* that address is not new any more */
    assert_int_equal(deadline_ms(), DTT_NEVER);
}

/* The minute turns while it is missed: the record of the last minute is not that of this one. */
static void what_is_seen_stands_for_no_election(void **state)
{
    (void)state;
    tuning.swarm_records = 5;
    assert_true(goes_out(0));
    done(500, true);
    view = (struct dtt_publisher_view){.answered_ns = DTT_NEVER};
    dtt_publisher_sought(&p, at_ms(1000).mono_ns);
    dtt_publisher_moved(&p, at_ms(1100).mono_ns);
    assert_true(goes_out(1100));
    done(1500, true);
    dtt_publisher_elected(&p, at_ms(2000).mono_ns, 0, 4);
    uint64_t elected_ms = deadline_ms();
    dtt_publisher_sought(&p, at_ms(3000).mono_ns);
    assert_int_equal(deadline_ms(), 3000);
    assert_false(goes_out(3000));
    assert_true(dtt_publisher_next_read(&p));
    dtt_publisher_seen(&p);
    view.answered_ns = at_ms(3500).mono_ns;
    assert_false(goes_out(3500));
    assert_int_equal(deadline_ms(), elected_ms);
    view.answered_ns = at_ms(elected_ms).mono_ns;
    assert_true(goes_out(elected_ms + 1));
}

/* Until the store is there, 2 s at most; then until the address is known, 400 ms at most. */
static void the_first_record_waits_for_the_address(void **state)
{
    (void)state;
    dtt_publisher_hold(&p, at_ms(0).mono_ns);
    assert_false(goes_out(0));
    assert_int_equal(deadline_ms(), 2000);
    dtt_publisher_store_ready(&p, at_ms(100).mono_ns);
    assert_int_equal(deadline_ms(), 500);
    assert_false(goes_out(200));
    dtt_publisher_release(&p, at_ms(250).mono_ns);
    view.others = 99; /* it comes after the first read because of the wait: the cap does not hold */
    assert_true(goes_out(250));
    done(300, true);
    p.due_ns = at_ms(2000).mono_ns;
    assert_int_equal(step(2000), DTT_PUBLISHER_CAPPED);
    start(DTT_PRESET_DEFAULT);
    dtt_publisher_hold(&p, at_ms(0).mono_ns);
    dtt_publisher_store_ready(&p, at_ms(100).mono_ns);
    assert_false(goes_out(499));
    assert_true(goes_out(500));
}

static void another_network_does_not_wait_for_the_old_put(void **state)
{
    (void)state;
    assert_true(goes_out(0));
    dtt_publisher_restart(&p, at_ms(5000).mono_ns);
    assert_true(goes_out(5000));
}

static void neighbors_that_flap_do_not_publish_each_time(void **state)
{
    (void)state;
    unsigned n = 0;
    for (uint64_t ms = 0; ms < 60000; ms += 100) {
        if (ms % 1000 == 0) {
            dtt_publisher_joined(&p, at_ms(ms).mono_ns);
        }
        if (goes_out(ms)) {
            n++;
            done(ms, true);
        }
    }
    assert_in_range(n, 3, 6);
}

static void who_is_elected_publishes_once(void **state)
{
    (void)state;
    tuning.swarm_records = 5;
    assert_true(goes_out(0));
    done(100, true);
    view.is_searching = false;
    assert_int_equal(deadline_ms(), DTT_NEVER);            /* no timer of its own */
    dtt_publisher_elected(&p, at_ms(60000).mono_ns, 3, 4); /* the last quarter of 48 s */
    assert_in_range(deadline_ms(), 98000, 110000);
    assert_false(goes_out(deadline_ms() + 1));
    assert_true(dtt_publisher_next_read(&p));
    view.answered_ns = at_ms(110000).mono_ns;
    assert_true(goes_out(110100));
    done(110200, true);
    assert_int_equal(deadline_ms(), DTT_NEVER);
}

/* Whose record is not to be seen does not wait for the time of its election. */
static void who_is_on_duty_publishes_at_once(void **state)
{
    (void)state;
    tuning.swarm_records = 5;
    assert_false(dtt_publisher_is_visible(&p, START_MINUTE));
    assert_true(goes_out(0));
    assert_false(
        dtt_publisher_is_visible(&p, START_MINUTE)); /* nobody has said that it is stored */
    done(100, true);
    assert_true(dtt_publisher_is_visible(&p, START_MINUTE));
    assert_true(dtt_publisher_is_visible(&p, START_MINUTE + 1));
    assert_false(dtt_publisher_is_visible(&p, START_MINUTE + 2));
    view.is_searching = false;
    dtt_publisher_on_duty(&p, at_ms(62000));
    assert_int_equal(deadline_ms(), DTT_NEVER); /* the record of the minute before is still read */
    dtt_publisher_elected(&p, at_ms(120000).mono_ns, 3, 4);
    dtt_publisher_on_duty(&p, at_ms(122000));
    assert_int_equal(deadline_ms(), 122000);
    view.answered_ns = at_ms(122000).mono_ns;
    assert_true(goes_out(122000));
    done(122200, true);
    assert_int_equal(deadline_ms(), DTT_NEVER);
}

static void publishing_while_joined_can_be_off(void **state)
{
    (void)state;
    tuning.publish = false;
    assert_true(goes_out(0)); /* of the search */
    done(100, true);
    dtt_publisher_joined(&p, at_ms(1000).mono_ns);
    dtt_publisher_elected(&p, at_ms(1000).mono_ns, 0, 5);
    dtt_publisher_on_duty(&p, at_ms(182000));
    assert_int_equal(deadline_ms(), DTT_NEVER);
    dtt_publisher_found_nobody(&p, at_ms(60000));
    assert_true(goes_out(60000));
}

static void one_slot_that_stores_it_is_enough(void **state)
{
    (void)state;
    enum dtt_slot_kind kind;
    dtt_publisher_init(&p, &tuning, PUBLIC | SECRET, &rng, at_ms(0).mono_ns);
    (void)step(0);
    assert_true(dtt_publisher_next(&p, &kind));
    assert_int_equal(kind, DTT_SLOT_PUBLIC);
    dtt_publisher_done(&p, at_ms(50).mono_ns, DTT_SLOT_SECRET, p.minute, 9); /* not handed out */
    assert_true(dtt_publisher_next(&p, &kind));
    assert_int_equal(kind, DTT_SLOT_SECRET);
    assert_false(dtt_publisher_next(&p, &kind));
    dtt_publisher_done(&p, at_ms(100).mono_ns, DTT_SLOT_PUBLIC, p.minute, 0);
    assert_int_equal(p.state, DTT_PUBLISHER_PUTTING);
    dtt_publisher_done(&p, at_ms(200).mono_ns, DTT_SLOT_SECRET, p.minute, 9);
    assert_int_equal(p.state, DTT_PUBLISHER_WAITING);
    assert_true(p.is_news && p.copies == 9 && p.attempt == 0);
    /* The other one never answers: at the timeout what is stored counts. */
    dtt_publisher_init(&p, &tuning, PUBLIC | SECRET, &rng, at_ms(0).mono_ns);
    (void)step(0);
    assert_true(dtt_publisher_next(&p, &kind) && dtt_publisher_next(&p, &kind));
    dtt_publisher_done(&p, at_ms(200).mono_ns, DTT_SLOT_SECRET, p.minute, 9);
    assert_int_equal(step(20000), DTT_PUBLISHER_TIMED_OUT);
    assert_true(p.is_news && p.attempt == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(publishes_at_start_without_reading, setup),
        cmocka_unit_test_setup(a_success_is_repeated_after_base_plus_jitter, setup),
        cmocka_unit_test_setup(the_seed_waits_for_a_vain_pass, setup),
        cmocka_unit_test_setup(with_neighbors_the_slot_is_read_first, setup),
        cmocka_unit_test_setup(a_slot_that_is_full_already_is_not_read, setup),
        cmocka_unit_test_setup(a_fresh_read_is_good_enough, setup),
        cmocka_unit_test_setup(the_cap_is_respected, setup),
        cmocka_unit_test_setup(a_cap_of_zero_never_publishes, setup),
        cmocka_unit_test_setup(failures_are_retried_then_back_off, setup),
        cmocka_unit_test_setup(rust_goes_on_as_usual_after_failing, setup),
        cmocka_unit_test_setup(a_put_that_is_not_reported_times_out, setup),
        cmocka_unit_test_setup(storing_works_now, setup),
        cmocka_unit_test_setup(a_new_minute_does_not_wait_for_the_old_put, setup),
        cmocka_unit_test_setup(a_new_minute_does_not_shorten_a_back_off, setup),
        cmocka_unit_test_setup(what_becomes_due_during_a_put_follows_it, setup),
        cmocka_unit_test_setup(new_addresses_replace_the_put_under_way, setup),
        cmocka_unit_test_setup(a_wrong_record_is_put_right_though_there_are_enough_others, setup),
        cmocka_unit_test_setup(another_network_does_not_wait_for_the_old_put, setup),
        cmocka_unit_test_setup(one_that_is_missed_tells_its_new_address_at_once, setup),
        cmocka_unit_test_setup(what_is_not_seen_while_it_is_missed_is_told_again, setup),
        cmocka_unit_test_setup(what_is_seen_stands_for_no_election, setup),
        cmocka_unit_test_setup(the_first_record_waits_for_the_address, setup),
        cmocka_unit_test_setup(neighbors_that_flap_do_not_publish_each_time, setup),
        cmocka_unit_test_setup(who_is_elected_publishes_once, setup),
        cmocka_unit_test_setup(who_is_on_duty_publishes_at_once, setup),
        cmocka_unit_test_setup(publishing_while_joined_can_be_off, setup),
        cmocka_unit_test_setup(one_slot_that_stores_it_is_enough, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
