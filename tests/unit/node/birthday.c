/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/birthday.h"

#include "node/spares.h"
#include "support/vectors.h"

static struct dtt_birthday b;
static struct dtt_now now;

static struct dtt_id peer(unsigned n)
{
    return (struct dtt_id){.bytes = {(uint8_t)n, 1}};
}

static struct dtt_addr home(unsigned n)
{
    return dtt_addr_v4(81, 10, (uint8_t)n, 1, 40000); /* in a network of its own */
}

static int begin(void **state)
{
    static const uint8_t seed[DTT_RNG_SEED_BYTES] = {7};
    (void)state;
    memset(&b, 0, sizeof(b));
    dtt_rng_init(&b.rng, seed, "test");
    now = (struct dtt_now){.mono_ns = 5000 * DTT_S};
    return 0;
}

static bool guess(unsigned n, int step)
{
    struct dtt_id id = peer(n);
    struct dtt_addr last = home(n);
    return dtt_birthday_guess(&b, now, &id, &last, step);
}

static bool hold(unsigned n)
{
    struct dtt_id id = peer(n);
    struct dtt_addr addr = home(n);
    return dtt_birthday_hold(&b, now, &id, &addr);
}

/* The next knock at its time, or false when there is none before the end. */
static bool next(struct dtt_addr *ret)
{
    while (dtt_birthday_deadline(&b) < b.end_ns) {
        now.mono_ns = dtt_birthday_deadline(&b);
        if (dtt_birthday_take(&b, now, ret)) {
            return true;
        }
    }
    return false;
}

static void guesses_begin_with_the_next_ports(void **state)
{
    struct dtt_addr addr;
    (void)state;
    assert_true(guess(1, -3));
    for (int i = 1; i <= DTT_BIRTHDAY_NEXT; i++) {
        assert_true(next(&addr));
        assert_true(dtt_addr_same_ip(&addr, &b.addr));
        assert_int_equal(addr.port, 40000 - 3 * i);
    }
}

/* 50 a second and 1750 in all: that is what a victim gets whose address somebody names. */
static void guesses_are_paced_and_counted(void **state)
{
    struct dtt_addr addr;
    uint64_t start_ns = now.mono_ns;
    unsigned n = 0;
    (void)state;
    assert_true(guess(1, 0));
    for (; next(&addr); n++) {
        assert_true(now.mono_ns >= start_ns + n * DTT_BIRTHDAY_GUESS_NS);
        assert_true(addr.port >= 1024);
    }
    assert_int_equal(n, 1750);
    assert_true(b.end_ns - start_ns < 40 * DTT_S);
    now.mono_ns = b.end_ns;
    assert_false(dtt_birthday_take(&b, now, &addr));
}

/* A program that was held up does not make up for it in one burst. */
static void a_pause_is_not_made_up_for(void **state)
{
    struct dtt_addr addr;
    (void)state;
    assert_true(guess(1, 1));
    now.mono_ns += 5 * DTT_S;
    assert_true(dtt_birthday_take(&b, now, &addr));
    assert_false(dtt_birthday_take(&b, now, &addr));
}

/* Neighbouring ports are met within a second or two, whenever and wherever they are opened. */
static void ports_that_are_opened_late_are_swept_over(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 300; late += 50) {
        struct dtt_addr addr;
        unsigned n = 0;
        begin(NULL);
        assert_true(guess(1, 1));
        while (n < late && next(&addr)) {
            n++;
        }
        for (n = 0; next(&addr) && (addr.port < 40300 || addr.port >= 40300 + DTT_SPARES_MAX);) {
            n++;
        }
        assert_in_range(n, 0, 100);
    }
}

/* Whatever the router does: what is promised for 256 open ports among all, over many attempts. */
static void random_ports_are_found(void **state)
{
    static uint8_t is_open[65536];
    struct dtt_rng ports;
    unsigned found = 0;
    (void)state;
    begin(NULL);
    ports = b.rng;
    for (unsigned i = 0; i < 200; i++) {
        struct dtt_addr addr;
        memset(is_open, 0, sizeof(is_open));
        for (unsigned k = 0; k < DTT_SPARES_MAX; k++) {
            is_open[1024 + dtt_rng_below(&ports, 64512)] = 1;
        }
        b = (struct dtt_birthday){.rng = b.rng};
        (void)dtt_rng_u64(&b.rng);
        assert_true(guess(1, 0));
        bool is_found = false;
        while (!is_found && next(&addr)) {
            is_found = is_open[addr.port];
        }
        found += is_found;
    }
    assert_in_range(found, 195, 200);
}

