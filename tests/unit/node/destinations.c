/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/destinations.h"

#include "support/oom.h"
#include "support/vectors.h"

static struct dtt_destinations d;
static struct dtt_now now;
static uint64_t ready_ns;

static struct dtt_addr host(unsigned n, uint16_t port)
{
    return dtt_addr_v4(10, 0, (uint8_t)(n >> 8), (uint8_t)n, port);
}

static unsigned dial(unsigned n, uint16_t port)
{
    struct dtt_addr addr = host(n, port);
    return dtt_destinations_take(&d, now, &addr, false, &ready_ns);
}

static unsigned hearsay(unsigned n)
{
    struct dtt_addr addr = host(n, 5000);
    return dtt_destinations_take(&d, now, &addr, true, &ready_ns);
}

static void answer(unsigned n)
{
    struct dtt_addr addr = host(n, 1);
    dtt_destinations_answered(&d, &addr);
}

static void refuse(unsigned n, unsigned datagrams)
{
    struct dtt_addr addr = host(n, 1);
    dtt_destinations_refused(&d, now, &addr, datagrams);
}

static int setup(void **state)
{
    static const uint8_t hash_key[DTT_MAP_HASH_KEY_BYTES];
    (void)state;
    now = (struct dtt_now){.mono_ns = 100 * DTT_S};
    dtt_destinations_init(&d, hash_key);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    dtt_destinations_fini(&d);
    return 0;
}

static void all_ports_of_a_host_share_a_budget(void **state)
{
    (void)state;
    assert_int_equal(dial(1, 2000), 4);
    assert_int_equal(dial(1, 2001), 1);
    assert_int_equal(dial(1, 2002), 1);
    assert_int_equal(dial(1, 2003), 0);
    assert_int_equal(ready_ns, now.mono_ns + DTT_DESTINATIONS_WINDOW_NS);
    assert_int_equal(hearsay(1), 0);
    assert_int_equal(dial(2, 2000), 4);
    now.mono_ns = ready_ns;
    assert_int_equal(dial(1, 2000), 1); /* the first dial may be repeating itself still */
    now.mono_ns += DTT_DESTINATIONS_WINDOW_NS;
    assert_int_equal(dial(1, 2000), 4);
}

static void no_window_has_more_than_its_budget(void **state)
{
    uint64_t sent[200];
    size_t n = 0;
    (void)state;
    for (int i = 0; i < 400; i++, now.mono_ns += 250 * DTT_MS) {
        unsigned granted = i % 3 ? dial(1, (uint16_t)(2000 + i)) : hearsay(1);
        for (unsigned k = 0; k < granted; k++) {
            assert_true(n < 200);
            sent[n++] = now.mono_ns + ((1u << k) - 1) * DTT_S; /* as QUIC repeats itself */
        }
    }
    for (size_t i = 0; i < n; i++) {
        unsigned in_window = 0;
        for (size_t k = 0; k < n; k++) {
            in_window += sent[k] >= sent[i] && sent[k] < sent[i] + DTT_DESTINATIONS_WINDOW_NS;
        }
        assert_in_range(in_window, 1, DTT_DESTINATIONS_INITIALS);
    }
}

static void hearsay_waits_ever_longer(void **state)
{
    uint64_t wait = DTT_DESTINATIONS_WAIT_NS;
    (void)state;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(hearsay(1), 1);
        assert_int_equal(hearsay(1), 0);
        assert_int_equal(ready_ns, now.mono_ns + wait);
        now.mono_ns = ready_ns - 1;
        assert_int_equal(hearsay(1), 0);
        now.mono_ns = ready_ns;
        wait = wait < DTT_DESTINATIONS_WAIT_MAX / 2 ? 2 * wait : DTT_DESTINATIONS_WAIT_MAX;
    }
    assert_int_equal(dial(1, 2000), 4); /* others have their own reasons */
}

static void an_answer_gives_all_back(void **state)
{
    (void)state;
    assert_int_equal(hearsay(1), 1);
    assert_int_equal(dial(1, 2000), 4);
    assert_int_equal(dial(1, 2000), 1);
    answer(1);
    answer(2); /* nothing was asked of it */
    assert_int_equal(hearsay(1), 1);
    assert_int_equal(dial(1, 2000), 4);
}

/* Dead members keep nobody from a living one on their host, and errors may be forged. */
static void a_refusal_gives_back_what_its_dial_took(void **state)
{
    (void)state;
    refuse(1, 4); /* nothing was asked of it */
    for (int i = 0; i < DTT_DESTINATIONS_REFUSALS; i++) {
        assert_int_equal(dial(1, (uint16_t)(2000 + i)), 4);
        refuse(1, 4);
    }
    assert_int_equal(dial(1, 3000), 4);
    refuse(1, 4);
    assert_int_equal(dial(1, 3001), 1);
    now.mono_ns += DTT_DESTINATIONS_REFUSAL_NS;
    refuse(1, 1);
    refuse(1, 1);
    assert_int_equal(dial(1, 3002), 1);
    assert_int_equal(dial(1, 3003), 1);
    assert_int_equal(dial(1, 3004), 0);
    assert_int_equal(hearsay(2), 1);
    refuse(2, 1);
    assert_int_equal(hearsay(2), 0); /* hearsay waits all the same */
}

