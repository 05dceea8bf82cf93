/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "node/pair.h"

#include "link_fakes.h"
#include "node/knock.h"
#include "tracker/census.h"

static const struct dtt_addr outside = {.family = DTT_FAMILY_V4, .ip = {81, 10, 1, 1}, .port = 7};

static void we_are(int kind)
{
    l.me = (struct dtt_book_reach){.told = {.is_told = 1, .kind = kind}, .joined_s = 1000};
    dtt_dials_reach(&l, now);
}

static void record(unsigned peer, int kind)
{
    struct dtt_id id = id_of(peer);
    struct dtt_reach reach = {.is_told = 1, .kind = kind};
    if (kind == DTT_REACH_VARY) {
        reach.last = outside;
    }
    dtt_dials_record(&l, now, &id, &reach, 1000);
}

/* Knocks at the host of `addr`: how many there were since last asked, from spare sockets or not. */
static size_t n_knocks(const struct dtt_addr *addr, bool is_spare)
{
    struct dtt_knock knock;
    size_t n = 0;
    while (dtt_knock_next(&l, &knock)) {
        n += dtt_addr_same_ip(&knock.addr, addr) && is_spare == (knock.local.port != 0) &&
             (knock.hops == 0 || is_spare);
        assert_true(!is_spare || knock.hops == DTT_KNOCK_WHISPER);
    }
    return n;
}

/* Second by second, in steps of 10 ms. */
static size_t knocks_in(unsigned seconds, const struct dtt_addr *addr, bool is_spare)
{
    size_t n = 0;
    for (unsigned i = 0; i < 100 * seconds; i++) {
        pass(10 * DTT_MS);
        n += n_knocks(addr, is_spare);
    }
    return n;
}

static void open_sockets(size_t n)
{
    struct dtt_socket_wish wish;
    struct dtt_addr bound[DTT_SPARES_MAX];
    assert_true(dtt_spares_next(&l.spares, &wish));
    assert_int_equal(wish.n_open, DTT_SPARES_MAX);
    for (size_t i = 0; i < n; i++) {
        bound[i] = dtt_addr_v4(0, 0, 0, 0, (uint16_t)(2000 + i));
    }
    dtt_pair_opened(&l, now, bound, n);
}

static size_t closed_sockets(void)
{
    struct dtt_socket_wish wish;
    size_t n = 0;
    while (dtt_spares_next(&l.spares, &wish)) {
        n += wish.n_open == 0;
    }
    return n;
}

static void knocked(size_t i, const struct dtt_addr *from)
{
    dtt_pair_knocked(&l, now, &l.spares.list[i], from);
}

/* ---- the cone side */

static void the_cone_side_guesses(void **state)
{
    (void)state;
    we_are(DTT_REACH_CONE);
    know(3, "a");
    record(3, DTT_REACH_VARY);
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    assert_int_equal(knocks_in(2, &outside, false), 100);
    closed('a', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), ""); /* the race is not lost yet */
    assert_in_range(knocks_in(36, &outside, false), 1500, 1650);
    assert_string_equal(script(), "gone 3 port_varies");
    assert_int_equal(knocks_in(2, &outside, false), 0);
}

static void guessing_ends_when_the_peer_connects(void **state)
{
    (void)state;
    we_are(DTT_REACH_CONE);
    know(3, "a");
    record(3, DTT_REACH_VARY);
    send_to(3, "hello");
    assert_int_equal(knocks_in(1, &outside, false), 50);
    accept_from(3, 'e');
    assert_int_equal(knocks_in(2, &outside, false), 0);
}

/* What is told later than the dial began, of the peer or of our own router, is acted on. */
static void what_is_learnt_late_counts(void **state)
{
    (void)state;
    know(3, "a");
    record(3, DTT_REACH_VARY);
    send_to(3, "hello");
    assert_int_equal(knocks_in(1, &outside, false), 0);
    we_are(DTT_REACH_CONE);
    assert_int_equal(knocks_in(1, &outside, false), 50);
    accept_from(3, 'e');
    assert_string_equal(script(), "dial 3@a; open e/1; topic 1; write e/1 hello");
}