static void ports_wrap(void **state)
{
    struct dtt_id id = peer(1);
    struct dtt_addr last = home(1), addr;
    (void)state;
    last.port = 65534;
    assert_true(dtt_birthday_guess(&b, now, &id, &last, 1));
    assert_true(next(&addr));
    assert_int_equal(addr.port, 65535);
    assert_true(next(&addr));
    assert_int_equal(addr.port, 1024);
}

static void the_vary_side_waits_for_sockets_and_whispers_for_long(void **state)
{
    struct dtt_addr addr;
    uint64_t opened_ns;
    unsigned n = 0;
    (void)state;
    assert_true(hold(1));
    assert_false(dtt_birthday_wants_sockets(&b, now));
    now.mono_ns = dtt_birthday_deadline(&b);
    assert_true(dtt_birthday_wants_sockets(&b, now));
    assert_false(dtt_birthday_wants_sockets(&b, now));
    assert_false(dtt_birthday_take(&b, now, &addr));
    assert_int_equal(dtt_birthday_deadline(&b), b.end_ns);
    dtt_birthday_opened(&b, now);
    opened_ns = now.mono_ns;
    for (; n < DTT_SPARES_MAX; n++) {
        assert_true(next(&addr));
        assert_int_equal(addr.port, 40000);
    }
    assert_true(now.mono_ns - opened_ns < 2 * DTT_S); /* all ports are open */
    while (next(&addr)) {
        n++;
    }
    assert_in_range(n, 800, 1100);
    assert_true(now.mono_ns - opened_ns > 35 * DTT_S);
}

static bool hold_instead(unsigned n)
{
    struct dtt_id id = peer(n);
    struct dtt_addr addr = home(n);
    return dtt_birthday_hold_instead(&b, now, &id, &addr);
}

/* It is one attempt still, which begins when it would have; and later there is no other choice. */
static void as_long_as_nothing_is_sent_another_peer_may_be_chosen(void **state)
{
    struct dtt_id first = peer(1), second = peer(2);
    (void)state;
    assert_false(hold_instead(2)); /* there is none */
    assert_true(hold(1));
    uint64_t due_ns = dtt_birthday_deadline(&b);
    now.mono_ns += DTT_S;
    assert_true(hold_instead(2));
    assert_int_equal(dtt_birthday_deadline(&b), due_ns);
    assert_true(dtt_birthday_is_with(&b, &second));
    assert_int_equal(b.n_made, 1);
    now.mono_ns = due_ns;
    assert_true(dtt_birthday_wants_sockets(&b, now));
    assert_false(hold_instead(3));
    dtt_birthday_opened(&b, now);
    assert_false(hold_instead(3));
    assert_false(dtt_birthday_was_with(&b, now, &first));
}

static void who_had_all_attempts_is_not_chosen_either(void **state)
{
    struct dtt_id first = peer(1);
    (void)state;
    for (unsigned i = 0; i < DTT_BIRTHDAY_TRIES; i++) {
        assert_true(hold(2));
        dtt_birthday_stop(&b, now);
        now.mono_ns += DTT_BIRTHDAY_PAUSE_NS;
    }
    assert_true(hold(1));
    assert_false(hold_instead(2));
    assert_true(dtt_birthday_is_with(&b, &first));
    assert_int_equal(b.n_made, DTT_BIRTHDAY_TRIES + 1);
}

static bool follow(void)
{
    bool may = dtt_birthday_may_follow(&b, now);
    if (may) {
        dtt_birthday_followed(&b, now);
    }
    return may;
}

/* What is forged from the peer's address is not followed for ever. */
static void few_knocks_are_followed(void **state)
{
    unsigned n = 0;
    (void)state;
    assert_true(hold(1));
    assert_false(follow()); /* no port is open yet */
    dtt_birthday_opened(&b, now);
    for (unsigned i = 0; i < 100; i++) {
        n += follow();
        assert_false(follow());
        now.mono_ns += DTT_BIRTHDAY_HIT_NS;
    }
    assert_int_equal(n, DTT_BIRTHDAY_HITS);
    dtt_birthday_stop(&b, now);
    now.mono_ns += DTT_BIRTHDAY_PAUSE_NS;
    assert_true(hold(1));
    dtt_birthday_opened(&b, now);
    assert_true(follow());
}

