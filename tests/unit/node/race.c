/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* Which addresses of a peer are tried, and when. */
#include "link_fakes.h"

static void addresses_are_tried_at_short_intervals(void **state)
{
    (void)state;
    know(3, "abcdef");
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    pass(DTT_RACE_STAGGER_NS - 1);
    assert_string_equal(script(), "");
    pass(1);
    assert_string_equal(script(), "dial 3@b");
    closed('a', DTT_REASON_REFUSED);
    assert_string_equal(script(), "dial 3@c");
    pass(DTT_RACE_STAGGER_NS);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@d; dial 3@e");
    pass(DTT_S); /* four are under way */
    assert_string_equal(script(), "");
    assert_int_equal(dtt_links_deadline(&l), DTT_NEVER);
    closed('c', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "dial 3@f");
}

static void tell(unsigned peer, const char *letters)
{
    struct dtt_id id = id_of(peer);
    for (; *letters; letters++) {
        struct dtt_addr addr = addr_of(*letters);
        dtt_dials_name(&l, now, &id, &addr, 1);
    }
}

/* The first one is silent: those that are learnt meanwhile do not wait for it to fail. */
static void a_late_address_joins_the_race(void **state)
{
    (void)state;
    know(3, "a");
    send_to(3, "hello");
    pass(DTT_S);
    assert_string_equal(script(), "dial 3@a");
    tell(3, "ab");
    pass(DTT_RACE_STAGGER_NS - 1);
    assert_string_equal(script(), "");
    tell(3, "c"); /* does not put off the one that waits */
    pass(1);
    assert_string_equal(script(), "dial 3@b");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@c");
    up('c');
    assert_string_equal(script(), "close b; close a; open c/1; topic 1; write c/1 hello");
    tell(3, "d"); /* there is no race any more */
    pass(DTT_S);
    assert_string_equal(script(), "");
    closed('c', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "gone 3 timeout");
}

/* Four silent addresses have the places of the race: each late one brings its own, up to eight. */
static void late_addresses_do_not_wait_for_silent_ones(void **state)
{
    (void)state;
    know(3, "abcd");
    send_to(3, "hello");
    for (int i = 0; i < 10; i++) {
        pass(DTT_RACE_STAGGER_NS);
    }
    assert_string_equal(script(), "dial 3@a; dial 3@b; dial 3@c; dial 3@d");
    tell(3, "efghijklmnopqrstuvwxyz");
    for (int i = 0; i < 30; i++) {
        pass(DTT_RACE_STAGGER_NS);
    }
    assert_string_equal(script(), "dial 3@e; dial 3@f; dial 3@g; dial 3@h");
    /* Sixteen take part in all; eight wait at a time, and what found no place is forgotten. */
    for (const char *letter = "abcdefghijkl"; *letter; letter++) {
        closed(*letter, DTT_REASON_TIMEOUT);
    }
    assert_string_equal(script(), "dial 3@i; dial 3@j; dial 3@k; dial 3@l; gone 3 timeout");
}

/* What was sent before the host's network came back may have gone nowhere. */
static void a_race_begins_anew_when_the_host_moved(void **state)
{
    (void)state;
    know(3, "ab");
    know(4, "c");
    send_to(3, "hello");
    send_to(4, "hello");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a; dial 4@c; dial 3@b");
    up('c');
    script();
    dtt_dials_moved(&l, now);
    assert_string_equal(script(), "close b; close a; dial 3@a");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@b");
}

/* Addresses of homes, in the last byte of which the letter is. */
static struct dtt_addr near(char letter)
{
    return dtt_addr_v4(192, 168, 1, (uint8_t)letter, 1000);
}

static void add(unsigned peer, struct dtt_addr addr)
{
    struct dtt_id id = id_of(peer);
    dtt_book_add(&l.book, now, &id, &addr, 1);
}

static void private_addresses_wait_for_the_global_ones(void **state)
{
    (void)state;
    add(3, near('p'));
    add(3, near('q'));
    know(3, "a");
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    pass(DTT_RACE_STAGGER_NS);
    assert_int_equal(dtt_links_deadline(&l), 100 * DTT_S + DTT_RACE_NEAR_NS);
    pass(DTT_RACE_NEAR_NS - DTT_RACE_STAGGER_NS - 1);
    assert_string_equal(script(), "");
    pass(1);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@q; dial 3@p");
}

/* A global one that comes late goes before them. */
static void a_late_global_address_comes_first(void **state)
{
    (void)state;
    know(3, "a");
    add(3, near('p'));
    send_to(3, "hello");
    pass(DTT_RACE_NEAR_NS - 1);
    tell(3, "b");
    pass(1);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a; dial 3@b; dial 3@p");
}

