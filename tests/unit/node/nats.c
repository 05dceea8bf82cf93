/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* How peers behind NATs are dialled. What neighbours do for it: meet.c; guesses: pair.c. */
#include "node/nats.h"

#include "link_fakes.h"
#include "node/knock.h"

static void record(unsigned peer, int kind, uint64_t joined_s)
{
    struct dtt_id id = id_of(peer);
    struct dtt_reach reach = {.is_told = 1, .kind = kind, .age_s = 0};
    dtt_dials_record(&l, now, &id, &reach, joined_s);
}

static void we_joined(uint64_t joined_s)
{
    l.me = (struct dtt_book_reach){.told = {.is_told = 1, .kind = DTT_REACH_CONE},
                                   .joined_s = joined_s};
}

/* We and peer 3, each behind a NAT that keeps one outside port; that of the peer is at `a`. */
static void both_joined(uint64_t our_s, uint64_t peer_s)
{
    we_joined(our_s);
    behind_nat(3);
    know(3, "a");
    record(3, DTT_REACH_CONE, peer_s);
}

static size_t n_whispers(void)
{
    struct dtt_knock knock;
    size_t n = 0;
    while (dtt_knock_next(&l, &knock)) {
        assert_int_equal(knock.hops, DTT_KNOCK_WHISPER);
        n++;
    }
    return n;
}

static void a_newcomer_lets_the_elder_dial(void **state)
{
    (void)state;
    both_joined(1000, 500);
    send_to(3, "hello");
    assert_int_equal(n_whispers(), 1);
    for (int i = 1; i < 12; i++) {
        pass(DTT_S);
    }
    assert_int_equal(n_whispers(), 5);
    assert_string_equal(script(), "dial 3@p"); /* after a second: it may be our home after all */
    closed('p', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "");
    pass(DTT_S);
    assert_string_equal(script(), "dial 3@a");
    closed('a', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "gone 3 timeout");
    n_whispers();
    pass(DTT_DOOR_KEEP_NS);
    assert_int_equal(n_whispers(), 1); /* the door stays open */
    send_to(3, "again");               /* patience: the elder's router has to forget the dial */
    assert_string_equal(script(), "");
    for (unsigned i = 0; i < DTT_DOOR_PATIENT_NS / DTT_DOOR_KEEP_NS; i++) {
        pass(DTT_DOOR_KEEP_NS);
    }
    assert_string_equal(script(), "dial 3@p; dial 3@a");
    accept_from(3, 'e');
    n_whispers();
    pass(DTT_DOOR_KEEP_NS);
    assert_int_equal(n_whispers(), 0);
}

static void an_elder_is_quiet_after_the_second_dial(void **state)
{
    (void)state;
    both_joined(500, 1000);
    for (int i = 0; i < 2; i++) {
        send_to(3, "hello");
        assert_string_equal(script(), "dial 3@a");
        pass(DTT_S);
        closed('a', DTT_REASON_TIMEOUT);
        closed('p', DTT_REASON_TIMEOUT);
        assert_string_equal(script(), "dial 3@p; gone 3 timeout");
    }
    n_whispers();
    send_to(3, "hello");
    pass(DTT_S);
    assert_string_equal(script(), "dial 3@p");
    pass(DTT_DOOR_QUIET_NS - DTT_S - 1);
    assert_int_equal(n_whispers(), 0);
    assert_string_equal(script(), "");
    pass(1);
    assert_int_equal(n_whispers(), 1);
    assert_string_equal(script(), "dial 3@a");
}

/* Its first record was written before it had a mapping, and many nodes keep a first value. */
static void who_turns_out_open_is_dialled_at_once(void **state)
{
    (void)state;
    both_joined(1000, 995);
    send_to(3, "hello");
    pass(DTT_S / 2);
    assert_string_equal(script(), "");
    record(3, DTT_REACH_OPEN, 996);
    pass(0);
    assert_string_equal(script(), "dial 3@a");
}

/* So is everybody when it is we who are. */
static void who_is_open_itself_waits_no_more(void **state)
{
    (void)state;
    both_joined(1000, 995);
    send_to(3, "hello");
    pass(DTT_S / 2);
    l.me.told.kind = DTT_REACH_OPEN;
    dtt_dials_reach(&l, now);
    pass(0);
    assert_string_equal(script(), "dial 3@a");
}

/* Nothing has left the house, or another reason is known. */
static void who_was_not_silent_changes_nothing(void **state)
{
    (void)state;
    both_joined(500, 1000);
    for (int i = 0; i < 3; i++) {
        send_to(3, "hello");
        assert_string_equal(script(), "dial 3@a");
        pass(DTT_S);
        closed('p', DTT_REASON_TIMEOUT);
        closed('a', DTT_REASON_REFUSED);
        assert_string_equal(script(), "dial 3@p; gone 3 refused");
    }
}