static void stop(void)
{
    dtt_birthday_stop(&b, now);
    now.mono_ns += DTT_BIRTHDAY_PAUSE_NS;
}

static void attempts_are_bounded(void **state)
{
    struct dtt_id first = peer(1);
    (void)state;
    assert_true(guess(1, 1));
    assert_true(dtt_birthday_is_with(&b, &first));
    assert_false(guess(2, 1)); /* one at a time */
    assert_false(hold(2));
    dtt_birthday_stop(&b, now);
    assert_true(dtt_birthday_was_with(&b, now, &first));
    assert_false(guess(2, 1)); /* a pause */
    stop();
    for (unsigned i = 1; i < DTT_BIRTHDAY_TRIES; i++) {
        assert_true(guess(1, 1));
        stop();
    }
    assert_false(guess(1, 1));
    assert_true(guess(2, 1));
    stop();
    now.mono_ns += DTT_BIRTHDAY_HOUR_NS;
    assert_false(dtt_birthday_was_with(&b, now, &first));
    assert_true(guess(1, 1));
}

/* However many members a liar is, a host is guessed at as often as that. */
static void a_host_is_not_guessed_at_for_many_peers(void **state)
{
    struct dtt_addr victim = home(9);
    unsigned n = 0;
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct dtt_id id = peer(i);
        victim.port = (uint16_t)(2000 + i);
        n += dtt_birthday_guess(&b, now, &id, &victim, 1);
        stop();
    }
    assert_int_equal(n, DTT_BIRTHDAY_TRIES);
}

/* Nor is its network, whichever of its hosts are named; the next network is another one. */
static void a_network_is_not_guessed_at_host_by_host(void **state)
{
    struct dtt_addr victim = home(9);
    unsigned n = 0;
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct dtt_id id = peer(i);
        victim.ip[3] = (uint8_t)i;
        n += dtt_birthday_guess(&b, now, &id, &victim, 1);
        stop();
    }
    assert_int_equal(n, DTT_BIRTHDAY_NETWORK);
    assert_true(guess(10, 1));
}

static void all_attempts_of_an_hour_are_remembered_or_not_made(void **state)
{
    unsigned n = 0;
    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        n += guess(i, 1);
        stop();
    }
    assert_int_equal(n, DTT_BIRTHDAY_MEMORY);
}

static void only_global_addresses_are_knocked_at(void **state)
{
    struct dtt_id id = peer(1);
    struct dtt_addr addr = dtt_addr_v4(192, 168, 1, 1, 5000);
    (void)state;
    assert_false(dtt_birthday_guess(&b, now, &id, &addr, 1));
    assert_false(dtt_birthday_hold(&b, now, &id, &addr));
    assert_int_equal(dtt_birthday_deadline(&b), DTT_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(guesses_begin_with_the_next_ports, begin),
        cmocka_unit_test_setup(guesses_are_paced_and_counted, begin),
        cmocka_unit_test_setup(a_pause_is_not_made_up_for, begin),
        cmocka_unit_test_setup(ports_that_are_opened_late_are_swept_over, begin),
        cmocka_unit_test_setup(random_ports_are_found, begin),
        cmocka_unit_test_setup(ports_wrap, begin),
        cmocka_unit_test_setup(the_vary_side_waits_for_sockets_and_whispers_for_long, begin),
        cmocka_unit_test_setup(as_long_as_nothing_is_sent_another_peer_may_be_chosen, begin),
        cmocka_unit_test_setup(who_had_all_attempts_is_not_chosen_either, begin),
        cmocka_unit_test_setup(few_knocks_are_followed, begin),
        cmocka_unit_test_setup(attempts_are_bounded, begin),
        cmocka_unit_test_setup(a_host_is_not_guessed_at_for_many_peers, begin),
        cmocka_unit_test_setup(a_network_is_not_guessed_at_host_by_host, begin),
        cmocka_unit_test_setup(all_attempts_of_an_hour_are_remembered_or_not_made, begin),
        cmocka_unit_test_setup(only_global_addresses_are_knocked_at, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