static void a_peer_without_a_global_address_may_be_anywhere(void **state)
{
    (void)state;
    add(3, near('p'));
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@p");
}

static void in_our_own_home_nobody_waits(void **state)
{
    struct dtt_addr own[] = {near('z'), addr_of('a')}; /* the same outside address */
    (void)state;
    add(3, near('p'));
    know(3, "a");
    add(4, near('r'));
    know(4, "b");
    own[1].port = 77;
    dtt_dials_own(&l, now, own, 1); /* not known yet */
    send_to(3, "hello");
    send_to(4, "hello");
    pass(2 * DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a; dial 4@b");
    dtt_dials_own(&l, now, own, 2);
    pass(0);
    assert_string_equal(script(), "dial 3@p"); /* and no other's */
    closed('a', DTT_REASON_TIMEOUT);
    closed('p', DTT_REASON_TIMEOUT);
    script();
    send_to(3, "hello");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a; dial 3@p");
}

static void an_address_without_a_route_ends_at_once(void **state)
{
    struct dtt_addr a = addr_of('a'), b = addr_of('b'), never = addr_of('z');
    struct dtt_dial_failure f;
    (void)state;
    know(3, "ab");
    know(4, "z");
    send_to(3, "hello");
    dtt_dials_no_route(&l, now, &never);
    assert_string_equal(script(), "dial 3@a");
    dtt_dials_no_route(&l, now, &a);
    assert_string_equal(script(), "close a; dial 3@b");
    closed('a', DTT_REASON_CLOSED_BY_US); /* QUIC says so, too */
    assert_string_equal(script(), "");
    dtt_dials_no_route(&l, now, &b);
    assert_string_equal(script(), "close b; gone 3 no_route");
    assert_true(dtt_dials_next_failure(&l, &f));
    assert_int_equal(f.n_tries, 2);
    assert_int_equal(f.tries[1].reason, DTT_REASON_NO_ROUTE);
    assert_string_equal(f.stage, "connect");
}

/* What an open connection lacks is a matter of QUIC. */
static void an_open_connection_outlives_its_route(void **state)
{
    struct dtt_addr a = addr_of('a');
    (void)state;
    know(3, "a");
    send_to(3, "hello");
    up('a');
    script();
    dtt_dials_no_route(&l, now, &a);
    assert_string_equal(script(), "");
}

/* The global ones first, and the one that tells most is the one that is named. */
static void all_outcomes_are_told(void **state)
{
    const uint8_t ip[16] = {0x20, 1, [15] = 's'};
    struct dtt_addr six = dtt_addr_v6(ip, 1000);
    struct dtt_dial_failure f;
    (void)state;
    add(3, near('p'));
    know(3, "a");
    add(3, six); /* there is no socket for it */
    send_to(3, "hello");
    pass(DTT_RACE_NEAR_NS);
    assert_string_equal(script(), "dial 3@a; dial 3@p");
    closed('a', DTT_REASON_TIMEOUT);
    closed('p', DTT_REASON_UNREACHABLE);
    assert_true(dtt_dials_next_failure(&l, &f));
    assert_int_equal(f.n_tries, 3);
    assert_true(dtt_addr_eq(&f.tries[0].addr, &six));
    assert_int_equal(f.tries[0].reason, DTT_REASON_NO_ROUTE);
    assert_int_equal(f.tries[1].addr.ip[3], 'a');
    assert_int_equal(f.tries[1].reason, DTT_REASON_TIMEOUT);
    assert_int_equal(f.tries[2].addr.ip[3], 'p');
    assert_int_equal(f.tries[2].reason, DTT_REASON_UNREACHABLE);
    assert_int_equal(f.addr.ip[3], 'a');
    assert_int_equal(f.reason, DTT_REASON_TIMEOUT);
}

/* Near ones make room in the list. */
static void the_list_of_outcomes_is_bounded(void **state)
{
    struct dtt_dial_failure f;
    (void)state;
    for (const char *c = "qrstuvwx"; *c; c++) {
        add(3, near(*c));
    }
    send_to(3, "hello");
    for (int i = 0; i < 5; i++) {
        pass(DTT_RACE_STAGGER_NS);
    }
    for (char c = 'q' + 7; c > 'q'; c--) {
        closed(c, DTT_REASON_TIMEOUT);
        pass(DTT_RACE_STAGGER_NS);
    }
    tell(3, "abcdefgh");
    for (int i = 0; i < 10; i++) {
        pass(DTT_RACE_STAGGER_NS);
    }
    closed('q', DTT_REASON_TIMEOUT);
    for (const char *c = "abcdefgh"; *c; c++) {
        closed(*c, DTT_REASON_TIMEOUT);
    }
    assert_true(dtt_dials_next_failure(&l, &f));
    assert_int_equal(f.n_tries, DTT_RACE_TRIES);
    for (size_t i = 0; i < f.n_tries; i++) {
        assert_int_equal(dtt_addr_scope(&f.tries[i].addr), DTT_SCOPE_GLOBAL);
    }
}

/* ---- the way by a relay, `r` */

static struct dtt_relays relays;

static int setup_relay(void **state)
{
    static const char *const url = "https://relay.test";
    setup(state);
    dtt_relays_init(&relays, &ctx, &url, 1, hash_key);
    dtt_relays_set_up(&relays, now, 0, true);
    l.relays = &relays;
    l.transport.relayed = dtt_relays_local();
    return 0;
}

static int teardown_relay(void **state)
{
    teardown(state);
    dtt_relays_fini(&relays);
    return 0;
}

static void the_relay_comes_a_little_later(void **state)
{
    (void)state;
    know(3, "ab");
    send_to(3, "hello");
    pass(DTT_RACE_STAGGER_NS);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a; dial 3@b");
    pass(DTT_RACE_RELAYED_NS - 2 * DTT_RACE_STAGGER_NS - 1);
    assert_string_equal(script(), "");
    pass(1);
    assert_string_equal(script(), "dial 3@r");
    send_to(4, "hello"); /* of which no address is known */
    assert_string_equal(script(), "dial 4@r");
}

/* What it sends us comes in where we have dialled it; over the relay nothing would ever change. */
static void a_newcomer_of_rust_may_dial_us(void **state)
{
    struct dtt_reach none = {.is_told = 0};
    (void)state;
    now.wall_ns = 1000 * (int64_t)DTT_S;
    for (unsigned i = 0; i < 8; i++) {
        int kind = (int)i % 4;
        bool is_elder = i >= 4;
        struct dtt_id id = id_of(3 + i);
        l.me = (struct dtt_book_reach){.told = {.is_told = 1, .kind = kind},
                                       .joined_s = is_elder ? 997 : 998};
        know(3 + i, "a");
        behind_nat(3 + i);
        dtt_dials_record(&l, now, &id, &none, 1000);
        send_to(3 + i, "hello");
        pass(DTT_RACE_RELAYED_NS);
        bool waits = is_elder && (kind == DTT_REACH_OPEN || kind == DTT_REACH_CONE);
        assert_true(waits == (strstr(script(), "@r") == NULL));
        pass(DTT_RACE_NEAR_NS - DTT_RACE_RELAYED_NS);
        pass(DTT_RACE_COURTESY_NS - DTT_RACE_NEAR_NS - 1);
        assert_null(strstr(script(), "@r"));
        pass(1);
        assert_true(waits == (strstr(script(), "@r") != NULL));
        pass(100 * DTT_S); /* the budget of the host */
        now.wall_ns = 1000 * (int64_t)DTT_S;
    }
}

/* It has our last flight, perhaps: the end would be that of its newest connection. */
static void a_dial_that_the_peer_has_taken_is_let_be(void **state)
{
    struct dtt_id id = id_of(3);
    (void)state;
    know(3, "abc");
    send_to(3, "hello");
    pass(DTT_RACE_STAGGER_NS);
    pass(DTT_RACE_STAGGER_NS);
    conns['b' - 'a'].is_made = true;
    script();
    up('a');
    assert_string_equal(script(), "close c; open a/1; topic 1; write a/1 hello");
    up('b');
    assert_string_equal(script(), "end a/1"); /* the peer speaks on the newest one, too */
    assert_int_equal(dtt_link_find(&l, &id)->n_conns, 2);
}

#define R(test) cmocka_unit_test_setup_teardown(test, setup_relay, teardown_relay)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(addresses_are_tried_at_short_intervals),
        T(a_late_address_joins_the_race),
        T(late_addresses_do_not_wait_for_silent_ones),
        T(private_addresses_wait_for_the_global_ones),
        T(a_late_global_address_comes_first),
        T(a_peer_without_a_global_address_may_be_anywhere),
        T(in_our_own_home_nobody_waits),
        T(an_address_without_a_route_ends_at_once),
        T(an_open_connection_outlives_its_route),
        T(all_outcomes_are_told),
        T(the_list_of_outcomes_is_bounded),
        T(a_race_begins_anew_when_the_host_moved),
        R(the_relay_comes_a_little_later),
        R(a_newcomer_of_rust_may_dial_us),
        R(a_dial_that_the_peer_has_taken_is_let_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