static void nobody_is_guessed_at_on_an_old_record_or_on_hearsay(void **state)
{
    struct dtt_id id = id_of(4), via = id_of(5);
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("x", 1)};
    (void)state;
    we_are(DTT_REACH_CONE);
    know(3, "a");
    record(3, DTT_REACH_VARY);
    pass(DTT_PAIR_FRESH_NS);
    send_to(3, "hello");
    know(4, "b");
    record(4, DTT_REACH_VARY);
    dtt_links_send(&l, now, &id, &m, &via);
    assert_int_equal(knocks_in(2, &outside, false), 0);
}

static void who_sits_behind_our_own_router_is_not_guessed_at(void **state)
{
    (void)state;
    we_are(DTT_REACH_CONE);
    dtt_dials_own(&l, now, &outside, 1);
    know(3, "a");
    record(3, DTT_REACH_VARY);
    send_to(3, "hello");
    assert_int_equal(knocks_in(2, &outside, false), 0);
}

/* ---- the vary side */

static void begin_to_hold(void)
{
    struct dtt_addr a = addr_of('a');
    we_are(DTT_REACH_VARY);
    know(3, "a");
    record(3, DTT_REACH_CONE);
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a"); /* it may get through */
    assert_int_equal(knocks_in(1, &a, true), 0);
    assert_int_equal(closed_sockets(), 0);
    pass(DTT_S);
}

static void the_vary_side_holds_ports_and_dials_where_one_is_found(void **state)
{
    struct dtt_addr a = addr_of('a');
    (void)state;
    begin_to_hold();
    open_sockets(DTT_SPARES_MAX);
    assert_in_range(knocks_in(2, &a, true), 200, 300);
    knocked(17, &a);
    assert_string_equal(script(), "dial 3@a");
    assert_int_equal(conns[0].datagrams, 1); /* what the plain dial has left of the budget */
    knocked(17, &a);
    knocked(18, &a); /* at once: the dial has not had its time */
    assert_string_equal(script(), "");
    up('a');
    assert_int_equal(closed_sockets(), DTT_SPARES_MAX - 1);
    assert_int_equal(l.spares.list[0].bound.port, 2017); /* for life */
    closed('a', DTT_REASON_TIMEOUT);
    assert_int_equal(closed_sockets(), 1);
}

/* Nobody is dialled but the host that is held for: a knock shows no more than where it came from.
 */
static void who_knocks_from_elsewhere_is_not_dialled(void **state)
{
    struct dtt_addr b = addr_of('b');
    (void)state;
    begin_to_hold();
    open_sockets(DTT_SPARES_MAX);
    script();
    knocked(17, &b);
    assert_string_equal(script(), "");
}

/* Knocks that are forged from there are followed a few times, and within the budget of the host. */
static void forged_knocks_get_no_more_than_the_budget(void **state)
{
    struct dtt_addr a = addr_of('a');
    unsigned datagrams = 4; /* in the window of the plain dial, which has sent these */
    uint64_t end_ns = now.mono_ns + DTT_DESTINATIONS_WINDOW_NS;
    size_t n = 0;
    (void)state;
    begin_to_hold();
    open_sockets(DTT_SPARES_MAX);
    script();
    for (size_t i = 0; i < 40; i++) {
        pass(DTT_BIRTHDAY_HIT_NS);
        knocked(i, &a);
        bool has_dialled = strcmp(script(), "dial 3@a") == 0;
        n += has_dialled;
        datagrams += has_dialled && now.mono_ns < end_ns ? conns[0].datagrams : 0;
    }
    assert_int_equal(n, DTT_BIRTHDAY_HITS);
    assert_int_equal(datagrams, DTT_DESTINATIONS_INITIALS);
}

/* The election of the minute tells who of a swarm reads our record. */
static void of_several_the_one_at_the_door_is_held_for(void **state)
{
    struct dtt_addr addr[3] = {addr_of('a'), addr_of('b'), addr_of('c')};
    unsigned peers[3] = {3, 4, 5}, first = 0;
    (void)state;
    we_are(DTT_REACH_VARY);
    for (unsigned i = 0; i < 3; i++) {
        struct dtt_id id = id_of(peers[i]), best = id_of(peers[first]);
        first = dtt_census_number(&id, 0) < dtt_census_number(&best, 0) ? i : first;
        know(peers[i], (char[2]){(char)('a' + i)});
        record(peers[i], DTT_REACH_CONE);
        send_to(peers[i], "hello");
        pass(DTT_S / 2);
    }
    assert_string_equal(script(), "dial 3@a; dial 4@b; dial 5@c");
    for (unsigned i = 0; i < 3; i++) {
        closed((char)('a' + i), DTT_REASON_TIMEOUT); /* the others have lost, but for this one */
    }
    const char *text = script();
    for (unsigned i = 0; i < 3; i++) {
        char gone[] = "gone 3";
        gone[5] = (char)('3' + i);
        assert_int_equal(strstr(text, gone) != NULL, i != first);
    }
    open_sockets(DTT_SPARES_MAX);
    assert_in_range(knocks_in(2, &addr[first], true), 200, 300);
}