/* Errors that are forged for each datagram win no more than their bound. */
static void refusals_win_a_bounded_budget(void **state)
{
    enum { WINDOWS = 40 };
    unsigned sent = 0;
    (void)state;
    for (unsigned i = 0; i < WINDOWS * 15 * 4; i++, now.mono_ns += DTT_S / 4) {
        unsigned n = dial(1, (uint16_t)(2000 + i));
        sent += n > 0; /* the error comes before the repetitions */
        refuse(1, n);
        (void)hearsay(2 + i); /* others are named, so that it may be forgotten */
    }
    assert_true(sent <= DTT_DESTINATIONS_REFUSALS + WINDOWS * (15 + DTT_DESTINATIONS_INITIALS));
}

/* A thousand other names win nobody a new budget, and do not stop dials of other kinds. */
static void a_full_table_lets_no_more_through(void **state)
{
    (void)state;
    assert_int_equal(hearsay(1), 1);
    for (unsigned n = 2; n <= DTT_DESTINATIONS_MAX; n++) {
        assert_int_equal(hearsay(n), 1);
    }
    assert_int_equal(hearsay(2000), 0);
    assert_int_equal(hearsay(1), 0);
    assert_int_equal(dial(2000, 2000), 0); /* the bound of all */
    now.mono_ns += DTT_DESTINATIONS_WINDOW_NS;
    assert_int_equal(dial(2000, 2000), 4);
    assert_int_equal(hearsay(3000), 0);
    now.mono_ns += DTT_DESTINATIONS_WAIT_NS; /* their waits are over and forgotten */
    assert_int_equal(hearsay(3000), 1);
    assert_int_equal(dtt_map_count(&d.hosts), 2);
}

/* A dial each ten minutes to a host that never answers: days later there are few of them. */
static void quiet_hosts_are_forgotten(void **state)
{
    (void)state;
    for (unsigned n = 1; n <= 400; n++, now.mono_ns += 600 * DTT_S) {
        assert_int_equal(n % 2 ? dial(n, 2000) : hearsay(n), n % 2 ? 4 : 1);
        assert_true(dtt_map_count(&d.hosts) <= 8);
    }
}

/* Being forgotten lets no more through than the longest wait would. */
static void forgetting_wins_no_budget(void **state)
{
    unsigned sent = 0;
    uint64_t start_ns = now.mono_ns;
    (void)state;
    for (unsigned n = 0; n < 100000; n++, now.mono_ns += 10 * DTT_S) {
        sent += hearsay(1);
        if (n % 60 == 0) {
            hearsay(2 + n); /* others are named, so that it may be forgotten */
        }
    }
    assert_true(sent <= (now.mono_ns - start_ns) / DTT_DESTINATIONS_WAIT_MAX + 7);
}

static bool knock(unsigned n)
{
    struct dtt_addr addr = host(n, 5000);
    return dtt_destinations_knock(&d, now, &addr);
}

static void knocks_have_a_budget_of_their_own(void **state)
{
    (void)state;
    for (int window = 0; window < 3; window++) {
        for (unsigned i = 0; i < DTT_DESTINATIONS_KNOCKS; i++) {
            assert_true(knock(1));
        }
        assert_false(knock(1));
        assert_true(knock(2 + (unsigned)window));
        assert_int_equal(dial(1, 2000), 4); /* nor do they take from that of dials */
        now.mono_ns += DTT_DESTINATIONS_WINDOW_NS - 1;
        assert_false(knock(1));
        now.mono_ns += 9 * DTT_S; /* the last repetition of the dial is forgotten, too */
    }
}

/* Whoever is named, with knocks and dials: a full table of those spoken to forgets none of them. */
static void knocks_keep_their_host_in_the_table(void **state)
{
    (void)state;
    for (unsigned n = 0; n < DTT_DESTINATIONS_MAX; n++) {
        assert_true(knock(n));
    }
    assert_false(knock(DTT_DESTINATIONS_MAX));
    assert_int_equal(hearsay(DTT_DESTINATIONS_MAX), 0);
    now.mono_ns += DTT_DESTINATIONS_WINDOW_NS;
    assert_true(knock(DTT_DESTINATIONS_MAX));
}

static void without_memory_nothing_is_sent(void **state)
{
    (void)state;
    oom_arm(1);
    assert_false(knock(1));
    assert_true(oom_disarm());
    oom_arm(1);
    assert_int_equal(dial(1, 2000), 0);
    assert_true(oom_disarm());
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(all_ports_of_a_host_share_a_budget),
        T(no_window_has_more_than_its_budget),
        T(hearsay_waits_ever_longer),
        T(an_answer_gives_all_back),
        T(a_full_table_lets_no_more_through),
        T(quiet_hosts_are_forgotten),
        T(forgetting_wins_no_budget),
        T(knocks_have_a_budget_of_their_own),
        T(knocks_keep_their_host_in_the_table),
        T(without_memory_nothing_is_sent),
        T(a_refusal_gives_back_what_its_dial_took),
        T(refusals_win_a_bounded_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