static void newcomer_dials_in_vain(void)
{
    both_joined(1000, 995);
    send_to(3, "hello");
    pass(DTT_S);
    closed('p', DTT_REASON_TIMEOUT);
    pass(DTT_DOOR_BRIEF_NS);
    closed('a', DTT_REASON_TIMEOUT);
    assert_string_equal(script(), "dial 3@p; dial 3@a; gone 3 timeout");
}

/* The host was cut off, perhaps; the peer's router knows nothing of where it is now. */
static void another_network_ends_all_patience(void **state)
{
    (void)state;
    newcomer_dials_in_vain();
    send_to(3, "again");
    assert_string_equal(script(), "");
    dtt_dials_moved(&l, now);
    assert_string_equal(script(), "dial 3@a");
}

/* Its router, too, has to know before the peer dials. */
static void another_network_opens_doors_anew(void **state)
{
    (void)state;
    newcomer_dials_in_vain();
    n_whispers();
    dtt_dials_moved(&l, now);
    assert_int_equal(n_whispers(), 1);
}

static void an_elder_dials_at_once(void **state)
{
    (void)state;
    both_joined(500, 1000);
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    assert_int_equal(n_whispers(), 1);
}

/* A dial that arrives spoils nothing where no port is translated. */
static void what_has_no_nat_is_dialled_at_once(void **state)
{
    const uint8_t ip[16] = {0x20, 1, [3] = 's'};
    struct dtt_addr six = dtt_addr_v6(ip, 1000);
    struct dtt_id id = id_of(4);
    (void)state;
    we_joined(1000);
    know(3, "a");
    record(3, DTT_REACH_CONE, 500);
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@a");
    l.transport.bound[1] = (struct dtt_addr){.family = DTT_FAMILY_V6, .port = 1};
    behind_nat(4);
    know(4, "b");
    dtt_book_add(&l.book, now, &id, &six, 1);
    record(4, DTT_REACH_CONE, 500);
    send_to(4, "hello");
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 4@s");
}

static void who_tells_nothing_is_dialled_at_once(void **state)
{
    (void)state;
    we_joined(1000);
    behind_nat(3);
    know(3, "a");
    send_to(3, "hello"); /* a Rust node, or an older one */
    behind_nat(4);
    know(4, "b");
    record(4, DTT_REACH_OPEN, 500);
    send_to(4, "hello");
    assert_string_equal(script(), "dial 3@a; dial 4@b");
    assert_int_equal(n_whispers(), 0);
}

/* A router that lets in whom we have sent to, whatever the port, must know the address. */
static void one_of_changing_ports_finds_its_address_known(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_reach reach = {
        .is_told = 1, .kind = DTT_REACH_VARY, .last = dtt_addr_v4(198, 51, 100, 'v', 4000)};
    struct dtt_knock knock;
    (void)state;
    we_joined(500);
    behind_nat(3);
    dtt_dials_record(&l, now, &id, &reach, 1000);
    send_to(3, "hello");
    assert_true(dtt_knock_next(&l, &knock));
    assert_true(dtt_addr_eq(&knock.addr, &reach.last));
    assert_false(dtt_knock_next(&l, &knock));
}

/* The record that names the outside address may come while the private one is being dialled. */
static void an_address_that_comes_late_is_whispered_at(void **state)
{
    struct dtt_id id = id_of(3);
    struct dtt_addr addr = addr_of('a');
    (void)state;
    we_joined(1000);
    behind_nat(3);
    send_to(3, "hello");
    assert_string_equal(script(), "dial 3@p");
    record(3, DTT_REACH_CONE, 995);
    dtt_dials_name(&l, now, &id, &addr, 1);
    assert_int_equal(n_whispers(), 1);
    pass(DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "");
    pass(DTT_DOOR_BRIEF_NS - DTT_RACE_STAGGER_NS);
    assert_string_equal(script(), "dial 3@a");
}

static void hearsay_opens_no_door(void **state)
{
    struct dtt_id id = id_of(3), via = id_of(9);
    struct dtt_outflow_message m = {.topic = &red, .payload = dtt_slice("hello", 5)};
    (void)state;
    both_joined(1000, 500);
    dtt_links_send(&l, now, &id, &m, &via);
    assert_string_equal(script(), "dial 3@a");
    assert_int_equal(n_whispers(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_newcomer_lets_the_elder_dial),
        T(an_elder_dials_at_once),
        T(an_elder_is_quiet_after_the_second_dial),
        T(who_turns_out_open_is_dialled_at_once),
        T(who_is_open_itself_waits_no_more),
        T(who_was_not_silent_changes_nothing),
        T(another_network_ends_all_patience),
        T(another_network_opens_doors_anew),
        T(what_has_no_nat_is_dialled_at_once),
        T(who_tells_nothing_is_dialled_at_once),
        T(one_of_changing_ports_finds_its_address_known),
        T(an_address_that_comes_late_is_whispered_at),
        T(hearsay_opens_no_door),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