static void without_sockets_the_attempt_ends(void **state)
{
    (void)state;
    begin_to_hold();
    closed('a', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "");
    open_sockets(0);
    pass(DTT_MS);
    assert_string_equal(script(), "gone 3 port_varies");
}

static void a_network_that_takes_no_more_ends_it(void **state)
{
    (void)state;
    begin_to_hold();
    open_sockets(DTT_SPARES_MAX);
    dtt_pair_stop(&l, now);
    assert_int_equal(closed_sockets(), DTT_SPARES_MAX);
    assert_int_equal(l.birthday.state, DTT_BIRTHDAY_IDLE);
}

/* A router that gives a home only so many ports must not cut it off for our sake. */
static void a_dht_that_falls_silent_ends_it(void **state)
{
    (void)state;
    dtt_pair_heard(&l, now, 1, 1);
    begin_to_hold();
    open_sockets(DTT_SPARES_MAX);
    dtt_pair_heard(&l, now, 10, 9);
    pass(DTT_PAIR_DEAF_NS);
    dtt_pair_heard(&l, now, 13, 9);
    assert_int_equal(l.birthday.state, DTT_BIRTHDAY_HOLDING); /* little was asked */
    dtt_pair_heard(&l, now, 14, 9);
    assert_int_equal(l.birthday.state, DTT_BIRTHDAY_IDLE);
    assert_int_equal(closed_sockets(), DTT_SPARES_MAX);
}

static void who_has_neighbours_holds_none(void **state)
{
    struct dtt_addr a = addr_of('a');
    (void)state;
    accept_from(9, 'i');
    neighbor(9, 1);
    we_are(DTT_REACH_VARY);
    know(3, "a");
    record(3, DTT_REACH_CONE);
    send_to(3, "hello");
    assert_int_equal(knocks_in(3, &a, true), 0);
    assert_int_equal(l.birthday.state, DTT_BIRTHDAY_IDLE);
}

/* ---- what stands between */

static void lose(unsigned peer, char letter)
{
    send_to(peer, "hello");
    closed(letter, DTT_REASON_TIMEOUT);
}

static void two_that_vary_are_told_why(void **state)
{
    struct dtt_dial_failure f;
    (void)state;
    we_are(DTT_REACH_VARY);
    know(3, "a");
    record(3, DTT_REACH_VARY);
    lose(3, 'a');
    assert_string_equal(script(), "dial 3@a; gone 3 both_vary");
    assert_true(dtt_dials_next_failure(&l, &f));
    assert_true(dtt_addr_eq(&f.addr, &outside));
    assert_int_equal(f.mine, DTT_REACH_VARY);
    assert_int_equal(f.theirs, DTT_REACH_VARY);
}

/* A network of both would have answered; the user need not wait for the end of the dial. */
static void two_that_vary_try_for_a_short_time(void **state)
{
    (void)state;
    behind_nat(3);
    record(3, DTT_REACH_VARY);
    send_to(3, "hello");
    pass(DTT_S);
    assert_string_equal(script(), "dial 3@p");
    we_are(DTT_REACH_VARY); /* what we know late counts from then on */
    pass(DTT_PAIR_HOPELESS_NS - 1);
    assert_string_equal(script(), "");
    pass(1);
    assert_string_equal(script(), "close p; gone 3 both_vary");
}

