/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tracker/search.h"

#include <dtt/dtt.h>

static struct dtt_tracker_tuning tuning;
static struct dtt_rng rng;
static struct dtt_search s;

static int setup(void **state)
{
    static const uint8_t seed[32] = {1};
    (void)state;
    dtt_rng_init(&rng, seed, "test");
    dtt_tracker_tuning_make(&tuning, DTT_PRESET_RUST_0_3, NULL);
    dtt_search_init(&s, &tuning, &rng, 0);
    return 0;
}

/*
 * One row: in state `from`, after `input`, the machine is in state `to`. Rows use the waits of the
 * 0.3 preset: 1500 ms when nobody was found, 500 + 2000 ms after the last dial.
 */
enum input {
    STEP,  /* reads over, nobody to dial */
    BUSY,  /* reads under way */
    READY, /* reads over, somebody to dial */
    JOINED,
    LOST,
    HURRY,
    HURRY_AGAIN
};

struct row {
    enum dtt_search_state from;
    enum input input;
    uint64_t ms; /* when; the state was entered at 10 s, a wait ends at 11.5 s */
    enum dtt_search_state to;
    bool wants_read;
    bool is_vain;
};

static void enter_state(enum dtt_search_state state)
{
    dtt_search_init(&s, &tuning, &rng, 10 * DTT_S);
    s.wants_read = false; /* the owner has started the read */
    switch (state) {
    case DTT_SEARCH_READING: break;
    case DTT_SEARCH_DIALLING: dtt_search_step(&s, 10 * DTT_S, false, true); break;
    case DTT_SEARCH_WAITING: dtt_search_step(&s, 10 * DTT_S, false, false); break;
    case DTT_SEARCH_QUIET: dtt_search_joined(&s, 10 * DTT_S); break;
    }
    assert_int_equal(s.state, state);
}

static void transitions(void **state)
{
    (void)state;
    enum dtt_search_state quiet = DTT_SEARCH_QUIET, reading = DTT_SEARCH_READING,
                          dialling = DTT_SEARCH_DIALLING, waiting = DTT_SEARCH_WAITING;
    const struct row rows[] = {
        {reading, BUSY, 10500, reading, false, false},
        {reading, READY, 10500, dialling, false, false},
        {reading, STEP, 10500, waiting, false, true},
        {reading, JOINED, 10500, quiet, false, false},
        {reading, HURRY, 10500, reading, true, false},
        {dialling, READY, 10500, dialling, false, false},
        {dialling, STEP, 10500, waiting, false, true},
        {dialling, JOINED, 10500, quiet, false, false},
        {dialling, HURRY, 10500, reading, true, false},
        {waiting, STEP, 11499, waiting, false, false},
        {waiting, READY, 11499, waiting, false, false}, /* the dialler does not need us */
        {waiting, STEP, 11500, reading, true, false},
        {waiting, JOINED, 10500, quiet, false, false},
        {waiting, HURRY, 10500, reading, true, false},
        {waiting, HURRY_AGAIN, 10500, reading, true, false},
        {quiet, STEP, 20000, quiet, false, false},
        {quiet, READY, 20000, quiet, false, false},
        {quiet, HURRY, 20000, quiet, false, false},
        {quiet, HURRY_AGAIN, 20000, quiet, false, false},
        {quiet, LOST, 20000, reading, true, false},
        {quiet, LOST, 12000, waiting, false, false}, /* it was hardly a neighbour */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        const struct row *r = &rows[i];
        bool is_vain = false;
        uint64_t ns = r->ms * DTT_MS;
        enter_state(r->from);
        switch (r->input) {
        case STEP: is_vain = dtt_search_step(&s, ns, false, false); break;
        case BUSY: is_vain = dtt_search_step(&s, ns, true, false); break;
        case READY: is_vain = dtt_search_step(&s, ns, false, true); break;
        case JOINED: dtt_search_joined(&s, ns); break;
        case LOST: dtt_search_lost(&s, ns); break;
        case HURRY: dtt_search_hurry(&s, false); break;
        case HURRY_AGAIN: dtt_search_hurry(&s, true); break;
        }
        if (s.state != r->to || s.wants_read != r->wants_read || is_vain != r->is_vain) {
            fail_msg("row %zu: state %d, wants_read %d, vain %d", i, (int)s.state, s.wants_read,
                     is_vain);
        }
        assert_int_equal(s.since_ns == DTT_NEVER, s.state == quiet);
    }
}

static void waits_are_those_of_the_preset(void **state)
{
    (void)state;
    s.wants_read = false;
    assert_true(dtt_search_step(&s, 1 * DTT_S, false, false));
    assert_int_equal(dtt_search_deadline(&s), 2500 * DTT_MS);
    assert_false(dtt_search_step(&s, 2500 * DTT_MS, false, false));
    s.wants_read = false;
    assert_int_equal(dtt_search_deadline(&s), DTT_NEVER);
    dtt_search_dialled(&s, 3 * DTT_S);
    assert_true(dtt_search_step(&s, 3100 * DTT_MS, false, false));
    assert_int_equal(dtt_search_deadline(&s), 5500 * DTT_MS);
}

static void the_default_wait_grows_gently(void **state)
{
    (void)state;
    uint64_t now = 0;
    uint64_t sum_2_min = 0;
    dtt_tracker_tuning_make(&tuning, DTT_PRESET_DEFAULT, NULL);
    for (unsigned n = 1; n < 200; n++) {
        uint64_t want = n <= 4 ? n * 500 : 2000 + (n - 4) * 50;
        want = want < 5000 ? want : 5000;
        s.wants_read = false;
        assert_true(dtt_search_step(&s, now, false, false));
        uint64_t wait = dtt_search_deadline(&s) - now;
        assert_in_range(wait, want * DTT_MS * 7 / 8, want * DTT_MS * 9 / 8);
        now = dtt_search_deadline(&s);
        sum_2_min += now < 120 * DTT_S;
        assert_false(dtt_search_step(&s, now, false, false));
    }
    assert_in_range(sum_2_min, 35, 60);
}

static void dead_peers_do_not_keep_the_default_pace_high(void **state)
{
    (void)state;
    uint64_t now = 0;
    dtt_tracker_tuning_make(&tuning, DTT_PRESET_DEFAULT, NULL);
    for (unsigned n = 1; n < 100; n++) {
        s.wants_read = false;
        dtt_search_dialled(&s, now);
        assert_true(dtt_search_step(&s, now, false, false));
        if (n == 1) {
            assert_int_equal(dtt_search_deadline(&s) - now, 1 * DTT_S);
        }
        uint64_t before = now;
        now = dtt_search_deadline(&s);
        assert_false(dtt_search_step(&s, now, false, false));
        if (n > 80) {
            assert_in_range(now - before, 4375 * DTT_MS, 5625 * DTT_MS);
        }
    }
}

static void neighbors_that_flap_do_not_hurry_the_reads(void **state)
{
    (void)state;
    uint64_t now = 100 * DTT_S;
    unsigned reads = 0;
    dtt_tracker_tuning_make(&tuning, DTT_PRESET_DEFAULT, NULL);
    for (unsigned i = 0; i < 100; i++) { /* up and down ten times a second */
        s.wants_read = false;
        dtt_search_joined(&s, now);
        dtt_search_lost(&s, now + 50 * DTT_MS);
        (void)dtt_search_step(&s, now + 99 * DTT_MS, false, false);
        reads += s.wants_read;
        now += 100 * DTT_MS;
    }
    assert_int_equal(reads, 0);
}

static void a_read_of_the_old_network_is_followed_by_another(void **state)
{
    (void)state;
    s.wants_read = false;
    dtt_search_hurry(&s, true);
    assert_true(s.wants_read);
    s.wants_read = false;
    assert_false(dtt_search_step(&s, 1 * DTT_S, true, false));
    assert_false(dtt_search_step(&s, 2 * DTT_S, false, false));
    assert_int_equal(s.state, DTT_SEARCH_READING);
    assert_true(s.wants_read);
    s.wants_read = false;
    assert_true(dtt_search_step(&s, 3 * DTT_S, false, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(transitions, setup),
        cmocka_unit_test_setup(waits_are_those_of_the_preset, setup),
        cmocka_unit_test_setup(the_default_wait_grows_gently, setup),
        cmocka_unit_test_setup(dead_peers_do_not_keep_the_default_pace_high, setup),
        cmocka_unit_test_setup(neighbors_that_flap_do_not_hurry_the_reads, setup),
        cmocka_unit_test_setup(a_read_of_the_old_network_is_followed_by_another, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