/* There is another way, or it is one home. */
static void what_may_come_through_is_not_cut_short(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_addr own = outside, addr = addr_of('a');
    (void)state;
    we_are(DTT_REACH_VARY);
    behind_nat(3);
    record(3, DTT_REACH_VARY);
    send_to(3, "hello");
    dtt_dials_name(&l, now, &id, &addr, 1);
    pass(DTT_PAIR_HOPELESS_NS);
    assert_string_equal(script(), "dial 3@p; dial 3@a");
    own.port = 0;
    l.me.told.last = own;
    behind_nat(4);
    record(4, DTT_REACH_VARY);
    send_to(4, "hello");
    pass(DTT_PAIR_HOPELESS_NS);
    assert_string_equal(script(), "dial 4@p");
}

static void families_that_do_not_match_are_told(void **state)
{
    const uint8_t ip[16] = {0x20, 1, [3] = 's'};
    struct dtt_addr six = dtt_addr_v6(ip, 1000), home = dtt_addr_v4(192, 168, 1, 2, 1);
    struct dtt_id id = id_of(3);
    (void)state;
    dtt_book_add(&l.book, now, &id, &six, 1);
    send_to(3, "hello");
    assert_string_equal(script(), "gone 3 no_route"); /* who knows what we have */
    dtt_dials_own(&l, now, &home, 1);
    send_to(3, "hello");
    assert_string_equal(script(), "gone 3 other_family");
}

/* Who has answered stands in no way. */
static void an_answer_keeps_its_own_reason(void **state)
{
    (void)state;
    we_are(DTT_REACH_VARY);
    know(3, "a");
    record(3, DTT_REACH_VARY);
    send_to(3, "hello");
    closed('a', DTT_REASON_WRONG_KEY);
    assert_string_equal(script(), "dial 3@a; gone 3 wrong_key");
}

/* ---- over a relay */

/* Peer 3 is a neighbour over a relay, and has an address. */
static void be_relayed(void)
{
    conns['r' - 'a'].addr =
        dtt_addr_v6((const uint8_t[16]){0xfd, 0x15, 0x07, 0x0a, 0x51, 0x0b, [15] = 3}, 12345);
    accept_from(3, 'r');
    neighbor(3, 1);
    know(3, "a");
    pass(1);
    script();
}

static void a_relayed_neighbour_is_guessed_at(void **state)
{
    (void)state;
    we_are(DTT_REACH_CONE);
    be_relayed();
    record(3, DTT_REACH_VARY);
    assert_int_equal(knocks_in(2, &outside, false), 100);
    accept_from(3, 'e');
    assert_int_equal(knocks_in(2, &outside, false), 0);
    record(3, DTT_REACH_VARY); /* there is a direct way now */
    assert_int_equal(knocks_in(2, &outside, false), 0);
}

/* Its relay is no reason not to, and none to dial it twice. */
static void ports_are_held_for_a_relayed_neighbour(void **state)
{
    struct dtt_addr a = addr_of('a');
    (void)state;
    we_are(DTT_REACH_VARY);
    be_relayed();
    record(3, DTT_REACH_CONE);
    pass(2 * DTT_S);
    open_sockets(DTT_SPARES_MAX);
    script();
    assert_in_range(knocks_in(2, &a, true), 200, 300);
    knocked(17, &a);
    assert_string_equal(script(), "dial 3@a");
    up('a');
    assert_int_equal(closed_sockets(), DTT_SPARES_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_cone_side_guesses),
        T(guessing_ends_when_the_peer_connects),
        T(what_is_learnt_late_counts),
        T(nobody_is_guessed_at_on_an_old_record_or_on_hearsay),
        T(who_sits_behind_our_own_router_is_not_guessed_at),
        T(the_vary_side_holds_ports_and_dials_where_one_is_found),
        T(who_knocks_from_elsewhere_is_not_dialled),
        T(forged_knocks_get_no_more_than_the_budget),
        T(of_several_the_one_at_the_door_is_held_for),
        T(without_sockets_the_attempt_ends),
        T(a_network_that_takes_no_more_ends_it),
        T(a_dht_that_falls_silent_ends_it),
        T(who_has_neighbours_holds_none),
        T(two_that_vary_are_told_why),
        T(two_that_vary_try_for_a_short_time),
        T(what_may_come_through_is_not_cut_short),
        T(families_that_do_not_match_are_told),
        T(a_relayed_neighbour_is_guessed_at),
        T(ports_are_held_for_a_relayed_neighbour),
        T(an_answer_keeps_its_own_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
